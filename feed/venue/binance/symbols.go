package binance

import "chronos.dev/market"

// noPair is for futures: nothing they trade is spot.
func noPair(string) (market.Pair, bool) { return market.Pair{}, false }

func spotPair(symbol string) (market.Pair, bool) { p, ok := spot[symbol]; return p, ok }

func usPair(symbol string) (market.Pair, bool) { p, ok := us[symbol]; return p, ok }

// table makes a map from symbol to pair. Symbols have no separator, so each is
// written as the pair that it is.
func table(pairs ...market.Pair) map[string]market.Pair {
	t := make(map[string]market.Pair, len(pairs))
	for _, p := range pairs {
		t[p.Base+p.Quote] = p
	}
	return t
}

var spot = table(
	market.Pair{Base: "BTC", Quote: "USDT"}, market.Pair{Base: "BTC", Quote: "USDC"},
	market.Pair{Base: "BTC", Quote: "EUR"}, market.Pair{Base: "BTC", Quote: "FDUSD"},
	market.Pair{Base: "ETH", Quote: "USDT"}, market.Pair{Base: "ETH", Quote: "USDC"},
	market.Pair{Base: "ETH", Quote: "EUR"}, market.Pair{Base: "ETH", Quote: "BTC"},
	market.Pair{Base: "SOL", Quote: "USDT"}, market.Pair{Base: "SOL", Quote: "BTC"},
	market.Pair{Base: "LTC", Quote: "USDT"}, market.Pair{Base: "LTC", Quote: "BTC"},
	market.Pair{Base: "XRP", Quote: "USDT"}, market.Pair{Base: "XRP", Quote: "BTC"},
	market.Pair{Base: "USDC", Quote: "USDT"}, market.Pair{Base: "EUR", Quote: "USDT"},
)

var us = table(
	market.Pair{Base: "BTC", Quote: "USD"}, market.Pair{Base: "BTC", Quote: "USDT"},
	market.Pair{Base: "BTC", Quote: "USDC"}, market.Pair{Base: "BTC", Quote: "BUSD"},
	market.Pair{Base: "ETH", Quote: "USD"}, market.Pair{Base: "ETH", Quote: "USDT"},
	market.Pair{Base: "ETH", Quote: "BTC"}, market.Pair{Base: "ETH", Quote: "BUSD"},
	market.Pair{Base: "USDT", Quote: "USD"}, market.Pair{Base: "USDC", Quote: "USD"},
	market.Pair{Base: "BUSD", Quote: "USD"},
	market.Pair{Base: "ATOM", Quote: "USDT"}, market.Pair{Base: "BCH", Quote: "USDT"},
	market.Pair{Base: "BCH", Quote: "BTC"}, market.Pair{Base: "DOGE", Quote: "USD"},
	market.Pair{Base: "HNT", Quote: "USD"}, market.Pair{Base: "MANA", Quote: "USD"},
	market.Pair{Base: "MKR", Quote: "USD"}, market.Pair{Base: "OMG", Quote: "USD"},
	market.Pair{Base: "QTUM", Quote: "USDT"}, market.Pair{Base: "SOL", Quote: "USD"},
	market.Pair{Base: "VTHO", Quote: "USD"}, market.Pair{Base: "XLM", Quote: "USDT"},
	market.Pair{Base: "ZEN", Quote: "USD"}, market.Pair{Base: "ZRX", Quote: "USD"},
)
