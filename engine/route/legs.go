package route

import (
	"chronos.dev/engine/plan"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// replay sweeps the hops of the chosen path once more, in integers, and writes
// the plan down.
func (s *Solver) replay(a *Answer) {
	hops := len(a.Path) - 1
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
		amount = s.replayHop(h, a.Path[h], a.Path[h+1], amount, p.ExactOut)
	}
	p.In, p.Out = s.req.In, amount
	if p.ExactOut {
		p.In, p.Out = amount, s.req.Out
	}
	p.Routes = s.routes(a.Path)
	for h := range hops {
		for _, f := range s.fills[h] {
			a.Used = append(a.Used, f.Market)
		}
	}
}

// replayHop fills hop h and returns its other amount. The search has done the
// same sweep before, so it cannot fail.
func (s *Solver) replayHop(h int, from, to graph.AssetID, x money.Amount, exactOut bool) money.Amount {
	e := s.snap.Edge(from, to)
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
// fills.
func (s *Solver) routes(path []graph.AssetID) []plan.Route {
	var routes []plan.Route
	for _, f := range s.fills[0] {
		routes = append(routes, plan.Route{Legs: []plan.Leg{s.leg(f, path[0], path[1])}})
	}
	for h := 1; h < len(path)-1; h++ {
		routes = s.extend(routes, s.fills[h], path[h], path[h+1])
	}
	return routes
}

// extend appends a hop to the routes.
func (s *Solver) extend(routes []plan.Route, fills []Fill, from, to graph.AssetID) []plan.Route {
	var longer []plan.Route
	rest := make([]plan.Leg, len(fills))
	for i, f := range fills {
		rest[i] = s.leg(f, from, to)
	}
	for _, r := range routes {
		for r.Out() > 0 {
			piece := r
			next := rest[0]
			switch {
			case r.Out() > next.In:
				piece, r = cutRoute(r, next.In)
				rest = rest[1:]
			case r.Out() < next.In:
				next, rest[0] = cutLeg(next, r.Out())
				r = plan.Route{Legs: []plan.Leg{{}}}
			default:
				rest = rest[1:]
				r = plan.Route{Legs: []plan.Leg{{}}}
			}
			piece.Legs = append(piece.Legs[:len(piece.Legs):len(piece.Legs)], next)
			longer = append(longer, piece)
		}
	}
	return longer
}

// cutRoute splits r where its output is out: every amount in proportion, down,
// and the rest to the second part, so that the two sum to r.
func cutRoute(r plan.Route, out money.Amount) (first, second plan.Route) {
	first.Legs = make([]plan.Leg, len(r.Legs))
	second.Legs = make([]plan.Leg, len(r.Legs))
	for i := len(r.Legs) - 1; i >= 0; i-- {
		first.Legs[i], second.Legs[i] = cutLegOut(r.Legs[i], out)
		out = first.Legs[i].In
	}
	return first, second
}

// cutLegOut splits a leg where its output is out.
func cutLegOut(l plan.Leg, out money.Amount) (first, second plan.Leg) {
	first, second = l, l
	first.Out = out
	first.In = share(l.In, out, l.Out)
	return shareRest(l, first, second)
}

// cutLeg splits a leg where its input is in.
func cutLeg(l plan.Leg, in money.Amount) (first, second plan.Leg) {
	first, second = l, l
	first.In = in
	first.Out = share(l.Out, in, l.In)
	return shareRest(l, first, second)
}

func shareRest(l, first, second plan.Leg) (plan.Leg, plan.Leg) {
	first.Fee = share(l.Fee, first.In, l.In)
	second.In, second.Out, second.Fee = l.In-first.In, l.Out-first.Out, l.Fee-first.Fee
	return first, second
}

// share returns x * part / whole, down; nothing of nothing. A piece of a chain
// can be so small that an amount on its way rounds to nothing.
func share(x, part, whole money.Amount) money.Amount {
	if whole == 0 {
		return 0
	}
	return mulDiv(part, x, whole, money.Down)
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
	if l.Action == plan.Buy && s.snap.States[f.Market].Fee.On == market.FeeQuote {
		l.FeeAsset, l.Fee = l.GiveAsset, f.In-f.Gross
	}
	return l
}
