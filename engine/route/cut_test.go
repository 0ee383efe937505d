package route

import (
	"testing"

	"chronos.dev/money"
)

// TestFeeOfCutLinks: the fee goes with what it is taken from, or where all of that is
// forgone with what is given.
func TestFeeOfCutLinks(t *testing.T) {
	tests := []struct {
		name       string
		whole      link
		in, out    int64
		first, fee int64 // of the first part, of the rest
	}{
		{"with the output", link{in: 100, out: 10, fee: 20}, 90, 4, 8, 12},
		{"with the input", link{in: 100, out: 10, fee: 20, feeOnIn: true}, 90, 4, 18, 2},
		{"of a forgone output, all of it", link{in: 100, fee: 20}, 100, 0, 20, 0},
		{"of a forgone output, a part", link{in: 100, fee: 20}, 40, 0, 8, 12},
		{"of nothing", link{fee: 20}, 0, 0, 0, 20},
	}
	for _, tt := range tests {
		var first link
		rest := tt.whole
		rest.cut(&first, money.Amount(tt.out), money.Amount(tt.in))
		if first.fee != money.Amount(tt.first) || rest.fee != money.Amount(tt.fee) {
			t.Errorf("%s: %d and %d, want %d and %d", tt.name, first.fee, rest.fee, tt.first, tt.fee)
		}
	}
}
