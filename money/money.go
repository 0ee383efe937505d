// Package money counts in whole minor units and ticks, and rounds by name.
//
// Three kinds of number exist. An Amount counts minor units of an asset. A
// Price and a Size count ticks and lots of one instrument, at scales that the
// instrument carries. A Num is a decimal exactly as somebody sent it: digits
// and the number of them behind the point; it lives at the borders and inside
// a book, because a venue's checksum is over the digits it sent.
//
// Products are formed in 128 or 192 bits. Nothing here rounds without its name
// saying which way, and nothing wraps: a result that does not fit is ErrOverflow.
// There is no floating point.
package money

import (
	"errors"
	"math"
)

// Amount is a number of minor units of one asset (satoshi, micro-dollar). The
// asset is known from where the Amount stands; two Amounts of different assets
// must never meet in one expression.
type Amount int64

// Price is a number of ticks: quote units per base unit, times ten to the
// instrument's price scale.
type Price int64

// Size is a base quantity, times ten to the instrument's size scale.
type Size int64

// MaxScale is the largest number of decimals of any Num, asset or instrument:
// ten to the 18th is the largest power of ten that an int64 holds.
const MaxScale = 18

var (
	// ErrOverflow reports a result outside int64. The cure is a smaller amount
	// or an asset with a smaller scale.
	ErrOverflow = errors.New("money: number does not fit")
	// ErrInexact reports that a conversion would drop digits that are not zero.
	ErrInexact = errors.New("money: number has more decimals than the scale")
)

// Rounding says where a quotient goes that is not whole.
type Rounding uint8

// The zero Rounding is Down: what a customer receives.
const (
	Down Rounding = iota // towards zero
	Up                   // away from zero: what a customer pays
)

// pow10 holds the powers of ten that fit an int64.
var pow10 = [MaxScale + 1]int64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
}

// Pow10 returns ten to the n, for n from 0 to MaxScale.
func Pow10(n uint8) int64 { return pow10[n] }

// AddStop returns a + b for amounts that are not negative, at most MaxInt64: a
// depth that no order can use up.
func AddStop(a, b Amount) Amount {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
