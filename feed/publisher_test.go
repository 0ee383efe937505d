package feed_test

import (
	"errors"
	"testing"
	"time"

	"chronos.dev/book"
	"chronos.dev/broker"
	"chronos.dev/broker/brokertest"
	"chronos.dev/feed"
	"chronos.dev/market"
	"chronos.dev/money"

	"github.com/segmentio/kafka-go"
)

func num(coef int64) money.Num { return money.Num{Coef: coef} }

// steps returns n levels a side, not crossed.
func steps(n int) (levels []market.Level) {
	for i := range int64(n) {
		levels = append(levels,
			market.Level{Side: market.Bid, Price: num(1_000_000 - i), Size: num(1)},
			market.Level{Side: market.Ask, Price: num(1_000_001 + i), Size: num(1)})
	}
	return levels
}

// lone is a publisher, a replica and one book.
type lone struct {
	*rig
	r   *replica
	key market.Key
}

func newLone(t *testing.T, o feed.PublisherOptions) *lone {
	t.Helper()
	g := newRig(t, brokertest.Fake(t), 0, o)
	return &lone{g, startReplica(t, g.c, feed.ConsumerOptions{}), newSource(0).key}
}

func (l *lone) send(e market.Event) error {
	l.t.Helper()
	return l.pub.Publish(brokertest.Context(l.t, 10*time.Second), l.key.Venue, l.key.Pair, &e)
}

// until waits for a view that is right.
func (l *lone) until(what string, ok func(*book.View) bool) {
	l.t.Helper()
	end := time.Now().Add(10 * time.Second)
	for !ok(l.r.view(l.key)) {
		if time.Now().After(end) {
			l.t.Fatalf("never %s: %.500s\n%+v", what, levels(l.r.view(l.key)), l.pub.Stats())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestPublishNumbers(t *testing.T) {
	l := newLone(t, feed.PublisherOptions{Epoch: 5})
	if err := l.send(market.Event{Kind: market.Delta, Seq: 3, PrevSeq: 2}); err != nil {
		t.Fatal(err)
	}
	l.send(market.Event{Kind: market.Snapshot, Unsequenced: true, Levels: steps(1)})
	l.send(market.Event{Kind: market.Delta, Unsequenced: true, Levels: steps(2)})
	l.until("two numbered events of the first epoch", func(v *book.View) bool {
		return v.Epoch == 5 && v.Seq == 2 && len(v.Bids) == 2
	})
	l.send(market.Event{Kind: market.Snapshot, Unsequenced: true, Levels: steps(3)})
	l.until("a second snapshot as a new epoch", func(v *book.View) bool { return v.Epoch == 6 && len(v.Bids) == 3 })
	l.send(market.Event{Kind: market.Snapshot, Seq: 100, Levels: steps(4)})
	l.until("a snapshot further on in the same epoch", func(v *book.View) bool {
		return v.Epoch == 6 && v.Seq == 100 && len(v.Bids) == 4
	})
	l.send(market.Event{Kind: market.Delta, Seq: 99, PrevSeq: 98, Levels: steps(9)})
	l.send(market.Event{Kind: market.Snapshot, Seq: 7, Levels: steps(5)})
	l.until("a snapshot of a venue that counts anew", func(v *book.View) bool {
		return v.Epoch == 7 && v.Seq == 7 && len(v.Bids) == 5
	})
	if st := l.pub.Stats(); st.Unanswered != 2 {
		t.Errorf("unanswered %d, want the delta without snapshot and the old one", st.Unanswered)
	}
}

// What the publisher's own book notices is told to the source and to readers.
func TestPublishContradiction(t *testing.T) {
	sum := &market.Checksum{Depth: 1, Sum: func(bids, asks []market.Level) uint32 { return 42 }}
	l := newLone(t, feed.PublisherOptions{
		Rules: func(market.Key) market.BookRules { return market.BookRules{Checksum: sum, VerifiedDepth: 10} },
	})
	l.send(market.Event{Kind: market.Snapshot, Seq: 1, Levels: steps(2), HasChecksum: true, Checksum: 42})
	l.until("live", func(v *book.View) bool { return v.State == book.Live })
	err := l.send(market.Event{Kind: market.Delta, Seq: 2, PrevSeq: 1, HasChecksum: true, Checksum: 41})
	if bad := (*book.ChecksumError)(nil); !errors.As(err, &bad) {
		t.Errorf("Publish = %v; want a *book.ChecksumError", err)
	}
	l.until("waiting", func(v *book.View) bool { return v.State == book.Awaiting })
	l.send(market.Event{Kind: market.Snapshot, Seq: 3, Levels: steps(2)})
	l.until("live again", func(v *book.View) bool { return v.State == book.Live })
	err = l.send(market.Event{Kind: market.Delta, Seq: 9, PrevSeq: 8})
	if gap := (*book.GapError)(nil); !errors.As(err, &gap) {
		t.Errorf("Publish = %v; want a *book.GapError", err)
	}
	l.until("waiting again", func(v *book.View) bool { return v.State == book.Awaiting })
}

// Books deeper than a record are cut; deltas that are wider become snapshots.
func TestPublishDeep(t *testing.T) {
	l := newLone(t, feed.PublisherOptions{})
	if err := l.send(market.Event{Kind: market.Snapshot, Seq: 1, Levels: steps(feed.MaxLevels + 10)}); err != nil {
		t.Fatal(err)
	}
	best := func(n int) func(v *book.View) bool {
		return func(v *book.View) bool {
			return len(v.Bids) == n && len(v.Asks) == n && v.Bids[0].Price == 1_000_000 && v.Asks[0].Price == 1_000_001
		}
	}
	l.until("the best levels", best(feed.MaxLevels))
	if st := l.pub.Stats(); st.Cut != 1 {
		t.Errorf("cut %d", st.Cut)
	}
	l.send(market.Event{Kind: market.Snapshot, Seq: 2, Levels: steps(2)})
	l.until("shallow", best(2))
	epoch := l.r.view(l.key).Epoch
	l.send(market.Event{Kind: market.Delta, Seq: 3, PrevSeq: 2, Levels: steps(feed.MaxLevels + 1)})
	l.until("the best levels of a wide delta", best(feed.MaxLevels))
	if got := l.r.view(l.key).Epoch; got != epoch+1 {
		t.Errorf("epoch %d, want %d", got, epoch+1)
	}
	l.send(market.Event{Kind: market.Delta, Seq: 4, PrevSeq: 3, Levels: steps(1)})
	l.until("the next delta", func(v *book.View) bool { return v.Seq == 4 && v.State == book.Live })
}

// A topic with a lower limit than ours refuses a record: the others go on, and
// the book is written whole with its next event.
func TestPublishRefusedByTopic(t *testing.T) {
	c := brokertest.Connect(t, brokertest.Fake(t), nil)
	narrow := broker.Topic{
		Name: broker.BookTopic, Partitions: broker.BookPartitions, Config: map[string]string{"max.message.bytes": "20000"},
	}
	ctx := brokertest.Context(t, 20*time.Second)
	if err := c.EnsureTopics(ctx, narrow); err != nil {
		t.Fatal(err)
	}
	if err := c.EnsureTopics(ctx); err != nil {
		t.Fatal(err)
	}
	pub := feed.NewPublisher(c, feed.PublisherOptions{})
	l := &lone{&rig{t: t, c: c, pub: pub}, startReplica(t, c, feed.ConsumerOptions{}), newSource(0).key}
	l.send(market.Event{Kind: market.Snapshot, Seq: 1, Levels: steps(2)})
	for i := range uint64(200) { // queued before Run, so that they meet in one batch
		l.send(market.Event{Kind: market.Delta, Seq: 2 + i, PrevSeq: 1 + i, Levels: steps(2)})
	}
	l.send(market.Event{Kind: market.Delta, Seq: 202, PrevSeq: 201, Levels: steps(1000)})
	run(t, pub.Run)
	l.until("at the record before", func(v *book.View) bool { return v.Seq == 201 })
	brokertest.Eventually(t, 10*time.Second, "the refusal", func() bool { return pub.Stats().Refused == 1 })
	gone := steps(1000)[4:]
	for i := range gone {
		gone[i].Size = num(0)
	}
	l.send(market.Event{Kind: market.Delta, Seq: 203, PrevSeq: 202, Levels: gone})
	l.until("whole again", func(v *book.View) bool { return v.Seq == 203 && len(v.Bids) == 2 && v.State == book.Live })
}

// A replica can begin whatever it finds on the snapshot topic.
func TestReplicaOnOddSnapshots(t *testing.T) {
	fake := brokertest.Fake(t)
	g := newRig(t, fake, 3, feed.PublisherOptions{})
	g.deltas(20)
	g.drain()
	w := g.c.NewWriter(broker.Latency, g.c.Name(broker.BookSnapshotTopic))
	defer w.Close()
	gone := newSource(9).key.String()
	other := feed.Record{Key: g.sources[1].key, VerifiedDepth: -1, HasAt: true, At: feed.Position{Partition: 99}}
	other.Event = market.Event{Kind: market.Snapshot, Epoch: 1, Seq: 1}
	for _, m := range []kafka.Message{
		{Key: []byte(gone), Value: nil}, // a tombstone
		{Key: []byte(g.sources[0].key.String()), Value: []byte("{")},
		{Key: []byte(g.sources[1].key.String()), Value: other.Append(nil)},
		{Key: []byte(g.sources[2].key.String()), Value: make([]byte, 2<<20)[:1<<20-200]},
	} {
		if err := w.Write(brokertest.Context(t, 10*time.Second), m); err != nil {
			t.Fatal(err)
		}
	}
	fake.Cluster.Compact()
	r := startReplica(t, g.c, feed.ConsumerOptions{})
	brokertest.Eventually(t, 20*time.Second, "ready", r.Ready)
	g.equal(r)
	if st := r.Stats(); st.Refused[0] != 2 {
		t.Errorf("refused %v, want two of bad_json", st.Refused)
	}
}
