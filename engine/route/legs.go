package route

import (
	"slices"

	"chronos.dev/engine/plan"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// replay sweeps the hops of the chosen path once more, in integers, and writes
// the plan down.
func (s *Solver) replay(a *Answer) {
	hops := len(a.Path) - 1
	edges := make([]*graph.Edge, hops)
	for h := range hops {
		edges[h] = s.snap.Edge(a.Path[h], a.Path[h+1])
	}
	s.replayOn(a, edges)
}

// replayOn sweeps the edges of a path, which carry the request.
func (s *Solver) replayOn(a *Answer, edges []*graph.Edge) {
	hops := len(edges)
	p := &a.Plan
	p.Sell, p.Buy = s.asset(s.req.Sell), s.asset(s.req.Buy)
	p.ExactOut = s.req.Out > 0
	amount := s.req.In
	for h := range hops {
		if p.ExactOut {
			h = hops - 1 - h
			if h == hops-1 {
				amount = s.req.Out
			}
		}
		amount = s.replayHop(h, edges[h], amount, p.ExactOut)
	}
	p.In, p.Out = s.req.In, amount
	if p.ExactOut {
		p.In, p.Out = amount, s.req.Out
	}
	p.Routes = s.routes(a.Path)
	p.Settle = p.Settles()
	for h := range hops {
		for _, f := range s.fills[h] {
			a.Used = append(a.Used, f.Market)
		}
	}
}

// replayHop fills hop h and returns its other amount. The search has done the
// same sweep before, so it cannot fail.
func (s *Solver) replayHop(h int, e *graph.Edge, x money.Amount, exactOut bool) money.Amount {
	var y money.Amount
	var ok bool
	if exactOut {
		y, ok = s.sweep.out(s, e, x)
	} else {
		y, ok = s.sweep.in(s, e, x)
	}
	if !ok {
		panic("route: the replay of a found path failed")
	}
	s.fills[h] = s.sweep.fills(s.fills[h][:0])
	s.last[h] = s.sweep.last
	return y
}

// routes turns the fills of each hop into chains of one market a hop. The
// routes of hop h are cut where the fills of hop h+1 end, like a staircase, so
// that each chain carries one amount all the way and the sums stay those of the
// fills. A chain can be so thin that an amount on its way is nothing: of one
// minor unit no two routes can have a part each, and the last unit given to a
// hop may be worth less than one unit of what it becomes.
func (s *Solver) routes(path []graph.AssetID) []plan.Route {
	routes := make([]plan.Route, 0, len(s.fills[0]))
	for _, f := range s.fills[0] {
		legs := make([]plan.Leg, 0, plan.MaxHops)
		routes = append(routes, plan.Route{Legs: append(legs, s.leg(f, path[0], path[1]))})
	}
	for h := 1; h < len(path)-1; h++ {
		routes = s.extend(routes, s.fills[h], path[h], path[h+1])
	}
	return routes
}

// extend appends a hop to the routes.
func (s *Solver) extend(routes []plan.Route, fills []Fill, from, to graph.AssetID) []plan.Route {
	longer := make([]plan.Route, 0, len(routes)+len(fills))
	chain := func(r plan.Route, l plan.Leg) {
		longer = append(longer, plan.Route{Legs: append(r.Legs, l)})
	}
	next, fills := s.leg(fills[0], from, to), fills[1:]
	for _, r := range routes {
		for r.Out() > next.In {
			var piece plan.Route
			piece, r = cutRoute(r, next.In)
			chain(piece, next)
			next, fills = s.leg(fills[0], from, to), fills[1:]
		}
		var part plan.Leg
		part, next = cutLeg(next, r.Out())
		chain(r, part)
		if next.In == 0 && len(fills) > 0 {
			next, fills = s.leg(fills[0], from, to), fills[1:]
		}
	}
	return longer
}

// cutRoute splits r where its output is out: every amount in proportion, and the
// rest to the second part, so that the two sum to r.
func cutRoute(r plan.Route, out money.Amount) (first, second plan.Route) {
	first.Legs = make([]plan.Leg, len(r.Legs), plan.MaxHops)
	second.Legs = make([]plan.Leg, len(r.Legs), plan.MaxHops)
	for i, l := range slices.Backward(r.Legs) {
		in := share(l.In, out, l.Out)
		first.Legs[i], second.Legs[i] = splitLeg(l, in, out)
		out = in
	}
	return first, second
}

// cutLeg splits a leg where its input is in.
func cutLeg(l plan.Leg, in money.Amount) (first, second plan.Leg) {
	return splitLeg(l, in, share(l.Out, in, l.In))
}

// splitLeg splits a leg in two, the first of in and out. The fee goes with the
// amount that it is taken from; the other may be so coarse that its parts have
// another proportion.
func splitLeg(l plan.Leg, in, out money.Amount) (first, second plan.Leg) {
	first, second = l, l
	first.In, first.Out = in, out
	part, whole := out, l.Out
	if l.FeeAsset.Symbol == l.GiveAsset.Symbol {
		part, whole = in, l.In
	}
	if whole > 0 {
		first.Fee = mulDiv(part, l.Fee, whole, money.Down)
	}
	second.In, second.Out, second.Fee = l.In-in, l.Out-out, l.Fee-first.Fee
	return first, second
}

// share returns x * part / whole, down, but something for a part of something
// where both parts can have it.
func share(x, part, whole money.Amount) money.Amount {
	switch {
	case part == 0:
		return 0
	case part == whole:
		return x
	}
	return max(mulDiv(part, x, whole, money.Down), min(1, x-1), 0)
}

// leg writes down a fill.
func (s *Solver) leg(f Fill, from, to graph.AssetID) plan.Leg {
	m := &s.snap.Markets[f.Market]
	l := plan.Leg{
		Key: m.Key, Action: plan.Buy,
		GiveAsset: s.asset(from), GetAsset: s.asset(to), In: f.In, Out: f.Out,
	}
	if from == m.Base {
		l.Action = plan.Sell
	}
	l.FeeAsset, l.Fee = l.GetAsset, f.Gross-f.Out
	if l.Action == plan.Buy && s.snap.State(f.Market).Fee.On == market.FeeQuote {
		l.FeeAsset, l.Fee = l.GiveAsset, f.In-f.Gross
	}
	l.Settle = s.snap.State(f.Market).Settle
	if o := f.Option; o != nil {
		l.Tier, l.TierIndex, l.HasTier, l.Settle = o.Name, o.Tier, true, o.Settle
	}
	return l
}
