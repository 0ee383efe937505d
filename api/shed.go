package api

import (
	goruntime "runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

// enter takes one of the places for work that costs more than reading a few
// fields, without waiting; false means that the answer, overloaded, is written.
// A queue would only make everybody late: who is told at once can go elsewhere.
func (s *Server) enter(r *request) bool {
	if s.queue.sheds(r.start) {
		s.metrics.shedQueue.Add(1)
	} else if s.busy.Add(1) <= int64(s.opts.InFlight) {
		return true
	} else {
		s.busy.Add(-1)
		s.metrics.shed.Add(1)
	}
	r.turnAway("overloaded")
	return false
}

func (s *Server) leave() { s.busy.Add(-1) }

// A request that has come waits for a processor before anybody sees it: places
// bound what is under way, not what waits. So it is looked at how long goroutines
// have waited for a processor lately. Where the median of two periods in a row is
// above Options.QueueWait a queue stands, and ever more requests are turned away,
// which costs less than to answer them; afterwards ever fewer.
const (
	queuePeriod = 100 * time.Millisecond
	queueForget = time.Second // after that long nothing is known of the queue
	shareOne    = 1 << 10     // all requests
	shareMost   = shareOne - shareOne/32
	waitsMetric = "/sched/latencies:seconds"
)

// queue decides how many requests are turned away because others wait.
type queue struct {
	limit float64 // seconds; below zero: none is turned away

	share atomic.Uint32 // of shareOne requests
	turn  atomic.Uint32
	due   atomic.Int64 // when it is looked at again, Unix nanoseconds

	mu     sync.Mutex // guards the rest
	sample [1]goruntime.Sample
	before []uint64 // counts of the last look
	last   float64  // median that it had
}

// sheds reports whether a request at now is to be turned away. Whoever comes first
// after a period looks at the queue.
func (q *queue) sheds(now time.Time) bool {
	if q.limit < 0 {
		return false
	}
	at := now.UnixNano()
	if due := q.due.Load(); at >= due && q.due.CompareAndSwap(due, at+int64(queuePeriod)) {
		q.look(at > due+int64(queueForget))
	}
	share := q.share.Load()
	return share > 0 && q.turn.Add(shareOne*5/8+1)%shareOne < share
}

// look sets the share by the waits since the last look, if that is not long ago.
func (q *queue) look(forget bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sample[0].Name = waitsMetric
	goruntime.Read(q.sample[:])
	if q.sample[0].Value.Kind() != goruntime.KindFloat64Histogram {
		return // a Go that does not count them
	}
	h := q.sample[0].Value.Float64Histogram()
	if len(q.before) != len(h.Counts) {
		q.before, forget = make([]uint64, len(h.Counts)), true
	}
	wait := median(h, q.before)
	copy(q.before, h.Counts)
	if forget {
		wait = 0
		q.share.Store(0)
	}
	q.share.Store(nextShare(q.share.Load(), min(wait, q.last) > q.limit))
	q.last = wait
}

// nextShare is the share after a period in which a queue stood, or not.
func nextShare(share uint32, stands bool) uint32 {
	if stands {
		return min(share+(shareOne-share)/2, shareMost)
	}
	if share < shareOne/64 {
		return 0
	}
	return share / 2
}

// median is the lower bound of the bucket that holds the median of what h has more
// than before; 0 if nothing.
func median(h *goruntime.Float64Histogram, before []uint64) float64 {
	total := uint64(0)
	for i, n := range h.Counts {
		total += n - before[i]
	}
	sum := uint64(0)
	for i, n := range h.Counts {
		if sum += n - before[i]; 2*sum > total {
			return max(h.Buckets[i], 0)
		}
	}
	return 0
}
