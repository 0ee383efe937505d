package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"chronos.dev/engine"
	"chronos.dev/engine/route"
	"chronos.dev/market"
	"chronos.dev/money"
)

// queue has A-B at venues that are the cheaper the longer they take, and a way over
// C that takes twice an hour.
func queue(t *testing.T) *rig {
	after := map[string]time.Duration{"hour": time.Hour, "minute": time.Minute, "late": 100 * time.Hour, "day": 24 * time.Hour}
	r := newRig(t, engine.Options{Terms: func(k market.Key) market.Terms { return market.Terms{Settle: after[k.Venue]} }})
	r.show("now|A-B", 99_700, 200_000)
	r.show("minute|A-B", 99_850, 200_000)
	r.show("hour|A-B", 99_990, 200_000)
	r.show("late|A-B", 100_000, 200_000)
	r.show("hour|A-C", 100_000, 200_000)
	r.show("hour|C-B", 1, 2)
	return r
}

func TestTradeoffs(t *testing.T) {
	r := queue(t)
	r.show("day|A-B", 99_990, 200_000) // as good as hour, and later
	all, err := r.e.Tradeoffs(engine.Request{Sell: "A", Buy: "B", In: 1, MaxHops: 1}, r.now)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range all {
		got = append(got, fmt.Sprint(p.Plan.Out, " ", p.Plan.Settle))
		if b := p.Plan.Bound; b.Amount < p.Plan.Out || b.Amount > p.Plan.Out+1 {
			t.Errorf("bound %d of %d", b.Amount, p.Plan.Out)
		}
	}
	want := "100000 100h0m0s, 99990 1h0m0s, 99850 1m0s, 99700 0s"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestPresets(t *testing.T) {
	r := queue(t)
	tests := []struct {
		name   string
		preset engine.Preset
		req    engine.Request
		want   string
	}{
		{"cheapest is money only", engine.Cheapest, engine.Request{In: 1}, "late 100h0m0s"},
		{"fast loses at most 20 bps", engine.Fast, engine.Request{In: 1}, "minute 1m0s"},
		{"balanced pays 10 bps for an hour", engine.Balanced, engine.Request{In: 1}, "hour 1h0m0s"},
		{"fast for an amount to buy", engine.Fast, engine.Request{Out: 99_000}, "now 0s"},
		{"nothing above the limit", engine.Cheapest, engine.Request{In: 1, MaxSettle: time.Hour}, "hour 1h0m0s"},
		{"fast within the limit", engine.Fast, engine.Request{In: 1, MaxSettle: time.Minute}, "now 0s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.req.Sell, tt.req.Buy, tt.req.Preset, tt.req.MaxHops = "A", "B", tt.preset, 1
			p, err := r.e.Price(tt.req, r.now)
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(p.Plan.Routes[0].Legs[0].Key.Venue, " ", p.Plan.Settle)
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestTimesAdd: the legs of a route are done one after another, routes side by side.
func TestTimesAdd(t *testing.T) {
	r := queue(t)
	p, err := r.e.Price(engine.Request{Sell: "A", Buy: "B", In: 1, Only: []string{"hour"}}, r.now)
	if err != nil || p.Plan.Settle != 2*time.Hour || p.Plan.Out != 100_000 {
		t.Errorf("%v: %+v", err, p)
	}
	_, err = r.e.Price(engine.Request{Sell: "A", Buy: "B", In: 1, Only: []string{"hour"}, MaxSettle: time.Minute}, r.now)
	var none *route.NoRouteError
	if !errors.As(err, &none) || none.Reason != route.Policy {
		t.Errorf("a price of books that are too slow: %v", err)
	}
	if err := r.apply("empty|A-B", market.Snapshot, nil, nil); err != nil {
		t.Fatal(err)
	}
	r.w.Flush(r.now)
	only := []string{"hour", "empty"}
	_, err = r.e.Price(engine.Request{Sell: "A", Buy: "B", In: 1, Only: only, MaxSettle: time.Minute}, r.now)
	if !errors.As(err, &none) || none.Reason != route.Policy {
		t.Errorf("beside them one that is empty: %v", err)
	}
}

func TestParsePreset(t *testing.T) {
	for _, p := range []engine.Preset{engine.Cheapest, engine.Balanced, engine.Fast} {
		if got, err := engine.ParsePreset(p.String()); got != p || err != nil {
			t.Errorf("ParsePreset(%s) = %v, %v", p, got, err)
		}
	}
	if _, err := engine.ParsePreset("best"); err == nil {
		t.Error("an unknown strategy is accepted")
	}
}

// TestTermsOfAVenue: a minimum and the fee of a withdrawal are part of what a venue
// is compared by, and of the fees that are shown.
func TestTermsOfAVenue(t *testing.T) {
	table := market.TermsTable{
		Lines:       []market.TermsLine{{Venue: "large", MinSize: money.Num{Coef: 10}}},
		Withdrawals: []market.Withdrawal{{Venue: "paid", Asset: "B", Fee: money.Num{Coef: 50}}},
	}
	r := newRig(t, engine.Options{Terms: table.Of})
	r.show("free|A-B", 100, 200)
	r.show("large|A-B", 103, 200)
	r.show("paid|A-B", 102, 200)
	r.wantSold(9, "900 free")
	r.wantSold(10, "1030 large")
	r.wantSold(100, "10300 large")
	r.wantSold(150, "15350 large paid")
	p, err := r.e.Price(engine.Request{Sell: "A", Buy: "B", In: 50e8, Exclude: []string{"large"}}, r.now)
	if err != nil || p.Plan.Out != 5_050e8 || p.Plan.Routes[0].Legs[0].Fee != 50e8 || p.Plan.Bound.Amount != 5_050e8 {
		t.Errorf("%v: %+v", err, p)
	}
}

// TestRoutesUnderTerms: single paths and routes of the caller's own use what has a
// minimum too, and say when it is not met.
func TestRoutesUnderTerms(t *testing.T) {
	table := market.TermsTable{Lines: []market.TermsLine{{Venue: "large", MinSize: money.Num{Coef: 10}}}}
	r := newRig(t, engine.Options{Terms: table.Of})
	r.show("free|A-C", 100, 200)
	r.show("large|A-C", 103, 200)
	r.show("large|C-B", 1, 2)
	own := func(in, out int64) (*engine.Price, error) {
		req := engine.Request{Sell: "A", Buy: "C", In: money.Amount(in * 1e8), Out: money.Amount(out * 1e8)}
		p, _, err := r.e.Evaluate(req, []market.Key{key("large|A-C")}, r.now)
		return p, err
	}
	if p, err := own(20, 0); err != nil || p.Plan.Out != 2_060e8 {
		t.Errorf("above the minimum: %v %+v", err, p)
	}
	if p, err := own(0, 2_060); err != nil || p.Plan.In != 20e8 {
		t.Errorf("an amount to buy: %v %+v", err, p)
	}
	var none *route.NoRouteError
	if _, err := own(9, 0); !errors.As(err, &none) || none.Reason != route.BelowMinimum {
		t.Errorf("below the minimum: %v", err)
	}
	all, err := r.e.Alternatives(engine.Request{Sell: "A", Buy: "C", In: 20e8}, 5, r.now)
	if err != nil || len(all.Paths) != 1 || all.Paths[0].Plan.Out != 2_060e8 || len(all.Regrets) != 1 ||
		all.Regrets[0].Without.Out != 2_000e8 {
		t.Errorf("%v: %+v", err, all)
	}
}

// TestNoTradeoffs: what cannot be priced has no tradeoffs, paths or own routes, and the
// errors say of what.
func TestNoTradeoffs(t *testing.T) {
	r := queue(t)
	for _, req := range []engine.Request{
		{Sell: "A", Buy: "X", In: 1}, {Sell: "X", Buy: "A", In: 1, Preset: engine.Fast},
		{Sell: "A", Buy: "B", In: 1 << 61, Preset: engine.Balanced}, {Sell: "A", Buy: "B", In: 1, Only: []string{"nobody"}},
	} {
		_, errAll := r.e.Tradeoffs(req, r.now)
		_, errPrice := r.e.Price(req, r.now)
		_, _, errOwn := r.e.Evaluate(req, []market.Key{key("now|A-B")}, r.now)
		if errAll == nil || errPrice == nil || errOwn == nil || errAll.Error() == "" {
			t.Errorf("%+v: %v, %v, %v", req, errAll, errPrice, errOwn)
		}
	}
	texts := []error{
		&engine.UnknownAssetError{Symbol: "X"}, &engine.UnknownVenueError{Venue: "X"},
		&engine.ChainError{Hop: 1, Want: "X"}, &engine.UnknownMarketError{Key: key("x|A-X")}, &engine.OwnerError{Key: key("x|A-X")},
	}
	for _, err := range texts {
		if !strings.Contains(strings.ToUpper(err.Error()), "X") {
			t.Errorf("%v names nothing", err)
		}
	}
}

// TestTermsAreTold: what was configured of a book is what a dump is told.
func TestTermsAreTold(t *testing.T) {
	table := market.TermsTable{Lines: []market.TermsLine{{Venue: "u", Settle: time.Hour}}}
	for _, terms := range []func(market.Key) market.Terms{nil, table.Of} {
		r := newRig(t, engine.Options{Terms: terms})
		want := time.Duration(0)
		if terms != nil {
			want = time.Hour
		}
		if got := r.e.Terms(key("u|A-B")).Settle; got != want {
			t.Errorf("settles in %v, want %v", got, want)
		}
	}
}

// TestBalancedForAnAmountToBuy: what takes long counts as costing more.
func TestBalancedForAnAmountToBuy(t *testing.T) {
	r := queue(t)
	p, err := r.e.Price(engine.Request{Sell: "A", Buy: "B", Out: 9_985_000, MaxHops: 1, Preset: engine.Balanced}, r.now)
	if err != nil || p.Plan.Settle == 100*time.Hour {
		t.Errorf("%v: %+v", err, p)
	}
	all, err := r.e.Alternatives(engine.Request{Sell: "A", Buy: "B", In: 1, MaxHops: 1, Preset: engine.Fast}, 5, r.now)
	if err != nil || len(all.Uses) != 1 || all.Best.Plan.Settle != time.Minute {
		t.Errorf("%v: %+v", err, all)
	}
}
