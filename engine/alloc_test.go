package engine_test

import (
	"reflect"
	"testing"

	"chronos.dev/engine"
	"chronos.dev/engine/plan"
	"chronos.dev/graph"
	"chronos.dev/internal/race"
)

// TestPriceAllocations: a price allocates what the caller keeps: the seven parts of
// an answer, the price and its middles.
func TestPriceAllocations(t *testing.T) {
	if race.On {
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

// TestPriceInAllocations: in memory that has held such an answer, a price allocates
// nothing, and is what Price gives.
func TestPriceInAllocations(t *testing.T) {
	r := newRig(t, engine.Options{})
	r.show("u|A-C", 100, 1000)
	r.show("v|A-C", 101, 1000)
	r.show("w|C-B", 100, 1_000_000)
	r.show("u|A-B", 9_000, 9_100)
	var m engine.Memory
	for _, req := range []engine.Request{
		{Sell: "A", Buy: "B", In: 1500},
		{Sell: "A", Buy: "B", In: 5},
		{Sell: "A", Buy: "B", Out: 9_000 * 1000},
		{Sell: "A", Buy: "C", In: 1, MaxHops: 1},
	} {
		ask := func() *engine.Price {
			p, err := r.e.PriceIn(&m, req, r.now)
			if err != nil {
				t.Fatal(req, err)
			}
			return p
		}
		want, err := r.e.Price(req, r.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(); !reflect.DeepEqual(filled(got), filled(want)) {
			t.Errorf("%+v:\n%+v\nwant\n%+v", req, got, want)
		}
		if n := testing.AllocsPerRun(100, func() { ask() }); n > 0 && !race.On {
			t.Errorf("%+v: %v allocations, want none", req, n)
		}
	}
}

// filled is a price without the difference between no list and an empty one.
func filled(p *engine.Price) engine.Price {
	q := *p
	q.LeftOut, q.Mids = append([]graph.LeftOut{}, p.LeftOut...), append([]engine.Mid{}, p.Mids...)
	b := &q.Plan.Bound
	b.Barred, b.Nodes = append([]string{}, b.Barred...), append([]plan.Node{}, b.Nodes...)
	b.Sides, b.Leaves = append([]plan.Side{}, b.Sides...), append([]plan.Leaf{}, b.Leaves...)
	return q
}
