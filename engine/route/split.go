package route

import (
	"cmp"
	"slices"

	"chronos.dev/engine/flow"
	"chronos.dev/engine/plan"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// network is the market of a request as the kernel wants it: assets by the rank
// of their names, so that ties go the same way in every process.
type network struct {
	problem flow.Problem
	sides   []flow.Side        // memory of the problem's
	edges   []*graph.Edge      // by side
	markets [][]graph.MarketID // by side and book
}

// split finds the best plan over all venues and paths, nil if there is none or
// the books end before the order. The kernel's result is kept, for its bound.
func (s *Solver) split() *Answer {
	s.build()
	r := s.kernel.Solve(&s.net.problem)
	s.best = r
	if r.Partial || r.Failed || r.In == 0 || r.Out == 0 {
		return nil
	}
	a := &Answer{}
	p := &a.Plan
	p.Sell, p.Buy = s.asset(s.req.Sell), s.asset(s.req.Buy)
	p.In, p.Out, p.ExactOut = r.In, r.Out, s.req.Out > 0
	p.Routes = s.chains(s.hops(r, a))
	if !p.Sums() {
		return nil // what rounding has left nowhere to go; a single path loses less
	}
	return a
}

// build states the request as a problem of the kernel.
func (s *Solver) build() {
	n := &s.net
	p := &n.problem
	p.Assets, p.MaxHops, p.In, p.Out = len(s.snap.Assets), s.req.MaxHops, s.req.In, s.req.Out
	p.Source, p.Target = s.snap.Rank(s.req.Sell), s.snap.Rank(s.req.Buy)
	n.edges = n.edges[:0]
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
		if side := s.side(id, e.From); s.usable[id] && len(side.Arcs) > 0 {
			d.Books, n.markets[i] = append(d.Books, side), append(n.markets[i], id)
		}
	}
}

// hops writes down what the kernel does with each edge.
func (s *Solver) hops(r *flow.Result, a *Answer) []hop {
	var hops []hop
	for i := range r.Fills {
		f := &r.Fills[i]
		e := s.net.edges[f.Side]
		if len(hops) == 0 || hops[len(hops)-1].from != e.From || hops[len(hops)-1].to != e.To {
			hops = append(hops, hop{from: e.From, to: e.To})
		}
		id := s.net.markets[f.Side][f.Book]
		h := &hops[len(hops)-1]
		h.fills = append(h.fills, Fill{id, f.In, f.Out, gross(s.side(id, e.From), f.In, f.Out)})
		a.Used = append(a.Used, id)
	}
	return hops
}

// gross is what a fill of in and out is before the fee, see graph.Side.
func gross(side *graph.Side, in, out money.Amount) (sum money.Amount) {
	for i, a := range side.Arcs {
		if in == 0 {
			break
		}
		take, got := min(in, a.In), min(out, a.Out)
		if take < a.In {
			got = min(out, mulDiv(take, a.Out, a.In, money.Down))
		}
		sum = money.AddStop(sum, grossOf(side, i, take, got))
		in, out = in-take, out-got
	}
	return sum
}

// grossOf is the gross amount of a part of one arc.
func grossOf(side *graph.Side, i int, in, out money.Amount) money.Amount {
	a, all := side.Arcs[i], side.Gross[i]
	switch {
	case in == a.In && out == a.Out:
		return all
	case side.FeeOnIn:
		return mulDiv(in, all, a.In, money.Down)
	}
	return max(mulDiv(out, all, a.Out, money.Down), out)
}

// better reports whether plan p beats q: more for the same, or the same for less.
func better(p, q *plan.Plan) bool {
	if p.ExactOut {
		return p.In < q.In
	}
	return p.Out > q.Out
}
