package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"chronos.dev/bench/meter"
	"chronos.dev/bench/ticks"
	"chronos.dev/broker"

	"github.com/spf13/cobra"
)

// benchPrefix begins the topics of a bench, so that they are nobody's.
const benchPrefix = "chronos-bench."

// feedBench are the flags of bench feed.
type feedBench struct {
	configFlags
	ticks.Options
	updates, slo string
}

func newBenchFeed(g *globals) *cobra.Command {
	var f feedBench
	c := &cobra.Command{
		Use:   "feed",
		Short: "Send changes of books through Kafka and say how soon they can be priced",
		Long: "Feed publishes simulated changes of books through Kafka into an engine while it asks that for\n" +
			"prices. An update is one changed level; a message carries one to six. The lag counts from when a\n" +
			"message is due at the publisher to when its change can be priced. Objectives are of the lag; an\n" +
			"error is a price refused. Without --kafka a Kafka is embedded, in memory. With one, the topics\n" +
			"are " + benchPrefix + "* unless kafka.prefix says otherwise, and they stay.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			rep, kept, err := f.run(c.Context(), c.ErrOrStderr(), g.quiet)
			if err != nil {
				return err
			}
			return errors.Join(writeReport(c, g, rep), missed(kept))
		},
	}
	f.flags(c)
	return c
}

func (f *feedBench) flags(c *cobra.Command) {
	f.configFlags.flags(c)
	fl := c.Flags()
	fl.StringVar(&f.updates, "updates", "20000/s", "changed levels a second, all books together")
	fl.DurationVar(&f.Duration, "duration", 10*time.Second, "how long updates are sent")
	fl.Float64Var(&f.Quotes, "quotes", 200, "prices asked for a second; 0: none")
	fl.Uint64Var(&f.Seed, "seed", 1, "seed of market and orders")
	fl.StringVar(&f.slo, "slo", "", "objectives of the lag, such as p99=50ms,errors=0")
}

// parseUpdates reads "200000/s".
func parseUpdates(text string) (float64, error) {
	n, err := strconv.ParseFloat(strings.TrimSuffix(text, "/s"), 64)
	if err != nil || !(n >= 1 && n <= 1e8) {
		return 0, fmt.Errorf("--updates %q: want a rate such as 200000/s", text)
	}
	return n, nil
}

func (f *feedBench) check() (slo []meter.Objective, err error) {
	slo, err = meter.ParseObjectives(f.slo)
	var bad error
	if f.Options.Updates, bad = parseUpdates(f.updates); bad != nil {
		return nil, bad
	}
	if n := f.Options.Updates * f.Duration.Seconds(); n < 1 || n > ticks.MaxUpdates || f.Duration > 24*time.Hour {
		return nil, fmt.Errorf("--duration %v: want 1 to %d updates, in a day at most", f.Duration, ticks.MaxUpdates)
	}
	if !(f.Quotes >= 0 && f.Quotes <= 1e6) {
		return nil, fmt.Errorf("--quotes %v: want 0 to 1000000", f.Quotes)
	}
	return slo, err
}

func (f *feedBench) run(ctx context.Context, talk io.Writer, quiet bool) (*ticks.Report, bool, error) {
	slo, err := f.check()
	if err != nil {
		return nil, false, exit(exitUsage, err)
	}
	cfg, err := f.load()
	if err != nil {
		return nil, false, err
	}
	addrs, where := cfg.Kafka.Brokers, strings.Join(cfg.Kafka.Brokers, ",")
	if len(addrs) == 0 {
		e, err := broker.StartEmbedded(0, "")
		if err != nil {
			return nil, false, exit(exitStart, err)
		}
		defer e.Close()
		addrs, where = e.Addrs(), "embedded, in memory"
	}
	if cfg.Kafka.Prefix == broker.DefaultPrefix {
		cfg.Kafka.Prefix = benchPrefix
	}
	f.Binary = cfg.Feed.Records == "binary"
	if f.Cluster, err = newCluster(cfg, addrs, "bench"); err != nil {
		return nil, false, exit(exitUsage, err)
	}
	defer f.Cluster.Close()
	if err := ensureTopics(ctx, f.Cluster); err != nil {
		return nil, false, err
	}
	if !quiet && isTerminal(talk) {
		b := newBar(talk, int(f.Options.Updates*f.Duration.Seconds()))
		f.Progress = b.set
		defer b.done()
	}
	r, err := ticks.Run(ctx, f.Options)
	if err != nil {
		return nil, false, exit(exitFailed, err)
	}
	rep, kept := ticks.NewReport(&f.Options, r, where+", records in "+cfg.Feed.Records, slo)
	return rep, kept, nil
}
