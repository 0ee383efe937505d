package flow

import (
	"math"
	"math/rand/v2"
	"testing"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// bundled takes the best level out of some books of a problem and makes bundles of
// them, or of a part of them.
func bundled(r *rand.Rand, p *Problem) {
	for range 1 + r.IntN(3) {
		i := r.IntN(len(p.Sides))
		d := &p.Sides[i]
		if d.To == p.Source || d.From == p.Target || len(d.Books) == 0 ||
			p.MaxHops < 2 && (d.From != p.Source || d.To != p.Target) ||
			p.MaxHops < 3 && d.From != p.Source && d.To != p.Target {
			continue
		}
		j := r.IntN(len(d.Books))
		arcs := d.Books[j].Arcs
		if len(arcs) == 0 || arcs[0].In < 1e5 || arcs[0].Out < 1e5 {
			continue
		}
		p.Bundles = append(p.Bundles, Bundle{Side: i, In: arcs[0].In, Out: arcs[0].Out})
		d.Books[j] = &graph.Side{Arcs: arcs[1:]}
	}
}

// TestBundles: a plan with bundles is feasible, and as good as the bound of its own
// prices, in which the bundles count whether they gain or not: no plan that
// contains them is better.
func TestBundles(t *testing.T) {
	cases := 20_000
	if testing.Short() {
		cases = 4_000
	}
	var s Solver
	var solved, infeasible, unproven, failed, partial int
	worst := 0.0
	for i := range cases {
		r := rand.New(rand.NewPCG(uint64(i), 31))
		p := randomProblem(r)
		if p.In*p.Out != 0 || max(p.In, p.Out) < 1e6 || len(p.Sides) == 0 {
			continue
		}
		if bundled(r, p); len(p.Bundles) == 0 {
			continue
		}
		res := s.Solve(p)
		switch {
		case res.Infeasible:
			infeasible++
			if res.Nu.Target > 0 && !res.Partial && Bound(p, &res.Nu) != res.Bound {
				t.Fatalf("case %d: infeasible, bound %d, evaluated %d", i, res.Bound, Bound(p, &res.Nu))
			}
			if !s.stuck && res.Nu.Target > 0 && (p.In > 0 && res.Bound > 0 || p.Out > 0 && res.Bound < math.MaxInt64) {
				unproven++
			}
			continue
		case res.Failed:
			failed++
			continue
		case res.Partial:
			partial++
		}
		if err := feasible(p, res); err != nil {
			t.Fatalf("case %d: %v\n%+v", i, err, p.Bundles)
		}
		if res.Partial {
			continue
		}
		solved++
		proven := Bound(asked(p, res), &res.Nu)
		amount := res.Out
		if p.Out > 0 {
			amount = res.In
		}
		if proven != res.Bound || beats(p, res.In, res.Out, proven) {
			t.Fatalf("case %d: %d into %d, bound %d, evaluated %d", i, res.In, res.Out, res.Bound, proven)
		}
		if amount > 1e9 {
			gap := math.Abs(float64(proven)/float64(amount) - 1)
			if worst = max(worst, gap); gap > 1e-4 {
				t.Errorf("case %d: a gap of %.2g of %d, value %v", i, gap, amount, res.Value)
			}
		}
	}
	t.Logf("%d solved, %d infeasible, %d of them unproven, %d failed, %d partial; worst gap of large orders %.2g",
		solved, infeasible, unproven, failed, partial, worst)
	if unproven > infeasible/200 { // where a few units are missing
		t.Error("what is infeasible must be proven so")
	}
	if solved < cases/25 || infeasible == 0 || failed > solved/50 {
		t.Error("the cases have lost their variety")
	}
}

// TestBundleThatIsBestAnyway: a level that the best plan fills anyway can be given
// as a bundle, and nothing changes.
func TestBundleThatIsBestAnyway(t *testing.T) {
	var s Solver
	same := 0
	for i := range 8_000 {
		r, p := exactIn(i, 32)
		if p.In < 1e7 {
			continue
		}
		res := s.Solve(p)
		if res.Partial || res.Failed || len(res.Fills) == 0 || res.Out < 1e7 {
			continue
		}
		f := res.Fills[r.IntN(len(res.Fills))]
		d := &p.Sides[f.Side]
		a := d.Books[f.Book].Arcs[0]
		if f.In < a.In || f.In < 1e6 || a.Out < 1e6 {
			continue
		}
		before := res.Value
		d.Books[f.Book] = &graph.Side{Arcs: d.Books[f.Book].Arcs[1:]}
		p.Bundles = []Bundle{{Side: f.Side, In: a.In, Out: a.Out}}
		after := s.Solve(p)
		if after.Infeasible || after.Partial { // by the units that rounding may need
			continue
		}
		if same++; math.Abs(after.Value/before-1) > 1e-4 {
			t.Errorf("case %d: %v with a bundle, %v with the level", i, after.Value, before)
		}
	}
	if same < 300 {
		t.Errorf("only %d cases", same)
	}
}

// TestBundleAlone: a bundle that is all the order, more than it, and one with no
// way to it.
func TestBundleAlone(t *testing.T) {
	order := func(in money.Amount, bundles ...Bundle) *Result {
		var s Solver
		return s.Solve(&Problem{
			Assets: 3, Source: 0, Target: 1, MaxHops: 3, In: in, Bundles: bundles,
			Sides: []Side{
				{From: 0, To: 1, Books: []*graph.Side{book()}},
				{From: 0, To: 2, Books: []*graph.Side{book(graph.Arc{In: 100, Out: 200})}},
				{From: 2, To: 1, Books: []*graph.Side{book()}},
			},
		})
	}
	if r := order(50, Bundle{0, 50, 70}); r.Out != 70 || r.In != 50 || r.Partial || r.Bound != 70 {
		t.Errorf("the whole order is a bundle: %+v", r)
	}
	if r := order(49, Bundle{0, 50, 70}); !r.Infeasible {
		t.Errorf("an order below the bundle: %+v", r)
	}
	if r := order(100, Bundle{2, 150, 70}); r.Out != 70 || r.Infeasible {
		t.Errorf("a bundle in the last hop: %+v", r)
	}
	if r := order(300, Bundle{2, 250, 70}); !r.Infeasible {
		t.Errorf("a bundle that nothing leads to: %+v", r)
	}
	if r := order(300, Bundle{1, 250, 70}); !r.Infeasible {
		t.Errorf("a bundle that leads nowhere: %+v", r)
	}
}
