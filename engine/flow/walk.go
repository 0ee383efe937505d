package flow

import "math"

// step is one arc of a walk.
type step struct {
	*arc          // nil for the stay arc
	head  int32   // node where it ends; none: T
	layer int8    // of the head: 1 or 2
	back  bool    // it is taken back
	gain  float64 // what a unit of the source is where the arc begins
	limit float64 // of the source, that the arc can carry
}

// trace writes the best walk down, from T to S.
func (s *Solver) trace() {
	n, l := &s.net, &s.label
	s.walk = s.walk[:0]
	if l.end == none {
		s.walk = append(s.walk, step{arc: &n.direct, head: none, gain: 1})
		return
	}
	at := l.end
	s.walk = append(s.walk, step{arc: &n.last[at], head: none, gain: l.two[at]})
	for range 2 * (len(n.assets) + 1) {
		if k := l.to2[at]; k == fromStay {
			s.walk = append(s.walk, step{head: at, layer: 2, gain: l.one[at]})
		} else {
			c := &n.laterals[k]
			s.walk = append(s.walk, step{arc: &c.arc, head: at, layer: 2, gain: l.one[c.from]})
			at = c.from
			n.carry(k)
		}
		switch k := l.to1[at]; k {
		case fromSource:
			s.walk = append(s.walk, step{arc: &n.first[at], head: at, layer: 1, gain: 1})
			return
		case fromStay:
			s.walk = append(s.walk, step{head: at, layer: 1, back: true, gain: l.two[at]})
		default:
			c := &n.laterals[k]
			s.walk = append(s.walk, step{arc: &c.arc, head: at, layer: 1, back: true, gain: l.two[c.to]})
			at = c.to
		}
		s.result.BackSteps++
	}
	panic("flow: a walk goes around in a circle")
}

// push sends as much as the walk takes and reports whether the order is done.
func (s *Solver) push() (done bool) {
	amount := math.Inf(1)
	for i := range s.walk {
		st := &s.walk[i]
		st.limit = s.room(st) / st.gain
		amount = min(amount, st.limit)
	}
	if left := s.left(); left <= amount*(1+exhausted) {
		amount, done = left, true
	}
	for i := range s.walk {
		st := &s.walk[i]
		s.apply(st, amount*st.gain, st.limit <= amount*(1+exhausted))
	}
	s.in += amount
	s.out += amount * s.label.rate
	return done
}

// straight walks from S to T by the direct side for as long as no other walk is
// better: such walks change no label. It does what push and rise do, and reports
// whether the order is done.
func (s *Solver) straight(budget int) (done bool) {
	l, n, r := &s.label, &s.net, &s.result
	c, other := &n.direct, 0.0
	for j := range l.two {
		if g := l.two[j] * n.last[j].rate; g > other {
			other = g
		}
	}
	c.used = true
	for !done && r.Walks < budget && c.rate > 0 && c.rate >= other {
		r.Walks++
		l.rate = c.rate
		amount := c.side.room()
		limit := amount
		if left := s.left(); left <= amount*(1+exhausted) {
			amount, done = left, true
		}
		c.side.fill(amount, limit <= amount*(1+exhausted))
		s.in += amount
		s.out += amount * l.rate
		c.rate = c.side.rate()
	}
	c.update()
	s.target()
	return done
}

// exhausted is how near to its limit an arc counts as used up, so that rounding
// leaves no crumbs to walk for.
const exhausted = 1e-13

// room is how much of what is where the arc begins it can carry.
func (s *Solver) room(st *step) float64 {
	switch {
	case st.arc == nil && st.back:
		return s.net.stay[st.head]
	case st.arc == nil:
		return math.Inf(1)
	case st.back:
		return st.side.back()
	}
	return st.side.room()
}

// apply sends amount along an arc; whole says that this uses the arc up, or the
// level it is in.
func (s *Solver) apply(st *step, amount float64, whole bool) {
	switch stay := s.net.stay; {
	case st.arc == nil && st.back:
		if stay[st.head] -= amount; whole || stay[st.head] <= 0 {
			stay[st.head] = 0
			s.fall1(st.head)
		}
	case st.arc == nil:
		stay[st.head] += amount
	case st.back:
		old := st.arc.back
		st.side.unfill(amount, whole)
		if st.update(); st.arc.back < old {
			s.fall1(st.head)
		}
	default:
		old := st.rate
		st.used = true
		st.side.fill(amount, whole)
		if st.update(); st.rate < old && st.layer == 1 {
			s.fall1(st.head)
		} else if st.rate < old && st.layer == 2 {
			s.fall2(st.head)
		}
	}
}

// coast fills the rest of an order whose walks are too many, along paths without
// back arcs: each until a side of it is used up. So it ends after as many pushes
// as the market has levels, at little cost each.
func (s *Solver) coast() (done bool) {
	s.label.onward = true
	for s.relabel(); s.label.rate > 0; s.relabel() {
		s.trace()
		for open := true; open; {
			if s.push() {
				return true
			}
			open = s.regain()
		}
	}
	return false
}

// regain sets the gains along a walk without back arcs by what the rates are now
// and reports whether none of its sides is used up.
func (s *Solver) regain() bool {
	gain := 1.0
	for i := len(s.walk) - 1; i >= 0; i-- {
		st := &s.walk[i]
		if st.gain = gain; st.arc != nil {
			gain *= st.rate
		}
	}
	s.label.rate = gain
	return gain > 0
}
