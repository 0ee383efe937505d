package feed_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"sync"
	"testing"
	"time"

	"chronos.dev/broker"
	"chronos.dev/broker/brokertest"
	"chronos.dev/feed"
	"chronos.dev/market"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// What only kfake can do on demand.

func TestLeaderMove(t *testing.T) {
	fake := brokertest.Fake(t)
	g := newRig(t, fake, 20, feed.PublisherOptions{})
	r := startReplica(t, g.c, feed.ConsumerOptions{})
	brokertest.Eventually(t, 20*time.Second, "ready", r.Ready)
	for round := range 3 {
		g.deltas(10)
		for p := range int32(broker.BookPartitions) {
			topic := g.c.Name(broker.BookTopic)
			to := (fake.Cluster.LeaderFor(topic, p) + 1 + int32(round)%2) % 3
			if err := fake.Cluster.MoveTopicPartition(topic, p, to); err != nil {
				t.Fatal(err)
			}
		}
		g.deltas(10)
		g.equal(r)
	}
	if r.gaps() != 0 || len(r.losses()) != 0 {
		t.Errorf("%d gaps, losses %v", r.gaps(), r.losses())
	}
}

// collector is a Handler that notes what it was told.
type collector struct {
	mu      sync.Mutex
	values  []string
	skipped []string
	resets  []string
}

func (c *collector) Record(r *feed.RawRecord) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values = append(c.values, string(r.Value))
	return true
}

func (c *collector) Skipped(_ int64, _ []byte, code string, _ int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skipped = append(c.skipped, code)
}

func (c *collector) Reset(reason string, _ int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resets = append(c.resets, reason)
}

func (c *collector) Flush(int64) {}

// read returns the values so far.
func (c *collector) read() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.values)
}

// startReader reads a topic of one partition into a collector.
func startReader(t *testing.T, c *broker.Cluster, o feed.ReaderOptions) (*feed.Reader, *collector) {
	t.Helper()
	into := &collector{}
	o.Topic = c.Name("one")
	o.Handler = func(int) feed.Handler { return into }
	r := feed.NewReader(c, o)
	run(t, r.Run)
	return r, into
}

func oneTopic(t *testing.T, c *broker.Cluster) *broker.Writer {
	t.Helper()
	if err := c.EnsureTopics(brokertest.Context(t, 20*time.Second), broker.Topic{Name: "one", Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	w := c.NewWriter(broker.Latency, c.Name("one"))
	t.Cleanup(func() { w.Close() })
	return w
}

func write(t *testing.T, w *broker.Writer, values ...string) {
	t.Helper()
	for _, v := range values {
		if err := w.Write(brokertest.Context(t, 10*time.Second), kafka.Message{Value: []byte(v)}); err != nil {
			t.Fatal(err)
		}
	}
}

// A batch whose records make no sense is stepped over; the partition goes on.
func TestUnreadableBatch(t *testing.T) {
	bodies := []struct {
		name string
		body []byte
	}{
		{"a length beyond the batch", []byte{0xfe, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0, 0}},
		{"headers that are not there", []byte{20, 0, 0, 0, 1, 2, 'x', 0x20}},
		{"a negative number of headers", []byte{20, 0, 0, 0, 1, 2, 'x', 0x03}},
		{"noise", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
	}
	for _, tt := range bodies {
		t.Run(tt.name, func(t *testing.T) {
			fake := brokertest.Fake(t)
			c := brokertest.Connect(t, fake, nil)
			w := oneTopic(t, c)
			_, into := startReader(t, c, feed.ReaderOptions{})
			write(t, w, "a")
			if err := rawProduce(c, rawBatch(tt.body)); err != nil {
				t.Skipf("the broker refuses such a batch: %v", err)
			}
			write(t, w, "b", "c")
			brokertest.Eventually(t, 20*time.Second, "the records after it", func() bool {
				got := into.read()
				return len(got) > 0 && got[0] == "a" && slices.Equal(got[max(len(got)-2, 0):], []string{"b", "c"})
			})
		})
	}
}

// rawBatch is a batch of one record with any body.
func rawBatch(body []byte) []byte {
	b := make([]byte, 61, 61+len(body))
	binary.BigEndian.PutUint32(b[8:], uint32(61-12+len(body)))
	b[16] = 2 // magic
	now := uint64(time.Now().UnixMilli())
	binary.BigEndian.PutUint64(b[27:], now)
	binary.BigEndian.PutUint64(b[35:], now)
	binary.BigEndian.PutUint64(b[43:], 1<<64-1) // no producer id
	binary.BigEndian.PutUint16(b[51:], 1<<16-1)
	binary.BigEndian.PutUint32(b[53:], 1<<32-1)
	binary.BigEndian.PutUint32(b[57:], 1)
	b = append(b, body...)
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

func rawProduce(c *broker.Cluster, batch []byte) error {
	sized := binary.BigEndian.AppendUint32(nil, uint32(len(batch)))
	client := &kafka.Client{Addr: kafka.TCP(c.Addrs()...), Transport: &kafka.Transport{}}
	defer client.Transport.(*kafka.Transport).CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	res, err := client.RawProduce(ctx, &kafka.RawProduceRequest{
		Topic: c.Name("one"), Partition: 0, RequiredAcks: kafka.RequireAll,
		RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(append(sized, batch...))},
	})
	if err == nil && res.Error != nil {
		err = res.Error
	}
	return err
}

func TestReaderAtEnd(t *testing.T) {
	c := brokertest.Connect(t, brokertest.Fake(t), nil)
	w := oneTopic(t, c)
	write(t, w, "old")
	r, into := startReader(t, c, feed.ReaderOptions{AtEnd: true})
	brokertest.Eventually(t, 10*time.Second, "ready", r.Ready)
	write(t, w, "new")
	brokertest.Eventually(t, 10*time.Second, "the new record", func() bool { return len(into.read()) == 1 })
	if got := into.read(); got[0] != "new" {
		t.Errorf("read %q", got)
	}
}

// A reader that starts before its topic, or while a partition is added, finds
// them by itself.
func TestReaderFindsPartitions(t *testing.T) {
	fake := brokertest.Fake(t)
	c := brokertest.Connect(t, fake, nil)
	r, into := startReader(t, c, feed.ReaderOptions{Poll: 50 * time.Millisecond})
	time.Sleep(100 * time.Millisecond)
	if r.Ready() {
		t.Error("ready without a topic")
	}
	w := oneTopic(t, c)
	write(t, w, "a")
	brokertest.Eventually(t, 10*time.Second, "the record", func() bool { return len(into.read()) == 1 })
	if _, err := kafkaPartitions(c, fake.Addrs(), 3); err != nil {
		t.Fatal(err)
	}
	brokertest.Eventually(t, 10*time.Second, "three partitions", func() bool { return len(r.Stats()) == 3 && r.Ready() })
}

func kafkaPartitions(c *broker.Cluster, addrs []string, n int32) (*kafka.CreatePartitionsResponse, error) {
	tr := &kafka.Transport{}
	defer tr.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(addrs...), Transport: tr}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return client.CreatePartitions(ctx, &kafka.CreatePartitionsRequest{
		Topics: []kafka.TopicPartitionsConfig{{Name: c.Name("one"), Count: n}},
	})
}

// Letters that find no room are dropped, never waited for.
func TestDeadLettersDrop(t *testing.T) {
	wire := new(brokertest.Wire)
	c := brokertest.Connect(t, brokertest.Fake(t), wire)
	if err := c.EnsureTopics(brokertest.Context(t, 20*time.Second)); err != nil {
		t.Fatal(err)
	}
	d := feed.NewDeadLetters(c)
	run(t, d.Run)
	wire.Hang()
	start := time.Now()
	for i := range 1000 {
		d.Send(feed.DeadLetter{Code: feed.CodeBadJSON, Value: []byte("x"), Offset: int64(i)})
	}
	if took := time.Since(start); took > 5*time.Second { // a wait for the broker has no end
		t.Errorf("1000 letters took %s", took)
	}
	if d.Dropped() < 900 {
		t.Errorf("%d dropped of 1000", d.Dropped())
	}
	wire.Mend()
	brokertest.Eventually(t, 30*time.Second, "the rest to be sent", func() bool { return d.Sent()+d.Dropped() == 1000 })
}

// An event larger than a record may be is refused, and readers are told.
func TestPublishOversize(t *testing.T) {
	g := newRig(t, brokertest.Fake(t), 1, feed.PublisherOptions{MaxRecord: 1500})
	r := startReplica(t, g.c, feed.ConsumerOptions{})
	g.equal(r)
	s := g.sources[0]
	e := &market.Event{Kind: market.Delta, Seq: s.seq + 1, PrevSeq: s.seq}
	for range 5 {
		e.Levels = append(e.Levels, s.next(market.Snapshot).Levels...)
	}
	err := g.pub.Publish(brokertest.Context(t, time.Second), s.key.Venue, s.key.Pair, e)
	if re := (*feed.RecordError)(nil); !errors.As(err, &re) || re.Code != feed.CodeOversize {
		t.Errorf("Publish = %v", err)
	}
	brokertest.Eventually(t, 10*time.Second, "the book to wait", func() bool { return r.view(s.key).State != 1 })
	if st := g.pub.Stats(); st.Refused != 1 || st.Gaps != 1 {
		t.Errorf("stats %+v", st)
	}
}
