package route_test

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/market"
)

// paths lists every simple path of at most hops as names, whether anybody trades
// along it or not.
func (w *fair) paths(sell, buy string, hops int) [][]string {
	var all [][]string
	var walk func(path []string)
	walk = func(path []string) {
		if path[len(path)-1] == buy {
			all = append(all, path)
			return
		}
		if len(path) > hops {
			return
		}
		for _, a := range w.assets {
			if !slices.Contains(path, a.Symbol) {
				walk(append(slices.Clone(path), a.Symbol))
			}
		}
	}
	walk([]string{sell})
	return all
}

// listed reports whether some book, usable or not, trades every hop of a path.
func (w *fair) listed(path []string) bool {
	for h := range len(path) - 1 {
		ways := [2]market.Pair{{Base: path[h], Quote: path[h+1]}, {Base: path[h+1], Quote: path[h]}}
		if !slices.ContainsFunc(w.listings, func(l listing) bool { return l.key.Pair == ways[0] || l.key.Pair == ways[1] }) {
			return false
		}
	}
	return true
}

// pushed is what comes out at the end of a path, nothing included; nil if some hop
// does not take what the one before gives.
func (w *fair) pushed(path []string, x *big.Int) *big.Int {
	for h := 0; h < len(path)-1 && x != nil; h++ {
		x, _ = give(w.slices(path[h], path[h+1]), x)
	}
	return x
}

// checkReason checks what a refusal says against every path there is: none at all,
// none with an offer on each hop, or one that takes the amount and gives nothing.
func checkReason(t *testing.T, w *fair, seed uint64, in int64, hops int, err error) {
	t.Helper()
	listed, offered, nothing := false, false, false
	for _, path := range w.paths("A", "B", hops) {
		if !w.listed(path) {
			continue
		}
		listed = true
		full := true
		for h := range len(path) - 1 {
			full = full && len(w.slices(path[h], path[h+1])) > 0
		}
		offered = offered || full
		if full && in > 0 {
			y := w.pushed(path, big.NewInt(in))
			nothing = nothing || y != nil && y.Sign() == 0
		}
	}
	var none *route.NoRouteError
	var stale *route.StaleError
	switch {
	case errors.As(err, &none) && none.Reason == route.Disconnected:
		if listed {
			t.Errorf("seed %d: %v, but a path is listed", seed, err)
		}
	case errors.As(err, &none):
		if !nothing {
			t.Errorf("seed %d: in %d: %v, but no path turns it into nothing", seed, in, err)
		}
	case errors.As(err, &stale):
		if !listed || offered {
			t.Errorf("seed %d: %v, but a path is listed %v and offered %v", seed, err, listed, offered)
		}
	case !listed:
		t.Errorf("seed %d: %v, but no path is listed", seed, err)
	}
}

// mostInto finds the most that a path takes by halving: it takes every amount below
// one that it takes.
func (w *fair) mostInto(path []string) *big.Int {
	low, high := new(big.Int), new(big.Int).Add(most, big.NewInt(1)) // takes low, not high
	for one := big.NewInt(1); new(big.Int).Sub(high, low).Cmp(one) > 0; {
		mid := new(big.Int).Rsh(new(big.Int).Add(low, high), 1)
		if w.pushed(path, mid) != nil {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// TestMaxInIsTheMost asks for more than anything holds: the cure named is at
// least what the deepest single path takes, as halving finds it, and it is one.
func TestMaxInIsTheMost(t *testing.T) {
	markets := 300
	if testing.Short() {
		markets = 40
	}
	var s route.Solver
	checked, long := 0, 0
	for i := range markets {
		r := rand.New(rand.NewPCG(uint64(i), 11))
		w := randomMarket(r)
		if len(w.assets) > 5 {
			continue
		}
		hops := 1 + r.IntN(plan.MaxHops)
		snap := w.snapshot(t)
		_, err := s.Solve(snap, request(snap, "A", "B", most.Int64(), 0, hops))
		var deep *route.DepthError
		if !errors.As(err, &deep) {
			continue
		}
		in, out, via := new(big.Int), new(big.Int), 0
		for _, path := range w.paths("A", "B", hops) {
			x := w.mostInto(path)
			y := w.pushed(path, x)
			if c := x.Cmp(in); y.Sign() > 0 && (c > 0 || c == 0 && y.Cmp(out) > 0) {
				in, out, via = x, y, len(path)-1
			}
		}
		// A unit or two may be lost to the rounding of each node.
		if in.Sub(in, big.NewInt(8)).Cmp(big.NewInt(int64(deep.Most.In))) > 0 {
			t.Errorf("market %d, %d hops: %v, but one path alone takes %v for %v", i, hops, err, in, out)
		}
		if deep.Most.Out == 0 {
			continue
		}
		a, err := s.Solve(snap, request(snap, "A", "B", int64(deep.Most.In), 0, hops))
		if err != nil || a.Plan.Out < deep.Most.Out {
			t.Errorf("market %d, %d hops: %v, but asking for that gives %v", i, hops, deep, err)
		}
		checked++
		if via > 1 {
			long++
		}
	}
	t.Logf("%d largest amounts, %d of them over several hops", checked, long)
	if checked < markets/8 || long < markets/20 {
		t.Error("too few to show anything")
	}
}
