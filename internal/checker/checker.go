// Package checker holds a plan against the books it was made of, as they were
// published, and believes nothing of it. It is for tests: every rule that a route
// must keep is written here once more, in big integers, from prices, sizes and
// fees, without the arcs of package graph and without the solver.
//
// Package verify does the same for a stranger with a quote and a market file in
// hand. What is looked at here is what a file does not tell: whether a book could
// be used at that moment, and whether the plan is the one that was asked for.
package checker

import (
	"fmt"
	"slices"
	"time"

	"chronos.dev/book"
	"chronos.dev/engine/plan"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Codes of faults.
const (
	CodeOrder  = "order"  // not what was asked for
	CodeChain  = "chain"  // legs that do not lead from what is sold to what is bought
	CodeTwice  = "twice"  // a route visits an asset twice
	CodeHops   = "hops"   // a route has no leg, or too many
	CodeVenue  = "venue"  // a book that may not be used, or that does not exist
	CodeDepth  = "depth"  // more is given to a book than its levels take, each once
	CodeFill   = "fill"   // more comes out of a book than its levels give
	CodeLeast  = "least"  // less than a venue trades
	CodeFee    = "fee"    // not what the venue keeps of that
	CodeSum    = "sum"    // parts that do not make the whole
	CodeSettle = "settle" // not when it is there, or too late
	CodeBound  = "bound"  // a bound that the plan beats, or of another question
)

// Fault is one thing that is wrong with a plan.
type Fault struct{ Code, Detail string }

func (f Fault) String() string { return f.Code + ": " + f.Detail }

// Market is one book as it was published, and what is known of its venue.
type Market struct {
	Key   market.Key
	View  *book.View
	Fee   *market.Fee // nil: nobody knows it
	Terms market.Terms
	// Lost says that the feed has missed something of the book since its last
	// snapshot, whatever View says.
	Lost bool
	// Offer is what a provider offers who stands in the place of a venue; nil for a
	// book. All else but Key is nothing then.
	Offer *market.Offer
}

// Order is what was asked for. Exactly one of In and Out is positive, in engine
// minor units.
type Order struct {
	Sell, Buy  string
	In, Out    money.Amount
	MaxHops    int // 1 to 3
	Exclude    []string
	MaxSettle  time.Duration // 0: no limit
	Now        int64         // Unix nanoseconds
	StaleAfter time.Duration
}

// Checker checks plans. It keeps the levels of the books it has seen last and
// belongs to one goroutine.
type Checker struct {
	assets  map[string]market.Asset
	markets map[market.Key]Market
	offers  map[sideKey]*offer

	order  *Order
	plan   *plan.Plan
	faults []Fault
}

type sideKey struct {
	key    market.Key
	action plan.Action
}

// New returns a checker of plans over these assets.
func New(assets []market.Asset) *Checker {
	c := &Checker{assets: map[string]market.Asset{}, offers: map[sideKey]*offer{}}
	for _, a := range assets {
		c.assets[a.Symbol] = a
	}
	return c
}

// Check returns all that is wrong with p, an answer to o over the books of all
// markets, nothing if it is right.
func (c *Checker) Check(o *Order, markets []Market, p *plan.Plan) []Fault {
	c.order, c.plan, c.faults = o, p, nil
	c.markets = make(map[market.Key]Market, len(markets))
	for _, m := range markets {
		c.markets[m.Key] = m
	}
	c.ordered()
	for i := range p.Routes {
		c.route(i, p.Routes[i].Legs)
	}
	c.sums()
	if len(c.faults) == 0 { // else the legs mean nothing
		c.settles()
	}
	if len(c.faults) == 0 { // and tiers are not named
		c.fills()
		c.bound()
	}
	return c.faults
}

func (c *Checker) fail(code, format string, args ...any) {
	c.faults = append(c.faults, Fault{code, fmt.Sprintf(format, args...)})
}

// ordered checks that the plan does what was asked for, all of it.
func (c *Checker) ordered() {
	o, p := c.order, c.plan
	if p.Sell != c.assets[o.Sell] || p.Buy != c.assets[o.Buy] {
		c.fail(CodeOrder, "%s into %s, not %s into %s", p.Sell.Symbol, p.Buy.Symbol, o.Sell, o.Buy)
	}
	if p.ExactOut != (o.Out > 0) || o.In > 0 && p.In != o.In || o.Out > 0 && p.Out != o.Out {
		c.fail(CodeOrder, "%d into %d, asked for %d into %d", p.In, p.Out, o.In, o.Out)
	}
	if p.In <= 0 || p.Out <= 0 || len(p.Routes) == 0 {
		c.fail(CodeOrder, "%d into %d by %d routes", p.In, p.Out, len(p.Routes))
	}
}

// route checks that legs lead from what is sold to what is bought, each giving
// what the one before received, through no asset twice, over books that may be
// used. A route may be so thin that an amount in it is nothing.
func (c *Checker) route(i int, legs []plan.Leg) {
	if len(legs) == 0 || len(legs) > c.order.MaxHops || len(legs) > 3 {
		c.fail(CodeHops, "route %d has %d legs of at most %d", i, len(legs), c.order.MaxHops)
		return
	}
	at, been := c.order.Sell, []string{c.order.Sell}
	for j := range legs {
		l := &legs[j]
		give, get := l.Key.Pair.Base, l.Key.Pair.Quote
		if l.Action == plan.Buy {
			give, get = get, give
		}
		switch {
		case l.Action != plan.Sell && l.Action != plan.Buy, l.GiveAsset != c.assets[give], l.GetAsset != c.assets[get]:
			c.fail(CodeChain, "route %d, leg %d: %s of %s gives %s for %s",
				i, j, l.Action, l.Key, l.GiveAsset.Symbol, l.GetAsset.Symbol)
		case give != at:
			c.fail(CodeChain, "route %d, leg %d: gives %s where %s is at hand", i, j, give, at)
		case j > 0 && l.In != legs[j-1].Out, l.In < 0, l.Out < 0:
			c.fail(CodeSum, "route %d, leg %d: gives %d of %s for %d", i, j, l.In, give, l.Out)
		}
		if slices.Contains(been, get) {
			c.fail(CodeTwice, "route %d, leg %d: %s again", i, j, get)
		}
		if m, ok := c.markets[l.Key]; !ok {
			c.fail(CodeVenue, "route %d, leg %d: there is no %s", i, j, l.Key)
		} else if why := c.barred(&m); why != "" {
			c.fail(CodeVenue, "route %d, leg %d: %s %s", i, j, l.Key, why)
		}
		at, been = get, append(been, get)
	}
	if at != c.order.Buy {
		c.fail(CodeChain, "route %d ends at %s", i, at)
	}
}

// sums checks that the routes make the plan.
func (c *Checker) sums() {
	in, out := uint64(0), uint64(0)
	for _, r := range c.plan.Routes {
		if len(r.Legs) > 0 {
			in, out = in+uint64(r.In()), out+uint64(r.Out())
		}
	}
	if in != uint64(c.plan.In) || out != uint64(c.plan.Out) {
		c.fail(CodeSum, "routes of %d into %d, the plan is %d into %d", in, out, c.plan.In, c.plan.Out)
	}
}

// ahead is how far in the future a book may have been heard of: as long as who
// asked may have slept after he looked at the clock.
const ahead = 250 * time.Millisecond

// barred says why a book may not be used for the order, "" if it may.
func (c *Checker) barred(m *Market) string {
	v, o := m.View, c.order
	if m.Offer != nil && !slices.Contains(o.Exclude, m.Key.Venue) {
		return c.noOffer(m.Offer)
	}
	switch {
	case slices.Contains(o.Exclude, m.Key.Venue):
		return "is excluded"
	case m.Lost || v.State != book.Live:
		return "is " + v.State.String()
	case v.RecvTime == 0 || o.Now-v.RecvTime > int64(o.StaleAfter):
		return "is stale"
	case v.RecvTime-o.Now > int64(ahead):
		return "is of the future"
	case m.Fee == nil:
		return "has a fee that nobody knows"
	case len(v.Bids) > 0 && len(v.Asks) > 0 && v.Bids[0].Price >= v.Asks[0].Price:
		return "is crossed in itself"
	case o.MaxSettle > 0 && m.Terms.Settle > o.MaxSettle:
		return "settles too late"
	}
	return ""
}

// settles checks when what was bought is there: with the slowest route.
func (c *Checker) settles() {
	longest := time.Duration(0)
	for i, r := range c.plan.Routes {
		sum := time.Duration(0)
		for j := range r.Legs {
			l := &r.Legs[j]
			if o := c.markets[l.Key].Offer; o != nil {
				c.legOfTier(i, j, l, o)
			} else if l.HasTier || l.Settle != c.markets[l.Key].Terms.Settle {
				c.fail(CodeSettle, "route %d, leg %d: tier %q of a book, settles in %v", i, j, l.Tier, l.Settle)
			}
			sum += l.Settle
		}
		longest = max(longest, sum)
	}
	if longest != c.plan.Settle {
		c.fail(CodeSettle, "settles in %v, not %v", longest, c.plan.Settle)
	}
}

// bound checks that the plan does not beat its bound, and that this is one over
// all books that may be used.
func (c *Checker) bound() {
	b, p := &c.plan.Bound, c.plan
	if !p.ExactOut && p.Out > b.Amount || p.ExactOut && p.In < b.Amount {
		c.fail(CodeBound, "%d into %d beats %d", p.In, p.Out, b.Amount)
	}
	exclude := slices.Clone(c.order.Exclude)
	slices.Sort(exclude)
	if b.MaxHops != c.order.MaxHops || b.MaxSettle != c.order.MaxSettle || !slices.Equal(b.Barred, exclude) {
		c.fail(CodeBound, "of %d hops without %v within %v", b.MaxHops, b.Barred, b.MaxSettle)
	}
	n := c.considered()
	if n != b.Considered {
		c.fail(CodeBound, "over %d sides, there are %d", b.Considered, n)
	}
}

// considered counts the sides that the bound is over: those that a path of the order
// could use, first by who offers to begin and to end it.
func (c *Checker) considered() (n int) {
	type hop struct{ from, to string }
	sides, begins, ends := map[hop]int{}, map[string]bool{}, map[string]bool{}
	for _, m := range c.markets {
		if c.barred(&m) != "" {
			continue
		}
		p := m.Key.Pair
		sides[hop{p.Base, p.Quote}] += c.holds(&m, plan.Sell)
		sides[hop{p.Quote, p.Base}] += c.holds(&m, plan.Buy)
	}
	for h, k := range sides {
		begins[h.to] = begins[h.to] || h.from == c.order.Sell && k > 0
		ends[h.from] = ends[h.from] || h.to == c.order.Buy && k > 0
	}
	for h, k := range sides {
		first, last := h.from == c.order.Sell, h.to == c.order.Buy
		switch {
		case h.to == c.order.Sell, h.from == c.order.Buy:
		case first && last,
			(first || last) && c.order.MaxHops >= 2,
			begins[h.from] && ends[h.to] && c.order.MaxHops == 3:
			n += k
		}
	}
	return n
}
