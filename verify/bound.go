package verify

import "math/big"

// prices are what a unit of each asset is worth: of what is sold, of what is
// bought, and of an asset between before a hop to another and after it.
type prices struct {
	source, target *big.Int
	one, two       map[string]*big.Int // an asset that is missing is worth nothing
}

// bound forms B from the node prices and checks it.
func (c *checker) bound() {
	if p, ok := c.prices(); ok {
		c.compareBound(c.surplus(p), p)
	}
}

// prices reads the node prices of the quote, if they are such as bound anything.
func (c *checker) prices() (p prices, ok bool) {
	n := c.quote.Certificate.NodePrices
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

// surplus sums, over every level of every side, what it makes more of what it
// takes at these prices.
func (c *checker) surplus(p prices) *big.Int {
	reached := map[string]bool{} // what the source turns into directly
	for _, s := range c.books.sides {
		if s.from == c.quote.SellAsset && c.counts(s) {
			reached[s.to] = true
		}
	}
	sum := new(big.Int)
	for _, s := range c.books.sides {
		from, to := c.ends(s, p, reached)
		if !c.counts(s) || from == nil || to == nil {
			continue
		}
		for _, l := range s.levels {
			gain := new(big.Int).Mul(l.out, to)
			if gain.Sub(gain, new(big.Int).Mul(l.in, from)); gain.Sign() > 0 {
				sum.Add(sum, gain)
			}
		}
	}
	return sum
}

// ends returns the prices of the nodes that a side leads from and to; to is nil
// where it leads nowhere that is worth anything, or is in no plan at all. An asset
// that the source does not turn into directly begins no hop to another between.
func (c *checker) ends(s *side, p prices, reached map[string]bool) (from, to *big.Int) {
	S, T, hops := c.quote.SellAsset, c.quote.BuyAsset, c.quote.Certificate.MaxHops
	worth := func(of map[string]*big.Int, a string) *big.Int {
		if v := of[a]; v != nil {
			return v
		}
		return new(big.Int)
	}
	switch {
	case s.to == S || s.from == T:
		return nil, nil
	case s.from == S && s.to == T:
		return p.source, p.target
	case hops < 2:
		return nil, nil
	case s.from == S:
		return p.source, p.one[s.to]
	case s.to == T:
		return worth(p.two, s.from), p.target
	case hops < 3 || !reached[s.from]:
		return nil, nil
	}
	return worth(p.one, s.from), p.two[s.to]
}

// compareBound turns the sum into a bound of the output for the input, from above,
// or of the input for the output, from below.
func (c *checker) compareBound(sum *big.Int, p prices) {
	q := &c.quote.Certificate
	if q.ExactOut {
		b := new(big.Int).Mul(p.target, q.BuyUnits.int())
		if b.Sub(b, sum).Sign() < 0 {
			b.SetInt64(0)
		}
		b.Quo(b, p.source)
		c.compare(b, q.SellUnits.int().Cmp(b) < 0)
		return
	}
	b := new(big.Int).Mul(p.source, q.SellUnits.int())
	b = ceil(new(big.Rat).SetFrac(b.Add(b, sum), p.target))
	c.compare(b, q.BuyUnits.int().Cmp(b) > 0)
}

// compare checks the bound, what is shown of it, and how far the plan is from it.
func (c *checker) compare(b *big.Int, beaten bool) {
	q := &c.quote.Certificate
	c.same(CodeBound, "the bound of these prices", b, q.BoundUnits.int())
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
