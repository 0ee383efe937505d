package money

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

const most = math.MaxInt64

func TestPow10(t *testing.T) {
	want := big.NewInt(1)
	for n := range uint8(MaxScale + 1) {
		if got := Pow10(n); want.Cmp(big.NewInt(got)) != 0 {
			t.Errorf("Pow10(%d) = %d, want %s", n, got, want)
		}
		want.Mul(want, big.NewInt(10))
	}
	if want.IsInt64() {
		t.Errorf("MaxScale is %d, but %s fits an int64 too", MaxScale, want)
	}
}

func TestMulDiv(t *testing.T) {
	tests := []struct {
		name    string
		a, b, d Amount
		r       Rounding
		want    Amount
		err     error
	}{
		{name: "whole quotient is the same down", a: 6, b: 2, d: 3, want: 4},
		{name: "whole quotient is the same up", a: 6, b: 2, d: 3, r: Up, want: 4},
		{name: "down drops the fraction", a: 5, b: 2, d: 3, want: 3},
		{name: "up takes any fraction to the next unit", a: 1, b: 1, d: most, r: Up, want: 1},
		{name: "nothing stays nothing when rounded up", a: 0, b: most, d: 7, r: Up},
		{name: "product above 64 bits, quotient fits", a: most, b: most, d: most, want: most},
		{name: "largest quotient with a fraction, down", a: most, b: 5, d: 5, want: most},
		{name: "quotient above 63 bits", a: most, b: 2, d: 1, err: ErrOverflow},
		{name: "quotient above 64 bits", a: most, b: most, d: 1, err: ErrOverflow},
		// 3 * 6148914691236517205 = 2^64 - 1.
		{name: "half above the largest fits down", a: 3, b: 6148914691236517205, d: 2, want: most},
		{name: "half above the largest does not fit up", a: 3, b: 6148914691236517205, d: 2, r: Up,
			err: ErrOverflow},
		// 311 * 177942868878227186 = 3 * 2^64 - 2: one more would wrap to zero.
		{name: "largest 64-bit quotient does not wrap", a: 311, b: 177942868878227186, d: 3, r: Up,
			err: ErrOverflow},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := MulDiv(tt.a, tt.b, tt.d, tt.r)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("MulDiv(%d, %d, %d, %d) = %d, %v; want %d, %v",
					tt.a, tt.b, tt.d, tt.r, got, err, tt.want, tt.err)
			}
		})
	}
}

// TestMulDivEdge walks the quotients next to the largest that fits.
func TestMulDivEdge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.Int64Range(1, most).Draw(t, "d")
		q := rapid.Int64Range(most-2, most).Draw(t, "q")
		b := rapid.Int64Range(1, 1<<20).Draw(t, "b")
		// a*b/d lies within a few units of q.
		a := new(big.Int).Mul(big.NewInt(q), big.NewInt(d))
		a.Div(a, big.NewInt(b))
		a.Add(a, big.NewInt(rapid.Int64Range(-1, 2).Draw(t, "step")))
		if !a.IsInt64() || a.Sign() < 0 {
			t.Skip("not an amount")
		}
		checkMulDiv(t, a.Int64(), b, d)
	})
}

func TestMulDivAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkMulDiv(t, natural().Draw(t, "a"), natural().Draw(t, "b"), natural().Draw(t, "d")|1)
	})
}

type failer interface {
	Errorf(format string, args ...any)
}

func checkMulDiv(t failer, a, b, d int64) {
	x := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
	for _, r := range []Rounding{Down, Up} {
		want, fits := quotient(x, big.NewInt(d), r)
		got, err := MulDiv(Amount(a), Amount(b), Amount(d), r)
		if fits != (err == nil) || fits && int64(got) != want {
			t.Errorf("MulDiv(%d, %d, %d, %d) = %d, %v; want %d, fits %v", a, b, d, r, got, err, want, fits)
		}
	}
}

// quotient returns x/d rounded, and whether it fits an int64.
func quotient(x, d *big.Int, r Rounding) (int64, bool) {
	q, rem := new(big.Int).QuoRem(x, d, new(big.Int))
	if r == Up && rem.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return q.Int64(), q.IsInt64()
}

// natural draws numbers of every length, with the edges often.
func natural() *rapid.Generator[int64] {
	return rapid.Custom(func(t *rapid.T) int64 {
		bits := rapid.IntRange(0, 63).Draw(t, "bits")
		return rapid.Int64Range(0, int64(uint64(1)<<bits-1)).Draw(t, "v")
	})
}

func TestCmpRate(t *testing.T) {
	tests := []struct {
		name           string
		o1, i1, o2, i2 Amount
		want           int
	}{
		{"equal fractions in other terms", 1, 2, 2, 4, 0},
		{"differs below 64 bits", 1, 3, 1, 2, -1},
		{"differs in the low word only", most, most - 1, most - 1, most - 1, 1},
		{"neighbours that a float64 cannot tell apart", most - 1, most, most, most, -1},
		{"nothing is below anything", 0, 1, 1, most, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, back := CmpRate(tt.o1, tt.i1, tt.o2, tt.i2), CmpRate(tt.o2, tt.i2, tt.o1, tt.i1)
			if got != tt.want || back != -tt.want {
				t.Errorf("CmpRate = %d, and turned round %d; want %d", got, back, tt.want)
			}
		})
	}
}

func TestCmpRateAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o1, o2 := natural().Draw(t, "out1"), natural().Draw(t, "out2")
		i1 := max(natural().Draw(t, "in1"), 1)
		i2 := max(natural().Draw(t, "in2"), 1)
		want := big.NewRat(o1, i1).Cmp(big.NewRat(o2, i2))
		if got := CmpRate(Amount(o1), Amount(i1), Amount(o2), Amount(i2)); got != want {
			t.Errorf("CmpRate(%d, %d, %d, %d) = %d, want %d", o1, i1, o2, i2, got, want)
		}
	})
}

func TestScaled(t *testing.T) {
	one := Ratio{1, 1}
	tests := []struct {
		name  string
		a, b  int64
		r     Ratio
		pow   int
		round Rounding
		want  Amount
		err   error
	}{
		{name: "no power is the product", a: 7, b: 6, r: one, want: 42},
		{name: "a power drops decimals", a: 250_000_000, b: 6800493, r: one, pow: 4, want: 170012325000},
		{name: "a negative power adds decimals", a: 3, b: 2, r: one, pow: -2, want: 600},
		{name: "one rounding, not two, down", a: 999, b: 1, r: Ratio{1, 10}, pow: 2},
		{name: "one rounding, not two, up", a: 1, b: 1, r: Ratio{1, 10}, pow: 2, round: Up, want: 1},
		{name: "remainder of the first division alone counts", a: 101, b: 1, r: Ratio{1, 100}, round: Up,
			want: 2},
		{name: "remainder of the second division alone counts", a: 101, b: 1, r: one, pow: 2, round: Up,
			want: 2},
		{name: "exact quotient is not rounded up", a: 200, b: 5, r: Ratio{1, 10}, pow: 2, round: Up, want: 1},
		{name: "product of 189 bits, quotient fits", a: most, b: most, r: Ratio{most, most}, pow: 19,
			want: 8507059173023461584},
		{name: "pow 54 leaves nothing of the largest product", a: most, b: most, r: Ratio{most, most},
			pow: 54},
		{name: "pow 54 rounded up is one unit", a: most, b: most, r: one, pow: 54, round: Up, want: 1},
		{name: "pow -54 of nothing is nothing", a: 0, b: most, r: one, pow: -54},
		{name: "pow -54 overflows 192 bits", a: most, b: most, r: Ratio{most, most}, pow: -54,
			err: ErrOverflow},
		{name: "division brings a wide product back", a: most, b: 1, r: Ratio{1, 1e18}, pow: -18, want: most},
		{name: "quotient above 63 bits", a: most, b: 2, r: one, err: ErrOverflow},
		{name: "quotient above 64 bits", a: most, b: 4, r: one, err: ErrOverflow},
		{name: "quotient above 128 bits", a: most, b: most, r: Ratio{most, 1}, err: ErrOverflow},
		{name: "rounding up past the largest", a: most, b: 1, r: Ratio{most, most - 1}, round: Up,
			err: ErrOverflow},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Scaled(tt.a, tt.b, tt.r, tt.pow, tt.round)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("Scaled(%d, %d, %v, %d, %d) = %d, %v; want %d, %v",
					tt.a, tt.b, tt.r, tt.pow, tt.round, got, err, tt.want, tt.err)
			}
		})
	}
}

func TestBrokenPromisesPanic(t *testing.T) {
	tests := []struct {
		name string
		call func()
	}{
		{"MulDiv of a negative", func() { _, _ = MulDiv(-1, 1, 1, Down) }},
		{"MulDiv by a negative", func() { _, _ = MulDiv(1, -1, 1, Down) }},
		{"MulDiv over zero", func() { _, _ = MulDiv(1, 1, 0, Down) }},
		{"Scaled of a negative", func() { _, _ = Scaled(-1, 1, Ratio{1, 1}, 0, Down) }},
		{"Scaled by a negative", func() { _, _ = Scaled(1, -1, Ratio{1, 1}, 0, Down) }},
		{"Scaled by a negative ratio", func() { _, _ = Scaled(1, 1, Ratio{-1, 1}, 0, Down) }},
		{"Scaled over zero", func() { _, _ = Scaled(1, 1, Ratio{1, 0}, 0, Down) }},
		{"Scaled by 10^55", func() { _, _ = Scaled(1, 1, Ratio{1, 1}, -55, Down) }},
		{"Scaled by 10^-55", func() { _, _ = Scaled(1, 1, Ratio{1, 1}, 55, Down) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("did not panic")
				}
			}()
			tt.call()
		})
	}
}

// checkScaled compares Scaled in both roundings with math/big.
func checkScaled(t failer, a, b, num, den int64, pow int) {
	x := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
	x.Mul(x, big.NewInt(num))
	d := big.NewInt(den)
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(pow, -pow))), nil)
	if pow < 0 {
		x.Mul(x, ten)
	} else {
		d.Mul(d, ten)
	}
	for _, r := range []Rounding{Down, Up} {
		want, fits := quotient(x, d, r)
		got, err := Scaled(a, b, Ratio{num, den}, pow, r)
		if fits != (err == nil) || fits && int64(got) != want {
			t.Errorf("Scaled(%d, %d, %d/%d, %d, %d) = %d, %v; want %d, fits %v",
				a, b, num, den, pow, r, got, err, want, fits)
		}
	}
}

func TestScaledAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkScaled(t, natural().Draw(t, "a"), natural().Draw(t, "b"), natural().Draw(t, "num"),
			max(natural().Draw(t, "den"), 1), rapid.IntRange(-54, 54).Draw(t, "pow"))
	})
}

func FuzzScaled(f *testing.F) {
	f.Add(int64(most), int64(most), int64(most), int64(1), int8(54))
	f.Add(int64(most), int64(most), int64(most), int64(most), int8(-54))
	f.Add(int64(1), int64(1), int64(99_740_000), int64(100_000_000), int8(18))
	f.Fuzz(func(t *testing.T, a, b, num, den int64, pow int8) {
		if a < 0 || b < 0 || num < 0 || den <= 0 || pow < -54 || pow > 54 {
			t.Skip("a caller's broken promise")
		}
		checkScaled(t, a, b, num, den, int(pow))
		checkMulDiv(t, a, b, den)
	})
}

// BenchmarkScaled takes one level through a price, a fee and a power of ten.
func BenchmarkScaled(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Scaled(155_000_000, 6800711, Ratio{99_740_000, 100_000_000}, 4, Down); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAddStop(t *testing.T) {
	for _, tt := range []struct{ a, b, want Amount }{
		{0, 0, 0}, {1, 2, 3}, {most - 1, 1, most}, {most, 1, most}, {1, most, most}, {most, most, most},
	} {
		if got := AddStop(tt.a, tt.b); got != tt.want {
			t.Errorf("AddStop(%d, %d) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
