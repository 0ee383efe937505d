package book

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"chronos.dev/market"
	"chronos.dev/money"
)

// TestGridDivides: an index is the quotient, and there is one where the remainder is zero.
func TestGridDivides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := uint64(rapid.Int64Range(1, math.MaxInt64).Draw(t, "step")) >> rapid.IntRange(0, 62).Draw(t, "shift")
		step = max(step, 1)
		g := newGrid(step)
		p := rapid.Int64Range(1, math.MaxInt64).Draw(t, "price")
		if rapid.Bool().Draw(t, "multiple") {
			p -= p % int64(step)
		}
		i, on := g.index(money.Price(p))
		if want := uint64(p)%step == 0; on != want || on && uint64(i) != uint64(p)/step {
			t.Fatalf("index of %d by %d: %d, %v", p, step, i, on)
		}
	})
}

// TestLadderAtTheEnds: the least and the largest prices there are, on grids of any step.
func TestLadderAtTheEnds(t *testing.T) {
	for m := range 80 {
		r := rand.New(rand.NewPCG(uint64(m), 62))
		side, step := market.Bid+market.Side(m%2), int64(1)<<r.IntN(62)
		l, want := newLadder(side), &plain{side: side}
		var got, all []Level
		for i := range 500 {
			p := 1 + r.Int64N(600)
			if m%4 > 1 || r.IntN(9) == 0 {
				p = math.MaxInt64/step - r.Int64N(min(600, math.MaxInt64/step))
			}
			p = min(p, math.MaxInt64/step) * step
			if lv := (Level{Price: money.Price(p), Size: 1 + money.Size(i)}); r.IntN(3) > 0 {
				l.set(lv)
				want.levels.Set(lv.Price, lv)
			} else if _, had := want.levels.Delete(lv.Price); l.delete(lv.Price) != had {
				t.Fatalf("market %d, change %d: delete of %d: %v", m, i, p, !had)
			}
			got, all = l.appendTo(got[:0]), want.appendTo(all[:0])
			best, _ := want.best()
			if l.top != best || !slices.Equal(got, all) {
				t.Fatalf("market %d, change %d: %v\nwant %v", m, i, got, all)
			}
		}
		for want.levels.Len() > 0 {
			l.dropWorst()
			want.dropWorst()
			if best, _ := want.best(); l.top != best || l.len() != want.levels.Len() {
				t.Fatalf("market %d: best %v of %d, want %v of %d", m, l.top, l.len(), best, want.levels.Len())
			}
		}
	}
}

// TestGridIsLaidAnew: where a venue goes over to smaller steps, so does the window.
func TestGridIsLaidAnew(t *testing.T) {
	l := newLadder(market.Ask)
	for i := range int64(100) {
		l.set(Level{Price: money.Price(1_000_000 + 50*i), Size: 1})
	}
	if l.grid.step != 50 || l.far.n > 0 {
		t.Errorf("a grid of %d, %d of %d levels far", l.grid.step, l.far.n, l.len())
	}
	for i := range int64(100) {
		l.set(Level{Price: money.Price(1_000_005 + 10*i), Size: 1})
	}
	if l.grid.step != 5 || l.off > 0 {
		t.Errorf("a grid of %d, %d of %d levels off it", l.grid.step, l.off, l.len())
	}
}
