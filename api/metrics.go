package api

import (
	"sync/atomic"
	"time"
)

// metrics are counted by handlers and read by the admin listener. What every
// request counts is spread over shards by connection, so that cores do not fight
// for one cache line.
type metrics struct {
	shards     [metricShards]metricShard
	exactIn    histogram
	exactOut   histogram
	gaps       histogram // 10^-4 bps
	shed       atomic.Uint64
	shedQueue  atomic.Uint64
	turnedAway atomic.Uint64
	panics     atomic.Uint64
}

const (
	metricShards = 8
	maxRoutes    = 32
)

// codes are the statuses that answers have; the last stands for any other.
var codes = [...]int{200, 304, 400, 404, 405, 408, 411, 413, 415, 422, 429, 431, 500, 503, 0}

type metricShard struct {
	requests  [maxRoutes][len(codes)]atomic.Uint64
	durations [maxRoutes]histogram
	_         [64]byte
}

// Upper bounds of the buckets: nanoseconds, and 10^-4 bps.
var (
	durationBounds = [...]int64{
		50e3, 100e3, 250e3, 500e3, 1e6, 2500e3, 5e6, 10e6, 25e6, 50e6, 100e6, 250e6, 1e9, 5e9,
	}
	gapBounds = [...]int64{0, 1, 10, 100, 1e3, 1e4, 5e4, 10e4, 25e4, 50e4, 100e4, 200e4, 1e7, 1e8}
)

// histogram counts values by bucket; the last bucket has no bound.
type histogram struct {
	buckets [len(durationBounds) + 1]atomic.Uint64
	sum     atomic.Int64
}

func (h *histogram) observe(bounds *[len(durationBounds)]int64, v int64) {
	i := 0
	for i < len(bounds) && v > bounds[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.sum.Add(v)
}

func (m *metrics) request(shard, to, status int, took time.Duration) {
	sh := &m.shards[uint(shard)%metricShards]
	code := 0
	for code < len(codes)-1 && codes[code] != status {
		code++
	}
	sh.requests[to][code].Add(1)
	sh.durations[to].observe(&durationBounds, int64(took))
}

func (m *metrics) compute(exactOut bool, took time.Duration) {
	if exactOut {
		m.exactOut.observe(&durationBounds, int64(took))
		return
	}
	m.exactIn.observe(&durationBounds, int64(took))
}

// gap counts the gap of an answer, 10^-4 bps; below zero it says nothing.
func (m *metrics) gap(v int64) {
	if v >= 0 {
		m.gaps.observe(&gapBounds, min(v, 1e12))
	}
}

// Histogram is what a histogram has counted: Buckets[i] values at or below
// Bounds[i] and above the bound before; one bucket more than bounds.
type Histogram = struct {
	Bounds  []float64
	Buckets []uint64
	Sum     float64
}

func (h *histogram) add(to *Histogram) {
	for i := range h.buckets {
		to.Buckets[i] += h.buckets[i].Load()
	}
	to.Sum += float64(h.sum.Load())
}

// empty returns a Histogram in units of unit.
func empty(bounds []int64, unit float64) Histogram {
	h := Histogram{Buckets: make([]uint64, len(bounds)+1)}
	for _, b := range bounds {
		h.Bounds = append(h.Bounds, float64(b)/unit)
	}
	return h
}

const (
	perSecond = 1e9
	perBps    = 1e4
)

// EachRequest calls visit with the number of answers by route and status; other
// is 0.
func (s *Server) EachRequest(visit func(route string, code int, n uint64)) {
	for to := range resources {
		for c, code := range codes {
			n := uint64(0)
			for i := range s.metrics.shards {
				n += s.metrics.shards[i].requests[to][c].Load()
			}
			if n > 0 {
				visit(resources[to].path, code, n)
			}
		}
	}
}

// EachDuration calls visit with the durations of requests in seconds by route.
func (s *Server) EachDuration(visit func(route string, h Histogram)) {
	for to := range resources {
		h := empty(durationBounds[:], perSecond)
		for i := range s.metrics.shards {
			s.metrics.shards[i].durations[to].add(&h)
		}
		h.Sum /= perSecond
		visit(resources[to].path, h)
	}
}

// EachCompute calls visit with the durations of price computations in seconds,
// by kind: exact_in or exact_out.
func (s *Server) EachCompute(visit func(kind string, h Histogram)) {
	in, out := empty(durationBounds[:], perSecond), empty(durationBounds[:], perSecond)
	s.metrics.exactIn.add(&in)
	s.metrics.exactOut.add(&out)
	in.Sum /= perSecond
	out.Sum /= perSecond
	visit("exact_in", in)
	visit("exact_out", out)
}

// Gaps returns the gaps of answers in basis points.
func (s *Server) Gaps() Histogram {
	h := empty(gapBounds[:], perBps)
	s.metrics.gaps.add(&h)
	h.Sum /= perBps
	return h
}

// EachShed calls visit with the number of requests that were turned away to
// protect the others, and of panics, by reason.
func (s *Server) EachShed(visit func(reason string, n uint64)) {
	visit("concurrency", s.metrics.shed.Load())
	visit("queue", s.metrics.shedQueue.Load())
	visit("connections", s.metrics.turnedAway.Load())
}

// Panics returns how many requests ended in a panic of ours.
func (s *Server) Panics() uint64 { return s.metrics.panics.Load() }
