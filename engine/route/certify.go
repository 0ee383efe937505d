package route

import (
	"cmp"
	"slices"

	"chronos.dev/engine/branch"
	"chronos.dev/engine/plan"
	"chronos.dev/graph"
)

// sideRef is a side that a plan uses.
type sideRef struct {
	market graph.MarketID
	action plan.Action
	rank   uint64 // by market and action
}

// certify writes down what anybody needs to check the plan against the books: the
// bound with the node prices that give it, and what the used sides were.
func (s *Solver) certify(a *Answer) {
	b := &a.Plan.Bound
	b.Method, b.Amount, b.Considered = Method, s.proof.amount, s.net.books
	b.MaxHops, b.MaxSettle = s.req.MaxHops, s.req.MaxSettle
	if len(s.req.Barred) > 0 {
		for v, name := range s.snap.Venues {
			if s.req.bars(graph.VenueID(v)) {
				b.Barred = append(b.Barred, name)
			}
		}
		slices.Sort(b.Barred)
	}
	switch {
	case len(s.proof.leaves) > 0:
		s.writeLeaves(b)
	case s.proof.known:
		b.Sell, b.Buy, b.Nodes = s.nodes(b.Nodes, s.proof.at)
	}
	s.writeSides(a)
}

// writeLeaves writes the cases down that prove a bound together.
func (s *Solver) writeLeaves(b *plan.Bound) {
	for i := range s.proof.leaves {
		l := &s.proof.leaves[i]
		s.byAsset(s.proof.next, &l.Nu)
		leaf := plan.Leaf{}
		if n := len(b.Leaves); n < cap(b.Leaves) {
			was := &b.Leaves[:n+1][n]
			leaf.Choices, leaf.Nodes = was.Choices[:0], was.Nodes[:0]
		}
		leaf.Sell, leaf.Buy, leaf.Nodes = s.nodes(leaf.Nodes, s.proof.next)
		for _, c := range l.Choices {
			id := s.net.markets[c.Side][c.Book]
			m, from := &s.snap.Markets[id], s.net.edges[c.Side].From
			choice := plan.Choice{Key: m.Key, Action: plan.Buy, Tier: c.Option}
			if from == m.Base {
				choice.Action = plan.Sell
			}
			if c.Option != branch.None {
				choice.Tier = s.side(id, from).Options[c.Option].Tier
			}
			leaf.Choices = append(leaf.Choices, choice)
		}
		b.Leaves = append(b.Leaves, leaf)
	}
}

// nodes are the node prices that are not zero, by the names of assets.
func (s *Solver) nodes(nodes []plan.Node, at *wholePrices) (sell, buy uint64, _ []plan.Node) {
	n := 0
	for _, id := range s.net.assets {
		n += int(min(at.one[id]|at.two[id], 1))
	}
	nodes = slices.Grow(nodes, n)
	for _, id := range s.net.assets {
		if at.one[id]|at.two[id] > 0 {
			nodes = append(nodes, plan.Node{Asset: s.asset(id).Symbol, One: at.one[id], Two: at.two[id]})
		}
	}
	return at.source, at.target, nodes
}

// noteSides notes the side of every fill that some route uses.
func (s *Solver) noteSides(a *Answer) {
	refs := &s.refs[0]
	if a.Path != nil {
		refs = &s.refs[1] // beside those of a split
	}
	*refs = (*refs)[:0]
	for i := range s.hopped {
		h := &s.hopped[i]
		for j := range h.fills {
			if !s.used[h.first+j] {
				continue
			}
			r := sideRef{market: h.fills[j].Market, action: plan.Buy}
			if h.from == s.snap.Markets[r.market].Base {
				r.action = plan.Sell
			}
			r.rank = s.snap.MarketRank(r.market)<<2 | uint64(r.action)
			*refs = append(*refs, r)
		}
	}
	a.sides = *refs
}

// writeSides notes the sides that a plan uses, by market.
func (s *Solver) writeSides(a *Answer) {
	slices.SortFunc(a.sides, func(p, q sideRef) int { return cmp.Compare(p.rank, q.rank) })
	sides := slices.Grow(a.Plan.Bound.Sides, len(a.sides))
	for _, r := range a.sides {
		key, st := s.snap.Markets[r.market].Key, s.snap.State(r.market)
		sides = append(sides, plan.Side{
			Key: key, Action: r.action, Epoch: st.View.Epoch, Seq: st.View.Seq,
			Digest: *st.Digest(key, r.action == plan.Sell),
		})
	}
	a.Plan.Bound.Sides = sides
}
