package feed

import (
	"context"
	"encoding/binary"
	"net"
	"runtime"
	"testing"
	"time"

	"chronos.dev/broker"
	"chronos.dev/broker/brokertest"
	"chronos.dev/internal/race"
	"chronos.dev/market"

	"github.com/segmentio/kafka-go"
)

// replay is a connection to a broker that gives the first answer to a Fetch again
// to every later one, without the broker: what remains is the reader's own cost.
type replay struct {
	net.Conn
	answer []byte // with its size and its request's number
	left   []byte // of it, still to be read
	asked  bool   // the answer is being recorded
}

const fetchAPI = 1

func (c *replay) Write(b []byte) (int, error) {
	if len(b) < 12 || binary.BigEndian.Uint16(b[4:]) != fetchAPI {
		return c.Conn.Write(b)
	}
	if !c.asked {
		c.asked = true
		return c.Conn.Write(b)
	}
	copy(c.answer[4:8], b[8:12])
	c.left = c.answer
	return len(b), nil
}

func (c *replay) Read(b []byte) (int, error) {
	if len(c.left) > 0 {
		n := copy(b, c.left)
		c.left = c.left[n:]
		return n, nil
	}
	n, err := c.Conn.Read(b)
	if c.asked {
		c.answer = append(c.answer, b[:n]...)
	}
	return n, err
}

// recorded returns a log whose every Fetch brings the same records.
func recorded(tb testing.TB, values [][]byte) *broker.Log {
	tb.Helper()
	ctx := brokertest.Context(tb, 20*time.Second)
	var d net.Dialer
	fake := brokertest.Fake(tb)
	plain := brokertest.Connect(tb, fake, nil)
	if err := plain.EnsureTopics(ctx, broker.Topic{Name: "one", Partitions: 1}); err != nil {
		tb.Fatal(err)
	}
	w := plain.NewWriter(broker.Throughput, plain.Name("one"))
	defer w.Close()
	msgs := make([]kafka.Message, len(values))
	for i, v := range values {
		msgs[i] = kafka.Message{Key: []byte("kraken|BTC-USD"), Value: v}
	}
	if err := w.Write(ctx, msgs...); err != nil {
		tb.Fatal(err)
	}
	c, err := broker.New(broker.Options{
		Addrs: fake.Addrs(), Role: "test",
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			nc, err := d.DialContext(ctx, network, address)
			return &replay{Conn: nc}, err
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	log, err := c.OpenLog(ctx, plain.Name("one"), 0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { log.Close() })
	return log
}

// counting is a Sink that keeps nothing.
type counting struct{ applied, flushed int }

func (c *counting) Apply(*Record)                  { c.applied++ }
func (c *counting) Lost(market.Key, string, int64) {}
func (c *counting) Flush(int64)                    { c.flushed++ }

// handlerOf is the Handler of the partition that sampleDelta belongs to.
func handlerOf(s Sink) Handler {
	c := &Consumer{opt: ConsumerOptions{Sink: func(int) Sink { return s }}, topic: "one"}
	return c.handler(broker.Partition([]byte("kraken|BTC-USD"), broker.BookPartitions))
}

// A fetch costs what kafka-go allocates for its request, however many records it
// brings: a record costs nothing.
func TestFetchDoesNotAllocate(t *testing.T) {
	few, fewBytes := fetchCost(t, 100)
	many, manyBytes := fetchCost(t, 2000)
	if race.On {
		t.Skip("the race detector allocates too")
	}
	t.Logf("a fetch of 100: %.1f allocations, %.0f B; of 2000: %.1f, %.0f B", few, fewBytes, many, manyBytes)
	if more := many - few; more > 19 { // one in a hundred: the fake broker allocates beside it
		t.Errorf("1900 records more cost %.1f allocations", more)
	}
	if more := manyBytes - fewBytes; more > 8*1900 { // the least that one allocation a record would be
		t.Errorf("1900 records more cost %.0f B", more)
	}
}

// fetchCost returns allocations and bytes of one fetch of n records, decoded.
func fetchCost(t *testing.T, n int) (allocs, bytes float64) {
	const rounds = 200
	log, s := recorded(t, repeated(n)), &counting{}
	h, f := handlerOf(s), &fetcher{}
	fetch := func() {
		f.next = 0
		if err := f.batch(log, h); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		fetch()
	}
	s.applied = 0
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		fetch()
	}
	runtime.ReadMemStats(&after)
	if s.applied != n*rounds {
		t.Fatalf("%d records applied, want %d", s.applied, n*rounds)
	}
	return float64(after.Mallocs-before.Mallocs) / rounds, float64(after.TotalAlloc-before.TotalAlloc) / rounds
}

func repeated(n int) [][]byte {
	values := make([][]byte, n)
	for i := range values {
		values[i] = []byte(sampleDelta)
	}
	return values
}

// BenchmarkFetch fetches and decodes 2000 records; a message is one of them.
func BenchmarkFetch(b *testing.B) {
	log, s := recorded(b, repeated(2000)), &counting{}
	h, f := handlerOf(s), &fetcher{}
	b.ReportAllocs()
	for b.Loop() {
		f.next = 0
		if err := f.batch(log, h); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(s.applied), "ns/message")
}
