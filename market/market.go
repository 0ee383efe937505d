// Package market names what is traded, where, at what fee, and what a venue
// said about it.
//
// It holds the nouns that all other packages share and no behaviour beyond
// checking itself: nothing here reads a clock or does I/O.
package market

import (
	"fmt"
	"strings"
)

// Side is the side of a book.
type Side uint8

// The zero Side is invalid, so that a forgotten one is noticed.
const (
	Bid Side = 1 + iota
	Ask
)

// String returns "bid" or "ask".
func (s Side) String() string {
	switch s {
	case Bid:
		return "bid"
	case Ask:
		return "ask"
	}
	return fmt.Sprintf("side(%d)", uint8(s))
}

// Asset is a currency or coin.
type Asset struct {
	Symbol      string // upper case: "BTC"
	Scale       uint8  // decimals a customer sees and settles in
	EngineScale uint8  // decimals of an engine Amount, at least Scale
	Hub         bool   // an asset that paths are expected to lead through
}

// Pair is what an instrument trades: Base is bought and sold, Quote is paid.
type Pair struct{ Base, Quote string }

// String returns the market's name: "BTC-USD".
func (p Pair) String() string { return p.Base + "-" + p.Quote }

// MaxSymbol is the longest asset symbol or venue name accepted from outside.
const MaxSymbol = 32

// ParsePair reads "BTC-USD". Symbols are 1 to MaxSymbol upper-case letters and
// digits; the two must differ.
func ParsePair(s string) (Pair, error) {
	base, quote, ok := strings.Cut(s, "-")
	if !ok || !ValidSymbol(base) || !ValidSymbol(quote) || base == quote {
		return Pair{}, fmt.Errorf("market: %q is not a market name like BTC-USD", s)
	}
	return Pair{base, quote}, nil
}

// ValidSymbol reports whether s can be an asset symbol.
func ValidSymbol(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(s) > 0 && len(s) <= MaxSymbol
}

// ValidVenue reports whether s can be a venue's name: lower-case letters,
// digits, '_' and '-', beginning with a letter.
func ValidVenue(s string) bool {
	for i := range len(s) {
		c := s[i]
		low := c >= 'a' && c <= 'z'
		if !low && (i == 0 || (c < '0' || c > '9') && c != '_' && c != '-') {
			return false
		}
	}
	return len(s) > 0 && len(s) <= MaxSymbol
}

// Key names one book: an instrument at a venue.
type Key struct {
	Venue string
	Pair  Pair
}

// String returns the record key "kraken|BTC-USD".
func (k Key) String() string { return k.Venue + "|" + k.Pair.String() }
