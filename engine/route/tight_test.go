package route_test

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"

	"chronos.dev/book"
	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/market"
	"chronos.dev/money"
)

// fine is a book about a price whose levels are at least least units, so many that
// roundings do not matter.
func fine(r *rand.Rand, venue, base, quote string, price float64, least int64) listing {
	l := listing{
		key: market.Key{Venue: venue, Pair: market.Pair{Base: base, Quote: quote}},
		ps:  6, state: book.Live, recv: now, fee: &market.Fee{Rate: r.Int64N(500_000)},
	}
	if r.IntN(3) == 0 {
		l.fee.On = market.FeeQuote
	}
	for k := range 1 + r.IntN(5) {
		step := price * 1e6 * 1e-3 * (float64(k) + r.Float64())
		size := func() money.Size { return money.Size(least + r.Int64N(least)) }
		l.bids = append(l.bids, book.Level{Price: money.Price(price*1e6 - step), Size: size()})
		l.asks = append(l.asks, book.Level{Price: money.Price(price*1e6+step) + 1, Size: size()})
	}
	return l
}

// gapOf is how much of its bound a plan lacks, and of what.
func gapOf(p *plan.Plan) (gap, of money.Amount) {
	if p.ExactOut {
		return p.In - p.Bound.Amount, p.In
	}
	return p.Bound.Amount - p.Out, p.Out
}

// TestBoundIsTightOnOneChain has one way only, of one to three hops: whatever
// levels the plan ends in, no split can be better, and the bound says so.
func TestBoundIsTightOnOneChain(t *testing.T) {
	var s route.Solver
	var plans [plan.MaxHops + 1]int
	for i := range 3_000 {
		r := rand.New(rand.NewPCG(uint64(i), 12))
		chain := [][]string{{"A", "B"}, {"A", "C", "B"}, {"A", "D", "C", "B"}}[i%3]
		w := &fair{assets: symbols("A", "B", "C", "D")}
		for h := range len(chain) - 1 {
			price := 0.3 + 3*r.Float64()
			for _, v := range venueNames[:1+r.IntN(4)] {
				l := fine(r, v, chain[h], chain[h+1], price, 1e12)
				if r.IntN(2) == 0 {
					l = fine(r, v, chain[h+1], chain[h], 1/price, 1e12)
				}
				w.listings = append(w.listings, l)
			}
		}
		snap := w.snapshot(t)
		in, out := upTo(r, 1e13), int64(0)
		if r.IntN(2) == 0 {
			in, out = 0, in
		}
		a, err := s.Solve(snap, request(snap, "A", "B", in, out, plan.MaxHops))
		if err != nil {
			continue
		}
		plans[len(a.Plan.Routes[0].Legs)]++
		if gap, of := gapOf(&a.Plan); gap > 100+of>>32 || gap < 0 {
			t.Errorf("market %d: %d -> %d over %d hops, bound %d", i, a.Plan.In, a.Plan.Out, len(chain)-1, a.Plan.Bound.Amount)
		}
	}
	for h, n := range plans[1:] {
		if n < 300 {
			t.Errorf("only %d plans of %d hops", n, h+1)
		}
	}
}

// TestBoundIsTightForSmallOrders has many ways, and orders that fit the first level
// of any of them: the best rate of all is the plan's.
func TestBoundIsTightForSmallOrders(t *testing.T) {
	var s route.Solver
	var plans [plan.MaxHops + 1]int
	for i := range 2_000 {
		r := rand.New(rand.NewPCG(uint64(i), 13))
		w := &fair{assets: symbols("A", "B", "C", "D", "E")}
		worth := make([]float64, len(w.assets))
		for k := range worth {
			worth[k] = 0.5 + r.Float64()
		}
		for j := range w.assets {
			for k := range w.assets {
				if j == k || r.IntN(2) == 0 {
					continue
				}
				price := worth[j] / worth[k] * (1 + 0.02*(r.Float64()-0.5))
				w.listings = append(w.listings, fine(r, venueNames[r.IntN(3)], w.assets[j].Symbol, w.assets[k].Symbol, price, 1e15))
			}
		}
		snap := w.snapshot(t)
		hops := 1 + r.IntN(plan.MaxHops)
		in, out := 1e12+r.Int64N(1e13), int64(0)
		if r.IntN(2) == 0 {
			in, out = 0, in
		}
		a, err := s.Solve(snap, request(snap, "A", "B", in, out, hops))
		if err != nil {
			continue
		}
		plans[len(a.Plan.Routes[0].Legs)]++
		if gap, of := gapOf(&a.Plan); gap > 100+of>>32 || gap < 0 {
			t.Errorf("market %d: %d -> %d, at most %d hops, bound %d", i, a.Plan.In, a.Plan.Out, hops, a.Plan.Bound.Amount)
		}
	}
	for h, n := range plans[1:] {
		if n < 200 {
			t.Errorf("only %d plans of %d hops", n, h+1)
		}
	}
}

// bestRate is the best product of first levels along any path, nil if none is
// offered.
func (w *fair) bestRate(hops int) *big.Rat {
	var best *big.Rat
	for _, path := range w.paths("A", "B", hops) {
		rate := big.NewRat(1, 1)
		for h := range len(path) - 1 {
			all := w.slices(path[h], path[h+1])
			if len(all) == 0 {
				rate = nil
				break
			}
			rate.Mul(rate, new(big.Rat).SetFrac(all[0].out, all[0].in))
		}
		if rate != nil && (best == nil || rate.Cmp(best) > 0) {
			best = rate
		}
	}
	return best
}

// TestBoundIsNoWorseThanTheBestRate: nobody can do better than all of an order at
// the best first levels there are, and the bound is not looser than that, whichever
// path the plan had to take.
func TestBoundIsNoWorseThanTheBestRate(t *testing.T) {
	var s route.Solver
	plans, forced := 0, 0
	for i := range 1_500 {
		r := rand.New(rand.NewPCG(uint64(i), 16))
		w := randomMarket(r)
		snap := w.snapshot(t)
		hops := 1 + r.IntN(plan.MaxHops)
		in, out := 1+r.Int64N(1<<r.IntN(34)), int64(0)
		var deep *route.DepthError
		if _, err := s.Solve(snap, request(snap, "A", "B", 1<<60, 0, hops)); errors.As(err, &deep) && deep.Most.In > 0 {
			in = 1 + r.Int64N(int64(deep.Most.In)) // where the best path may be too small
		}
		if r.IntN(2) == 0 {
			in, out = 0, in
		}
		a, err := s.Solve(snap, request(snap, "A", "B", in, out, hops))
		if err != nil {
			continue
		}
		plans++
		b := new(big.Rat).SetInt64(int64(a.Plan.Bound.Amount))
		naive := w.bestRate(hops)
		if out > 0 {
			naive.Quo(big.NewRat(out, 1), naive)
			b.Sub(naive, b) // a bound from below
			naive.Quo(naive, big.NewRat(1<<30, 1))
		} else {
			naive.Mul(naive, big.NewRat(in, 1))
			b.Sub(b, naive)
			naive.Quo(naive, big.NewRat(1<<30, 1))
		}
		if b.Cmp(naive.Add(naive, big.NewRat(2, 1))) > 0 {
			t.Errorf("market %d: %d -> %d over %v, bound %d is %s beyond the best rate",
				i, a.Plan.In, a.Plan.Out, a.Path, a.Plan.Bound.Amount, b.FloatString(3))
		}
		if gap, of := gapOf(&a.Plan); gap > 5+of/200 {
			forced++
		}
	}
	t.Logf("%d plans, %d of them far from their bound", plans, forced)
	if plans < 400 || forced > plans/50 {
		t.Error("too few plans to show anything")
	}
}
