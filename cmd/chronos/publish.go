package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"chronos.dev/broker"
	"chronos.dev/config"
	"chronos.dev/dump"
	"chronos.dev/feed"
	"chronos.dev/internal/jscan"
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
		Short: "Publish records from a file, one JSON object a line; - is standard input",
		Long: "Publish checks every record as a reader would before it sends any: books, offers of treasury\n" +
			"providers, which name a provider, and reference prices, which name a source. A book that is\n" +
			"published by hand becomes stale like any other; --hold confirms it unchanged for a while.\n\n" +
			"A line {\"delete\":KEY,\"of\":KIND} sends a record without a value, which removes what was retained\n" +
			"of a key: of liquidity \"vault-a|BTC\", of reference \"ecb|EUR-USD\", of book \"lab|BTC-USD\".",
		Args: one("a file of records, or - for standard input"),
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
				fmt.Fprintln(c.ErrOrStderr(), published(len(records)))
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
	topics []string
	key    []byte
	value  []byte
	book   *feed.Record // nil: of a treasury provider, or a reference price
}

// records reads the records of a file, each as its kind wants to be read.
type records struct {
	book      feed.Decoder
	offer     feed.LiquidityDecoder
	reference feed.ReferenceDecoder
	scan      jscan.Scanner
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
	var d records
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
		s, err := d.read(bytes.Clone(b), time.Now().UnixNano())
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
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

// read reads a record, which is sent at now.
func (d *records) read(value []byte, now int64) (sendable, error) {
	d.scan.Reset(value)
	has := map[string]bool{}
	_ = d.scan.Object(func(key []byte) error { // what is wrong, its decoder says
		has[string(key)] = true
		return d.scan.Skip()
	})
	switch {
	case has["delete"]:
		return readDelete(value)
	case has["venue"]:
		return d.readBook(value, now)
	case has["provider"]:
		return d.readOffer(value, now)
	case has["source"]:
		return d.readReference(value, now)
	}
	return d.readBook(value, now)
}

func (d *records) readBook(value []byte, now int64) (sendable, error) {
	r := new(feed.Record)
	if err := d.book.Decode(r, value, 0, now); err != nil {
		return sendable{}, err
	}
	switch {
	case !r.Timed: // a reader could not tell when it was written
		value = feed.Stamp(value, now)
	case r.Event.RecvTime == 0:
		return sendable{}, errors.New("ts_ingest is in the future")
	}
	r.Event.Levels = nil
	s := sendable{topics: []string{broker.BookTopic}, key: []byte(r.Key.String()), value: value, book: r}
	if r.Event.Kind == market.Snapshot {
		s.topics = append(s.topics, broker.BookSnapshotTopic)
	}
	return s, nil
}

func (d *records) readOffer(value []byte, now int64) (sendable, error) {
	var l feed.Liquidity
	if err := d.offer.Decode(&l, value, 0, now); err != nil {
		return sendable{}, err
	}
	o := l.Offer
	if err := o.Check(dump.Describe(o.Key.Pair.Base), dump.Describe(o.Key.Pair.Quote)); err != nil {
		return sendable{}, err
	}
	if !l.Timed {
		value = feed.StampOffer(value, now)
	}
	s := sendable{topics: []string{broker.LiquidityTopic}, key: feed.OfferKey(o.Key), value: value}
	return s, sendableNow(l.Timed, o.RecvTime, o.ValidUntil, now)
}

func (d *records) readReference(value []byte, now int64) (sendable, error) {
	var r feed.Reference
	if err := d.reference.Decode(&r, value, 0, now); err != nil {
		return sendable{}, err
	}
	if !r.Timed {
		value = feed.StampOffer(value, now)
	}
	key := market.Key{Venue: r.Price.Source, Pair: r.Price.Pair}.String()
	s := sendable{topics: []string{broker.ReferenceTopic}, key: []byte(key), value: value}
	return s, sendableNow(r.Timed, r.Price.RecvTime, r.Price.ValidUntil, now)
}

// sendableNow refuses what no reader would use.
func sendableNow(timed bool, recv, until, now int64) error {
	switch {
	case timed && recv == 0:
		return errors.New("ts is in the future")
	case until <= now:
		return errors.New("valid_until is over")
	}
	return nil
}

// send writes records in order, each to all its topics.
func send(ctx context.Context, c *broker.Cluster, records []sendable) error {
	writers := map[string]*broker.Writer{}
	for _, r := range records {
		for _, topic := range r.topics {
			w := writers[topic]
			if w == nil {
				w = c.NewWriter(broker.Latency, c.Name(topic))
				defer w.Close()
				writers[topic] = w
			}
			if err := w.Write(ctx, kafka.Message{Key: r.key, Value: r.value}); err != nil {
				return err
			}
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
		if r.book != nil {
			last[r.book.Key] = *r.book
		}
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

// published says how many records were.
func published(n int) string {
	if n == 1 {
		return "1 record published"
	}
	return strconv.Itoa(n) + " records published"
}
