package flow

// labels are the gains of the best walks from S: what one unit of the source can
// become at a node.
type labels struct {
	one, two []float64 // by node, in layer one and two
	to1, to2 []int32   // how the walk came there: fromSource, fromStay or a lateral
	by2      []int32   // by node: the node in layer one that the walk to (j,2) came by
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
	s.lift()
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
	s.descend()
	s.lift()
}

// lift finds the gains of the nodes that are noted, from those of the others.
func (s *Solver) lift() {
	l := &s.label
	for _, i := range l.fell1 {
		l.one[i] = 0
	}
	for _, j := range l.fell2 {
		l.two[j] = 0
	}
	for _, i := range l.fell1 {
		s.best1(i)
	}
	for range 2*len(l.one) + 2 {
		for _, j := range l.fell2 {
			s.best2(j)
		}
		if !s.returns() {
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
			for to, by := range l.by2 {
				if by == at {
					s.fall2(int32(to))
				}
			}
			continue
		}
		at := l.fell2[j]
		j++
		if l.to1[at] == fromStay {
			s.fall1(at)
		}
		for k := n.ins[at]; k != none; k = n.laterals[k].nextTo {
			if from := n.laterals[k].from; l.to1[from] == k {
				s.fall1(from)
			}
		}
	}
}

// returns lifts the nodes that have fallen by back arcs, and reports whether any was
// lifted.
func (s *Solver) returns() (lifted bool) {
	l := &s.label
	if l.onward {
		return false
	}
	for _, i := range l.fell1 {
		lifted = s.back1(i) || lifted
	}
	return lifted
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

// back1 lifts the gain of (i,1) by what can be taken back, and reports whether that
// lifts it.
func (s *Solver) back1(i int32) (lifted bool) {
	l, n := &s.label, &s.net
	least := l.one[i] * (1 + slack)
	if n.stay[i] > 0 && l.two[i] > least {
		l.one[i], l.to1[i], lifted = l.two[i], fromStay, true
		least = l.one[i] * (1 + slack)
	}
	for k := n.outs[i].head; k != none; {
		c := &n.laterals[k]
		if g := l.two[c.to] * c.back; g > least {
			l.one[i], l.to1[i], lifted = g, k, true
			least = g * (1 + slack)
		}
		k = c.nextFrom
	}
	return lifted
}

// best2 lifts the gain of (j,2).
func (s *Solver) best2(j int32) {
	l, n := &s.label, &s.net
	best, to, by, one := l.two[j], l.to2[j], l.by2[j], l.one
	least := best * (1 + slack)
	if one[j] > least {
		best, to, by = one[j], fromStay, j
		least = best * (1 + slack)
	}
	begin := n.start[j]
	into := n.laterals[begin:n.start[j+1]]
	for k := range into {
		c := &into[k]
		if g := one[c.from] * c.rate; g > least {
			best, to, by = g, begin+int32(k), c.from
			least = best * (1 + slack)
		}
	}
	l.two[j], l.to2[j], l.by2[j] = best, to, by
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
