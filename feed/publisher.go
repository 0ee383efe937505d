package feed

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"chronos.dev/book"
	"chronos.dev/broker"
	"chronos.dev/market"
)

// Defaults of PublisherOptions.
const (
	defaultKeepalive = 500 * time.Millisecond
	defaultSnapshots = time.Minute
)

// PublisherOptions say how a Publisher writes.
type PublisherOptions struct {
	// Rules returns what a book must know of its venue; nil means no rules. They
	// should be those of the readers.
	Rules func(market.Key) market.BookRules

	// Origin is what readers are told of where the books come from.
	Origin market.Origin

	// Binary writes records in their binary form, which costs a reader much less.
	Binary bool

	// Keepalive is how long a book is silent, though its venue is heard, until it
	// is confirmed unchanged; 0 is 500 ms.
	Keepalive time.Duration
	// SnapshotEvery is the time between whole snapshots of a book; 0 is a minute.
	SnapshotEvery time.Duration
	// MaxRecord is the largest record, at most and by default MaxRecord.
	MaxRecord int
	// Epoch is the first epoch of every book and must be above all that this
	// source has used before. 0 takes the milliseconds since 1970.
	Epoch uint64

	Now func() time.Time // nil is time.Now
	Log *slog.Logger     // nil: none
}

// PublisherStats count since the start.
type PublisherStats struct {
	Written    int64 // records acknowledged on the book topic
	Snapshots  int64 // of the snapshot topic
	Confirmed  int64 // keepalives sent
	Gaps       int64 // gaps announced
	Cut        int64 // snapshots cut to MaxLevels a side
	Refused    int64 // records too large
	Unanswered int64 // events that changed nothing: duplicates, deltas without a snapshot
	Retries    int64 // failed writes that were repeated
	Queued     int64 // records that wait
}

// Publisher writes the events of a source to the book topic. It keeps the book
// of every instrument, so that it can write whole snapshots and notices what the
// source does not.
//
// Order holds within a book. Records may be repeated after a failure, which
// their numbers make harmless. A source that outruns Kafka waits.
type Publisher struct {
	opt       PublisherOptions
	cluster   *broker.Cluster
	writer    *broker.Writer
	queues    [broker.BookPartitions]*queue
	snapshots *latest

	mu      sync.Mutex
	streams map[market.Key]*stream

	written, snapshotted, confirmed, gaps, cut, refused, unanswered, retries, pending atomic.Int64
}

// NewPublisher returns a Publisher to c. Run does the work.
func NewPublisher(c *broker.Cluster, o PublisherOptions) *Publisher {
	if o.Rules == nil {
		o.Rules = func(market.Key) market.BookRules { return market.BookRules{VerifiedDepth: -1} }
	}
	if o.Keepalive == 0 {
		o.Keepalive = defaultKeepalive
	}
	if o.SnapshotEvery == 0 {
		o.SnapshotEvery = defaultSnapshots
	}
	if o.MaxRecord == 0 || o.MaxRecord > MaxRecord {
		o.MaxRecord = MaxRecord
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Epoch == 0 {
		o.Epoch = uint64(max(o.Now().UnixMilli(), 1))
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Publisher{
		opt: o, cluster: c, writer: c.NewWriter(broker.Throughput, c.Name(broker.BookTopic)),
		snapshots: newLatest(),
		streams:   make(map[market.Key]*stream),
	}
	for i := range p.queues {
		p.queues[i] = newQueue()
	}
	return p
}

// Run writes until ctx ends. What is queued then is lost; see Drain.
func (p *Publisher) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, q := range p.queues {
		wg.Go(func() { p.sendBooks(ctx, q) })
	}
	wg.Go(func() { p.sendSnapshots(ctx) })
	wg.Go(func() { p.tick(ctx) })
	<-ctx.Done()
	p.writer.Close()
	wg.Wait()
}

// Drain returns when all that was published is acknowledged, or ctx ends.
func (p *Publisher) Drain(ctx context.Context) error {
	for p.pending.Load() > 0 {
		if !sleep(ctx, 2*time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}

// Connection is what carries books from a venue to the source. A book of which
// nothing is heard is unchanged as long as its connection speaks.
type Connection struct{ heard atomic.Int64 }

// Heard says that the venue spoke at a time: it is called with every sign of
// life, after what it said was published. Any goroutine.
func (c *Connection) Heard(at time.Time) { c.heard.Store(at.UnixNano()) }

// Connect says which books a connection carries from now on. They are confirmed
// unchanged as of the times at which it is heard, and else not at all.
func (p *Publisher) Connect(keys ...market.Key) *Connection {
	c := &Connection{}
	for _, key := range keys {
		p.stream(key).conn.Store(c)
	}
	return c
}

// Stats returns what was counted so far. Any goroutine.
func (p *Publisher) Stats() PublisherStats {
	return PublisherStats{
		Written: p.written.Load(), Snapshots: p.snapshotted.Load(), Confirmed: p.confirmed.Load(),
		Gaps: p.gaps.Load(), Cut: p.cut.Load(), Refused: p.refused.Load(),
		Unanswered: p.unanswered.Load(), Retries: p.retries.Load(), Queued: p.pending.Load(),
	}
}

// Publish writes what a venue said about one book. It applies the event to its
// own book first; the epoch is the Publisher's, the numbers are the event's, or
// the Publisher's if it has none. Events of one book must come from one
// goroutine at a time, in order.
//
// Publish waits while the queue is full. When ctx ends meanwhile, the event has
// been applied but not written; the next one is written as a whole snapshot.
//
// An error of package book says that the source has lost something: readers have
// been told, and the source should ask its venue for a snapshot. A *RecordError
// says that the event is too large to be written, with the same consequence.
func (p *Publisher) Publish(
	ctx context.Context, venue string, pair market.Pair, e *market.Event,
) error {
	s := p.stream(market.Key{Venue: venue, Pair: pair})
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Kind == market.Gap {
		return s.gap(ctx, e.Reason, p.received(e))
	}
	return s.publish(ctx, e)
}

func (p *Publisher) received(e *market.Event) int64 {
	if e.RecvTime != 0 {
		return e.RecvTime
	}
	return p.opt.Now().UnixNano()
}

func (p *Publisher) stream(key market.Key) *stream {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.streams[key]
	if s == nil {
		name := []byte(key.String())
		s = &stream{
			pub: p, key: key, name: name,
			queue: p.queues[broker.Partition(name, broker.BookPartitions)],
			book:  book.New(p.opt.Rules(key)),
			epoch: p.opt.Epoch,
		}
		s.depth = p.opt.Rules(key).VerifiedDepth
		p.streams[key] = s
	}
	return s
}

// tick confirms silent books of connections that speak and renews snapshots.
func (p *Publisher) tick(ctx context.Context) {
	var due []*stream
	for sleep(ctx, max(p.opt.Keepalive/4, time.Millisecond)) {
		now := p.opt.Now()
		p.mu.Lock()
		due = slices.AppendSeq(due[:0], maps.Values(p.streams))
		p.mu.Unlock()
		for _, s := range due {
			s.tick(now)
		}
	}
}
