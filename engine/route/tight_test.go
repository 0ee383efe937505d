package route_test

import (
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
		plans[len(a.Path)-1]++
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
		plans[len(a.Path)-1]++
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
