package verify

import (
	"math/big"
	"slices"
	"strings"
)

// bound forms B from the node prices, over every level of every side.
func (c *checker) bound() {
	q := &c.quote.Certificate
	if q.NodePrices == nil {
		c.fail(CodeBound, "the quote names no node prices")
		return
	}
	source, target := q.NodePrices.Sell.int(), q.NodePrices.Buy.int()
	one, two := map[string]*big.Int{}, map[string]*big.Int{}
	for _, n := range q.NodePrices.Assets {
		if _, twice := one[n.Asset]; twice || n.One.int().Cmp(n.Two.int()) < 0 {
			c.fail(CodeBound, "node prices of %s: given twice, or less before a hop than after it", n.Asset)
			return
		}
		one[n.Asset], two[n.Asset] = n.One.int(), n.Two.int()
	}
	if source.Sign() <= 0 || target.Sign() <= 0 {
		c.fail(CodeBound, "the prices of both ends must be above zero")
		return
	}
	sum := new(big.Int)
	for _, s := range c.market.sides {
		if slices.Contains(q.VenuesExcluded, s.venue) {
			continue
		}
		from, to := c.ends(s, source, target, one, two)
		if from == nil || to == nil || to.Sign() == 0 {
			continue
		}
		for _, l := range s.levels {
			gain := new(big.Int).Mul(l.out, to)
			if gain.Sub(gain, new(big.Int).Mul(l.in, from)); gain.Sign() > 0 {
				sum.Add(sum, gain)
			}
		}
	}
	c.compareBound(sum, source, target)
}

// compareBound turns the sum into a bound of the output for the input, from above,
// or of the input for the output, from below.
func (c *checker) compareBound(sum, source, target *big.Int) {
	q := &c.quote.Certificate
	b := new(big.Int)
	if q.ExactOut {
		b.Mul(target, q.BuyUnits.int())
		if b.Sub(b, sum); b.Sign() < 0 {
			b.SetInt64(0)
		}
		b.Quo(b, source)
	} else {
		b.Mul(source, q.SellUnits.int())
		b.Add(b, sum)
		rem := new(big.Int)
		if b.QuoRem(b, target, rem); rem.Sign() > 0 {
			b.Add(b, big.NewInt(1))
		}
	}
	c.same(CodeBound, "the bound of these prices", b, q.BoundUnits.int())
	if q.ExactOut && q.SellUnits.int().Cmp(b) < 0 || !q.ExactOut && q.BuyUnits.int().Cmp(b) > 0 {
		c.fail(CodeBound, "the plan beats its bound %v", b)
	}
	c.gap(b)
}

// ends returns the prices of the nodes that a side leads from and to, nil where
// it is in no plan. An asset that the source does not turn into directly begins
// no hop to another asset between.
func (c *checker) ends(s *side, source, target *big.Int, one, two map[string]*big.Int) (from, to *big.Int) {
	S, T, hops := c.quote.SellAsset, c.quote.BuyAsset, c.quote.Certificate.MaxHops
	zero := new(big.Int)
	price := func(of map[string]*big.Int, a string) *big.Int {
		if p := of[a]; p != nil {
			return p
		}
		return zero
	}
	switch {
	case s.to == S || s.from == T:
		return nil, nil
	case s.from == S && s.to == T:
		return source, target
	case hops < 2:
		return nil, nil
	case s.from == S:
		return source, price(one, s.to)
	case s.to == T:
		return price(two, s.from), target
	case hops < 3 || !c.reached(s.from):
		return nil, nil
	}
	return price(one, s.from), price(two, s.to)
}

// reached reports whether the source turns into an asset directly.
func (c *checker) reached(a string) bool {
	return slices.ContainsFunc(c.market.sides, func(s *side) bool {
		return s.from == c.quote.SellAsset && s.to == a && len(s.levels) > 0 &&
			!slices.Contains(c.quote.Certificate.VenuesExcluded, s.venue)
	})
}

// gap checks the bound as shown, and how far the plan is from it.
func (c *checker) gap(b *big.Int) {
	q := &c.quote.Certificate
	text, a := q.UpperBound, c.buy
	if q.ExactOut {
		text, a = q.LowerBound, c.sell
	}
	bound := a.shown(b, q.ExactOut)
	if text != a.text(bound) {
		c.fail(CodeShown, "the bound is shown as %q, it is %s", text, a.text(bound))
		return
	}
	over, base := new(big.Int), a.shown(q.BuyUnits.int(), false)
	if q.ExactOut {
		base = bound
		over.Sub(a.shown(q.SellUnits.int(), true), bound)
	} else {
		over.Sub(bound, base)
	}
	want := "null"
	if base.Sign() > 0 {
		if over.Sign() < 0 {
			over.SetInt64(0)
		}
		want = asset{scale: 4}.text(ceil(over.Mul(over, big.NewInt(1e8)), base)) // bps with four decimals, up
	}
	got := "null"
	if q.GapBps != nil {
		got = *q.GapBps
	}
	if got != want {
		c.fail(CodeShown, "gap_bps is %s, it is %s", got, want)
	}
}

// shown checks the amounts that a customer reads: what he sells is rounded up,
// what he receives down, and the routes sum to the whole.
func (c *checker) shown() {
	q := c.quote
	sell := c.sell.shown(q.Certificate.SellUnits.int(), true)
	buy := c.buy.shown(q.Certificate.BuyUnits.int(), false)
	if q.SellAmount != c.sell.text(sell) || q.BuyAmount != c.buy.text(buy) {
		c.fail(CodeShown, "%s for %s is shown, it is %s for %s",
			q.BuyAmount, q.SellAmount, c.buy.text(buy), c.sell.text(sell))
	}
	in, out := new(big.Int), new(big.Int)
	for i, r := range q.Routes {
		at := r.SellAmount
		for _, h := range r.Hops {
			if h.SellAmount != at {
				c.fail(CodeShown, "route %d: a hop sells %s where %s is at hand", i, h.SellAmount, at)
			}
			at = h.BuyAmount
		}
		if at != r.BuyAmount {
			c.fail(CodeShown, "route %d shows %s, its last hop %s", i, r.BuyAmount, at)
		}
		c.addShown(in, c.sell, r.SellAmount)
		c.addShown(out, c.buy, r.BuyAmount)
	}
	c.same(CodeShown, "sold as shown by the routes", in, sell)
	c.same(CodeShown, "bought as shown by the routes", out, buy)
}

// addShown adds an amount as it is shown, in units of its last digit.
func (c *checker) addShown(sum *big.Int, a asset, text string) {
	whole, frac, ok := strings.Cut(text, ".")
	v, good := new(big.Int).SetString(whole+frac, 10)
	if !good || v.Sign() < 0 || len(frac) != a.scale || ok != (a.scale > 0) {
		c.fail(CodeShown, "%q is no amount of %d decimals", text, a.scale)
		return
	}
	sum.Add(sum, v)
}
