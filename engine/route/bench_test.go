package route_test

import (
	"cmp"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"chronos.dev/book"
	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// city has ten assets of which five are hubs, every hub paired with every other
// asset, at 30 venues of 50 levels a side.
func city() *fair {
	r := rand.New(rand.NewPCG(1, 10))
	w := &fair{}
	worth := []float64{100, 6, 1, 2, 1.1, 0.5, 3, 0.2, 7, 11}
	for i := range worth {
		w.assets = append(w.assets, market.Asset{Symbol: string(rune('A' + i)), EngineScale: 8})
	}
	for i := range worth {
		for j := i + 1; j < len(worth) && i < 5; j++ {
			for v := range 30 {
				l := listing{
					key: market.Key{Venue: fmt.Sprintf("venue%02d", v), Pair: market.Pair{
						Base: w.assets[i].Symbol, Quote: w.assets[j].Symbol}},
					ps: 6, ss: 8, state: book.Live, recv: now, fee: &market.Fee{Rate: int64(v) * 10_000},
				}
				mid := worth[i] / worth[j] * 1e6 * (1 + 1e-4*r.Float64())
				for k := range 50 {
					step := mid * 1e-5 * float64(k+1)
					l.bids = append(l.bids, book.Level{Price: money.Price(mid - step), Size: money.Size(1e8 * (1 + 9*r.Float64()))})
					l.asks = append(l.asks, book.Level{Price: money.Price(mid+step) + 1, Size: money.Size(1e8 * (1 + 9*r.Float64()))})
				}
				w.listings = append(w.listings, l)
			}
		}
	}
	return w
}

// sortEverything is the plain way to sweep one pair: all levels of all venues in
// one slice, sorted by exact rate, filled in order. It returns what comes out.
func sortEverything(s *graph.Snapshot, scratch []graph.Arc, sell, buy string, x money.Amount) (money.Amount, []graph.Arc) {
	from, _ := s.Asset(sell)
	to, _ := s.Asset(buy)
	arcs := scratch[:0]
	for _, id := range s.Edge(from, to).Markets {
		if _, ok := s.State(id).Usable(now, staleAfter); ok {
			arcs = append(arcs, s.State(id).Side(&s.Markets[id], from).Arcs...)
		}
	}
	slices.SortStableFunc(arcs, func(a, b graph.Arc) int {
		h1, l1 := bits.Mul64(uint64(b.Out), uint64(a.In))
		h2, l2 := bits.Mul64(uint64(a.Out), uint64(b.In))
		return cmp.Or(cmp.Compare(h1, h2), cmp.Compare(l1, l2))
	})
	var total money.Amount
	for _, a := range arcs {
		if x <= a.In {
			hi, lo := bits.Mul64(uint64(x), uint64(a.Out))
			q, _ := bits.Div64(hi, lo, uint64(a.In))
			return total + money.Amount(q), arcs
		}
		x, total = x-a.In, total+a.Out
	}
	return 0, arcs
}

var amounts = []struct {
	name string
	x    int64
}{{"tenth_of_a_level", 5e7}, {"30_levels", 150e8}, {"500_levels", 2500e8}}

// BenchmarkPricePair prices one pair of 30 venues of 50 levels; one iteration is
// one whole answer with its plan and its bound.
func BenchmarkPricePair(b *testing.B) { benchmarkSolve(b, 1) }

// BenchmarkPricePath does so over all paths of at most three hops between ten
// assets.
func BenchmarkPricePath(b *testing.B) { benchmarkSolve(b, plan.MaxHops) }

func benchmarkSolve(b *testing.B, hops int) {
	snap := city().snapshot(b)
	for _, amount := range amounts {
		b.Run(amount.name, func(b *testing.B) {
			var s route.Solver
			req := request(snap, "A", "B", amount.x, 0, hops)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Solve(snap, req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPairBySorting is the baseline of BenchmarkPricePair: the output of one
// pair by sorting all levels, with no plan and no bound.
func BenchmarkPairBySorting(b *testing.B) {
	snap := city().snapshot(b)
	for _, amount := range amounts {
		b.Run(amount.name, func(b *testing.B) {
			scratch := make([]graph.Arc, 0, 4096)
			var y money.Amount
			b.ReportAllocs()
			for b.Loop() {
				if y, scratch = sortEverything(snap, scratch, "A", "B", money.Amount(amount.x)); y == 0 {
					b.Fatal("nothing comes out")
				}
			}
		})
	}
}

// TestBaselineAgrees: what is compared for speed gives the same.
func TestBaselineAgrees(t *testing.T) {
	snap := city().snapshot(t)
	for _, amount := range amounts {
		a, err := new(route.Solver).Solve(snap, request(snap, "A", "B", amount.x, 0, 1))
		if err != nil {
			t.Fatal(err)
		}
		if y, _ := sortEverything(snap, nil, "A", "B", money.Amount(amount.x)); y != a.Plan.Out {
			t.Errorf("%s: %d by sorting, %d by Solve", amount.name, y, a.Plan.Out)
		}
	}
}
