package checker

import (
	"math"
	"math/big"
	"slices"

	"chronos.dev/book"
	"chronos.dev/engine/plan"
	"chronos.dev/market"
	"chronos.dev/money"
)

// level is an offer of one price: give in, get out, both after the fee. charge is
// the fee, down, of the asset that it is taken from; lots is how many it is, nil where
// any amount is traded.
type level struct{ in, out, charge, lots *big.Int }

// offer is what a side of one book offers, best rate first.
type offer struct {
	view    *book.View
	fee     market.Fee
	asks    market.Terms
	feeOnIn bool
	terms   terms
	levels  []level
}

var (
	most    = big.NewInt(math.MaxInt64)
	one     = big.NewInt(1)
	feeUnit = big.NewInt(market.FeeUnit)
)

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func mul(a, b *big.Int) *big.Int { return new(big.Int).Mul(a, b) }

func floor(a, b *big.Int) *big.Int { return new(big.Int).Quo(a, b) }

func ceil(a, b *big.Int) *big.Int {
	n := new(big.Int).Add(a, b)
	return n.Quo(n.Sub(n, one), b)
}

func fits(x *big.Int) bool { return x.Sign() > 0 && x.Cmp(most) <= 0 }

// rules turn the levels of one side of a book into offers.
type rules struct {
	sell             bool
	feeOnIn          bool
	toBase, fromSize *big.Int // a size times toBase by fromSize is minor units of the base
	toQuote, byPrice *big.Int // size times price times toQuote by byPrice is minor units of the quote
	rate, less, more *big.Int // fee, and one less and one more it, in parts of feeUnit
}

func (c *Checker) rules(m *Market, a plan.Action) *rules {
	base, quote := int(c.assets[m.Key.Pair.Base].EngineScale), int(c.assets[m.Key.Pair.Quote].EngineScale)
	rate := big.NewInt(m.Fee.Rate)
	return &rules{
		sell: a == plan.Sell, feeOnIn: a == plan.Buy && m.Fee.On == market.FeeQuote,
		toBase: pow10(base), fromSize: pow10(int(m.View.SizeScale)),
		toQuote: pow10(quote), byPrice: pow10(base + int(m.View.PriceScale)),
		rate: rate, less: new(big.Int).Sub(feeUnit, rate), more: new(big.Int).Add(feeUnit, rate),
	}
}

// of returns the offer of one level and its size in the base before fees, false if it
// rounds to nothing or does not fit 63 bits: such a level is not offered.
func (r *rules) of(l *book.Level) (x level, size *big.Int, ok bool) {
	size = floor(mul(big.NewInt(int64(l.Size)), r.toBase), r.fromSize)
	cost := mul(mul(size, big.NewInt(int64(l.Price))), r.toQuote) // by byPrice
	whole := mul(r.byPrice, feeUnit)
	x.charge = floor(mul(cost, r.rate), whole)
	gross := size
	switch {
	case r.sell:
		x.in, x.out, gross = size, floor(mul(cost, r.less), whole), floor(cost, r.byPrice)
	case r.feeOnIn:
		x.in, x.out, gross = ceil(mul(cost, r.more), whole), size, ceil(cost, r.byPrice)
	default:
		x.in, x.out = ceil(cost, r.byPrice), floor(mul(size, r.less), feeUnit)
		x.charge = floor(mul(size, r.rate), feeUnit)
	}
	return x, size, fits(x.in) && fits(x.out) && fits(gross)
}

// offer returns what a side of a market offers.
func (c *Checker) offer(m *Market, a plan.Action) *offer {
	k := sideKey{m.Key, a}
	if o := c.offers[k]; o != nil && o.view == m.View && o.fee == *m.Fee && o.asks == m.Terms {
		return o
	}
	r := c.rules(m, a)
	o := &offer{view: m.View, fee: *m.Fee, asks: m.Terms, feeOnIn: r.feeOnIn, terms: c.terms(m, a)}
	for _, l := range sideOf(m.View, a) {
		x, size, ok := r.of(&l)
		if ok {
			x, ok = o.terms.whole(x, size)
		}
		if ok {
			o.levels = append(o.levels, x)
		}
	}
	slices.SortStableFunc(o.levels, func(x, y level) int { return mul(y.out, x.in).Cmp(mul(x.out, y.in)) })
	c.offers[k] = o
	return o
}

// sideOf returns the levels that an action meets.
func sideOf(v *book.View, a plan.Action) []book.Level {
	if a == plan.Sell {
		return v.Bids
	}
	return v.Asks
}

// holds is 1 for a side that offers anything.
func (c *Checker) holds(m *Market, a plan.Action) int {
	if m.Offer != nil {
		return c.holdsTiers(m.Offer, a)
	}
	if m.Terms != (market.Terms{Settle: m.Terms.Settle}) {
		if o := c.offer(m, a); !o.terms.reaches(o.levels) {
			return 0
		}
		return 1
	}
	r := c.rules(m, a)
	for _, l := range sideOf(m.View, a) {
		if _, _, ok := r.of(&l); ok {
			return 1
		}
	}
	return 0
}

// total is what all legs of a plan do with one side.
type total struct {
	in, out, fee *big.Int
	legs         int64
	tier, tiers  int // of a provider: which, and how many
}

// fills checks what each side of a book gives for all that it takes, over all
// routes: from its levels, each once, best first, a part of a level rounded down.
func (c *Checker) fills() {
	totals := map[sideKey]*total{}
	for _, r := range c.plan.Routes {
		for j := range r.Legs {
			l := &r.Legs[j]
			k := sideKey{l.Key, l.Action}
			if totals[k] == nil {
				totals[k] = &total{in: new(big.Int), out: new(big.Int), fee: new(big.Int), tier: -1}
			}
			totals[k].add(l)
			m := c.markets[l.Key]
			if m.Offer != nil {
				continue
			}
			if want := feeAsset(l, m.Fee); l.FeeAsset != c.assets[want] || l.Fee < 0 {
				c.fail(CodeFee, "%s: %d of %s, not of %s", l.Key, l.Fee, l.FeeAsset.Symbol, want)
			}
		}
	}
	for k, t := range totals {
		m := c.markets[k.key]
		if m.Offer != nil {
			c.fillTier(k, t, m.Offer)
			continue
		}
		c.fill(k, t, c.offer(&m, k.action))
	}
}

func (t *total) add(l *plan.Leg) {
	sum := func(s *big.Int, x money.Amount) { s.Add(s, big.NewInt(int64(x))) }
	sum(t.in, l.In)
	sum(t.out, l.Out)
	sum(t.fee, l.Fee)
	t.legs++
	if l.TierIndex != t.tier {
		t.tier = l.TierIndex
		t.tiers++
	}
}

// feeAsset names the asset that a venue takes its fee from.
func feeAsset(l *plan.Leg, f *market.Fee) string {
	p := l.Key.Pair
	if l.Action == plan.Sell || f.On == market.FeeQuote {
		return p.Quote
	}
	return p.Base
}

// fill sweeps the levels of one side. What a venue keeps once comes off what they give.
func (c *Checker) fill(k sideKey, t *total, o *offer) {
	left, out, charge, used := new(big.Int).Set(t.in), new(big.Int), new(big.Int), int64(0)
	for i := 0; i < len(o.levels) && left.Sign() > 0; i++ {
		x := &o.levels[i]
		take, got, fee := x.in, x.out, x.charge
		if take.Cmp(left) > 0 {
			take = left
			got, fee = x.part(take), floor(mul(take, x.charge), x.in)
			if x.lots != nil && !o.feeOnIn { // of the lots that it pays
				fee = floor(mul(got, x.charge), x.out)
			}
		}
		out.Add(out, got)
		charge.Add(charge, fee)
		left = new(big.Int).Sub(left, take)
		used++
	}
	small := t.in.Sign() > 0 && o.terms.bound() &&
		(o.terms.trades(t.in).Cmp(o.terms.leastIn) < 0 || out.Cmp(o.terms.leastOut) < 0)
	if t.in.Sign() > 0 {
		out.Sub(out, o.terms.keeps)
		if !o.feeOnIn {
			charge.Add(charge, o.terms.keeps)
		}
	}
	switch {
	case small:
		c.fail(CodeLeast, "%s %s: %v into %v is less than is traded", k.key, k.action, t.in, t.out)
	case left.Sign() > 0:
		c.fail(CodeDepth, "%s %s: takes %v, its %d levels end %v before", k.key, k.action, t.in, len(o.levels), left)
	case t.out.Cmp(out) > 0:
		c.fail(CodeFill, "%s %s: %v gives %v, not %v", k.key, k.action, t.in, out, t.out)
	default:
		c.charged(k, t, charge, c.slack(o, used+t.legs, new(big.Int).Sub(out, t.out)))
	}
}

// slack is how far the fee may be off: a unit for each part that was rounded, and
// what stands before the fee for each unit that was left behind.
func (c *Checker) slack(o *offer, parts int64, behind *big.Int) *big.Int {
	n := new(big.Int).Add(behind, big.NewInt(2*parts))
	return ceil(mul(n, feeUnit), big.NewInt(market.FeeUnit-o.fee.Rate))
}

// charged compares what a venue keeps with its fee.
func (c *Checker) charged(k sideKey, t *total, want, slack *big.Int) {
	off := new(big.Int).Sub(t.fee, want)
	if off.CmpAbs(slack) > 0 {
		c.fail(CodeFee, "%s %s: keeps %v, its fee is %v", k.key, k.action, t.fee, want)
	}
}
