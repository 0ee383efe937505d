package flow

// labels are the gains of the best walks from S: what one unit of the source can
// become at a node.
type labels struct {
	one, two []float64 // by node, in layer one and two
	to1, to2 []int32   // how the walk came there: fromSource, fromStay or a lateral
	rate     float64   // of the best walk to T
	end      int32     // node whose arc into T it takes; none: S->T
	onward   bool      // without back arcs

	// Nodes whose gain has fallen since the arc they come by is worth less.
	mark1, mark2 []bool
	fell1, fell2 []int32
}

// slack is by how much a gain must be better to count: walks around in a circle
// gain nothing but rounding.
const slack = 1e-12

// relabel finds the best gain of every node and the best walk to T.
func (s *Solver) relabel() {
	l := &s.label
	for i := range l.one {
		s.fall1(int32(i))
		s.fall2(int32(i))
	}
	s.rise()
}

// fall1 and fall2 note that the gain of a node has fallen.
func (s *Solver) fall1(i int32) {
	if l := &s.label; !l.mark1[i] {
		l.mark1[i] = true
		l.fell1 = append(l.fell1, i)
	}
}

func (s *Solver) fall2(j int32) {
	if l := &s.label; !l.mark2[j] {
		l.mark2[j] = true
		l.fell2 = append(l.fell2, j)
	}
}

// rise finds the gains of all nodes that have fallen, and of those that come by
// them. Gains never rise from walk to walk, so all others are right as they are.
func (s *Solver) rise() {
	l := &s.label
	s.descend()
	for _, i := range l.fell1 {
		l.one[i] = 0
	}
	for _, j := range l.fell2 {
		l.two[j] = 0
	}
	for range 2*len(l.one) + 2 {
		for _, i := range l.fell1 {
			s.best1(i)
		}
		for _, j := range l.fell2 {
			s.best2(j)
		}
		if len(l.fell1) == 0 || l.onward || !s.returns() {
			break
		}
	}
	for _, i := range l.fell1 {
		l.mark1[i] = false
	}
	for _, j := range l.fell2 {
		l.mark2[j] = false
	}
	l.fell1, l.fell2 = l.fell1[:0], l.fell2[:0]
	s.target()
}

// descend adds the nodes that come by one that has fallen.
func (s *Solver) descend() {
	l, n := &s.label, &s.net
	for i, j := 0, 0; i < len(l.fell1) || j < len(l.fell2); {
		if i < len(l.fell1) {
			at := l.fell1[i]
			i++
			for to, k := range l.to2 {
				if k >= 0 && n.laterals[k].from == at {
					s.fall2(int32(to))
				}
			}
			if l.to2[at] == fromStay {
				s.fall2(at)
			}
			continue
		}
		at := l.fell2[j]
		j++
		if l.to1[at] == fromStay {
			s.fall1(at)
		}
		for _, k := range n.carry {
			if c := &n.laterals[k]; c.to == at && l.to1[c.from] == k {
				s.fall1(c.from)
			}
		}
	}
}

// returns reports whether a back arc could lift a node that has fallen.
func (s *Solver) returns() bool {
	l, n := &s.label, &s.net
	for _, i := range l.fell1 {
		if n.stay[i] > 0 && l.two[i] > l.one[i]*(1+slack) {
			return true
		}
	}
	for _, k := range n.carry {
		c := &n.laterals[k]
		if l.mark1[c.from] && l.two[c.to]*c.back > l.one[c.from]*(1+slack) {
			return true
		}
	}
	return false
}

// best1 lifts the gain of (i,1).
func (s *Solver) best1(i int32) {
	l := &s.label
	if g := s.net.first[i].rate; g > l.one[i]*(1+slack) {
		l.one[i], l.to1[i] = g, fromSource
	}
	if !l.onward {
		s.back1(i)
	}
}

// back1 lifts the gain of (i,1) by what can be taken back.
func (s *Solver) back1(i int32) {
	l, n := &s.label, &s.net
	if n.stay[i] > 0 && l.two[i] > l.one[i]*(1+slack) {
		l.one[i], l.to1[i] = l.two[i], fromStay
	}
	for _, k := range n.carry {
		if c := &n.laterals[k]; c.from == i {
			if g := l.two[c.to] * c.back; g > l.one[i]*(1+slack) {
				l.one[i], l.to1[i] = g, k
			}
		}
	}
}

// best2 lifts the gain of (j,2).
func (s *Solver) best2(j int32) {
	l, n := &s.label, &s.net
	best, to := l.two[j], l.to2[j]
	if l.one[j] > best*(1+slack) {
		best, to = l.one[j], fromStay
	}
	for k := n.start[j]; k < n.start[j+1]; k++ {
		c := &n.laterals[k]
		if g := l.one[c.from] * c.rate; g > best*(1+slack) {
			best, to = g, k
		}
	}
	l.two[j], l.to2[j] = best, to
}

// target finds the best walk to T.
func (s *Solver) target() {
	l, n := &s.label, &s.net
	l.rate, l.end = n.direct.rate, none
	for j := range l.two {
		if g := l.two[j] * n.last[j].rate; g > l.rate {
			l.rate, l.end = g, int32(j)
		}
	}
}
