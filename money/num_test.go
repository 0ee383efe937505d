package money

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAt(t *testing.T) {
	tests := []struct {
		name  string
		n     Num
		scale uint8
		want  int64
		err   error
	}{
		{name: "same scale is the coefficient", n: Num{-7, 3}, scale: 3, want: -7},
		{name: "same scale holds the least int64", n: Num{math.MinInt64, 0}, scale: 0, want: math.MinInt64},
		{name: "a larger scale appends zeros", n: Num{15, 1}, scale: 4, want: 15000},
		{name: "a smaller scale drops zeros", n: Num{-1500, 3}, scale: 1, want: -15},
		{name: "a digit is never dropped", n: Num{1501, 3}, scale: 2, err: ErrInexact},
		{name: "zero is zero at any scale", n: Num{0, 0}, scale: 255, want: 0},
		{name: "one beyond the largest", n: Num{922337203685477581, 0}, scale: 1, err: ErrOverflow},
		{name: "the largest multiple of ten", n: Num{922337203685477580, 0}, scale: 1,
			want: 9223372036854775800},
		{name: "the least multiple of ten", n: Num{-922337203685477580, 0}, scale: 1,
			want: -9223372036854775800},
		{name: "one below the least", n: Num{-922337203685477581, 0}, scale: 1, err: ErrOverflow},
		{name: "a scale no power of ten reaches", n: Num{1, 0}, scale: 19, err: ErrOverflow},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.n.At(tt.scale)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%v.At(%d) = %d, %v; want %d, %v", tt.n, tt.scale, got, err, tt.want, tt.err)
			}
		})
	}
}

func TestAtRounded(t *testing.T) {
	tests := []struct {
		name  string
		n     Num
		scale uint8
		r     Rounding
		want  int64
		err   error
	}{
		{name: "down is towards zero above it", n: Num{199, 2}, scale: 0, want: 1},
		{name: "down is towards zero below it", n: Num{-199, 2}, scale: 0, want: -1},
		{name: "up is away from zero above it", n: Num{101, 2}, scale: 0, r: Up, want: 2},
		{name: "up is away from zero below it", n: Num{-101, 2}, scale: 0, r: Up, want: -2},
		{name: "exact stays when rounded up", n: Num{200, 2}, scale: 0, r: Up, want: 2},
		{name: "a larger scale is exact", n: Num{2, 0}, scale: 2, r: Up, want: 200},
		{name: "a larger scale may overflow", n: Num{math.MaxInt64, 0}, scale: 1, err: ErrOverflow},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.n.AtRounded(tt.scale, tt.r)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%v.AtRounded(%d, %d) = %d, %v; want %d, %v",
					tt.n, tt.scale, tt.r, got, err, tt.want, tt.err)
			}
		})
	}
}

func TestCmp(t *testing.T) {
	tests := []struct {
		name string
		n, m Num
		want int
	}{
		{"same scale, below", Num{1, 2}, Num{2, 2}, -1},
		{"same scale, edges", Num{math.MinInt64, 0}, Num{math.MaxInt64, 0}, -1},
		{"equal in other digits", Num{1, 0}, Num{100, 2}, 0},
		{"larger scale, smaller value", Num{11, 2}, Num{1, 0}, -1},
		{"out of int64 at the common scale, above", Num{math.MaxInt64, 0}, Num{math.MaxInt64, 18}, 1},
		{"out of int64 at the common scale, below", Num{math.MinInt64, 0}, Num{math.MinInt64, 18}, -1},
		{"zeros of any scale are equal", Num{0, 18}, Num{0, 0}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, back := tt.n.Cmp(tt.m), tt.m.Cmp(tt.n); got != tt.want || back != -tt.want {
				t.Errorf("%v.Cmp(%v) = %d, and turned round %d; want %d", tt.n, tt.m, got, back, tt.want)
			}
		})
	}
}

func TestAppendFixed(t *testing.T) {
	tests := []struct {
		name  string
		v     int64
		scale uint8
		want  string
	}{
		{"whole numbers have no point", 120, 0, "120"},
		{"zero keeps its decimals", 0, 2, "0.00"},
		{"small values get a zero before the point", 5, 3, "0.005"},
		{"the sign stands once", -5, 1, "-0.5"},
		{"largest at the largest scale", math.MaxInt64, 18, "9.223372036854775807"},
		{"least without a point", math.MinInt64, 0, "-9223372036854775808"},
		{"least at the largest scale", math.MinInt64, 18, "-9.223372036854775808"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(AppendFixed([]byte("x"), tt.v, tt.scale)); got != "x"+tt.want {
				t.Errorf("AppendFixed(x, %d, %d) = %s, want x%s", tt.v, tt.scale, got, tt.want)
			}
		})
	}
}

func TestTexts(t *testing.T) {
	tests := []struct {
		name            string
		n               Num
		sent, canonical string
	}{
		{"zeros behind the point are not canonical", Num{100, 2}, "1.00", "1"},
		{"zeros before the point stay", Num{100, 0}, "100", "100"},
		{"zero is one digit", Num{0, 8}, "0.00000000", "0"},
		{"digits stay", Num{-150, 2}, "-1.50", "-1.5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.n.String(); got != tt.sent {
				t.Errorf("String = %s, want %s", got, tt.sent)
			}
			if got := string(tt.n.AppendCanonical(nil)); got != tt.canonical {
				t.Errorf("AppendCanonical = %s, want %s", got, tt.canonical)
			}
		})
	}
}

func TestTextDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 32)
	n := Num{math.MinInt64, 18}
	if got := testing.AllocsPerRun(100, func() { buf = n.AppendText(buf[:0]) }); got != 0 {
		t.Errorf("AppendText allocates %v times", got)
	}
}

func rat(n Num) *big.Rat { return new(big.Rat).SetFrac64(n.Coef, Pow10(n.Scale)) }

// checkNum holds every method of n, and of n beside m, against math/big.
func checkNum(t failer, n, m Num, scale uint8) {
	if got, want := n.IsZero(), rat(n).Sign() == 0; got != want {
		t.Errorf("%v.IsZero() = %v", n, got)
	}
	if got, want := n.Cmp(m), rat(n).Cmp(rat(m)); got != want {
		t.Errorf("%v.Cmp(%v) = %d, want %d", n, m, got, want)
	}
	if got := n.Trim(); rat(got).Cmp(rat(n)) != 0 || got.Scale > 0 && got.Coef%10 == 0 {
		t.Errorf("%v.Trim() = %v", n, got)
	}
	if got, want := n.String(), rat(n).FloatString(int(n.Scale)); got != want {
		t.Errorf("%v.String() = %s, want %s", n, got, want)
	}
	canonical := string(n.AppendCanonical(nil))
	back, ok := new(big.Rat).SetString(canonical)
	if !ok || back.Cmp(rat(n)) != 0 || strings.Contains(canonical, ".") && strings.HasSuffix(canonical, "0") {
		t.Errorf("%v.AppendCanonical = %s", n, canonical)
	}
	units := new(big.Rat).Mul(rat(n), new(big.Rat).SetInt64(Pow10(scale)))
	got, err := n.At(scale)
	switch fits := units.IsInt() && units.Num().IsInt64(); {
	case fits && (err != nil || got != units.Num().Int64()):
		t.Errorf("%v.At(%d) = %d, %v; want %s", n, scale, got, err, units)
	case !fits && err == nil:
		t.Errorf("%v.At(%d) = %d, want an error", n, scale, got)
	case !units.IsInt() && !errors.Is(err, ErrInexact):
		t.Errorf("%v.At(%d): %v, want %v", n, scale, err, ErrInexact)
	}
	checkRounded(t, n, scale, units)
}

func checkRounded(t failer, n Num, scale uint8, units *big.Rat) {
	abs := new(big.Int).Abs(units.Num())
	for _, r := range []Rounding{Down, Up} {
		q, rem := new(big.Int).QuoRem(abs, units.Denom(), new(big.Int))
		if r == Up && rem.Sign() > 0 {
			q.Add(q, big.NewInt(1))
		}
		if units.Sign() < 0 {
			q.Neg(q)
		}
		got, err := n.AtRounded(scale, r)
		if q.IsInt64() != (err == nil) || err == nil && got != q.Int64() {
			t.Errorf("%v.AtRounded(%d, %d) = %d, %v; want %s", n, scale, r, got, err, q)
		}
	}
}

func TestNumAgainstBig(t *testing.T) {
	num := rapid.Custom(func(t *rapid.T) Num {
		v := natural().Draw(t, "abs")
		if rapid.Bool().Draw(t, "negative") {
			v = -v - rapid.Int64Range(0, 1).Draw(t, "one")
		}
		return Num{v, rapid.Uint8Range(0, MaxScale).Draw(t, "scale")}
	})
	rapid.Check(t, func(t *rapid.T) {
		n, m := num.Draw(t, "n"), num.Draw(t, "m")
		if rapid.Bool().Draw(t, "near") { // equal or next to n, in other digits
			m = Num{n.Trim().Coef + rapid.Int64Range(-1, 1).Draw(t, "step"), n.Trim().Scale}
		}
		checkNum(t, n, m, rapid.Uint8Range(0, MaxScale).Draw(t, "at"))
	})
}

func FuzzNum(f *testing.F) {
	f.Add(int64(math.MinInt64), uint8(18), int64(math.MaxInt64), uint8(0), uint8(0))
	f.Add(int64(100), uint8(2), int64(1), uint8(0), uint8(1))
	f.Fuzz(func(t *testing.T, a int64, sa uint8, b int64, sb uint8, at uint8) {
		checkNum(t, Num{a, sa % (MaxScale + 1)}, Num{b, sb % (MaxScale + 1)}, at%(MaxScale+1))
	})
}

// TestTensAbove holds it against the powers themselves.
func TestTensAbove(t *testing.T) {
	two, ten := big.NewInt(2), big.NewInt(10)
	for x := range int64(4000) {
		tens := int64(TensAbove(int(x)))
		power := new(big.Int).Exp(two, big.NewInt(x), nil)
		if new(big.Int).Exp(ten, big.NewInt(tens), nil).Cmp(power) < 0 || tens > 1 &&
			new(big.Int).Exp(ten, big.NewInt(tens-2), nil).Cmp(power) >= 0 {
			t.Errorf("10^%d is not just above 2^%d", tens, x)
		}
		// 10^-t >= 2^-x where 10^t <= 2^x.
		if tens = -int64(TensAbove(int(-x))); tens >= 0 && new(big.Int).Exp(ten, big.NewInt(tens), nil).Cmp(power) > 0 ||
			new(big.Int).Exp(ten, big.NewInt(tens+2), nil).Cmp(power) <= 0 {
			t.Errorf("10^%d is not just above 2^%d", -tens, -x)
		}
	}
}

// TestPowersOfTen: texts and divisions are those of math/big next to every power of
// ten, where the number of digits and the quotient change.
func TestPowersOfTen(t *testing.T) {
	for k := range MaxScale + 1 {
		p := pow10[k]
		for d := int64(-2); d <= 2; d++ {
			for _, v := range []int64{p + d, d - p, math.MaxInt64 - p + d, math.MinInt64 + p + d} {
				for s := range uint8(MaxScale + 1) {
					textAgainstBig(t, v, s)
				}
			}
		}
	}
}

func textAgainstBig(t *testing.T, v int64, s uint8) {
	text := new(big.Rat).SetFrac64(v, pow10[s]).FloatString(int(s))
	if got := string(AppendFixed(nil, v, s)); got != text {
		t.Fatalf("AppendFixed(%d, %d) = %s, want %s", v, s, got, text)
	}
	got, err := Num{v, MaxScale}.At(s)
	q, r := new(big.Int).QuoRem(big.NewInt(v), big.NewInt(pow10[MaxScale-s]), new(big.Int))
	switch {
	case r.Sign() != 0 && !errors.Is(err, ErrInexact):
		t.Fatalf("%d of %d decimals at %d: %d, %v; want %v", v, MaxScale, s, got, err, ErrInexact)
	case r.Sign() == 0 && (err != nil || got != q.Int64()):
		t.Fatalf("%d of %d decimals at %d: %d, %v; want %s", v, MaxScale, s, got, err, q)
	}
}
