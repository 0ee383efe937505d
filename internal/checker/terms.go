package checker

import (
	"math/big"

	"chronos.dev/engine/plan"
)

// terms are what a venue asks for at one side of a book beside its taker fee, in minor
// units: the least that is given and that comes out of the levels, what is kept of that
// once, and the lot of the base; below two is none.
type terms struct{ leastIn, leastOut, keeps, lot *big.Int }

func (c *Checker) terms(m *Market, a plan.Action) terms {
	base, quote := c.assets[m.Key.Pair.Base], c.assets[m.Key.Pair.Quote]
	least, lot := minor(m.Terms.MinSize, base), minor(m.Terms.Lot, base)
	if a == plan.Sell {
		return terms{least, new(big.Int), minor(m.Terms.WithdrawQuote, quote), lot}
	}
	return terms{new(big.Int), least, minor(m.Terms.WithdrawBase, base), lot}
}

// bound reports whether the side cannot be used in any amount.
func (t *terms) bound() bool { return t.leastIn.Sign()+t.leastOut.Sign()+t.keeps.Sign() > 0 }

// trades is what of in is whole lots, of a side where the base is given.
func (t *terms) trades(in *big.Int) *big.Int {
	if t.lot.Cmp(one) <= 0 {
		return in
	}
	return mul(floor(in, t.lot), t.lot)
}

// whole cuts a level to whole lots, false where none is left. size is how much of the
// base it is, before fees.
func (t *terms) whole(x level, size *big.Int) (level, bool) {
	if t.lot.Cmp(one) <= 0 {
		return x, true
	}
	lots := floor(size, t.lot)
	kept := mul(lots, t.lot)
	x.in, x.out, x.lots = ceil(mul(x.in, kept), size), floor(mul(x.out, kept), size), lots
	x.charge = floor(mul(x.charge, kept), size)
	return x, x.in.Sign() > 0 && x.out.Sign() > 0
}

// part is what a level gives for less than it takes: in whole lots, if it has any.
func (x *level) part(take *big.Int) (got *big.Int) {
	if x.lots == nil {
		return floor(mul(take, x.out), x.in)
	}
	return floor(mul(floor(mul(take, x.lots), x.in), x.out), x.lots)
}

// reaches reports whether all levels of a side together are enough for its terms.
func (t *terms) reaches(levels []level) bool {
	in, out := new(big.Int), new(big.Int)
	for i := range levels {
		in.Add(in, levels[i].in)
		out.Add(out, levels[i].out)
	}
	return in.Sign() > 0 && in.Cmp(t.leastIn) >= 0 && out.Cmp(t.leastOut) >= 0 && out.Cmp(t.keeps) > 0
}
