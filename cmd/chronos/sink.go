package main

import (
	"sync"
	"sync/atomic"
	"time"

	"chronos.dev/engine"
	"chronos.dev/feed"
	"chronos.dev/market"
)

// sink applies the records of one partition.
type sink struct {
	w    *engine.Writer
	last int64        // receive time of the last record since the last Flush, 0: none
	age  atomic.Int64 // of the last record when it was applied
}

// Apply applies a record. A book that it breaks shows in the book's state.
func (s *sink) Apply(r *feed.Record) {
	s.last = r.Event.RecvTime
	_ = s.w.Apply(r.Key, &r.Event)
}

// Lost takes a book out, or all of the partition.
func (s *sink) Lost(key market.Key, reason string, now int64) {
	if key == (market.Key{}) {
		s.w.InvalidateAll(reason, now)
		return
	}
	s.w.Invalidate(key, reason, now)
}

// Flush publishes what changed.
func (s *sink) Flush(now int64) {
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
	topic    string
	consumer *feed.Consumer // set before Run

	mu  sync.Mutex
	all map[int]*sink
}

func (s *sinks) add(partition int) feed.Sink {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[int]*sink{}
	}
	one := &sink{w: s.engine.Writer()}
	s.all[partition] = one
	return one
}

// EachPartition visits every partition that is read.
func (s *sinks) EachPartition(visit func(topic string, partition int, lag int64, age time.Duration)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.consumer.Stats().Partitions {
		if one, ok := s.all[p.Partition]; ok {
			visit(s.topic, p.Partition, p.Lag, time.Duration(one.age.Load()))
		}
	}
}
