package broker_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"chronos.dev/broker"
	"chronos.dev/broker/brokertest"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContractOnKfake(t *testing.T) { contract(t, brokertest.Fake(t)) }

// contract is what the rest of the program relies on, the same on every broker.
func contract(t *testing.T, b brokertest.Broker) {
	t.Run("topics are created once and checked", func(t *testing.T) { testTopics(t, b) })
	t.Run("records keep their order and tell their offset", func(t *testing.T) { testOrder(t, b) })
	t.Run("both clients choose the same partition", func(t *testing.T) { testPartitioner(t, b) })
	t.Run("a lone record is handed on at once", func(t *testing.T) { testHandOff(t, b) })
	t.Run("a lost answer repeats records and keeps their order", func(t *testing.T) { testLostAck(t, b) })
	t.Run("a hung broker costs no more than the deadline", func(t *testing.T) { testHung(t, b) })
	t.Run("too large a record is refused", func(t *testing.T) { testTooLarge(t, b) })
	t.Run("a killed broker comes back with its records", func(t *testing.T) { testRestart(t, b) })
}

func testTopics(t *testing.T, b brokertest.Broker) {
	c := brokertest.Connect(t, b, nil)
	ctx := brokertest.Context(t, 20*time.Second)
	var te *broker.TopicError
	if err := c.CheckTopics(ctx); !errors.As(err, &te) || te.Got != 0 {
		t.Fatalf("CheckTopics before EnsureTopics = %v; want a missing topic", err)
	}
	for range 2 {
		if err := c.EnsureTopics(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for _, topic := range broker.Topics() {
		parts, err := c.Partitions(ctx, c.Name(topic.Name))
		if err != nil || len(parts) != topic.Partitions {
			t.Errorf("Partitions(%s) = %d, %v; want %d", topic.Name, len(parts), err, topic.Partitions)
		}
	}
	other := broker.Topic{Name: broker.BookTopic, Partitions: 7}
	if err := c.EnsureTopics(ctx, other); !errors.As(err, &te) || te.Want != 7 || te.Got != 12 {
		t.Errorf("EnsureTopics with another count = %v; want a *TopicError of 7 and 12", err)
	}
	if _, err := c.Partitions(ctx, c.Name("absent")); !errors.Is(err, kafka.UnknownTopicOrPartition) {
		t.Errorf("Partitions of an absent topic = %v", err)
	}
	if _, err := c.OpenLog(ctx, c.Name(broker.BookTopic), 12); !errors.Is(err, kafka.UnknownTopicOrPartition) {
		t.Errorf("OpenLog of an absent partition = %v", err)
	}
}

// one makes a topic with one partition and returns its full name.
func one(t *testing.T, c *broker.Cluster) string {
	t.Helper()
	topic := broker.Topic{Name: "one", Partitions: 1}
	if err := c.EnsureTopics(brokertest.Context(t, 20*time.Second), topic); err != nil {
		t.Fatal(err)
	}
	return c.Name("one")
}

// values reads n values from the beginning of partition 0.
func values(t *testing.T, c *broker.Cluster, topic string, n int) []string {
	t.Helper()
	ctx := brokertest.Context(t, 20*time.Second)
	l, err := c.OpenLog(ctx, topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var got []string
	next, buf := int64(0), make([]byte, 1<<20)
	for len(got) < n && ctx.Err() == nil {
		batch := l.Fetch(next, 50*time.Millisecond)
		for {
			k, err := batch.Read(buf)
			if err != nil {
				break
			}
			if at := batch.Offset() - 1; at >= next {
				got, next = append(got, string(buf[:k])), at+1
			}
		}
		if err := batch.Close(); err != nil && !errors.Is(err, kafka.RequestTimedOut) {
			t.Fatal(err)
		}
	}
	return got
}

func testOrder(t *testing.T, b brokertest.Broker) {
	c := brokertest.Connect(t, b, nil)
	topic, ctx := one(t, c), brokertest.Context(t, 20*time.Second)
	w := c.NewWriter(broker.Throughput, topic)
	defer w.Close()
	for i := 0; i < 300; i += 100 {
		at := make([]broker.Delivery, 100)
		msgs := make([]kafka.Message, 100)
		for j := range msgs {
			msgs[j] = kafka.Message{Value: fmt.Append(nil, i+j), WriterData: &at[j]}
		}
		if err := w.Write(ctx, msgs...); err != nil {
			t.Fatal(err)
		}
		for j := range at {
			if at[j].Offset != int64(i+j) {
				t.Fatalf("delivery of record %d = %+v", i+j, at[j])
			}
		}
	}
	for i, v := range values(t, c, topic, 300) {
		if v != fmt.Sprint(i) {
			t.Fatalf("record %d holds %q", i, v)
		}
	}
	l, err := c.OpenLog(ctx, topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if first, end, err := l.Bounds(); first != 0 || end != 300 || err != nil {
		t.Errorf("Bounds() = %d, %d, %v; want 0, 300", first, end, err)
	}
}

func testPartitioner(t *testing.T, b brokertest.Broker) {
	c := brokertest.Connect(t, b, nil)
	ctx := brokertest.Context(t, 20*time.Second)
	if err := c.EnsureTopics(ctx, broker.Topic{Name: "keys", Partitions: 12}); err != nil {
		t.Fatal(err)
	}
	w := c.NewWriter(broker.Latency, c.Name("keys"))
	defer w.Close()
	java := brokertest.Client(t, b, kgo.DisableIdempotentWrite())
	for i := range 30 {
		key := fmt.Appendf(nil, "venue-%d|BTC-USD", i)
		var d broker.Delivery
		if err := w.Write(ctx, kafka.Message{Key: key, Value: key, WriterData: &d}); err != nil {
			t.Fatal(err)
		}
		r, err := java.ProduceSync(ctx, &kgo.Record{Topic: c.Name("keys"), Key: key, Value: key}).First()
		if err != nil {
			t.Fatal(err)
		}
		want := broker.Partition(key, 12)
		if d.Partition != want || int(r.Partition) != want {
			t.Errorf("key %s: ours %d, franz-go %d, Partition %d", key, d.Partition, r.Partition, want)
		}
	}
}

func testHandOff(t *testing.T, b brokertest.Broker) {
	c := brokertest.Connect(t, b, nil)
	topic, ctx := one(t, c), brokertest.Context(t, 20*time.Second)
	w := c.NewWriter(broker.Latency, topic)
	defer w.Close()
	best := time.Hour
	for range 20 {
		start := time.Now()
		if err := w.Write(ctx, kafka.Message{Value: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(start))
	}
	// kafka-go's own default waits a second for company.
	if best > 500*time.Millisecond {
		t.Errorf("the fastest of 20 lone writes took %s", best)
	}
	t.Logf("fastest lone write: %s", best)
}

func testLostAck(t *testing.T, b brokertest.Broker) {
	wire := new(brokertest.Wire)
	c := brokertest.Connect(t, b, wire)
	topic, ctx := one(t, c), brokertest.Context(t, 30*time.Second)
	w := c.NewWriter(broker.Throughput, topic)
	defer w.Close()
	for i := range 20 {
		if i%5 == 4 {
			wire.Lose(1)
		}
		for {
			err := w.Write(ctx, kafka.Message{Value: fmt.Append(nil, i)})
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				t.Fatal(err)
			}
		}
	}
	wire.Lose(0)
	l, err := c.OpenLog(ctx, topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, end, err := l.Bounds()
	l.Close()
	if err != nil {
		t.Fatal(err)
	}
	last := -1
	for _, v := range values(t, c, topic, int(end)) {
		var i int
		fmt.Sscan(v, &i)
		if i != last && i != last+1 {
			t.Fatalf("record %d follows %d", i, last)
		}
		last = i
	}
	if last != 19 {
		t.Errorf("the last record is %d, want 19", last)
	}
	t.Logf("20 records, %d in the log", end)
}

func testHung(t *testing.T, b brokertest.Broker) {
	wire := new(brokertest.Wire)
	c := brokertest.Connect(t, b, wire)
	topic := one(t, c)
	w := c.NewWriter(broker.Latency, topic)
	if err := w.Write(brokertest.Context(t, 10*time.Second), kafka.Message{Value: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	l, err := c.OpenLog(brokertest.Context(t, 10*time.Second), topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	wire.Hang()
	defer wire.Mend()
	within(t, 300*time.Millisecond, "Write", func() {
		err = w.Write(brokertest.Context(t, 200*time.Millisecond), kafka.Message{Value: []byte("y")})
	})
	if err == nil {
		t.Error("Write to a hung broker succeeded")
	}
	within(t, 2300*time.Millisecond, "Fetch", func() { err = l.Fetch(0, 100*time.Millisecond).Close() })
	if err == nil {
		t.Error("Fetch from a hung broker succeeded")
	}
	within(t, 400*time.Millisecond, "OpenLog", func() {
		_, err = c.OpenLog(brokertest.Context(t, 200*time.Millisecond), topic, 0)
	})
	within(t, time.Second, "Close", func() { w.Close(); c.Close() })
}

// within fails the test if f takes longer than d and the slack of a busy machine.
func within(t *testing.T, d time.Duration, what string, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if took := time.Since(start); took > d+2*time.Second {
		t.Errorf("%s took %s, want about %s", what, took, d)
	}
}

func testTooLarge(t *testing.T, b brokertest.Broker) {
	c := brokertest.Connect(t, b, nil)
	topic, ctx := one(t, c), brokertest.Context(t, 20*time.Second)
	w := c.NewWriter(broker.Latency, topic)
	defer w.Close()
	err := w.Write(ctx, kafka.Message{Value: make([]byte, 10<<20)})
	if err == nil {
		t.Error("a record of 10 MB was written")
	}
	if err := w.Write(ctx, kafka.Message{Value: []byte("small")}); err != nil {
		t.Errorf("the record after it: %v", err)
	}
}

func testRestart(t *testing.T, b brokertest.Broker) {
	c := brokertest.Connect(t, b, nil)
	topic, ctx := one(t, c), brokertest.Context(t, 60*time.Second)
	w := c.NewWriter(broker.Throughput, topic)
	defer w.Close()
	write := func(v string) {
		for {
			err := w.Write(ctx, kafka.Message{Value: []byte(v)})
			if err == nil {
				return
			}
			if ctx.Err() != nil {
				t.Fatal(err)
			}
		}
	}
	write("before")
	b.Kill()
	failed := w.Write(brokertest.Context(t, time.Second), kafka.Message{Value: []byte("during")})
	if failed == nil {
		t.Error("a write to a killed broker succeeded")
	}
	b.Restart()
	write("after")
	// What was under way when the broker died may be there too: its outcome is
	// unknown, its place is not.
	l, err := c.OpenLog(ctx, topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, end, err := l.Bounds()
	l.Close()
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Compact(values(t, c, topic, int(end)))
	if s := fmt.Sprint(got); s != "[before after]" && s != "[before during after]" {
		t.Errorf("the log holds %s", s)
	}
}
