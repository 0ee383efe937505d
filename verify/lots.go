package verify

import "math/big"

// A venue with lots trades whole lots of the base only: what is given to a level gives
// what the whole lots in it give, and a level counts as far as it is whole lots.

// inLots puts a side under a lot of so many units of the base; none is below two.
func (s *side) inLots(lot *big.Int) {
	if lot.Cmp(big.NewInt(2)) < 0 {
		return
	}
	s.lot = lot
	var kept []level
	for _, l := range s.levels {
		size := s.size(&l)
		whole := new(big.Int).Sub(size, new(big.Int).Mod(size, lot))
		if whole.Cmp(size) < 0 {
			up := func(x *big.Int) *big.Int { return ceil(new(big.Rat).SetFrac(new(big.Int).Mul(x, whole), size)) }
			gross := share(whole, l.gross, size)
			if s.feeOnIn {
				gross = up(l.gross)
			}
			l = level{up(l.in), share(whole, l.out, size), gross}
		}
		if l.in.Sign() > 0 && l.out.Sign() > 0 {
			kept = append(kept, l)
		}
	}
	s.levels = kept
	s.sort()
}

// size is how much of the base a level is, before fees.
func (s *side) size(l *level) *big.Int {
	switch {
	case s.Side == "sell":
		return l.in
	case s.feeOnIn:
		return l.out
	}
	return l.gross
}

// gives is what a part of a level gives.
func (s *side) gives(take *big.Int, l *level) *big.Int {
	if s.lot == nil || take.Cmp(l.in) == 0 {
		return share(take, l.out, l.in)
	}
	lots := new(big.Int).Quo(s.size(l), s.lot)
	return share(share(take, lots, l.in), l.out, lots)
}
