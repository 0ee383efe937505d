package facts

import (
	"math"

	"chronos.dev/engine"
	"chronos.dev/market"
	"chronos.dev/money"
)

// dollars are the US dollar and what stands for one, in the order in which they
// are believed.
var dollars = [...]string{"USD", "USDT", "USDC", "BUSD", "DAI"}

// through is the asset by which the worth of those is known that no dollar buys.
const through = "BTC"

// top is the best bid and ask of a pair over all books in use, 0 where there is
// none.
type top struct{ bid, ask float64 }

// tops are the pairs that are looked at.
type tops map[market.Pair]top

// want adds the pairs that tell what an asset is worth.
func (t tops) want(symbol string) {
	for _, a := range [...]string{symbol, through} {
		for _, b := range append(dollars[:], through) {
			t[market.Pair{Base: a, Quote: b}], t[market.Pair{Base: b, Quote: a}] = top{}, top{}
		}
	}
}

// look takes the best of every book of these pairs at now, in one pass.
func (t tops) look(e *engine.Engine, now int64) {
	for pair := range t {
		t[pair] = top{}
	}
	if len(t) == 0 {
		return
	}
	for _, st := range e.Markets(now) {
		best, wanted := t[st.Key.Pair]
		if !wanted || !st.Usable {
			continue
		}
		v := st.View
		if len(v.Bids) > 0 {
			best.bid = max(best.bid, number(money.Num{Coef: int64(v.Bids[0].Price), Scale: v.PriceScale}))
		}
		if len(v.Asks) > 0 {
			ask := number(money.Num{Coef: int64(v.Asks[0].Price), Scale: v.PriceScale})
			if best.ask == 0 || ask < best.ask {
				best.ask = ask
			}
		}
		t[st.Key.Pair] = best
	}
}

// middle is the middle of best bid and best ask of a pair, 0 if one is missing.
func (t tops) middle(pair market.Pair) float64 {
	b := t[pair]
	if b.bid == 0 || b.ask == 0 {
		return 0
	}
	return (b.bid + b.ask) / 2
}

func number(n money.Num) float64 { return float64(n.Coef) / math.Pow10(int(n.Scale)) }

// rate is how much of b one unit of a is, by books of the pair or its inverse; 0
// if there are none.
func (t tops) rate(a, b string) float64 {
	if r := t.middle(market.Pair{Base: a, Quote: b}); r > 0 {
		return r
	}
	if r := t.middle(market.Pair{Base: b, Quote: a}); r > 0 {
		return 1 / r
	}
	return 0
}

// worth is what one unit of an asset is in dollars: directly, or through BTC; 0
// if neither is known.
func (t tops) worth(symbol string) float64 {
	if r := t.direct(symbol); r > 0 {
		return r
	}
	return t.rate(symbol, through) * t.direct(through)
}

func (t tops) direct(symbol string) float64 {
	for _, d := range dollars {
		if symbol == d {
			return 1
		}
	}
	for _, d := range dollars {
		if r := t.rate(symbol, d); r > 0 {
			return r
		}
	}
	return 0
}

// Worths returns what one unit of each asset is in dollars at now, Unix
// nanoseconds, as a Watch sees it; 0 where it is not known.
func Worths(e *engine.Engine, symbols []string, now int64) map[string]float64 {
	t := tops{}
	for _, symbol := range symbols {
		t.want(symbol)
	}
	t.look(e, now)
	worths := make(map[string]float64, len(symbols))
	for _, symbol := range symbols {
		worths[symbol] = t.worth(symbol)
	}
	return worths
}
