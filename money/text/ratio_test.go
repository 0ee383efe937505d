package text

import (
	"math/big"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"chronos.dev/money"
)

func num(s string) money.Num {
	n, err := ParseNum(s)
	if err != nil {
		panic(err)
	}
	return n
}

func per(a, b string) Ratio { return Per(num(a), num(b)) }

// TestRatioOfAPrice makes the figures of a price answer out of its amounts:
// 2.5 BTC sold for 170012.34 USD, best bid 68019.9, best ask 68020.1.
func TestRatioOfAPrice(t *testing.T) {
	rate := per("170012.34", "2.50000000")
	mid := per("68019.9", "1").Mean(per("68020.1", "1"))
	one := per("1", "1")
	tests := []struct{ name, got, want string }{
		{"rate", rate.Significant(8), "68004.936"},
		{"inverse rate", rate.Inverse().Significant(9), "0.0000147048149"},
		{"mid rate", mid.Significant(8), "68020.000"},
		{"slippage is rounded up", one.Sub(rate.Div(mid)).Bps().Ceil(2), "2.22"},
		{"an improvement is rounded towards the customer's loss", one.Sub(mid.Div(rate)).Bps().Ceil(2), "-2.21"},
		{"share", per("1.55", "2.5").Floor(8), "0.62000000"},
		{"fee", per("30.61", "170042.95").Bps().Ceil(2), "1.81"},
		{"gap", per("170012.35", "170012.34").Sub(one).Bps().Ceil(4), "0.0006"},
		{"mid of two hops", mid.Mul(per("1", "3").Inverse()).Floor(1), "204060.0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("%s = %s, want %s", tt.name, tt.got, tt.want)
			}
		})
	}
}

func TestRatioRounding(t *testing.T) {
	tests := []struct{ name, got, want string }{
		{"floor of a fraction", per("2", "3").Floor(2), "0.66"},
		{"ceil of a fraction", per("2", "3").Ceil(2), "0.67"},
		{"floor below zero is away from it", per("-2", "3").Floor(2), "-0.67"},
		{"ceil below zero is towards it", per("-2", "3").Ceil(2), "-0.66"},
		{"a sign below the line counts", per("2", "-3").Floor(2), "-0.67"},
		{"signs cancel", per("-2", "-3").Floor(2), "0.66"},
		{"an inverse keeps the sign above the line", per("-3", "2").Inverse().Floor(2), "-0.67"},
		{"there is no negative zero", per("-1", "1000").Ceil(2), "0.00"},
		{"exact is not moved down", per("1", "-4").Floor(2), "-0.25"},
		{"exact is not moved up", per("1", "4").Ceil(2), "0.25"},
		{"no decimals, no point", per("7", "2").Floor(0), "3"},
		{"a carry makes a new digit", per("9999", "1000").Ceil(1), "10.0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %s, want %s", tt.got, tt.want)
			}
		})
	}
}

func TestRatioSignificant(t *testing.T) {
	tests := []struct{ name, got, want string }{
		{"decimals fill up the digits", per("1", "3").Significant(4), "0.3333"},
		{"zeros in front do not count", per("1", "3000").Significant(4), "0.0003333"},
		{"exact values are filled with zeros", per("2", "1").Significant(4), "2.000"},
		{"whole digits are never dropped", per("1234567", "1").Significant(4), "1234567"},
		{"a power of ten has its digits", per("1000", "1").Significant(4), "1000"},
		{"next to a power of ten", per("9999", "10").Significant(4), "999.9"},
		{"below zero", per("-1", "3").Significant(2), "-0.34"},
		{"no more decimals than an amount has", per("1e-18", "3e3").Significant(4), "0." + strings.Repeat("0", 18)},
		{"zero", per("0", "5").Significant(4), "0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %s, want %s", tt.got, tt.want)
			}
		})
	}
}

func TestInvalidRatio(t *testing.T) {
	over, ok := per("1", "0"), per("1", "2")
	tests := []struct {
		name string
		r    Ratio
	}{
		{"the zero Ratio", Ratio{}},
		{"over zero", over},
		{"inverse of zero", per("0", "1").Inverse()},
		{"inverse of over zero", over.Inverse()},
		{"product", over.Mul(ok)},
		{"quotient of", over.Div(ok)},
		{"quotient by", ok.Div(over)},
		{"quotient by zero", ok.Div(per("0", "1"))},
		{"sum", ok.Add(over)},
		{"difference", ok.Sub(over)},
		{"mean", over.Mean(ok)},
		{"basis points", over.Bps()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.r.Valid() || tt.r.Floor(2) != "" || tt.r.Ceil(2) != "" || tt.r.Significant(8) != "" {
				t.Errorf("is valid: %q", tt.r.Floor(2))
			}
		})
	}
	if !ok.Valid() {
		t.Error("1/2 is not valid")
	}
}

// plainText is what any number in an answer looks like.
var plainText = regexp.MustCompile(`^-?[0-9]+(\.[0-9]{1,18})?$`)

func TestRatioAgainstBig(t *testing.T) {
	draw := func(t *rapid.T, name string) (Ratio, *big.Rat) {
		any := func(s string) money.Num {
			return money.Num{
				Coef:  rapid.Int64().Draw(t, name+s),
				Scale: rapid.Uint8Range(0, money.MaxScale).Draw(t, name+s+" scale"),
			}
		}
		n, d := any(" num"), any(" den")
		if d.Coef == 0 {
			d.Coef = 1
		}
		v := new(big.Rat).SetFrac64(n.Coef, money.Pow10(n.Scale))
		return Per(n, d), v.Quo(v, new(big.Rat).SetFrac64(d.Coef, money.Pow10(d.Scale)))
	}
	rapid.Check(t, func(t *rapid.T) {
		a, x := draw(t, "a")
		b, y := draw(t, "b")
		half := big.NewRat(1, 2)
		tests := []struct {
			op   string
			got  Ratio
			want *big.Rat
		}{
			{"a", a, x},
			{"a+b", a.Add(b), new(big.Rat).Add(x, y)},
			{"a-b", a.Sub(b), new(big.Rat).Sub(x, y)},
			{"a*b", a.Mul(b), new(big.Rat).Mul(x, y)},
			{"mean", a.Mean(b), new(big.Rat).Mul(half, new(big.Rat).Add(x, y))},
			{"bps", a.Bps(), new(big.Rat).Mul(x, big.NewRat(10000, 1))},
		}
		if y.Sign() != 0 {
			tests = append(tests, struct {
				op   string
				got  Ratio
				want *big.Rat
			}{"a/b", a.Div(b), new(big.Rat).Quo(x, y)})
		}
		decimals := rapid.Uint8Range(0, MaxFraction).Draw(t, "decimals")
		for _, tt := range tests {
			checkRatio(t, tt.op, tt.got, tt.want, decimals)
		}
	})
}

func checkRatio(t *rapid.T, op string, got Ratio, want *big.Rat, decimals uint8) {
	unit := new(big.Rat).SetFrac64(1, money.Pow10(decimals))
	floor, ceil := got.Floor(decimals), got.Ceil(decimals)
	lo, _ := new(big.Rat).SetString(floor)
	hi, _ := new(big.Rat).SetString(ceil)
	if lo.Cmp(want) > 0 || new(big.Rat).Sub(want, lo).Cmp(unit) >= 0 {
		t.Fatalf("%s: floor %s of %s at %d decimals", op, floor, want, decimals)
	}
	if hi.Cmp(want) < 0 || new(big.Rat).Sub(hi, want).Cmp(unit) >= 0 {
		t.Fatalf("%s: ceil %s of %s at %d decimals", op, ceil, want, decimals)
	}
	for _, s := range []string{floor, ceil, got.Significant(9)} {
		if !plainText.MatchString(s) || strings.HasPrefix(s, "-") && !strings.ContainsAny(s, "123456789") {
			t.Fatalf("%s: %q is no plain decimal", op, s)
		}
	}
}

// BenchmarkSignificant writes one rate of two amounts.
func BenchmarkSignificant(b *testing.B) {
	r := per("170012.34", "2.50000000")
	b.ReportAllocs()
	for b.Loop() {
		if r.Significant(10) == "" {
			b.Fatal("invalid")
		}
	}
}
