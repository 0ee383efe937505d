package bench

import (
	"slices"
	"testing"
)

// TestSameBestPrices: our books and the trees read the same after every change, and the
// changes are those that the other programs make.
func TestSameBestPrices(t *testing.T) {
	first, then := peerChanges(1000, 20_000)
	for name, ways := range map[string][]reader{
		"best prices": {newOurs(nil), newBare(nil), &trees{}}, "ten of all venues": {newShelves(), &venueTrees{}},
	} {
		sums := make([]uint64, len(ways))
		for i, c := range slices.Concat(first, then) {
			for k, w := range ways {
				if sums[k] = w.read(c, sums[k]); sums[k] != sums[0] && i > 1 { // both sides have a level
					t.Fatalf("%s, change %d: way %d read something else", name, i, k)
				}
			}
		}
	}
	d := splitmix(1)
	if got := d.next(); got != 0x910a2dec89025cc1 { // the first of splitmix64 from 1
		t.Errorf("the dice give %x first", got)
	}
}
