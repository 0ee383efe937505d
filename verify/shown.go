package verify

import "math/big"

// shown checks what a customer reads: what he sells is rounded up, what he
// receives down, and parts are shown as the difference that they make to the
// running total, so that they chain from hop to hop and sum to the whole.
func (c *checker) shown() {
	q, u := c.quote, &c.quote.Certificate
	sell, buy := c.sell.shown(u.SellUnits.int(), true), c.buy.shown(u.BuyUnits.int(), false)
	c.reads("kind", q.Kind, "indicative")
	c.reads("sell_amount", q.SellAmount, c.sell.text(sell))
	c.reads("buy_amount", q.BuyAmount, c.buy.text(buy))
	c.reads("rate", orNull(q.Rate), rate(buy, c.buy.scale, sell, c.sell.scale, false))
	c.reads("inverse_rate", orNull(q.Inverse), rate(sell, c.sell.scale, buy, c.buy.scale, true))
	switch t := c.settles(); {
	case t == 0 && q.EstTime != nil:
		c.fail(CodeShown, "est_time_ms is not null, and nothing has a settlement time")
	case t > 0 && (q.EstTime == nil || *q.EstTime != t):
		c.fail(CodeShown, "est_time_ms is not %d", t)
	}
	totals, sold := totals{}, new(big.Int)
	for i, r := range q.Routes {
		units := u.RouteUnits[i]
		at := c.sell.text(totals.add(place{0, q.SellAsset}, c.sell, units[0].int(), true))
		c.reads("sell_amount of a route", r.SellAmount, at)
		before := part(sold, u.SellUnits.int())
		after := part(sold.Add(sold, units[0].int()), u.SellUnits.int())
		c.reads("share of a route", r.Share, fixed(after.Sub(after, before), 8))
		for j, h := range r.Hops {
			p, a := place{j + 1, h.BuyAsset}, c.books.asset(h.BuyAsset)
			if j == len(r.Hops)-1 {
				p.hop = last
			}
			c.reads("sell_amount of a hop", h.SellAmount, at)
			at = a.text(totals.add(p, a, units[j+1].int(), false))
			c.reads("buy_amount of a hop", h.BuyAmount, at)
		}
		c.reads("buy_amount of a route", r.BuyAmount, at)
	}
}

// settles is how long the slowest route takes, hop after hop, in milliseconds.
func (c *checker) settles() (longest int64) {
	for _, legs := range c.legs {
		sum := int64(0)
		for i := range legs {
			if o := c.fills[legs[i].side].option; o != nil {
				sum += o.settle
			} else {
				sum += legs[i].side.settle
			}
		}
		longest = max(longest, sum)
	}
	return longest
}

func (c *checker) reads(what, got, want string) {
	if got != want {
		c.fail(CodeShown, "%s is shown as %.60q, it is %s", what, got, want)
	}
}

// place is where amounts of one asset pass: sold, after a hop, or bought.
type place struct {
	hop   int // 0 sold, n after hop n, last bought
	asset string
}

const last = -1

// totals are what has passed each place.
type totals map[place]*big.Int

// add adds engine units to a place and returns the difference to what is shown.
func (t totals) add(p place, a asset, units *big.Int, up bool) *big.Int {
	if t[p] == nil {
		t[p] = new(big.Int)
	}
	before := a.shown(t[p], up)
	return new(big.Int).Sub(a.shown(t[p].Add(t[p], units), up), before)
}

// part is x/whole in units of 10^-8, down; a whole of nothing has no parts.
func part(x, whole *big.Int) *big.Int {
	if whole.Sign() == 0 {
		return new(big.Int)
	}
	return share(x, pow(8), whole)
}

// orNull is a member's text, null where it has none.
func orNull(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}
