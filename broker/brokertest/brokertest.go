// Package brokertest starts brokers for tests: kfake in this process, and a real
// Apache Kafka from its Maven artefacts.
//
// A test suite is written once against Broker and run on both: kfake can do what
// no real broker does on demand, Apache Kafka is the judge.
package brokertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chronos.dev/broker"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Broker is a Kafka that can die.
type Broker interface {
	Addrs() []string
	// Kill ends the broker as abruptly as it can be done.
	Kill()
	// Restart starts it again with the same ports and data and waits until it
	// answers.
	Restart()
}

// FakeBroker is a kfake of three nodes with its data on disk.
type FakeBroker struct {
	Cluster *kfake.Cluster
	tb      testing.TB
	dir     string
	ports   []int
	addrs   []string
}

// Fake starts a FakeBroker that ends with the test.
func Fake(tb testing.TB) *FakeBroker {
	tb.Helper()
	b := &FakeBroker{tb: tb, dir: tb.TempDir(), ports: []int{0, 0, 0}}
	b.Restart()
	tb.Cleanup(func() { b.Cluster.Close() })
	b.ports = b.ports[:0]
	for _, a := range b.addrs {
		var port int
		fmt.Sscanf(a[strings.LastIndexByte(a, ':')+1:], "%d", &port)
		b.ports = append(b.ports, port)
	}
	return b
}

// Addrs returns the bootstrap addresses.
func (b *FakeBroker) Addrs() []string { return b.addrs }

// Kill closes the broker; kfake has no harder end.
func (b *FakeBroker) Kill() { b.Cluster.Close() }

// Restart starts the broker on the same ports and directory.
func (b *FakeBroker) Restart() {
	b.tb.Helper()
	var err error
	for range 50 {
		b.Cluster, err = kfake.NewCluster(
			kfake.Ports(b.ports...), kfake.DataDir(b.dir), kfake.SyncWrites())
		if err == nil {
			b.addrs = b.Cluster.ListenAddrs()
			return
		}
		time.Sleep(20 * time.Millisecond) // the ports may still be closing
	}
	b.tb.Fatalf("restart kfake: %v", err)
}

var prefixes atomic.Int64

// Connect returns a Cluster for b with topics of its own, which ends with the
// test. A nil wire is a plain one.
func Connect(tb testing.TB, b Broker, w *Wire) *broker.Cluster {
	tb.Helper()
	o := broker.Options{
		Addrs: b.Addrs(), Role: "test", Node: "0",
		Prefix: fmt.Sprintf("t%d-%d.", time.Now().UnixNano(), prefixes.Add(1)),
	}
	if w != nil {
		o.Dial = w.Dial
	}
	c, err := broker.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return c
}

// Context returns a context that ends with the test or after d.
func Context(tb testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	tb.Cleanup(cancel)
	return ctx
}

// Eventually polls until ok returns true and fails the test after d.
func Eventually(tb testing.TB, d time.Duration, what string, ok func() bool) {
	tb.Helper()
	for end := time.Now().Add(d); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("waited %s for: %s", d, what)
		}
	}
}

// Client returns a franz-go client, the second opinion of the tests.
func Client(tb testing.TB, b Broker, opts ...kgo.Opt) *kgo.Client {
	tb.Helper()
	opts = append([]kgo.Opt{kgo.SeedBrokers(b.Addrs()...)}, opts...)
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(cl.Close)
	return cl
}

// DeleteRecords drops what a partition holds below offset; -1 means all.
func DeleteRecords(tb testing.TB, b Broker, topic string, partition int32, offset int64) {
	tb.Helper()
	cl := Client(tb, b)
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.TimeoutMillis = 5000
	req.Topics = []kmsg.DeleteRecordsRequestTopic{{
		Topic:      topic,
		Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Partition: partition, Offset: offset}},
	}}
	res, err := req.RequestWith(Context(tb, 10*time.Second), cl)
	if err != nil {
		tb.Fatalf("delete records: %v", err)
	}
	if code := res.Topics[0].Partitions[0].ErrorCode; code != 0 {
		tb.Fatalf("delete records: code %d", code)
	}
}

// DeleteTopic deletes a topic and waits until it is gone.
func DeleteTopic(tb testing.TB, b Broker, topic string) {
	tb.Helper()
	cl := Client(tb, b)
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.TimeoutMillis = 5000
	req.TopicNames = []string{topic}
	req.Topics = []kmsg.DeleteTopicsRequestTopic{{Topic: &topic}}
	if _, err := req.RequestWith(Context(tb, 10*time.Second), cl); err != nil {
		tb.Fatalf("delete topic: %v", err)
	}
	Eventually(tb, 10*time.Second, "the topic to be gone", func() bool {
		m := kmsg.NewPtrMetadataRequest()
		m.Topics = []kmsg.MetadataRequestTopic{{Topic: &topic}}
		res, err := m.RequestWith(Context(tb, 5*time.Second), cl)
		return err == nil && len(res.Topics) == 1 && res.Topics[0].ErrorCode == 3
	})
}

// errCut is what a cut wire returns.
var errCut = errors.New("brokertest: the wire was cut")
