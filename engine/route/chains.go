package route

import (
	"cmp"
	"slices"

	"chronos.dev/engine/plan"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// hop is all that a flow does between two assets.
type hop struct {
	from, to graph.AssetID
	fills    []Fill // by market name; none is empty
}

func (h *hop) in() (sum money.Amount) {
	for i := range h.fills {
		sum += h.fills[i].In
	}
	return sum
}

// chains writes a flow down as routes of one market a hop. What reaches an asset
// and what leaves it are laid side by side in a fixed order and cut where either
// ends, like a staircase, so that every chain carries one amount all the way and
// the sums stay those of the fills. What goes on to another asset between is
// served from what came straight from Sell, so no chain has more than three hops.
//
// A chain can be so thin that an amount on its way is nothing: of one minor unit
// no two routes can have a part each, and the last unit given to a hop may be
// worth less than one unit of what it becomes.
func (s *Solver) chains(hops []hop) []plan.Route {
	s.sortHops(hops)
	arrived := map[graph.AssetID][]plan.Route{} // at an asset between
	var done []plan.Route
	for i := range hops { // S -> T and S -> a
		if h := &hops[i]; h.from == s.req.Sell {
			routes := make([]plan.Route, 0, len(h.fills))
			for _, f := range h.fills {
				legs := make([]plan.Leg, 0, plan.MaxHops)
				routes = append(routes, plan.Route{Legs: append(legs, s.leg(f, h.from, h.to))})
			}
			if h.to == s.req.Buy {
				done = append(done, routes...)
			} else {
				arrived[h.to] = routes
			}
		}
	}
	moved := map[graph.AssetID][]plan.Route{} // from one asset between to another
	for i := range hops {
		if h := &hops[i]; h.from != s.req.Sell && h.to != s.req.Buy {
			var served []plan.Route
			served, arrived[h.from] = cutRoutes(arrived[h.from], h.in())
			moved[h.to] = append(moved[h.to], s.extend(served, h.fills, h.from, h.to)...)
		}
	}
	for i := range hops { // a -> T
		if h := &hops[i]; h.from != s.req.Sell && h.to == s.req.Buy {
			routes := append(arrived[h.from], moved[h.from]...)
			done = append(done, s.extend(routes, h.fills, h.from, h.to)...)
		}
	}
	return s.sortRoutes(done)
}

// sortHops orders hops by the names of their assets, so that the same flow is
// written the same way in every process.
func (s *Solver) sortHops(hops []hop) {
	name := func(a graph.AssetID) string { return s.snap.Assets[a].Symbol }
	slices.SortFunc(hops, func(a, b hop) int {
		return cmp.Or(cmp.Compare(name(a.from), name(b.from)), cmp.Compare(name(a.to), name(b.to)))
	})
}

// cutRoutes splits routes where their output is out in all. Routes so thin that
// nothing comes out of them go with the first part, which leads on.
func cutRoutes(routes []plan.Route, out money.Amount) (first, rest []plan.Route) {
	for i, r := range routes {
		switch {
		case out == 0 && r.Out() > 0:
			return first, routes[i:]
		case r.Out() <= out:
			first, out = append(first, r), out-r.Out()
		default:
			piece, r := cutRoute(r, out)
			return append(first, piece), append([]plan.Route{r}, routes[i+1:]...)
		}
	}
	if out > 0 {
		panic("route: a flow leaves an asset that did not reach it")
	}
	return first, nil
}

// sortRoutes puts the routes of a path side by side, the path that takes most
// first; then the one with fewer hops, then by names.
func (s *Solver) sortRoutes(routes []plan.Route) []plan.Route {
	took := map[pathKey]money.Amount{}
	for i := range routes {
		took[keyOf(&routes[i])] += routes[i].In()
	}
	slices.SortStableFunc(routes, func(a, b plan.Route) int {
		p, q := keyOf(&a), keyOf(&b)
		return cmp.Or(cmp.Compare(took[q], took[p]), cmp.Compare(len(a.Legs), len(b.Legs)),
			cmp.Compare(p[0], q[0]), cmp.Compare(p[1], q[1]))
	})
	return routes
}

// pathKey names the assets between of a route.
type pathKey [plan.MaxHops - 1]string

func keyOf(r *plan.Route) (k pathKey) {
	for i := range len(r.Legs) - 1 {
		k[i] = r.Legs[i].GetAsset.Symbol
	}
	return k
}
