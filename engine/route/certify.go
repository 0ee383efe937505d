package route

import (
	"cmp"
	"slices"

	"chronos.dev/engine/plan"
	"chronos.dev/graph"
)

// certify writes down what anybody needs to check the plan against the books: the
// bound with the node prices that give it, and what the used sides were.
func (s *Solver) certify(a *Answer) {
	b := &a.Plan.Bound
	*b = plan.Bound{Method: Method, Amount: s.proof.amount, MaxHops: s.req.MaxHops}
	for i, st := range s.snap.States {
		if s.usable[i] {
			b.Considered += min(len(st.Sell.Arcs), 1) + min(len(st.Buy.Arcs), 1)
		}
	}
	for v, name := range s.snap.Venues {
		if s.req.bars(graph.VenueID(v)) {
			b.Barred = append(b.Barred, name)
		}
	}
	slices.Sort(b.Barred)
	if s.proof.known {
		s.writePrices(b)
	}
	s.writeSides(a)
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

// writePrices writes the node prices that are not zero, by the names of assets.
func (s *Solver) writePrices(b *plan.Bound) {
	at := s.proof.at
	b.Sell, b.Buy = at.source, at.target
	for _, id := range s.snap.ByName() {
		if s.between(id) && at.one[id]|at.two[id] > 0 {
			b.Nodes = append(b.Nodes, plan.Node{Asset: s.asset(id).Symbol, One: at.one[id], Two: at.two[id]})
		}
	}
}

// writeSide notes the side that a leg uses, once.
func (s *Solver) writeSide(b *plan.Bound, l *plan.Leg) {
	if slices.ContainsFunc(b.Sides, func(p plan.Side) bool { return p.Key == l.Key && p.Action == l.Action }) {
		return
	}
	id, _ := s.snap.Market(l.Key)
	st := s.snap.States[id]
	b.Sides = append(b.Sides, plan.Side{
		Key: l.Key, Action: l.Action, Epoch: st.View.Epoch, Seq: st.View.Seq,
		Digest: *st.Digest(l.Key, l.Action == plan.Sell),
	})
}
