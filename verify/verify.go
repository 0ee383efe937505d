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
//
// B is a bound over the books of the file less the venues that the quote says
// were excluded, and over routes of at most max_hops: whether the customer asked
// for that, only he knows. Not looked at are what compares with a middle price
// (mid_rate, slippage_bps, fee_bps), avg_price of a hop, and times.
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
	var m marketDoc
	if err := decode(marketFile, &m, true); err != nil {
		return []Failure{{CodeFormat, "market file: " + err.Error()}}
	}
	b, err := newBooks(&m)
	if err != nil {
		return []Failure{{CodeFormat, "market file: " + err.Error()}}
	}
	c := checker{books: b, quote: &quoteDoc{}, excluded: map[string]bool{}, used: map[sideName]bool{}}
	if err := decode(quote, c.quote, false); err != nil {
		return []Failure{{CodeFormat, "quote: " + err.Error()}}
	}
	c.sell, c.buy = b.asset(c.quote.SellAsset), b.asset(c.quote.BuyAsset)
	c.sides()
	if len(c.failures) == 0 {
		c.routes()
	}
	if len(c.failures) == 0 {
		c.fills()
		c.shown()
		c.bound()
	}
	return c.failures
}

type checker struct {
	books     *books
	quote     *quoteDoc
	sell, buy asset
	excluded  map[string]bool   // venues
	used      map[sideName]bool // that the quote names
	failures  []Failure
}

func (c *checker) fail(code, format string, args ...any) {
	c.failures = append(c.failures, Failure{code, fmt.Sprintf(format, args...)})
}

func (c *checker) same(code, what string, got, want *big.Int) {
	if got.Cmp(want) != 0 {
		c.fail(code, "%s: %v, not %v", what, want, got)
	}
}

// sides checks that the books are those that the quote was made of.
func (c *checker) sides() {
	q := &c.quote.Certificate
	for _, v := range q.VenuesExcluded {
		c.excluded[v] = true
	}
	if n := c.considered(); n != q.SidesConsidered {
		c.fail(CodeMarket, "the file holds %d sides of books for this order, the bound is over %d",
			n, q.SidesConsidered)
	}
	for _, u := range q.Sides {
		c.used[u.sideName] = true
		s := c.books.byName[u.sideName]
		switch {
		case s == nil || !c.counts(s):
			c.fail(CodeMarket, "%.120s is not in the books", u.sideName)
		case s.version != "" && s.version != u.Version:
			c.fail(CodeVersion, "%s is at %s, the quote at %s", s.sideName, s.version, u.Version)
		case s.digest() != u.Digest:
			c.fail(CodeDigest, "%s is not what the quote was made of", s.sideName)
		}
	}
}

// considered counts the sides that the bound sums over: those that a path of at most
// so many hops could use, as far as something is offered to begin and to end it.
func (c *checker) considered() (n int) {
	S, T, hops := c.quote.SellAsset, c.quote.BuyAsset, c.quote.Certificate.MaxHops
	begins, ends := map[string]bool{}, map[string]bool{}
	for _, s := range c.books.sides {
		if c.counts(s) {
			begins[s.to] = begins[s.to] || s.from == S
			ends[s.from] = ends[s.from] || s.to == T
		}
	}
	for _, s := range c.books.sides {
		switch {
		case !c.counts(s) || s.to == S || s.from == T:
		case s.from == S && s.to == T, hops >= 2 && (s.from == S || s.to == T),
			hops >= 3 && begins[s.from] && ends[s.to]:
			n++
		}
	}
	return n
}

// counts reports whether a side is one of those that the quote is about.
func (c *checker) counts(s *side) bool { return len(s.levels) > 0 && !c.excluded[s.Venue] }

// routes checks that each route leads from what is sold to what is bought, by at
// most so many hops, through no asset twice, over sides that the quote names, and
// that the routes sum to the whole.
func (c *checker) routes() {
	q := &c.quote.Certificate
	if n := len(c.quote.Routes); n == 0 || n != len(q.RouteUnits) || q.MaxHops > 3 {
		c.fail(CodeRoute, "%d routes, units of %d, of at most %d hops", n, len(q.RouteUnits), q.MaxHops)
		return
	}
	in, out := new(big.Int), new(big.Int)
	for i, r := range c.quote.Routes {
		units := q.RouteUnits[i]
		if len(r.Hops) == 0 || len(r.Hops) > q.MaxHops || len(units) != len(r.Hops)+1 {
			c.fail(CodeRoute, "route %d: %d hops of at most %d, units of %d places",
				i, len(r.Hops), q.MaxHops, len(units))
			return
		}
		at, been := c.quote.SellAsset, []string{c.quote.SellAsset}
		for j, h := range r.Hops {
			s := c.books.byName[h.sideName]
			if s == nil || !c.used[h.sideName] || s.from != at || slices.Contains(been, s.to) ||
				h.SellAsset != s.from || h.BuyAsset != s.to {
				c.fail(CodeRoute, "route %d, hop %d: %.120s does not go on from %s", i, j, h.sideName, at)
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

// fills checks that no book gives more than its levels do, and what the venues
// keep of it.
func (c *checker) fills() {
	type sum struct{ in, out *big.Int }
	sums := map[*side]sum{}
	for i, r := range c.quote.Routes {
		units := c.quote.Certificate.RouteUnits[i]
		for j, h := range r.Hops {
			s := c.books.byName[h.sideName]
			if sums[s].in == nil {
				sums[s] = sum{new(big.Int), new(big.Int)}
			}
			sums[s].in.Add(sums[s].in, units[j].int())
			sums[s].out.Add(sums[s].out, units[j+1].int())
		}
	}
	fees := map[[2]string]*big.Int{} // by venue and asset
	for _, s := range c.books.sides {
		t, ok := sums[s]
		if !ok {
			continue
		}
		most, left, fee := s.fill(t.in, t.out)
		if left.Sign() > 0 || t.out.Cmp(most) > 0 {
			c.fail(CodeFill, "%s: %v gives at most %v, not %v; %v are beyond its depth",
				s.sideName, t.in, most, t.out, left)
		}
		key := [2]string{s.Venue, s.to}
		if s.feeOnIn {
			key[1] = s.from
		}
		if fees[key] == nil {
			fees[key] = new(big.Int)
		}
		fees[key].Add(fees[key], fee)
	}
	c.fees(fees)
}

// fees checks what the venues keep as it is shown, rounded up.
func (c *checker) fees(fees map[[2]string]*big.Int) {
	for _, f := range c.quote.Fees {
		key := [2]string{f.Venue, f.Asset}
		a, want := c.books.asset(f.Asset), "none"
		if fee := fees[key]; fee != nil && fee.Sign() > 0 {
			want = a.text(a.shown(fee, true))
		}
		if f.Amount != want {
			c.fail(CodeShown, "%.40q is shown to keep %.40q of %.40q, it is %s", f.Venue, f.Amount, f.Asset, want)
		}
		delete(fees, key) // so that no fee counts twice
	}
	for _, s := range c.books.sides {
		for _, of := range []string{s.from, s.to} {
			if fee := fees[[2]string{s.Venue, of}]; fee != nil && fee.Sign() > 0 {
				c.fail(CodeShown, "%s keeps some %s, which is not shown", s.Venue, of)
				return
			}
		}
	}
}
