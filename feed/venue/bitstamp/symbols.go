package bitstamp

import (
	"strings"

	"chronos.dev/market"
)

// pairs are the spot markets by symbol. Symbols have no separator, so each is
// made from the market that it is: those of the venue's own list of April 2021,
// and the majors listed since.
var pairs = table(
	"BTC-USD", "BTC-EUR", "BTC-GBP", "BTC-PAX", "BTC-USDC", "GBP-USD", "GBP-EUR", "EUR-USD",
	"XRP-USD", "XRP-EUR", "XRP-BTC", "XRP-GBP", "XRP-PAX", "LTC-USD", "LTC-EUR", "LTC-BTC",
	"LTC-GBP", "ETH-USD", "ETH-EUR", "ETH-BTC", "ETH-GBP", "ETH-PAX", "ETH-USDC", "BCH-USD",
	"BCH-EUR", "BCH-BTC", "BCH-GBP", "PAX-USD", "PAX-EUR", "PAX-GBP", "XLM-BTC", "XLM-USD",
	"XLM-EUR", "XLM-GBP", "LINK-USD", "LINK-EUR", "LINK-GBP", "LINK-BTC", "LINK-ETH", "OMG-USD",
	"OMG-EUR", "OMG-GBP", "OMG-BTC", "USDC-USD", "USDC-EUR", "ETH2-ETH", "DAI-USD", "KNC-USD",
	"KNC-EUR", "KNC-BTC", "MKR-USD", "MKR-EUR", "MKR-BTC", "ZRX-USD", "ZRX-EUR", "ZRX-BTC",
	"GUSD-USD", "BTC-USDT", "ETH-USDT", "USDT-USD", "USDT-EUR", "USDC-USDT",
	"SOL-USD", "SOL-EUR", "ADA-USD", "ADA-EUR", "ADA-BTC", "DOGE-USD", "DOGE-EUR",
)

// table maps symbols to markets: "btcusd" to BTC-USD.
func table(names ...string) map[string]market.Pair {
	t := make(map[string]market.Pair, len(names))
	for _, n := range names {
		p, err := market.ParsePair(n)
		if err != nil {
			panic("bitstamp: " + err.Error())
		}
		t[strings.ToLower(p.Base+p.Quote)] = p
	}
	return t
}

func pair(symbol string) (market.Pair, bool) {
	p, ok := pairs[symbol]
	return p, ok
}
