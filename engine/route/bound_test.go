package route_test

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
)

// depot is what is left of the books while a random plan eats them.
type depot map[[2]string][]slice

// eat gives x into what is left, a level at a time, every part rounded down; nil
// if there is not enough.
func (d depot) eat(w *fair, from, to string, x *big.Int) *big.Int {
	k := [2]string{from, to}
	if _, ok := d[k]; !ok {
		d[k] = w.slices(from, to)
	}
	left, total := new(big.Int).Set(x), new(big.Int)
	for left.Sign() > 0 {
		if len(d[k]) == 0 {
			return nil
		}
		s := d[k][0]
		if s.in.Cmp(left) <= 0 {
			left.Sub(left, s.in)
			total.Add(total, s.out)
			d[k] = d[k][1:]
			continue
		}
		out := floor(new(big.Rat).SetFrac(new(big.Int).Mul(left, s.out), s.in))
		d[k] = append([]slice{{s.venue, s.key, new(big.Int).Sub(s.in, left), new(big.Int).Sub(s.out, out)}}, d[k][1:]...)
		if d[k][0].out.Sign() == 0 {
			d[k] = d[k][1:]
		}
		total.Add(total, out)
		break
	}
	return total
}

// randomSplit sends parts of x along paths, the good ones more often, as long as
// they fill, and returns what comes out in all.
func randomSplit(r *rand.Rand, w *fair, good []way, x int64) *big.Int {
	d, total := depot{}, new(big.Int)
	for k := 1 + r.Int64N(5); k > 0 && x > 0; k-- {
		part := x
		if k > 1 {
			part = r.Int64N(x + 1)
		}
		x -= part
		path := good[min(r.IntN(len(good)), r.IntN(len(good)), r.IntN(len(good)))].assets
		y := big.NewInt(part)
		for h := 0; h+1 < len(path) && y != nil; h++ {
			y = d.eat(w, path[h], path[h+1], y)
		}
		if y != nil {
			total.Add(total, y)
		}
	}
	return total
}

// TestBoundHoldsForEverySplit replays random splits over several paths, sharing
// what the books hold, and finds none that beats the bound of the plan.
func TestBoundHoldsForEverySplit(t *testing.T) {
	markets := 3_000
	if testing.Short() {
		markets = 300
	}
	var s route.Solver
	bounds, beatenPlans := 0, 0
	for i := range markets {
		r := rand.New(rand.NewPCG(uint64(i), 3))
		w := randomMarket(r)
		snap := w.snapshot(t)
		for range 4 {
			hops := 1 + r.IntN(plan.MaxHops)
			x := 1 + r.Int64N(1<<r.IntN(32))
			var deep *route.DepthError
			if _, err := s.Solve(snap, request(snap, "A", "B", 1<<60, 0, hops)); errors.As(err, &deep) {
				x = 1 + r.Int64N(max(int64(deep.Most.In), 1)) // where splitting pays
			}
			a, err := s.Solve(snap, request(snap, "A", "B", x, 0, hops))
			if err == nil && a.Plan.Bound.Amount < a.Plan.Out {
				t.Fatalf("market %d: out %d above the bound %d", i, a.Plan.Out, a.Plan.Bound.Amount)
			}
			good := w.ways("A", "B", 1+x/4, 0, hops)
			slices.SortFunc(good, func(a, b way) int { return -a.value().Cmp(b.value()) })
			for k := 0; k < 10 && len(good) > 0; k++ {
				y := randomSplit(r, w, good, x)
				if err == nil && y.Cmp(big.NewInt(int64(a.Plan.Bound.Amount))) > 0 {
					t.Fatalf("market %d: a split gives %v for %d, bound %d", i, y, x, a.Plan.Bound.Amount)
				}
				if err == nil && y.Cmp(big.NewInt(int64(a.Plan.Out))) > 0 {
					beatenPlans++
					// Of a few units each part of a plan may lose one to rounding.
					if over := y.Int64() - int64(a.Plan.Out); over > 1000 && over > int64(a.Plan.Out)/1000 {
						t.Errorf("market %d: a split gives %v for %d, the plan %d", i, y, x, a.Plan.Out)
					}
				}
				bounds += checkLowerBound(t, &s, snap, i, x, y, hops)
			}
		}
	}
	t.Logf("%d exact-out bounds held; %d splits beat a plan by units", bounds, beatenPlans)
	if bounds < markets {
		t.Error("too few splits to show anything")
	}
}

// checkLowerBound asks for what a split of x gave: the bound of the input may not
// be above x. It returns 1 if there was a plan.
func checkLowerBound(t *testing.T, s *route.Solver, snap *snapshot, i int, x int64, y *big.Int, hops int) int {
	t.Helper()
	if y.Sign() == 0 || !y.IsInt64() {
		return 0
	}
	a, err := s.Solve(snap, request(snap, "A", "B", 0, y.Int64(), hops))
	if err != nil {
		return 0
	}
	if b := a.Plan.Bound.Amount; int64(b) > x || b > a.Plan.In {
		t.Fatalf("market %d: %v costs %d in a split, %d in the plan, bound %d", i, y, x, a.Plan.In, b)
	}
	return 1
}

// TestBoundIsTightOnOnePair finds the bound within rounding of the plan where
// there is nothing but the books of one pair.
func TestBoundIsTightOnOnePair(t *testing.T) {
	var s route.Solver
	plans := 0
	for i := range 5_000 {
		r := rand.New(rand.NewPCG(uint64(i), 4))
		w := randomPair(r)
		in, out := wish(r, w.slices("A", "B"))
		snap := w.snapshot(t)
		a, err := s.Solve(snap, request(snap, "A", "B", in, out, 1))
		if err != nil {
			continue
		}
		plans++
		p := &a.Plan
		gap, of := p.Bound.Amount-p.Out, p.Out
		if p.ExactOut {
			gap, of = p.In-p.Bound.Amount, p.In
		}
		// Of rates beyond these, node prices of 60 bits cannot say enough digits.
		if tame(w.slices("A", "B")) && gap > 2+of>>32 {
			t.Errorf("seed %d: plan %d -> %d, bound %d", i, p.In, p.Out, p.Bound.Amount)
		}
	}
	if plans < 2_000 {
		t.Errorf("only %d plans", plans)
	}
}

// tame reports that all rates are within 2^-20 and 2^20.
func tame(all []slice) bool {
	return !slices.ContainsFunc(all, func(s slice) bool {
		return s.in.BitLen()-s.out.BitLen() > 20 || s.out.BitLen()-s.in.BitLen() > 20
	})
}
