// Package verify checks a quote against the books, and believes nothing else of
// it. It shares no code with what made the quote: numbers are big integers, JSON
// is read by the standard library, and every rule is written here once more.
//
// A quote is right if its routes can be filled from the levels of the books, to
// the unit, and if no other plan could bring more than its bound. The first is a
// walk through the levels. The second is weak duality: for any prices nu >= 0 of
// the nodes of the layered network S, (a,1), (a,2), T with nu(a,1) >= nu(a,2), no
// plan over routes of at most three hops that visit no asset twice turns X into
// more than
//
//	B = (nu_S*X + sum over all levels of max(0, Out*nu_to - In*nu_from)) / nu_T
//
// so it is enough to form B again from the prices that the quote names.
package verify

import (
	"fmt"
	"math/big"
	"slices"
)

// Failure is one thing that is wrong with a quote.
type Failure struct {
	Code   string // one of the Codes
	Detail string
}

func (f Failure) Error() string { return f.Code + ": " + f.Detail }

// Codes of failures.
const (
	CodeFormat  = "format"  // a file that cannot be read as what it should be
	CodeMarket  = "market"  // the books are not those of the quote
	CodeVersion = "version" // a book has moved on since, or has not got there
	CodeDigest  = "digest"  // a book is not what it was
	CodeRoute   = "route"   // a route that leads from one end to the other by no chain
	CodeFill    = "fill"    // more out of a book than its levels give
	CodeSum     = "sum"     // parts that do not make the whole
	CodeShown   = "shown"   // an amount shown that is not the amount in units
	CodeBound   = "bound"   // a bound that the node prices do not give
)

// Verify checks a quote, the answer to GET /v1/price, against a market file, as
// the admin listener's GET /v1/snapshot writes it, and returns all that is wrong.
func Verify(marketFile, quote []byte) []Failure {
	var c checker
	m, err := readMarket(marketFile)
	if err != nil {
		return []Failure{{CodeFormat, "market file: " + err.Error()}}
	}
	q, err := readQuote(quote)
	if err != nil {
		return []Failure{{CodeFormat, "quote: " + err.Error()}}
	}
	c.market, c.quote = m, q
	c.sides()
	if len(c.failures) > 0 {
		return c.failures
	}
	if c.routes(); len(c.failures) > 0 {
		return c.failures
	}
	c.fills()
	c.shown()
	c.bound()
	return c.failures
}

type checker struct {
	market   *marketDoc
	quote    *quoteDoc
	sell     asset
	buy      asset
	failures []Failure
}

func (c *checker) fail(code, format string, args ...any) {
	c.failures = append(c.failures, Failure{code, fmt.Sprintf(format, args...)})
}

// sides checks that the books are those that the quote was made of.
func (c *checker) sides() {
	q := &c.quote.Certificate
	c.sell, c.buy = c.market.asset(c.quote.SellAsset), c.market.asset(c.quote.BuyAsset)
	if c.quote.SellAsset == c.quote.BuyAsset {
		c.fail(CodeRoute, "%s is sold for itself", c.quote.SellAsset)
	}
	n := 0
	for _, s := range c.market.sides {
		if len(s.levels) > 0 && !slices.Contains(q.VenuesExcluded, s.venue) {
			n++
		}
	}
	if n != q.SidesConsidered {
		c.fail(CodeMarket, "the file holds %d sides of books, the bound is over %d", n, q.SidesConsidered)
	}
	for _, u := range q.Sides {
		s := c.market.find(u.Venue, u.Market, u.Side)
		switch {
		case s == nil || len(s.levels) == 0 || slices.Contains(q.VenuesExcluded, u.Venue):
			c.fail(CodeMarket, "%s %s %s is not in the books", u.Venue, u.Market, u.Side)
		case s.version != "" && s.version != u.Version:
			c.fail(CodeVersion, "%s %s is at %s, the quote at %s", u.Venue, u.Market, s.version, u.Version)
		case s.digest() != u.Digest:
			c.fail(CodeDigest, "%s %s %s is not what the quote was made of", u.Venue, u.Market, u.Side)
		}
	}
}

// routes checks that each route leads from what is sold to what is bought, by at
// most so many hops, through no asset twice, over sides that the quote names, and
// that the routes sum to the whole.
func (c *checker) routes() {
	q := &c.quote.Certificate
	in, out := new(big.Int), new(big.Int)
	if len(c.quote.Routes) == 0 || len(c.quote.Routes) != len(q.RouteUnits) {
		c.fail(CodeRoute, "%d routes, units of %d", len(c.quote.Routes), len(q.RouteUnits))
		return
	}
	for i, r := range c.quote.Routes {
		units := q.RouteUnits[i]
		if len(r.Hops) == 0 || len(r.Hops) > q.MaxHops || q.MaxHops > 3 || len(units) != len(r.Hops)+1 {
			c.fail(CodeRoute, "route %d: %d hops of at most %d, units of %d places",
				i, len(r.Hops), q.MaxHops, len(units))
			return
		}
		at, been := c.quote.SellAsset, []string{c.quote.SellAsset}
		for j, h := range r.Hops {
			s := c.market.find(h.Venue, h.Market, h.Side)
			used := slices.ContainsFunc(q.Sides, func(u sideDoc) bool {
				return u.Venue == h.Venue && u.Market == h.Market && u.Side == h.Side
			})
			if s == nil || !used || s.from != at || slices.Contains(been, s.to) ||
				h.SellAsset != s.from || h.BuyAsset != s.to {
				c.fail(CodeRoute, "route %d, hop %d: %s %s %s does not go on from %s",
					i, j, h.Venue, h.Market, h.Side, at)
				return
			}
			at, been = s.to, append(been, s.to)
		}
		if at != c.quote.BuyAsset {
			c.fail(CodeRoute, "route %d ends at %s", i, at)
		}
		in.Add(in, units[0].int())
		out.Add(out, units[len(units)-1].int())
	}
	c.same(CodeSum, "sold by all routes", in, q.SellUnits.int())
	c.same(CodeSum, "bought by all routes", out, q.BuyUnits.int())
}

func (c *checker) same(code, what string, got, want *big.Int) {
	if got.Cmp(want) != 0 {
		c.fail(code, "%s: %v, not %v", what, want, got)
	}
}

// fills checks that no book gives more than its levels do.
func (c *checker) fills() {
	type sum struct{ in, out *big.Int }
	sums := map[*side]*sum{}
	for i, r := range c.quote.Routes {
		units := c.quote.Certificate.RouteUnits[i]
		for j, h := range r.Hops {
			s := c.market.find(h.Venue, h.Market, h.Side)
			if sums[s] == nil {
				sums[s] = &sum{new(big.Int), new(big.Int)}
			}
			sums[s].in.Add(sums[s].in, units[j].int())
			sums[s].out.Add(sums[s].out, units[j+1].int())
		}
	}
	for s, t := range sums {
		left, most := new(big.Int).Set(t.in), new(big.Int)
		for _, l := range s.levels {
			take := l.in
			if left.Cmp(take) < 0 {
				take = left
			}
			part := new(big.Int).Mul(take, l.out)
			most.Add(most, part.Quo(part, l.in))
			left = new(big.Int).Sub(left, take)
		}
		if left.Sign() > 0 || t.out.Cmp(most) > 0 {
			c.fail(CodeFill, "%s %s %s: %v gives at most %v, not %v; %v are beyond its depth",
				s.venue, s.market, s.name, t.in, most, t.out, left)
		}
	}
}
