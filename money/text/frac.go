package text

import (
	"math/big"

	"chronos.dev/money"

	"github.com/shopspring/decimal"
)

// Frac is a Ratio that is computed in place: exact too, and once its memory has
// grown to the numbers at hand it allocates nothing. It is num/den * 10^pow, not
// reduced. The zero Frac is invalid, as is one over zero, and so is whatever is
// made of one. A Frac must not be copied.
type Frac struct {
	num, den big.Int // den is not below 0
	pow      int
	t, u     big.Int
}

// tens are the powers of ten that rates need.
var tens = func() (p [64]big.Int) {
	p[0].SetInt64(1)
	for i := range p[1:] {
		p[i+1].Mul(&p[i], big.NewInt(10))
	}
	return p
}()

// SetPer makes f num/den. den is not below 0.
func (f *Frac) SetPer(num, den money.Num) {
	f.num.SetInt64(num.Coef)
	f.den.SetInt64(den.Coef)
	f.pow = int(den.Scale) - int(num.Scale)
}

// SetMean makes f the mean of a and b.
func (f *Frac) SetMean(a, b money.Num) {
	f.pow = -int(max(a.Scale, b.Scale))
	f.num.SetInt64(a.Coef)
	f.up(&f.num, -f.pow-int(a.Scale))
	f.u.SetInt64(b.Coef)
	f.up(&f.u, -f.pow-int(b.Scale))
	f.num.Add(&f.num, &f.u)
	f.den.SetInt64(2)
}

// Set makes f o.
func (f *Frac) Set(o *Frac) {
	f.num.Set(&o.num)
	f.den.Set(&o.den)
	f.pow = o.pow
}

// Valid reports whether f is a number.
func (f *Frac) Valid() bool { return f.den.Sign() != 0 }

// Invert makes f 1/f, invalid where f is 0 or invalid. f is not below 0.
func (f *Frac) Invert() {
	if f.Valid() {
		f.num, f.den, f.pow = f.den, f.num, -f.pow
	}
}

// Mul makes f f*o.
func (f *Frac) Mul(o *Frac) {
	f.times(&f.num, &o.num)
	f.times(&f.den, &o.den)
	f.pow += o.pow
}

// InBps makes f f*10,000.
func (f *Frac) InBps() { f.pow += 4 }

// Add makes f f+o.
func (f *Frac) Add(o *Frac) { f.add(o, (*big.Int).Add) }

// SetLoss makes f the part of from by which to is below it: (from-to)/from.
// It is neither of the two, and from is not below 0.
func (f *Frac) SetLoss(from, to *Frac) {
	f.Set(from)
	f.add(to, (*big.Int).Sub)
	f.times(&f.num, &from.den)
	f.times(&f.den, &from.num)
	f.pow -= from.pow
}

// add makes f op(f, o), which is the sum or the difference.
func (f *Frac) add(o *Frac, op func(z, x, y *big.Int) *big.Int) {
	f.times(&f.num, &o.den)
	f.u.Mul(&o.num, &f.den)
	f.times(&f.den, &o.den)
	f.up(&f.num, f.pow-o.pow)
	f.up(&f.u, o.pow-f.pow)
	f.pow = min(f.pow, o.pow)
	op(&f.num, &f.num, &f.u)
}

// times makes x x*y, by way of t: a product in place would allocate.
func (f *Frac) times(x, y *big.Int) {
	f.t.Mul(x, y)
	*x, f.t = f.t, *x
}

// up makes x x * 10^n, if n is above 0.
func (f *Frac) up(x *big.Int, n int) {
	for ; n > 0; n -= len(tens) - 1 {
		f.times(x, &tens[min(n, len(tens)-1)])
	}
}

// AppendFloor appends what Ratio.Floor gives. The value of f is lost.
func (f *Frac) AppendFloor(dst []byte, decimals uint8) []byte {
	return f.append(dst, decimals, -1)
}

// AppendCeil appends what Ratio.Ceil gives. The value of f is lost.
func (f *Frac) AppendCeil(dst []byte, decimals uint8) []byte {
	return f.append(dst, decimals, 1)
}

func (f *Frac) append(dst []byte, decimals uint8, away int) []byte {
	if !f.Valid() {
		return dst
	}
	return appendBig(dst, f.rounded(int(decimals), away), decimals)
}

// rounded is f * 10^decimals; what is left over moves it away from zero if it has
// the sign of away. It is in t, and the value of f is lost.
func (f *Frac) rounded(decimals, away int) *big.Int {
	f.up(&f.num, f.pow+decimals)
	f.up(&f.den, -f.pow-decimals)
	f.t.QuoRem(&f.num, &f.den, &f.u)
	if f.u.Sign() == away {
		f.u.SetInt64(int64(away))
		f.t.Add(&f.t, &f.u)
	}
	return &f.t
}

func appendBig(dst []byte, v *big.Int, decimals uint8) []byte {
	if v.IsInt64() {
		return money.AppendFixed(dst, v.Int64(), decimals)
	}
	return append(dst, decimal.NewFromBigInt(v, -int32(decimals)).StringFixed(int32(decimals))...)
}

// AppendSignificant appends what Ratio.Significant gives, for at most 18 digits.
// f is not below 0, and its value is lost.
func (f *Frac) AppendSignificant(dst []byte, digits uint8) []byte {
	if !f.Valid() {
		return dst
	}
	if f.num.Sign() == 0 {
		return append(dst, '0')
	}
	// f is below 2^x * 10^pow, so with this many decimals it has too few digits, or
	// just enough.
	decimals := min(max(int(digits)-1-f.pow-money.TensAbove(f.num.BitLen()-f.den.BitLen()+1), 0), MaxFraction)
	f.up(&f.num, f.pow+decimals)
	f.up(&f.den, -f.pow-decimals)
	for least := money.Pow10(digits - 1); ; decimals++ {
		f.t.QuoRem(&f.num, &f.den, &f.u)
		if decimals == MaxFraction || !f.t.IsInt64() || f.t.Int64() >= least {
			return appendBig(dst, &f.t, uint8(decimals))
		}
		f.up(&f.num, 1)
	}
}
