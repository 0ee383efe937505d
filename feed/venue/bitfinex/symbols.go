package bitfinex

import "chronos.dev/market"

// pairs are the spot symbols whose assets we know for certain: what was
// recorded, and the majors. The venue has names of its own for assets (UST is
// USDT, UDC is USDC, IOT is IOTA, MNA is MANA, DSH is DASH) and counts some in
// other units: DOG is a million DOGE, so it is not in the table. TESTBTC is
// paper.
var pairs = map[string]market.Pair{
	"tBTCUSD":   {Base: "BTC", Quote: "USD"},
	"tBTCEUR":   {Base: "BTC", Quote: "EUR"},
	"tBTCGBP":   {Base: "BTC", Quote: "GBP"},
	"tBTCJPY":   {Base: "BTC", Quote: "JPY"},
	"tBTCUST":   {Base: "BTC", Quote: "USDT"},
	"tBTCUDC":   {Base: "BTC", Quote: "USDC"},
	"tETHUSD":   {Base: "ETH", Quote: "USD"},
	"tETHEUR":   {Base: "ETH", Quote: "EUR"},
	"tETHGBP":   {Base: "ETH", Quote: "GBP"},
	"tETHJPY":   {Base: "ETH", Quote: "JPY"},
	"tETHBTC":   {Base: "ETH", Quote: "BTC"},
	"tETHUST":   {Base: "ETH", Quote: "USDT"},
	"tLTCUSD":   {Base: "LTC", Quote: "USD"},
	"tLTCBTC":   {Base: "LTC", Quote: "BTC"},
	"tLTCUST":   {Base: "LTC", Quote: "USDT"},
	"tXRPUSD":   {Base: "XRP", Quote: "USD"},
	"tXRPBTC":   {Base: "XRP", Quote: "BTC"},
	"tXRPUST":   {Base: "XRP", Quote: "USDT"},
	"tUSTUSD":   {Base: "USDT", Quote: "USD"},
	"tUDCUSD":   {Base: "USDC", Quote: "USD"},
	"tUDCUST":   {Base: "USDC", Quote: "USDT"},
	"tWBTUSD":   {Base: "WBTC", Quote: "USD"},
	"tIOTETH":   {Base: "IOTA", Quote: "ETH"},
	"tMNABTC":   {Base: "MANA", Quote: "BTC"},
	"tBFTUSD":   {Base: "BFT", Quote: "USD"},
	"tODEUSD":   {Base: "ODEM", Quote: "USD"},
	"tSNGUSD":   {Base: "SNGLS", Quote: "USD"},
	"tXAUT:USD": {Base: "XAUT", Quote: "USD"},
	"tXAUT:BTC": {Base: "XAUT", Quote: "BTC"},
	"tXAUT:UST": {Base: "XAUT", Quote: "USDT"},
}

func pair(symbol string) (market.Pair, bool) {
	p, ok := pairs[symbol]
	return p, ok
}
