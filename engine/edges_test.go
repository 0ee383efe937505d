package engine_test

import (
	"testing"

	"chronos.dev/engine"
	"chronos.dev/market"
)

// TestOneHopEngine: an engine may be told to look at pairs alone.
func TestOneHopEngine(t *testing.T) {
	r := newRig(t, engine.Options{MaxHops: 1})
	r.show("u|A-C", 10, 11)
	r.show("u|C-B", 10, 11)
	r.wantSold(1, "route: no route: disconnected")
	r.show("u|A-B", 7, 8)
	r.wantSold(1, "7 u")
	if r.e.MaxHops() != 1 {
		t.Errorf("%d hops", r.e.MaxHops())
	}
}

// TestDroppedEventIsNoChange: what a gapped book drops is not published.
func TestDroppedEventIsNoChange(t *testing.T) {
	r := newRig(t, engine.Options{})
	r.show("u|A-B", 10, 11)
	if err := r.apply("u|A-B", market.Gap, nil, nil); err == nil {
		t.Fatal("a gap is no error")
	}
	r.w.Flush(r.now)
	version := r.e.Version()
	_ = r.apply("u|A-B", market.Delta, [][2]int64{{12, 1}}, nil)
	r.w.Flush(r.now)
	if r.e.Version() != version {
		t.Errorf("version %d after %d, though nothing changed", r.e.Version(), version)
	}
}

// TestMidOfPairAndInverse: the middle is that of the pair which most markets trade,
// and where as many trade its inverse, of the one whose base the hop sells.
func TestMidOfPairAndInverse(t *testing.T) {
	r := newRig(t, engine.Options{})
	r.show("u|A-B", 10, 20)
	r.show("v|B-A", 30, 40)
	check := func(sell, buy, pair string, inverse bool) {
		t.Helper()
		p, err := r.e.Price(engine.Request{Sell: sell, Buy: buy, In: 1e8}, r.now)
		if err != nil {
			t.Fatal(err)
		}
		if m := p.Mids[0]; m.Pair.String() != pair || m.Inverse != inverse || !m.Known {
			t.Errorf("selling %s: the middle is of %+v, want %s", sell, m, pair)
		}
	}
	check("A", "B", "A-B", false)
	check("B", "A", "B-A", false)
	r.show("w|B-A", 30, 40)
	check("A", "B", "B-A", true)
	check("B", "A", "B-A", false)
}
