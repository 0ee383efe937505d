package verify

import (
	"errors"
	"math/big"
)

// terms are what a venue asks for at a market beside its taker fee, in engine units.
type terms struct{ least, takesBase, takesQuote, lot *big.Int }

// terms reads what a market file says of them. What is finer than a unit counts as
// one more.
func (b *books) terms(k *marketEntry) (t terms, err error) {
	units := func(s string, a asset) *big.Int {
		r, bad := decimal(orZero(s))
		if bad != nil {
			err = errors.Join(err, bad)
			return new(big.Int)
		}
		return ceil(r.Mul(r, new(big.Rat).SetInt(pow(a.engine))))
	}
	base, quote := b.asset(k.Base), b.asset(k.Quote)
	t = terms{units(k.MinSize, base), units(k.WithdrawBase, base), units(k.WithdrawQuote, quote), units(k.Lot, base)}
	return t, err
}

// bind puts a side under terms: with a least size, or a fee for taking out what was
// bought, it is one option, from the least that can be had on.
func (s *side) bind(t terms) {
	s.inLots(t.lot)
	if t.least.Sign()+t.takesBase.Sign()+t.takesQuote.Sign() == 0 {
		return
	}
	s.book = &side{sideName: s.sideName, feeOnIn: s.feeOnIn, levels: s.levels, lot: s.lot}
	s.levels, s.takes = nil, t.takesQuote
	one := big.NewInt(1)
	sold := t.least // in whole lots, for what is less trades too few of them
	if s.lot != nil {
		sold = new(big.Int).Mul(ceil(new(big.Rat).SetFrac(t.least, s.lot)), s.lot)
	}
	in, out := most(sold, one), new(big.Int).Add(t.takesQuote, one)
	if s.Side == "buy" {
		s.takes = t.takesBase
		in, out = one, most(t.least, new(big.Int).Add(t.takesBase, one))
	}
	s.least = out
	at := level{in: new(big.Int), out: new(big.Int)}
	for i, l := range s.book.levels {
		sum := level{in: new(big.Int).Add(at.in, l.in), out: new(big.Int).Add(at.out, l.out)}
		if sum.in.Cmp(in) < 0 || sum.out.Cmp(out) < 0 {
			at = sum
			continue
		}
		cut := most(new(big.Int).Sub(in, at.in), new(big.Int)) // of this level
		missing := most(new(big.Int).Sub(out, at.out), new(big.Int))
		r := new(big.Rat).SetFrac(new(big.Int).Mul(missing, l.in), l.out)
		cut = most(cut, ceil(r))
		got := share(cut, l.out, l.in)
		o := option{settle: s.settle, entry: level{
			in:  new(big.Int).Add(at.in, cut),
			out: new(big.Int).Sub(new(big.Int).Add(at.out, got), s.takes),
		}}
		rest := level{in: new(big.Int).Sub(l.in, cut), out: new(big.Int).Sub(l.out, got)}
		if rest.in.Sign() > 0 && rest.out.Sign() > 0 {
			o.more = append(o.more, rest)
		}
		o.more = append(o.more, s.book.levels[i+1:]...)
		s.options = []option{o}
		return
	}
}

// mostInLots is what the whole lots in a fill of a bound side give at most.
func (s *side) mostInLots(in *big.Int) *big.Int {
	most, _, _ := s.book.fill(in, new(big.Int))
	if most.Cmp(s.least) < 0 {
		return new(big.Int)
	}
	return most.Sub(most, s.takes)
}

// fee is what the venue of a bound side keeps of a fill.
func (s *side) fee(in, out *big.Int) *big.Int {
	_, _, fee := s.book.fill(in, new(big.Int).Add(out, s.takes))
	if !s.feeOnIn {
		fee.Add(fee, s.takes)
	}
	return fee
}
