package money

import (
	"encoding/binary"
	"math"
	"math/bits"
)

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
	if n.Scale == scale {
		return n.Coef, nil
	}
	return n.at(scale)
}

// at is At of another scale; apart, so that At is small enough to be inlined.
func (n Num) at(scale uint8) (int64, error) {
	if n.Scale < scale {
		return mulPow10(n.Coef, scale-n.Scale)
	}
	u, ten := uint64(n.Coef), &tens[n.Scale-scale]
	if n.Coef < 0 {
		u = -u
	}
	q, whole := ten.divide(u)
	if !whole {
		return 0, ErrInexact
	}
	if n.Coef < 0 {
		return -int64(q), nil
	}
	return int64(q), nil
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
	first := digits24(&buf, u)
	point := len(buf) - int(scale)
	dst = append(dst, buf[min(first, point-1):point]...)
	if scale == 0 {
		return dst
	}
	return append(append(dst, '.'), buf[point:]...)
}

// digits24 writes u in decimal, with zeros in front, and returns where its first
// other digit is: 24 for zero.
func digits24(buf *[24]byte, u uint64) (first int) {
	const zeros = 0x3030303030303030
	top, mid := uint64(0), uint64(0)
	low := u
	if u >= 1e8 {
		mid, low = u/1e8, u%1e8
		if mid >= 1e8 {
			top, mid = mid/1e8, mid%1e8
		}
		top, mid = digits8(top), digits8(mid)
	}
	low = digits8(low)
	binary.LittleEndian.PutUint64(buf[:], top|zeros)
	binary.LittleEndian.PutUint64(buf[8:], mid|zeros)
	binary.LittleEndian.PutUint64(buf[16:], low|zeros)
	switch {
	case top != 0:
		return bits.TrailingZeros64(top) / 8
	case mid != 0:
		return 8 + bits.TrailingZeros64(mid)/8
	}
	return 16 + bits.TrailingZeros64(low)/8
}

// digits8 returns the eight digits of v, which is below 10^8: the first one in the
// lowest byte. It halves the number of digits in a part three times, all parts at once.
func digits8(v uint64) uint64 {
	four := v / 1e4
	v = four | (v-four*1e4)<<32
	two := v * 5243 >> 19 & 0x0000_007f_0000_007f // by 100, for what is below 10^4
	v = two | (v-two*100)<<16
	one := v * 103 >> 10 & 0x000f_000f_000f_000f // by 10, for what is below 100
	return one | (v-one*10)<<8
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
	if a == 0 || k == 0 {
		return a, nil
	}
	if k > MaxScale {
		return 0, ErrOverflow
	}
	ten := &tens[k]
	if a > ten.most || a < -ten.most {
		return 0, ErrOverflow
	}
	return a * pow10[k], nil
}

// power is what it takes to multiply and to divide by a power of ten, 10^0 left out,
// without a division.
type power struct {
	k       int
	most    int64  // the largest int64 that times it fits; no multiple is -2^63
	inverse uint64 // of 5^k modulo 2^64
	quotes  uint64 // (2^64-1) by it, down
}

var tens = func() (all [MaxScale + 1]power) {
	const fifth = 0xcccccccccccccccd // 5 * fifth is 1 modulo 2^64
	inverse := uint64(1)
	for k := range all {
		p := pow10[k]
		all[k] = power{k, math.MaxInt64 / p, inverse, math.MaxUint64 / uint64(p)}
		inverse *= fifth
	}
	return all
}()

// divide returns u by the power, and whether that is whole. Multiplying by an inverse
// maps the multiples of 5^k to the quotients, and all other numbers beyond them;
// turning the bits does the same for 2^k.
func (t *power) divide(u uint64) (q uint64, whole bool) {
	q = bits.RotateLeft64(u*t.inverse, -t.k)
	return q, q <= t.quotes
}
