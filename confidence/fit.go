package confidence

import "time"

// maxPending is how many observations may wait for their horizon to end: a
// thousand a second for two minutes.
const maxPending = 1 << 17

// Fitter learns from a stream of observations as a service would have: a margin
// is chosen from what was known at that moment, and an outcome counts only once
// its horizon is over.
type Fitter struct {
	table  *Table
	queues [][]pending // one a horizon; each in the order of At and thus of End
	count  int
	last   int64                                           // At of the last observation
	judge  func(target int, margin Change, o *Observation) // told of every margin of the exact bucket; may be nil
}

// pending is an observation whose outcome is not known yet, and the margins that
// were chosen for it, negative where there was none.
type pending struct {
	o       Observation
	margins [steps][MaxTargets]Change
}

// NewFitter returns a fitter that teaches t.
func NewFitter(t *Table) *Fitter {
	return &Fitter{table: t, queues: make([][]pending, len(Horizons()))}
}

// Add takes the next observation. Observations come in the order of At. It fails
// with *ObservationError or ErrFull.
func (f *Fitter) Add(o *Observation) error {
	if err := f.table.check(o); err != nil {
		return err
	}
	if o.At < f.last {
		return &ObservationError{"earlier than the one before"}
	}
	if err := f.upTo(o.At); err != nil {
		return err
	}
	if f.count == maxPending {
		return ErrFull
	}
	f.last = o.At
	p := pending{o: *o}
	for step := range steps {
		w := f.table.windows[o.Bucket.Coarser(step)]
		for i := range f.table.opts.Targets {
			p.margins[step][i] = -1
			if w != nil && len(w.sorted) >= MinSamples {
				p.margins[step][i] = w.alphas[i].margin(w.sorted)
			}
		}
	}
	q := &f.queues[o.Bucket.c[horizonDim]-firstClass]
	*q = append(*q, p)
	f.count++
	return nil
}

// Finish waits for all horizons, publishes, and returns the table.
func (f *Fitter) Finish() (*Table, error) {
	if err := f.upTo(maxTime + int64(time.Hour)); err != nil {
		return nil, err
	}
	f.table.Publish()
	return f.table, nil
}

// upTo learns every outcome that is known at now, the earliest first, on a tie
// the shorter horizon.
func (f *Fitter) upTo(now int64) error {
	for {
		first := -1
		for i, q := range f.queues {
			if len(q) > 0 && q[0].o.End() <= now && (first < 0 || q[0].o.End() < f.queues[first][0].o.End()) {
				first = i
			}
		}
		if first < 0 {
			return nil
		}
		p := f.queues[first][0]
		f.queues[first] = f.queues[first][1:]
		f.count--
		if err := f.learn(&p); err != nil {
			return err
		}
	}
}

func (f *Fitter) learn(p *pending) error {
	for step := range steps {
		for i, target := range f.table.opts.Targets {
			m := p.margins[step][i]
			if m < 0 {
				continue
			}
			f.table.Resolve(p.o.Bucket.Coarser(step), target, m, p.o.Change)
			if step == 0 && f.judge != nil {
				f.judge(i, m, &p.o)
			}
		}
	}
	return f.table.Learn(&p.o)
}

// SplitTime returns the moment that parts a stream from first to last, Unix
// nanoseconds, into what is fitted and what is tested: the last UTC midnight
// that leaves at least three tenths of it to the test, and true; where there is
// none in the second half of the stream, seven tenths, and false.
func SplitTime(first, last int64) (at int64, days bool) {
	const day = int64(24 * time.Hour)
	length := max(0, last-first)
	at = first + length/10*7
	if midnight := at / day * day; midnight >= first+length/2 && midnight > first {
		return midnight, true
	}
	return at, false
}
