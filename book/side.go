package book

import (
	"chronos.dev/market"
	"chronos.dev/money"
)

// Side is one side of a book and nothing else: no events, no scales, no checks. It is
// for levels that were checked already, of one book or of many. It has one writer and
// no readers beside it. The zero Side is invalid.
type Side struct{ ladder ladder }

// NewSide returns an empty side.
func NewSide(s market.Side) *Side { return &Side{newLadder(s)} }

// Set sets the level at a price. Price and size are above zero.
func (s *Side) Set(lv Level) { s.ladder.set(lv) }

// Delete removes the level at a price above zero and reports whether there was one.
func (s *Side) Delete(p money.Price) bool { return s.ladder.delete(p) }

// Best returns the highest bid or the lowest ask, false if there is none.
func (s *Side) Best() (Level, bool) { return s.ladder.best() }

// Len returns the number of levels.
func (s *Side) Len() int { return s.ladder.len() }

// AppendBest appends the best n levels, best first.
func (s *Side) AppendBest(dst []Level, n int) []Level { return s.ladder.appendBest(dst, n) }
