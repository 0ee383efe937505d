package broker

import (
	"context"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// What an Embedded no longer retains must go, or its directory grows for ever.
func TestEmbeddedRetention(t *testing.T) {
	e, err := StartEmbedded(0, t.TempDir()+"/kafka")
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	c, err := New(Options{Addrs: e.Addrs(), Role: "test", Node: "0"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	brief := Topic{"brief", 1, with("cleanup.policy", "delete", "retention.ms", "1")}
	latest := Topic{"latest", 1, with("cleanup.policy", "compact", "retention.ms", "-1")}
	if err := c.EnsureTopics(ctx, brief, latest); err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{c.Name("brief"), c.Name("latest")} {
		w := c.NewWriter(Latency, topic)
		for range 10 {
			if err := w.Write(ctx, kafka.Message{Key: []byte("k"), Value: []byte("v")}); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
	}
	time.Sleep(5 * time.Millisecond)
	e.cluster.ApplyRetention()
	e.cluster.Compact()
	if info := e.cluster.PartitionInfo(c.Name("brief"), 0); info.LogStartOffset == 0 {
		t.Error("retention dropped nothing")
	}
	l, err := c.OpenLog(ctx, c.Name("latest"), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	first, _, err := l.Bounds()
	if err != nil {
		t.Fatal(err)
	}
	b := l.Fetch(first, 50*time.Millisecond)
	buf, n := make([]byte, 16), 0
	for {
		if _, err := b.Read(buf); err != nil {
			break
		}
		n++
	}
	b.Close()
	if n == 0 || n >= 10 {
		t.Errorf("%d of 10 records of one key are left after compaction", n)
	}
}
