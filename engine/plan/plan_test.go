package plan_test

import (
	"testing"

	"chronos.dev/engine/plan"
	"chronos.dev/market"
	"chronos.dev/money"
)

// TestGross: what changed hands in the book is more than the customer received,
// or less than he gave, by the fee, wherever that is taken from.
func TestGross(t *testing.T) {
	btc, usd := market.Asset{Symbol: "BTC"}, market.Asset{Symbol: "USD"}
	tests := []struct {
		name    string
		leg     plan.Leg
		in, out money.Amount
	}{
		{"a fee on what is received", plan.Leg{Action: plan.Sell, GiveAsset: btc, GetAsset: usd, In: 10, Out: 990, Fee: 10, FeeAsset: usd}, 10, 1000},
		{"a fee on what is given", plan.Leg{Action: plan.Buy, GiveAsset: usd, GetAsset: btc, In: 1010, Out: 10, Fee: 10, FeeAsset: usd}, 1000, 10},
		{"no fee", plan.Leg{Action: plan.Buy, GiveAsset: usd, GetAsset: btc, In: 1000, Out: 10, FeeAsset: btc}, 1000, 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if in, out := tt.leg.GrossIn(), tt.leg.GrossOut(); in != tt.in || out != tt.out {
				t.Errorf("gross %d -> %d, want %d -> %d", in, out, tt.in, tt.out)
			}
		})
	}
}

func TestRouteEnds(t *testing.T) {
	r := plan.Route{Legs: []plan.Leg{{In: 5, Out: 7}, {In: 7, Out: 3}}}
	if r.In() != 5 || r.Out() != 3 {
		t.Errorf("route %d -> %d, want 5 -> 3", r.In(), r.Out())
	}
}

func TestActionNames(t *testing.T) {
	if s, b := plan.Sell.String(), plan.Buy.String(); s != "sell" || b != "buy" {
		t.Errorf("actions %q and %q", s, b)
	}
}
