package meter

import (
	"runtime"
	"time"
)

// asleep is how long before a moment a Pacer stops to sleep: a sleeping goroutine
// can be late by about a millisecond.
const asleep = 3 * time.Millisecond

// Pacer calls for something at a constant rate. The schedule is absolute: when one
// call was late, the next is not put off. It spins, and so wants a processor of
// its own.
type Pacer struct {
	begin time.Time
	rate  float64 // a second
}

// NewPacer returns a Pacer whose schedule begins at a time.
func NewPacer(begin time.Time, rate float64) *Pacer { return &Pacer{begin, rate} }

// At returns when call i is scheduled, counted from 0.
func (p *Pacer) At(i int64) time.Time {
	return p.begin.Add(time.Duration(float64(i) / p.rate * float64(time.Second)))
}

// Due returns how many calls are scheduled by a time.
func (p *Pacer) Due(at time.Time) int64 {
	if at.Before(p.begin) {
		return 0
	}
	return int64(at.Sub(p.begin).Seconds()*p.rate) + 1
}

// Wait spins until call i is scheduled and returns when that was, and the time.
func (p *Pacer) Wait(i int64) (scheduled, now time.Time) {
	scheduled = p.At(i)
	for now = time.Now(); now.Before(scheduled); now = time.Now() {
		if d := scheduled.Sub(now); d > 2*asleep {
			time.Sleep(d - asleep)
		}
	}
	return scheduled, now
}

// OneMore adds a processor to those that Go uses until the returned function is
// called: a Pacer takes one for itself, and what it measures should not be short
// of one for that.
func OneMore() (undo func()) {
	n := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(n + 1)
	return func() { runtime.GOMAXPROCS(n) }
}
