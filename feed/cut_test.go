package feed_test

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"chronos.dev/broker"
	"chronos.dev/broker/brokertest"
	"chronos.dev/feed"

	"github.com/segmentio/kafka-go"
)

// scissors end each connection after some bytes of the broker, which grow with
// every cut, so that answers end anywhere: in a size, a header, a key or a value.
type scissors struct {
	step int64
	cuts atomic.Int64
}

type cutConn struct {
	net.Conn
	by   *scissors
	left int64
}

func (s *scissors) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &cutConn{nc, s, 700 + s.step*s.cuts.Load()}, nil
}

func (c *cutConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b[:min(int64(len(b)), c.left)])
	if c.left -= int64(n); c.left == 0 {
		c.by.cuts.Add(1)
		c.Conn.Close()
	}
	return n, err
}

// Wherever an answer is cut off, each record is handed on once and in order.
func TestCutInABatch(t *testing.T) {
	fake := brokertest.Fake(t)
	plain := brokertest.Connect(t, fake, nil)
	w := oneTopic(t, plain)
	const n = 300
	msgs := make([]kafka.Message, n)
	for i := range msgs {
		msgs[i].Value = fmt.Appendf(nil, "%d", i)
	}
	for at := 0; at < n; at += 50 {
		if err := w.Write(brokertest.Context(t, 10*time.Second), msgs[at:at+50]...); err != nil {
			t.Fatal(err)
		}
	}
	s := &scissors{step: 137}
	c, err := broker.New(broker.Options{
		Addrs: fake.Addrs(), Role: "test", Prefix: plain.Name(""), Dial: s.dial,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	_, into := startReader(t, c, feed.ReaderOptions{})
	brokertest.Eventually(t, 60*time.Second, "all records", func() bool { return len(into.read()) >= n })
	if s.cuts.Load() < 3 {
		t.Errorf("only %d cuts", s.cuts.Load())
	}
	for i, v := range into.read() {
		if v != fmt.Sprint(i) {
			t.Fatalf("record %d is %s; %d cuts", i, v, s.cuts.Load())
		}
	}
	into.mu.Lock()
	defer into.mu.Unlock()
	if len(into.skipped) != 0 || len(into.resets) != 0 {
		t.Errorf("skipped %v, resets %v", into.skipped, into.resets)
	}
	t.Logf("%d cuts", s.cuts.Load())
}

// Books go through Kafka in the binary form as in the other, also to a reader that
// begins with snapshots.
func TestBinaryBooks(t *testing.T) {
	o := feed.PublisherOptions{Binary: true, SnapshotEvery: 100 * time.Millisecond, Keepalive: 20 * time.Millisecond}
	g := newRig(t, brokertest.Fake(t), 10, o)
	r := startReplica(t, g.c, feed.ConsumerOptions{})
	g.deltas(50)
	g.equal(r)
	late := startReplica(t, g.reader(), feed.ConsumerOptions{})
	g.deltas(10)
	g.equal(late)
	if n := r.gaps() + len(r.losses()) + late.gaps() + len(late.losses()); n != 0 {
		t.Errorf("%d gaps and losses", n)
	}
	for i, n := range r.Stats().Refused {
		if n != 0 {
			t.Errorf("%d records refused as %s", n, feed.Codes[i])
		}
	}
}
