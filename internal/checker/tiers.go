package checker

import (
	"math/big"
	"time"

	"chronos.dev/engine/plan"
	"chronos.dev/market"
	"chronos.dev/money"
)

// band is one tier of a provider's side in minor units: its sizes, what its size
// begins with and what each unit of the base more is worth, in the quote, and the
// fixed fees of it and of the tiers that it rests on.
type band struct {
	min, max            *big.Int
	begin, price        *big.Rat
	feesBase, feesQuote *big.Int
	waits, sell         bool
}

// bands are the tiers of a side of an offer, by their place.
func (c *Checker) bands(o *market.Offer, a plan.Action) (all []band) {
	base, quote := c.assets[o.Key.Pair.Base], c.assets[o.Key.Pair.Quote]
	tiers := o.Sell
	if a == plan.Buy {
		tiers = o.Buy
	}
	for i := range tiers {
		t := &tiers[i]
		b := band{
			min: minor(t.Min, base), max: minor(t.Max, base), sell: a == plan.Sell,
			feesBase: new(big.Int), feesQuote: new(big.Int), waits: t.Reference != market.Pair{},
		}
		if t.FixedFeeAsset == base.Symbol {
			b.feesBase = minor(t.FixedFee, base)
		} else {
			b.feesQuote = minor(t.FixedFee, quote)
		}
		keep := new(big.Rat).Quo(rat(t.FeeBps), big.NewRat(10_000, 1))
		if b.sell {
			keep.Neg(keep)
		}
		b.price = new(big.Rat).Mul(rat(t.Price), keep.Add(keep, big.NewRat(1, 1)))
		b.price.Mul(b.price, new(big.Rat).SetFrac(pow10(int(quote.EngineScale)), pow10(int(base.EngineScale))))
		b.begin = new(big.Rat).Mul(b.price, new(big.Rat).SetInt(b.min))
		if !t.Whole && i > 0 { // a slice rests on what ends where it begins
			under := &all[i-1]
			b.begin, b.waits = under.value(under.max), b.waits || under.waits
			b.feesBase.Add(b.feesBase, under.feesBase)
			b.feesQuote.Add(b.feesQuote, under.feesQuote)
		}
		all = append(all, b)
	}
	return all
}

func rat(n money.Num) *big.Rat {
	return new(big.Rat).SetFrac(big.NewInt(n.Coef), pow10(int(n.Scale)))
}

// minor is an amount in minor units of an asset, which it is whole in.
func minor(n money.Num, a market.Asset) *big.Int {
	r := new(big.Rat).Mul(rat(n), new(big.Rat).SetInt(pow10(int(a.EngineScale))))
	return floor(r.Num(), r.Denom())
}

// value is what a size is worth in the quote.
func (b *band) value(size *big.Int) *big.Rat {
	v := new(big.Rat).SetInt(new(big.Int).Sub(size, b.min))
	return v.Add(v.Mul(v, b.price), b.begin)
}

// arc is what is given for what at a size.
func (b *band) arc(size *big.Int) (in, out *big.Int) {
	v := b.value(size)
	if b.sell {
		return new(big.Int).Add(size, b.feesBase), new(big.Int).Sub(floor(v.Num(), v.Denom()), b.feesQuote)
	}
	return new(big.Int).Add(ceil(v.Num(), v.Denom()), b.feesQuote), new(big.Int).Sub(size, b.feesBase)
}

// size is the largest of a tier that in pays, nil if it pays none.
func (b *band) size(in *big.Int) *big.Int {
	size := new(big.Int).Sub(in, b.feesBase)
	if !b.sell {
		paid := new(big.Rat).SetInt(new(big.Int).Sub(in, b.feesQuote))
		if paid.Sub(paid, b.begin).Sign() < 0 {
			return nil
		}
		paid.Quo(paid, b.price)
		size = new(big.Int).Add(b.min, floor(paid.Num(), paid.Denom()))
	}
	if size.Cmp(b.max) > 0 {
		size = b.max
	}
	if size.Cmp(b.min) < 0 {
		return nil
	}
	return size
}

// offers reports whether a tier gives anything.
func (b *band) offers() bool {
	in, out := b.arc(b.max)
	return !b.waits && fits(in) && fits(out)
}

// holdsTiers is 1 for a side of an offer that gives anything in time.
func (c *Checker) holdsTiers(o *market.Offer, a plan.Action) int {
	all := c.bands(o, a)
	for i := range all {
		if t := tierOf(o, a, i); all[i].offers() && c.inTime(t.Settle) {
			return 1
		}
	}
	return 0
}

func (c *Checker) inTime(settle time.Duration) bool {
	return c.order.MaxSettle == 0 || settle <= c.order.MaxSettle
}

func tierOf(o *market.Offer, a plan.Action, i int) *market.Tier {
	if a == plan.Sell {
		return &o.Sell[i]
	}
	return &o.Buy[i]
}

// noOffer says why an offer may not be used, "" if it may.
func (c *Checker) noOffer(o *market.Offer) string {
	switch now := c.order.Now; {
	case o.Custody != market.Available:
		return "cannot be moved"
	case now >= o.ValidUntil:
		return "has expired"
	case o.RecvTime-now > int64(ahead):
		return "is of the future"
	}
	return ""
}

// legOfTier checks that a leg names a tier, and when that settles.
func (c *Checker) legOfTier(i, j int, l *plan.Leg, o *market.Offer) {
	n := len(o.Sell)
	if l.Action == plan.Buy {
		n = len(o.Buy)
	}
	if !l.HasTier || l.TierIndex < 0 || l.TierIndex >= n {
		c.fail(CodeSettle, "route %d, leg %d: tier %d of %d", i, j, l.TierIndex, n)
		return
	}
	t := tierOf(o, l.Action, l.TierIndex)
	if l.Tier != t.Name || l.Settle != t.Settle || !c.inTime(t.Settle) {
		c.fail(CodeSettle, "route %d, leg %d: tier %q in %v, it is %q in %v", i, j, l.Tier, l.Settle, t.Name, t.Settle)
	}
}

// fillTier checks what one side of a provider gives over all routes: one tier, from
// its least size on.
func (c *Checker) fillTier(k sideKey, t *total, o *market.Offer) {
	all := c.bands(o, k.action)
	b := &all[t.tier]
	size := b.size(t.in)
	switch {
	case t.tiers > 1:
		c.fail(CodeFill, "%s %s: more than one tier", k.key, k.action)
	case size == nil || !b.offers():
		c.fail(CodeFill, "%s %s: tier %d takes no %v", k.key, k.action, t.tier, t.in)
	case t.fee.Sign() != 0:
		c.fail(CodeFee, "%s %s: keeps %v beside its price", k.key, k.action, t.fee)
	default:
		if in, _ := b.arc(b.max); t.in.Cmp(in) > 0 {
			c.fail(CodeDepth, "%s %s: tier %d takes %v, it ends at %v", k.key, k.action, t.tier, t.in, in)
		}
		if _, out := b.arc(size); t.out.Cmp(out) > 0 {
			c.fail(CodeFill, "%s %s: tier %d gives %v for %v, not %v", k.key, k.action, t.tier, out, t.in, t.out)
		}
	}
}
