package route_test

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/market"
	"chronos.dev/money"
)

// TestPairEqualsSortingEverything compares split, totals and fills of random
// pairs with an oracle that sorts all levels of all venues by exact rates.
func TestPairEqualsSortingEverything(t *testing.T) {
	cases := 100_000
	if testing.Short() {
		cases = 5_000
	}
	var mu sync.Mutex
	var found, refused int
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for part := range workers {
		group.Go(func() {
			var s route.Solver
			f, n := 0, 0
			for i := part; i < cases && !t.Failed(); i += workers {
				if checkPair(t, &s, uint64(i)) {
					f++
				} else {
					n++
				}
			}
			mu.Lock()
			found, refused = found+f, refused+n
			mu.Unlock()
		})
	}
	group.Wait()
	t.Logf("%d plans equal to the oracle's, %d refusals", found, refused)
	if found < cases/2 || refused < cases/20 {
		t.Errorf("%d plans and %d refusals: the cases have lost their variety", found, refused)
	}
}

// checkPair compares one case and reports whether there was a plan.
func checkPair(t *testing.T, s *route.Solver, seed uint64) bool {
	r := rand.New(rand.NewPCG(seed, 1))
	w := randomPair(r)
	all := w.slices("A", "B")
	in, out := wish(r, all)
	var total *big.Int
	var fills map[market.Key]fill
	if in > 0 {
		total, fills = give(all, big.NewInt(in))
	} else {
		total, fills = want(all, big.NewInt(out))
	}
	snap := w.snapshot(t)
	a, err := s.Solve(snap, request(snap, "A", "B", in, out, 1))
	if total == nil || total.Sign() == 0 {
		if err == nil {
			t.Errorf("seed %d: a plan %d -> %d, want none", seed, a.Plan.In, a.Plan.Out)
		}
		checkCure(t, s, w, seed, in, out, 1, err)
		return false
	}
	if errors.Is(err, money.ErrOverflow) && w.beforeFees(fills).Cmp(most) > 0 {
		return false
	}
	if err != nil {
		t.Errorf("seed %d: in %d out %d: %v, want %v", seed, in, out, err, total)
		return false
	}
	got := a.Plan.Out
	if in == 0 {
		got = a.Plan.In
	}
	if total.Cmp(big.NewInt(int64(got))) != 0 {
		t.Errorf("seed %d: in %d out %d: got %d, want %v", seed, in, out, got, total)
	}
	checkFills(t, seed, &a.Plan, []map[market.Key]fill{fills})
	checkPlan(t, seed, w, a)
	return true
}

// beforeFees is at least what fills give before their fees.
func (w *fair) beforeFees(fills map[market.Key]fill) *big.Int {
	sum := new(big.Int)
	for key, f := range fills {
		less := big.NewInt(market.FeeUnit - w.listingOf(key).fee.Rate)
		sum.Add(sum, less.Div(new(big.Int).Mul(f.out, big.NewInt(market.FeeUnit)), less))
	}
	return sum
}

// wish is a random amount: tiny, about the depth, exactly a sum of levels, or
// above everything.
func wish(r *rand.Rand, all []slice) (in, out int64) {
	sumIn, sumOut := new(big.Int), new(big.Int)
	for _, s := range all[:r.IntN(len(all)+1)] {
		sumIn.Add(sumIn, s.in)
		sumOut.Add(sumOut, s.out)
	}
	x := sumIn
	if r.IntN(2) == 0 {
		x = sumOut
	}
	n := most.Int64()
	if x.Cmp(most) < 0 {
		n = x.Int64()
	}
	switch r.IntN(4) {
	case 0:
		n = upTo(r, max(n, 1))
	case 1:
		n = 1 + r.Int64N(max(n, 1))
	case 2:
		n += int64(r.IntN(3)) - 1
	}
	n = max(n, 1)
	if x == sumIn {
		return n, 0
	}
	return 0, n
}

// checkFills compares what each market does in each hop.
func checkFills(t *testing.T, seed uint64, p *plan.Plan, want []map[market.Key]fill) {
	t.Helper()
	for h, fills := range want {
		got := map[market.Key]fill{}
		for _, r := range p.Routes {
			if len(r.Legs) != len(want) {
				t.Fatalf("seed %d: a route of %d legs on a path of %d hops", seed, len(r.Legs), len(want))
			}
			l := r.Legs[h]
			note(got, l.Key, big.NewInt(int64(l.In)), big.NewInt(int64(l.Out)))
		}
		for k, f := range fills {
			g, ok := got[k]
			if !ok || g.in.Cmp(f.in) != 0 || g.out.Cmp(f.out) != 0 {
				t.Errorf("seed %d: hop %d: %s gives %v, want %v", seed, h, k, g, f)
			}
			delete(got, k)
		}
		for k, g := range got {
			if g.in.Sign() != 0 || g.out.Sign() != 0 {
				t.Errorf("seed %d: hop %d: %s gives %v, want nothing", seed, h, k, g)
			}
		}
	}
}

// checkCure checks that a refusal is typed, and that its cure is one: the
// largest amount fills in as many hops, and one unit more does not.
func checkCure(t *testing.T, s *route.Solver, w *fair, seed uint64, in, out int64, hops int, err error) {
	t.Helper()
	checkReason(t, w, seed, in, hops, err)
	var depth *route.DepthError
	var none *route.NoRouteError
	var stale *route.StaleError
	switch {
	case errors.As(err, &none), errors.As(err, &stale) && len(stale.Stale) > 0, errors.Is(err, money.ErrOverflow):
		return
	case !errors.As(err, &depth):
		t.Errorf("seed %d: %v is not a refusal that has a cure", seed, err)
		return
	}
	snap := w.snapshot(t)
	if in > 0 && in <= int64(depth.Most.In) || out > 0 && out <= int64(depth.Most.Out) {
		t.Errorf("seed %d: in %d out %d refused with %v", seed, in, out, err)
	}
	if in > 0 && depth.Most.In == 0 || out > 0 && depth.Most.Out == 0 {
		return
	}
	req := request(snap, "A", "B", int64(depth.Most.In), 0, hops)
	if out > 0 {
		req = request(snap, "A", "B", 0, int64(depth.Most.Out), hops)
	}
	a, err := s.Solve(snap, req)
	if err != nil || a.Plan.In > depth.Most.In || a.Plan.Out < depth.Most.Out {
		t.Errorf("seed %d: %v, but solving for that gives %v, %v", seed, depth, a, err)
	}
	if req.In > 1<<62 || req.Out > 1<<62 {
		return
	}
	// Where several assets stand between, a unit more can still find its way.
	if req.In > 0 {
		req.In += 1 + req.In/1e6*money.Amount(hops-1)
	} else {
		req.Out += 1 + req.Out/1e6*money.Amount(hops-1)
	}
	if a, err := s.Solve(snap, req); hops == 1 && in > 0 && !errors.As(err, &depth) && !errors.As(err, &none) && !errors.Is(err, money.ErrOverflow) {
		t.Errorf("seed %d: one unit above %v gives %+v, %v", seed, depth, a, err)
	}
}
