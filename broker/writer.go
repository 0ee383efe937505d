package broker

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// Profile is a set of writer settings.
type Profile uint8

// The zero Profile is Latency.
const (
	// Latency hands each record on at once and gives up after three attempts:
	// events, dead letters, commands.
	Latency Profile = iota
	// Throughput gathers records for 5 ms and tries ten times: books, replay.
	Throughput
)

// maxWrite is the longest that a Write can take with all its attempts, for a
// caller whose context has no deadline.
const maxWrite = 2 * time.Minute

// Writer writes to one topic, each record acknowledged by all in-sync replicas.
// It is safe for concurrent use. Order holds only between records of one
// partition that one goroutine writes one call after another.
type Writer struct {
	w    kafka.Writer
	life context.Context
	end  context.CancelFunc
	busy sync.RWMutex // read-locked by every Write
}

// Delivery tells where a record was written: put a *Delivery into the WriterData
// of a kafka.Message and read it after Write has returned nil.
type Delivery struct {
	Partition int
	Offset    int64
}

// ThroughputBatch is the most records of one request of the Throughput profile.
// kafka-go makes room for as many whenever it begins a request, 176 B each, so
// more is mostly garbage; a full batch goes at once.
const ThroughputBatch = 256

// NewWriter returns a writer for a topic, given by its full name. It is the only
// place that constructs one.
func (c *Cluster) NewWriter(p Profile, topic string) *Writer {
	life, end := context.WithCancel(c.life)
	w := &Writer{life: life, end: end}
	w.w = kafka.Writer{
		Addr:                   kafka.TCP(c.opt.Addrs...),
		Topic:                  topic,
		Balancer:               kafka.Murmur2Balancer{Consistent: true},
		RequiredAcks:           kafka.RequireAll,
		AllowAutoTopicCreation: false,
		Transport:              &lifeline{next: c.transport, life: life},
		Completion:             deliver,
	}
	if p == Throughput {
		w.w.BatchTimeout, w.w.BatchSize, w.w.BatchBytes = time.Millisecond, ThroughputBatch, MaxBatch
		w.w.MaxAttempts = 10
		w.w.ReadTimeout, w.w.WriteTimeout = 10*time.Second, 10*time.Second
		return w
	}
	w.w.BatchTimeout, w.w.BatchSize, w.w.BatchBytes = time.Millisecond, 100, 1<<20
	w.w.MaxAttempts = 3
	w.w.ReadTimeout, w.w.WriteTimeout = 5*time.Second, 5*time.Second
	return w
}

// Write writes records and waits until all are acknowledged. An error does not
// mean that nothing was written: after a lost acknowledgement or an ended
// context the outcome is unknown, and a repetition may write a record twice.
func (w *Writer) Write(ctx context.Context, msgs ...kafka.Message) error {
	ctx, cancel := bounded(ctx, maxWrite)
	defer cancel()
	defer context.AfterFunc(w.life, cancel)()
	w.busy.RLock()
	defer w.busy.RUnlock()
	if err := w.w.WriteMessages(ctx, msgs...); err != nil {
		return fmt.Errorf("broker: write to %s: %w", w.w.Topic, err)
	}
	return nil
}

// Close abandons what is being written and ends the writer's goroutines. kafka-go
// waits forever for a partition that a Write turns to after its Close, so Close
// lets every Write return first.
func (w *Writer) Close() error {
	w.end()
	w.busy.Lock()
	defer w.busy.Unlock()
	return w.w.Close()
}

func deliver(msgs []kafka.Message, err error) {
	if err != nil {
		return
	}
	for i := range msgs {
		if d, ok := msgs[i].WriterData.(*Delivery); ok {
			d.Partition, d.Offset = msgs[i].Partition, msgs[i].Offset
		}
	}
}

// lifeline ends requests with the writer they belong to. Without it kafka-go
// goes on trying to deliver for minutes after Close.
type lifeline struct {
	next kafka.RoundTripper
	life context.Context
}

func (l *lifeline) RoundTrip(
	ctx context.Context, a net.Addr, r kafka.Request,
) (kafka.Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.life, cancel)()
	return l.next.RoundTrip(ctx, a, r)
}
