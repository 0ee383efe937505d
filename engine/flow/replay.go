package flow

import (
	"math"
	"slices"

	"chronos.dev/money"
)

// fillState is what each side does in integers.
type fillState struct {
	in, out []money.Amount // by side
	arrived []money.Amount // by asset: at (a,1), or wanted there
	second  []money.Amount // by asset: at (a,2), or wanted there
	stayed  []money.Amount // by asset: of that, from (a,1)
	group   []part
	books   []Fill
}

// part is a share of what one node has to send, or wants to receive.
type part struct {
	side   int32 // none for the stay arc
	amount money.Amount
	room   money.Amount // beyond amount, at the same rate
}

// replay turns the flow into integers, from S to T, or for an amount wanted from
// T to S. Every node pays out exactly what it has received; where rounding leaves
// a unit too much or too little, it goes to the level that is partly filled.
func (s *Solver) replay() {
	f, p := &s.fills, s.p
	f.in, f.out = filled(f.in, len(p.Sides), 0), filled(f.out, len(p.Sides), 0)
	f.arrived, f.second = filled(f.arrived, p.Assets, 0), filled(f.second, p.Assets, 0)
	f.stayed = filled(f.stayed, p.Assets, 0)
	if p.In > 0 || s.result.Partial { // what all the market takes, whatever was asked
		s.replayIn()
	} else {
		s.replayOut()
	}
	r := &s.result
	r.Failed = r.Failed || s.overflows()
	// Of amounts beyond 2^53 a float can take the last units for done.
	r.Partial = r.Partial || p.In > 0 && r.In < p.In || p.Out > 0 && r.Out < p.Out
	s.writeFills()
}

// overflows reports that an amount on the way does not fit.
func (s *Solver) overflows() bool {
	f, r := &s.fills, &s.result
	most := max(r.In, r.Out)
	for i := range f.in {
		most = max(most, f.in[i], f.out[i])
	}
	for a := range f.arrived {
		most = max(most, f.arrived[a], f.second[a])
	}
	return most == math.MaxInt64
}

// replayIn sends the input on, layer by layer.
func (s *Solver) replayIn() {
	f, n := &s.fills, &s.net
	total := s.p.In
	if s.result.Partial {
		total = money.Amount(math.Min(s.in, math.MaxInt64))
	}
	f.group = s.appendIn(f.group[:0], n.direct)
	for _, a := range n.between {
		f.group = s.appendIn(f.group, n.first[a])
	}
	left := spread(f.group, total)
	s.result.In = total - s.regroup(left)
	for _, g := range f.group {
		out := s.send(g)
		if to := s.sides[g.side].to; to == s.p.Target {
			s.result.Out = money.AddStop(s.result.Out, out)
		} else {
			f.arrived[to] = out
		}
	}
	for _, a := range n.between {
		if f.arrived[a] > 0 {
			s.passOn(a)
		}
	}
	for _, a := range n.between {
		if x := f.second[a]; x > 0 {
			out, taken := money.Amount(0), money.Amount(0)
			if i := n.last[a]; i != none {
				out, taken = s.sides[i].give(x)
				f.in[i], f.out[i] = taken, out
			}
			s.forgo(a, x-taken)
			s.result.Out = money.AddStop(s.result.Out, out)
		}
	}
}

// brings reports whether anything comes out of a part.
func (s *Solver) brings(g part) bool {
	out, _ := s.sides[g.side].give(g.amount)
	return out > 0
}

// regroup gives left, and parts that are too small to bring anything, to sides
// that take them, and returns what none does.
func (s *Solver) regroup(left money.Amount) money.Amount {
	f := &s.fills
	if !slices.ContainsFunc(f.group, s.brings) {
		return left // so little that nothing comes out at all
	}
	for i := range f.group {
		if g := &f.group[i]; !s.brings(*g) {
			left, g.amount = left+g.amount, 0
		}
	}
	for i := range f.group {
		if g := &f.group[i]; left > 0 && g.amount > 0 {
			_, taken := s.sides[g.side].give(g.amount + left)
			left, g.amount = left-(taken-g.amount), taken
		}
	}
	return left
}

// passOn sends what has arrived at (a,1) on to other assets, and what is left of
// it to (a,2).
func (s *Solver) passOn(a int32) {
	f, n := &s.fills, &s.net
	f.group = f.group[:0]
	for _, i := range n.lateral {
		if s.sides[i].from == a {
			f.group = s.appendIn(f.group, i)
		}
	}
	stays := money.Amount(n.stay[a])
	f.group = append(f.group, part{none, stays, 0})
	if stays > 0 || len(f.group) == 1 {
		f.group[len(f.group)-1].room = math.MaxInt64 - stays
	}
	left := spread(f.group, f.arrived[a])
	for i := range f.group[:len(f.group)-1] {
		if g := &f.group[i]; !s.brings(*g) {
			left, g.amount = left+g.amount, 0
		}
	}
	f.group[len(f.group)-1].amount += left // to T after all, however little that brings
	for _, g := range f.group {
		if g.side == none {
			f.stayed[a], f.second[a] = g.amount, money.AddStop(f.second[a], g.amount)
		} else {
			to := s.sides[g.side].to
			f.second[to] = money.AddStop(f.second[to], s.send(g))
		}
	}
}

// forgo lowers what arrives at (a,2) by units that no level takes any more: the
// fills before it claim that much less than they are due.
func (s *Solver) forgo(a int32, units money.Amount) {
	f, n := &s.fills, &s.net
	if i := n.first[a]; i != none {
		less := min(units, f.stayed[a])
		f.out[i], units = f.out[i]-less, units-less
	}
	for _, i := range n.lateral {
		if s.sides[i].to == a {
			less := min(units, f.out[i])
			f.out[i], units = f.out[i]-less, units-less
		}
	}
}

// appendIn appends a side that carries something, with its input.
func (s *Solver) appendIn(group []part, i int32) []part {
	if i == none {
		return group
	}
	d := &s.sides[i]
	if d.full == 0 && d.used == 0 {
		return group
	}
	g := part{side: i}
	for k := range d.full {
		g.amount += d.pieces[k].arc.In
	}
	if d.used > 0 {
		used := min(money.Amount(d.used), d.pieces[d.full].arc.In)
		g.amount, g.room = g.amount+used, d.pieces[d.full].arc.In-used
	}
	return append(group, g)
}

// appendOut is appendIn by output.
func (s *Solver) appendOut(group []part, i int32) []part {
	if i == none {
		return group
	}
	d := &s.sides[i]
	if d.full == 0 && d.used == 0 {
		return group
	}
	g := part{side: i}
	for k := range d.full {
		g.amount += d.pieces[k].arc.Out
	}
	if d.used > 0 {
		p := &d.pieces[d.full]
		got := min(money.Amount(d.used*p.rate), p.arc.Out)
		g.amount, g.room = g.amount+got, p.arc.Out-got
	}
	return append(group, g)
}

// send fills a side with the amount of a part and returns what comes out.
func (s *Solver) send(g part) money.Amount {
	out, taken := s.sides[g.side].give(g.amount)
	s.fills.in[g.side], s.fills.out[g.side] = taken, out
	return out
}

// spread makes the amounts of a group sum to total, by what is partly filled
// first and then by any, and returns what none of them can take.
func spread(group []part, total money.Amount) (left money.Amount) {
	left = total
	for i := range group {
		left -= group[i].amount
	}
	for i := range group {
		if more := min(left, group[i].room); more > 0 {
			group[i].amount, left = group[i].amount+more, left-more
		}
	}
	for partly := range 2 {
		for i := range group {
			g := &group[i]
			if less := min(-left, g.amount); less > 0 && (partly == 1 || g.room > 0) {
				g.amount, left = g.amount-less, left+less
			}
		}
	}
	return left
}

// writeFills splits what each side does over its books.
func (s *Solver) writeFills() {
	f := &s.fills
	r := &s.result
	for i := range s.p.Sides {
		if f.in[i] == 0 && f.out[i] == 0 {
			continue
		}
		d := &s.sides[i]
		f.books = f.books[:0]
		in, out := f.in[i], f.out[i]
		for k := 0; in > 0 && k < len(d.pieces); k++ {
			p := &d.pieces[k]
			take := min(in, p.arc.In)
			got := min(p.arc.Out, out)
			if take < p.arc.In {
				got = min(mulDiv(take, p.arc.Out, p.arc.In, money.Down), out)
			}
			at := slices.IndexFunc(f.books, func(b Fill) bool { return b.Book == int(p.book) })
			if at < 0 {
				at = len(f.books)
				f.books = append(f.books, Fill{Side: i, Book: int(p.book)})
			}
			f.books[at].In += take
			f.books[at].Out += got
			in, out = in-take, out-got
		}
		slices.SortFunc(f.books, func(a, b Fill) int { return a.Book - b.Book })
		r.Fills = append(r.Fills, f.books...)
	}
}
