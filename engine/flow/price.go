package flow

import "math"

var inf = math.Inf(1)

// price sets the node prices: the rate of the last walk over the gain of each
// node, with the gains relaxed over all arcs of the residual network. The arcs
// out of T belong to it: what is sent into T from (a,2) could be taken back.
// Without them the prices of nodes behind a used-up arc are too low, and the
// bound is loose by up to 0.28 bps.
func (s *Solver) price() {
	n, l, p := &s.net, &s.label, &s.result.Prices
	p.One, p.Two = filled(p.One, s.p.Assets, 0.0), filled(p.Two, s.p.Assets, 0.0)
	if s.result.Partial { // no order is bounded by a market that ends before it
		p.Source, p.Target = 0, 0
		return
	}
	s.relabel()
	rate := l.rate // of the next unit
	if rate == 0 { // the order has used the market up
		rate = s.worst()
		s.relabel()
	}
	s.relaxBack(rate)
	p.Source, p.Target = rate, 1
	for _, a := range n.between {
		if l.two[a] > 0 && n.last[a] != none { // what leads nowhere is worth nothing
			p.Two[a] = rate / l.two[a]
		}
		if l.one[a] > 0 {
			p.One[a] = rate / l.one[a]
		}
	}
	s.priceUnreached()
}

// relaxBack relaxes the labels over the arcs out of T, where the gain is rate,
// and all back arcs.
func (s *Solver) relaxBack(rate float64) {
	n, l := &s.net, &s.label
	for range len(n.between) + 2 {
		risen := false
		for _, a := range n.between {
			if i := n.last[a]; i != none {
				if last := s.sides[i].last(); last > 0 && rate/last > l.two[a]*(1+slack) {
					l.two[a], risen = rate/last, true
				}
			}
		}
		if !s.backward() && !risen {
			return
		}
		s.forward()
	}
}

// worst is the rate of the worst unit in the plan, by what could be taken back.
func (s *Solver) worst() float64 {
	n, l := &s.net, &s.label
	for _, a := range n.between {
		l.one[a], l.two[a] = 0, 0
	}
	s.relaxBack(1)
	rate := inf
	if n.direct != none && s.sides[n.direct].last() > 0 {
		rate = s.sides[n.direct].last()
	}
	for _, a := range n.between {
		if i := n.first[a]; i != none && s.sides[i].last() > 0 && l.one[a] > 0 {
			rate = min(rate, s.sides[i].last()/l.one[a])
		}
	}
	return rate
}

// priceUnreached gives nodes that no walk reaches what they would bring, so that
// the arcs out of them promise nothing.
func (s *Solver) priceUnreached() {
	n, l, p := &s.net, &s.label, &s.result.Prices
	for _, a := range n.between {
		if l.two[a] == 0 && n.last[a] != none {
			p.Two[a] = s.sides[n.last[a]].top()
		}
	}
	for _, a := range n.between {
		if l.one[a] == 0 {
			p.One[a] = p.Two[a]
		}
	}
	for _, i := range n.lateral {
		if d := &s.sides[i]; l.one[d.from] == 0 {
			p.One[d.from] = max(p.One[d.from], d.top()*p.Two[d.to])
		}
	}
	for _, a := range n.between {
		p.One[a] = max(p.One[a], p.Two[a])
	}
}

// top is the best rate of a side, filled or not.
func (d *sideState) top() float64 {
	if len(d.pieces) == 0 {
		return 0
	}
	return d.pieces[0].rate
}
