// Package all lists every venue format that Chronos decodes. Adding a venue adds
// one line here.
package all

import (
	"slices"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/binance"
	"chronos.dev/feed/venue/bitfinex"
	"chronos.dev/feed/venue/bitflyer"
	"chronos.dev/feed/venue/bitstamp"
	"chronos.dev/feed/venue/bybit"
	"chronos.dev/feed/venue/coinbase"
	"chronos.dev/feed/venue/ftx"
	"chronos.dev/feed/venue/gateio"
	"chronos.dev/feed/venue/gemini"
	"chronos.dev/feed/venue/hitbtc"
	"chronos.dev/feed/venue/kraken"
	"chronos.dev/feed/venue/kucoin"
	"chronos.dev/feed/venue/okcoin"
	"chronos.dev/feed/venue/okx"
	"chronos.dev/feed/venue/poloniex"
	"chronos.dev/market"
)

// Specs are all formats, by name.
var Specs = slices.Concat(
	binance.Specs,
	[]venue.Spec{bitfinex.Spec},
	[]venue.Spec{bitflyer.Spec},
	[]venue.Spec{bitstamp.Spec},
	bybit.Specs,
	[]venue.Spec{coinbase.Spec},
	[]venue.Spec{ftx.Spec},
	[]venue.Spec{gateio.Spec},
	[]venue.Spec{gemini.Spec},
	[]venue.Spec{hitbtc.Spec},
	[]venue.Spec{kraken.Spec},
	[]venue.Spec{kucoin.Spec},
	okcoin.Specs,
	[]venue.Spec{okx.Spec},
	[]venue.Spec{poloniex.Spec},
)

// Rules returns what a book must know of its venue; nothing for a venue that is
// not in Specs, such as a treasury desk's own. A venue of several formats has the
// rules of the last one.
func Rules(key market.Key) market.BookRules {
	for i := len(Specs) - 1; i >= 0; i-- {
		if Specs[i].Venue == key.Venue {
			return Specs[i].Rules(key.Pair.String())
		}
	}
	return market.BookRules{VerifiedDepth: -1}
}
