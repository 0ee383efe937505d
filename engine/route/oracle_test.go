package route_test

import (
	"math"
	"math/big"
	"slices"
	"strings"

	"chronos.dev/book"
	"chronos.dev/market"
)

// The oracle knows books, fees and the rules of rounding; nothing of graph or
// route. All its numbers are big.

// slice is one level of one venue as something to give and something to get.
type slice struct {
	venue   string
	key     market.Key
	in, out *big.Int
}

// fill is what an oracle's sweep takes of one market.
type fill struct{ in, out *big.Int }

var (
	most    = big.NewInt(math.MaxInt64)
	feeUnit = big.NewRat(market.FeeUnit, 1)
)

func fits(x *big.Int) bool { return x.Sign() > 0 && x.Cmp(most) <= 0 }

func floor(x *big.Rat) *big.Int {
	return new(big.Int).Div(x.Num(), x.Denom())
}

func ceil(x *big.Rat) *big.Int {
	n := new(big.Int).Neg(x.Num())
	return n.Neg(n.Div(n, x.Denom()))
}

// shift is 10^n.
func shift(n int) *big.Rat {
	p := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, -n))), nil))
	if n < 0 {
		return p.Inv(p)
	}
	return p
}

// slices returns what the usable books of a world offer from one asset into
// another, best rate first, ties by venue, then as the book lists them.
func (w *fair) slices(from, to string) []slice {
	var all []slice
	for i := range w.listings {
		l := &w.listings[i]
		if !l.usable() {
			continue
		}
		switch (market.Pair{Base: from, Quote: to}) {
		case l.key.Pair:
			all = append(all, w.offers(l, l.bids, sells)...)
		case market.Pair{Base: l.key.Pair.Quote, Quote: l.key.Pair.Base}:
			all = append(all, w.offers(l, l.asks, buys)...)
		}
	}
	slices.SortStableFunc(all, func(a, b slice) int {
		rateA, rateB := new(big.Rat).SetFrac(a.out, a.in), new(big.Rat).SetFrac(b.out, b.in)
		if c := rateB.Cmp(rateA); c != 0 {
			return c
		}
		if c := strings.Compare(a.venue, b.venue); c != 0 {
			return c
		}
		return strings.Compare(a.key.Pair.Base, b.key.Pair.Base)
	})
	return all
}

// offers turns levels into slices; what does not fit or rounds to nothing is no
// offer.
func (w *fair) offers(l *listing, levels []book.Level, turn func(size *big.Int, cost, keep *big.Rat, f market.Fee) [3]*big.Int) []slice {
	var all []slice
	base, quote := int(w.scale(l.key.Pair.Base)), int(w.scale(l.key.Pair.Quote))
	keep := new(big.Rat).Sub(big.NewRat(1, 1), new(big.Rat).Quo(big.NewRat(l.fee.Rate, 1), feeUnit))
	for _, lv := range levels {
		// Size in whole units of the base, and what it costs in units of the quote.
		size := floor(new(big.Rat).Mul(big.NewRat(int64(lv.Size), 1), shift(base-int(l.ss))))
		cost := new(big.Rat).Mul(new(big.Rat).SetInt(size), big.NewRat(int64(lv.Price), 1))
		cost.Mul(cost, shift(quote-base-int(l.ps)))
		x := turn(size, cost, keep, *l.fee)
		if fits(size) && fits(x[0]) && fits(x[1]) && x[2].Cmp(most) <= 0 {
			all = append(all, slice{l.key.Venue, l.key, x[0], x[1]})
		}
	}
	return all
}

// sells gives size for floor(cost * (1 - fee)); the third number is before the fee.
func sells(size *big.Int, cost, keep *big.Rat, _ market.Fee) [3]*big.Int {
	return [3]*big.Int{size, floor(new(big.Rat).Mul(cost, keep)), floor(cost)}
}

// buys gives ceil(cost) for floor(size * (1 - fee)), or pays the fee on top.
func buys(size *big.Int, cost, keep *big.Rat, f market.Fee) [3]*big.Int {
	if f.On == market.FeeQuote {
		more := new(big.Rat).Sub(big.NewRat(2, 1), keep)
		return [3]*big.Int{ceil(new(big.Rat).Mul(cost, more)), size, ceil(cost)}
	}
	return [3]*big.Int{ceil(cost), floor(new(big.Rat).Mul(new(big.Rat).SetInt(size), keep)), size}
}

// give fills x into slices; nil if they do not take it or what comes out is too large.
func give(all []slice, x *big.Int) (*big.Int, map[market.Key]fill) {
	left, total := new(big.Int).Set(x), new(big.Int)
	fills := map[market.Key]fill{}
	for _, s := range all {
		if left.Sign() == 0 {
			break
		}
		in, out := s.in, s.out
		if in.Cmp(left) > 0 {
			in = new(big.Int).Set(left)
			out = floor(new(big.Rat).SetFrac(new(big.Int).Mul(left, s.out), s.in))
		}
		left.Sub(left, in)
		total.Add(total, out)
		note(fills, s.key, in, out)
	}
	if left.Sign() > 0 || total.Cmp(most) > 0 {
		return nil, nil
	}
	return total, fills
}

// want takes y out of slices; nil if they do not hold it or the cost is too large.
func want(all []slice, y *big.Int) (*big.Int, map[market.Key]fill) {
	left, total := new(big.Int).Set(y), new(big.Int)
	fills := map[market.Key]fill{}
	for _, s := range all {
		if left.Sign() == 0 {
			break
		}
		in, out := s.in, s.out
		if out.Cmp(left) > 0 {
			out = new(big.Int).Set(left)
			in = ceil(new(big.Rat).SetFrac(new(big.Int).Mul(left, s.in), s.out))
		}
		left.Sub(left, out)
		total.Add(total, in)
		note(fills, s.key, in, out)
	}
	if left.Sign() > 0 || total.Cmp(most) > 0 {
		return nil, nil
	}
	return total, fills
}

func note(fills map[market.Key]fill, k market.Key, in, out *big.Int) {
	f, ok := fills[k]
	if !ok {
		f = fill{new(big.Int), new(big.Int)}
	}
	f.in.Add(f.in, in)
	f.out.Add(f.out, out)
	fills[k] = f
}
