package bench

import "testing"

// TestRoute: the measured plans are within a hundredth of a basis point of their
// bound, and neither a single path nor a greedy split beats them. The greedy split
// is a real one: on large orders it beats the single path.
func TestRoute(t *testing.T) {
	rows, err := Route(Shape{Assets: 6, Venues: 5, Levels: 400, Hubs: 5}, 20, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Orders != 20 || r.P50 <= 0 || r.P99 < r.P50 || r.KernelP50 <= 0 || r.GreedyP50 <= 0 ||
			r.GapBps > 0.01 || r.Behind < 0 || r.Greedy < -1e-3 || r.Routes < 1 {
			t.Errorf("%+v", r)
		}
	}
	if rows[3].Behind <= rows[0].Behind {
		t.Errorf("a large order gains %v bps over one path, a small one %v", rows[3].Behind, rows[0].Behind)
	}
	if rows[3].Greedy >= rows[3].Behind {
		t.Errorf("the greedy split is %v bps behind, a single path %v", rows[3].Greedy, rows[3].Behind)
	}
}

// TestResults: the digest of what orders bring depends on the seed, and not on the
// run.
func TestResults(t *testing.T) {
	digest := func(seed uint64) (all string) {
		rows, err := Route(Shape{Assets: 4, Venues: 3, Levels: 20, Hubs: 3}, 5, seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			all += r.Results
		}
		return all
	}
	if one, same, other := digest(1), digest(1), digest(2); one != same || one == other {
		t.Errorf("%s, %s again, %s of another seed", one, same, other)
	}
}

// TestSpokes: a market in motion answers orders between its spokes, and refuses to
// take any where there are not two.
func TestSpokes(t *testing.T) {
	shape := Shape{Assets: 12, Venues: 4, Levels: 100, Hubs: 2, Updates: 5, Spokes: true}
	rows, err := Route(shape, 10, 1)
	if err != nil || rows[0].Orders != 10 || rows[0].GapBps > 0.01 {
		t.Errorf("%v, %+v", err, rows)
	}
	shape.Hubs = 11
	if _, err := Route(shape, 10, 1); err == nil {
		t.Error("an order between one spoke")
	}
}
