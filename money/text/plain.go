package text

import (
	"math/bits"

	"chronos.dev/money"
)

// plainDigits is how many digits always fit an int64.
const plainDigits = 18

// plain reads the rest of s from i if it is digits(.digits)? of at most plainDigits
// digits: nearly all that is ever sent. Of anything else it says nothing, not even
// whether it is wrong. It reads up to eight digits at a time.
func plain[T []byte | string](s T, i int) (n money.Num, ok bool) {
	const zeros, carry, high = 0x3030303030303030, 0x7676767676767676, 0x8080808080808080
	begin, point, v := i, -1, uint64(0)
	if len(s)-i > plainDigits+1 {
		return n, false
	}
	for i < len(s) {
		var w uint64
		if i+8 <= len(s) {
			c := s[i : i+8]
			w = uint64(c[0]) | uint64(c[1])<<8 | uint64(c[2])<<16 | uint64(c[3])<<24 |
				uint64(c[4])<<32 | uint64(c[5])<<40 | uint64(c[6])<<48 | uint64(c[7])<<56
		} else {
			w = tail(s, i)
		}
		w ^= zeros                                      // a digit is its value now
		k := bits.TrailingZeros64((w+carry|w)&high) / 8 // digits in front of anything else
		v = v*uint64(money.Pow10(uint8(k))) + value8(w<<(64-8*k))
		i += k
		if k == 8 || i == len(s) {
			continue
		}
		if s[i] != '.' || point >= 0 || i == begin || i+1 == len(s) {
			return n, false
		}
		point = i
		i++
	}
	n.Coef = int64(v)
	if point >= 0 {
		n.Scale = uint8(len(s) - 1 - point)
		return n, true
	}
	return n, i > begin && i-begin <= plainDigits
}

// tail returns the fewer than eight bytes of s from i on, the first one lowest.
func tail[T []byte | string](s T, i int) (w uint64) {
	for k := len(s) - 1; k >= i; k-- {
		w = w<<8 | uint64(s[k])
	}
	return w
}

// value8 returns the number of eight digits, the first one lowest: pairs of digits,
// of pairs and of those, all at once.
func value8(w uint64) uint64 {
	w = w*10 + w>>8 // every other byte counts
	const mask, first, then = 0x000000ff_000000ff, 100 + 1e6<<32, 1 + 1e4<<32
	return (w&mask*first + w>>16&mask*then) >> 32
}
