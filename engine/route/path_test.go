package route_test

import (
	"cmp"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/market"
)

// way is a simple path that an oracle has walked.
type way struct {
	assets  []string   // Sell, the assets between, Buy
	amounts []*big.Int // of each
	fills   []map[market.Key]fill
}

// value is what comes out.
func (y *way) value() *big.Int { return y.amounts[len(y.amounts)-1] }

// ways walks every simple path of at most hops from sell to buy and keeps those
// that fill whole. Exactly one of in and out is positive.
func (w *fair) ways(sell, buy string, in, out int64, hops int) []way {
	var all []way
	cache := map[[2]string][]slice{}
	var walk func(path []string)
	walk = func(path []string) {
		end := path[len(path)-1]
		if end == buy {
			if y, ok := walkPath(w, cache, path, in, out); ok {
				all = append(all, y)
			}
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

func walkPath(w *fair, cache map[[2]string][]slice, path []string, in, out int64) (way, bool) {
	n := len(path)
	y := way{assets: path, amounts: make([]*big.Int, n), fills: make([]map[market.Key]fill, n-1)}
	for step := range n - 1 {
		h := step
		if in == 0 {
			h = n - 2 - step
		}
		k := [2]string{path[h], path[h+1]}
		if _, ok := cache[k]; !ok {
			cache[k] = w.slices(k[0], k[1])
		}
		if in > 0 {
			y.amounts[0] = big.NewInt(in)
			y.amounts[h+1], y.fills[h] = give(cache[k], y.amounts[h])
			if y.amounts[h+1] == nil || y.amounts[h+1].Sign() == 0 {
				return way{}, false
			}
		} else {
			y.amounts[n-1] = big.NewInt(out)
			y.amounts[h], y.fills[h] = want(cache[k], y.amounts[h+1])
			if y.amounts[h] == nil {
				return way{}, false
			}
		}
	}
	return y, true
}

// best picks by the rule of Solve: amount, hops, the amount next to the end that
// the search comes to last, names.
func best(all []way, exactOut bool) way {
	value := func(y way) *big.Int {
		if exactOut {
			return new(big.Int).Neg(y.amounts[0])
		}
		return y.value()
	}
	top := all[0]
	for _, y := range all {
		if c := value(y).Cmp(value(top)); c > 0 || c == 0 && len(y.assets) < len(top.assets) {
			top = y
		}
	}
	all = slices.DeleteFunc(slices.Clone(all), func(y way) bool {
		return value(y).Cmp(value(top)) != 0 || len(y.assets) != len(top.assets)
	})
	if len(top.assets) == 4 {
		all = bestByNode(all, exactOut)
	}
	return slices.MinFunc(all, func(a, b way) int { return slices.Compare(a.assets, b.assets) })
}

// bestByNode keeps one way for each asset between that is searched last.
func bestByNode(all []way, exactOut bool) []way {
	node, other := 2, 1
	if exactOut {
		node, other = 1, 2
	}
	keep := map[string]way{}
	for _, y := range all {
		old, ok := keep[y.assets[node]]
		c := 0
		if ok {
			c = y.amounts[node].Cmp(old.amounts[node])
			if exactOut {
				c = -c
			}
			c = cmp.Or(c, strings.Compare(old.assets[other], y.assets[other]))
		}
		if !ok || c > 0 {
			keep[y.assets[node]] = y
		}
	}
	var kept []way
	for _, y := range keep {
		kept = append(kept, y)
	}
	return kept
}

// TestPathEqualsExhaustiveEnumeration compares amount, path and fills of random
// markets with an oracle that walks every simple path of 1 to 3 hops.
func TestPathEqualsExhaustiveEnumeration(t *testing.T) {
	cases := 10_000
	if testing.Short() {
		cases = 1_000
	}
	var s route.Solver
	var byHops [plan.MaxHops + 1]int // refusals at 0
	starved := 0
	for i := range cases {
		if t.Failed() {
			return
		}
		r := rand.New(rand.NewPCG(uint64(i), 2))
		w := randomMarket(r)
		in, out := 1+r.Int64N(1<<r.IntN(32)), int64(0)
		if r.IntN(2) == 0 {
			in, out = 0, in
		}
		hops := plan.MaxHops
		if r.IntN(8) == 0 {
			hops = 1 + r.IntN(2)
		}
		all := w.ways("A", "B", in, out, hops)
		byHops[checkPath(t, &s, w, uint64(i), in, out, hops, all)]++
		if len(all) > 0 && len(all) < len(w.ways("A", "B", min(in, 50), min(out, 50), hops)) {
			starved++
		}
	}
	t.Logf("%d refusals; %d, %d, %d plans of 1, 2, 3 hops; in %d some path lacked depth",
		byHops[0], byHops[1], byHops[2], byHops[3], starved)
	for h, n := range byHops {
		if n < cases/50 {
			t.Errorf("%d cases of %d hops: the cases have lost their variety", n, h)
		}
	}
	if starved < cases/50 {
		t.Errorf("%d cases with a path that lacked depth: too few to show anything", starved)
	}
}

// checkPath compares one case and returns the hops of the plan, 0 if there is none.
func checkPath(t *testing.T, s *route.Solver, w *fair, seed uint64, in, out int64, hops int, all []way) int {
	t.Helper()
	snap := w.snapshot(t)
	a := s.Single(snap, request(snap, "A", "B", in, out, hops))
	if len(all) == 0 {
		if a != nil {
			t.Errorf("seed %d: a plan %d -> %d over %v, want none", seed, a.Plan.In, a.Plan.Out, a.Path)
		}
		if _, err := s.Solve(snap, request(snap, "A", "B", in, out, hops)); err != nil {
			checkCure(t, s, w, seed, in, out, hops, err)
		}
		return 0
	}
	if a == nil {
		t.Errorf("seed %d: in %d out %d: no path, but %d paths fill", seed, in, out, len(all))
		return 0
	}
	want := best(all, out > 0)
	var got []string
	for _, id := range a.Path {
		got = append(got, snap.Assets[id].Symbol)
	}
	if !slices.Equal(got, want.assets) {
		t.Errorf("seed %d: in %d out %d: path %v, want %v", seed, in, out, got, want.assets)
		return 0
	}
	first, last := want.amounts[0], want.amounts[len(want.amounts)-1]
	if first.Cmp(big.NewInt(int64(a.Plan.In))) != 0 || last.Cmp(big.NewInt(int64(a.Plan.Out))) != 0 {
		t.Errorf("seed %d: %d -> %d over %v, want %v -> %v", seed, a.Plan.In, a.Plan.Out, got, first, last)
	}
	checkFills(t, seed, &a.Plan, want.fills)
	checkPlan(t, seed, w, a)
	return len(got) - 1
}
