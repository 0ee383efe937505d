package main

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"chronos.dev/api/admin"
	"chronos.dev/broker"
	"chronos.dev/engine"
	"chronos.dev/feed"
	"chronos.dev/market"
)

// sink applies the records of one partition.
type sink struct {
	w      *engine.Writer
	last   int64          // receive time of the last record since the last Flush, 0: none
	age    atomic.Int64   // of the last record when it was applied
	orders chan haltOrder // of an operator
}

// haltOrder takes a book out, or lets it in again where reason is empty.
type haltOrder struct {
	key    market.Key
	reason string
}

// maxOrders is how many orders may wait for the next Flush of a partition.
const maxOrders = 64

func newSink(w *engine.Writer) *sink {
	return &sink{w: w, orders: make(chan haltOrder, maxOrders)}
}

// Apply applies a record. A book that it breaks shows in the book's state.
func (s *sink) Apply(r *feed.Record) {
	s.last = max(s.last, r.Event.RecvTime)
	_ = s.w.Apply(r.Key, &r.Event)
}

// Lost takes a book out, or all of the partition.
func (s *sink) Lost(key market.Key, reason string, now int64) {
	reason = plain(reason)
	if key == (market.Key{}) {
		s.w.InvalidateAll(reason, now)
		return
	}
	s.w.Invalidate(key, reason, now)
}

// Flush does what an operator has ordered and publishes what changed.
func (s *sink) Flush(now int64) {
	for len(s.orders) > 0 {
		if o := <-s.orders; o.reason == "" {
			s.w.Resume(o.key, now)
		} else {
			_ = s.w.Halt(o.key, o.reason, now) // the market exists, see sinks.order
		}
	}
	if s.last != 0 {
		s.age.Store(max(now-s.last, 0))
		s.last = 0
	}
	s.w.Flush(now)
}

// sinks are the sinks of all partitions of a topic, as the consumer makes them
// and the admin listener shows them.
type sinks struct {
	engine   *engine.Engine
	letters  *feed.DeadLetters
	source   *source        // nil: others publish
	consumer *feed.Consumer // set before Run
	vaults   *vaults
	name     func(topic string) string // of a topic, in full

	mu  sync.Mutex
	all map[int]*sink
}

func (s *sinks) add(partition int) feed.Sink {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[int]*sink{}
	}
	one := newSink(s.engine.Writer())
	s.all[partition] = one
	return one
}

// Halt implements admin.Feeds.
func (s *sinks) Halt(key market.Key, reason string) error {
	return s.order(haltOrder{key, "halted by an operator: " + reason})
}

// Resume implements admin.Feeds.
func (s *sinks) Resume(key market.Key) error { return s.order(haltOrder{key: key}) }

func (s *sinks) order(o haltOrder) error {
	if !s.engine.Knows(o.key) {
		return fmt.Errorf("nobody trades %s: want a venue and a market of GET /v1/markets", o.key)
	}
	if s.vaults.order(o, time.Now().UnixNano()) {
		return nil
	}
	p := broker.Partition([]byte(o.key.String()), broker.BookPartitions)
	s.mu.Lock()
	one := s.all[p]
	s.mu.Unlock()
	if one == nil {
		return errors.New("the feed is not being read yet; try again")
	}
	select {
	case one.orders <- o:
		return nil
	default:
		return errors.New("too many orders wait; try again")
	}
}

// EachPartition implements admin.Feeds.
func (s *sinks) EachPartition(visit func(topic string, partition int, lag int64, age time.Duration)) {
	s.vaults.eachPartition(s.name, visit)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.consumer.Stats().Partitions {
		if one, ok := s.all[p.Partition]; ok {
			visit(s.name(broker.BookTopic), p.Partition, p.Lag, time.Duration(one.age.Load()))
		}
	}
}

// Counts implements admin.Feeds.
func (s *sinks) Counts() admin.FeedCounts {
	st := s.consumer.Stats()
	c := admin.FeedCounts{UnknownKeys: uint64(st.UnknownKeys)}
	for i, code := range feed.Codes {
		c.Refused = append(c.Refused, count(code, st.Refused[i]))
	}
	var sum feed.PartitionStats
	for _, p := range st.Partitions {
		sum.Skipped += p.Skipped
		sum.ShortBuffers += p.ShortBuffers
		sum.Redials += p.Redials
		sum.Stalls += p.Stalls
		sum.Resyncs += p.Resyncs
	}
	c.Incidents = []admin.Count{
		count("redial", sum.Redials), count("stall", sum.Stalls), count("resync", sum.Resyncs),
		count("skipped_record", sum.Skipped), count("short_buffer", sum.ShortBuffers),
	}
	c.DeadLetters = []admin.Count{
		count("written", s.letters.Sent()), count("dropped", s.letters.Dropped()),
	}
	s.vaults.counts(&c)
	if s.source != nil {
		c.Published, c.Queued, c.FrameErrors = s.source.counts()
	}
	return c
}

func count(label string, n int64) admin.Count { return admin.Count{Label: label, N: uint64(n)} }
