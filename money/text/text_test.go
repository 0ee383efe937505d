package text

import (
	"errors"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"chronos.dev/money"
)

func TestParseAmount(t *testing.T) {
	tests := []struct {
		name  string
		in    string
		scale uint8
		want  money.Amount
		err   error
	}{
		{name: "whole units", in: "2", scale: 8, want: 2e8},
		{name: "fewer decimals than the scale", in: "2.5", scale: 8, want: 250_000_000},
		{name: "exactly the scale", in: "0.00000001", scale: 8, want: 1},
		{name: "zero is an amount", in: "0.0", scale: 2, want: 0},
		{name: "zeros in front mean nothing", in: "00000000000000000001", scale: 0, want: 1},
		{name: "the largest amount", in: "92233720368.54775807", scale: 8, want: math.MaxInt64},
		{name: "one unit more", in: "92233720368.54775808", scale: 8, err: money.ErrOverflow},
		{name: "too large only at the scale", in: "9223372036854775807", scale: 1, err: money.ErrOverflow},
		{name: "too large before the scale", in: "99999999999999999999", scale: 0, err: money.ErrOverflow},
		{name: "a decimal beyond the scale, though zero", in: "1.230", scale: 2, err: &ScaleError{2}},
		{name: "a decimal where none is allowed", in: "1.0", scale: 0, err: &ScaleError{0}},
		{name: "empty", in: "", err: ErrFormat},
		{name: "point alone", in: ".", err: ErrFormat},
		{name: "no digit before the point", in: ".5", scale: 8, err: ErrFormat},
		{name: "no digit behind the point", in: "5.", scale: 8, err: ErrFormat},
		{name: "two points", in: "1.2.3", scale: 8, err: ErrFormat},
		{name: "sign", in: "-1", err: ErrFormat},
		{name: "plus", in: "+1", err: ErrFormat},
		{name: "exponent", in: "1e3", err: ErrFormat},
		{name: "space", in: " 1", err: ErrFormat},
		{name: "other digits", in: "١", err: ErrFormat},
		{name: "21 digits before the point", in: strings.Repeat("0", 21), err: ErrFormat},
		{name: "19 digits behind the point", in: "0." + strings.Repeat("0", 19), scale: 18, err: ErrFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseAmount(tt.in, tt.scale)
			if got != tt.want || !sameError(err, tt.err) {
				t.Errorf("ParseAmount(%q, %d) = %d, %v; want %d, %v", tt.in, tt.scale, got, err, tt.want, tt.err)
			}
			again, err := ParseAmount([]byte(tt.in), tt.scale)
			if again != got || !sameError(err, tt.err) {
				t.Errorf("ParseAmount of bytes = %d, %v; of the string %d", again, err, got)
			}
		})
	}
}

// sameError compares by value, so that a ScaleError names the right scale.
func sameError(got, want error) bool {
	var g, w *ScaleError
	if errors.As(want, &w) {
		return errors.As(got, &g) && *g == *w && strings.Contains(g.Error(), strconv.Itoa(int(w.Scale)))
	}
	return errors.Is(got, want)
}

func TestParseNum(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want money.Num
		err  error
	}{
		{name: "digits stay as sent", in: "1.00", want: money.Num{Coef: 100, Scale: 2}},
		{name: "zeros in front mean nothing", in: "000.10", want: money.Num{Coef: 10, Scale: 2}},
		{name: "a sign", in: "-12.5", want: money.Num{Coef: -125, Scale: 1}},
		{name: "zero keeps its decimals", in: "-0.00", want: money.Num{Scale: 2}},
		{name: "a small exponent moves the point left", in: "1.1e-7", want: money.Num{Coef: 11, Scale: 8}},
		{name: "a large exponent moves the point right", in: "1.1E+3", want: money.Num{Coef: 1100}},
		{name: "an exponent that the decimals cover", in: "1.234e2", want: money.Num{Coef: 1234, Scale: 1}},
		{name: "zeros beyond MaxScale are dropped", in: "1.0000000000e-9",
			want: money.Num{Coef: 1e9, Scale: 18}},
		{name: "a digit beyond MaxScale is refused", in: "1e-19", err: money.ErrOverflow},
		{name: "zero has at most MaxScale decimals", in: "0e-500", want: money.Num{Scale: 18}},
		{name: "zero has no decimals at a large exponent", in: "0e500"},
		{name: "the largest", in: "9223372036854775807", want: money.Num{Coef: math.MaxInt64}},
		{name: "one more, whole", in: "9223372036854775808", err: money.ErrOverflow},
		{name: "one more, with decimals", in: "922337203685477580.8", err: money.ErrOverflow},
		{name: "too large by its exponent", in: "1e19", err: money.ErrOverflow},
		{name: "the largest power", in: "1e18", want: money.Num{Coef: 1e18}},
		{name: "too large by a product", in: "93e17", err: money.ErrOverflow},
		{name: "an exponent above 99 is not cut", in: "0." + strings.Repeat("0", 90) + "1e109",
			want: money.Num{Coef: 1e18}},
		{name: "an exponent that would wrap an int", in: "1e99999999999999999999", err: money.ErrOverflow},
		{name: "format comes before overflow", in: "99999999999999999999x", err: ErrFormat},
		{name: "empty", in: "", err: ErrFormat},
		{name: "sign alone", in: "-", err: ErrFormat},
		{name: "plus", in: "+1", err: ErrFormat},
		{name: "no digit before the point", in: ".5", err: ErrFormat},
		{name: "no digit behind the point", in: "5.", err: ErrFormat},
		{name: "no digit in the exponent", in: "5e+", err: ErrFormat},
		{name: "a bare e", in: "5e", err: ErrFormat},
		{name: "something behind the exponent", in: "5e1.0", err: ErrFormat},
		{name: "not a number", in: "NaN", err: ErrFormat},
		{name: "hex", in: "0x10", err: ErrFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseNum(tt.in)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("ParseNum(%q) = %v, %v; want %v, %v", tt.in, got, err, tt.want, tt.err)
			}
		})
	}
}

func TestParseBps(t *testing.T) {
	tests := []struct {
		name, in string
		want     string
		err      error
	}{
		{name: "whole", in: "26", want: "26.0000"},
		{name: "four decimals", in: "0.0001", want: "0.0001"},
		{name: "a fifth decimal is refused", in: "0.00001", err: &ScaleError{4}},
		{name: "a sign is refused", in: "-1", err: ErrFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseBps(tt.in)
			if !sameError(err, tt.err) || err == nil && got.String() != tt.want {
				t.Errorf("ParseBps(%q) = %v, %v; want %s, %v", tt.in, got, err, tt.want, tt.err)
			}
		})
	}
}

func TestParsingDoesNotAllocate(t *testing.T) {
	amount, num := []byte("92233720368.54775807"), []byte("-1.2345e-7")
	buf := make([]byte, 0, 32)
	if got := testing.AllocsPerRun(100, func() {
		a, _ := ParseAmount(amount, 8)
		_, _ = ParseNum(num)
		buf = AppendAmount(buf[:0], a, 8)
	}); got != 0 {
		t.Errorf("ParseAmount, ParseNum and AppendAmount allocate %v times", got)
	}
	if string(buf) != string(amount) {
		t.Errorf("AppendAmount gives %s for %s", buf, amount)
	}
}

var amountGrammar = regexp.MustCompile(`^[0-9]{1,20}(\.[0-9]{1,18})?$`)

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"2.5", "0.00000001", "92233720368.54775808", "1.", ".1", "00", "1e3", "1.\n"} {
		f.Add(s, uint8(8))
	}
	f.Fuzz(func(t *testing.T, s string, scale uint8) {
		scale %= money.MaxScale + 1
		got, err := ParseAmount(s, scale)
		if !amountGrammar.MatchString(s) {
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("ParseAmount(%q, %d): %v, want %v", s, scale, err, ErrFormat)
			}
			return
		}
		if _, frac, _ := strings.Cut(s, "."); len(frac) > int(scale) {
			if !sameError(err, &ScaleError{scale}) {
				t.Fatalf("ParseAmount(%q, %d): %v, want a ScaleError", s, scale, err)
			}
			return
		}
		want, _ := new(big.Rat).SetString(s)
		want.Mul(want, new(big.Rat).SetInt64(money.Pow10(scale)))
		if !want.Num().IsInt64() {
			if !errors.Is(err, money.ErrOverflow) {
				t.Fatalf("ParseAmount(%q, %d) = %d, %v; want %v", s, scale, got, err, money.ErrOverflow)
			}
			return
		}
		if err != nil || !want.IsInt() || int64(got) != want.Num().Int64() {
			t.Fatalf("ParseAmount(%q, %d) = %d, %v; want %s", s, scale, got, err, want)
		}
		if back, err := ParseAmount(AppendAmount(nil, got, scale), scale); back != got || err != nil {
			t.Fatalf("%q became %d, written and read again %d, %v", s, got, back, err)
		}
	})
}

var numGrammar = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

func FuzzParseNum(f *testing.F) {
	for _, s := range []string{
		"1.00", "-0.000022890", "1.1e-7", "1E+18", "0e-500", "9223372036854775808", "1e-19", "10e-19", "5e", "-",
		"0." + strings.Repeat("0", 120) + "1e109",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseNum(s)
		if !numGrammar.MatchString(s) {
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("ParseNum(%q) = %v, %v; want %v", s, got, err, ErrFormat)
			}
			return
		}
		if i := strings.IndexAny(s, "eE"); i >= 0 && len(strings.TrimLeft(s[i+1:], "+-0")) > 4 {
			t.Skip("math/big would take forever")
		}
		want, _ := new(big.Rat).SetString(s)
		if err == nil {
			if got.Scale > money.MaxScale ||
				want.Cmp(new(big.Rat).SetFrac64(got.Coef, money.Pow10(got.Scale))) != 0 {
				t.Fatalf("ParseNum(%q) = %v, want %s", s, got, want)
			}
			return
		}
		if !errors.Is(err, money.ErrOverflow) {
			t.Fatalf("ParseNum(%q): %v, want %v", s, err, money.ErrOverflow)
		}
		if fits(s, want) {
			t.Fatalf("ParseNum(%q) = %v, but it fits", s, err)
		}
	})
}

// fits reports whether a Num holds both the digits of s and its value v.
func fits(s string, v *big.Rat) bool {
	mantissa, _, _ := strings.Cut(strings.ToLower(s), "e")
	coef, _ := new(big.Int).SetString(strings.Replace(mantissa, ".", "", 1), 10)
	atMost := new(big.Rat).Mul(v, new(big.Rat).SetInt64(money.Pow10(money.MaxScale)))
	return new(big.Int).Abs(coef).IsInt64() && atMost.IsInt() && (!v.IsInt() || v.Num().IsInt64())
}
