package money

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// value is the sum as one number.
func (s *Sum) value() *big.Int {
	v := new(big.Int)
	for _, word := range []uint64{s.hi, s.mid, s.lo} {
		v.Or(v.Lsh(v, 64), new(big.Int).SetUint64(word))
	}
	return v
}

// TestSumEqualsBigIntegers adds terms as large as a bound has, more than 128 bits in
// all, and divides; no word of the sum may be lost.
func TestSumEqualsBigIntegers(t *testing.T) {
	mul := func(a, b uint64) *big.Int {
		return new(big.Int).Mul(new(big.Int).SetUint64(a), new(big.Int).SetUint64(b))
	}
	wide, quotients, below := 0, 0, 0
	for i := range 20_000 {
		r := rand.New(rand.NewPCG(uint64(i), 15))
		amount := func() uint64 { return r.Uint64() >> (1 + r.IntN(63)) }
		price := func() uint64 { return r.Uint64() >> (3 + r.IntN(60)) }
		var s Sum
		want := new(big.Int)
		for range r.IntN(200) {
			a, b, c, d := amount(), price(), amount(), price()
			if i%3 == 0 {
				a, b = math.MaxInt64, 1<<60+1
			}
			term := new(big.Int).Sub(mul(a, b), mul(c, d))
			if got := s.AddSurplus(a, b, c, d); got != (term.Sign() > 0) {
				t.Fatalf("AddSurplus(%d, %d, %d, %d) = %v", a, b, c, d, got)
			}
			if term.Sign() > 0 {
				want.Add(want, term)
			}
		}
		a, b := amount(), price()
		s.AddMul(a, b)
		want.Add(want, mul(a, b))
		if got := s.value(); got.Cmp(want) != 0 {
			t.Fatalf("case %d: sum %v, want %v", i, got, want)
		}
		if s.hi > 0 {
			wide++
		}
		d := price()
		if r.IntN(10) > 0 {
			d = max(d, 1)
		}
		up := big.NewInt(math.MaxInt64)
		if d > 0 {
			q, m := new(big.Int).QuoRem(want, new(big.Int).SetUint64(d), new(big.Int))
			if m.Sign() > 0 {
				q.Add(q, big.NewInt(1))
			}
			if q.Cmp(up) < 0 {
				up = q
				quotients++
			}
		}
		if got := s.DivUp(d); up.Cmp(big.NewInt(int64(got))) != 0 {
			t.Fatalf("case %d: %v / %d, up = %d, want %v", i, want, d, got, up)
		}
		below += checkBelow(t, &s, want, amount(), 1<<60-price(), max(d, 1))
	}
	if wide < 1_000 || quotients < 1_000 || below < 100 {
		t.Errorf("%d wide sums, %d quotients, %d differences: too few", wide, quotients, below)
	}
}

// checkBelow compares (a*b - s) / d and reports 1 if it is above zero and fits. One
// that does not fit is given as MaxInt64.
func checkBelow(t *testing.T, s *Sum, sum *big.Int, a, b, d uint64) int {
	t.Helper()
	x := new(big.Int).Mul(new(big.Int).SetUint64(a), new(big.Int).SetUint64(b))
	x.Sub(x, sum)
	want := new(big.Int)
	if x.Sign() > 0 {
		want.Quo(x, new(big.Int).SetUint64(d))
	}
	if !want.IsInt64() {
		want.SetInt64(math.MaxInt64)
	}
	if got := s.Below(a, b, d); want.Cmp(big.NewInt(int64(got))) != 0 {
		t.Fatalf("(%d * %d - %v) / %d = %d, want %v", a, b, sum, d, got, want)
	}
	return want.Sign()
}

// TestSumsOfTwo adds sums and takes them away; what would be negative is zero, and
// a quotient is rounded down.
func TestSumsOfTwo(t *testing.T) {
	negative := 0
	for i := range 20_000 {
		r := rand.New(rand.NewPCG(uint64(i), 16))
		var a, b Sum
		for range 1 + r.IntN(8) {
			a.AddMul(r.Uint64()>>r.IntN(63), r.Uint64()>>r.IntN(63))
			b.AddMul(r.Uint64()>>r.IntN(63), r.Uint64()>>r.IntN(63))
		}
		x, y := a.value(), b.value()
		sum := a
		if sum.Add(&b); sum.value().Cmp(new(big.Int).Add(x, y)) != 0 {
			t.Fatalf("case %d: %v + %v is not %v", i, x, y, sum.value())
		}
		rest := a
		want := new(big.Int).Sub(x, y)
		if got := rest.Sub(&b); got != (want.Sign() >= 0) {
			t.Fatalf("case %d: %v - %v: %v", i, x, y, got)
		}
		if want.Sign() < 0 {
			want.SetInt64(0)
			negative++
		}
		if rest.value().Cmp(want) != 0 {
			t.Fatalf("case %d: %v - %v = %v", i, x, y, rest.value())
		}
		d := r.Uint64()>>r.IntN(63) | 1
		quotient := new(big.Int).Quo(x, new(big.Int).SetUint64(d))
		if !quotient.IsInt64() {
			quotient.SetInt64(math.MaxInt64)
		}
		if got := a.DivDown(d); int64(got) != quotient.Int64() {
			t.Fatalf("case %d: %v / %d = %d, want %v", i, x, d, got, quotient)
		}
	}
	if negative < 1_000 {
		t.Errorf("only %d cases below zero", negative)
	}
}
