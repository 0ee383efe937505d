package sim

import (
	"time"

	"chronos.dev/market"
)

// numbering is how a venue counts its messages.
type numbering uint8

const (
	byMessage numbering = iota // each message is one more than the last
	byChange                   // each level is one more, so that messages jump
	byTime                     // microseconds of the venue's clock
)

// venue is a habit of speech and a fee.
type venue struct {
	name   string
	padded bool // sends "0.50000000" where others send "0.5"
	counts numbering
	first  uint64 // number before its first message
	delay  int64  // of its messages on their way to us, nanoseconds
	fee    market.Fee
}

const (
	bps   = market.FeeUnit / 10_000
	milli = int64(time.Millisecond)
)

// Fees are what a large customer may be asked, and invented like all else.
var venues = []venue{
	{"kraken", true, byMessage, 0, 9 * milli, market.Fee{Rate: 4 * bps, On: market.FeeQuote}},
	{"coinbase", false, byMessage, 81_204_511_000, 14 * milli, market.Fee{Rate: 5 * bps, On: market.FeeQuote}},
	{"bitstamp", true, byTime, 0, 11 * milli, market.Fee{Rate: 3 * bps, On: market.FeeQuote}},
	{"gemini", false, byMessage, 0, 24 * milli, market.Fee{Rate: 45 * bps / 10, On: market.FeeQuote}},
	{"binance", true, byChange, 50_118_446_700, 38 * milli, market.Fee{Rate: 23 * bps / 10}},
	{"okx", false, byChange, 11_720_000_000, 31 * milli, market.Fee{Rate: 2 * bps}},
}

// pairFees are what a venue asks for one pair in place of its general fee.
var pairFees = []struct {
	venue string
	pair  market.Pair
	fee   market.Fee
}{
	{"kraken", market.Pair{Base: "USDC", Quote: "USD"}, market.Fee{Rate: 1 * bps, On: market.FeeQuote}},
	{"kraken", market.Pair{Base: "USDT", Quote: "USD"}, market.Fee{Rate: 1 * bps, On: market.FeeQuote}},
	{"bitstamp", market.Pair{Base: "USDC", Quote: "USD"}, market.Fee{Rate: 5 * bps / 10, On: market.FeeQuote}},
}

// spec is one market of one venue.
type spec struct {
	venue, base, quote string

	tick, lot uint8 // decimals of prices and sizes
	levels    int64 // a side, about
	half      int64 // half of the usual spread, parts per million of the price
	space     int64 // between the first levels, parts per million of the price
	unit      int64 // worth of a usual level at the top, dollars
	weight    int64 // share in all changes
}

// SOL and LTC trade against BTC only, USDC and USDT reach EUR and GBP only
// through BTC: there are paths of one, two and three hops.
var markets = []spec{
	{"kraken", "BTC", "USD", 1, 8, 300, 20, 28, 9_000, 5},
	{"kraken", "BTC", "EUR", 1, 8, 260, 25, 35, 8_000, 3},
	{"kraken", "BTC", "GBP", 1, 8, 180, 60, 60, 3_000, 1},
	{"kraken", "BTC", "USDT", 1, 8, 200, 30, 40, 4_000, 2},
	{"kraken", "ETH", "BTC", 5, 8, 120, 130, 270, 9_000, 1},
	{"kraken", "LTC", "BTC", 7, 8, 120, 300, 160, 1_500, 1},
	{"kraken", "USDC", "USD", 4, 8, 110, 40, 100, 120_000, 1},
	{"kraken", "USDT", "USD", 5, 8, 140, 20, 20, 60_000, 1},
	{"coinbase", "BTC", "USD", 2, 8, 340, 15, 22, 8_000, 5},
	{"coinbase", "BTC", "EUR", 2, 8, 220, 35, 45, 4_000, 2},
	{"coinbase", "BTC", "GBP", 2, 8, 200, 50, 55, 3_500, 1},
	{"coinbase", "ETH", "USD", 2, 8, 280, 30, 40, 7_000, 2},
	{"bitstamp", "BTC", "USD", 0, 8, 240, 30, 40, 9_000, 3},
	{"bitstamp", "BTC", "EUR", 0, 8, 220, 35, 45, 6_000, 2},
	{"bitstamp", "ETH", "USD", 1, 8, 200, 50, 60, 5_000, 1},
	{"bitstamp", "USDC", "USD", 5, 6, 130, 30, 30, 50_000, 1},
	{"gemini", "BTC", "USD", 2, 8, 160, 40, 55, 7_000, 2},
	{"gemini", "ETH", "BTC", 5, 6, 110, 150, 270, 5_000, 1},
	{"binance", "BTC", "USDT", 2, 5, 350, 10, 18, 9_000, 5},
	{"binance", "ETH", "BTC", 5, 4, 150, 130, 270, 15_000, 2},
	{"binance", "SOL", "BTC", 7, 3, 160, 110, 70, 4_000, 1},
	{"okx", "BTC", "USDT", 1, 8, 300, 12, 20, 8_000, 4},
	{"okx", "SOL", "BTC", 7, 6, 140, 140, 80, 3_000, 1},
	{"okx", "LTC", "BTC", 7, 6, 130, 250, 130, 2_000, 1},
}

// Fees returns the taker fees of all venues, valid at any time.
func (m *Market) Fees() market.Fees {
	const source = "invented for the simulation"
	var out market.Fees
	for i := range venues {
		out = append(out, market.FeeSchedule{Venue: venues[i].name, Fee: venues[i].fee, Source: source})
	}
	for _, f := range pairFees {
		out = append(out, market.FeeSchedule{Venue: f.venue, Pair: &f.pair, Fee: f.fee, Source: source})
	}
	return out
}

func venueOf(name string) *venue {
	for i := range venues {
		if venues[i].name == name {
			return &venues[i]
		}
	}
	panic("sim: no venue " + name)
}
