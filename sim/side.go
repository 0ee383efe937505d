package sim

import (
	"slices"
	"sort"

	"chronos.dev/market"
)

// Bounds of a side, absurd levels included.
const (
	minLevels = 100
	maxLevels = 400
)

// level is a price in ticks, negative on the side of bids so that the best is
// always the smallest, and a size in lots.
type level struct{ key, size int64 }

// side is one side of a simulated book: levels by key, best first. Behind the
// levels that live, some absurd ones stand far away for ever.
type side struct {
	which  market.Side
	sign   int64 // of keys: price = key * sign
	levels []level
	absurd int   // how many of them are
	space  int64 // ticks between levels at the top
	thin   int64 // one tick more of space each so many ticks from the top
	reach  int64 // ticks from the top to the last living level
}

// living returns the levels that may change.
func (s *side) living() []level { return s.levels[:len(s.levels)-s.absurd] }

func (s *side) best() int64 { return s.levels[0].key }

// spacing returns how far apart levels shall be at a distance from the top.
func (s *side) spacing(distance int64) int64 { return s.space + max(distance, 0)/s.thin }

// find returns where key is or would be.
func (s *side) find(key int64) (i int, held bool) {
	i = sort.Search(len(s.levels), func(i int) bool { return s.levels[i].key >= key })
	return i, i < len(s.levels) && s.levels[i].key == key
}

func (s *side) insert(l level) {
	i, held := s.find(l.key)
	if held {
		s.levels[i] = l
		return
	}
	s.levels = slices.Insert(s.levels, i, l)
}

func (s *side) remove(i int) { s.levels = slices.Delete(s.levels, i, i+1) }

// room reports whether a key can become a living level.
func (s *side) room(key int64) bool {
	if s.absurd > 0 && key >= s.levels[len(s.levels)-s.absurd].key {
		return false
	}
	_, held := s.find(key)
	return !held
}
