package ticks

import (
	"time"

	"chronos.dev/bench/meter"
	"chronos.dev/engine"
	"chronos.dev/feed"
	"chronos.dev/market"
)

// sink applies the records of one partition, as the server's does, and notes when
// each can be priced.
type sink struct {
	run     *run
	writer  *engine.Writer
	waiting []int64 // receive times of records since the last Flush
	updates int64
	lag     *meter.Times
}

func (r *run) sink(int) feed.Sink {
	s := &sink{run: r, writer: r.engine.Writer(), lag: meter.NewTimes()}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sinks = append(r.sinks, s)
	return s
}

// Apply implements feed.Sink.
func (s *sink) Apply(rec *feed.Record) {
	if begin := s.run.begin.Load(); begin != 0 && rec.Event.RecvTime >= begin {
		s.waiting = append(s.waiting, rec.Event.RecvTime)
		s.updates += int64(len(rec.Event.Levels))
	}
	_ = s.writer.Apply(rec.Key, &rec.Event) // a book that it breaks is not complete
}

// Lost implements feed.Sink.
func (s *sink) Lost(key market.Key, reason string, now int64) {
	if key == (market.Key{}) {
		s.writer.InvalidateAll(reason, now)
		return
	}
	s.writer.Invalidate(key, reason, now)
}

// Flush implements feed.Sink.
func (s *sink) Flush(now int64) {
	s.writer.Flush(now)
	if len(s.waiting) == 0 {
		return
	}
	at := time.Now().UnixNano()
	for _, recv := range s.waiting {
		s.lag.Add(time.Duration(at - recv))
	}
	s.run.applied.Add(s.updates)
	for old := s.run.last.Load(); at > old && !s.run.last.CompareAndSwap(old, at); old = s.run.last.Load() {
	}
	s.waiting, s.updates = s.waiting[:0], 0
}
