package feed

import (
	"context"
	"sync"
	"sync/atomic"

	"chronos.dev/broker"
	"chronos.dev/market"

	"github.com/segmentio/kafka-go"
)

// maxOffers bounds the offers that wait to be written; more are dropped, for a
// later one says all that an earlier one did.
const maxOffers = 256

// OfferPublisher writes offers of treasury providers and reference prices without
// ever making their source wait. Run does the work; Offer and Reference work before
// it too. Any goroutine may call them.
type OfferPublisher struct {
	offers, references pipe
	written, dropped   atomic.Int64
}

// pipe is the way to one topic.
type pipe struct {
	writer *broker.Writer
	queue  chan kafka.Message
}

// NewOfferPublisher returns an OfferPublisher to c.
func NewOfferPublisher(c *broker.Cluster) *OfferPublisher {
	to := func(topic string) pipe {
		return pipe{c.NewWriter(broker.Latency, c.Name(topic)), make(chan kafka.Message, maxOffers)}
	}
	return &OfferPublisher{offers: to(broker.LiquidityTopic), references: to(broker.ReferenceTopic)}
}

// Offer queues an offer, or drops it if the queue is full.
func (p *OfferPublisher) Offer(o *market.Offer) {
	p.put(&p.offers, kafka.Message{Key: OfferKey(o.Key), Value: AppendOffer(nil, o)})
}

// Reference queues a reference price, or drops it if the queue is full.
func (p *OfferPublisher) Reference(r *market.Reference) {
	key := market.Key{Venue: r.Source, Pair: r.Pair}
	p.put(&p.references, kafka.Message{Key: keyBytes(key), Value: AppendReference(nil, r)})
}

func (p *OfferPublisher) put(to *pipe, m kafka.Message) {
	select {
	case to.queue <- m:
	default:
		p.dropped.Add(1)
	}
}

// Run writes until ctx ends, then closes the writers. What cannot be written is
// dropped: it may have ended before Kafka is back.
func (p *OfferPublisher) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, from := range []*pipe{&p.offers, &p.references} {
		wg.Go(func() {
			defer from.writer.Close()
			for {
				select {
				case <-ctx.Done():
					return
				case m := <-from.queue:
					p.write(ctx, from, m)
				}
			}
		})
	}
	wg.Wait()
}

// write writes a message and those that wait behind it.
func (p *OfferPublisher) write(ctx context.Context, from *pipe, m kafka.Message) {
	batch := []kafka.Message{m}
	for len(from.queue) > 0 && len(batch) < maxOffers {
		batch = append(batch, <-from.queue)
	}
	if err := from.writer.Write(ctx, batch...); err != nil {
		p.dropped.Add(int64(len(batch)))
		return
	}
	p.written.Add(int64(len(batch)))
}

// Written counts records that were acknowledged.
func (p *OfferPublisher) Written() int64 { return p.written.Load() }

// Dropped counts records that were lost: the queue was full, or Kafka refused.
func (p *OfferPublisher) Dropped() int64 { return p.dropped.Load() }
