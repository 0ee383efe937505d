// Package text turns decimal text into numbers of package money and back, for
// borders only: venue frames, records, requests, files.
//
// Two grammars exist. ParseAmount reads what customers send: digits, a point,
// digits, nothing else. ParseNum reads what venues send and keeps their digits:
// it also takes a sign and an exponent. Both refuse what they cannot hold; none
// rounds. A Ratio is what people are shown of two amounts: exact until it is
// written, and rounded then by the name of the method.
package text

import (
	"errors"
	"fmt"

	"chronos.dev/money"
)

// ErrFormat reports text that is no number of the grammar that was asked for.
var ErrFormat = errors.New("money/text: not a decimal number")

// Limits of ParseAmount, so that a request cannot make us read forever.
const (
	MaxWhole    = 20 // digits before the point
	MaxFraction = 18 // digits behind it
)

// ScaleError reports an amount with more decimals than its asset has. It is
// refused, never rounded.
type ScaleError struct{ Scale uint8 }

func (e *ScaleError) Error() string {
	return fmt.Sprintf("money/text: more than %d decimals", e.Scale)
}

// ParseAmount reads ^[0-9]{1,20}(\.[0-9]{1,18})?$ as minor units at scale. It
// fails with ErrFormat, *ScaleError, or money.ErrOverflow. Zeros beyond the
// scale are digits beyond the scale.
func ParseAmount[T []byte | string](s T, scale uint8) (money.Amount, error) {
	if n, ok := plain(s, 0); ok && n.Scale <= scale {
		a, err := n.At(scale)
		return money.Amount(a), err
	}
	return parseAmount(s, scale)
}

// parseAmount is ParseAmount digit by digit, for what plain leaves.
func parseAmount[T []byte | string](s T, scale uint8) (money.Amount, error) {
	whole := digits(s, 0)
	if whole == 0 || whole > MaxWhole {
		return 0, ErrFormat
	}
	frac := 0
	if whole < len(s) {
		if s[whole] != '.' {
			return 0, ErrFormat
		}
		frac = digits(s, whole+1)
		if frac == 0 || frac > MaxFraction || whole+1+frac != len(s) {
			return 0, ErrFormat
		}
	}
	if frac > int(scale) {
		return 0, &ScaleError{scale}
	}
	var v int64
	for i := range len(s) {
		if s[i] == '.' {
			continue
		}
		var ok bool
		if v, ok = push(v, s[i]); !ok {
			return 0, money.ErrOverflow
		}
	}
	n, err := money.Num{Coef: v, Scale: uint8(frac)}.At(scale)
	return money.Amount(n), err
}

// BpsScale is the most decimals of basis points that anybody may set.
const BpsScale = 4

// ParseBps reads basis points, zero or more: the grammar and the errors of
// ParseAmount at BpsScale.
func ParseBps[T []byte | string](s T) (money.Num, error) {
	a, err := ParseAmount(s, BpsScale)
	if err != nil {
		return money.Num{}, err
	}
	return money.Num{Coef: int64(a), Scale: BpsScale}, nil
}

// AppendAmount appends a with exactly scale decimals, at most money.MaxScale.
// It does not allocate beyond dst.
func AppendAmount(dst []byte, a money.Amount, scale uint8) []byte {
	return money.AppendFixed(dst, int64(a), scale)
}

// digits counts the digits of s from i on.
func digits[T []byte | string](s T, i int) int {
	n := 0
	for i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '9' {
		n++
	}
	return n
}

// push returns v*10 + digit, and whether it fits.
func push(v int64, c byte) (int64, bool) {
	const limit = (1<<63 - 1) / 10
	if v > limit || v == limit && c > '7' {
		return 0, false
	}
	return v*10 + int64(c-'0'), true
}

// maxExponent stops the exponent of ParseNum from wrapping. It is above the
// length of any text that is read, so no fraction can make up for what it cuts.
const maxExponent = 100_000_000

// ParseNum reads a decimal as venues send them, -?digits(.digits)?([eE][+-]?digits)?,
// and keeps its digits: "1.00" is {100, 2}. An exponent moves the point:
// "1.1e-7" is {11, 8}. It fails with ErrFormat, or with money.ErrOverflow for
// more than MaxScale decimals that are not zero or a coefficient beyond int64.
func ParseNum[T []byte | string](s T) (money.Num, error) {
	i := 0
	neg := len(s) > 0 && s[0] == '-'
	if neg {
		i++
	}
	if n, ok := plain(s, i); ok {
		if neg {
			n.Coef = -n.Coef
		}
		return n, nil
	}
	return parseNum(s, i, neg)
}

// parseNum is ParseNum digit by digit, behind the sign, for what plain leaves.
func parseNum[T []byte | string](s T, i int, neg bool) (money.Num, error) {
	whole := digits(s, i)
	if whole == 0 {
		return money.Num{}, ErrFormat
	}
	var v int64
	fits := true
	for range whole {
		v, fits = pushIf(fits, v, s[i])
		i++
	}
	scale := 0
	if i < len(s) && s[i] == '.' {
		i++
		scale = digits(s, i)
		if scale == 0 {
			return money.Num{}, ErrFormat
		}
		for range scale {
			v, fits = pushIf(fits, v, s[i])
			i++
		}
	}
	exp, err := exponent(s, i)
	if err != nil {
		return money.Num{}, err
	}
	if !fits {
		return money.Num{}, money.ErrOverflow
	}
	if neg {
		v = -v
	}
	return shift(v, scale-exp)
}

func pushIf(ok bool, v int64, c byte) (int64, bool) {
	if !ok {
		return 0, false
	}
	return push(v, c)
}

// exponent reads the rest of s from i: nothing, or e and a whole number.
func exponent[T []byte | string](s T, i int) (int, error) {
	if i == len(s) {
		return 0, nil
	}
	if s[i] != 'e' && s[i] != 'E' {
		return 0, ErrFormat
	}
	i++
	neg := i < len(s) && s[i] == '-'
	if neg || i < len(s) && s[i] == '+' {
		i++
	}
	n := digits(s, i)
	if n == 0 || i+n != len(s) {
		return 0, ErrFormat
	}
	exp := 0
	for ; i < len(s); i++ {
		exp = min(exp*10+int(s[i]-'0'), maxExponent)
	}
	if neg {
		exp = -exp
	}
	return exp, nil
}

// shift returns v * 10^-scale as a Num, for any scale.
func shift(v int64, scale int) (money.Num, error) {
	for scale > money.MaxScale && v%10 == 0 && v != 0 {
		v /= 10
		scale--
	}
	switch {
	case v == 0:
		return money.Num{Scale: uint8(min(max(scale, 0), money.MaxScale))}, nil
	case scale > money.MaxScale:
		return money.Num{}, money.ErrOverflow
	case scale >= 0:
		return money.Num{Coef: v, Scale: uint8(scale)}, nil
	case scale < -money.MaxScale:
		return money.Num{}, money.ErrOverflow
	}
	c, err := money.Num{Coef: v}.At(uint8(-scale))
	return money.Num{Coef: c}, err
}
