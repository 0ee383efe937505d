package branch

import (
	"math"
	"math/rand/v2"
	"testing"

	"chronos.dev/engine/flow"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// crumbs draws a market of so few units that rounding sends single ones of them
// where an option does not begin.
func crumbs(r *rand.Rand) *flow.Problem {
	arc := func() graph.Arc {
		return graph.Arc{In: money.Amount(1 + r.IntN(40)), Out: money.Amount(1 + r.IntN(40))}
	}
	p := &flow.Problem{Assets: 4, Source: 0, Target: 1, MaxHops: 3, In: money.Amount(1 + r.IntN(60))}
	for _, e := range [][2]int32{{0, 1}, {0, 2}, {0, 3}, {2, 1}, {2, 3}, {3, 1}, {3, 2}} {
		side := flow.Side{From: e[0], To: e[1]}
		for range r.IntN(3) {
			b := &graph.Side{Arcs: []graph.Arc{arc()}}
			if r.IntN(2) == 0 {
				b = &graph.Side{Options: []graph.Option{{Entry: arc(), More: []graph.Arc{arc()}}}}
			}
			side.Books = append(side.Books, b)
		}
		p.Sides = append(p.Sides, side)
	}
	return p
}

// TestCrumbs: what rounding leaves over goes into no option below its entry.
func TestCrumbs(t *testing.T) {
	var s Solver
	for i := range 20_000 {
		p := crumbs(rand.New(rand.NewPCG(uint64(i), 31)))
		if r := s.Solve(p, 0); !r.Failed && !r.Partial {
			for _, f := range r.Fills {
				if len(p.Sides[f.Side].Books[f.Book].Options) > 0 && !uses(r, f) {
					t.Fatalf("case %d: fill %+v of options without a choice", i, f)
				}
			}
		}
	}
}

func uses(r *Result, f flow.Fill) bool {
	for _, c := range r.Used {
		if c.Side == f.Side && c.Book == f.Book {
			return true
		}
	}
	return false
}

// TestAmountsOfOneOption: what an option costs fits or is not told, and what it takes
// for an output is the most.
func TestAmountsOfOneOption(t *testing.T) {
	const half = math.MaxInt64/2 + 1
	large := graph.Option{Entry: graph.Arc{In: half, Out: 10}, More: []graph.Arc{{In: half, Out: 10}}}
	if in := Costs(&large, 20); in != 0 {
		t.Errorf("what does not fit costs %d", in)
	}
	for i := range 2_000 {
		r := rand.New(rand.NewPCG(uint64(i), 32))
		arc := func() graph.Arc {
			return graph.Arc{In: money.Amount(1 + r.IntN(20)), Out: money.Amount(1 + r.IntN(20))}
		}
		o := graph.Option{Entry: arc(), More: []graph.Arc{arc(), arc()}}
		for out := range money.Amount(70) {
			most := money.Amount(0)
			for in := o.Entry.In; in <= Holds(&o); in++ {
				if Gives(&o, in) <= out {
					most = in
				}
			}
			if got := TakesFor(&o, out); got != most {
				t.Fatalf("case %d: takes %d for %d, want %d", i, got, out, most)
			}
		}
	}
}
