package money

import (
	"math"
	"math/bits"
)

// MulDiv returns a*b/d rounded as r says. The product is formed in 128 bits.
// a and b must not be negative and d must be positive; a broken promise here is
// a bug of the caller and panics.
func MulDiv(a, b, d Amount, r Rounding) (Amount, error) {
	if a < 0 || b < 0 || d <= 0 {
		panic("money: MulDiv of a negative number or by zero")
	}
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(d) {
		return 0, ErrOverflow
	}
	q, rem := bits.Div64(hi, lo, uint64(d))
	if q > math.MaxInt64 {
		return 0, ErrOverflow
	}
	if r == Up && rem > 0 {
		if q == math.MaxInt64 {
			return 0, ErrOverflow
		}
		q++
	}
	return Amount(q), nil
}

// CmpRate compares the rates out1/in1 and out2/in2 exactly and returns -1, 0
// or 1. No argument may be negative.
func CmpRate(out1, in1, out2, in2 Amount) int {
	h1, l1 := bits.Mul64(uint64(out1), uint64(in2))
	h2, l2 := bits.Mul64(uint64(out2), uint64(in1))
	switch {
	case h1 < h2 || h1 == h2 && l1 < l2:
		return -1
	case h1 == h2 && l1 == l2:
		return 0
	}
	return 1
}

// Ratio is the exact fraction Num/Den that Scaled multiplies by. Both are at
// most 2^63-1 and Den is positive.
type Ratio struct{ Num, Den int64 }

// Scaled returns a*b*r.Num/r.Den * 10^-pow, rounded once, as round says. The
// product is formed in 192 bits. a, b and r.Num must not be negative, r.Den must
// be positive, and pow is within 3*MaxScale of zero; a broken promise here is a
// bug of the caller and panics.
func Scaled(a, b int64, r Ratio, pow int, round Rounding) (Amount, error) {
	if a < 0 || b < 0 || r.Num < 0 || r.Den <= 0 {
		panic("money: Scaled of a negative number or by zero")
	}
	if pow < -3*MaxScale || pow > 3*MaxScale {
		panic("money: Scaled by a power of ten out of range")
	}
	var w wide
	w[1], w[0] = bits.Mul64(uint64(a), uint64(b))
	_ = w.mul(uint64(r.Num)) // three factors of 63 bits always fit
	for k := 0; pow < 0; pow += k {
		// What exceeds 192 bits here exceeds 64 after any division by Den.
		k = min(-pow, MaxScale)
		if !w.mul(uint64(pow10[k])) {
			return 0, ErrOverflow
		}
	}
	// Whole quotients of whole quotients floor to the same number as one
	// division would, so only "was anything left over" must be carried.
	left := w.div(uint64(r.Den))
	for ; pow > 0; pow -= MaxScale {
		left = w.div(uint64(pow10[min(pow, MaxScale)])) || left
	}
	if round == Up && left {
		w.inc()
	}
	if w[2] != 0 || w[1] != 0 || w[0] > math.MaxInt64 {
		return 0, ErrOverflow
	}
	return Amount(w[0]), nil
}

// wide is an unsigned 192-bit integer, least significant word first.
type wide [3]uint64

// mul multiplies by m and reports whether the product fits.
func (w *wide) mul(m uint64) bool {
	var carry uint64
	for i := range w {
		hi, lo := bits.Mul64(w[i], m)
		var c uint64
		w[i], c = bits.Add64(lo, carry, 0)
		carry = hi + c
	}
	return carry == 0
}

// div divides by d and reports whether anything was left over.
func (w *wide) div(d uint64) bool {
	var rem uint64
	for i := len(w) - 1; i >= 0; i-- {
		w[i], rem = bits.Div64(rem, w[i], d)
	}
	return rem != 0
}

func (w *wide) inc() {
	var c uint64 = 1
	for i := range w {
		w[i], c = bits.Add64(w[i], 0, c)
	}
}
