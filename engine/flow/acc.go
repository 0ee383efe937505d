package flow

import (
	"math"
	"math/bits"

	"chronos.dev/money"
)

// acc is an unsigned 192-bit sum. Its terms are below 2^126, so no number of
// levels that fits a memory can overflow it.
type acc struct{ hi, mid, lo uint64 }

func (s *acc) add(hi, lo uint64) {
	var c uint64
	s.lo, c = bits.Add64(s.lo, lo, 0)
	s.mid, c = bits.Add64(s.mid, hi, c)
	s.hi += c
}

func (s *acc) addMul(a, b uint64) {
	hi, lo := bits.Mul64(a, b)
	s.add(hi, lo)
}

// addSurplus adds a*b - c*d if that is positive.
func (s *acc) addSurplus(a, b, c, d uint64) {
	h1, l1 := bits.Mul64(a, b)
	h2, l2 := bits.Mul64(c, d)
	lo, borrow := bits.Sub64(l1, l2, 0)
	if hi, borrow := bits.Sub64(h1, h2, borrow); borrow == 0 {
		s.add(hi, lo)
	}
}

// divUp returns s / d rounded up, at most MaxInt64; d = 0 bounds nothing.
func (s *acc) divUp(d uint64) money.Amount {
	q, rem, ok := s.div(d)
	if !ok || q > math.MaxInt64-1 {
		return math.MaxInt64
	}
	if rem > 0 {
		q++
	}
	return money.Amount(q)
}

// below returns (a*b - s) / d rounded down, 0 if that is negative.
func (s *acc) below(a, b, d uint64) money.Amount {
	hi, lo := bits.Mul64(a, b)
	var t acc
	var borrow uint64
	t.lo, borrow = bits.Sub64(lo, s.lo, 0)
	t.mid, borrow = bits.Sub64(hi, s.mid, borrow)
	if s.hi > 0 || borrow != 0 {
		return 0
	}
	q, _, ok := t.div(d)
	if !ok {
		return 0
	}
	return money.Amount(min(q, math.MaxInt64))
}

// div returns the quotient if it fits 64 bits.
func (s *acc) div(d uint64) (q, rem uint64, ok bool) {
	if s.hi != 0 || s.mid >= d {
		return 0, 0, false
	}
	q, rem = bits.Div64(s.mid, s.lo, d)
	return q, rem, true
}
