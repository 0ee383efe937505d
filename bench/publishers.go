package bench

import (
	"errors"
	"sync"
	"sync/atomic"
)

// table is a side of 100 levels as it is shown: what is given and what is got.
type table [100]pair

// publishers measures ways to show readers a table of which one level changes: what
// the engine does, a new copy behind a pointer that the collector frees, beside a
// pool of copies and a lock. One reader is there, and for publish/stall it stops
// inside a read.
func publishers(times int) ([]Figure, error) {
	var book table
	held, guarded := newPool[table](1), table{}
	var view atomic.Pointer[table]
	view.Store(new(table))
	var lock sync.RWMutex
	change := func(i int) { book[i%len(book)].size++ }
	pooled := func(times int) {
		for i := range times {
			change(i)
			*held.fill() = book
			held.publish()
		}
	}
	write := Duel("publish/snap", "100 levels, one changed, shown", times,
		Way{Do: pooled},
		Way{"a new copy behind atomic.Pointer", 1.0 / 8, func(times int) {
			for i := range times {
				change(i)
				c := new(table)
				*c = book
				view.Store(c)
			}
		}},
		Way{"a copy under RWMutex", 0, func(times int) {
			for i := range times {
				change(i)
				lock.Lock()
				guarded = book
				lock.Unlock()
			}
		}})
	sums := [3]int64{}
	read := Duel("publish/read", "the best two of 100 levels looked at, nothing new", 16*times,
		Way{Do: func(times int) {
			for range times {
				b := held.pin(0)
				sums[0] += b[0].size + b[1].size
			}
		}},
		Way{"behind atomic.Pointer", 4, func(times int) {
			for range times {
				b := view.Load()
				sums[1] += b[0].size + b[1].size
			}
		}},
		Way{"under RWMutex", 0, func(times int) {
			for range times {
				lock.RLock()
				sums[2] += guarded[0].size + guarded[1].size
				lock.RUnlock()
			}
		}})
	if sums[0] == 0 || sums[1] == 0 || sums[2] == 0 {
		return nil, errors.New("bench: a reader saw nothing of what was shown")
	}
	return []Figure{write, read, stalled(held, pooled, times)}, nil
}

// stalled measures the pool's writer with its reader inside a read, and
// without one. A writer that had to wait would not end at all.
func stalled(p *pool[table], write func(int), times int) Figure {
	return Duel("publish/stall", "100 levels shown, the reader inside a read", times,
		Way{Do: func(times int) {
			p.pin(0)
			write(times)
		}},
		Way{"nobody reading", 1.25, func(times int) {
			p.places[0].buffer.Store(0)
			write(times)
		}})
}
