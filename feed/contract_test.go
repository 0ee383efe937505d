package feed_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chronos.dev/book"
	"chronos.dev/broker"
	"chronos.dev/broker/brokertest"
	"chronos.dev/feed"
	"chronos.dev/market"

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
		{"a record without a time is fresh only to those who saw it come", testUntimed},
		{"a giant amid its batch is the only one skipped", testGiantInBatch},
		{"a deadline ends what waits for a hung broker", testBackpressure},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, b) })
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
	best := time.Hour // of some, for a machine may be busy
	for range 5 {
		start := time.Now()
		g.publish(s, s.next(market.Delta))
		g.equal(r)
		best = min(best, time.Since(start))
	}
	if best > time.Second {
		t.Errorf("the fastest of 5 lone events took %s to its book", best)
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
	before, quiet := r.view(live.key).RecvTime, r.view(silent.key).RecvTime
	heard := time.Unix(0, before)
	conn := g.pub.Connect(live.key)
	g.pub.Connect(silent.key)
	brokertest.Eventually(t, 10*time.Second, "three confirmations", func() bool {
		heard = heard.Add(time.Millisecond)
		conn.Heard(heard)
		return g.pub.Stats().Confirmed >= 3 && r.view(live.key).RecvTime > before+int64(5*time.Millisecond)
	})
	brokertest.Eventually(t, 10*time.Second, "the last sign of life", func() bool {
		return r.view(live.key).RecvTime == heard.UnixNano()
	})
	confirmed := g.pub.Stats().Confirmed
	time.Sleep(200 * time.Millisecond) // five keepalives
	g.equal(r)
	if got := r.view(live.key).RecvTime; got != heard.UnixNano() {
		t.Errorf("a venue that fell silent at %v looks heard at %v", heard, time.Unix(0, got))
	}
	if n := g.pub.Stats().Confirmed - confirmed; n > 1 {
		t.Errorf("%d confirmations of nothing new", n)
	}
	if got := r.view(silent.key).RecvTime; got != quiet {
		t.Errorf("a book whose connection is silent looks fresh, though another of the venue speaks")
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
	// A book that is damaged beyond its name is known by its key.
	cl := brokertest.Client(t, b)
	hurt := []byte("lab|BTC-EUR")
	home := broker.Partition(hurt, broker.BookPartitions)
	for _, v := range []string{`{"venue":"lab","market":"BTC-EUR","type":"snapshot","seq":1}`, `{"mark`} {
		rec := &kgo.Record{Topic: c.Name(broker.BookTopic), Key: hurt, Value: []byte(v)}
		if err := cl.ProduceSync(ctx, rec).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	brokertest.Eventually(t, 20*time.Second, "the damaged book to be taken out", func() bool {
		return r.view(market.Key{Venue: "lab", Pair: market.Pair{Base: "BTC", Quote: "EUR"}}).State == book.Gapped
	})
	// A record in another's place changes nothing there, and not at home either.
	stray := &kgo.Record{
		Topic: c.Name(broker.BookTopic), Partition: int32(home+1) % broker.BookPartitions, Key: hurt,
		Value: []byte(`{"venue":"lab","market":"BTC-EUR","type":"snapshot","seq":9}`),
	}
	manual := brokertest.Client(t, b, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err := manual.ProduceSync(ctx, stray).FirstErr(); err != nil {
		t.Fatal(err)
	}
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
		feed.CodeBadJSON: 7, feed.CodeUnknownMajor: 1, feed.CodeOversize: 1, feed.CodeRefusedNumber: 1,
		feed.CodeWrongPlace: 1,
	}
	total := int64(0)
	for i, code := range feed.Codes {
		if st.Refused[i] != want[code] {
			t.Errorf("refused %s: %d, want %d", code, st.Refused[i], want[code])
		}
		total += want[code]
	}
	brokertest.Eventually(t, 20*time.Second, "the dead letters", func() bool { return letters.Sent() == total })
	if v := r.view(market.Key{Venue: "lab", Pair: market.Pair{Base: "BTC", Quote: "EUR"}}); v.State != book.Gapped {
		t.Errorf("a record in another's place made the book %v", v.State)
	}
	checkLetters(t, b, c, int(total)-2)
}

// testUntimed: a reader that was there knows when a record without a time came; a
// reader that starts later does not, and must not take it for news.
func testUntimed(t *testing.T, b brokertest.Broker) {
	c := brokertest.Connect(t, b, nil)
	ctx := brokertest.Context(t, 60*time.Second)
	if err := c.EnsureTopics(ctx); err != nil {
		t.Fatal(err)
	}
	there := startReplica(t, c, feed.ConsumerOptions{})
	brokertest.Eventually(t, 20*time.Second, "ready", there.Ready)
	time.Sleep(300 * time.Millisecond) // until each partition was read to its end
	k := market.Key{Venue: "lab", Pair: market.Pair{Base: "BTC", Quote: "USD"}}
	before := time.Now().Add(-time.Second).UnixNano() // a fetch waits, and a machine may sleep
	cl := brokertest.Client(t, b)
	for _, topic := range []string{broker.BookTopic, broker.BookSnapshotTopic} {
		err := cl.ProduceSync(ctx, &kgo.Record{
			Topic: c.Name(topic), Key: []byte(k.String()),
			Value: []byte(`{"venue":"lab","market":"BTC-USD","type":"snapshot","bids":[["1","1"]]}`),
		}).FirstErr()
		if err != nil {
			t.Fatal(err)
		}
	}
	brokertest.Eventually(t, 20*time.Second, "the record", func() bool { return there.view(k).State == book.Live })
	if at := there.view(k).RecvTime; at < before || at > time.Now().UnixNano() {
		t.Errorf("heard at %v, came after %v", time.Unix(0, at), time.Unix(0, before))
	}
	late := startReplica(t, c, feed.ConsumerOptions{})
	brokertest.Eventually(t, 20*time.Second, "the late replica", func() bool { return late.view(k).State == book.Live })
	if at := late.view(k).RecvTime; at != 0 {
		t.Errorf("the late replica says it was heard at %v", time.Unix(0, at))
	}
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
			if string(r.Key) == "lab|BTC-EUR" {
				return
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
		if took > 5*time.Second { // its context ends after 100 ms; a machine may be busy
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

func testGiantInBatch(t *testing.T, b brokertest.Broker) {
	c := brokertest.Connect(t, b, nil)
	oneTopic(t, c)
	want := []string{"a", strings.Repeat("b", 300<<10), strings.Repeat("c", feed.MaxRecord), "d"}
	giant := strings.Repeat("x", feed.MaxRecord+1)
	cl := brokertest.Client(t, b, kgo.ProducerBatchCompression(kgo.ZstdCompression()),
		kgo.ProducerBatchMaxBytes(5<<20), kgo.ProducerLinger(50*time.Millisecond))
	var records []*kgo.Record
	for _, v := range []string{want[0], giant, want[1], giant, want[2], want[3]} {
		r := &kgo.Record{Topic: c.Name("one"), Value: []byte(v)}
		records = append(records, r)
	}
	if err := cl.ProduceSync(brokertest.Context(t, 20*time.Second), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	r, into := startReader(t, c, feed.ReaderOptions{})
	brokertest.Eventually(t, 20*time.Second, "all records", func() bool { return len(into.read()) == len(want) })
	if got := into.read(); !slices.Equal(got, want) {
		t.Error("the records are not those that were written")
	}
	if s := r.Stats()[0]; s.Skipped != 2 || s.Redials != 0 {
		t.Errorf("stats %+v", s)
	}
}
