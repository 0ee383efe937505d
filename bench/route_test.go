package bench

import "testing"

// TestRoute: the measured plans are within a hundredth of a basis point of their
// bound, and no single path beats them.
func TestRoute(t *testing.T) {
	rows, err := Route(Shape{Assets: 6, Venues: 5, Levels: 400}, 20, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Orders != 20 || r.P50 <= 0 || r.P99 < r.P50 || r.GapBps > 0.01 || r.Behind < 0 || r.Routes < 1 {
			t.Errorf("%+v", r)
		}
	}
	if rows[3].Behind <= rows[0].Behind {
		t.Errorf("a large order gains %v bps over one path, a small one %v", rows[3].Behind, rows[0].Behind)
	}
}
