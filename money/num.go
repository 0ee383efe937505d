package money

import "math"

// Num is the decimal Coef / 10^Scale, with the digits as they were sent:
// {100, 2} is "1.00" and {1, 0} is "1". Equal values may have several Nums;
// compare with Cmp. Scale is at most MaxScale: who makes a Num from outside
// checks that, and the methods rely on it.
type Num struct {
	Coef  int64
	Scale uint8
}

// IsZero reports whether the value is 0.
func (n Num) IsZero() bool { return n.Coef == 0 }

// At returns n as a count of units of 10^-scale. It fails with ErrInexact when
// digits other than zero would be lost and with ErrOverflow when the count does
// not fit; it never rounds.
func (n Num) At(scale uint8) (int64, error) {
	if n.Scale <= scale {
		return mulPow10(n.Coef, scale-n.Scale)
	}
	d := pow10[n.Scale-scale]
	if n.Coef%d != 0 {
		return 0, ErrInexact
	}
	return n.Coef / d, nil
}

// AtRounded returns n as a count of units of 10^-scale, rounded as r says. It
// fails with ErrOverflow only.
func (n Num) AtRounded(scale uint8, r Rounding) (int64, error) {
	if n.Scale <= scale {
		return mulPow10(n.Coef, scale-n.Scale)
	}
	d := pow10[n.Scale-scale]
	q := n.Coef / d
	if r == Up && n.Coef%d != 0 {
		if n.Coef > 0 {
			q++
		} else {
			q--
		}
	}
	return q, nil
}

// Trim returns the Num of the same value without trailing zeros behind the point.
func (n Num) Trim() Num {
	for n.Scale > 0 && n.Coef%10 == 0 {
		n.Coef /= 10
		n.Scale--
	}
	return n
}

// Cmp returns -1, 0 or 1 as n is below, equal to or above m.
func (n Num) Cmp(m Num) int {
	switch {
	case n.Scale == m.Scale:
		return cmpInt(n.Coef, m.Coef)
	case n.Scale < m.Scale:
		return cmpScaled(n.Coef, m.Scale-n.Scale, m.Coef)
	default:
		return -cmpScaled(m.Coef, n.Scale-m.Scale, n.Coef)
	}
}

// cmpScaled compares a * 10^k with b. A product that does not fit is farther
// from zero than any b.
func cmpScaled(a int64, k uint8, b int64) int {
	p, err := mulPow10(a, k)
	if err != nil {
		return cmpInt(a, 0)
	}
	return cmpInt(p, b)
}

func cmpInt(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// AppendText appends the plain decimal with exactly Scale digits behind the
// point: what the venue sent.
func (n Num) AppendText(dst []byte) []byte { return AppendFixed(dst, n.Coef, n.Scale) }

// AppendCanonical appends the plain decimal without trailing zeros: "0.5", "1", "0".
func (n Num) AppendCanonical(dst []byte) []byte { return n.Trim().AppendText(dst) }

// String returns the text of AppendText.
func (n Num) String() string { return string(n.AppendText(nil)) }

// AppendFixed appends v / 10^scale with exactly scale digits behind the point.
// scale is at most MaxScale.
func AppendFixed(dst []byte, v int64, scale uint8) []byte {
	u := uint64(v)
	if v < 0 {
		dst = append(dst, '-')
		u = -u
	}
	var buf [24]byte
	i := len(buf)
	for k := uint8(0); u > 0 || k <= scale; k++ {
		if k == scale && scale > 0 {
			i--
			buf[i] = '.'
		}
		i--
		buf[i] = byte('0' + u%10)
		u /= 10
	}
	return append(dst, buf[i:]...)
}

// TensAbove returns a power of ten, at most one too large, that is not below 2^x.
// x is within 4,000 of zero.
func TensAbove(x int) int {
	const below, above = 1233, 1234 // by 4096: the logarithm of 2 is between them
	if x < 0 {
		return x*below>>12 + 1
	}
	return x*above>>12 + 1
}

// mulPow10 returns a * 10^k.
func mulPow10(a int64, k uint8) (int64, error) {
	if a == 0 {
		return 0, nil
	}
	if k > MaxScale {
		return 0, ErrOverflow
	}
	p := pow10[k]
	if a > math.MaxInt64/p || a < math.MinInt64/p {
		return 0, ErrOverflow
	}
	return a * p, nil
}
