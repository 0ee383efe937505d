package money

import (
	"math"
	"math/bits"
)

// Sum is an unsigned 192-bit sum of products: no number of terms that fits a
// memory overflows it. Its zero value is zero.
type Sum struct{ hi, mid, lo uint64 }

func (s *Sum) add(hi, lo uint64) {
	var c uint64
	s.lo, c = bits.Add64(s.lo, lo, 0)
	s.mid, c = bits.Add64(s.mid, hi, c)
	s.hi += c
}

// AddMul adds a*b.
func (s *Sum) AddMul(a, b uint64) {
	hi, lo := bits.Mul64(a, b)
	s.add(hi, lo)
}

// AddSurplus adds a*b - c*d if that is positive, and reports whether it was.
func (s *Sum) AddSurplus(a, b, c, d uint64) bool {
	h1, l1 := bits.Mul64(a, b)
	h2, l2 := bits.Mul64(c, d)
	lo, borrow := bits.Sub64(l1, l2, 0)
	hi, borrow := bits.Sub64(h1, h2, borrow)
	if borrow != 0 || hi|lo == 0 {
		return false
	}
	s.add(hi, lo)
	return true
}

// Add adds t.
func (s *Sum) Add(t *Sum) {
	s.add(t.mid, t.lo)
	s.hi += t.hi
}

// Sub takes t away. If t is larger it reports false, and s is zero.
func (s *Sum) Sub(t *Sum) bool {
	var b uint64
	s.lo, b = bits.Sub64(s.lo, t.lo, 0)
	s.mid, b = bits.Sub64(s.mid, t.mid, b)
	s.hi, b = bits.Sub64(s.hi, t.hi, b)
	if b != 0 {
		*s = Sum{}
	}
	return b == 0
}

// DivUp returns s / d rounded up, at most MaxInt64; d = 0 bounds nothing.
func (s *Sum) DivUp(d uint64) Amount {
	q, rem, ok := s.div(d)
	if !ok || q > math.MaxInt64-1 {
		return math.MaxInt64
	}
	if rem > 0 {
		q++
	}
	return Amount(q)
}

// Below returns (a*b - s) / d rounded down, 0 if that is negative.
func (s *Sum) Below(a, b, d uint64) Amount {
	hi, lo := bits.Mul64(a, b)
	var t Sum
	var borrow uint64
	t.lo, borrow = bits.Sub64(lo, s.lo, 0)
	t.mid, borrow = bits.Sub64(hi, s.mid, borrow)
	if s.hi > 0 || borrow != 0 {
		return 0
	}
	return t.DivDown(d)
}

// DivDown returns s / d rounded down, at most MaxInt64; d = 0 bounds nothing.
func (s *Sum) DivDown(d uint64) Amount {
	if d == 0 {
		return 0
	}
	q, _, ok := s.div(d)
	if !ok {
		return math.MaxInt64
	}
	return Amount(min(q, math.MaxInt64))
}

// div returns the quotient if it fits 64 bits.
func (s *Sum) div(d uint64) (q, rem uint64, ok bool) {
	if s.hi != 0 || s.mid >= d {
		return 0, 0, false
	}
	q, rem = bits.Div64(s.mid, s.lo, d)
	return q, rem, true
}
