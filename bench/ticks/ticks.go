// Package ticks sends simulated changes of books through Kafka into an engine and
// says how soon they can be priced, while prices are asked for.
//
// Publisher, consumer, engine and whoever asks share one process, as the embedded
// broker does where there is one, so what is counted of processor and memory is of
// all of them.
package ticks

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"chronos.dev/bench/meter"
	"chronos.dev/broker"
	"chronos.dev/engine"
	"chronos.dev/feed"
	"chronos.dev/market"
	"chronos.dev/sim"
)

// MaxUpdates bounds a run.
const MaxUpdates = 1_000_000_000

// patience is how long books are waited for, before and after a run.
const patience = 30 * time.Second

// Options say what to send. An update is a changed level of a book; a message
// carries one to six.
type Options struct {
	Cluster  *broker.Cluster // with topics that nobody else writes to
	Updates  float64         // a second
	Duration time.Duration
	Quotes   float64 // prices asked for a second, 0: none
	Seed     uint64
	Binary   bool                // records in their binary form, else JSON
	Progress func(updates int64) // told some times a second; nil: nobody is
}

// Result is what came of a run. Lag is from the time at which a message was due at
// the publisher to the moment at which its change can be priced. Where the broker
// takes less than was asked for, publishing goes on until all is sent, up to four
// times Options.Duration, and messages are late from the start.
type Result struct {
	Messages, Updates int64         // published
	Applied           int64         // updates of those that can be priced
	Took              time.Duration // from the first to the last update applied
	CatchUp           time.Duration // from the last update published to the last applied
	Lag               *meter.Times  // of messages
	Quote             *meter.Times  // of one price
	QuoteLate         *meter.Times  // by which whoever asks overslept
	Refused           map[string]int64
	GC                uint32 // cycles
	Pause             time.Duration
	Mallocs, Bytes    uint64
	CPU               time.Duration // of the process; 0 where it cannot be told
	Books             string        // digest of all levels at the end: the same for equal seeds and counts
	Complete          bool          // every book at the end is the publisher's last
}

// run is a run under way.
type run struct {
	opt      Options
	market   *sim.Market
	engine   *engine.Engine
	consumer *feed.Consumer
	pub      *feed.Publisher
	seqs     map[market.Key]uint64 // last published

	begin   atomic.Int64 // of what is measured, Unix nanoseconds; 0: not yet
	applied atomic.Int64
	last    atomic.Int64 // when something was last applied

	mu    sync.Mutex
	sinks []*sink

	result Result
}

// Run publishes, applies, asks and sums up.
func Run(ctx context.Context, o Options) (*Result, error) {
	total := o.Updates * o.Duration.Seconds()
	if !(total >= 1 && total <= MaxUpdates) || o.Quotes < 0 || o.Quotes > 1e6 {
		return nil, fmt.Errorf("ticks: %v updates, want 1 to %d; %v quotes a second, want 0 to 1000000",
			total, MaxUpdates, o.Quotes)
	}
	r := &run{opt: o, seqs: map[market.Key]uint64{}}
	if err := r.open(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { r.consumer.Run(ctx) })
	group.Go(func() { r.pub.Run(ctx) })
	err := r.measure(ctx, int64(total))
	stop()
	group.Wait()
	if err != nil {
		return nil, err
	}
	for _, s := range r.sinks {
		r.result.Lag.Merge(s.lag)
	}
	return &r.result, nil
}

func (r *run) open() (err error) {
	r.market = sim.New(sim.Options{Seed: r.opt.Seed, Rate: sim.MaxRate})
	rules := func(market.Key) market.BookRules { return r.market.Rules() }
	r.engine, err = engine.New(engine.Options{Assets: r.market.Assets(), Fees: r.market.Fees(), Rules: rules})
	if err != nil {
		return err
	}
	r.consumer = feed.NewConsumer(r.opt.Cluster, feed.ConsumerOptions{Sink: r.sink})
	r.pub = feed.NewPublisher(r.opt.Cluster, feed.PublisherOptions{
		Rules: rules, Origin: market.Simulated, Binary: r.opt.Binary,
	})
	r.result = Result{
		Lag: meter.NewTimes(), Quote: meter.NewTimes(), QuoteLate: meter.NewTimes(), Refused: map[string]int64{},
	}
	return nil
}

// measure opens the books, waits until all can be priced, and measures from then.
func (r *run) measure(ctx context.Context, total int64) error {
	late, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for len(r.seqs) < len(r.market.Keys()) {
		if _, err := r.publish(late, time.Now()); err != nil {
			return fmt.Errorf("ticks: opening the books: %w", err)
		}
	}
	if err := r.await(late); err != nil {
		return fmt.Errorf("ticks: the books did not come through Kafka: %w", err)
	}
	before, cpu := memory(), processor()
	begin := time.Now()
	r.begin.Store(begin.UnixNano())
	asking, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	if r.opt.Quotes > 0 {
		group.Go(func() { r.ask(asking) })
	}
	err := r.send(ctx, begin, total)
	sent := time.Now()
	if err == nil {
		err = r.settle(ctx)
	}
	stop()
	group.Wait()
	after := memory()
	s := &r.result
	s.CPU, s.Applied, s.Complete = processor()-cpu, r.applied.Load(), r.complete()
	s.GC, s.Pause = after.NumGC-before.NumGC, time.Duration(after.PauseTotalNs-before.PauseTotalNs)
	s.Mallocs, s.Bytes = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	last := time.Unix(0, r.last.Load())
	s.Took, s.CatchUp = last.Sub(begin), max(last.Sub(sent), 0)
	s.Books = r.digest()
	return err
}

// publish publishes the next event of the market as if it were of a time, and
// returns how many updates it holds.
func (r *run) publish(ctx context.Context, at time.Time) (updates int, err error) {
	_, key, ev := r.market.Next()
	ev.RecvTime, ev.VenueTime = at.UnixNano(), at.UnixNano()
	if err := r.pub.Publish(ctx, key.Venue, key.Pair, ev); err != nil {
		return 0, err
	}
	r.seqs[key] = ev.Seq
	return len(ev.Levels), nil
}

// send keeps the schedule of updates.
func (r *run) send(ctx context.Context, begin time.Time, total int64) error {
	pace := meter.NewPacer(begin, r.opt.Updates)
	end, told := begin.Add(4*r.opt.Duration), begin
	for s := &r.result; s.Updates < total; {
		now := time.Now()
		if now.After(end) {
			return nil
		}
		if r.opt.Progress != nil && now.Sub(told) > 200*time.Millisecond {
			told = now
			r.opt.Progress(s.Updates)
		}
		due := min(pace.Due(now), total)
		if s.Updates >= due {
			time.Sleep(200 * time.Microsecond)
		}
		for s.Updates < due {
			n, err := r.publish(ctx, pace.At(s.Updates))
			if err != nil {
				return err
			}
			s.Updates += int64(n)
			s.Messages++
		}
	}
	return nil
}

// settle waits until all that was published can be priced, or patience ends.
func (r *run) settle(ctx context.Context) error {
	late, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := r.await(late)
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil // the result says that it is not complete
	}
	return err
}

// await waits until every book is the publisher's last.
func (r *run) await(ctx context.Context) error {
	for !r.complete() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

// complete reports whether every book is the publisher's last.
func (r *run) complete() bool {
	n := 0
	for _, m := range r.engine.Markets(time.Now().UnixNano()) {
		if seq, ok := r.seqs[m.Key]; ok && m.View.Seq == seq {
			n++
		}
	}
	return n == len(r.seqs)
}

// digest is one of all levels of all books, in the order of the market.
func (r *run) digest() string {
	views := map[market.Key]engine.MarketStatus{}
	for _, m := range r.engine.Markets(time.Now().UnixNano()) {
		views[m.Key] = m
	}
	sum := sha256.New()
	for _, key := range r.market.Keys() {
		v := views[key].View
		if v == nil {
			continue
		}
		b := append([]byte(key.String()), v.PriceScale, v.SizeScale)
		for _, l := range v.Bids {
			b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, uint64(l.Price)), uint64(l.Size))
		}
		b = append(b, '|')
		for _, l := range v.Asks {
			b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, uint64(l.Price)), uint64(l.Size))
		}
		sum.Write(b)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

func memory() (m runtime.MemStats) {
	runtime.ReadMemStats(&m)
	return m
}
