package branch

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"chronos.dev/engine/flow"
	"chronos.dev/internal/race"
)

// TestDoesNotAllocate: a solver that has seen a market chooses in its memory, and what
// it finds there again is what a new one finds.
func TestDoesNotAllocate(t *testing.T) {
	var s Solver
	asked := 0
	for i := range 300 {
		p := market(rand.New(rand.NewPCG(uint64(i), 33)))
		want := new(Solver).Solve(p, 0)
		if r := s.Solve(p, 0); !reflect.DeepEqual(result(r), result(want)) {
			t.Fatalf("case %d: %+v\nwant %+v", i, result(r), result(want))
		}
		if !HasOptions(p) || want.Partial {
			continue
		}
		asked++
		if n := testing.AllocsPerRun(5, func() { s.Solve(p, 0) }); n > 0 && !race.On {
			t.Errorf("case %d, %d cases: %v allocations, want none", i, want.Cases, n)
		}
	}
	if asked < 50 {
		t.Errorf("%d markets with options", asked)
	}
}

// result is r without the difference between no list and an empty one.
func result(r *Result) Result {
	c := *r
	c.Fills, c.Used = append([]flow.Fill(nil), c.Fills...), append([]Choice(nil), c.Used...)
	c.Leaves = append([]Leaf(nil), c.Leaves...)
	if c.Nu.Source == 0 && c.Nu.Target == 0 {
		c.Nu = flow.Nu{}
	}
	return c
}
