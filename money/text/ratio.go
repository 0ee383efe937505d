package text

import (
	"chronos.dev/money"

	"github.com/shopspring/decimal"
)

// Ratio is an exact fraction of decimals: a rate, a share, a difference in
// basis points. It is divided once, when it is written.
//
// A Ratio over zero is invalid, as is the zero Ratio, and so is whatever is made
// of one; its texts are "". Ratios are for answers to people; no decision is
// made from one.
type Ratio struct{ num, den decimal.Decimal }

// Per returns num/den.
func Per(num, den money.Num) Ratio {
	r := Ratio{exact(num), exact(den)}
	if r.den.IsNegative() {
		r.num, r.den = r.num.Neg(), r.den.Neg()
	}
	return r
}

func exact(n money.Num) decimal.Decimal { return decimal.New(n.Coef, -int32(n.Scale)) }

// Valid reports whether r is a number.
func (r Ratio) Valid() bool { return !r.den.IsZero() }

// Mul returns r * o.
func (r Ratio) Mul(o Ratio) Ratio { return Ratio{r.num.Mul(o.num), r.den.Mul(o.den)} }

// Div returns r / o, invalid where o is 0.
func (r Ratio) Div(o Ratio) Ratio { return r.Mul(o.Inverse()) }

// Inverse returns 1/r, invalid where r is 0 or invalid.
func (r Ratio) Inverse() Ratio {
	switch {
	case !r.Valid():
		return Ratio{}
	case r.num.IsNegative():
		return Ratio{r.den.Neg(), r.num.Neg()}
	}
	return Ratio{r.den, r.num}
}

// Add returns r + o.
func (r Ratio) Add(o Ratio) Ratio {
	return Ratio{r.num.Mul(o.den).Add(o.num.Mul(r.den)), r.den.Mul(o.den)}
}

// Sub returns r - o.
func (r Ratio) Sub(o Ratio) Ratio { return r.Add(Ratio{o.num.Neg(), o.den}) }

// Mean returns (r + o) / 2.
func (r Ratio) Mean(o Ratio) Ratio {
	s := r.Add(o)
	return Ratio{s.num, s.den.Mul(decimal.New(2, 0))}
}

// Bps returns r in basis points: r * 10,000.
func (r Ratio) Bps() Ratio { return Ratio{r.num.Shift(4), r.den} }

// Floor returns the largest number with exactly that many decimals that is not
// above r: the text of what a customer receives.
func (r Ratio) Floor(decimals uint8) string { return r.rounded(decimals, -1) }

// Ceil returns the smallest number with exactly that many decimals that is not
// below r: the text of what a customer pays, such as a fee or slippage.
func (r Ratio) Ceil(decimals uint8) string { return r.rounded(decimals, 1) }

// rounded divides; what is left over moves the quotient a last digit away from
// zero if it has the sign of away.
func (r Ratio) rounded(decimals uint8, away int) string {
	if !r.Valid() {
		return ""
	}
	q, rem := r.num.QuoRem(r.den, int32(decimals))
	if rem.Sign() == away {
		q = q.Add(decimal.New(int64(away), -int32(decimals)))
	}
	return q.StringFixed(int32(decimals))
}

// Significant is Floor with as many decimals as it takes to show that many
// digits from the first that is not zero, at most MaxFraction. Digits before the
// point are always whole, however many they are; zero is "0".
func (r Ratio) Significant(digits uint8) string {
	var decimals uint8
	for decimals < MaxFraction && !r.num.IsZero() && r.short(digits, decimals) {
		decimals++
	}
	return r.Floor(decimals)
}

// short reports whether that many decimals leave r with fewer digits: whether
// |r| < 10^(digits-1-decimals).
func (r Ratio) short(digits, decimals uint8) bool {
	least := decimal.New(1, int32(digits)-1-int32(decimals))
	return r.num.Abs().LessThan(r.den.Mul(least))
}
