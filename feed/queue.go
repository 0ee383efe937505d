package feed

import (
	"context"
	"errors"
	"sync"

	"chronos.dev/broker"
)

// Limits of the way to Kafka. A batch stays one request, which succeeds or fails
// as a whole: two requests could swap places when the first is repeated.
const (
	maxQueueItems = 4096
	maxQueueBytes = 4 << 20 // a partition; a single record is always taken
	maxBatchItems = broker.ThroughputBatch
	maxBatchBytes = 900 << 10 // below the usual limit of a topic
	itemOverhead  = 128       // what Kafka adds to a record, at most
)

var errFull = errors.New("feed: queue is full")

// noWait is the context of a write that happens now or never.
var noWait = func() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errFull)
	return ctx
}()

// item is a record on its way to one partition.
type item struct {
	stream   *stream
	value    []byte
	snapshot bool
	at       broker.Delivery
}

func (it *item) size() int { return len(it.value) + len(it.stream.name) + itemOverhead }

// queue holds records of one partition in order.
type queue struct {
	mu    sync.Mutex
	items []item
	bytes int
	ready chan struct{} // holds a token while there may be items
	space chan struct{} // holds a token while there may be space
}

func newQueue() *queue {
	return &queue{ready: make(chan struct{}, 1), space: make(chan struct{}, 1)}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (q *queue) full() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items) >= maxQueueItems || q.bytes >= maxQueueBytes
}

// put appends an item when there is space, or fails when ctx ends before.
func (q *queue) put(ctx context.Context, it item) error {
	for !q.tryPut(it) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-q.space:
		}
	}
	return nil
}

func (q *queue) tryPut(it item) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) > 0 && (len(q.items) >= maxQueueItems || q.bytes+it.size() > maxQueueBytes) {
		return false
	}
	q.items = append(q.items, it)
	q.bytes += it.size()
	signal(q.ready)
	if q.bytes < maxQueueBytes {
		signal(q.space) // for the next one that waits
	}
	return true
}

// take waits for items and returns as many as fit a batch; nil when ctx ends.
func (q *queue) take(ctx context.Context) []item {
	for {
		if batch := q.tryTake(); len(batch) > 0 {
			return batch
		}
		select {
		case <-ctx.Done():
			return nil
		case <-q.ready:
		}
	}
}

func (q *queue) tryTake() []item {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, bytes := 0, 0
	for n < len(q.items) && n < maxBatchItems {
		size := q.items[n].size()
		if n > 0 && bytes+size > maxBatchBytes {
			break
		}
		bytes += size
		n++
	}
	batch := append([]item(nil), q.items[:n]...)
	q.items = append(q.items[:0], q.items[n:]...)
	clear(q.items[len(q.items):cap(q.items)])
	q.bytes -= bytes
	signal(q.space)
	return batch
}

// latest holds the newest snapshot of each book that is not written yet.
type latest struct {
	mu    sync.Mutex
	items map[*stream]item
	ready chan struct{}
}

func newLatest() *latest {
	return &latest{items: make(map[*stream]item), ready: make(chan struct{}, 1)}
}

// put sets the snapshot of a book and reports whether one was waiting.
func (l *latest) put(it item) (replaced bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, replaced = l.items[it.stream]
	l.items[it.stream] = it
	signal(l.ready)
	return replaced
}

// take waits for snapshots and returns as many as fit a batch; nil when ctx ends.
func (l *latest) take(ctx context.Context) []item {
	for {
		if batch := l.tryTake(); len(batch) > 0 {
			return batch
		}
		select {
		case <-ctx.Done():
			return nil
		case <-l.ready:
		}
	}
}

func (l *latest) tryTake() (batch []item) {
	l.mu.Lock()
	defer l.mu.Unlock()
	bytes := 0
	for s, it := range l.items {
		if bytes += it.size(); len(batch) > 0 && bytes > maxBatchBytes {
			break
		}
		batch = append(batch, it)
		delete(l.items, s)
	}
	return batch
}
