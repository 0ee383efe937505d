package flow

import (
	"math"
	"slices"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// replay is a plan in integers, beside what its sides keep of it.
type replay struct {
	arrived []money.Amount // by node: at (a,1), or wanted there
	second  []money.Amount // by node: at (a,2), or wanted there
	stayed  []money.Amount // by node: of that, from (a,1)
	group   []part
	books   []graph.Arc // by book of one side

	// Bundles: what they take and bring, by node and at the ends.
	takes1, takes2, brings1, brings2 []money.Amount
	takes, brings                    money.Amount
	bundled                          bool // any of these is not zero
	short                            bool // rounding has left a bundle without its input
}

// part is a share of what one node has to send, or wants to receive.
type part struct {
	side   *side // nil for the stay arc
	node   int32 // where the side leads, or comes from; none: S or T
	amount money.Amount
	room   money.Amount // beyond amount, at the same rate
}

// replay turns the flow into integers, from S to T, or for an amount wanted from
// T to S. Every node pays out exactly what it has received; where rounding leaves
// a unit too much or too little, it goes to the level that is partly filled.
func (s *Solver) replay() {
	r, p := &s.result, s.p
	switch {
	case r.Partial: // what all the market takes, whatever was asked
		s.replayIn(units(s.in))
	case p.In > 0:
		s.replayIn(p.In)
	case len(p.Bundles) > 0 || !s.replayOut():
		s.overpay()
	}
	r.Failed = s.overflows() || s.plan.short
	// Of amounts beyond 2^53 a float can take the last units for done.
	r.Partial = r.Partial || r.In < p.In || r.Out < p.Out
	s.writeFills()
}

// blank forgets what was replayed.
func (s *Solver) blank() {
	f, m := &s.plan, len(s.net.assets)
	f.arrived, f.second, f.stayed = sized(f.arrived, m, 0), sized(f.second, m, 0), sized(f.stayed, m, 0)
	for _, d := range s.sides.woken {
		d.in, d.out = 0, 0
	}
	s.result.In, s.result.Out, f.short = 0, 0, false
}

// overflows reports that an amount on the way does not fit.
func (s *Solver) overflows() bool {
	most := max(s.result.In, s.result.Out)
	for _, d := range s.sides.woken {
		most = max(most, d.in, d.out)
	}
	for i := range s.net.assets {
		most = max(most, s.plan.arrived[i], s.plan.second[i])
	}
	return most == math.MaxInt64
}

// replayIn sends the input on, layer by layer.
func (s *Solver) replayIn(total money.Amount) {
	s.blank()
	f, n, r := &s.plan, &s.net, &s.result
	s.bundle()
	if f.short = total < f.takes; f.short {
		r.Out = 0
		return
	}
	f.group = appendIn(f.group[:0], &n.direct, none)
	for i := range n.first {
		f.group = appendIn(f.group, &n.first[i], int32(i))
	}
	left := spread(f.group, total-f.takes)
	if slices.ContainsFunc(f.group, part.brings) { // else so little that nothing comes out at all
		left = s.more(left + drop(f.group))
	}
	for i := range f.group {
		g := &f.group[i]
		out, taken := g.side.give(g.amount)
		if left += g.amount - taken; g.node == none {
			r.Out = money.AddStop(r.Out, out)
		} else {
			f.arrived[g.node] = money.AddStop(f.arrived[g.node], out)
		}
	}
	r.In = total - left
	for i := range n.assets {
		if f.arrived[i]|f.takes1[i] > 0 {
			s.passOn(int32(i))
		}
	}
	for i := range n.assets {
		x := f.second[i] - f.takes2[i]
		if f.short = f.short || x < 0; x > 0 {
			var out, taken money.Amount
			if d := n.last[i].side; d != nil {
				out, taken = d.give(x)
			}
			s.forgo(int32(i), x-taken)
			r.Out = money.AddStop(r.Out, out)
		}
	}
	if f.short {
		r.In, r.Out = 0, 0
	}
}

// bundle notes what the bundles take and bring.
func (s *Solver) bundle() {
	f, n, m := &s.plan, &s.net, len(s.net.assets)
	bundled := len(s.p.Bundles) > 0
	if !bundled && !f.bundled && len(f.takes1) == m {
		return
	}
	f.bundled = bundled
	f.takes1, f.takes2 = sized(f.takes1, m, 0), sized(f.takes2, m, 0)
	f.brings1, f.brings2 = sized(f.brings1, m, 0), sized(f.brings2, m, 0)
	f.takes, f.brings = 0, 0
	for i := range s.p.Bundles {
		b := &s.p.Bundles[i]
		d := &s.p.Sides[b.Side]
		take, bring := &f.takes, &f.brings
		switch {
		case d.From == s.p.Source:
		case d.To == s.p.Target:
			take = &f.takes2[n.node[d.From]]
		default:
			take = &f.takes1[n.node[d.From]]
		}
		switch {
		case d.To == s.p.Target:
		case d.From == s.p.Source:
			bring = &f.brings1[n.node[d.To]]
		default:
			bring = &f.brings2[n.node[d.To]]
		}
		*take, *bring = money.AddStop(*take, b.In), money.AddStop(*bring, b.Out)
	}
	s.result.Out = f.brings
	copy(f.arrived, f.brings1)
	copy(f.second, f.brings2)
}

// brings reports whether anything comes out of a part.
func (g part) brings() bool {
	out, _ := g.side.give(g.amount)
	return out > 0
}

// drop empties the parts of a group that are too small to bring anything and
// returns what they were.
func drop(group []part) (left money.Amount) {
	for i := range group {
		if g := &group[i]; !g.brings() {
			left, g.amount = left+g.amount, 0
		}
	}
	return left
}

// more offers what no part of the group can take to the next levels of whichever
// side out of S is worth most, and returns what none takes.
func (s *Solver) more(left money.Amount) money.Amount {
	f := &s.plan
	for i := range f.group {
		f.group[i].side.in = f.group[i].amount
	}
	for left > 0 {
		g := s.nextOut()
		if g.side == nil {
			break
		}
		g.amount = g.side.takes(left)
		g.side.in += g.amount
		f.group, left = added(f.group, g), left-g.amount
	}
	return left
}

// nextOut is the side out of S whose next level is worth most.
func (s *Solver) nextOut() (best part) {
	n, nu := &s.net, &s.result.Prices
	worth := 0.0
	if w := n.direct.rate * nu.Target; w > worth && n.direct.side.takes(1) > 0 {
		best, worth = part{side: n.direct.side, node: none}, w
	}
	for i := range n.first {
		if w := n.first[i].rate * nu.One[n.assets[i]]; w > worth && n.first[i].side.takes(1) > 0 {
			best, worth = part{side: n.first[i].side, node: int32(i)}, w
		}
	}
	return best
}

// added adds a part to the one of the same side, if there is one.
func added(group []part, p part) []part {
	for i := range group {
		if group[i].side == p.side {
			group[i].amount += p.amount
			return group
		}
	}
	return append(group, p)
}

// passOn sends what has arrived at (a,1) on to other assets, and what is left of
// it to (a,2).
func (s *Solver) passOn(i int32) {
	f, n := &s.plan, &s.net
	f.group = f.group[:0]
	for k := range n.laterals {
		if c := &n.laterals[k]; c.from == i {
			f.group = appendIn(f.group, &c.arc, c.to)
		}
	}
	f.group = append(f.group, s.stays(i, len(f.group) == 0))
	here := f.arrived[i] - f.takes1[i]
	if f.short = f.short || here < 0; here <= 0 {
		return
	}
	left := spread(f.group, here)
	left += drop(f.group[:len(f.group)-1])
	f.group[len(f.group)-1].amount += left // to T after all, however little that brings
	for _, g := range f.group {
		if g.side == nil {
			f.stayed[i], f.second[i] = g.amount, money.AddStop(f.second[i], g.amount)
		} else {
			out, _ := g.side.give(g.amount)
			f.second[g.node] = money.AddStop(f.second[g.node], out)
		}
	}
}

// stays is the part of the stay arc. It takes any amount if something stays, or if
// it is the only one.
func (s *Solver) stays(i int32, only bool) part {
	g := part{node: i, amount: units(s.net.stay[i])}
	if g.amount > 0 || only {
		g.room = math.MaxInt64 - g.amount
	}
	return g
}

// forgo lowers what arrives at (a,2) by units that no level takes any more: the
// fills before it claim that much less than they are due.
func (s *Solver) forgo(i int32, units money.Amount) {
	if units == 0 {
		return
	}
	n := &s.net
	if d := n.first[i].side; d != nil {
		less := min(units, s.plan.stayed[i], d.out)
		d.out, units = d.out-less, units-less
	}
	for k := n.start[i]; k < n.start[i+1]; k++ {
		d := n.laterals[k].side
		if d == nil {
			continue
		}
		less := min(units, d.out)
		d.out, units = d.out-less, units-less
	}
	s.plan.short = s.plan.short || units > 0 // a bundle has brought them
}

// appendIn appends the side of an arc that carries something, with its input.
func appendIn(group []part, c *arc, node int32) []part {
	if !c.used || c.side.idle() {
		return group
	}
	flow, room := c.side.filled()
	return append(group, part{c.side, node, flow.In, room.In})
}

// appendOut is appendIn by output.
func appendOut(group []part, c *arc, node int32) []part {
	if !c.used || c.side.idle() {
		return group
	}
	flow, room := c.side.filled()
	return append(group, part{c.side, node, flow.Out, room.Out})
}

// spread makes the amounts of a group sum to total, by what is partly filled
// first and then by any, and returns what none of them can take.
func spread(group []part, total money.Amount) (left money.Amount) {
	var sum money.Amount
	for i := range group {
		sum = money.AddStop(sum, group[i].amount)
	}
	left = total - sum
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
	f, r := &s.plan, &s.result
	for _, d := range s.sides.order() {
		if d.in == 0 {
			continue
		}
		i := int(d.at)
		in, out := d.in, d.out
		if p := &d.pieces[0]; in <= p.arc.In { // no more than one level
			r.Fills = append(r.Fills, Fill{Side: i, Book: int(p.book), In: in, Out: out})
			continue
		}
		f.books = sized(f.books, len(d.books), graph.Arc{})
		for k := 0; in > 0; k++ {
			p := &d.pieces[k]
			take, got := min(in, p.arc.In), min(out, p.arc.Out)
			if take < p.arc.In {
				got = min(out, mulDiv(take, p.arc.Out, p.arc.In, money.Down))
			}
			b := &f.books[p.book]
			b.In, b.Out = b.In+take, b.Out+got
			in, out = in-take, out-got
		}
		for k, b := range f.books {
			if b.In > 0 {
				r.Fills = append(r.Fills, Fill{Side: i, Book: k, In: b.In, Out: b.Out})
			}
		}
	}
}
