package bench

import (
	"math/rand/v2"
	"slices"
	"testing"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// TestSuite: every part is measured, and every way to do it gave the same.
func TestSuite(t *testing.T) {
	var told []string
	all, _, err := Measure(Suite, 1, true, func(name string) { told = append(told, name) })
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range all {
		t.Logf("%+v", f)
		names[f.Name] = true
		if f.NS <= 0 || f.Spread < 1 || len(f.Ratios) == 0 || f.What == "" {
			t.Errorf("%+v", f)
		}
		for _, r := range f.Ratios {
			if r.NS <= 0 || r.OK != (r.Target == 0 || r.Ratio <= r.Target) {
				t.Errorf("%s: %+v", f.Name, r)
			}
		}
	}
	for _, name := range []string{"book/update/1000", "publish/100", "publish/snap", "quote/pair/kernel/2", "quote/pair/answer/25", "quote/feed"} {
		if !names[name] {
			t.Errorf("no %s among %v", name, names)
		}
	}
	if len(told) != len(Suite) {
		t.Errorf("told of %d parts, want %d", len(told), len(Suite))
	}
}

// TestWaysAreHeldTogether: a way that loses one change is found.
func TestWaysAreHeldTogether(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	first, then := changes(r, 50, 500)
	one, other := newOurs(first), &trees{}
	for _, c := range first[1:] {
		other.set(c)
	}
	if err := same([][]kept{{one}, {other}}, [][]change{{}}); err == nil {
		t.Error("a level is missing and nobody said so")
	}
	other.set(first[0])
	if err := same([][]kept{{one}, {other}}, [][]change{then}); err != nil {
		t.Error(err)
	}
}

// TestLosers: the tournament gives all levels, best first.
func TestLosers(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	var tree losers
	for lists := 1; lists < 40; lists++ {
		var in [][]graph.Arc
		for range lists {
			var list []graph.Arc
			for range r.IntN(6) {
				list = append(list, graph.Arc{In: 1000, Out: money.Amount(1 + r.IntN(1000))})
			}
			slices.SortFunc(list, func(a, b graph.Arc) int { return -a.Cmp(b) })
			in = append(in, list)
		}
		want := slices.Concat(in...)
		slices.SortFunc(want, func(a, b graph.Arc) int { return -a.Cmp(b) })
		tree.reset(in)
		var got []graph.Arc
		for a, ok := tree.next(); ok; a, ok = tree.next() {
			got = append(got, a)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%d lists: %v, want %v", lists, got, want)
		}
	}
}
