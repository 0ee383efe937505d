package engine_test

import (
	"testing"

	"chronos.dev/engine"
)

// TestPriceAllocations: a price allocates what the caller keeps: the seven parts of
// an answer, the price and its middles.
func TestPriceAllocations(t *testing.T) {
	if raceOn {
		t.Skip("the race detector allocates too")
	}
	r := newRig(t, engine.Options{})
	r.show("u|A-C", 100, 1000)
	r.show("v|A-C", 101, 1000)
	r.show("w|C-B", 100, 1_000_000)
	r.show("u|A-B", 9_000, 9_100)
	n := testing.AllocsPerRun(100, func() {
		if _, err := r.e.Price(engine.Request{Sell: "A", Buy: "B", In: 1500}, r.now); err != nil {
			t.Fatal(err)
		}
	})
	if n > 9 {
		t.Errorf("%v allocations, want at most 9", n)
	}
}
