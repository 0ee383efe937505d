package checker_test

import (
	"slices"
	"testing"
	"time"

	"chronos.dev/book"
	"chronos.dev/engine/plan"
	"chronos.dev/internal/checker"
	"chronos.dev/market"
	"chronos.dev/money"
)

// TestTiersBite: what an offer gives by its rules is a plan without fault, and every
// change of the plan or the offer that makes it better than that is one.
func TestTiersBite(t *testing.T) {
	a, b := market.Asset{Symbol: "A"}, market.Asset{Symbol: "B"}
	num := func(n int64) money.Num { return money.Num{Coef: n} }
	offer := func() *market.Offer {
		return &market.Offer{
			Key: market.Key{Venue: "vault", Pair: market.Pair{Base: "A", Quote: "B"}}, Custody: market.Available,
			RecvTime: epoch, ValidUntil: epoch + 10,
			Sell: []market.Tier{
				{Name: "ONE", Min: num(10), Max: num(20), Price: num(7), Whole: true, FeeBps: num(1_000), Settle: time.Minute},
				{Name: "TWO", Min: num(20), Max: num(90), Price: num(6), FixedFee: num(5), FixedFeeAsset: "B", Settle: time.Hour},
			},
			Buy: []market.Tier{{Name: "BACK", Max: num(50), Price: num(8), FixedFee: num(1), FixedFeeAsset: "A", Settle: time.Hour}},
		}
	}
	leg := func(tier int, name string, in, out money.Amount, settle time.Duration) *plan.Plan {
		l := plan.Leg{
			Key: offer().Key, Action: plan.Sell, GiveAsset: a, GetAsset: b, In: in, Out: out, FeeAsset: b,
			HasTier: true, TierIndex: tier, Tier: name, Settle: settle,
		}
		return &plan.Plan{
			Sell: a, Buy: b, In: in, Out: out, Settle: settle, Routes: []plan.Route{{Legs: []plan.Leg{l}}},
			Bound: plan.Bound{Amount: 1_000, MaxHops: 1, Considered: 1},
		}
	}
	check := func(o *market.Offer, p *plan.Plan, limit time.Duration) (codes []string) {
		order := &checker.Order{Sell: "A", Buy: "B", In: p.In, MaxHops: 1, Now: epoch, MaxSettle: limit, StaleAfter: time.Second}
		p.Bound.MaxSettle = limit
		for _, f := range checker.New([]market.Asset{a, b}).Check(order, []checker.Market{{Key: o.Key, View: &book.View{}, Offer: o}}, p) {
			codes = append(codes, f.Code)
		}
		return codes
	}
	right := []*plan.Plan{ // 6.3 each; from 20 on 126 and 6 each, less 5
		leg(0, "ONE", 10, 63, time.Minute), leg(0, "ONE", 15, 94, time.Minute), leg(1, "TWO", 20, 121, time.Hour), leg(1, "TWO", 90, 541, time.Hour),
	}
	for i, p := range right {
		if codes := check(offer(), p, 0); codes != nil {
			t.Errorf("plan %d: %v", i, codes)
		}
	}
	wrong := []struct {
		name, code string
		p          *plan.Plan
		change     func(o *market.Offer)
		limit      time.Duration
	}{
		{"a unit more", checker.CodeFill, leg(0, "ONE", 15, 95, time.Minute), nil, 0},
		{"a unit more of a slice", checker.CodeFill, leg(1, "TWO", 90, 542, time.Hour), nil, 0},
		{"less than its entry", checker.CodeFill, leg(0, "ONE", 9, 10, time.Minute), nil, 0},
		{"more than its end", checker.CodeDepth, leg(0, "ONE", 21, 10, time.Minute), nil, 0},
		{"another name", checker.CodeSettle, leg(0, "TWO", 15, 94, time.Minute), nil, 0},
		{"a tier that is none", checker.CodeSettle, leg(2, "TWO", 15, 94, time.Minute), nil, 0},
		{"sooner than it is", checker.CodeSettle, leg(1, "TWO", 20, 121, time.Minute), nil, 0},
		{"too late", checker.CodeSettle, leg(1, "TWO", 20, 121, time.Hour), nil, time.Minute},
		{"locked", checker.CodeVenue, right[0], func(o *market.Offer) { o.Custody = market.Locked }, 0},
		{"expired", checker.CodeVenue, right[0], func(o *market.Offer) { o.ValidUntil = epoch }, 0},
		{"of the future", checker.CodeVenue, right[0], func(o *market.Offer) { o.RecvTime = epoch + 1e9 }, 0},
		{"a price that it waits for", checker.CodeFill, right[0], func(o *market.Offer) { o.Sell[0].Reference = o.Key.Pair }, 0},
		{"under one that waits", checker.CodeFill, leg(1, "TWO", 20, 121, time.Hour), func(o *market.Offer) { o.Sell[0].Reference = o.Key.Pair }, 0},
	}
	for _, tt := range wrong {
		o := offer()
		if tt.change != nil {
			tt.change(o)
		}
		if codes := check(o, tt.p, tt.limit); !slices.Contains(codes, tt.code) {
			t.Errorf("%s: %v, want %s", tt.name, codes, tt.code)
		}
	}
	two := leg(0, "ONE", 15, 94, time.Minute)
	two.Routes = append(two.Routes, leg(1, "TWO", 20, 121, time.Hour).Routes...)
	if two.In, two.Out, two.Settle = 35, 215, time.Hour; !slices.Contains(check(offer(), two, 0), checker.CodeFill) {
		t.Error("two tiers at once")
	}
}
