package flow

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestLabelsThatFall: labelling only the nodes that have fallen finds what
// labelling all of them for every walk does.
func TestLabelsThatFall(t *testing.T) {
	var s Solver
	plain := Solver{Afresh: true}
	for i := range 5_000 {
		p := randomProblem(rand.New(rand.NewPCG(uint64(i), 51)))
		a, b := s.Solve(p), plain.Solve(p)
		if math.Abs(a.Value-b.Value) > near*a.Value || a.Partial != b.Partial {
			t.Fatalf("case %d: %v, %v afresh", i, a.Value, b.Value)
		}
	}
}

// TestBudget: past its budget an order is still filled as far as single paths go,
// what is filled can be, and the bound holds: for the optimum too.
func TestBudget(t *testing.T) {
	var s, all Solver
	spent, filled, behind, missed := 0, 0, 0, 0
	for i := range 10_000 {
		r := rand.New(rand.NewPCG(uint64(i), 52))
		p := randomProblem(r)
		best := *all.Solve(p)
		p.Budget = 1 + r.IntN(6)
		res := s.Solve(p)
		if err := feasible(p, res); err != nil && !res.Failed {
			t.Fatalf("case %d: %v\n%+v", i, err, res)
		}
		if !res.Spent {
			continue
		}
		if spent++; res.Partial {
			if missed++; best.Partial {
				missed--
			}
			continue
		}
		filled++
		if beats(p, best.In, best.Out, res.Bound) || beats(p, res.In, res.Out, res.Bound) {
			t.Fatalf("case %d: the best is %d -> %d, beyond the bound %d of a budget", i, best.In, best.Out, res.Bound)
		}
		if best.Out > res.Out || best.In < res.In {
			behind++
		}
	}
	t.Logf("%d spent, %d filled, %d of them behind the best; %d not filled that could be", spent, filled, behind, missed)
	if filled < 1_000 || behind == 0 || missed > spent/20 {
		t.Error("too little is filled, or nothing is behind")
	}
}

// TestManySolvesOneMarket: books that change one by one are merged again, and the
// rest is kept; the result is that of a solver that has seen nothing.
func TestManySolvesOneMarket(t *testing.T) {
	var s Solver
	r := rand.New(rand.NewPCG(1, 53))
	p := randomProblem(r)
	for len(p.Sides) < 8 {
		p = randomProblem(r)
	}
	for i := range 500 {
		d := &p.Sides[r.IntN(len(p.Sides))]
		b := &d.Books[r.IntN(len(d.Books))]
		if *b = randomBook(r, math.Exp(r.NormFloat64()), 1e6, 8); r.IntN(5) == 0 {
			d.Books = append(d.Books[:0:0], d.Books[:max(1, len(d.Books)-1)]...)
		}
		p.Source, p.Target = int32(r.IntN(2)), 1
		if p.Source == 1 {
			p.Target = 0
		}
		got, want := s.Solve(p), new(Solver).Solve(p)
		if got.In != want.In || got.Out != want.Out || got.Bound != want.Bound || got.Walks != want.Walks {
			t.Fatalf("change %d: %+v, of a new solver %+v", i, got, want)
		}
	}
}
