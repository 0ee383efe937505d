package feed_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"chronos.dev/book"
	"chronos.dev/broker"
	"chronos.dev/broker/brokertest"
	"chronos.dev/feed"
	"chronos.dev/market"
	"chronos.dev/money"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContractOnKfake(t *testing.T) { contract(t, brokertest.Fake(t)) }

// contract is what the rest of the program relies on, the same on every broker.
func contract(t *testing.T, b brokertest.Broker) {
	tests := []struct {
		name string
		run  func(*testing.T, brokertest.Broker)
	}{
		{"readers end with the books of the publisher", testStream},
		{"a new replica begins with the snapshots", testReplica},
		{"a gap takes the book out until the next snapshot", testGap},
		{"a silent book of a live venue is confirmed", testKeepalive},
		{"a killed broker loses and repeats nothing", testBrokerRestart},
		{"lost answers repeat records and harm nothing", testRepeats},
		{"a hung broker is redialled", testHungBroker},
		{"lost offsets begin the partition anew", testTruncated},
		{"a topic made anew begins the partition anew", testRecreated},
		{"bad records go to the dead letters and the partition goes on", testBadRecords},
		{"a deadline ends what waits for a hung broker", testBackpressure},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, b) })
	}
}

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

func testStream(t *testing.T, b brokertest.Broker) {
	g := newRig(t, b, 30, feed.PublisherOptions{})
	r := startReplica(t, g.c, feed.ConsumerOptions{})
	brokertest.Eventually(t, 20*time.Second, "ready", r.Ready)
	g.deltas(200)
	g.equal(r)
	if r.gaps() != 0 || len(r.losses()) != 0 {
		t.Errorf("%d gaps, losses %v", r.gaps(), r.losses())
	}
	s := g.sources[0]
	start := time.Now()
	g.publish(s, s.next(market.Delta))
	g.equal(r)
	if took := time.Since(start); took > time.Second {
		t.Errorf("one event took %s to its book", took)
	}
	for _, p := range r.Stats().Partitions {
		if !p.Live || p.Lag != 0 {
			t.Errorf("partition %+v", p)
		}
	}
}

func testReplica(t *testing.T, b brokertest.Broker) {
	g := newRig(t, b, 20, feed.PublisherOptions{SnapshotEvery: time.Second, Keepalive: 100 * time.Millisecond})
	g.deltas(100)
	g.drain()
	first := g.pub.Stats().Snapshots
	brokertest.Eventually(t, 20*time.Second, "renewed snapshots", func() bool {
		return g.pub.Stats().Snapshots >= first+20
	})
	g.deltas(5)
	g.drain()
	r := startReplica(t, g.c, feed.ConsumerOptions{})
	brokertest.Eventually(t, 20*time.Second, "ready", r.Ready)
	g.equal(r)
	if n := r.applied(); n >= 20*100 {
		t.Errorf("the replica applied %d records: it read all instead of the end", n)
	}
	if r.gaps() != 0 {
		t.Errorf("%d gaps", r.gaps())
	}
	g.deltas(5)
	g.equal(r)
}

func testGap(t *testing.T, b brokertest.Broker) {
	g := newRig(t, b, 2, feed.PublisherOptions{})
	r := startReplica(t, g.c, feed.ConsumerOptions{})
	g.equal(r)
	s := g.sources[0]
	g.publish(s, &market.Event{Kind: market.Gap, Reason: "lost"})
	brokertest.Eventually(t, 10*time.Second, "the book to wait", func() bool {
		return r.view(s.key).State == book.Awaiting
	})
	g.publish(s, &market.Event{Kind: market.Delta, Seq: 99, PrevSeq: 98}) // means nothing now
	s.seq = 0
	s.want = book.New(market.BookRules{})
	g.publish(s, s.next(market.Snapshot))
	g.equal(r)
	if st := g.pub.Stats(); st.Gaps != 1 || st.Unanswered != 1 {
		t.Errorf("stats %+v", st)
	}
}

func testKeepalive(t *testing.T, b brokertest.Broker) {
	g := newRig(t, b, 2, feed.PublisherOptions{Keepalive: 40 * time.Millisecond})
	r := startReplica(t, g.c, feed.ConsumerOptions{})
	g.equal(r)
	live, silent := g.sources[0], g.sources[1]
	before := r.view(live.key).RecvTime
	brokertest.Eventually(t, 10*time.Second, "three confirmations", func() bool {
		g.pub.Alive(live.key.Venue)
		return g.pub.Stats().Confirmed >= 3 && r.view(live.key).RecvTime > before+int64(80*time.Millisecond)
	})
	g.equal(r)
	if got := r.view(silent.key).RecvTime; got > before+int64(time.Second) {
		t.Errorf("a venue of which nothing was heard looks fresh")
	}
}

func testBrokerRestart(t *testing.T, b brokertest.Broker) {
	g := newRig(t, b, 20, feed.PublisherOptions{})
	r := startReplica(t, g.c, feed.ConsumerOptions{})
	brokertest.Eventually(t, 20*time.Second, "ready", r.Ready)
	for range 2 {
		g.deltas(20)
		b.Kill()
		g.deltas(20) // into the queue
		b.Restart()
		g.deltas(20)
		g.drain()
		g.equal(r)
	}
	if r.gaps() != 0 || len(r.losses()) != 0 {
		t.Errorf("%d gaps, losses %v", r.gaps(), r.losses())
	}
	redials := int64(0)
	for _, p := range r.Stats().Partitions {
		redials += p.Redials
	}
	if redials == 0 {
		t.Error("nobody redialled: the broker was not killed")
	}
}

func testRepeats(t *testing.T, b brokertest.Broker) {
	g := newRig(t, b, 10, feed.PublisherOptions{})
	r := startReplica(t, g.c, feed.ConsumerOptions{})
	wire := new(brokertest.Wire)
	c, err := broker.New(broker.Options{
		Addrs: g.c.Addrs(), Role: "test", Node: "lossy", Prefix: g.c.Name(""), Dial: wire.Dial,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	g.drain()
	lossy := feed.NewPublisher(c, feed.PublisherOptions{}) // a restarted source: a later epoch
	run(t, lossy.Run)
	g.pub = lossy
	for _, s := range g.sources {
		g.publish(s, s.next(market.Snapshot))
	}
	duplicates := func() (n int) {
		r.each(func(s *sink) {
			for _, b := range s.books {
				n += b.Counters().Duplicates
			}
		})
		return n
	}
	for round := 0; round < 10 || duplicates() == 0; round++ {
		if round == 100 {
			t.Fatalf("nothing was repeated: the fault does not work; %+v", g.pub.Stats())
		}
		g.deltas(1)
		wire.Lose(1)
		g.drain()
	}
	wire.Lose(0)
	g.drain()
	g.equal(r)
	if r.gaps() != 0 {
		t.Errorf("%d gaps", r.gaps())
	}
}

func testHungBroker(t *testing.T, b brokertest.Broker) {
	g := newRig(t, b, 10, feed.PublisherOptions{})
	r := startReplica(t, g.reader(), feed.ConsumerOptions{})
	brokertest.Eventually(t, 20*time.Second, "ready", r.Ready)
	g.wire.Hang()
	g.deltas(10)
	flushes := func() (n int) { r.each(func(s *sink) { n += s.flushes }); return n }
	before := flushes()
	brokertest.Eventually(t, 20*time.Second, "redials", func() bool {
		return r.Stats().Partitions[0].Redials > 0
	})
	brokertest.Eventually(t, 8*time.Second, "flushes while the broker hangs", func() bool { return flushes() > before })
	g.wire.Mend()
	g.equal(r)
	if len(r.losses()) != 0 {
		t.Errorf("losses %v", r.losses())
	}
}

func testTruncated(t *testing.T, b brokertest.Broker) {
	g := newRig(t, b, 5, feed.PublisherOptions{SnapshotEvery: 300 * time.Millisecond, Keepalive: 50 * time.Millisecond})
	r := startReplica(t, g.reader(), feed.ConsumerOptions{})
	brokertest.Eventually(t, 20*time.Second, "ready", r.Ready)
	g.deltas(5)
	g.equal(r)
	g.wire.Cut()
	g.deltas(20)
	g.drain()
	s := g.sources[0]
	p := broker.Partition([]byte(s.key.String()), broker.BookPartitions)
	brokertest.DeleteRecords(t, b, g.c.Name(broker.BookTopic), int32(p), -1)
	g.deltas(5)
	g.wire.Mend()
	g.equal(r)
	losses := r.losses()
	if len(losses) == 0 || r.Stats().Partitions[p].Resyncs == 0 {
		t.Errorf("losses %v, stats %+v", losses, r.Stats().Partitions[p])
	}
}

func testRecreated(t *testing.T, b brokertest.Broker) {
	g := newRig(t, b, 5, feed.PublisherOptions{SnapshotEvery: 500 * time.Millisecond, Keepalive: 50 * time.Millisecond})
	r := startReplica(t, g.c, feed.ConsumerOptions{})
	brokertest.Eventually(t, 20*time.Second, "ready", r.Ready)
	g.deltas(50)
	g.equal(r)
	brokertest.DeleteTopic(t, b, g.c.Name(broker.BookTopic))
	// The layout that a Cluster knows is a little behind.
	brokertest.Eventually(t, 20*time.Second, "the topic to be missed", func() bool {
		return g.c.CheckTopics(brokertest.Context(t, 5*time.Second)) != nil
	})
	if err := g.c.EnsureTopics(brokertest.Context(t, 20*time.Second)); err != nil {
		t.Fatal(err)
	}
	g.deltas(5)
	g.equal(r)
	if len(r.losses()) == 0 {
		t.Error("no loss was reported")
	}
}

func testBadRecords(t *testing.T, b brokertest.Broker) {
	c := brokertest.Connect(t, b, nil)
	ctx := brokertest.Context(t, 60*time.Second)
	large := broker.Topic{
		Name: broker.BookTopic, Partitions: broker.BookPartitions,
		Config: map[string]string{"max.message.bytes": "20000000"},
	}
	if err := c.EnsureTopics(ctx, large); err != nil {
		t.Fatal(err)
	}
	if err := c.EnsureTopics(ctx); err != nil {
		t.Fatal(err)
	}
	letters := feed.NewDeadLetters(c)
	run(t, letters.Run)
	r := startReplica(t, c, feed.ConsumerOptions{DeadLetters: letters})

	const key = "lab|BTC-USD"
	good := func(i int) string {
		return fmt.Sprintf(`{"venue":"lab","market":"BTC-USD","type":"snapshot","seq":%d,"bids":[["%d","1"]]}`, i, i)
	}
	values := []string{
		good(1), "not json", good(2), `{"v":9}`, strings.Repeat("x", 10<<20), good(3),
		good(4)[:40], `{"venue":"lab","market":"BTC-USD","type":"delta","seq":9,"prev_seq":4,"asks":[["1e400","1"]]}`,
		good(5), strings.Repeat(" ", 900<<10) + good(6), good(7),
	}
	codecs := []kgo.CompressionCodec{
		kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression(),
	}
	last := 7
	for _, codec := range codecs {
		cl := brokertest.Client(t, b, kgo.ProducerBatchCompression(codec), kgo.ProducerBatchMaxBytes(20<<20))
		for _, v := range values {
			rec := &kgo.Record{Topic: c.Name(broker.BookTopic), Key: []byte(key), Value: []byte(v)}
			rec.Headers = []kgo.RecordHeader{{Key: "traceparent", Value: []byte("00-1")}}
			if err := cl.ProduceSync(ctx, rec).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		last++
		values = []string{"bad", good(last)}
	}
	last-- // the last good one was not sent
	k := market.Key{Venue: "lab", Pair: market.Pair{Base: "BTC", Quote: "USD"}}
	brokertest.Eventually(t, 30*time.Second, "the last record", func() bool {
		return r.view(k).Seq == uint64(last)
	})
	st := r.Stats()
	want := map[string]int64{
		feed.CodeBadJSON: 6, feed.CodeUnknownMajor: 1, feed.CodeOversize: 1, feed.CodeRefusedNumber: 1,
	}
	total := int64(0)
	for i, code := range feed.Codes {
		if st.Refused[i] != want[code] {
			t.Errorf("refused %s: %d, want %d", code, st.Refused[i], want[code])
		}
		total += want[code]
	}
	brokertest.Eventually(t, 20*time.Second, "the dead letters", func() bool { return letters.Sent() == total })
	checkLetters(t, b, c, int(total))
}

// checkLetters reads all dead letters with another client.
func checkLetters(t *testing.T, b brokertest.Broker, c *broker.Cluster, n int) {
	t.Helper()
	cl := brokertest.Client(t, b, kgo.ConsumeTopics(c.Name(broker.FeedDLQTopic)))
	ctx := brokertest.Context(t, 20*time.Second)
	origin := fmt.Sprint(broker.Partition([]byte("lab|BTC-USD"), broker.BookPartitions))
	offsets := map[string]string{}
	for len(offsets) < n && ctx.Err() == nil {
		cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			h := map[string]string{}
			for _, x := range r.Headers {
				h[x.Key] = string(x.Value)
			}
			if h["x-origin-topic"] != c.Name(broker.BookTopic) || h["x-origin-partition"] != origin ||
				h["x-attempts"] != "1" || h["x-error-code"] == "" {
				t.Errorf("headers %v", h)
			}
			offsets[h["x-origin-offset"]] = string(r.Value)
		})
	}
	if len(offsets) != n || offsets["1"] != "not json" || offsets["3"] != `{"v":9}` || offsets["4"] != "" {
		t.Errorf("%d letters; at 1 %.20q, at 3 %.20q, at 4 (the giant) %.20q",
			len(offsets), offsets["1"], offsets["3"], offsets["4"])
	}
}

// A source that outruns a broker which hangs waits no longer than its context,
// and its book is whole again once the broker answers.
func testBackpressure(t *testing.T, b brokertest.Broker) {
	g := newRig(t, b, 1, feed.PublisherOptions{})
	r := startReplica(t, g.c, feed.ConsumerOptions{})
	g.equal(r)
	wire := new(brokertest.Wire)
	c, err := broker.New(broker.Options{
		Addrs: g.c.Addrs(), Role: "test", Node: "hung", Prefix: g.c.Name(""), Dial: wire.Dial,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	g.drain()
	g.pub = feed.NewPublisher(c, feed.PublisherOptions{})
	run(t, g.pub.Run)
	s := g.sources[0]
	g.publish(s, s.next(market.Snapshot))
	g.drain()
	wire.Hang()
	var failed error
	for range 30_000 {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		start := time.Now()
		failed = g.pub.Publish(ctx, s.key.Venue, s.key.Pair, s.next(market.Delta))
		took := time.Since(start)
		cancel()
		if took > time.Second {
			t.Fatalf("Publish took %s", took)
		}
		if failed != nil {
			break
		}
	}
	if failed == nil {
		t.Fatal("the queue has no end")
	}
	wire.Mend()
	g.publish(s, s.next(market.Delta)) // a whole snapshot, since one is missing
	g.drain()
	g.equal(r)
	if r.gaps() != 0 {
		t.Errorf("%d gaps", r.gaps())
	}
}
