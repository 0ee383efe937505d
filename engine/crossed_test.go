package engine_test

import (
	"fmt"
	"testing"

	"chronos.dev/engine"
	"chronos.dev/market"
)

// TestCrossed: pairs that cross between usable books are told, with what fees
// leave of it, and no price is made of them.
func TestCrossed(t *testing.T) {
	bps := func(n int64) market.Fee { return market.Fee{Rate: n * 10_000} }
	r := newRig(t, engine.Options{Fees: market.Fees{
		{Venue: "u", Fee: bps(0)}, {Venue: "v", Fee: bps(0)}, {Venue: "w", Fee: bps(900)},
	}})
	want := func(text string) {
		t.Helper()
		if got := fmt.Sprint(r.e.Crossed(r.now)); got != text {
			t.Errorf("crossed %s, want %s", got, text)
		}
	}
	r.show("u|A-B", 1000, 1010)
	r.show("v|A-B", 1000, 1012)
	want("[]")
	r.show("w|A-B", 1050, 1060) // crossed, but for the fee
	want("[{A-B {w 1050 100} {u 1010 100} false}]")
	r.show("v|A-B", 1011, 1012)
	r.show("w|A-B", 900, 1060)
	want("[{A-B {v 1011 100} {u 1010 100} true}]")
	r.wantSold(1, "1011 v")
	r.show("v|A-B", 1010, 1012) // equal is not above
	want("[]")
	r.show("v|A-B", 1011, 1012)
	r.now += int64(engine.DefaultStaleAfter) + 1
	want("[]")
}
