package route

import (
	"math"
	"slices"
	"time"

	"chronos.dev/engine/flow"
	"chronos.dev/engine/plan"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// split finds the best plan over all venues and paths, nil if there is none or
// the books end before the order. The kernel's result is kept, for its bound.
func (s *Solver) split() *Answer {
	s.build()
	s.chosen, s.hopped = nil, s.hopped[:0]
	var r *flow.Result
	if s.net.options {
		s.chosen = s.chooser.Solve(&s.net.problem, s.req.MaxSettle)
		r = &s.chosen.Result
	} else {
		r = s.kernel.Solve(&s.net.problem)
	}
	s.best = r
	if r.Partial || r.Failed || r.In == 0 || r.Out == 0 {
		return nil
	}
	a := s.memory.split.empty()
	p := &a.Plan
	p.Sell, p.Buy = s.asset(s.req.Sell), s.asset(s.req.Buy)
	p.In, p.Out, p.ExactOut = r.In, r.Out, s.req.Out > 0
	p.Degraded = r.Spent || s.chosen != nil && s.chosen.Cut
	hops := s.hops(r)
	if !s.wholeLots(a, true) {
		return nil
	}
	if r.Failed = s.uncountable(); r.Failed {
		return nil
	}
	s.chains(hops)
	s.write(a)
	if !p.Sums() {
		return nil // what rounding has left nowhere to go; a single path loses less
	}
	return a
}

// hops writes down what the kernel does with each edge, by the names of its assets
// as the edges are.
func (s *Solver) hops(r *flow.Result) []hop {
	s.flows, s.hopped = slices.Grow(s.flows[:0], len(r.Fills)), s.hopped[:0]
	for i := range r.Fills {
		f := &r.Fills[i]
		e := s.net.edges[f.Side]
		if last := len(s.hopped) - 1; last < 0 || s.hopped[last].from != e.From || s.hopped[last].to != e.To {
			s.hopped = append(s.hopped, hop{from: e.From, to: e.To, at: last + 1, first: len(s.flows)})
		}
		id := s.net.markets[f.Side][f.Book]
		side := s.side(id, e.From)
		fill := Fill{Market: id, In: f.In, Out: f.Out, Option: s.option(f, side)}
		regross(&fill, side)
		s.flows = append(s.flows, fill)
		h := &s.hopped[len(s.hopped)-1]
		h.fills = s.flows[h.first:]
	}
	s.endNothing()
	return s.hopped
}

// endNothing leads on what has become nothing on its way: the last unit of an order
// may be worth less than one unit of the next asset. It is no part of what goes on
// from there, if anything does, so it gets a hop of nothing into nothing.
func (s *Solver) endNothing() {
	s.marks = zeroed(s.marks, len(s.snap.Assets))
	for i := range s.hopped { // assets that something leads on from
		s.marks[s.hopped[i].from] = 1
	}
	for i := range s.hopped {
		from := s.hopped[i].to
		if from == s.req.Buy || s.marks[from] > 0 {
			continue
		}
		side := slices.IndexFunc(s.net.edges, func(e *graph.Edge) bool { return e.From == from && e.To == s.req.Buy })
		if side < 0 {
			continue
		}
		books := s.net.problem.Sides[side].Books
		if j := slices.IndexFunc(books, func(b *graph.Side) bool { return len(b.Arcs) > 0 }); j >= 0 {
			first := len(s.flows)
			s.flows = append(s.flows, Fill{Market: s.net.markets[side][j]})
			s.hopped = append(s.hopped, hop{
				from: from, to: s.req.Buy, at: len(s.hopped), first: first, fills: s.flows[first:],
			})
			s.marks[from] = 1
		}
	}
}

// option is what a fill uses of a side with options, nil for a book.
func (s *Solver) option(f *flow.Fill, side *graph.Side) *graph.Option {
	if s.chosen != nil {
		for _, c := range s.chosen.Used {
			if c.Side == f.Side && c.Book == f.Book {
				return &side.Options[c.Option]
			}
		}
	}
	return nil
}

// holds reports whether a side offers anything that settles in time.
func (s *Solver) holds(side *graph.Side) bool {
	if len(side.Arcs) > 0 {
		return true
	}
	for i := range side.Options {
		if s.inTime(side.Options[i].Settle) {
			return true
		}
	}
	return false
}

// inTime reports whether something settles soon enough for the request.
func (s *Solver) inTime(settle time.Duration) bool {
	return s.req.MaxSettle == 0 || settle <= s.req.MaxSettle
}

// gross is what a fill of in and out is before the fee, see graph.Side.
func gross(side *graph.Side, in, out money.Amount) (sum money.Amount) {
	for i, a := range side.Arcs {
		if in == 0 {
			break
		}
		take, got := min(in, a.In), min(out, a.Out)
		if take < a.In {
			got = min(out, side.Part(i, take))
		}
		sum = money.AddStop(sum, grossOf(side, i, take, got))
		in, out = in-take, out-got
	}
	return sum
}

// optionGross is gross where a fill uses an option: of a provider's tiers just what
// it gives, since these are prices after all fees.
func optionGross(side *graph.Side, in, out money.Amount) money.Amount {
	if book, gives := side.Book(out); book != nil {
		return gross(book, in, gives)
	}
	return out
}

// uncountable reports that what is traded for an asset before fees does not fit,
// although what is left after them does. Where it fits, so does all that is kept of
// the asset: fees of what is received are part of it, and fees of what is given are
// part of the rest.
func (s *Solver) uncountable() bool {
	all := money.Amount(0) // of all assets together, which nearly always fits
	for i := range s.hopped {
		h := &s.hopped[i]
		for j := range h.fills {
			all = money.AddStop(all, s.traded(h, &h.fills[j]))
		}
	}
	if all < math.MaxInt64 {
		return false
	}
	return slices.ContainsFunc(s.hopped, func(h hop) bool { return !s.countable(h.to) })
}

// countable reports whether what is traded for an asset before fees fits. A fill
// that takes a fee and is as large as can be counted has been cut.
func (s *Solver) countable(asset graph.AssetID) bool {
	left := money.Amount(math.MaxInt64)
	for i := range s.hopped {
		h := &s.hopped[i]
		if h.to != asset {
			continue
		}
		for j := range h.fills {
			f := &h.fills[j]
			v := s.traded(h, f)
			if v > left || v == math.MaxInt64 && !s.feeOnIn(h, f) && s.snap.State(f.Market).Fee.Rate > 0 {
				return false
			}
			left -= v
		}
	}
	return true
}

// traded is what a fill gets before the fee.
func (s *Solver) traded(h *hop, f *Fill) money.Amount {
	if s.feeOnIn(h, f) {
		return f.Out
	}
	return f.Gross
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
