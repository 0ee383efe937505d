package checker_test

import (
	"testing"
	"time"

	"chronos.dev/book"
	"chronos.dev/engine/plan"
	"chronos.dev/internal/checker"
	"chronos.dev/market"
	"chronos.dev/money"
)

// TestLevels: each level once, over all routes; worked out by hand. The book takes
// 10 A at 33.5 B and 10 at 30, less one percent, all in whole units.
func TestLevels(t *testing.T) {
	a, b := market.Asset{Symbol: "A"}, market.Asset{Symbol: "B"}
	key := market.Key{Venue: "v", Pair: market.Pair{Base: "A", Quote: "B"}}
	books := []checker.Market{{
		Key: key, Fee: &market.Fee{Rate: market.FeeUnit / 100},
		View: &book.View{
			State: book.Live, RecvTime: 1, PriceScale: 1,
			Bids: []book.Level{{Price: 335, Size: 10}, {Price: 300, Size: 10}},
		},
	}}
	type part struct{ in, out, fee money.Amount }
	tests := []struct {
		name  string
		parts []part // a route each
		want  string // codes; "": right
	}{
		{"a unit: 33.165 is 33", []part{{1, 33, 0}}, ""},
		{"a unit rounded up", []part{{1, 34, 0}}, "fill"},
		{"the first level: 331.65 is 331", []part{{10, 331, 4}}, ""},
		{"a unit more of it", []part{{10, 332, 4}}, "fill"},
		{"at the price before the fee", []part{{10, 335, 0}}, "fill"},
		{"the first level by two routes", []part{{10, 331, 4}, {10, 331, 4}}, "fill"},
		{"its halves by two routes", []part{{5, 165, 2}, {5, 166, 2}}, ""},
		{"its halves, and a unit more", []part{{5, 166, 2}, {5, 166, 2}}, "fill"},
		{"one level after the other", []part{{10, 331, 4}, {10, 297, 3}}, ""},
		{"all at once", []part{{20, 628, 7}}, ""},
		{"all at once, and a unit more", []part{{20, 629, 7}}, "fill"},
		{"a unit beyond", []part{{21, 628, 7}}, "depth"},
		{"a unit beyond, of another route", []part{{20, 628, 7}, {1, 0, 0}}, "depth"},
		{"a route for nothing", []part{{20, 628, 7}, {0, 0, 0}}, ""},
		{"a fee within rounding of what was left behind", []part{{20, 600, 3}}, ""},
		{"a fee of everything", []part{{20, 628, 628}}, "fee"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := plan.Plan{Sell: a, Buy: b, Bound: plan.Bound{Amount: 1000, MaxHops: 1, Considered: 1}}
			for _, x := range tt.parts {
				p.In, p.Out = p.In+x.in, p.Out+x.out
				p.Routes = append(p.Routes, plan.Route{Legs: []plan.Leg{{
					Key: key, Action: plan.Sell, GiveAsset: a, GetAsset: b, In: x.in, Out: x.out, Fee: x.fee, FeeAsset: b,
				}}})
			}
			o := &checker.Order{Sell: "A", Buy: "B", In: p.In, MaxHops: 1, Now: 2, StaleAfter: time.Second}
			f := checker.New([]market.Asset{a, b}).Check(o, books, &p)
			if tt.want == "" && len(f) > 0 || tt.want != "" && !told(f, tt.want) {
				t.Errorf("%v, want %q", f, tt.want)
			}
		})
	}
}
