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
	carries  bool // it stands in the lists of those that carry something, or did

	nextFrom, nextTo int32 // in these lists
}

// list begins and ends a list of laterals; none: it is empty.
type list struct{ head, tail int32 }

// network is the layered graph of a Problem. Its nodes are the assets that a walk
// can pass, each in two layers.
type network struct {
	assets []int32 // by node, ascending
	node   []int32 // by asset
	first  []arc   // by node: S->(a,1)
	last   []arc   // by node: (a,2)->T
	stay   []float64
	direct arc

	laterals []lateral // by node to
	start    []int32   // by node: where its laterals begin
	// Lists of laterals that carry something, and some that did: by node from, and by
	// node to. Back arcs are of these.
	outs    []list
	ins     []int32   // the heads
	between []lateral // scratch
	sides   []*side   // by side of the Problem, nil: not used

	// Nodes that S turns into, and that turn into T, by any book, if only an empty
	// one: prices are of these.
	comes, goes []bool
}

// open builds the network and empties its sides.
func (s *Solver) open() {
	n, p := &s.net, s.p
	n.node = sized(n.node, p.Assets, none)
	n.direct, n.sides = arc{}, sized(n.sides, len(p.Sides), nil)
	for i := range p.Sides {
		switch d := &p.Sides[i]; {
		case d.To == p.Source || d.From == p.Target:
		case d.From == p.Source && d.To == p.Target:
			n.direct = s.arc(i)
		case p.MaxHops < 2:
		case d.From == p.Source:
			n.node[d.To] = 0
		case d.To == p.Target:
			n.node[d.From] = 0
		}
	}
	n.assets = n.assets[:0]
	for a, on := range n.node {
		if on == 0 {
			n.node[a] = int32(len(n.assets))
			n.assets = append(n.assets, int32(a))
		}
	}
	s.openSides()
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

// openSides opens the sides out of S and into T.
func (s *Solver) openSides() {
	n, p := &s.net, s.p
	m := len(n.assets)
	n.first, n.last = sized(n.first, m, arc{}), sized(n.last, m, arc{})
	n.comes, n.goes = sized(n.comes, m, false), sized(n.goes, m, false)
	if m == 0 {
		return
	}
	for i := range p.Sides {
		switch d := &p.Sides[i]; {
		case d.To == p.Source || d.From == p.Target:
		case d.From == p.Source && d.To == p.Target:
		case d.From == p.Source:
			n.first[n.node[d.To]] = s.arc(i)
			n.comes[n.node[d.To]] = len(d.Books) > 0
		case d.To == p.Target:
			n.last[n.node[d.From]] = s.arc(i)
			n.goes[n.node[d.From]] = len(d.Books) > 0
		}
	}
}

// openLaterals opens the sides between two other assets, grouped by where they go.
func (s *Solver) openLaterals() {
	n, p := &s.net, s.p
	m := len(n.assets)
	n.start, n.between = sized(n.start, m+1, 0), n.between[:0]
	if p.MaxHops == 3 {
		for i := range p.Sides {
			from, to, ok := s.between(i)
			if !ok {
				continue
			}
			if c := s.arc(i); c.side != nil {
				n.between = append(n.between, lateral{arc: c, from: from, to: to})
				n.start[to+1]++
			}
		}
	}
	for j := range m {
		n.start[j+1] += n.start[j]
	}
	n.laterals = sized(n.laterals, len(n.between), lateral{})
	for i := range n.between {
		c := &n.between[i]
		n.laterals[n.start[c.to]] = *c
		n.start[c.to]++
	}
	for j := m; j > 0; j-- { // each start has moved to the next one's place
		n.start[j] = n.start[j-1]
	}
	if m > 0 {
		n.start[0] = 0
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

// between returns the nodes that a side joins, if a walk from S to T can use it so.
func (s *Solver) between(i int) (from, to int32, ok bool) {
	n, p := &s.net, s.p
	d := &p.Sides[i]
	if d.From == p.Source || d.From == p.Target || d.To == p.Source || d.To == p.Target {
		return 0, 0, false
	}
	from, to = n.node[d.From], n.node[d.To]
	return from, to, from != none && to != none && n.comes[from] && n.goes[to]
}

// arc opens the i-th side; one that offers nothing is none.
func (s *Solver) arc(i int) arc {
	d := &s.p.Sides[i]
	sd := s.sides.of(d.key())
	if sd.open(d.Books, d.Stamp); len(sd.pieces) == 0 {
		return arc{}
	}
	s.net.sides[i] = sd
	return arc{rate: sd.rate(), side: sd}
}

func sized[T any](s []T, n int, v T) []T {
	s = s[:0]
	for range n {
		s = append(s, v)
	}
	return s
}
