package route

import (
	"cmp"
	"slices"

	"chronos.dev/engine/branch"
	"chronos.dev/engine/plan"
	"chronos.dev/graph"
)

// certify writes down what anybody needs to check the plan against the books: the
// bound with the node prices that give it, and what the used sides were.
func (s *Solver) certify(a *Answer) {
	b := &a.Plan.Bound
	*b = plan.Bound{Method: Method, Amount: s.proof.amount, MaxHops: s.req.MaxHops, MaxSettle: s.req.MaxSettle}
	for i := range s.snap.Markets {
		st := s.snap.State(graph.MarketID(i))
		if s.usable[i] {
			b.Considered += s.counts(&st.Sell) + s.counts(&st.Buy)
		}
	}
	for v, name := range s.snap.Venues {
		if s.req.bars(graph.VenueID(v)) {
			b.Barred = append(b.Barred, name)
		}
	}
	slices.Sort(b.Barred)
	switch {
	case len(s.proof.leaves) > 0:
		s.writeLeaves(b)
	case s.proof.known:
		b.Sell, b.Buy, b.Nodes = s.nodes(s.proof.at)
	}
	s.writeSides(a)
}

// counts is 1 for a side that offers anything.
func (s *Solver) counts(side *graph.Side) int {
	if s.holds(side) {
		return 1
	}
	return 0
}

// writeLeaves writes the cases down that prove a bound together.
func (s *Solver) writeLeaves(b *plan.Bound) {
	for i := range s.proof.leaves {
		l := &s.proof.leaves[i]
		s.byAsset(s.proof.next, &l.Nu)
		leaf := plan.Leaf{}
		leaf.Sell, leaf.Buy, leaf.Nodes = s.nodes(s.proof.next)
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

// writeSides notes the sides that a plan uses, by market.
func (s *Solver) writeSides(a *Answer) {
	b := &a.Plan.Bound
	for i := range a.Plan.Routes {
		for j := range a.Plan.Routes[i].Legs {
			s.writeSide(b, &a.Plan.Routes[i].Legs[j])
		}
	}
	slices.SortFunc(b.Sides, func(p, q plan.Side) int {
		return cmp.Or(graph.CmpKey(p.Key, q.Key), cmp.Compare(p.Action, q.Action))
	})
}

// nodes are the node prices that are not zero, by the names of assets.
func (s *Solver) nodes(at *wholePrices) (sell, buy uint64, nodes []plan.Node) {
	for _, id := range s.snap.ByName() {
		if s.between(id) && at.one[id]|at.two[id] > 0 {
			nodes = append(nodes, plan.Node{Asset: s.asset(id).Symbol, One: at.one[id], Two: at.two[id]})
		}
	}
	return at.source, at.target, nodes
}

// writeSide notes the side that a leg uses, once.
func (s *Solver) writeSide(b *plan.Bound, l *plan.Leg) {
	if slices.ContainsFunc(b.Sides, func(p plan.Side) bool { return p.Key == l.Key && p.Action == l.Action }) {
		return
	}
	id, _ := s.snap.Market(l.Key)
	st := s.snap.State(id)
	b.Sides = append(b.Sides, plan.Side{
		Key: l.Key, Action: l.Action, Epoch: st.View.Epoch, Seq: st.View.Seq,
		Digest: *st.Digest(l.Key, l.Action == plan.Sell),
	})
}
