package route

import (
	"slices"

	"chronos.dev/engine/branch"
	"chronos.dev/engine/plan"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// Lots are no part of the problem of the kernel: its bound is of a market that trades
// any amount. Here the fills of a plan are brought to whole lots. For an amount to
// sell that goes from S to T: of what a hop is given, what is less than a lot of one
// book goes to another of the same hop that makes something of it, or is given up; for
// an amount to buy it goes from T to S, and every book is given enough for whole lots.

// flowing is what reaches the assets between in the first layer, and in the second.
type flowing struct {
	one, two map[graph.AssetID]money.Amount
}

// wholeLots brings the hops of a plan to whole lots, and its amounts with them; with
// others, books that it does not use yet may take what is less than a lot of one. It
// reports false where that leaves no plan.
func (s *Solver) wholeLots(a *Answer, others bool) bool {
	if !s.hasLots() {
		return true
	}
	f := flowing{map[graph.AssetID]money.Amount{}, map[graph.AssetID]money.Amount{}}
	for i := range s.hopped {
		h := &s.hopped[i]
		h.fills = slices.Clone(h.fills)
		if others && !a.Plan.ExactOut {
			s.addOthers(h)
		}
	}
	if a.Plan.ExactOut && !s.lotsBack(&a.Plan, f) || !a.Plan.ExactOut && !s.lotsOn(&a.Plan, f) {
		return false
	}
	s.flows = s.flows[:0]
	for i := range s.hopped {
		h := &s.hopped[i]
		if h.in() > 0 {
			h.fills = slices.DeleteFunc(h.fills, func(f Fill) bool { return f.In == 0 })
		} else {
			h.fills = h.fills[:1]
		}
		h.first = len(s.flows)
		s.flows = append(s.flows, h.fills...)
	}
	return true
}

// addOthers adds books to a hop, with nothing to do yet.
func (s *Solver) addOthers(h *hop) {
	e := s.snap.Edge(h.from, h.to)
	for _, id := range e.Markets {
		if s.usable[id] && len(s.side(id, h.from).Arcs) > 0 &&
			!slices.ContainsFunc(h.fills, func(f Fill) bool { return f.Market == id }) {
			h.fills = append(h.fills, Fill{Market: id})
		}
	}
}

// hasLots reports whether a plan uses a book that trades whole lots.
func (s *Solver) hasLots() bool {
	for i := range s.hopped {
		h := &s.hopped[i]
		for j := range h.fills {
			if s.side(h.fills[j].Market, h.from).Lot > 0 {
				return true
			}
		}
	}
	return false
}

// lotsOn goes from S to T.
func (s *Solver) lotsOn(p *plan.Plan, f flowing) bool {
	p.Out = 0
	for i := range s.hopped {
		h := &s.hopped[i]
		if h.from != s.req.Sell {
			continue
		}
		if !s.refit(h, h.in()) {
			return false
		}
		if h.to == s.req.Buy {
			p.Out = h.out()
		} else {
			f.one[h.to] += h.out()
		}
	}
	for i := range s.hopped {
		if h := &s.hopped[i]; h.from != s.req.Sell && h.to != s.req.Buy {
			total := f.one[h.from]
			if !s.lastOut(i) {
				total = min(total, h.in())
			}
			if !s.refit(h, total) {
				return false
			}
			f.one[h.from] -= h.in()
			f.two[h.to] += h.out()
		}
	}
	for i := range s.hopped {
		if h := &s.hopped[i]; h.from != s.req.Sell && h.to == s.req.Buy {
			if !s.refit(h, f.one[h.from]+f.two[h.from]) {
				return false
			}
			p.Out = money.AddStop(p.Out, h.out())
		}
	}
	return p.Out > 0
}

// lastOut reports whether no hop after the i-th leads on from the same asset.
func (s *Solver) lastOut(i int) bool {
	for j := range s.hopped {
		if h := &s.hopped[j]; h.from == s.hopped[i].from && (j > i || h.to == s.req.Buy) {
			return false
		}
	}
	return true
}

// lotsBack goes from T to S.
func (s *Solver) lotsBack(p *plan.Plan, f flowing) bool {
	straight := map[graph.AssetID]bool{}
	for i := range s.hopped {
		h := &s.hopped[i]
		if h.from == s.req.Sell {
			straight[h.to] = true
		} else if h.to != s.req.Buy {
			f.two[h.to] -= h.out()
		}
		if h.to == s.req.Buy {
			if !s.afford(h, h.out()) {
				return false
			}
			f.two[h.from] += h.in()
		}
	}
	for i := range s.hopped {
		h := &s.hopped[i]
		if h.from == s.req.Sell || h.to == s.req.Buy {
			continue
		}
		more := money.Amount(0)
		if !straight[h.to] { // else that brings what is missing
			more, f.two[h.to] = f.two[h.to], 0
		}
		if !s.afford(h, h.out()+more) {
			return false
		}
		f.one[h.from] += h.in()
	}
	p.In = 0
	for i := range s.hopped {
		h := &s.hopped[i]
		if h.from != s.req.Sell {
			continue
		}
		if h.to != s.req.Buy && !s.afford(h, f.one[h.to]+f.two[h.to]) {
			return false
		}
		p.In = money.AddStop(p.In, h.in())
	}
	return true
}

// refit makes what a hop is given total, and what it gives what that gives in whole
// lots. It reports false where the fills do not take it.
func (s *Solver) refit(h *hop, total money.Amount) bool {
	left := total - h.in()
	for i := range h.fills { // what is not claimed of them stays unclaimed
		f := &h.fills[i]
		f.Out -= max(gives(f, s.side(f.Market, h.from), f.In), f.Out)
	}
	for round := range 2 { // books without lots first
		for i := range h.fills {
			f := &h.fills[i]
			side := s.side(f.Market, h.from)
			if left == 0 || round == 0 && side.Lot > 0 {
				continue
			}
			least, most := money.Amount(0), side.SumIn
			if f.Option != nil {
				least, most = f.Option.Entry.In, branch.Holds(f.Option)
			}
			was := f.In
			f.In = min(max(f.In+left, least), most)
			left -= f.In - was
		}
	}
	if left != 0 {
		return false
	}
	for i := range h.fills {
		s.spill(h, i)
	}
	for i := range h.fills {
		f := &h.fills[i]
		side := s.side(f.Market, h.from)
		f.Out = max(f.Out+gives(f, side, f.In), 0)
		regross(f, side)
	}
	return true
}

// spill offers what a fill has beyond its whole lots to the other books of its hop.
func (s *Solver) spill(h *hop, i int) {
	f := &h.fills[i]
	side := s.side(f.Market, h.from)
	if side.Lot == 0 {
		return
	}
	rest := f.In - costs(f, side, gives(f, side, f.In))
	if rest <= 0 { // by rounding, what an option gives may cost a unit more
		return
	}
	best, most := -1, money.Amount(0)
	for j := range h.fills {
		g := &h.fills[j]
		other := s.side(g.Market, h.from)
		if j == i || g.Option != nil || g.In > other.SumIn-rest {
			continue
		}
		if more := other.Gives(g.In+rest) - other.Gives(g.In); more > most {
			best, most = j, more
		}
	}
	if best >= 0 {
		f.In, h.fills[best].In = f.In-rest, h.fills[best].In+rest
	}
}

// afford makes what a hop gives total, and what it is given enough for that in whole
// lots. It reports false where the fills do not give it.
func (s *Solver) afford(h *hop, total money.Amount) bool {
	left := total - h.out()
	for round := range 2 { // books with lots first: they may give it already
		for i := range h.fills {
			f := &h.fills[i]
			side := s.side(f.Market, h.from)
			if left == 0 || round == 0 && side.Lot == 0 {
				continue
			}
			if costs(f, side, f.Out+left) > 0 {
				f.Out, left = f.Out+left, 0
			}
		}
	}
	for i := range h.fills {
		f := &h.fills[i]
		side := s.side(f.Market, h.from)
		in := costs(f, side, f.Out)
		if in == 0 {
			return false
		}
		f.In = max(f.In, in)
		regross(f, side)
	}
	return left == 0
}

// gives is what a fill gives for in, in whole lots.
func gives(f *Fill, side *graph.Side, in money.Amount) money.Amount {
	if f.Option == nil {
		return side.Gives(in)
	}
	out := branch.Gives(f.Option, in)
	if side.Lot > 0 {
		out = min(out, side.GivesBound(in))
	}
	return out
}

// costs is what a fill is to be given for out, in whole lots; 0 if nothing suffices.
func costs(f *Fill, side *graph.Side, out money.Amount) money.Amount {
	if f.Option == nil {
		return side.Costs(out)
	}
	in := branch.Costs(f.Option, max(out, f.Option.Entry.Out))
	if side.Lot > 0 && in > 0 {
		lots := side.CostsBound(out)
		if lots == 0 || lots > branch.Holds(f.Option) {
			return 0
		}
		in = max(in, lots)
	}
	return in
}

// regross sets what a fill is before fees.
func regross(f *Fill, side *graph.Side) {
	if f.Option == nil {
		f.Gross = gross(side, f.In, f.Out)
	} else {
		f.Gross = optionGross(side, f.In, f.Out)
	}
}
