package route

import (
	"cmp"
	"slices"

	"chronos.dev/engine/flow"
	"chronos.dev/graph"
)

// build states the request as a problem of the kernel.
func (s *Solver) build() {
	n := &s.net
	p := &n.problem
	p.Assets, p.MaxHops, p.In, p.Out = len(s.snap.Assets), s.req.MaxHops, s.req.In, s.req.Out
	p.Source, p.Target = s.snap.Rank(s.req.Sell), s.snap.Rank(s.req.Buy)
	n.edges, n.options = n.edges[:0], false
	first := s.edges(s.req.Sell)
	for i := range first {
		n.edges = append(n.edges, &first[i])
	}
	if s.req.MaxHops >= 2 {
		s.buildBetween(first)
	}
	rank := s.snap.Rank
	slices.SortFunc(n.edges, func(a, b *graph.Edge) int {
		return cmp.Or(cmp.Compare(rank(a.From), rank(b.From)), cmp.Compare(rank(a.To), rank(b.To)))
	})
	for len(n.sides) < len(n.edges) {
		n.sides, n.markets = append(n.sides, flow.Side{}), append(n.markets, nil)
	}
	p.Sides = n.sides[:len(n.edges)]
	for i, e := range n.edges {
		s.buildSide(i, e)
	}
}

// buildBetween adds the edges that leave an asset between.
func (s *Solver) buildBetween(first []graph.Edge) {
	n := &s.net
	back := s.edges(s.req.Buy) // whatever T turns into turns into T
	for i := range back {
		if v := back[i].To; s.between(v) {
			n.edges = append(n.edges, s.snap.Edge(v, s.req.Buy))
		}
	}
	if s.req.MaxHops < 3 {
		return
	}
	for i := range first {
		if !s.between(first[i].To) {
			continue
		}
		out := s.edges(first[i].To)
		for j := range out {
			if e := &out[j]; s.between(e.To) && s.snap.Edge(e.To, s.req.Buy) != nil {
				n.edges = append(n.edges, e)
			}
		}
	}
}

// buildSide states what the usable markets of an edge offer.
func (s *Solver) buildSide(i int, e *graph.Edge) {
	n := &s.net
	d := &n.problem.Sides[i]
	d.From, d.To = s.snap.Rank(e.From), s.snap.Rank(e.To)
	d.Books, n.markets[i] = d.Books[:0], n.markets[i][:0]
	for _, id := range e.Markets {
		if side := s.side(id, e.From); s.usable[id] && s.holds(side) {
			n.options = n.options || len(side.Options) > 0
			d.Books, n.markets[i] = append(d.Books, side), append(n.markets[i], id)
		}
	}
}
