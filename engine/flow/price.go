package flow

import "math"

// price sets the node prices: the rate of the last walk over the gain of each
// node, with the gains relaxed over all arcs of the residual network. The arcs
// out of T belong to it: what is sent into T from (a,2) could be taken back.
// Without them the prices of nodes behind a used-up arc are too low, and the
// bound is loose by up to 0.28 bps.
//
// Where the market ended before the order, they price what can be done.
func (s *Solver) price() {
	if len(s.p.Bundles) > 0 {
		s.priceBack()
		return
	}
	n, l, p := &s.net, &s.label, &s.result.Prices
	p.Source, p.Target = 0, 0
	p.One, p.Two = sized(p.One, s.p.Assets, 0.0), sized(p.Two, s.p.Assets, 0.0)
	rate := l.rate // of the next unit
	if rate == 0 { // the order has used the market up
		if rate = s.worst(); math.IsInf(rate, 1) {
			return // nothing is filled
		}
		s.relabel()
	}
	s.relaxBack(rate)
	p.Source, p.Target = rate, 1
	for i, a := range n.assets {
		if l.two[i] > 0 && n.last[i].side != nil { // what leads nowhere is worth nothing
			p.Two[a] = rate / l.two[i]
		}
		if l.one[i] > 0 {
			p.One[a] = rate / l.one[i]
		}
	}
	s.priceUnreached()
}

// relaxBack relaxes the labels over the arcs out of T, where the gain is rate,
// and all other arcs.
func (s *Solver) relaxBack(rate float64) {
	n, l := &s.net, &s.label
	risen := false
	for j := range n.last {
		if c := &n.last[j]; c.used {
			if last := c.side.last(); last > 0 && rate/last > l.two[j]*(1+slack) {
				l.two[j], risen = rate/last, true
			}
		}
	}
	for range 2*len(l.one) + 2 {
		for i := range l.one {
			risen = s.back1(int32(i)) || risen
		}
		if !risen {
			return
		}
		risen = false
		for j := range l.two {
			s.best2(int32(j))
		}
	}
}

// worst is the rate of the worst unit in the plan, by what could be taken back.
func (s *Solver) worst() float64 {
	n, l := &s.net, &s.label
	for i := range l.one {
		l.one[i], l.two[i] = 0, 0
	}
	s.relaxBack(1)
	rate := math.Inf(1)
	if n.direct.side != nil && n.direct.side.last() > 0 {
		rate = n.direct.side.last()
	}
	for i := range n.first {
		if c := &n.first[i]; c.side != nil && c.side.last() > 0 && l.one[i] > 0 {
			rate = min(rate, c.side.last()/l.one[i])
		}
	}
	return rate
}

// priceUnreached gives nodes that no walk reaches what they would bring, so that
// the arcs out of them promise nothing.
func (s *Solver) priceUnreached() {
	n, l, p := &s.net, &s.label, &s.result.Prices
	for i, a := range n.assets {
		if l.two[i] == 0 && n.last[i].side != nil {
			p.Two[a] = n.last[i].side.top()
		}
		if l.one[i] == 0 {
			p.One[a] = p.Two[a]
		}
	}
	for k := range n.laterals {
		if c := &n.laterals[k]; l.one[c.from] == 0 {
			one := &p.One[n.assets[c.from]]
			*one = max(*one, c.side.top()*p.Two[n.assets[c.to]])
		}
	}
	for _, a := range n.assets {
		p.One[a] = max(p.One[a], p.Two[a])
	}
}
