package flow

// network is the layered graph of a Problem as indexes of sides; none is -1.
type network struct {
	direct      int32
	first, last []int32 // by asset: S->(a,1) and (a,2)->T
	lateral     []int32 // (a,1)->(b,2), in the order of the Problem
	between     []int32 // assets that a walk can pass, in their order
	stay        []float64
}

const none = -1

// labels are the gains of the best walks from S: what one unit of the source can
// become at a node.
type labels struct {
	one, two []float64
	to1, to2 []arc // how the walk came there
	rate     float64
	end      int32 // asset whose arc into T the best walk takes; none: S->T
}

// arc is one arc of the residual network.
type arc struct {
	side int32 // none for the stay arc
	back bool
}

// slack is by how much a gain must be better to count: walks around in a circle
// gain nothing but rounding.
const slack = 1e-12

// open builds the network and the sides.
func (s *Solver) open() {
	n, p := &s.net, s.p
	n.direct = none
	n.first, n.last = filled(n.first, p.Assets, none), filled(n.last, p.Assets, none)
	n.stay = filled(n.stay, p.Assets, 0.0)
	n.lateral, n.between = n.lateral[:0], n.between[:0]
	for len(s.sides) < len(p.Sides) {
		s.sides = append(s.sides, sideState{})
	}
	for i := range p.Sides {
		switch d := &p.Sides[i]; {
		case d.To == p.Source || d.From == p.Target || d.empty():
		case d.From == p.Source && d.To == p.Target:
			n.direct = int32(i)
		case p.MaxHops < 2:
		case d.From == p.Source:
			n.first[d.To] = int32(i)
		case d.To == p.Target:
			n.last[d.From] = int32(i)
		}
	}
	for i := range p.Sides {
		d := &p.Sides[i]
		lateral := d.From != p.Source && d.To != p.Target
		switch {
		case d.To == p.Source || d.From == p.Target || d.empty() || p.MaxHops < 2 && int32(i) != n.direct:
			continue
		case lateral && (p.MaxHops < 3 || n.first[d.From] == none || n.last[d.To] == none):
			continue
		case lateral:
			n.lateral = append(n.lateral, int32(i))
		}
		s.sides[i].open(d)
	}
	for a := range int32(p.Assets) {
		if n.first[a] != none || n.last[a] != none {
			n.between = append(n.between, a)
		}
	}
	l := &s.label
	l.one, l.two = filled(l.one, p.Assets, 0.0), filled(l.two, p.Assets, 0.0)
	l.to1, l.to2 = filled(l.to1, p.Assets, arc{}), filled(l.to2, p.Assets, arc{})
}

func (d *Side) empty() bool {
	for _, b := range d.Books {
		if len(b.Arcs) > 0 {
			return false
		}
	}
	return true
}

func filled[T any](s []T, n int, v T) []T {
	s = s[:0]
	for range n {
		s = append(s, v)
	}
	return s
}

// relabel finds the best gain of every node and the best walk to T.
func (s *Solver) relabel() {
	n, l := &s.net, &s.label
	for _, a := range n.between {
		l.one[a], l.two[a] = 0, 0
		if i := n.first[a]; i != none {
			l.one[a], l.to1[a] = s.sides[i].rate(), arc{side: i}
		}
	}
	s.forward()
	for round := 0; s.backward() && round < 2*len(n.between)+2; round++ {
		s.forward()
	}
	l.rate, l.end = 0, none
	if n.direct != none {
		l.rate = s.sides[n.direct].rate()
	}
	for _, a := range n.between {
		if i := n.last[a]; i != none {
			if g := l.two[a] * s.sides[i].rate(); g > l.rate {
				l.rate, l.end = g, a
			}
		}
	}
}

// forward relaxes the arcs from layer one to layer two.
func (s *Solver) forward() {
	n, l := &s.net, &s.label
	for _, a := range n.between {
		if l.one[a] > l.two[a]*(1+slack) {
			l.two[a], l.to2[a] = l.one[a], arc{side: none}
		}
	}
	for _, i := range n.lateral {
		d := &s.sides[i]
		if g := l.one[d.from] * d.rate(); g > l.two[d.to]*(1+slack) {
			l.two[d.to], l.to2[d.to] = g, arc{side: i}
		}
	}
}

// backward relaxes the back arcs from layer two to layer one and reports whether
// a gain has risen.
func (s *Solver) backward() (risen bool) {
	n, l := &s.net, &s.label
	for _, a := range n.between {
		if n.stay[a] > 0 && l.two[a] > l.one[a]*(1+slack) {
			l.one[a], l.to1[a], risen = l.two[a], arc{side: none, back: true}, true
		}
	}
	for _, i := range n.lateral {
		d := &s.sides[i]
		if last := d.last(); last > 0 {
			if g := l.two[d.to] / last; g > l.one[d.from]*(1+slack) {
				l.one[d.from], l.to1[d.from], risen = g, arc{side: i, back: true}, true
			}
		}
	}
	return risen
}

// step is one arc of a walk.
type step struct {
	arc
	asset int32   // of a stay arc
	gain  float64 // what a unit of the source is where the arc begins
	limit float64 // of the source, that the arc can carry
}

// trace writes the best walk down, from T to S.
func (s *Solver) trace() {
	n, l := &s.net, &s.label
	s.walk = s.walk[:0]
	if l.end == none {
		s.walk = append(s.walk, step{arc: arc{side: n.direct}, gain: 1})
		return
	}
	at, two := l.end, true
	s.walk = append(s.walk, step{arc: arc{side: n.last[at]}, gain: l.two[at]})
	for range 4 * (len(n.between) + 1) {
		to := l.to1[at]
		if two {
			to = l.to2[at]
		}
		switch {
		case to.side == none: // the stay arc, or back along it
			if two {
				s.walk = append(s.walk, step{arc: to, asset: at, gain: l.one[at]})
			} else {
				s.walk = append(s.walk, step{arc: to, asset: at, gain: l.two[at]})
			}
		case to.back: // (a,1) from (b,2), un-filling a->b
			b := s.sides[to.side].to
			s.walk = append(s.walk, step{arc: to, gain: l.two[b]})
			at = b
		case two:
			a := s.sides[to.side].from
			s.walk = append(s.walk, step{arc: to, gain: l.one[a]})
			at = a
		default: // (a,1) from S
			s.walk = append(s.walk, step{arc: to, gain: 1})
			return
		}
		if to.back {
			s.result.BackSteps++
		}
		two = !two
	}
	panic("flow: a walk goes around in a circle")
}

// room is how much of what is where the arc begins it can carry.
func (s *Solver) room(st *step) float64 {
	switch {
	case st.side == none && st.back:
		return s.net.stay[st.asset]
	case st.side == none:
		return inf
	case st.back:
		return s.sides[st.side].back()
	}
	return s.sides[st.side].room()
}

// apply sends amount along an arc; whole says that this uses the arc up.
func (s *Solver) apply(st *step, amount float64, whole bool) {
	switch {
	case st.side == none && st.back:
		if s.net.stay[st.asset] -= amount; whole || s.net.stay[st.asset] < 0 {
			s.net.stay[st.asset] = 0
		}
	case st.side == none:
		s.net.stay[st.asset] += amount
	case st.back:
		s.sides[st.side].unfill(amount, whole)
	default:
		s.sides[st.side].fill(amount, whole)
	}
}
