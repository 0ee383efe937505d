package bench

import "testing"

// TestSameBestPrices: our book and the tree read the same after every change, and the
// changes are those that the other programs make.
func TestSameBestPrices(t *testing.T) {
	first, then := peerChanges(1000, 20_000)
	a, b, l := newOurs(first), &trees{}, newBare(first)
	for _, c := range first {
		b.set(c)
	}
	for i, c := range then {
		bid, ask := a.quote(c)
		if x, y := b.quote(c); bid != x || ask != y {
			t.Fatalf("change %d: %d %d, want %d %d", i, bid, ask, x, y)
		}
		if x, y := l.quote(c); bid != x || ask != y {
			t.Fatalf("change %d: the ladder has %d %d, want %d %d", i, x, y, bid, ask)
		}
	}
	d := splitmix(1)
	if got := d.next(); got != 0x910a2dec89025cc1 { // the first of splitmix64 from 1
		t.Errorf("the dice give %x first", got)
	}
}
