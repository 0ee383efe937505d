package engine_test

import (
	"errors"
	"fmt"
	"testing"

	"chronos.dev/engine"
	"chronos.dev/engine/route"
	"chronos.dev/internal/checker"
	"chronos.dev/market"
	"chronos.dev/money"
)

// bad is a market that no honest one looks like, and the largest order that it
// takes of A into B.
type bad struct {
	name  string
	books map[string][2][][2]int64 // bids and asks, price and size
	in    money.Amount
	spent bool // even the whole budget ends before the order
}

// stairs are levels of one size, one tick apart.
func stairs(levels, top, step, size int64) (all [][2]int64) {
	for i := range levels {
		all = append(all, [2]int64{top - i*step, size})
	}
	return all
}

// over spreads books of A-B, of A-C and C-B, and of A-D and D-B over so many venues.
func over(venues int, level func(v int) [][2]int64) map[string][2][][2]int64 {
	all := map[string][2][][2]int64{}
	for v := range venues {
		for _, pair := range []string{"A-B", "A-C", "C-B", "A-D", "D-B", "C-D", "D-C"} {
			all[fmt.Sprintf("v%d|%s", v, pair)] = [2][][2]int64{level(v), nil}
		}
	}
	return all
}

func badMarkets(short bool) []bad {
	thick := int64(50_000) // levels a side, as many as a book may hold
	if short {
		thick = 5_000
	}
	steps := map[string][2][][2]int64{}
	for v := range int64(5) {
		steps[fmt.Sprintf("v%d|A-B", v)] = [2][][2]int64{stairs(thick, 10_000_000-v, 7, 1), nil}
	}
	hub := over(6, func(int) [][2]int64 { return nil })
	hub["v0|A-B"] = [2][][2]int64{stairs(20, 1_000, 1, 5), nil}
	dust := over(6, func(int) [][2]int64 { return [][2]int64{{1, 1}} })
	for v := range 6 {
		dust[fmt.Sprintf("v%d|A-B", v)] = [2][][2]int64{stairs(10, 1_000, 90, 1), nil}
	}
	return []bad{
		{"plateaus of equal rates", over(12, func(int) [][2]int64 { return [][2]int64{{1, 7}} }), 12 * 7 * 3, false},
		{"plateaus of sizes that differ", over(9, func(v int) [][2]int64 { return [][2]int64{{1, int64(v + 1)}} }), 45 * 3, false},
		{"levels of one unit", steps, money.Amount(5 * thick), !short},
		{"levels of 1e18", over(3, func(v int) [][2]int64 { return [][2]int64{{1, 1e18 - int64(v)}} }), 8e18, false},
		{"a hub that holds nothing", hub, 100, false},
		{"hubs of one unit", dust, 72, false},
	}
}

// play puts a market into an engine of whole units.
func (b *bad) play(t *testing.T, budget int) *rig {
	var assets []market.Asset
	for _, s := range []string{"A", "B", "C", "D"} {
		assets = append(assets, market.Asset{Symbol: s})
	}
	r := newRig(t, engine.Options{Assets: assets, Budget: budget})
	for k, sides := range b.books {
		if err := r.apply(k, market.Snapshot, sides[0], sides[1]); err != nil {
			t.Fatal(err)
		}
	}
	r.w.Flush(r.now)
	return r
}

// price asks for a price and has it checked against the books.
func (r *rig) price(req engine.Request) (*engine.Price, error) {
	r.t.Helper()
	p, err := r.e.Price(req, r.now)
	if err != nil {
		return nil, err
	}
	var all []checker.Market
	for _, m := range r.e.Markets(r.now) {
		all = append(all, checker.Market{Key: m.Key, View: m.View, Fee: &market.Fee{}})
	}
	o := &checker.Order{
		Sell: req.Sell, Buy: req.Buy, In: req.In, Out: req.Out, MaxHops: 3, Now: r.now, StaleAfter: r.e.StaleAfter(),
	}
	if f := checker.New(r.e.Assets()).Check(o, all, &p.Plan); len(f) > 0 {
		r.t.Fatalf("%+v: %v", req, f)
	}
	return p, nil
}

// TestPathological: markets made to be slow or to overflow are answered within the
// budget of walks: the best plan, or past the budget one that can be had, within its
// certified gap and marked.
func TestPathological(t *testing.T) {
	for _, b := range badMarkets(testing.Short()) {
		t.Run(b.name, func(t *testing.T) {
			whole, err := b.play(t, 0).price(engine.Request{Sell: "A", Buy: "B", In: b.in})
			if err != nil {
				t.Fatal(err)
			}
			p := &whole.Plan
			if p.Degraded != b.spent || !b.spent && p.Bound.Amount-p.Out > 3+p.Out/1e12 {
				t.Errorf("%d, bound %d, degraded %v", p.Out, p.Bound.Amount, p.Degraded)
			}
			for _, budget := range []int{1, 3} {
				r := b.play(t, budget)
				cut, err := r.price(engine.Request{Sell: "A", Buy: "B", In: b.in})
				if err != nil {
					t.Errorf("budget %d: %v", budget, err)
					continue
				}
				if c := &cut.Plan; c.Out > p.Bound.Amount || p.Out > c.Bound.Amount || !c.Degraded && c.Out < p.Out {
					t.Errorf("budget %d: %d, bound %d, degraded %v; whole %d, bound %d", budget, c.Out, c.Bound.Amount, c.Degraded, p.Out, p.Bound.Amount)
				}
				cut, err = r.price(engine.Request{Sell: "A", Buy: "B", Out: p.Out / 2})
				if err != nil || cut.Plan.Out != p.Out/2 {
					t.Errorf("budget %d, to buy %d: %v", budget, p.Out/2, err)
				}
			}
			_, err = b.play(t, 0).price(engine.Request{Sell: "A", Buy: "B", In: 9e18})
			var depth *route.DepthError
			if b.in < 8e18 && !errors.As(err, &depth) {
				t.Errorf("more than there is: %v", err)
			}
		})
	}
}
