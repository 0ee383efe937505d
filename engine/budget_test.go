package engine_test

import (
	"testing"

	"chronos.dev/engine"
	"chronos.dev/market"
)

// TestBudget: past its budget an order is still filled, the answer says so, and its
// bound is one that the whole search does not beat.
func TestBudget(t *testing.T) {
	price := func(budget int) *engine.Price {
		r := newRig(t, engine.Options{Budget: budget})
		levels := func(from int64) (all [][2]int64) {
			for i := range int64(40) {
				all = append(all, [2]int64{from - i, 1})
			}
			return all
		}
		for _, k := range []string{"u|A-B", "v|A-B", "w|A-B", "u|A-C", "v|A-C", "u|C-B", "v|C-B"} {
			if err := r.apply(k, market.Snapshot, levels(1_000), nil); err != nil {
				t.Fatal(err)
			}
		}
		r.w.Flush(r.now)
		p, err := r.e.Price(engine.Request{Sell: "A", Buy: "B", In: 60e8}, r.now)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	whole, cut := price(0), price(5)
	if whole.Plan.Degraded || !cut.Plan.Degraded {
		t.Errorf("degraded: %v whole, %v cut", whole.Plan.Degraded, cut.Plan.Degraded)
	}
	if cut.Plan.In != 60e8 || cut.Plan.Out > whole.Plan.Out || whole.Plan.Out > cut.Plan.Bound.Amount {
		t.Errorf("cut %d to %d, whole %d", cut.Plan.Out, cut.Plan.Bound.Amount, whole.Plan.Out)
	}
}
