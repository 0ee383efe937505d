package feed_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"chronos.dev/book"
	"chronos.dev/broker"
	"chronos.dev/broker/brokertest"
	"chronos.dev/feed"
	"chronos.dev/market"
	"chronos.dev/money"
)

// sink keeps the books of one partition, as the engine does.
type sink struct {
	mu      sync.Mutex
	books   map[market.Key]*book.Book
	applied int
	losses  []string
	flushes int
}

func (s *sink) book(key market.Key) *book.Book {
	b := s.books[key]
	if b == nil {
		b = book.New(market.BookRules{VerifiedDepth: -1})
		s.books[key] = b
	}
	return b
}

func (s *sink) Apply(r *feed.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applied++
	s.book(r.Key).Apply(&r.Event)
}

func (s *sink) Lost(key market.Key, reason string, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.losses = append(s.losses, reason)
	for k, b := range s.books {
		if key == k || key == (market.Key{}) {
			b.MarkGapped(reason, now)
		}
	}
}

func (s *sink) Flush(int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushes++
	for _, b := range s.books {
		if b.View().Version != b.Version() {
			b.Publish()
		}
	}
}

// replica is a Consumer and the books it keeps.
type replica struct {
	*feed.Consumer
	mu    sync.Mutex
	sinks map[int]*sink
}

func startReplica(t *testing.T, c *broker.Cluster, o feed.ConsumerOptions) *replica {
	t.Helper()
	r := &replica{sinks: make(map[int]*sink)}
	o.Sink = func(p int) feed.Sink {
		s := &sink{books: make(map[market.Key]*book.Book)}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.sinks[p] = s
		return s
	}
	r.Consumer = feed.NewConsumer(c, o)
	run(t, r.Run)
	return r
}

// run runs f until the test ends, and waits for its end.
func run(t *testing.T, f func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); f(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Error("Run did not return within 10 s")
		}
	})
}

// each calls f with every sink, locked.
func (r *replica) each(f func(*sink)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.sinks {
		s.mu.Lock()
		f(s)
		s.mu.Unlock()
	}
}

func (r *replica) applied() (n int) {
	r.each(func(s *sink) { n += s.applied })
	return n
}

func (r *replica) losses() (all []string) {
	r.each(func(s *sink) { all = append(all, s.losses...) })
	return all
}

func (r *replica) view(key market.Key) *book.View {
	v := &book.View{}
	r.each(func(s *sink) {
		if b := s.books[key]; b != nil {
			v = b.View()
		}
	})
	return v
}

func (r *replica) gaps() (n int) {
	r.each(func(s *sink) {
		for _, b := range s.books {
			n += b.Counters().Gaps
		}
	})
	return n
}

// levels is a view without what differs between replicas.
func levels(v *book.View) string {
	return fmt.Sprint(v.State, v.Epoch, v.Seq, v.PriceScale, v.SizeScale, v.Bids, v.Asks)
}

// source invents the events of one book and keeps the book it expects.
type source struct {
	key  market.Key
	rng  *rand.Rand
	seq  uint64
	want *book.Book // without epochs
}

func newSource(i int) *source {
	return &source{
		key: market.Key{Venue: fmt.Sprintf("v%d", i), Pair: market.Pair{Base: "BTC", Quote: "USD"}},
		rng: rand.New(rand.NewPCG(1, uint64(i))), want: book.New(market.BookRules{}),
	}
}

// next returns a delta, or a snapshot at first and whenever it is asked for.
func (s *source) next(kind market.EventKind) *market.Event {
	e := &market.Event{Kind: kind, PrevSeq: s.seq, Seq: s.seq + 1, RecvTime: time.Now().UnixNano()}
	n := 1 + s.rng.IntN(3)
	if kind == market.Snapshot {
		n = 20
	}
	for range n {
		l := market.Level{Side: market.Bid, Price: money.Num{Coef: 10000 + s.rng.Int64N(100), Scale: 2}}
		if s.rng.IntN(2) == 0 {
			l.Side, l.Price.Coef = market.Ask, l.Price.Coef+200
		}
		l.Size = money.Num{Coef: s.rng.Int64N(5) * 10, Scale: 3}
		e.Levels = append(e.Levels, l)
	}
	s.seq++
	if err := s.want.Apply(e); err != nil {
		panic(err)
	}
	return e
}

// rig is a publisher with sources on a cluster with topics.
type rig struct {
	t       *testing.T
	c       *broker.Cluster
	wire    *brokertest.Wire // of readers
	pub     *feed.Publisher
	sources []*source
}

func newRig(t *testing.T, b brokertest.Broker, sources int, o feed.PublisherOptions) *rig {
	t.Helper()
	c := brokertest.Connect(t, b, nil)
	if err := c.EnsureTopics(brokertest.Context(t, 30*time.Second)); err != nil {
		t.Fatal(err)
	}
	g := &rig{t: t, c: c, wire: new(brokertest.Wire), pub: feed.NewPublisher(c, o)}
	run(t, g.pub.Run)
	for i := range sources {
		s := newSource(i)
		g.sources = append(g.sources, s)
		g.publish(s, s.next(market.Snapshot))
	}
	return g
}

// reader returns a cluster of the same topics over a wire that can fail.
func (g *rig) reader() *broker.Cluster {
	g.t.Helper()
	o := broker.Options{
		Addrs: g.c.Addrs(), Role: "test", Node: "reader", Prefix: g.c.Name(""), Dial: g.wire.Dial,
	}
	c, err := broker.New(o)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(c.Close)
	return c
}

func (g *rig) publish(s *source, e *market.Event) {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := g.pub.Publish(ctx, s.key.Venue, s.key.Pair, e); err != nil {
		g.t.Fatal(err)
	}
}

// deltas publishes n deltas of every source.
func (g *rig) deltas(n int) {
	g.t.Helper()
	for range n {
		for _, s := range g.sources {
			g.publish(s, s.next(market.Delta))
		}
	}
}

func (g *rig) drain() {
	g.t.Helper()
	if err := g.pub.Drain(brokertest.Context(g.t, 60*time.Second)); err != nil {
		g.t.Fatalf("Drain: %v; %+v", err, g.pub.Stats())
	}
}

// equal waits until the replica has the books of the sources.
func (g *rig) equal(r *replica) {
	g.t.Helper()
	differs := ""
	same := func() bool {
		for _, s := range g.sources {
			want := *s.want.Publish()
			got := *r.view(s.key)
			want.Epoch = got.Epoch
			if levels(&got) != levels(&want) {
				differs = fmt.Sprintf("%s:\ngot  %.300s\nwant %.300s", s.key, levels(&got), levels(&want))
				return false
			}
		}
		return true
	}
	for end := time.Now().Add(40 * time.Second); !same(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			g.t.Fatalf("books differ: %s\nlosses %v\n%+v\n%+v", differs, r.losses(), r.Stats(), g.pub.Stats())
		}
	}
}
