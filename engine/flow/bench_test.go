package flow

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// town is a market of hubs, that trade with every asset, and others, that trade
// with hubs. Amounts are in assets of eight decimals. Venues agree within a basis
// point and take fees of 0 to 10.
type town struct {
	worth []float64 // dollars a unit of the asset, in minor units
	sides []Side
	at    map[pair]int
}

// pair is the two ends of a side.
type pair struct{ from, to int32 }

func newTown(assets, hubs, venues, levels int) *town {
	r := rand.New(rand.NewPCG(1, uint64(assets)))
	w := &town{at: map[pair]int{}}
	for range assets {
		w.worth = append(w.worth, math.Exp(r.NormFloat64()*3)*1e-8)
	}
	for u := range int32(assets) {
		for v := range int32(assets) {
			if u == v || int(u) >= hubs && int(v) >= hubs {
				continue
			}
			d := Side{From: u, To: v}
			for range venues {
				d.Books = append(d.Books, w.book(r, u, v, levels))
			}
			w.at[pair{u, v}] = len(w.sides)
			w.sides = append(w.sides, d)
		}
	}
	return w
}

func (w *town) book(r *rand.Rand, u, v int32, levels int) *graph.Side {
	rate := w.worth[u] / w.worth[v] * (1 + 1e-4*(r.Float64()-0.5)) * (1 - 1e-3*r.Float64()) * (1 - 1e-4)
	b := &graph.Side{}
	for k := range levels {
		dollars := 3_000 * math.Exp(r.NormFloat64()) * (1 + float64(k)/5)
		in := math.Ceil(dollars / w.worth[u])
		b.Arcs = append(b.Arcs, graph.Arc{In: money.Amount(in), Out: money.Amount(in * rate)})
		rate *= 1 - 1e-4*r.Float64()
	}
	slices.SortStableFunc(b.Arcs, func(x, y graph.Arc) int { return y.Cmp(x) })
	return b
}

// order is a problem with the sides that it can use.
func (w *town) order(from, to int32, dollars float64) *Problem {
	p := &Problem{Assets: len(w.worth), Source: from, Target: to, MaxHops: 3, In: money.Amount(dollars / w.worth[from])}
	has := func(u, v int32) bool { _, ok := w.at[pair{u, v}]; return ok }
	for i := range w.sides {
		d := &w.sides[i]
		if d.To != from && d.From != to && (d.From == from || has(from, d.From)) && (d.To == to || has(d.To, to)) {
			p.Sides = append(p.Sides, *d)
		}
	}
	return p
}

// orders are shuffled over all pairs of assets.
func (w *town) orders(n int, dollars float64, pick func(r *rand.Rand) (from, to int32)) []*Problem {
	r := rand.New(rand.NewPCG(7, 7))
	var all []*Problem
	for len(all) < n {
		if from, to := pick(r); from != to {
			all = append(all, w.order(from, to, dollars*math.Exp(r.NormFloat64()/4)))
		}
	}
	return all
}

func (w *town) any(r *rand.Rand) (from, to int32) {
	return r.Int32N(int32(len(w.worth))), r.Int32N(int32(len(w.worth)))
}

// everyPath evaluates every path of at most three hops, each side swept level by
// level over what is merged, and returns the best output.
func everyPath(s *Solver, p *Problem) (best money.Amount) {
	s.p = p
	s.open()
	n := &s.net
	sweep := func(d *side, x money.Amount) money.Amount {
		if d == nil || x == 0 {
			return 0
		}
		if out, taken := d.give(x); taken == x {
			return out
		}
		return 0
	}
	best = sweep(n.direct.side, p.In)
	for i := range n.first {
		y := sweep(n.first[i].side, p.In)
		best = max(best, sweep(n.last[i].side, y))
		for k := range n.laterals {
			if c := &n.laterals[k]; c.from == int32(i) {
				best = max(best, sweep(n.last[c.to].side, sweep(c.side, y)))
			}
		}
	}
	return best
}

// quantiles returns the median and the 99th percentile of the time of one call
// each, after a pass that merges.
func quantiles(orders []*Problem, solve func(p *Problem)) (p50, p99 time.Duration) {
	var took []time.Duration
	for _, p := range orders {
		solve(p)
	}
	for _, p := range orders {
		start := time.Now()
		solve(p)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took[len(took)/2], took[len(took)*99/100]
}

// BenchmarkKernel reports medians for orders between all pairs of ten assets, of
// 30 venues and 50 levels: of the kernel with its certificate, of the kernel that
// labels all nodes for every walk, and of every path by itself.
func BenchmarkKernel(b *testing.B) {
	w := newTown(10, 5, 30, 50)
	for _, dollars := range []float64{1e4, 1e5, 1e6, 1e7} {
		b.Run(fmt.Sprintf("$%.0e", dollars), func(b *testing.B) {
			orders := w.orders(400, dollars, w.any)
			var s, plain, paths Solver
			plain.Afresh = true
			walks := 0
			for b.Loop() {
				p50, p99 := quantiles(orders, func(p *Problem) { walks += s.Solve(p).Walks })
				afresh, _ := quantiles(orders, func(p *Problem) { plain.Solve(p) })
				every, _ := quantiles(orders, func(p *Problem) { everyPath(&paths, p) })
				b.ReportMetric(float64(p50.Nanoseconds()), "p50-ns")
				b.ReportMetric(float64(p99)/float64(p50), "p99/p50")
				b.ReportMetric(float64(p50)/float64(afresh), "p50/afresh")
				b.ReportMetric(float64(p50)/float64(every), "p50/every-path")
			}
			b.ReportMetric(float64(walks)/float64(2*b.N*len(orders)), "walks")
		})
	}
}

// TestGapIsSmall: of orders from $1,000 between assets of eight decimals, rounding
// costs less than 0.01 basis points, and the bound says so.
func TestGapIsSmall(t *testing.T) {
	w := newTown(8, 4, 8, 20)
	var s Solver
	worst, whole := 0.0, 0
	for _, dollars := range []float64{1e3, 1e4, 1e5, 1e6} {
		for _, p := range w.orders(300, dollars, w.any) {
			for range 2 {
				r := s.Solve(p)
				if err := feasible(p, r); err != nil || r.Failed || r.Spent {
					t.Fatalf("%v, %+v", err, r)
				}
				gap := float64(r.Bound-r.Out) / float64(r.Out)
				if p.Out > 0 {
					gap = float64(r.In-r.Bound) / float64(r.In)
				}
				if !r.Partial {
					whole++
				}
				if worst = max(worst, gap); gap*1e4 > 0.01 || gap < 0 {
					t.Errorf("%d -> %d, bound %d: %.4g bps", r.In, r.Out, r.Bound, gap*1e4)
				}
				p.In, p.Out = 0, r.Out
			}
		}
	}
	t.Logf("worst gap %.2g bps of %d orders that the market holds", worst*1e4, whole)
	if whole < 1_000 {
		t.Error("the market holds too few orders")
	}
}

// BenchmarkSpokes reports medians for $100k orders between assets that are no hubs,
// in a large market beside a small one.
func BenchmarkSpokes(b *testing.B) {
	small, large := newTown(10, 5, 30, 50), newTown(1000, 5, 100, 20)
	spokes := func(w *town) func(r *rand.Rand) (int32, int32) {
		n := int32(len(w.worth) - 5)
		return func(r *rand.Rand) (int32, int32) { return 5 + r.Int32N(n), 5 + r.Int32N(n) }
	}
	few, many := small.orders(200, 1e5, spokes(small)), large.orders(200, 1e5, spokes(large))
	var s, l Solver
	for b.Loop() {
		p50, p99 := quantiles(few, func(p *Problem) { s.Solve(p) })
		large50, large99 := quantiles(many, func(p *Problem) { l.Solve(p) })
		b.ReportMetric(float64(large50)/float64(p50), "p50-to-small")
		b.ReportMetric(float64(large99)/float64(p99), "p99-to-small")
	}
}

// copied is an order over books that are equal but others, to a solver changed
// ones: the next order of the same pair has others again.
func copied(p *Problem) *Problem {
	q := *p
	q.Sides = slices.Clone(p.Sides)
	for i := range q.Sides {
		d := &q.Sides[i]
		d.Books = slices.Clone(d.Books)
		for k, b := range d.Books {
			d.Books[k] = &graph.Side{Arcs: b.Arcs}
		}
	}
	return &q
}

// BenchmarkMerging reports how much longer an order takes when all books of all
// its sides have changed since the solver saw them, and when one book of one side
// in five has.
func BenchmarkMerging(b *testing.B) {
	w := newTown(10, 5, 30, 50)
	for _, dollars := range []float64{1e4, 1e6} {
		b.Run(fmt.Sprintf("$%.0e", dollars), func(b *testing.B) {
			orders := w.orders(200, dollars, w.any)
			var all, some []*Problem
			for _, p := range orders {
				all, some = append(all, copied(p)), append(some, copied(p))
			}
			for i, p := range some {
				for k := range p.Sides {
					if kept := orders[i].Sides[k].Books; k%5 > 0 {
						p.Sides[k].Books = kept
					} else {
						copy(p.Sides[k].Books[1:], kept[1:])
					}
				}
			}
			var s, c, d Solver
			for b.Loop() {
				warm, _ := quantiles(orders, func(p *Problem) { s.Solve(p) })
				cold, _ := quantiles(all, func(p *Problem) { c.Solve(p) })
				few, _ := quantiles(some, func(p *Problem) { d.Solve(p) })
				b.ReportMetric(float64(cold)/float64(warm), "all-changed")
				b.ReportMetric(float64(few)/float64(warm), "some-changed")
			}
		})
	}
}
