package flow

// none is an index of nothing.
const none = -1

// Where a node's label comes from, beside the laterals, which are numbers from 0.
const (
	fromSource = -1 - iota
	fromStay   // (a,2) from (a,1), or back
)

// arc is a side in the network, with what its rates are now.
type arc struct {
	rate float64 // of the next unit; 0: used up
	back float64 // of a unit of output taken back: 1 over the last rate filled; 0: none filled
	side *side
	used bool // something is, or was, sent along it
}

func (c *arc) update() {
	c.rate, c.back = c.side.rate(), 0
	if last := c.side.last(); last > 0 {
		c.back = 1 / last
	}
}

// lateral is an arc (from,1)->(to,2), by node.
type lateral struct {
	arc
	from, to int32
	carries  bool // it stands in the lists of those that are used

	nextFrom, nextTo int32 // in these lists
}

// list begins and ends a list of laterals; none: it is empty.
type list struct{ head, tail int32 }

// network is the layered graph of a Problem. Its nodes are the assets that a walk
// can pass, each in two layers.
type network struct {
	*Layout
	first  []arc // by node: S->(a,1)
	last   []arc // by node: (a,2)->T
	stay   []float64
	direct arc

	laterals []lateral // as in the layout
	// Lists of laterals that are used: by node from, and by node to. Back arcs are of
	// these.
	outs []list
	ins  []int32 // the heads

	// Nodes that S turns into, and that turn into T, by any book, if only an empty
	// one: prices are of these.
	comes, goes []bool
}

// open builds the network and empties its sides.
func (s *Solver) open() {
	n, p := &s.net, s.p
	if n.Layout = p.Layout; n.Layout == nil {
		s.own.lay(p)
		n.Layout = &s.own
	}
	s.sides.empty()
	if n.direct = (arc{}); n.toTarget != none {
		s.arc(&n.direct, n.toTarget)
	}
	s.openEnds()
	s.openLaterals()
	m := len(n.assets)
	n.stay = sized(n.stay, m, 0.0)
	n.outs, n.ins = sized(n.outs, m, list{none, none}), sized(n.ins, m, none)
	l := &s.label
	l.onward = false
	l.one, l.two = sized(l.one, m, 0.0), sized(l.two, m, 0.0)
	l.to1, l.to2 = sized(l.to1, m, fromSource), sized(l.to2, m, fromStay)
	l.by2 = l.by2[:0]
	for j := range m {
		l.by2 = append(l.by2, int32(j))
	}
	l.mark1, l.mark2 = sized(l.mark1, m, false), sized(l.mark2, m, false)
	l.fell1, l.fell2 = l.fell1[:0], l.fell2[:0]
}

// openEnds opens the sides out of S and into T.
func (s *Solver) openEnds() {
	n, m := &s.net, len(s.net.assets)
	n.first, n.last = sized(n.first, m, arc{}), sized(n.last, m, arc{})
	n.comes, n.goes = sized(n.comes, m, false), sized(n.goes, m, false)
	for a := range m {
		if i := n.begins[a]; i != none {
			s.arc(&n.first[a], i)
			n.comes[a] = len(s.p.Sides[i].Books) > 0
		}
		if i := n.ends[a]; i != none {
			s.arc(&n.last[a], i)
			n.goes[a] = len(s.p.Sides[i].Books) > 0
		}
	}
}

// openLaterals opens the sides between two other assets that a walk can use.
func (s *Solver) openLaterals() {
	n := &s.net
	if k := len(n.middle); cap(n.laterals) < k {
		n.laterals = make([]lateral, k)
	} else {
		n.laterals = n.laterals[:k]
	}
	for k := range n.middle {
		g, c := &n.middle[k], &n.laterals[k]
		c.rate, c.back, c.used, c.carries = 0, 0, false, false
		if c.from, c.to = g.from, g.to; n.comes[g.from] && n.goes[g.to] {
			s.arc(&c.arc, g.side)
		} else {
			c.side = nil
		}
	}
}

// arc opens the i-th side for an arc that is not used; one that offers nothing is none.
func (s *Solver) arc(c *arc, i int32) {
	slot := s.sides.of(&s.p.Sides[i])
	if slot.top == 0 {
		c.side = nil
		return
	}
	slot.at = i
	if c.rate = slot.top; c.side != slot.side {
		c.side = slot.side
	}
}

// carry lists a lateral that carries something.
func (n *network) carry(k int32) {
	c := &n.laterals[k]
	if c.carries {
		return
	}
	c.carries, c.nextFrom, c.nextTo = true, none, n.ins[c.to]
	n.ins[c.to] = k
	if out := &n.outs[c.from]; out.head == none {
		*out = list{k, k}
	} else {
		n.laterals[out.tail].nextFrom, out.tail = k, k
	}
}

func sized[T any](s []T, n int, v T) []T {
	s = s[:0]
	for range n {
		s = append(s, v)
	}
	return s
}
