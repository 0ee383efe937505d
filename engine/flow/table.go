package flow

// table finds the side of a pair. It never forgets one: a pair costs two words and
// what was merged of it last.
type table struct {
	slots []slot // a power of two of them, at most half in use
	n     int
}

type slot struct {
	key  uint64
	side *side // nil: free
}

// of returns the side of a pair, a new one if there is none.
func (t *table) of(key uint64) *side {
	if 2*t.n >= len(t.slots) {
		t.grow()
	}
	s := t.find(key)
	if s.side == nil {
		s.key, s.side = key, new(side)
		t.n++
	}
	return s.side
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
