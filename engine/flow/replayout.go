package flow

import (
	"math"

	"chronos.dev/money"
)

// replayOut asks for the output, layer by layer from the end.
func (s *Solver) replayOut() {
	f, n, r := &s.fills, &s.net, &s.result
	total := s.p.Out
	f.group = s.appendOut(f.group[:0], n.direct)
	for _, a := range n.between {
		f.group = s.appendOut(f.group, n.last[a])
	}
	r.Out = total - spread(f.group, total)
	for _, g := range f.group {
		in := s.ask(g)
		if from := s.sides[g.side].from; from == s.p.Source {
			r.In = money.AddStop(r.In, in)
		} else {
			f.second[from] = in
		}
	}
	for _, a := range n.between {
		if f.second[a] > 0 {
			s.askFor(a)
		}
	}
	for _, a := range n.between {
		if y := f.arrived[a]; y > 0 {
			i := n.first[a]
			in, given := money.Amount(0), money.Amount(0)
			if i != none {
				in, given = s.sides[i].want(y)
				f.in[i], f.out[i] = in, given
			}
			r.Failed = r.Failed || given < y
			r.In = money.AddStop(r.In, in)
		}
	}
}

// askFor asks other assets for what (a,2) must have, and (a,1) for the rest.
func (s *Solver) askFor(a int32) {
	f, n := &s.fills, &s.net
	f.group = f.group[:0]
	for _, i := range n.lateral {
		if s.sides[i].to == a {
			f.group = s.appendOut(f.group, i)
		}
	}
	stays := money.Amount(n.stay[a])
	f.group = append(f.group, part{none, stays, 0})
	if stays > 0 || len(f.group) == 1 {
		f.group[len(f.group)-1].room = math.MaxInt64 - stays
	}
	left := spread(f.group, f.second[a])
	f.group[len(f.group)-1].amount += left
	for _, g := range f.group {
		if g.side == none {
			f.arrived[a] = money.AddStop(f.arrived[a], g.amount)
		} else {
			from := s.sides[g.side].from
			f.arrived[from] = money.AddStop(f.arrived[from], s.ask(g))
		}
	}
}

// ask fills a side for the amount of a part and returns what that costs.
func (s *Solver) ask(g part) money.Amount {
	in, given := s.sides[g.side].want(g.amount)
	s.fills.in[g.side], s.fills.out[g.side] = in, given
	return in
}
