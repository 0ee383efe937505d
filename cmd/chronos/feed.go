package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"chronos.dev/broker"
	"chronos.dev/config"
	"chronos.dev/feed"

	"github.com/spf13/cobra"
)

func newFeed(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "feed", Short: "Books on Kafka: replay, verify, tail, publish"}
	c.AddCommand(newFeedReplay(g), newFeedVerify(g), newFeedTail(g), newFeedPublish(g))
	return c
}

// kafkaFlags are the configuration of a command that only needs Kafka.
type kafkaFlags struct{ configFlags }

// open connects to the Kafka of the configuration and makes sure of its topics.
func (f *kafkaFlags) open(ctx context.Context, role string) (*config.Config, *broker.Cluster, error) {
	cfg, err := f.load()
	if err != nil {
		return nil, nil, err
	}
	if len(cfg.Kafka.Brokers) == 0 {
		return nil, nil, exit(exitUsage, errors.New("which Kafka? give --kafka HOST:PORT; serve --dev prints its own"))
	}
	cluster, err := newCluster(cfg, cfg.Kafka.Brokers, role)
	if err != nil {
		return nil, nil, exit(exitUsage, err)
	}
	if err := ensureTopics(ctx, cluster); err != nil {
		cluster.Close()
		return nil, nil, err
	}
	return cfg, cluster, nil
}

// brokerWait is the longest that a command waits for Kafka to answer.
const brokerWait = 10 * time.Second

// ensureTopics makes sure of the topics, or says which Kafka does not answer.
func ensureTopics(ctx context.Context, c *broker.Cluster) error {
	ctx, cancel := context.WithTimeout(ctx, brokerWait)
	defer cancel()
	if err := c.EnsureTopics(ctx); err != nil {
		return exit(exitStart, fmt.Errorf("no Kafka at %s: %w; choose another with --kafka HOST:PORT or %s",
			strings.Join(c.Addrs(), ","), err, (config.Key{Name: "kafka.brokers"}).Env()))
	}
	return nil
}

func newFeedReplay(g *globals) *cobra.Command {
	var f kafkaFlags
	var r replayFlags
	c := &cobra.Command{
		Use:   "replay --captures DIR --kafka HOST:PORT",
		Short: "Publish recorded captures, time-aligned",
		Long: "Replay shifts every capture so that its first message is at time zero and publishes all of them\n" +
			"side by side: real bytes, depth and rhythm, but not a joint market.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if r.captures == "" {
				return exit(exitUsage, errors.New("which captures? give --captures DIR"))
			}
			if !g.quiet {
				r.progress = c.ErrOrStderr()
			}
			src, err := newReplay(&r)
			if err != nil {
				return err
			}
			cfg, cluster, err := f.open(c.Context(), "replay")
			if err != nil {
				return err
			}
			defer cluster.Close()
			if !g.quiet {
				fmt.Fprintf(c.ErrOrStderr(), "%s: %d markets\n", src.title, len(src.keys))
			}
			err = src.run(c.Context(), cluster, cfg, newLog(cfg, c.ErrOrStderr(), new(slog.LevelVar)))
			return ended(c.Context(), err)
		},
	}
	f.flags(c)
	r.flags(c)
	return c
}

// ended turns the end of a command by signal into success.
func ended(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return nil
	}
	return exit(exitFailed, err)
}

func newSim(g *globals) *cobra.Command {
	var f kafkaFlags
	var printN int
	c := &cobra.Command{
		Use:   "sim (--kafka HOST:PORT | --print N)",
		Short: "Publish the simulated market, or print its first records",
		Long: "Sim publishes a market invented from sim.seed, as serve --dev does, to a Kafka of its own. The same\n" +
			"seed gives the same records. With --print it needs no Kafka.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if printN > 0 {
				cfg, err := f.load()
				if err != nil {
					return err
				}
				return printSim(c.OutOrStdout(), cfg, printN)
			}
			cfg, cluster, err := f.open(c.Context(), "sim")
			if err != nil {
				return err
			}
			defer cluster.Close()
			src := newSimulation(cfg)
			if !g.quiet {
				fmt.Fprintf(c.ErrOrStderr(), "simulated market, seed %d: %d markets\n", cfg.Sim.Seed, len(src.keys))
			}
			err = src.run(c.Context(), cluster, cfg, newLog(cfg, c.ErrOrStderr(), new(slog.LevelVar)))
			return ended(c.Context(), err)
		},
	}
	f.flags(c)
	c.Flags().IntVar(&printN, "print", 0, "print this many records and end")
	return c
}

// tail prints records as they come.
type tail struct {
	out   chan<- line
	topic string
	p     int
	ctx   context.Context
}

type line struct {
	topic     string
	partition int
	offset    int64
	value     []byte
}

func (t *tail) Record(r *feed.RawRecord) bool {
	value, err := feed.Text(r.Value)
	if err != nil {
		value = []byte("(" + err.Error() + ")")
	}
	t.print(r.Offset, value)
	return true
}

func (t *tail) print(offset int64, value []byte) {
	select {
	case t.out <- line{t.topic, t.p, offset, append([]byte(nil), value...)}:
	case <-t.ctx.Done():
	}
}

func (t *tail) Skipped(offset int64, _ []byte, code string, _ int64) {
	t.print(offset, []byte("("+code+")"))
}
func (t *tail) Reset(string, int64) {}
func (t *tail) Flush(int64)         {}

func newFeedTail(g *globals) *cobra.Command {
	var f kafkaFlags
	var topic string
	var most int
	var begin bool
	c := &cobra.Command{
		Use:   "tail --kafka HOST:PORT",
		Short: "Print the records of a topic as they come",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := knownTopic(topic); err != nil {
				return err
			}
			_, cluster, err := f.open(c.Context(), "tail")
			if err != nil {
				return err
			}
			defer cluster.Close()
			ctx, stop := context.WithCancel(c.Context())
			defer stop()
			lines := make(chan line, 64)
			r := feed.NewReader(cluster, feed.ReaderOptions{
				Topic: cluster.Name(topic), AtEnd: !begin,
				Handler: func(p int) feed.Handler { return &tail{lines, topic, p, ctx} },
				Log:     slog.New(slog.NewTextHandler(c.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn})),
			})
			done := make(chan struct{})
			go func() { defer close(done); r.Run(ctx) }()
			defer func() { stop(); <-done }()
			return printLines(ctx, c.OutOrStdout(), g, lines, most)
		},
	}
	f.flags(c)
	fl := c.Flags()
	fl.StringVar(&topic, "topic", broker.BookTopic, "topic without prefix")
	fl.IntVar(&most, "max", 0, "end after this many records; 0 goes on")
	fl.BoolVar(&begin, "from-beginning", false, "begin with the oldest record that is kept")
	return c
}

// knownTopic refuses a topic that nobody would ever write to.
func knownTopic(name string) error {
	var names []string
	for _, t := range broker.Topics() {
		if t.Name == name {
			return nil
		}
		names = append(names, t.Name)
	}
	return exit(exitUsage, fmt.Errorf("--topic %q: want one of %s", name, strings.Join(names, ", ")))
}

func printLines(ctx context.Context, w io.Writer, g *globals, lines <-chan line, most int) error {
	for n := 0; most == 0 || n < most; n++ {
		select {
		case <-ctx.Done():
			return nil
		case l := <-lines:
			var err error
			if g.output == "json" {
				_, err = fmt.Fprintf(w, "%s\n", l.value)
			} else {
				_, err = fmt.Fprintf(w, "%s/%d@%d %s\n", l.topic, l.partition, l.offset, l.value)
			}
			if err != nil {
				return exit(exitFailed, err)
			}
		}
	}
	return nil
}
