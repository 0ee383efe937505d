package coinbase

import "chronos.dev/market"

// aliases are assets that the venue calls by a name of its own.
var aliases = map[string]string{"CGLD": "CELO"}

// pair returns the spot market of a symbol: two assets and a dash. Derivatives
// have more parts (BIT-28JUL23-CDE, BTC-PERP-INTX).
func pair(symbol string) (market.Pair, bool) {
	p, err := market.ParsePair(symbol)
	if err != nil {
		return market.Pair{}, false
	}
	if a, ok := aliases[p.Base]; ok {
		p.Base = a
	}
	return p, p.Base != p.Quote
}
