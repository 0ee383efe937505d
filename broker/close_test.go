package broker_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"chronos.dev/broker"

	"github.com/segmentio/kafka-go"
)

// Close ends also while first writes to many partitions begin. kafka-go by itself
// waits forever for a partition that turns up after it has closed the others.
func TestCloseBesideFirstWrites(t *testing.T) {
	e, err := broker.StartEmbedded(0, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	c, err := broker.New(broker.Options{Addrs: e.Addrs(), Role: "test", Node: "0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.EnsureTopics(t.Context()); err != nil {
		t.Fatal(err)
	}
	for round := range 300 {
		w := c.NewWriter(broker.Throughput, c.Name(broker.BookTopic))
		var group sync.WaitGroup
		for i := range 12 {
			group.Go(func() {
				m := kafka.Message{Key: fmt.Appendf(nil, "key %d", i), Value: []byte("{}")}
				_ = w.Write(t.Context(), m) // whether it was in time is not the question
			})
		}
		time.Sleep(time.Duration(round%30) * 20 * time.Microsecond)
		done := make(chan struct{})
		go func() { defer close(done); _ = w.Close(); group.Wait() }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatalf("round %d: Close hangs", round)
		}
	}
}
