package verify

import (
	"math/big"
	"slices"
)

// scope reads what the quote leaves out.
func (c *checker) scope() {
	q := &c.quote.Certificate
	for _, v := range q.VenuesExcluded {
		if !venueForm.MatchString(v) {
			c.fail(CodeMarket, "venues_excluded names %.40q", v)
			return
		}
		c.excluded[v] = true
	}
	if q.MaxHops > 3 || q.MaxSettle != nil && *q.MaxSettle < 0 {
		c.fail(CodeRoute, "routes of at most %d hops, or a limit of settlement below zero", q.MaxHops)
	}
}

// inTime reports whether something settles as soon as the quote says all does.
func (c *checker) inTime(settle int64) bool {
	limit := c.quote.Certificate.MaxSettle
	return limit == nil || settle <= *limit
}

// counts reports whether a side is one of those that the quote is about.
func (c *checker) counts(s *side) bool {
	if c.excluded[s.Venue] {
		return false
	}
	return len(s.levels) > 0 && c.inTime(s.settle) ||
		slices.ContainsFunc(s.options, func(o option) bool { return c.inTime(o.settle) })
}

// option returns the option that a side makes of a tier, if it settles in time.
func (c *checker) option(s *side, tier int) *option {
	i := slices.IndexFunc(s.options, func(o option) bool { return o.tier == tier && c.inTime(o.settle) })
	if i < 0 {
		return nil
	}
	return &s.options[i]
}

// sides checks that the books are those that the quote was made of.
func (c *checker) sides() {
	q := &c.quote.Certificate
	if n := len(c.considered()); n != q.SidesConsidered {
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
			c.fail(CodeVersion, "%s is at %s, the quote at %.40s", s.sideName, s.version, u.Version)
		case s.digest() != u.Digest:
			c.fail(CodeDigest, "%s is not what the quote was made of", s.sideName)
		}
	}
}

// leg is an amount at one side.
type leg struct {
	side    *side
	in, out *big.Int
	doc     *hopDoc
}

// routes checks that each route leads from what is sold to what is bought, by at
// most so many hops, through no asset twice, over sides that the quote names, and
// that the routes sum to the whole.
func (c *checker) routes() {
	q := &c.quote.Certificate
	if n := len(c.quote.Routes); n == 0 || n != len(q.RouteUnits) {
		c.fail(CodeRoute, "%d routes, units of %d", n, len(q.RouteUnits))
		return
	}
	in, out := new(big.Int), new(big.Int)
	for i := range c.quote.Routes {
		if !c.route(i) {
			return
		}
		units := q.RouteUnits[i]
		in.Add(in, units[0].int())
		out.Add(out, units[len(units)-1].int())
	}
	c.same(CodeSum, "sold by all routes", in, q.SellUnits.int())
	c.same(CodeSum, "bought by all routes", out, q.BuyUnits.int())
}

// route follows one route and notes its legs.
func (c *checker) route(i int) bool {
	hops, units, most := c.quote.Routes[i].Hops, c.quote.Certificate.RouteUnits[i], c.quote.Certificate.MaxHops
	if len(hops) == 0 || len(hops) > most || len(units) != len(hops)+1 {
		c.fail(CodeRoute, "route %d: %d hops of at most %d, units of %d places", i, len(hops), most, len(units))
		return false
	}
	at, been := c.quote.SellAsset, []string{c.quote.SellAsset}
	var legs []leg
	for j := range hops {
		h := &hops[j]
		s := c.books.byName[h.sideName]
		if s == nil || !c.used[h.sideName] || s.from != at || slices.Contains(been, s.to) ||
			h.SellAsset != s.from || h.BuyAsset != s.to {
			c.fail(CodeRoute, "route %d, hop %d: %.120s does not go on from %s", i, j, h.sideName, at)
			return false
		}
		at, been = s.to, append(been, s.to)
		legs = append(legs, leg{side: s, in: units[j].int(), out: units[j+1].int(), doc: h})
	}
	if at != c.quote.BuyAsset {
		c.fail(CodeRoute, "route %d ends at %s", i, at)
		return false
	}
	c.legs = append(c.legs, legs)
	return true
}

// fill is what all routes together do at one side.
type fill struct {
	side    *side
	in, out *big.Int
	legs    int64
	option  *option
	fee     *big.Int // that the venue keeps, of in or of out
}

// take sums the legs of each side, and checks that no book gives more than its
// levels do, and no provider more than one tier.
func (c *checker) take() {
	var order []*fill
	for _, legs := range c.legs {
		for i := range legs {
			l := &legs[i]
			f := c.fills[l.side]
			if f == nil {
				f = &fill{side: l.side, in: new(big.Int), out: new(big.Int), fee: new(big.Int)}
				c.fills[l.side], order = f, append(order, f)
			}
			c.tier(f, l)
			f.in.Add(f.in, l.in)
			f.out.Add(f.out, l.out)
			f.legs++
		}
	}
	for _, f := range order {
		var most, left *big.Int
		if f.option != nil {
			most, left = f.option.fill(f.in)
			if f.side.book != nil {
				f.fee = f.side.fee(f.in, f.out)
				most = least(most, f.side.mostInLots(f.in))
			}
		} else {
			most, left, f.fee = f.side.fill(f.in, f.out)
		}
		if left.Sign() > 0 || f.out.Cmp(most) > 0 {
			c.fail(CodeFill, "%s: %v gives at most %v, not %v; %v are beyond its depth or less than it takes",
				f.side.sideName, f.in, most, f.out, left)
		}
	}
}

// tier checks that a leg uses the same tier as the others of its side, or none of
// a book.
func (c *checker) tier(f *fill, l *leg) {
	name, index := l.doc.Tier, l.doc.TierIndex
	if !f.side.provider {
		if name != nil || index != nil {
			c.fail(CodeFill, "%s has no tiers", f.side.sideName)
		}
		if len(f.side.options) > 0 { // under terms
			f.option = &f.side.options[0]
		}
		return
	}
	if name == nil || index == nil {
		c.fail(CodeFill, "%s: no tier is named", f.side.sideName)
		return
	}
	o := c.option(f.side, *index)
	if o == nil || o.name != *name || f.option != nil && f.option != o {
		c.fail(CodeFill, "%s: tier %d, %.40q, is none, is too slow, or is not the only one",
			f.side.sideName, *index, *name)
		return
	}
	f.option = o
}

// checkFees checks what the venues keep as it is shown, rounded up.
func (c *checker) checkFees() {
	fees := map[[2]string]*big.Int{} // by venue and asset
	for _, f := range c.fills {
		key := [2]string{f.side.Venue, f.side.to}
		if f.side.feeOnIn {
			key[1] = f.side.from
		}
		if fees[key] == nil {
			fees[key] = new(big.Int)
		}
		fees[key].Add(fees[key], f.fee)
	}
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
	for key, fee := range fees {
		if fee.Sign() > 0 {
			c.fail(CodeShown, "%s keeps some %s, which is not shown", key[0], key[1])
		}
	}
}
