package verify

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// TestOptionsAreThoseOfTheGraph: what a provider offers is read in the same way by
// two who share no code, at any scale, price and size.
func TestOptionsAreThoseOfTheGraph(t *testing.T) {
	options, dropped, refused := 0, 0, 0
	for i := range 20_000 {
		r := rand.New(rand.NewPCG(uint64(i), 81))
		base := market.Asset{Symbol: "BB", EngineScale: uint8(r.IntN(19))}
		quote := market.Asset{Symbol: "QQ", EngineScale: uint8(r.IntN(19))}
		offer, list := wildTiers(r, base, quote)
		b := &books{
			assets: map[string]asset{"BB": {0, int(base.EngineScale)}, "QQ": {0, int(quote.EngineScale)}},
			byName: map[sideName]*side{}, pairs: map[[2]string]*top{},
		}
		err := b.addProvider(&providerEntry{Provider: "p", Asset: "BB", Quote: "QQ", Sell: list, Buy: list})
		if bad := offer.Check(base, quote); (bad == nil) != (err == nil) {
			t.Fatalf("case %d: %v here, %v there\n%+v", i, err, bad, list)
		}
		if err != nil {
			refused++
			continue
		}
		s := graph.NewOffer(offer, graph.Scales{Base: base.EngineScale, Quote: quote.EngineScale})
		for action, side := range map[string]*graph.Side{"sell": &s.Sell, "buy": &s.Buy} {
			own := b.byName[sideName{"p", "BB-QQ", action}]
			sameOptions(t, i, own, side)
			if want := fmt.Sprintf("sha256:%x", *s.Digest(offer.Key, action == "sell")); side.Options != nil && own.digest() != want {
				t.Fatalf("case %d: %s: digest %s here, %s there", i, action, own.digest(), want)
			}
		}
		options += len(s.Sell.Options) + len(s.Buy.Options)
		dropped += s.Sell.Dropped + s.Buy.Dropped
	}
	t.Logf("%d options, %d tiers dropped, %d offers refused", options, dropped, refused)
	if options < 10_000 || dropped < 1000 || refused < 100 {
		t.Error("too few")
	}
}

func sameOptions(t *testing.T, i int, got *side, want *graph.Side) {
	t.Helper()
	text := func(in, out any) string { return fmt.Sprint(in, " for ", out) }
	var a, b []string
	for _, o := range got.options {
		a = append(a, fmt.Sprint(o.tier, o.name, o.settle, text(o.entry.out, o.entry.in)))
		for _, l := range o.more {
			a = append(a, text(l.out, l.in))
		}
	}
	for _, o := range want.Options {
		b = append(b, fmt.Sprint(o.Tier, o.Name, o.Settle.Milliseconds(), text(int64(o.Entry.Out), int64(o.Entry.In))))
		for _, l := range o.More {
			b = append(b, text(int64(l.Out), int64(l.In)))
		}
	}
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Fatalf("case %d: %s: %q here, %q there", i, got.sideName, a, b)
	}
}

// wildTiers are the same tiers twice: as the engine has them, and as a file does.
func wildTiers(r *rand.Rand, base, quote market.Asset) (*market.Offer, []tierEntry) {
	num := func(coef int64, scale int) money.Num { return money.Num{Coef: coef, Scale: uint8(max(0, scale))} }
	var tiers []market.Tier
	var list []tierEntry
	at := int64(r.IntN(2)) * int64(r.IntN(1000))
	for range r.IntN(5) {
		t := market.Tier{
			Name: []string{"", "FAST", "x y"}[r.IntN(3)], Whole: r.IntN(2) == 0,
			Settle: time.Duration(r.IntN(100)) * time.Second,
			Price:  num(1+r.Int64N(1<<r.IntN(40)), r.IntN(19)), FeeBps: num(int64(r.IntN(3)*r.IntN(10_000)), r.IntN(5)),
		}
		if t.Whole {
			at += int64(r.IntN(3) * r.IntN(50))
		}
		next := at + int64(math.Exp(43*r.Float64()))
		if next < at || r.IntN(50) == 0 {
			next = at
		}
		t.Min, t.Max = num(at, int(base.EngineScale)), num(next, int(base.EngineScale))
		at = next
		e := tierEntry{
			Name: t.Name, Min: t.Min.String(), Max: t.Max.String(), Price: t.Price.String(), FeeBps: t.FeeBps.String(),
			Mode: map[bool]string{true: "whole", false: "slice"}[t.Whole], Settle: t.Settle.Milliseconds(),
		}
		if r.IntN(2) == 0 {
			of := []market.Asset{base, quote}[r.IntN(2)]
			scale := min(18, int(of.EngineScale)+r.IntN(12)/11)
			t.FixedFeeAsset, t.FixedFee = of.Symbol, num(int64(math.Exp(20*r.Float64())), scale)
			e.FixedFee = &struct {
				Asset  string `json:"asset"`
				Amount string `json:"amount"`
			}{of.Symbol, t.FixedFee.String()}
		}
		tiers, list = append(tiers, t), append(list, e)
	}
	key := market.Key{Venue: "p", Pair: market.Pair{Base: "BB", Quote: "QQ"}}
	return &market.Offer{Key: key, Custody: market.Available, Sell: tiers, Buy: tiers}, list
}
