package engine_test

import (
	"errors"
	"testing"
	"time"

	"chronos.dev/engine"
	"chronos.dev/engine/route"
	"chronos.dev/market"
	"chronos.dev/money"
)

// TestEvaluateByStrategy: a strategy does not narrow the bound of the caller's own
// route, which may be slower than what the strategy takes.
func TestEvaluateByStrategy(t *testing.T) {
	r := queue(t)
	req := engine.Request{Sell: "A", Buy: "B", In: 1, MaxHops: 1, Preset: engine.Fast}
	own, best, err := r.e.Evaluate(req, []market.Key{key("late|A-B")}, r.now)
	if err != nil {
		t.Fatal(err)
	}
	if b := own.Plan.Bound; b.Amount < own.Plan.Out || b.MaxSettle != 0 {
		t.Errorf("the bound of an output of %d is %d, of what settles within %v", own.Plan.Out, b.Amount, b.MaxSettle)
	}
	if best.Plan.Out != 99_850 {
		t.Errorf("fast gives %d", best.Plan.Out)
	}
}

// tiered has A-C at a venue with 100 levels of one, and C-B at a provider: 10 to 40
// at once, and up to 60 in an hour.
func tiered(t *testing.T) *rig {
	r := newRig(t, engine.Options{})
	r.show("u|A-C", 1, 2)
	o := r.vaultOffer("vault|C-B", 1)
	num := func(n int64) money.Num { return money.Num{Coef: n} }
	o.Sell = []market.Tier{
		{Min: num(10), Max: num(40), Price: num(2)},
		{Min: num(40), Max: num(60), Price: num(2), Settle: time.Hour},
	}
	w := r.e.Liquidity()
	if err := w.Offer(o); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	return r
}

// TestDepthOfTiers: above what the tiers hold, a refusal says the most that they
// take, of a price and of the caller's own route.
func TestDepthOfTiers(t *testing.T) {
	r := tiered(t)
	hops := []market.Key{key("u|A-C"), key("vault|C-B")}
	tests := []struct {
		name    string
		req     engine.Request
		in, out money.Amount
	}{
		{"all tiers", engine.Request{In: 70e8}, 60e8, 120e8},
		{"the fast one", engine.Request{In: 70e8, MaxSettle: time.Minute}, 40e8, 80e8},
		{"an amount to buy", engine.Request{Out: 130e8}, 60e8, 120e8},
		{"of the fast one", engine.Request{Out: 130e8, MaxSettle: time.Minute}, 40e8, 80e8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.req.Sell, tt.req.Buy = "A", "B"
			_, err := r.e.Price(tt.req, r.now)
			_, _, own := r.e.Evaluate(tt.req, hops, r.now)
			for _, err := range []error{err, own} {
				var deep *route.DepthError
				if !errors.As(err, &deep) || deep.Most.In != tt.in || deep.Most.Out != tt.out {
					t.Errorf("got %v, want at most %d in, %d out", err, tt.in, tt.out)
				}
			}
		})
	}
	var none *route.NoRouteError
	low := engine.Request{Sell: "A", Buy: "B", In: 5e8}
	if _, _, err := r.e.Evaluate(low, hops, r.now); !errors.As(err, &none) || none.Reason != route.BelowMinimum {
		t.Errorf("below the tiers: %v", err)
	}
}

// TestOwnRouteOfSlowTiers: where every tier of a hop settles too late, that is said.
func TestOwnRouteOfSlowTiers(t *testing.T) {
	r := tiered(t)
	o := r.vaultOffer("late|A-B", 1)
	o.Sell[0].Settle = time.Hour
	w := r.e.Liquidity()
	if err := w.Offer(o); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	req := engine.Request{Sell: "A", Buy: "B", In: 5e8, MaxSettle: time.Minute}
	var none *route.NoRouteError
	_, _, err := r.e.Evaluate(req, []market.Key{key("late|A-B")}, r.now)
	if !errors.As(err, &none) || none.Reason != route.Policy {
		t.Errorf("of tiers that are too slow: %v", err)
	}
}

// TestShorterWayToAnOption: the way that needs the least of C is no single path where
// C is not sold in so small amounts; the one that needs more is found. The best plan
// buys the least of C that is sold, and forgoes what that gives beyond the order.
func TestShorterWayToAnOption(t *testing.T) {
	r := newRig(t, engine.Options{})
	num := func(n int64) money.Num { return money.Num{Coef: n} }
	r.show("u|C-B", 9, 20) // 8 of C
	r.show("u|C-D", 1, 2)
	r.show("u|D-B", 12, 20) // 6 of C
	o := r.vaultOffer("vault|A-C", 1)
	o.Sell, o.Buy = []market.Tier{{Min: num(7), Max: num(40), Price: num(1)}}, nil
	w := r.e.Liquidity()
	if err := w.Offer(o); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	all, err := r.e.Alternatives(engine.Request{Sell: "A", Buy: "B", Out: 72e8}, 5, r.now)
	if err != nil || len(all.Paths) == 0 || all.Paths[0].Plan.In != 8e8 {
		t.Fatalf("%v: %+v", err, all)
	}
	if p := all.Best.Plan; p.In != 7e8 || p.Out != 72e8 || p.In-p.Bound.Amount > 1 {
		t.Errorf("%d into %d, bound %d", p.In, p.Out, p.Bound.Amount)
	}
}
