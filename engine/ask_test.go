package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"chronos.dev/engine"
	"chronos.dev/engine/route"
	"chronos.dev/market"
	"chronos.dev/money"
)

// ring has A-B at two venues and the way A-C-B beside them.
func ring(t *testing.T) *rig {
	r := newRig(t, engine.Options{})
	r.show("u|A-B", 100, 200)
	r.show("v|A-B", 90, 200)
	r.show("u|A-C", 50, 60)
	r.show("w|C-B", 3, 4)
	return r
}

func summary(p *engine.Price) string {
	var b strings.Builder
	for _, rt := range p.Plan.Routes {
		fmt.Fprintf(&b, "%d", rt.In())
		for _, l := range rt.Legs {
			fmt.Fprintf(&b, " %s %s", l.Key.Venue, l.GetAsset.Symbol)
		}
		fmt.Fprintf(&b, " %d; ", rt.Out())
	}
	return b.String()
}

func TestPaths(t *testing.T) {
	r := ring(t)
	all, err := r.e.Alternatives(engine.Request{Sell: "A", Buy: "B", In: 2}, 5, r.now)
	if err != nil {
		t.Fatal(err)
	}
	best, paths := all.Best, all.Paths
	var regrets []string
	for _, v := range all.Regrets {
		if v.Without == nil {
			regrets = append(regrets, v.Venue+" none")
		} else {
			regrets = append(regrets, fmt.Sprint(v.Venue, " ", v.Without.Out))
		}
	}
	if g := strings.Join(regrets, ", "); g != "u 180, w 200" {
		t.Errorf("without each venue: %s", g)
	}
	if err != nil || summary(best) != "2 u C w B 300; " || len(paths) != 2 ||
		summary(paths[0]) != "2 u C w B 300; " || summary(paths[1]) != "2 u B 200; " {
		t.Errorf("%v: %s", err, summary(best))
		for _, p := range paths {
			t.Error(summary(p))
		}
	}
	if best.Plan.Bound.Amount > 301 || best.Plan.Bound.Considered != 4 || len(best.Plan.Bound.Sides) != 2 {
		t.Errorf("bound %+v", best.Plan.Bound)
	}
	for _, req := range []engine.Request{{Sell: "A", Buy: "X", In: 1}, {Sell: "A", Buy: "B", In: 1 << 60}} {
		if _, err := r.e.Alternatives(req, 5, r.now); err == nil {
			t.Errorf("paths for %+v", req)
		}
	}
}

func TestEvaluate(t *testing.T) {
	r := ring(t)
	req := engine.Request{Sell: "A", Buy: "B", In: 2}
	own, best, err := r.e.Evaluate(req, []market.Key{key("v|A-B")}, r.now)
	if err != nil || summary(own) != "2 v B 180; " || summary(best) != "2 u C w B 300; " ||
		own.Plan.Bound.Amount > 301 || len(own.Plan.Bound.Sides) != 1 || own.Plan.Bound.Sides[0].Key != key("v|A-B") {
		t.Errorf("%v: %s, %s, bound %+v", err, summary(own), summary(best), own.Plan.Bound)
	}
	own, _, err = r.e.Evaluate(engine.Request{Sell: "B", Buy: "A", Out: 1}, []market.Key{key("w|C-B"), key("u|A-C")}, r.now)
	if err != nil || summary(own) != "240 w C u A 1; " {
		t.Errorf("backwards: %v %s", err, summary(own))
	}
	var unknown *engine.UnknownMarketError
	var broken *engine.ChainError
	for _, tt := range []struct {
		hops string
		at   int // of a broken chain, -1: an unknown market
	}{
		{"x|A-B", -1}, {"w|C-B", 0}, {"u|A-C", 1}, {"u|A-B v|A-B", 1}, {"u|A-C u|A-C", 1}, {"", 0},
	} {
		var hops []market.Key
		for _, h := range strings.Fields(tt.hops) {
			hops = append(hops, key(h))
		}
		_, _, err := r.e.Evaluate(req, hops, r.now)
		if tt.at < 0 != errors.As(err, &unknown) || tt.at >= 0 && (!errors.As(err, &broken) || broken.Hop != tt.at) {
			t.Errorf("%s: %v", tt.hops, err)
		}
	}
	var deep *route.DepthError
	if _, _, err := r.e.Evaluate(engine.Request{Sell: "A", Buy: "B", In: 1 << 60}, []market.Key{key("v|A-B")}, r.now); !errors.As(err, &deep) || deep.Most.Out != 90*deep.Most.In {
		t.Errorf("beyond the book: %v", err)
	}
	if _, _, err := r.e.Evaluate(engine.Request{Sell: "A", Buy: "B", Out: 1 << 60}, []market.Key{key("v|A-B")}, r.now); !errors.As(err, &deep) || deep.Most.Out != 90*deep.Most.In {
		t.Errorf("wanted beyond the book: %v", err)
	}
	var none *route.NoRouteError
	if _, _, err := r.e.Evaluate(engine.Request{Sell: "B", Buy: "A", In: 1}, []market.Key{key("v|A-B")}, r.now); !errors.As(err, &none) {
		t.Errorf("for nothing: %v", err)
	}
	if _, _, err := r.e.Evaluate(engine.Request{Sell: "X", Buy: "A", In: 1}, nil, r.now); err == nil {
		t.Error("an unknown asset")
	}
	var stale *route.StaleError
	r.now += int64(engine.DefaultStaleAfter) + 1
	if _, _, err := r.e.Evaluate(req, []market.Key{key("v|A-B")}, r.now); !errors.As(err, &stale) {
		t.Errorf("a stale route: %v", err)
	}
}

// TestVenuesOfARequest: only and exclude, and what they leave is bounded too.
func TestVenuesOfARequest(t *testing.T) {
	r := ring(t)
	ask := func(only, exclude string) (*engine.Price, error) {
		return r.e.Price(engine.Request{
			Sell: "A", Buy: "B", In: 2, Only: strings.Fields(only), Exclude: strings.Fields(exclude),
		}, r.now)
	}
	for _, tt := range []struct {
		only, exclude, want string
		bound               money.Amount
	}{
		{"", "w", "2 u B 200; ", 200}, {"v", "", "2 v B 180; ", 180}, {"u v", "u", "2 v B 180; ", 180},
	} {
		p, err := ask(tt.only, tt.exclude)
		if err != nil || summary(p) != tt.want || p.Plan.Bound.Amount != tt.bound || len(p.Plan.Bound.Barred) == 0 || !p.LeftOut[0].Barred {
			t.Errorf("only %q without %q: %v %s, bound %d", tt.only, tt.exclude, err, summary(p), p.Plan.Bound.Amount)
		}
	}
	var none *route.NoRouteError
	if _, err := ask("", "u v"); !errors.As(err, &none) || none.Reason != route.Policy {
		t.Errorf("nothing left: %v", err)
	}
	var unknown *engine.UnknownVenueError
	if _, err := ask("u", "x"); !errors.As(err, &unknown) || unknown.Venue != "x" || unknown.Error() == "" {
		t.Errorf("an unknown venue: %v", err)
	}
	if !r.e.KnowsVenue("w") || r.e.KnowsVenue("x") {
		t.Error("KnowsVenue is wrong")
	}
}
