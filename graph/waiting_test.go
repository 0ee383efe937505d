package graph_test

import (
	"slices"
	"testing"

	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// TestWaitingTiers: a tier without a price takes those with it that rest on it, and no
// other.
func TestWaitingTiers(t *testing.T) {
	for _, tt := range []struct {
		modes string // of each tier: whole, slice; capital: it waits
		want  []int
	}{
		{"sss", []int{0, 1, 2}},
		{"Sss", nil},
		{"sSs", []int{0}},
		{"ssS", []int{0, 1}},
		{"Sws", []int{1, 2}},
		{"wWw", []int{0, 2}},
		{"wWsws", []int{0, 3, 4}},
	} {
		var tiers []market.Tier
		for i, c := range tt.modes {
			tier := market.Tier{Min: dec(int64(i), 0), Max: dec(int64(i)+1, 0), Price: dec(7, 0), Whole: c == 'w' || c == 'W'}
			if c < 'a' {
				tier.Price, tier.Reference = money.Num{}, market.Pair{Base: "EUR", Quote: "USD"}
			}
			tiers = append(tiers, tier)
		}
		s := graph.NewOffer(offer(tiers, tiers), graph.Scales{Base: 8, Quote: 2})
		for _, side := range []graph.Side{s.Sell, s.Buy} {
			var got []int
			for _, o := range side.Options {
				got = append(got, o.Tier)
			}
			if !slices.Equal(got, tt.want) || side.Dropped != len(tiers)-len(tt.want) {
				t.Errorf("%s: tiers %v, %d dropped; want %v", tt.modes, got, side.Dropped, tt.want)
			}
		}
	}
}
