package route

import (
	"fmt"
	"math"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// Follow answers req along a route of the caller's own: one market a hop, in
// order, each of which trades the asset that the one before gives. The plan has
// no bound. It fails with *StaleError, *DepthError or, where nothing comes out,
// *NoRouteError.
func (s *Solver) Follow(snap *graph.Snapshot, req Request, markets []graph.MarketID) (*Answer, error) {
	req.check()
	s.snap, s.req, s.following = snap, req, true
	s.policy()
	a := &Answer{Path: []graph.AssetID{req.Sell}}
	edges := make([]*graph.Edge, len(markets))
	at := req.Sell
	for i, id := range markets {
		m := &snap.Markets[id]
		e := &graph.Edge{From: at, To: m.Quote, Pair: m.Pair, Markets: markets[i : i+1]}
		if at == m.Quote {
			e.To = m.Base
		}
		at = e.To
		s.touch(e)
		edges[i], a.Path = e, append(a.Path, at)
		if !s.usable[id] {
			u, ok := snap.State(id).Usable(req.Now, req.StaleAfter)
			a.LeftOut = append(a.LeftOut, graph.LeftOut{Key: m.Key, Usability: u, Barred: ok})
		}
	}
	if len(a.LeftOut) > 0 {
		return nil, &StaleError{a.LeftOut}
	}
	if s.value(edges) == 0 {
		return nil, s.refuseRoute(edges)
	}
	if !s.replayOn(a, edges, false) {
		if s.uncountable() {
			return nil, fmt.Errorf("route: amounts on the way: %w", money.ErrOverflow)
		}
		return nil, &NoRouteError{Reason: BelowMinimum} // of lots
	}
	s.writeSides(a)
	return a, nil
}

// refuseRoute says why a route does not carry the request.
func (s *Solver) refuseRoute(edges []*graph.Edge) error {
	var in, out money.Amount
	for _, e := range edges {
		if side := s.side(e.Markets[0], e.From); len(side.Options) > 0 && !s.holds(side) {
			return &NoRouteError{Reason: Policy}
		}
	}
	if s.belowEntry(edges) {
		return &NoRouteError{Reason: BelowMinimum}
	}
	if s.req.In > 0 {
		if in, out = s.depthIn(edges); s.req.In <= in {
			return &NoRouteError{Reason: BelowMinimum}
		}
	} else {
		in, out = s.depthOut(edges)
	}
	if in == 0 || out == 0 { // what a hop gives at most is too little for the next
		in, out = 0, 0
	}
	return &DepthError{Most: Amounts{in, out}}
}

// belowEntry reports whether more than the request is the least that some hop of a
// route can be used for.
func (s *Solver) belowEntry(edges []*graph.Edge) bool {
	amount := s.req.In
	if s.req.Out > 0 {
		return false // the least output of a hop says nothing of the next
	}
	for _, e := range edges {
		least := money.Amount(math.MaxInt64)
		s.eachOption(e, func(o *graph.Option) { least = min(least, o.Entry.In) })
		if len(s.side(e.Markets[0], e.From).Options) > 0 && amount < least {
			return true
		}
		if amount, _ = s.gives(e, amount); amount == 0 {
			return false
		}
	}
	return false
}
