package flow

import "slices"

// table finds the side of a pair. It never forgets one: a pair costs a few words and
// what was merged of it last.
type table struct {
	slots []slot // a power of two of them, at most half in use
	n     int

	// Sides that are not empty, or were not: only these are emptied for a new problem.
	// A problem opens all of its sides, and most orders fill few of them.
	woken []*side
}

// slot is what opening a side needs to know of it.
type slot struct {
	key   uint64
	stamp uint64  // of the books
	top   float64 // the best rate, 0 if there is none
	side  *side   // nil: free
	at    int32   // index in the problem
}

// of returns the side of a pair, a new one if there is none.
func (t *table) of(d *Side) *slot {
	if 2*t.n >= len(t.slots) {
		t.grow()
	}
	key := d.key()
	s := t.find(key)
	if s.side == nil {
		s.key, s.side = key, &side{key: key, table: t}
		t.n++
	}
	if d.Stamp == 0 || d.Stamp != s.stamp {
		s.stamp = d.Stamp
		s.side.open(d.Books, d.Stamp)
		s.top = s.side.Top()
	}
	return s
}

// empty empties all sides.
func (t *table) empty() {
	for _, d := range t.woken {
		d.full, d.used, d.in, d.out, d.awake = 0, 0, 0, 0, false
	}
	t.woken = t.woken[:0]
}

// order puts the sides that are not empty in the order of the problem.
func (t *table) order() []*side {
	for _, d := range t.woken {
		d.at = t.find(d.key).at
	}
	slices.SortFunc(t.woken, func(a, b *side) int { return int(a.at - b.at) })
	return t.woken
}

func (t *table) find(key uint64) *slot {
	mask := uint64(len(t.slots) - 1)
	i := key * 0x9e3779b97f4a7c15 >> 32 // Fibonacci hashing, Knuth 6.4
	for ; ; i++ {
		if s := &t.slots[i&mask]; s.side == nil || s.key == key {
			return s
		}
	}
}

func (t *table) grow() {
	old := t.slots
	t.slots = make([]slot, max(64, 2*len(old)))
	for _, s := range old {
		if s.side != nil {
			*t.find(s.key) = s
		}
	}
}
