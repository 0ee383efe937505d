package ftx

import (
	"hash/crc32"

	"chronos.dev/market"
	"chronos.dev/money"
)

// sumDepth is how many levels a side the checksum covers.
const sumDepth = 100

// newChecksum returns the venue's checksum with scratch of its own, for one book.
func newChecksum() *market.Checksum {
	var buf []byte
	return &market.Checksum{Depth: sumDepth, Sum: func(bids, asks []market.Level) uint32 {
		buf = appendSummed(buf[:0], bids, asks)
		return crc32.ChecksumIEEE(buf)
	}}
}

// appendSummed appends the text that the checksum is over: price:size of bid and
// ask in turn, joined by colons. A side that ends leaves no mark.
func appendSummed(dst []byte, bids, asks []market.Level) []byte {
	for i := range max(len(bids), len(asks)) {
		for _, side := range [2][]market.Level{bids, asks} {
			if i >= len(side) {
				continue
			}
			if len(dst) > 0 {
				dst = append(dst, ':')
			}
			dst = append(appendFloat(dst, side[i].Price), ':')
			dst = appendFloat(dst, side[i].Size)
		}
	}
	return dst
}

// Exponents of the first digit between which a float is written without one.
const (
	minPlain = -4
	maxPlain = 15
)

// appendFloat appends the text that the venue's language gives a float of this
// value: the fewest digits, at least one behind the point, and an exponent of two
// digits where the number is far from one. The digits are those that were sent,
// which is the same for any number of at most 17, and the venue sends no others.
func appendFloat(dst []byte, n money.Num) []byte {
	n = n.Trim()
	var scratch [24]byte
	digits := money.AppendFixed(scratch[:0], n.Coef, 0)
	exp := len(digits) - 1 - int(n.Scale)
	if n.Coef == 0 || exp >= minPlain && exp <= maxPlain {
		dst = n.AppendText(dst)
		if n.Scale == 0 {
			dst = append(dst, ".0"...)
		}
		return dst
	}
	for len(digits) > 1 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	dst = append(dst, digits[0])
	if len(digits) > 1 {
		dst = append(append(dst, '.'), digits[1:]...)
	}
	sign := byte('+')
	if exp < 0 {
		sign, exp = '-', -exp
	}
	return append(dst, 'e', sign, byte('0'+exp/10), byte('0'+exp%10))
}
