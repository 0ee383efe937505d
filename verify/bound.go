package verify

import (
	"math"
	"math/big"
)

// prices are what a unit of each asset is worth: of what is sold, of what is
// bought, and of an asset between before a hop to another and after it.
type prices struct {
	source, target *big.Int
	one, two       map[string]*big.Int // an asset that is missing is worth nothing
}

// maxTerms bounds the work that a quote can ask for: sides of all leaves.
const maxTerms = 1 << 26

// bound forms B from the node prices, or from those of all leaves, and checks it.
func (c *checker) bound() {
	q := &c.quote.Certificate
	leaves := []leaf{{prices: q.NodePrices}}
	if q.Leaves != nil {
		if leaves = c.cover(); leaves == nil {
			return
		}
	}
	sides := c.considered()
	if len(leaves)*len(sides) > maxTerms {
		c.fail(CodeBound, "%d leaves over %d sides are more than is looked through", len(leaves), len(sides))
		return
	}
	var worst *big.Int
	for i := range leaves {
		p, ok := c.prices(leaves[i].prices)
		if !ok {
			return
		}
		b := c.boundOf(c.surplus(p, sides, leaves[i].decided), p)
		if worst == nil || (worst.Cmp(b) < 0) != q.ExactOut {
			worst = b
		}
	}
	c.compare(worst)
}

// prices reads node prices, if they are such as bound anything.
func (c *checker) prices(n *nodePricesDoc) (p prices, ok bool) {
	if n == nil || c.quote.Certificate.ExactOut && n.Sell.int().Sign() == 0 ||
		!c.quote.Certificate.ExactOut && n.Buy.int().Sign() == 0 {
		c.fail(CodeBound, "the quote names no node prices, or none above zero of the end that the bound is of")
		return p, false
	}
	p = prices{n.Sell.int(), n.Buy.int(), map[string]*big.Int{}, map[string]*big.Int{}}
	for i := range n.Assets {
		a := &n.Assets[i]
		if p.one[a.Asset] != nil || a.One.int().Cmp(a.Two.int()) < 0 {
			c.fail(CodeBound, "node prices of %.40q: given twice, or less before a hop than after it", a.Asset)
			return p, false
		}
		p.one[a.Asset], p.two[a.Asset] = a.One.int(), a.Two.int()
	}
	return p, true
}

// considered are the sides that the bound sums over: those that a path of at most
// so many hops could use, as far as something is offered to begin and to end it.
func (c *checker) considered() (all []*side) {
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
			all = append(all, s)
		}
	}
	return all
}

// surplus sums, over the sides, what each makes more of what it takes at these
// prices. A decided side is used by that option, whatever it makes, or not at all.
func (c *checker) surplus(p prices, sides []*side, decided map[*side]*option) *big.Int {
	sum := new(big.Int)
	for _, s := range sides {
		from, to := c.ends(s, p)
		o, is := decided[s]
		switch {
		case is && o == nil:
		case is:
			sum.Add(sum, o.gain(from, to))
		case len(s.options) > 0:
			best := new(big.Int) // of none
			for i := range s.options {
				if o := &s.options[i]; c.inTime(o.settle) {
					best = most(best, o.gain(from, to))
				}
			}
			sum.Add(sum, best)
		default:
			sum.Add(sum, gains(s.levels, from, to))
		}
	}
	return sum
}

// gain is what all of the entry makes more, and what of the rest does.
func (o *option) gain(from, to *big.Int) *big.Int {
	g := gains(o.more, from, to)
	return g.Add(g, o.entry.gain(from, to))
}

// gains sums over levels, best first, what makes more of what it takes.
func gains(levels []level, from, to *big.Int) *big.Int {
	sum := new(big.Int)
	for _, l := range levels {
		g := l.gain(from, to)
		if g.Sign() <= 0 {
			break // as all that follow
		}
		sum.Add(sum, g)
	}
	return sum
}

func (l *level) gain(from, to *big.Int) *big.Int {
	g := new(big.Int).Mul(l.out, to)
	return g.Sub(g, new(big.Int).Mul(l.in, from))
}

// ends returns the prices of the nodes that a considered side leads from and to.
func (c *checker) ends(s *side, p prices) (from, to *big.Int) {
	worth := func(of map[string]*big.Int, a string) *big.Int {
		if v := of[a]; v != nil {
			return v
		}
		return new(big.Int)
	}
	switch first, last := s.from == c.quote.SellAsset, s.to == c.quote.BuyAsset; {
	case first && last:
		return p.source, p.target
	case first:
		return p.source, worth(p.one, s.to)
	case last:
		return worth(p.two, s.from), p.target
	}
	return worth(p.one, s.from), worth(p.two, s.to)
}

// boundOf turns the sum into a bound of the output for the input, from above, or of
// the input for the output, from below. It stops at the largest amount there is.
func (c *checker) boundOf(sum *big.Int, p prices) *big.Int {
	q := &c.quote.Certificate
	b := new(big.Int)
	if q.ExactOut {
		b.Mul(p.target, q.BuyUnits.int())
		b = floor(new(big.Rat).SetFrac(b.Sub(b, sum), p.source))
	} else {
		b.Mul(p.source, q.SellUnits.int())
		b = ceil(new(big.Rat).SetFrac(b.Add(b, sum), p.target))
	}
	return least(most(b, new(big.Int)), big.NewInt(math.MaxInt64))
}

// compare checks the bound, what is shown of it, and how far the plan is from it.
func (c *checker) compare(b *big.Int) {
	q := &c.quote.Certificate
	c.same(CodeBound, "the bound of these prices", b, q.BoundUnits.int())
	beaten := q.BuyUnits.int().Cmp(b) > 0
	if q.ExactOut {
		beaten = q.SellUnits.int().Cmp(b) < 0
	}
	if beaten { // by a feasible plan only if this package is wrong
		c.fail(CodeBound, "the plan beats its bound %v", b)
	}
	sell, buy := c.sell.shown(q.SellUnits.int(), true), c.buy.shown(q.BuyUnits.int(), false)
	shown := c.buy.shown(b, false)
	upper, lower, base, over := c.buy.text(shown), "", buy, new(big.Int).Sub(shown, buy)
	if q.ExactOut {
		shown = c.sell.shown(b, true)
		upper, lower, base, over = "", c.sell.text(shown), shown, new(big.Int).Sub(sell, shown)
	}
	c.reads("upper_bound_buy_amount", q.UpperBound, upper)
	c.reads("lower_bound_sell_amount", q.LowerBound, lower)
	status := "bounded"
	if over.Sign() == 0 {
		status = "exact"
	}
	c.reads("status", c.quote.Status, status)
	gap := "null"
	if base.Sign() > 0 && over.Sign() >= 0 { // in basis points with four decimals, up
		gap = fixed(ceil(new(big.Rat).SetFrac(over.Mul(over, pow(8)), base)), 4)
	}
	c.reads("gap_bps", orNull(q.GapBps), gap)
}
