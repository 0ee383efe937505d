package market

import (
	"testing"
	"time"
)

func TestSettlement(t *testing.T) {
	pair := Pair{"BTC", "USD"}
	table := Settlements{{Venue: "a", Pair: &pair, After: time.Second}, {Venue: "a", After: time.Hour}}
	tests := []struct {
		name string
		key  Key
		want time.Duration
	}{
		{"a line for the market beats one for the venue", Key{"a", pair}, time.Second},
		{"a line for the venue is for its other markets", Key{"a", Pair{"ETH", "USD"}}, time.Hour},
		{"no line is no time", Key{"b", pair}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := table.Of(tt.key); got != tt.want {
				t.Errorf("Of(%v) = %v, want %v", tt.key, got, tt.want)
			}
		})
	}
}
