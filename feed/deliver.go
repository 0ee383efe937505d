package feed

import (
	"context"
	"errors"

	"chronos.dev/broker"

	"github.com/segmentio/kafka-go"
)

// sendBooks writes one partition, a batch after the other.
func (p *Publisher) sendBooks(ctx context.Context, q *queue) {
	for batch := q.take(ctx); batch != nil; batch = q.take(ctx) {
		p.deliver(ctx, p.writer, batch, p.bookWritten)
	}
}

// sendSnapshots writes the snapshot topic. It has a goroutine of its own, so
// that an outage of one topic does not hold up the other.
func (p *Publisher) sendSnapshots(ctx context.Context) {
	w := p.cluster.NewWriter(broker.Throughput, p.cluster.Name(broker.BookSnapshotTopic))
	defer w.Close()
	for batch := p.snapshots.take(ctx); batch != nil; batch = p.snapshots.take(ctx) {
		p.deliver(ctx, w, batch, func(*item) { p.snapshotted.Add(1) })
	}
}

// bookWritten passes a snapshot on to the snapshot topic, with its place.
func (p *Publisher) bookWritten(it *item) {
	p.written.Add(1)
	if !it.snapshot {
		return
	}
	p.pending.Add(1)
	if p.snapshots.put(item{stream: it.stream, value: withAt(it.value, Position(it.at))}) {
		p.pending.Add(-1) // it replaced one that waited
	}
}

// deliver writes a batch, again and again, until it is acknowledged, ctx ends,
// or it turns out to be too large; then its halves are tried.
func (p *Publisher) deliver(
	ctx context.Context, w *broker.Writer, batch []item, written func(*item),
) {
	err := p.insist(ctx, w, messages(batch))
	switch {
	case err == nil:
		for i := range batch {
			written(&batch[i])
		}
		p.pending.Add(-int64(len(batch)))
	case ctx.Err() != nil:
	case len(batch) > 1:
		p.deliver(ctx, w, batch[:len(batch)/2], written)
		p.deliver(ctx, w, batch[len(batch)/2:], written)
	default:
		p.opt.Log.Error("record refused", "book", batch[0].stream.key.String(), "err", err)
		p.refused.Add(1)
		p.pending.Add(-1)
		// The stream's lock may be held by somebody who waits for this queue.
		batch[0].stream.lost.Store(true)
	}
}

func messages(batch []item) []kafka.Message {
	msgs := make([]kafka.Message, len(batch))
	for i := range batch {
		msgs[i] = kafka.Message{
			Key: batch[i].stream.name, Value: batch[i].value, WriterData: &batch[i].at,
		}
	}
	return msgs
}

func (p *Publisher) insist(ctx context.Context, w *broker.Writer, msgs []kafka.Message) error {
	back := backoff{}
	for {
		err := w.Write(ctx, msgs...)
		if err == nil || ctx.Err() != nil || tooLarge(err) {
			return err
		}
		p.retries.Add(1)
		if !sleep(ctx, back.next()) {
			return err
		}
	}
}

// tooLarge reports that a batch is above a limit of the writer or the topic.
func tooLarge(err error) bool {
	var one kafka.MessageTooLargeError
	if errors.As(err, &one) || errors.Is(err, kafka.MessageSizeTooLarge) {
		return true
	}
	var all kafka.WriteErrors
	if errors.As(err, &all) {
		for _, e := range all {
			if errors.Is(e, kafka.MessageSizeTooLarge) || errors.Is(e, kafka.RecordListTooLarge) {
				return true
			}
		}
	}
	return false
}
