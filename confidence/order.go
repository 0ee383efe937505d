package confidence

import "time"

// Order turns observations in the order of their ends, as a replay comes to know
// them, into the order of their starts, as a Fitter and a Trial want them. It
// holds back what an observation of the longest horizon could still precede.
type Order struct {
	emit    func(*Observation) error
	queues  [][]Observation // one a horizon; each in the order of End and thus of At
	count   int
	last    int64 // End of the last observation
	longest int64
}

// NewOrder returns an Order that hands observations to emit, such as the Add of
// a Fitter, and stops at its first error.
func NewOrder(emit func(*Observation) error) *Order {
	hs := Horizons()
	return &Order{emit: emit, queues: make([][]Observation, len(hs)), longest: int64(hs[len(hs)-1])}
}

// Add takes the next observation. Observations come in the order of End. It fails
// with *ObservationError, ErrFull or the error of emit.
func (r *Order) Add(o *Observation) error {
	switch {
	case o.Bucket.Horizon() == 0:
		return &ObservationError{"horizon is not sampled"}
	case o.At <= 0 || o.At > maxTime:
		return &ObservationError{"time out of range"}
	case o.End() < r.last:
		return &ObservationError{"ended earlier than the one before"}
	}
	r.last = o.End()
	if err := r.upTo(r.last - r.longest); err != nil {
		return err
	}
	if r.count == maxPending {
		return ErrFull
	}
	q := &r.queues[o.Bucket.c[horizonDim]-firstClass]
	*q = append(*q, *o)
	r.count++
	return nil
}

// Finish hands on what was held back.
func (r *Order) Finish() error { return r.upTo(maxTime + int64(time.Hour)) }

// upTo hands on what started before now, the earliest first, on a tie the shorter
// horizon.
func (r *Order) upTo(now int64) error {
	for {
		first := -1
		for i, q := range r.queues {
			if len(q) > 0 && q[0].At < now && (first < 0 || q[0].At < r.queues[first][0].At) {
				first = i
			}
		}
		if first < 0 {
			return nil
		}
		o := r.queues[first][0]
		r.queues[first] = r.queues[first][1:]
		r.count--
		if err := r.emit(&o); err != nil {
			return err
		}
	}
}
