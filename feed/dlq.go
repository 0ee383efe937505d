package feed

import (
	"context"
	"strconv"
	"sync/atomic"

	"chronos.dev/broker"

	"github.com/segmentio/kafka-go"
)

// maxDeadLetters bounds the letters that wait to be written; more are dropped,
// since a flood of bad records must not slow the good ones.
const maxDeadLetters = 64

// DeadLetter is a record that was refused, and where it came from.
type DeadLetter struct {
	Code      string
	Key       []byte // nil if unknown
	Value     []byte // nil if it was too large to read
	Topic     string // full name
	Partition int
	Offset    int64
}

// DeadLetters writes refused records to the dead-letter topic, without ever
// making their reader wait. Run does the work; Send works before it too.
type DeadLetters struct {
	writer        *broker.Writer
	queue         chan kafka.Message
	sent, dropped atomic.Int64
}

// NewDeadLetters returns the dead-letter writer of c.
func NewDeadLetters(c *broker.Cluster) *DeadLetters {
	return &DeadLetters{
		writer: c.NewWriter(broker.Latency, c.Name(broker.FeedDLQTopic)),
		queue:  make(chan kafka.Message, maxDeadLetters),
	}
}

// maxLetter is the largest value that fits a letter with its headers.
const maxLetter = MaxRecord - 4096

// Send queues a copy of l, or drops it if the queue is full. A value that does
// not fit is left out: the letter says where it is.
func (d *DeadLetters) Send(l DeadLetter) {
	if len(l.Value) > maxLetter {
		l.Value = nil
	}
	if len(d.queue) == cap(d.queue) {
		d.dropped.Add(1)
		return
	}
	m := kafka.Message{
		Key:   append([]byte(nil), l.Key...),
		Value: append([]byte(nil), l.Value...),
		Headers: []kafka.Header{
			{Key: "x-error-code", Value: []byte(l.Code)},
			{Key: "x-attempts", Value: []byte("1")},
			{Key: "x-origin-topic", Value: []byte(l.Topic)},
			{Key: "x-origin-partition", Value: strconv.AppendInt(nil, int64(l.Partition), 10)},
			{Key: "x-origin-offset", Value: strconv.AppendInt(nil, l.Offset, 10)},
		},
	}
	select {
	case d.queue <- m:
	default:
		d.dropped.Add(1)
	}
}

// Run writes letters until ctx ends, then closes the writer. A letter that
// cannot be written is dropped.
func (d *DeadLetters) Run(ctx context.Context) {
	defer d.writer.Close()
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-d.queue:
			if err := d.writer.Write(ctx, m); err != nil {
				d.dropped.Add(1)
				continue
			}
			d.sent.Add(1)
		}
	}
}

// Sent counts letters that were acknowledged.
func (d *DeadLetters) Sent() int64 { return d.sent.Load() }

// Dropped counts letters that were lost: the queue was full, or Kafka refused.
func (d *DeadLetters) Dropped() int64 { return d.dropped.Load() }
