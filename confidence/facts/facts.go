package facts

import (
	"math"
	"time"

	"chronos.dev/confidence"
	"chronos.dev/engine"
	"chronos.dev/market"
	"chronos.dev/money"
)

// hub says whether an asset is one of those that are traded everywhere and
// deeply.
func hub(symbol string) bool {
	switch symbol {
	case "BTC", "ETH", "USD", "USDT", "USDC", "EUR":
		return true
	}
	return false
}

// Of returns the facts of a price that is to be held for horizon. What the Watch
// does not know yet it notes for its next look.
func (w *Watch) Of(p *engine.Price, horizon time.Duration) confidence.Facts {
	pl := &p.Plan
	f := confidence.Facts{Horizon: horizon}
	for _, symbol := range [...]string{pl.Sell.Symbol, pl.Buy.Symbol} {
		if hub(symbol) {
			f.Hubs++
		}
	}
	for i := range pl.Routes {
		f.Hops = max(f.Hops, len(pl.Routes[i].Legs))
	}
	v := w.view.Load()
	f.Dollars = w.dollars(v, pl.Sell, pl.Buy, pl.In, pl.Out)
	f.Spread, f.SpreadKnown = widest(p.Mids)
	f.Volatility, f.VolatilityKnown = w.wildest(v, p.Mids)
	return f
}

// dollars is the worth of an order, by what is sold, else by what is bought;
// negative if neither is known.
func (w *Watch) dollars(v *view, sell, buy market.Asset, in, out money.Amount) int64 {
	if d := w.inDollars(v, sell, in); d >= 0 {
		return d
	}
	return w.inDollars(v, buy, out)
}

func (w *Watch) inDollars(v *view, a market.Asset, amount money.Amount) int64 {
	r, known := v.worths[a.Symbol]
	if !known {
		ask(w.assets, a.Symbol)
	}
	if r == 0 {
		return -1
	}
	return int64(min(number(money.Num{Coef: int64(amount), Scale: a.EngineScale})*r, math.MaxInt64/2))
}

// ask notes what is to be followed, if there is room.
func ask[T any](c chan T, v T) {
	select {
	case c <- v:
	default:
	}
}

// widest is the spread of the widest hop, unknown where that of one is.
func widest(mids []engine.Mid) (confidence.Change, bool) {
	most, known := confidence.Lost, len(mids) > 0
	for i := range mids {
		m := &mids[i]
		if !m.Known {
			return 0, false
		}
		bid, ask := number(m.Bid), number(m.Ask)
		most = max(most, change(2*(ask-bid)/(ask+bid)))
	}
	return most, known
}

// wildest is the volatility of the wildest hop, unknown where that of one is. It
// asks for every hop that is not followed.
func (w *Watch) wildest(v *view, mids []engine.Mid) (confidence.Change, bool) {
	most, known := confidence.Change(0), len(mids) > 0
	for i := range mids {
		m, followed := v.pairs[mids[i].Pair]
		if !followed {
			ask(w.pairs, mids[i].Pair)
		}
		most, known = max(most, m.volatility), known && m.known
	}
	if !known {
		return 0, false
	}
	return most, true
}
