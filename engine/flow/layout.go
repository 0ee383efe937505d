package flow

// Layout is the network of a Problem but for what its books offer.
type Layout struct {
	assets   []int32 // by node, ascending
	node     []int32 // by asset
	toTarget int32   // the side from S to T; none
	begins   []int32 // by node: the side from S; none
	ends     []int32 // by node: the side to T; none
	middle   []middle
	start    []int32 // by node: where those begin that lead to it
}

// middle is a side between two other assets, by node.
type middle struct{ side, from, to int32 }

// NewLayout lays out a problem. It holds for all problems that have the same assets,
// ends, hops and sides, whatever the books of these.
func NewLayout(p *Problem) *Layout {
	l := &Layout{}
	l.lay(p)
	return l
}

func (l *Layout) lay(p *Problem) {
	l.node, l.toTarget = sized(l.node, p.Assets, none), none
	for i := range p.Sides {
		switch d := &p.Sides[i]; {
		case d.To == p.Source || d.From == p.Target:
		case d.From == p.Source && d.To == p.Target:
			l.toTarget = int32(i)
		case p.MaxHops < 2:
		case d.From == p.Source:
			l.node[d.To] = 0
		case d.To == p.Target:
			l.node[d.From] = 0
		}
	}
	l.assets = l.assets[:0]
	for a, on := range l.node {
		if on == 0 {
			l.node[a] = int32(len(l.assets))
			l.assets = append(l.assets, int32(a))
		}
	}
	m := len(l.assets)
	l.begins, l.ends = sized(l.begins, m, none), sized(l.ends, m, none)
	l.start = sized(l.start, m+1, 0)
	for i := range p.Sides {
		switch d := &p.Sides[i]; {
		case m == 0 || d.To == p.Source || d.From == p.Target || d.From == p.Source && d.To == p.Target:
		case d.From == p.Source:
			l.begins[l.node[d.To]] = int32(i)
		case d.To == p.Target:
			l.ends[l.node[d.From]] = int32(i)
		case p.MaxHops == 3 && l.node[d.From] != none && l.node[d.To] != none:
			l.start[l.node[d.To]+1]++
		}
	}
	l.group(p)
}

// group lists the sides between two other assets by where they lead.
func (l *Layout) group(p *Problem) {
	m := len(l.assets)
	for j := range m {
		l.start[j+1] += l.start[j]
	}
	l.middle = sized(l.middle, int(l.start[m]), middle{})
	if len(l.middle) == 0 {
		return
	}
	for i := range p.Sides {
		d := &p.Sides[i]
		if d.From == p.Source || d.To == p.Target || d.To == p.Source || d.From == p.Target {
			continue
		}
		if from, to := l.node[d.From], l.node[d.To]; from != none && to != none {
			l.middle[l.start[to]] = middle{int32(i), from, to}
			l.start[to]++
		}
	}
	copy(l.start[1:], l.start[:m]) // each has moved to the next one's place
	l.start[0] = 0
}
