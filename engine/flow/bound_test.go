package flow

import (
	"math/rand/v2"
	"testing"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// asked is the problem that the bound of a result is about.
func asked(p *Problem, r *Result) *Problem {
	q := *p
	if r.Partial {
		q.In, q.Out = r.In, 0
	}
	return &q
}

// TestBoundIsTheSumOverEveryLevel: the bound from sums over what is merged so far
// equals the plain sum over every level of every book, and no plan beats it.
func TestBoundIsTheSumOverEveryLevel(t *testing.T) {
	var s Solver
	for i := range 10_000 {
		p := randomProblem(rand.New(rand.NewPCG(uint64(i), 2)))
		r := s.Solve(p)
		if r.In == 0 || r.Out == 0 {
			continue
		}
		q := asked(p, r)
		if b := Bound(q, &r.Nu); b != r.Bound {
			t.Fatalf("case %d: bound %d, over every level %d", i, r.Bound, b)
		}
		if beats(q, r.In, r.Out, r.Bound) {
			t.Fatalf("case %d: %d -> %d beats its bound %d", i, r.In, r.Out, r.Bound)
		}
		for a := range r.Nu.One {
			if r.Nu.One[a] < r.Nu.Two[a] {
				t.Fatalf("case %d: asset %d is worth less before it stays than after", i, a)
			}
		}
	}
}

func beats(p *Problem, in, out, bound money.Amount) bool {
	if p.Out > 0 {
		return in < bound
	}
	return out > bound
}

// TestAnyWholePricesBound: whatever prices are chosen, no plan beats what they prove.
func TestAnyWholePricesBound(t *testing.T) {
	var s Solver
	beaten, tried := 0, 0
	for i := range 3_000 {
		r := rand.New(rand.NewPCG(uint64(i), 3))
		p := randomProblem(r)
		res := s.Solve(p)
		if res.In == 0 || res.Out == 0 {
			continue
		}
		q := asked(p, res)
		for range 5 {
			tried++
			if beats(q, res.In, res.Out, Bound(q, anyPrices(r, &res.Nu))) {
				beaten++
			}
		}
	}
	if beaten > 0 || tried < 10_000 {
		t.Errorf("%d of %d bounds are beaten", beaten, tried)
	}
}

// anyPrices are prices near some others, or anywhere.
func anyPrices(r *rand.Rand, at *Nu) *Nu {
	near, digits := r.IntN(2) == 0, r.IntN(40)
	price := func(u uint64) uint64 {
		if near {
			return u + r.Uint64N(u>>digits+1) - r.Uint64N(u>>digits+1)/2
		}
		return r.Uint64() >> (2 + r.IntN(60))
	}
	nu := &Nu{Source: price(at.Source), Target: max(price(at.Target), 1)}
	nu.Source &= 1<<nuMaxBits - 1
	nu.Target &= 1<<nuMaxBits - 1
	for a := range at.One {
		one, two := price(at.One[a])&(1<<nuMaxBits-1), price(at.Two[a])&(1<<nuMaxBits-1)
		nu.One, nu.Two = append(nu.One, max(one, two)), append(nu.Two, two)
	}
	nu.Source, nu.Target = max(nu.Source, 1), max(nu.Target, 1)
	return nu
}

func book(arcs ...graph.Arc) *graph.Side { return &graph.Side{Arcs: arcs} }

// TestBoundOfOneWay: where there is one level and one way, the bound is the plan
// to the unit, be the level as large as it may.
func TestBoundOfOneWay(t *testing.T) {
	const huge = money.Amount(1e18)
	hop := func(from, to int32, in, out money.Amount) Side {
		return Side{From: from, To: to, Books: []*graph.Side{book(graph.Arc{In: in, Out: out})}}
	}
	tests := []struct {
		name  string
		sides []Side
	}{
		{"one hop of a huge level", []Side{hop(0, 1, huge, huge/3)}},
		{"one hop of a huge level, dear target", []Side{hop(0, 1, huge, 7)}},
		{"one hop beside an empty one", []Side{hop(0, 1, huge-1, huge/7), hop(0, 2, 1, 1)}},
		{"two hops", []Side{hop(0, 2, 1_000_003, 999_983), hop(2, 1, 2_000_003, 1_999_993)}},
		{"three hops", []Side{hop(0, 2, 100_003, 99_991), hop(2, 3, 200_003, 199_999), hop(3, 1, 300_007, 299_993)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Solver
			for _, p := range []Problem{
				{In: tt.sides[0].Books[0].Arcs[0].In / 7}, {Out: max(tt.sides[0].Books[0].Arcs[0].Out/9, 1)},
			} {
				p.Assets, p.Target, p.MaxHops, p.Sides = 4, 1, 3, tt.sides
				r := s.Solve(&p)
				gap := r.Bound - r.Out
				if p.Out > 0 {
					gap = r.In - r.Bound
				}
				// One unit for rounding outwards, one for each asset between.
				if hops := money.Amount(len(r.Fills)); r.Partial || gap < 0 || gap > hops {
					t.Errorf("%d -> %d, bound %d", r.In, r.Out, r.Bound)
				}
			}
		})
	}
}
