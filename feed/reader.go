package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"chronos.dev/broker"
	"chronos.dev/market"

	"github.com/segmentio/kafka-go"
)

// Defaults of ReaderOptions and what no option changes.
const (
	defaultStall = 10 * time.Second
	defaultPoll  = 30 * time.Second

	fetchWait  = 100 * time.Millisecond // the broker's wait for a first record
	backoffMin = 50 * time.Millisecond
	backoffMax = 2 * time.Second
)

// Handler receives what one partition holds. All calls come from the goroutine
// of that partition.
type Handler interface {
	// Record handles a record, which is valid during the call only. It reports
	// false when it must see the key of the record too: the call is repeated then,
	// once, with HasKey set.
	Record(r *RawRecord) bool
	// Skipped says that the record at offset could not be read: it is larger
	// than MaxRecord (CodeOversize) or in a batch that cannot be parsed
	// (CodeUnreadable). key is nil if unknown.
	Skipped(offset int64, key []byte, code string, recv int64)
	// Reset says that records may be lost, or that the topic is another one:
	// nothing of this partition holds any more. A Flush follows.
	Reset(reason string, now int64)
	// Flush ends a batch of records. Once the partition has caught up it is
	// called after every fetch, with records or without, and while the broker is
	// away, so that a Handler can also do what is due by the clock: at least
	// once in four seconds, ten times a second as a rule.
	Flush(now int64)
}

// SnapshotHandler is a Handler that can begin with snapshots.
type SnapshotHandler interface {
	Handler
	// Snapshot handles a record of the snapshot topic. It returns what it is a
	// snapshot of, zero if that cannot be told, and where in the book topic it
	// stands, -1 if unknown. ok is false when it must see the key too.
	Snapshot(r *RawRecord) (key market.Key, at int64, ok bool)
}

// RawRecord is a record as it was read.
type RawRecord struct {
	Offset int64
	Key    []byte // if HasKey: keys are read only on demand
	HasKey bool
	Value  []byte

	// Recv is when the record was received, and Since when the partition was last
	// read to its end, so that the record was written between the two. Unix
	// nanoseconds; Since is 0 if the end was never reached.
	Since, Recv int64
}

// ReaderOptions say what a Reader reads.
type ReaderOptions struct {
	Topic   string                      // full name
	Handler func(partition int) Handler // called once a partition

	// AtEnd begins at the end of a partition rather than at its first record.
	AtEnd bool

	// Snapshots is the full name of the topic with the latest snapshots of what
	// Topic holds, partitioned as it is; "" is none. Every partition begins with
	// them, and its Handler must be a SnapshotHandler.
	Snapshots string

	StallAfter time.Duration // redial when nothing came for so long although there is more; 0 is 10 s
	Poll       time.Duration // how often to look for new partitions; 0 is 30 s

	Log *slog.Logger // nil: none
}

// Reader reads every partition of a topic, one goroutine each, without a group.
// It never gives up: it looks for the leader, waits, and goes on where it was.
type Reader struct {
	cluster *broker.Cluster
	opt     ReaderOptions

	mu    sync.Mutex
	tails []*tail
}

// NewReader returns a Reader. Run starts it.
func NewReader(c *broker.Cluster, o ReaderOptions) *Reader {
	if o.StallAfter == 0 {
		o.StallAfter = defaultStall
	}
	if o.Poll == 0 {
		o.Poll = defaultPoll
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Reader{cluster: c, opt: o}
}

// Run reads until ctx ends, and returns when all its goroutines have.
func (r *Reader) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	back := backoff{}
	for {
		wait := r.opt.Poll
		parts, err := r.cluster.Partitions(ctx, r.opt.Topic)
		if err != nil {
			wait = back.next()
		} else {
			back = backoff{}
		}
		for _, t := range r.add(parts) {
			wg.Go(func() { t.run(ctx) })
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// add returns tails for the partitions that are new.
func (r *Reader) add(parts []kafka.Partition) []*tail {
	r.mu.Lock()
	defer r.mu.Unlock()
	var added []*tail
	for _, p := range parts {
		known := slices.ContainsFunc(r.tails, func(t *tail) bool { return t.partition == p.ID })
		if !known {
			t := &tail{reader: r, partition: p.ID, handler: r.opt.Handler(p.ID)}
			r.tails = append(r.tails, t)
			added = append(added, t)
		}
	}
	return added
}

// Ready reports whether every partition has caught up with where it ended when
// it was first read, or last read anew.
func (r *Reader) Ready() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.tails {
		if !t.stats.live.Load() {
			return false
		}
	}
	return len(r.tails) > 0
}

// Stats returns the state of every partition that was seen so far, in order of
// their numbers. Any goroutine.
func (r *Reader) Stats() []PartitionStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]PartitionStats, 0, len(r.tails))
	for _, t := range r.tails {
		all = append(all, t.stats.load(t.partition))
	}
	slices.SortFunc(all, func(a, b PartitionStats) int { return a.Partition - b.Partition })
	return all
}

// tail is the reader of one partition: a goroutine and what it owns.
type tail struct {
	reader    *Reader
	partition int
	handler   Handler
	fetch     fetcher
	stats     partitionStats

	primed   bool // fetch.next means something
	target   int64
	vanished bool // the topic was gone
}

// lostError reports that the next offset is no longer there.
type lostError struct{ reason string }

func (e *lostError) Error() string { return "feed: offsets lost: " + e.reason }

var errStalled = errors.New("feed: the broker sends nothing although there is more")

func (t *tail) run(ctx context.Context) {
	back := backoff{}
	for {
		moved, err := t.session(ctx)
		if ctx.Err() != nil {
			return
		}
		var lost *lostError
		switch {
		case errors.As(err, &lost):
			t.reset(lost.reason)
		case errors.Is(err, errStalled):
			t.stats.stalls.Add(1)
		case errors.Is(err, kafka.UnknownTopicOrPartition):
			t.vanished = t.primed
		}
		t.stats.redials.Add(1)
		if moved {
			back = backoff{}
		}
		if back.n == 1 || lost != nil { // one redial is no news: it is counted
			t.reader.opt.Log.Warn("partition interrupted", "topic", t.reader.opt.Topic,
				"partition", t.partition, "offset", t.fetch.next, "err", err)
		}
		if !t.idle(ctx, back.next()) {
			return
		}
	}
}

func (t *tail) reset(reason string) {
	t.primed, t.vanished = false, false
	t.stats.live.Store(false)
	t.stats.resyncs.Add(1)
	now := time.Now().UnixNano()
	t.handler.Reset(reason, now)
	t.handler.Flush(now)
}

// idle waits and lets the handler do what is due meanwhile.
func (t *tail) idle(ctx context.Context, d time.Duration) bool {
	for d > 0 {
		step := min(d, fetchWait)
		if !sleep(ctx, step) {
			return false
		}
		d -= step
		t.flush()
	}
	return true
}

func (t *tail) flush() {
	if t.stats.live.Load() {
		t.handler.Flush(time.Now().UnixNano())
	}
}

// session reads over one connection until it fails. moved reports that at least
// one fetch was answered.
func (t *tail) session(ctx context.Context) (moved bool, err error) {
	log, err := t.reader.cluster.OpenLog(ctx, t.reader.opt.Topic, t.partition)
	if err != nil {
		return false, err
	}
	defer log.Close()
	defer context.AfterFunc(ctx, func() { log.Close() })()
	first, end, err := log.Bounds()
	if err != nil {
		return false, err
	}
	if err := t.begin(ctx, first, end); err != nil {
		return false, err
	}
	last := time.Now() // when there was progress, or nothing to wait for
	for {
		before := t.fetch.next
		if err := t.fetch.batch(log, t.handler); err != nil {
			return moved || t.fetch.next != before, err
		}
		moved = true
		t.observe()
		switch now := time.Now(); {
		case t.fetch.next != before || t.fetch.end <= before:
			last = now
		case now.Sub(last) > t.reader.opt.StallAfter:
			return moved, errStalled
		}
	}
}

// begin decides where to read on.
func (t *tail) begin(ctx context.Context, first, end int64) error {
	next := t.fetch.next
	switch {
	case !t.primed:
		return t.prime(ctx, first, end)
	case t.vanished:
		return &lostError{"the topic was gone"}
	case next < first:
		return &lostError{fmt.Sprintf("the log begins at %d, after %d", first, next)}
	case next > end:
		return &lostError{fmt.Sprintf("the log ends at %d, before %d", end, next)}
	}
	return nil
}

// observe publishes the state of the partition after a fetch.
func (t *tail) observe() {
	t.stats.next.Store(t.fetch.next)
	t.stats.end.Store(max(t.fetch.end, t.fetch.next))
	t.stats.records.Store(t.fetch.records)
	t.stats.shortBuffers.Store(t.fetch.shortBuffers)
	t.stats.skipped.Store(t.fetch.skipped)
	if t.fetch.next >= t.target {
		t.stats.live.Store(true)
	}
	t.flush()
}

// backoff gives growing, jittered waits.
type backoff struct{ n int }

func (b *backoff) next() time.Duration {
	d := min(backoffMin<<min(b.n, 10), backoffMax)
	b.n++
	return d/2 + rand.N(d/2)
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
