package treasury_test

import (
	"testing"

	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/sim"
	"chronos.dev/treasury"
)

// TestSimulatedProviders takes ten virtual minutes of offers all the way: each keeps
// the rules, has all its prices, and every tier of it is an option.
func TestSimulatedProviders(t *testing.T) {
	const start, length = int64(1e18), int64(600e9)
	m := sim.New(sim.Options{Seed: 1, Rate: 100, Start: start})
	assets := map[string]market.Asset{}
	for _, a := range m.Assets() {
		assets[a.Symbol] = a
	}
	d, options, renewed := treasury.New(), 0, 0
	for at := int64(0); at < length; at, _, _ = m.Next() {
		now := start + at
		for _, r := range m.References() {
			changed, err := d.Reference(*r, now)
			if err != nil {
				t.Fatal(err)
			}
			renewed += len(changed)
		}
		for _, o := range m.Offers() {
			base, quote := assets[o.Key.Pair.Base], assets[o.Key.Pair.Quote]
			if err := o.Check(base, quote); err != nil {
				t.Fatal(err)
			}
			made, err := d.Offer(o, now)
			if err != nil {
				t.Fatal(err)
			}
			s := graph.NewOffer(made, graph.Scales{Base: base.EngineScale, Quote: quote.EngineScale})
			if u, ok := s.Usable(now, 0); !ok || s.Sell.Dropped+s.Buy.Dropped > 0 || len(s.Sell.Options) != len(o.Sell) {
				t.Fatalf("%s: %+v, %+v, %+v", o.Key, u, s.Sell, s.Buy)
			}
			options += len(s.Sell.Options) + len(s.Buy.Options)
		}
	}
	if options < 1000 || renewed < 100 {
		t.Errorf("%d options, %d renewed", options, renewed)
	}
}
