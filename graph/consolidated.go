package graph

import (
	"slices"

	"chronos.dev/book"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Quote is one level of a consolidated book: what one venue shows at one price.
type Quote struct {
	Venue       string
	Price, Size money.Num
}

// Consolidated is the book of one pair over all venues that may be used.
type Consolidated struct {
	Bids, Asks []Quote // best first; equal prices by venue name
	LeftOut    []LeftOut
	Origin     market.Origin // of the least real book
}

// LeftOut names a market that was not used, and why. Barred is one that could
// have been, had the request not excluded its venue.
type LeftOut struct {
	Key market.Key
	Usability
	Barred bool
	Slow   bool // Barred, since it settles later than the request allows
}

// Consolidate merges the books of pair. Depth bounds the levels a side; 0 means
// all. Sizes are the venues' own, before fees. Offers of providers are no books:
// they are neither merged nor named as left out.
func (s *Snapshot) Consolidate(pair market.Pair, depth int, now, staleAfter int64) Consolidated {
	var c Consolidated
	for _, id := range s.sellers(pair) {
		m := &s.Markets[id]
		if s.State(id).Offer != nil {
			continue
		}
		u, ok := s.State(id).Usable(now, staleAfter)
		if !ok {
			c.LeftOut = append(c.LeftOut, LeftOut{Key: m.Key, Usability: u})
			continue
		}
		v := s.State(id).View
		c.Origin = max(c.Origin, v.Origin)
		c.Bids = appendQuotes(c.Bids, m.Key.Venue, v, v.Bids, depth)
		c.Asks = appendQuotes(c.Asks, m.Key.Venue, v, v.Asks, depth)
	}
	slices.SortStableFunc(c.Bids, func(a, b Quote) int { return b.Price.Cmp(a.Price) })
	slices.SortStableFunc(c.Asks, func(a, b Quote) int { return a.Price.Cmp(b.Price) })
	c.Bids, c.Asks = firstN(c.Bids, depth), firstN(c.Asks, depth)
	return c
}

// Trades reports whether some market trades exactly this pair.
func (s *Snapshot) Trades(pair market.Pair) bool { return len(s.sellers(pair)) > 0 }

// sellers returns the markets of exactly this pair, not of its inverse.
func (s *Snapshot) sellers(pair market.Pair) []MarketID {
	base, okBase := s.Asset(pair.Base)
	quote, okQuote := s.Asset(pair.Quote)
	if !okBase || !okQuote {
		return nil
	}
	e := s.Edge(base, quote)
	if e == nil {
		return nil
	}
	var ids []MarketID
	for _, id := range e.Markets {
		if s.Markets[id].Base == base {
			ids = append(ids, id)
		}
	}
	return ids
}

func appendQuotes(dst []Quote, venue string, v *book.View, levels []book.Level, depth int) []Quote {
	for _, l := range firstN(levels, depth) {
		dst = append(dst, Quote{
			Venue: venue,
			Price: money.Num{Coef: int64(l.Price), Scale: v.PriceScale},
			Size:  money.Num{Coef: int64(l.Size), Scale: v.SizeScale},
		})
	}
	return dst
}

func firstN[T any](s []T, n int) []T {
	if n > 0 && len(s) > n {
		return s[:n]
	}
	return s
}
