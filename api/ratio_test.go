package api

import (
	"slices"
	"testing"

	"chronos.dev/api/wire"
	"chronos.dev/engine"
	"chronos.dev/engine/plan"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/money/text"

	"pgregory.net/rapid"
)

// drawRated makes a price whose routes share assets, hops and middles at random. It
// need not balance: rates are asked of amounts, whatever they are.
func drawRated(t *rapid.T) *engine.Price {
	scale := rapid.IntRange(0, 12)
	assets := make([]market.Asset, 4)
	for i, s := range []string{"A", "B", "C", "D"} {
		n := uint8(scale.Draw(t, "scale"))
		assets[i] = market.Asset{Symbol: s, Scale: n, EngineScale: n + uint8(rapid.IntRange(0, 6).Draw(t, "finer"))}
	}
	amount := rapid.OneOf(rapid.Int64Range(1, 1e6), rapid.Int64Range(1, 1e15))
	p := &engine.Price{}
	pl := &p.Plan
	pl.Sell, pl.Buy = assets[0], assets[3]
	for range rapid.IntRange(1, 5).Draw(t, "routes") {
		at := []market.Asset{assets[0], assets[1], assets[2], assets[3]}
		hops := rapid.IntRange(1, 3).Draw(t, "hops")
		at = slices.Delete(at, hops, 3)
		r := plan.Route{}
		for h := range hops {
			l := plan.Leg{
				Action: plan.Sell, GiveAsset: at[h], GetAsset: at[h+1], FeeAsset: at[h+1],
				In: money.Amount(amount.Draw(t, "in")), Out: money.Amount(amount.Draw(t, "out")),
			}
			if rapid.Bool().Draw(t, "has fee") {
				l.Fee = l.Out / 1000
			}
			if rapid.IntRange(0, 9).Draw(t, "nothing") == 0 {
				l.Out, l.Fee = 0, 0
			}
			r.Legs = append(r.Legs, l)
			p.Mids = append(p.Mids, engine.Mid{
				Give: at[h].Symbol, Get: at[h+1].Symbol,
				Bid:   money.Num{Coef: amount.Draw(t, "bid"), Scale: uint8(scale.Draw(t, "bid scale"))},
				Ask:   money.Num{Coef: amount.Draw(t, "ask"), Scale: uint8(scale.Draw(t, "ask scale"))},
				Known: rapid.IntRange(0, 9).Draw(t, "unknown") > 0, Inverse: rapid.Bool().Draw(t, "inverse"),
			})
		}
		pl.Routes = append(pl.Routes, r)
		pl.In, pl.Out = pl.In+r.In(), pl.Out+r.Out()
	}
	return p
}

// TestRatesAreKnownWithoutFractions: of ordinary amounts most digits are known from
// floats. That they are the right ones, TestRates holds.
func TestRatesAreKnownWithoutFractions(t *testing.T) {
	known, drawn := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p := drawRated(t)
		paths := appendPaths(nil, &p.Plan)
		gross := aboutMean(&p.Plan, paths, aboutGross)
		mid := aboutMean(&p.Plan, paths, func(h *hopSum) float64 { return aboutMid(p.Mids, h) })
		if gross == 0 || mid == 0 {
			return
		}
		drawn++
		if _, ok := appendLoss(nil, mid, gross, off(paths)); ok {
			known++
		}
	})
	if known == 0 || known*2 < drawn {
		t.Errorf("%d of %d known", known, drawn)
	}
}

// TestNearRatesAreExact: where the last digit hangs on the last bit, the fraction
// decides.
func TestNearRatesAreExact(t *testing.T) {
	asset := market.Asset{Symbol: "A", Scale: 8, EngineScale: 8}
	other := market.Asset{Symbol: "B", Scale: 8, EngineScale: 8}
	for _, out := range []money.Amount{1e15, 1e15 - 1, 1e15 + 1, 999_950_000_000_000, 999_950_000_000_001, 999_949_999_999_999} {
		const in = 1e15
		p := &engine.Price{Mids: []engine.Mid{{Give: "A", Get: "B", Bid: one, Ask: one, Known: true}}}
		p.Plan = plan.Plan{Sell: asset, Buy: other, In: in, Out: out, Routes: []plan.Route{{Legs: []plan.Leg{
			{Action: plan.Sell, GiveAsset: asset, GetAsset: other, FeeAsset: other, In: in, Out: out},
		}}}}
		var s pricer
		s.w = wire.NewWriter(nil)
		s.rates(p, in, int64(out))
		w := wire.NewWriter(nil)
		plainRates(w, p, in, int64(out))
		if string(s.w.B) != string(w.B) {
			t.Errorf("%d: %s, want\n%s", out, s.w.B, w.B)
		}
	}
}

// TestRates holds what an answer says of rates against the same formulas over
// decimals, which nothing is saved in.
func TestRates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawRated(t)
		var s pricer
		s.w = wire.NewWriter(nil)
		sell, buy := ends(&p.Plan)
		s.rates(p, sell, buy)
		w := wire.NewWriter(nil)
		plainRates(w, p, sell, buy)
		if string(s.w.B) != string(w.B) {
			t.Fatalf("%s, want\n%s", s.w.B, w.B)
		}
	})
}

func plainRates(w *wire.Writer, p *engine.Price, sell, buy int64) {
	pl := &p.Plan
	rate := text.Per(money.Num{Coef: buy, Scale: pl.Buy.Scale}, money.Num{Coef: sell, Scale: pl.Sell.Scale})
	w.Key("rate")
	strOrNull(w, rate.Valid(), rate.Significant(rateDigits), buy == 0)
	w.Key("inverse_rate")
	strOrNull(w, buy > 0, ceilSignificant(rate.Inverse()), false)
	var gross, mid text.Ratio
	for i, path := range appendPaths(nil, pl) {
		g, m := text.Per(one, one), text.Per(one, one)
		if len(appendPaths(nil, pl)) > 1 {
			g = text.Per(money.Num{Coef: int64(path.hops[0].in)}, money.Num{Coef: int64(pl.In)})
			m = g
		}
		for _, h := range path.hops[:path.n] {
			g = g.Mul(text.Per(
				money.Num{Coef: int64(h.grossOut), Scale: h.get.EngineScale},
				money.Num{Coef: int64(h.grossIn), Scale: h.give.EngineScale},
			))
			m = m.Mul(plainMid(p.Mids, &h))
		}
		if i == 0 {
			gross, mid = g, m
		} else {
			gross, mid = gross.Add(g), mid.Add(m)
		}
	}
	net := text.Per(
		money.Num{Coef: int64(pl.Out), Scale: pl.Buy.EngineScale},
		money.Num{Coef: int64(pl.In), Scale: pl.Sell.EngineScale},
	)
	loss := func(from, to text.Ratio) string { return from.Sub(to).Div(from).Bps().Ceil(bpsScale) }
	w.Key("mid_rate")
	strOrNull(w, mid.Valid(), mid.Significant(rateDigits), false)
	w.Key("slippage_bps")
	strOrNull(w, mid.Valid(), loss(mid, gross), false)
	w.Key("fee_bps").Str(loss(gross, net))
}

func strOrNull(w *wire.Writer, ok bool, s string, zero bool) {
	switch {
	case !ok:
		w.Null()
	case zero:
		w.Str("0.000000000000000000")
	default:
		w.Str(s)
	}
}

// ceilSignificant is Significant with the rounding of a cost.
func ceilSignificant(r text.Ratio) string {
	for d := range uint8(money.MaxScale) {
		least := text.Per(money.Num{Coef: money.Pow10(rateDigits - 1)}, money.Num{Coef: money.Pow10(d)})
		if diff := r.Sub(least).Floor(18); diff != "" && diff[0] != '-' {
			return r.Ceil(d)
		}
	}
	return r.Ceil(money.MaxScale)
}

func plainMid(mids []engine.Mid, h *hopSum) text.Ratio {
	i := slices.IndexFunc(mids, func(m engine.Mid) bool {
		return m.Give == h.give.Symbol && m.Get == h.get.Symbol
	})
	if i < 0 || !mids[i].Known {
		return text.Ratio{}
	}
	mid := text.Per(mids[i].Bid, one).Mean(text.Per(mids[i].Ask, one))
	if mids[i].Inverse {
		mid = mid.Inverse()
	}
	return mid
}
