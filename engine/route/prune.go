package route

import (
	"math"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// chance is a hop between two other assets, and what the best path over it can be
// worth at most.
type chance struct {
	edge  *graph.Edge
	worth float64
}

// padding is by how much rounding of floats may have lowered the worth of a chance.
const padding = 1 + 1e-9

// worth is how good a path is whose value is v: more is better.
func (s *Solver) worth(v money.Amount) float64 {
	if s.req.Out > 0 {
		return 1 / float64(v)
	}
	return float64(v)
}

// eachChance calls try with all hops between two other assets that can belong to a
// path as good as the best, the most promising first, and with some that cannot. What
// a path is worth is bounded by the best rates of the hops that are not evaluated.
// Best is the worth of the best path known; try returns that of the one it has found,
// or 0.
func (s *Solver) eachChance(best float64, try func(e *graph.Edge) float64) {
	all, top := s.promises()
	if len(all) == 0 {
		return
	}
	all[0], all[top] = all[top], all[0]
	for i := range all {
		if all[i].worth*padding >= best {
			best = max(best, try(all[i].edge))
		}
	}
}

// promises lists the chances, and says which promises most. Hops with options promise
// anything.
func (s *Solver) promises() (all []chance, top int) {
	n := s.net
	s.tops, all = zeroed(s.tops, len(s.snap.Assets)), s.chances[:0]
	end := func(e *graph.Edge) (graph.AssetID, bool) { return e.From, e.To == s.req.Buy }
	if s.req.Out > 0 {
		end = func(e *graph.Edge) (graph.AssetID, bool) { return e.To, e.From == s.req.Sell }
	}
	rate := func(i int) float64 {
		if n.options {
			return math.Inf(1)
		}
		return s.kernel.Merged(&n.problem.Sides[i]).Top()
	}
	for i, e := range n.edges {
		if a, ok := end(e); ok {
			s.tops[a] = rate(i)
		}
	}
	for i, e := range n.edges {
		from, to := e.From, e.To
		if !s.between(from) || !s.between(to) {
			continue
		}
		if s.req.Out > 0 {
			from, to = to, from
		}
		if s.first[from] == 0 {
			continue
		}
		if w := s.worth(s.first[from]) * rate(i) * s.tops[to]; w > 0 {
			if all = append(all, chance{e, w}); w > all[top].worth {
				top = len(all) - 1
			}
		}
	}
	s.chances = all
	return all, top
}
