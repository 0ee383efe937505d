package flow

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// value solves a problem and returns the optimum before rounding, and whether the
// market held the order.
func value(s *Solver, p *Problem) (float64, bool) {
	r := s.Solve(p)
	return r.Value, !r.Partial
}

// exactIn draws a market with an amount to sell that it holds.
func exactIn(i int, seed uint64) (*rand.Rand, *Problem) {
	r := rand.New(rand.NewPCG(uint64(i), seed))
	p := randomProblem(r)
	if p.Out > 0 {
		p.In, p.Out = 1+money.Amount(r.Int64N(1<<r.IntN(40))), 0
	}
	return r, p
}

const near = 1e-9

// TestMoreIsNeverWorse: another venue or a better level never lowers the output,
// and a worse one never raises it.
func TestMoreIsNeverWorse(t *testing.T) {
	var s Solver
	lost := 0
	defer func() {
		if lost > 5 {
			t.Errorf("%d orders no longer fit with a venue more", lost)
		}
	}()
	for i := range 2_000 {
		r, p := exactIn(i, 21)
		if len(p.Sides) == 0 {
			continue
		}
		before, whole := value(&s, p)
		d := &p.Sides[r.IntN(len(p.Sides))]
		d.Books = append(d.Books, randomBook(r, math.Exp(r.NormFloat64()*5), 1e4, 5))
		more, still := value(&s, p)
		if whole && !still { // a unit that no side takes any more; see Partial
			lost++
		}
		if whole && still && more < before*(1-near) {
			t.Fatalf("case %d: %v with a venue more, %v without", i, more, before)
		}
		b := d.Books[r.IntN(len(d.Books))]
		if len(b.Arcs) == 0 {
			continue
		}
		worse := &graph.Side{Arcs: slices.Clone(b.Arcs)}
		last := &worse.Arcs[len(worse.Arcs)-1]
		if last.Out /= 2; last.Out == 0 {
			worse.Arcs = worse.Arcs[:len(worse.Arcs)-1]
		}
		d.Books[slices.Index(d.Books, b)] = worse
		if less, lessWhole := value(&s, p); still && lessWhole && less > more*(1+near) {
			t.Fatalf("case %d: %v with a worse level, %v before", i, less, more)
		}
	}
}

// TestConcave: twice the order brings at most twice as much, and two orders
// together at most what they bring apart.
func TestConcave(t *testing.T) {
	var s Solver
	checked := 0
	for i := range 3_000 {
		r, p := exactIn(i, 22)
		x, y := p.In, 1+money.Amount(r.Int64N(int64(p.In)))
		vx, okX := value(&s, p)
		p.In = y
		vy, okY := value(&s, p)
		p.In = x + y
		vxy, okXY := value(&s, p)
		if !okX || !okY || !okXY {
			continue
		}
		checked++
		if vxy > (vx+vy)*(1+near) || vxy < vx*(1-near) {
			t.Fatalf("case %d: %d brings %v, %d %v, together %v", i, x, vx, y, vy, vxy)
		}
	}
	if checked < 500 {
		t.Errorf("only %d cases", checked)
	}
}

// TestRoundTripValue: what an input brings costs that input.
func TestRoundTripValue(t *testing.T) {
	var s Solver
	checked := 0
	for i := range 3_000 {
		_, p := exactIn(i, 23)
		r := s.Solve(p)
		if r.Partial || r.Out < 1e6 {
			continue
		}
		out, in := r.Out, p.In
		p.In, p.Out = 0, out
		back, whole := value(&s, p)
		if checked++; !whole || back > float64(in)*(1+near) {
			t.Fatalf("case %d: %d brings %d, which costs %v", i, in, out, back)
		}
	}
	if checked < 300 {
		t.Errorf("only %d cases", checked)
	}
}

// TestSplitLevels: a level in two parts, a venue of half sizes twice, and sides in
// another order change no value.
func TestSplitLevels(t *testing.T) {
	var s Solver
	for i := range 2_000 {
		r, p := exactIn(i, 24)
		before, _ := value(&s, p)
		for k := range p.Sides {
			for j, b := range p.Sides[k].Books {
				parts := &graph.Side{}
				for _, a := range b.Arcs {
					if a.In%2 == 0 && a.Out%2 == 0 {
						half := graph.Arc{In: a.In / 2, Out: a.Out / 2}
						parts.Arcs = append(parts.Arcs, half, half)
					} else {
						parts.Arcs = append(parts.Arcs, a)
					}
				}
				p.Sides[k].Books[j] = parts
			}
		}
		r.Shuffle(len(p.Sides), func(a, b int) { p.Sides[a], p.Sides[b] = p.Sides[b], p.Sides[a] })
		if after, _ := value(&s, p); math.Abs(after-before) > near*before {
			t.Fatalf("case %d: %v in parts, %v before", i, after, before)
		}
	}
}

// TestNoFreeLunch: there and back leaves no more than was begun with, where no
// books cross.
func TestNoFreeLunch(t *testing.T) {
	var s Solver
	for i := range 1_000 {
		r := rand.New(rand.NewPCG(uint64(i), 25))
		assets := 3 + r.IntN(3)
		p := &Problem{Assets: assets, Source: 0, Target: 1, MaxHops: 3, In: 1e6}
		worth := make([]float64, assets)
		for a := range worth {
			worth[a] = math.Exp(r.NormFloat64())
		}
		for u := range int32(assets) {
			for w := range int32(assets) {
				if u != w {
					p.Sides = append(p.Sides, Side{From: u, To: w, Books: []*graph.Side{
						randomBook(r, worth[u]/worth[w]*0.999, 1e8, 20), // a spread of 20 basis points
					}})
				}
			}
		}
		there := s.Solve(p)
		if there.Partial || there.Out == 0 {
			continue
		}
		p.Source, p.Target, p.In = 1, 0, there.Out
		if back := s.Solve(p); back.Out > 1e6 {
			t.Fatalf("case %d: 1000000 become %d, and these %d", i, there.Out, back.Out)
		}
	}
}

// TestAnyPricesBound: whatever the node prices, the bound is not below the plan.
func TestAnyPricesBound(t *testing.T) {
	var s Solver
	for i := range 3_000 {
		r, p := exactIn(i, 26)
		res := s.Solve(p)
		if res.Partial {
			continue
		}
		nu := &Prices{Source: math.Exp(r.NormFloat64() * 9), Target: math.Exp(r.NormFloat64() * 9)}
		for range p.Assets {
			two := math.Exp(r.NormFloat64()*9) * float64(r.IntN(2))
			nu.One, nu.Two = append(nu.One, two*(1+r.Float64())), append(nu.Two, two)
		}
		if b := bound(p, nu); b.Cmp(new(big.Rat).SetInt64(int64(res.Out))) < 0 {
			t.Fatalf("case %d: %d out, bound %v", i, res.Out, b)
		}
	}
}

// TestSameProblemSameResult: another solver, with another past, gives the same.
func TestSameProblemSameResult(t *testing.T) {
	var used Solver
	for i := range 1_000 {
		_, p := exactIn(i, 27)
		r := *used.Solve(p)
		fills := slices.Clone(r.Fills)
		fresh := new(Solver).Solve(p)
		if !slices.Equal(fills, fresh.Fills) || r.In != fresh.In || r.Out != fresh.Out || r.Value != fresh.Value {
			t.Fatalf("case %d: %v, fresh %v", i, r, *fresh)
		}
	}
}

// TestBackArcsAreNeeded: greedy fills A-C-T with what A-C-D-T would need, and only
// un-filling C's way mends that.
func TestBackArcsAreNeeded(t *testing.T) {
	one := func(in, out money.Amount) []*graph.Side {
		return []*graph.Side{{Arcs: []graph.Arc{{In: in, Out: out}}}}
	}
	// 0 sells, 1 buys. First the best walk 0-2-3-1; when 3-1 is used up, 2's input
	// is worth more on 2-1, and 0-3 wants 3-1.
	p := &Problem{Assets: 4, Source: 0, Target: 1, MaxHops: 3, In: 200, Sides: []Side{
		{From: 0, To: 2, Books: one(100, 100)}, {From: 2, To: 3, Books: one(100, 100)},
		{From: 3, To: 1, Books: one(100, 100)}, {From: 2, To: 1, Books: one(100, 98)},
		{From: 0, To: 3, Books: one(100, 99)},
	}}
	r := new(Solver).Solve(p)
	if r.BackSteps == 0 || r.Partial || math.Abs(r.Value-197) > 1 {
		t.Errorf("%+v", r)
	}
	if b, _ := bound(p, &r.Prices).Float64(); math.Abs(b-r.Value) > 1e-9*b {
		t.Errorf("value %v, bound %v", r.Value, b)
	}
}

// TestArcsOutOfTheTarget: the prices count what could be taken back from T. When
// S->(a,1) is used up and (a,2)->T is not, no walk reaches a any more, and its price
// is what the last unit through it brought: not what the first one did, nor nothing.
func TestArcsOutOfTheTarget(t *testing.T) {
	p := &Problem{Assets: 3, Source: 0, Target: 1, MaxHops: 2, In: 150, Sides: []Side{
		{From: 0, To: 2, Books: []*graph.Side{{Arcs: []graph.Arc{{In: 100, Out: 100}}}}},
		{From: 2, To: 1, Books: []*graph.Side{{Arcs: []graph.Arc{{In: 50, Out: 50}, {In: 1000, Out: 900}}}}},
		{From: 0, To: 1, Books: []*graph.Side{{Arcs: []graph.Arc{{In: 1000, Out: 800}}}}},
	}}
	r := new(Solver).Solve(p)
	if b, _ := bound(p, &r.Prices).Float64(); r.Out != 135 || r.Bound > 136 || math.Abs(b-135) > 1e-9 {
		t.Errorf("%d out, bound %v and %d, prices %+v", r.Out, b, r.Bound, r.Prices)
	}
}

// TestHostileMarkets end within their budget, or say that they did not.
func TestHostileMarkets(t *testing.T) {
	plateau := &graph.Side{}
	for range 5_000 {
		plateau.Arcs = append(plateau.Arcs, graph.Arc{In: 1, Out: 1})
	}
	huge := &graph.Side{Arcs: []graph.Arc{{In: 1e18, Out: 1e18}, {In: 1e18, Out: 9e17}}}
	sides := func(b *graph.Side) (all []Side) {
		for u := range int32(4) {
			for w := range int32(4) {
				if u != w {
					all = append(all, Side{From: u, To: w, Books: []*graph.Side{b}})
				}
			}
		}
		return all
	}
	p := &Problem{Assets: 4, Source: 0, Target: 1, MaxHops: 3, In: 9_000, Sides: sides(plateau)}
	if r := new(Solver).Solve(p); r.Out != 9_000 || r.Spent {
		t.Errorf("a plateau: %d out after %d walks", r.Out, r.Walks)
	}
	p.Budget = 100
	r := new(Solver).Solve(p)
	if err := feasible(p, r); !r.Spent || r.Partial || r.Walks != 100 || r.Out < 8_999 || r.Bound < r.Out || err != nil {
		t.Errorf("a budget of 100: %+v, %v", r, err)
	}
	p = &Problem{Assets: 4, Source: 0, Target: 1, MaxHops: 3, In: 2e18, Sides: sides(huge)}
	if r := new(Solver).Solve(p); !r.Failed && feasible(p, r) != nil {
		t.Errorf("huge: %+v, %v", r, feasible(p, r))
	}
	for _, empty := range []*Problem{
		{Assets: 2, Source: 0, Target: 1, MaxHops: 3, In: 5},
		{Assets: 3, Source: 0, Target: 1, MaxHops: 3, Out: 5, Sides: []Side{{From: 0, To: 2, Books: []*graph.Side{{}}}}},
	} {
		if r := new(Solver).Solve(empty); !r.Partial || r.In != 0 || r.Out != 0 {
			t.Errorf("nothing to trade: %+v", r)
		}
	}
}

// TestDoesNotAllocate: a solver that has seen a market solves it in its memory.
func TestDoesNotAllocate(t *testing.T) {
	var s Solver
	for i := range 50 {
		r := rand.New(rand.NewPCG(uint64(i), 28))
		p := randomProblem(r)
		s.Solve(p)
		if n := testing.AllocsPerRun(5, func() { s.Solve(p) }); n > 0 {
			t.Fatalf("case %d: %v allocations", i, n)
		}
	}
}
