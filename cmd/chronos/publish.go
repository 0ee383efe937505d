package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"chronos.dev/broker"
	"chronos.dev/config"
	"chronos.dev/feed"
	"chronos.dev/market"
	"chronos.dev/sim"

	"github.com/segmentio/kafka-go"
	"github.com/spf13/cobra"
)

func newFeedPublish(g *globals) *cobra.Command {
	var f kafkaFlags
	var hold time.Duration
	c := &cobra.Command{
		Use:   "publish FILE --kafka HOST:PORT",
		Short: "Publish book records from a file, one JSON object a line; - is standard input",
		Long: "Publish checks every record as a reader would before it sends any. A book that is published by hand\n" +
			"becomes stale like any other; --hold confirms it unchanged for a while.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			records, err := readRecords(args[0])
			if err != nil {
				return exit(exitUsage, err)
			}
			_, cluster, err := f.open(c.Context(), "publish")
			if err != nil {
				return err
			}
			defer cluster.Close()
			if err := send(c.Context(), cluster, records); err != nil {
				return exit(exitFailed, err)
			}
			if !g.quiet {
				fmt.Fprintf(c.ErrOrStderr(), "%d records published\n", len(records))
			}
			return ended(c.Context(), confirm(c.Context(), cluster, records, hold))
		},
	}
	f.flags(c)
	c.Flags().DurationVar(&hold, "hold", 0, "confirm the books unchanged for this long")
	return c
}

// sendable is a record of a file.
type sendable struct {
	rec   feed.Record
	value []byte
}

// readRecords reads and checks a file. A line may begin with its key, as other
// Kafka tools print it.
func readRecords(file string) ([]sendable, error) {
	var r io.Reader = os.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	var all []sendable
	d := &feed.Decoder{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, feed.MaxRecord+1024)
	n := 1
	for ; lines.Scan(); n++ {
		b := bytes.TrimSpace(lines.Bytes())
		if len(b) == 0 {
			continue
		}
		if i := bytes.IndexByte(b, '{'); i > 0 {
			b = b[i:]
		}
		s := sendable{value: bytes.Clone(b)}
		now := time.Now().UnixNano()
		if err := d.Decode(&s.rec, s.value, 0, now); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
		switch {
		case !s.rec.Timed: // a reader could not tell when it was written
			s.value = feed.Stamp(s.value, now)
		case s.rec.Event.RecvTime == 0:
			return nil, fmt.Errorf("%s:%d: ts_ingest is in the future", file, n)
		}
		s.rec.Event.Levels = nil // belongs to the decoder
		all = append(all, s)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, n, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s holds no record", file)
	}
	return all, nil
}

// send writes records in order, snapshots on both topics.
func send(ctx context.Context, c *broker.Cluster, records []sendable) error {
	books := c.NewWriter(broker.Latency, c.Name(broker.BookTopic))
	defer books.Close()
	snapshots := c.NewWriter(broker.Latency, c.Name(broker.BookSnapshotTopic))
	defer snapshots.Close()
	for _, r := range records {
		m := kafka.Message{Key: []byte(r.rec.Key.String()), Value: r.value}
		if err := books.Write(ctx, m); err != nil {
			return err
		}
		if r.rec.Event.Kind != market.Snapshot {
			continue
		}
		if err := snapshots.Write(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// holdEvery is well within the stale bound.
const holdEvery = 500 * time.Millisecond

// confirm repeats the last number of every book in a delta without levels.
func confirm(ctx context.Context, c *broker.Cluster, records []sendable, hold time.Duration) error {
	if hold <= 0 {
		return nil
	}
	last := map[market.Key]feed.Record{}
	for _, r := range records {
		last[r.rec.Key] = r.rec
	}
	w := c.NewWriter(broker.Latency, c.Name(broker.BookTopic))
	defer w.Close()
	ctx, cancel := context.WithTimeout(ctx, hold)
	defer cancel()
	for sleepUntil(ctx, time.Now().Add(holdEvery)) {
		for key, r := range last {
			e := &r.Event
			e.Kind, e.PrevSeq, e.RecvTime = market.Delta, e.Seq, time.Now().UnixNano()
			e.HasChecksum, e.Unsequenced = false, false
			r.HasAt = false
			err := w.Write(ctx, kafka.Message{Key: []byte(key.String()), Value: r.Append(nil)})
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
		}
	}
	return nil
}

// printSim prints the first records of the simulated market, as a publisher
// whose first epoch is 1 would write them.
func printSim(w io.Writer, cfg *config.Config, n int) error {
	m := sim.New(sim.Options{Seed: cfg.Sim.Seed, Rate: cfg.Sim.Rate, Troubles: cfg.Sim.Troubles})
	out := bufio.NewWriter(w)
	for range n {
		_, key, ev := m.Next()
		r := feed.Record{Key: key, Event: *ev, VerifiedDepth: -1}
		r.Event.Epoch = 1
		if _, err := fmt.Fprintf(out, "%s\n", r.Append(nil)); err != nil {
			return exit(exitFailed, err)
		}
	}
	return out.Flush()
}
