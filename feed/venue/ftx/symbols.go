package ftx

import (
	"errors"
	"strings"

	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/money/text"
)

// pair returns the spot market of a symbol: two assets and a slash. Futures have
// a dash (BTC-PERP).
func pair(symbol string) (market.Pair, bool) {
	base, quote, ok := strings.Cut(symbol, "/")
	if !ok {
		return market.Pair{}, false
	}
	p, err := market.ParsePair(base + "-" + quote)
	return p, err == nil
}

var errTime = errors.New("ftx: no time in seconds")

// seconds reads a number of seconds since 1970 as Unix nanoseconds.
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
