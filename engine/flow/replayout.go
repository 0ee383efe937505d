package flow

import (
	"math"

	"chronos.dev/money"
)

// replayOut asks for the output, layer by layer from the end, and reports whether
// every node gets what is asked of it: where no level is partly filled, rounding
// can leave one short.
func (s *Solver) replayOut() bool {
	s.blank()
	f, n, r := &s.plan, &s.net, &s.result
	f.group = appendOut(f.group[:0], &n.direct, none)
	for i := range n.last {
		f.group = appendOut(f.group, &n.last[i], int32(i))
	}
	if s.moreOut(spread(f.group, s.p.Out)) > 0 {
		return false
	}
	r.Out = s.p.Out
	for _, g := range f.group {
		if in, _ := g.side.want(g.amount); g.node == none {
			r.In = money.AddStop(r.In, in)
		} else {
			f.second[g.node] = in
		}
	}
	for i := range n.assets {
		if f.second[i] > 0 {
			s.askFor(int32(i))
		}
	}
	for i := range n.assets {
		if y := f.arrived[i]; y > 0 {
			d := n.first[i].side
			if d == nil {
				return false
			}
			in, given := d.want(y)
			if given < y {
				return false
			}
			r.In = money.AddStop(r.In, in)
		}
	}
	return true
}

// moreOut asks the next levels of whichever side into T costs least for what no
// part of the group can give, and returns what none gives.
func (s *Solver) moreOut(left money.Amount) money.Amount {
	f := &s.plan
	for i := range f.group {
		f.group[i].side.out = f.group[i].amount
	}
	for left > 0 {
		g := s.nextIn()
		if g.side == nil {
			break
		}
		g.amount = g.side.gives(left)
		g.side.out += g.amount
		f.group, left = added(f.group, g), left-g.amount
	}
	return left
}

// nextIn is the side into T whose next level costs least.
func (s *Solver) nextIn() (best part) {
	n, nu := &s.net, &s.result.Prices
	cost := math.Inf(1)
	if c := nu.Source / n.direct.rate; c < cost && n.direct.side.gives(1) > 0 {
		best, cost = part{side: n.direct.side, node: none}, c
	}
	for i := range n.last {
		if c := nu.Two[n.assets[i]] / n.last[i].rate; c < cost && n.last[i].side.gives(1) > 0 {
			best, cost = part{side: n.last[i].side, node: int32(i)}, c
		}
	}
	return best
}

// askFor asks other assets for what (a,2) must have, and (a,1) for the rest.
func (s *Solver) askFor(i int32) {
	f, n := &s.plan, &s.net
	f.group = f.group[:0]
	for k := n.start[i]; k < n.start[i+1]; k++ {
		f.group = appendOut(f.group, &n.laterals[k].arc, n.laterals[k].from)
	}
	f.group = append(f.group, s.stays(i, len(f.group) == 0))
	left := spread(f.group, f.second[i])
	f.group[len(f.group)-1].amount += left
	for _, g := range f.group {
		in := g.amount
		if g.side != nil {
			in, _ = g.side.want(g.amount)
		}
		f.arrived[g.node] = money.AddStop(f.arrived[g.node], in)
	}
}

// overpay buys what is wanted with a few units more than it costs: it goes on
// augmenting until a plan for the input, rounded from S to T, gives enough, and
// then takes as little of that input as still does. What comes out beyond is
// forgone. If nothing is enough, the market ends before the order.
func (s *Solver) overpay() {
	p, r := s.p, &s.result
	for extra := 1 + p.Out>>40; ; extra *= 8 {
		s.goal = min(float64(p.Out)+float64(extra), math.MaxInt64)
		ended := !s.goOn()
		s.replayIn(units(math.Ceil(s.in)))
		if r.Out >= p.Out {
			break
		}
		if s.plan.short {
			return // more of the order is no help
		}
		if ended || extra > math.MaxInt64/8 {
			r.Partial = true
			s.price()
			return
		}
	}
	enough := r.In
	for step := enough >> 1; step > 0; step >>= 1 {
		if s.replayIn(enough - step); r.Out >= p.Out {
			enough = r.In
		}
	}
	s.replayIn(enough)
	s.claim(r.Out - p.Out)
}

// goOn does more of an order than has been done.
func (s *Solver) goOn() (done bool) {
	if s.result.Spent {
		return s.coast()
	}
	return s.augment()
}

// claim lowers what the sides into T give by units, and what bundles give there by
// what is left of them.
func (s *Solver) claim(less money.Amount) {
	n := &s.net
	s.result.Out -= less
	take := func(d *side) {
		if d != nil {
			l := min(less, d.out)
			d.out, less = d.out-l, less-l
		}
	}
	take(n.direct.side)
	for i := range n.last {
		take(n.last[i].side)
	}
	s.result.Over = less
}
