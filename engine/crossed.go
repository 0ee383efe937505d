package engine

import (
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Crossed is a pair whose best bid at one venue is above the best ask at another:
// free money if it were true, so first of all a reason to doubt the data. No
// route is ever made of it, for none visits an asset twice.
type Crossed struct {
	Pair     market.Pair
	Bid, Ask graph.Quote // the best of each, before fees
	// Net reports that selling where the most is paid and buying back where the
	// least is asked leaves more than was begun with, after taker fees.
	Net bool
}

// Crossed returns the pairs that are crossed at now between usable books, in the
// order of their registration.
func (e *Engine) Crossed(now int64) []Crossed {
	s := e.solvers.Get().(*scratch)
	defer e.solvers.Put(s)
	e.graph.Load(&s.snap)
	var all []Crossed
	seen := map[market.Pair]bool{}
	for i := range s.snap.Markets {
		pair := s.snap.Markets[i].Key.Pair
		if seen[pair] {
			continue
		}
		seen[pair] = true
		top := s.snap.Consolidate(pair, 1, now, int64(e.opts.StaleAfter))
		if len(top.Bids) == 0 || len(top.Asks) == 0 || top.Bids[0].Price.Cmp(top.Asks[0].Price) <= 0 {
			continue
		}
		all = append(all, Crossed{
			Pair: pair, Bid: top.Bids[0], Ask: top.Asks[0], Net: e.pays(&s.snap, i, now),
		})
	}
	return all
}

// pays reports whether the best way to sell the pair of a market and the best
// way to buy it back give more than was begun with.
func (e *Engine) pays(snap *graph.Snapshot, id int, now int64) bool {
	m := &snap.Markets[id]
	sell, ok := e.bestArc(snap, m.Base, m.Quote, now)
	if !ok {
		return false
	}
	buy, ok := e.bestArc(snap, m.Quote, m.Base, now)
	// sell.Out/sell.In x buy.Out/buy.In > 1
	return ok && money.CmpRate(sell.Out, sell.In, buy.In, buy.Out) > 0
}

// bestArc is the best first level from one asset into another.
func (e *Engine) bestArc(snap *graph.Snapshot, from, to graph.AssetID, now int64) (best graph.Arc, ok bool) {
	for _, id := range snap.Edge(from, to).Markets {
		st := snap.State(id)
		if _, usable := st.Usable(now, int64(e.opts.StaleAfter)); !usable {
			continue
		}
		side := st.Side(&snap.Markets[id], from)
		if len(side.Arcs) > 0 && (!ok || side.Arcs[0].Cmp(best) > 0) {
			best, ok = side.Arcs[0], true
		}
	}
	return best, ok
}
