package kraken

import (
	"errors"
	"hash/crc32"
	"strings"

	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/money/text"
)

// aliases are the symbols that Kraken writes in its own way.
var aliases = map[string]string{"XBT": "BTC", "XDG": "DOGE"}

// Pair returns the spot market of a symbol. The venue's own form is BASE/QUOTE;
// dark pool symbols end in ".d" and are not spot.
func Pair(symbol string) (market.Pair, bool) {
	base, quote, ok := strings.Cut(symbol, "/")
	if !ok {
		return market.Pair{}, false
	}
	p, err := market.ParsePair(asset(base) + "-" + asset(quote))
	return p, err == nil
}

func asset(symbol string) string {
	if a, ok := aliases[symbol]; ok {
		return a
	}
	return symbol
}

// sumDepth is how many levels a side the checksum covers.
const sumDepth = 10

// newChecksum returns the venue's checksum with scratch of its own, for one book.
func newChecksum() *market.Checksum {
	var buf []byte
	return &market.Checksum{Depth: sumDepth, Sum: func(bids, asks []market.Level) uint32 {
		buf = buf[:0]
		for _, l := range asks {
			buf = appendSummed(appendSummed(buf, l.Price), l.Size)
		}
		for _, l := range bids {
			buf = appendSummed(appendSummed(buf, l.Price), l.Size)
		}
		return crc32.ChecksumIEEE(buf)
	}}
}

// appendSummed appends a number as the checksum wants it: as sent, without the
// point and leading zeros. That is its coefficient.
func appendSummed(dst []byte, n money.Num) []byte {
	return money.AppendFixed(dst, n.Coef, 0)
}

var errTime = errors.New("no time in seconds")

// seconds reads a time as the venue sends it, a string of decimal seconds, as
// Unix nanoseconds.
func seconds(s *jscan.Scanner) (int64, error) {
	t, err := session.Plain(s)
	if err != nil {
		return 0, err
	}
	n, err := text.ParseNum(t)
	if err != nil {
		return 0, errTime
	}
	ns, err := n.AtRounded(9, money.Down)
	if err != nil || ns < 0 {
		return 0, errTime
	}
	return ns, nil
}
