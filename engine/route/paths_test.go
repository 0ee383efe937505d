package route_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
)

// TestPathsEqualExhaustiveEnumeration compares the best five paths with those of
// an oracle that walks every simple path.
func TestPathsEqualExhaustiveEnumeration(t *testing.T) {
	cases := 3_000
	if testing.Short() {
		cases = 300
	}
	var s route.Solver
	var several int
	for i := range cases {
		r := rand.New(rand.NewPCG(uint64(i), 31))
		w := randomMarket(r)
		in, out := 1+r.Int64N(1<<r.IntN(32)), int64(0)
		if r.IntN(2) == 0 {
			in, out = 0, in
		}
		hops := 1 + r.IntN(plan.MaxHops)
		want := w.ways("A", "B", in, out, hops)
		slices.SortStableFunc(want, func(a, b way) int {
			byValue := b.value().Cmp(a.value())
			if out > 0 {
				byValue = a.amounts[0].Cmp(b.amounts[0])
			}
			return cmp.Or(byValue, cmp.Compare(len(a.assets), len(b.assets)), slices.Compare(a.assets, b.assets))
		})
		want = want[:min(len(want), route.MaxPaths)]
		snap := w.snapshot(t)
		got := s.Paths(snap, request(snap, "A", "B", in, out, hops), route.MaxPaths)
		if len(got) != len(want) {
			t.Fatalf("seed %d: %d paths, want %d", i, len(got), len(want))
		}
		if len(got) > 1 {
			several++
		}
		best := s.Best(snap, request(snap, "A", "B", in, out, hops))
		if (best == nil) != (len(got) == 0) ||
			best != nil && (best.Plan.In != got[0].Plan.In || best.Plan.Out != got[0].Plan.Out) {
			t.Fatalf("seed %d: the best path is %+v, want %+v", i, best, got[:1])
		}
		for j, a := range got {
			var path []string
			for _, id := range a.Path {
				path = append(path, snap.Assets[id].Symbol)
			}
			y := want[j]
			if !slices.Equal(path, y.assets) || int64(a.Plan.In) != y.amounts[0].Int64() || int64(a.Plan.Out) != y.value().Int64() {
				t.Fatalf("seed %d: path %d is %v, %d -> %d; want %v, %v -> %v",
					i, j+1, path, a.Plan.In, a.Plan.Out, y.assets, y.amounts[0], y.value())
			}
			checkFills(t, uint64(i), &a.Plan, y.fills)
		}
	}
	if several < cases/6 {
		t.Errorf("%d cases of several paths: the cases have lost their variety", several)
	}
}
