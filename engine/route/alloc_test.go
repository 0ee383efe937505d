package route_test

import (
	"fmt"
	"testing"

	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/internal/race"
)

// TestAllocations: an answer allocates what the caller keeps, each part of it once,
// however many routes it has: Answer, Used, Hops, Routes, their Legs, Nodes, Sides.
func TestAllocations(t *testing.T) {
	if race.On {
		t.Skip("under the race detector")
	}
	snap := city().snapshot(t)
	for _, amount := range amounts {
		for _, exactOut := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s exact out %v", amount.name, exactOut), func(t *testing.T) {
				var s route.Solver
				req := request(snap, "A", "B", amount.x, 0, plan.MaxHops)
				if exactOut {
					a, err := s.Solve(snap, req)
					if err != nil {
						t.Fatal(err)
					}
					req.In, req.Out = 0, a.Plan.Out
				}
				routes := 0
				n := testing.AllocsPerRun(20, func() {
					a, err := s.Solve(snap, req)
					if err != nil {
						t.Fatal(err)
					}
					routes = len(a.Plan.Routes)
				})
				if n > 7 || routes == 0 {
					t.Errorf("%v allocations for %d routes, want at most 7", n, routes)
				}
			})
		}
	}
}
