package sample

import (
	"cmp"
	"math"
	"slices"

	"chronos.dev/book"
	"chronos.dev/confidence/facts"
	"chronos.dev/engine"
	"chronos.dev/market"
	"chronos.dev/money"
)

// sizes are the worths of orders in dollars: one of each of the lower classes of
// a bucket.
var sizes = [...]float64{800, 8_000, 80_000, 800_000}

// tops are how many times the best level an order is whose worth nobody knows.
var tops = [...]float64{1, 10, 100}

// orders are what is priced at every step, each with its place. A pair joins when
// both sides of one of its books are seen.
type orders struct {
	list     []engine.Request
	pairs    map[market.Pair]bool // that have joined, or cannot
	indirect int                  // how many more pairs without a market may join
}

func newOrders(indirect int) orders {
	return orders{pairs: map[market.Pair]bool{}, indirect: indirect}
}

// look adds the orders of pairs that are seen for the first time.
func (o *orders) look(e *engine.Engine, now int64) {
	var live []engine.MarketStatus
	var symbols []string
	for _, st := range e.Markets(now) {
		if st.Usable && len(st.View.Bids) > 0 && len(st.View.Asks) > 0 {
			live = append(live, st)
			symbols = append(symbols, st.Key.Pair.Base, st.Key.Pair.Quote)
		}
	}
	worths := facts.Worths(e, symbols, now)
	for _, st := range live {
		if o.join(st.Key.Pair) {
			o.trade(e, st.Key.Pair, st.View, worths)
		}
	}
	o.between(e, worths)
}

// join reports whether a pair is new, either way round, and remembers it.
func (o *orders) join(p market.Pair) bool {
	if o.pairs[p] || o.pairs[market.Pair{Base: p.Quote, Quote: p.Base}] {
		return false
	}
	o.pairs[p] = true
	return true
}

// trade adds the orders of a pair that has a market.
func (o *orders) trade(e *engine.Engine, pair market.Pair, v *book.View, worths map[string]float64) {
	if worths[pair.Base] > 0 && worths[pair.Quote] > 0 {
		o.sized(e, pair, worths)
		return
	}
	bid, ask := v.Bids[0], v.Asks[0]
	size := func(l book.Level) float64 { return float64(l.Size) / math.Pow10(int(v.SizeScale)) }
	price := float64(ask.Price) / math.Pow10(int(v.PriceScale))
	for _, n := range tops {
		o.add(e, pair.Base, pair.Quote, n*size(bid))
		o.add(e, pair.Quote, pair.Base, n*size(ask)*price)
	}
}

// sized adds orders of a pair by their worth.
func (o *orders) sized(e *engine.Engine, pair market.Pair, worths map[string]float64) {
	for _, dollars := range sizes {
		o.add(e, pair.Base, pair.Quote, dollars/worths[pair.Base])
		o.add(e, pair.Quote, pair.Base, dollars/worths[pair.Quote])
	}
}

// between adds pairs that no market trades, the alphabetically first of those
// whose worths are known.
func (o *orders) between(e *engine.Engine, worths map[string]float64) {
	var known []string
	for symbol, w := range worths {
		if w > 0 {
			known = append(known, symbol)
		}
	}
	slices.SortFunc(known, cmp.Compare[string])
	for i, a := range known {
		for _, b := range known[i+1:] {
			if o.indirect > 0 && o.join(market.Pair{Base: a, Quote: b}) {
				o.indirect--
				o.sized(e, market.Pair{Base: a, Quote: b}, worths)
			}
		}
	}
}

// add adds one order, as far as it can be counted.
func (o *orders) add(e *engine.Engine, sell, buy string, amount float64) {
	a, ok := e.Asset(sell)
	units := amount * math.Pow10(int(a.EngineScale))
	if !ok || units < 1 || units > math.MaxInt64/2 {
		return
	}
	o.list = append(o.list, engine.Request{Sell: sell, Buy: buy, In: money.Amount(units)})
}
