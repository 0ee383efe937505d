package gemini

import "chronos.dev/market"

// pairs are the spot markets by symbol. Symbols have no separator, so each is
// made from the market that it is: those of the venue's own list of June 2021,
// and the majors listed since.
var pairs = table(
	"BTC-USD", "BTC-GUSD", "BTC-DAI", "BTC-GBP", "BTC-EUR", "BTC-SGD", "ETH-BTC", "ETH-USD",
	"ETH-GUSD", "ETH-GBP", "ETH-EUR", "ETH-SGD", "ETH-DAI", "BCH-USD", "BCH-BTC", "BCH-ETH",
	"LTC-USD", "LTC-BTC", "LTC-ETH", "LTC-BCH", "ZEC-USD", "ZEC-BTC", "ZEC-ETH", "ZEC-BCH",
	"ZEC-LTC", "BAT-USD", "BAT-BTC", "BAT-ETH", "LINK-USD", "LINK-BTC", "LINK-ETH", "DAI-USD",
	"OXT-USD", "OXT-BTC", "OXT-ETH", "FIL-USD", "AMP-USD", "PAXG-USD", "COMP-USD", "MKR-USD",
	"ZRX-USD", "KNC-USD", "STORJ-USD", "MANA-USD", "AAVE-USD", "SNX-USD", "YFI-USD", "UMA-USD",
	"BAL-USD", "CRV-USD", "REN-USD", "UNI-USD", "ENJ-USD", "BNT-USD", "1INCH-USD", "SKL-USD",
	"GRT-USD", "LRC-USD", "SAND-USD", "CUBE-USD", "LPT-USD", "BOND-USD", "MATIC-USD", "INJ-USD",
	"SUSHI-USD", "DOGE-USD", "MIR-USD", "ALCX-USD", "FTM-USD", "ANKR-USD", "GUSD-USD", "USDC-USD",
	"USDT-USD", "SOL-USD", "SOL-BTC", "SOL-ETH", "XRP-USD", "DOGE-BTC", "DOGE-ETH", "PAXG-BTC",
	"BTC-USDT", "ETH-USDT",
)

// table maps symbols to markets: "BTCUSD" to BTC-USD.
func table(names ...string) map[string]market.Pair {
	t := make(map[string]market.Pair, len(names))
	for _, n := range names {
		p, err := market.ParsePair(n)
		if err != nil {
			panic("gemini: " + err.Error())
		}
		t[p.Base+p.Quote] = p
	}
	return t
}

func pair(symbol string) (market.Pair, bool) {
	p, ok := pairs[symbol]
	return p, ok
}
