package route

import (
	"slices"

	"chronos.dev/engine/plan"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// replay sweeps the hops of the chosen path once more, in integers, and writes
// the plan down.
func (s *Solver) replay(a *Answer) bool {
	hops := len(a.Path) - 1
	edges := make([]*graph.Edge, hops)
	for h := range hops {
		edges[h] = s.snap.Edge(a.Path[h], a.Path[h+1])
	}
	return s.replayOn(a, edges, true)
}

// replayOn sweeps the edges of a path, which carry the request. Others says that books
// may be used that the sweep does not.
func (s *Solver) replayOn(a *Answer, edges []*graph.Edge, others bool) bool {
	hops := len(edges)
	p := &a.Plan
	p.Sell, p.Buy = s.asset(s.req.Sell), s.asset(s.req.Buy)
	p.ExactOut = s.req.Out > 0
	amount := s.req.In
	for h := range hops {
		if p.ExactOut {
			h = hops - 1 - h
			if h == hops-1 {
				amount = s.req.Out
			}
		}
		amount = s.replayHop(h, edges[h], amount, p.ExactOut)
	}
	p.In, p.Out = s.req.In, amount
	if p.ExactOut {
		p.In, p.Out = amount, s.req.Out
	}
	s.flows, s.hopped = s.flows[:0], s.hopped[:0]
	for h, e := range edges {
		s.flows = append(s.flows, s.fills[h]...)
		first := len(s.flows) - len(s.fills[h])
		s.hopped = append(s.hopped, hop{from: e.From, to: e.To, at: h, first: first, fills: s.fills[h]})
	}
	if !s.wholeLots(a, others) || s.uncountable() {
		return false
	}
	s.staircase(s.hopped)
	s.write(a)
	return true
}

// replayHop fills hop h and returns its other amount. The search has done the
// same sweep before, so it cannot fail.
func (s *Solver) replayHop(h int, e *graph.Edge, x money.Amount, exactOut bool) money.Amount {
	var y money.Amount
	var ok bool
	if exactOut {
		y, ok = s.sweep.out(s, e, x)
	} else {
		y, ok = s.sweep.in(s, e, x)
	}
	if !ok {
		panic("route: the replay of a found path failed")
	}
	s.fills[h] = s.sweep.fills(s.fills[h][:0])
	s.last[h] = s.sweep.last
	return y
}

// link is a leg in the making.
type link struct {
	hop      int32 // of the plan's, in order
	fill     int32 // of all of its hops
	market   graph.MarketID
	from, to graph.AssetID
	in, out  money.Amount
	fee      money.Amount
	feeOnIn  bool // the fee is taken from what is given
}

// chain is a route in the making.
type chain struct {
	links [plan.MaxHops]link
	n     int
}

func (c *chain) in() money.Amount  { return c.links[0].in }
func (c *chain) out() money.Amount { return c.links[c.n-1].out }

func (c *chain) add(l *link) {
	c.links[c.n] = *l
	c.n++
}

// lines are the chains of a plan in the making, and room for them on their way.
type lines struct {
	done    []chain
	places  []int32 // of done, as they are to be written
	bunches []bunch // of done
	served  []chain
	arrived []queue   // by AssetID: from Sell
	moved   [][]chain // by AssetID: from another asset between
}

// queue is what has reached an asset, and how much of it has been taken on.
type queue struct {
	chains []chain
	at     int
}

// staircase turns the fills of the hops of one path into chains of one market a hop. The
// chains of hop h are cut where the fills of hop h+1 end, like a staircase, so
// that each chain carries one amount all the way and the sums stay those of the
// fills. A chain can be so thin that an amount on its way is nothing: of one
// minor unit no two chains can have a part each, and the last unit given to a
// hop may be worth less than one unit of what it becomes.
func (s *Solver) staircase(hops []hop) {
	w := &s.lines
	w.done = s.begin(w.done[:0], &hops[0])
	for i := range hops[1:] {
		w.served, w.done = w.done, w.served
		w.done = s.extend(w.done[:0], w.served, &hops[i+1])
	}
	w.places = w.places[:0]
	for i := range w.done {
		w.places = append(w.places, int32(i))
	}
}

// begin appends a chain for every fill of a hop.
func (s *Solver) begin(dst []chain, h *hop) []chain {
	for i := range h.fills {
		dst = append(dst, chain{n: 1})
		s.link(&dst[len(dst)-1].links[0], h, i)
	}
	return dst
}

// extend appends chains with one more hop. Those of chains are cut up.
func (s *Solver) extend(dst, chains []chain, h *hop) []chain {
	var next, part link
	s.link(&next, h, 0)
	at := 1
	for i := range chains {
		c := &chains[i]
		for c.out() > next.in {
			dst = append(dst, chain{})
			piece := &dst[len(dst)-1]
			c.cut(piece, next.in)
			piece.add(&next)
			s.link(&next, h, at)
			at++
		}
		next.cut(&part, share(next.out, c.out(), next.in), c.out())
		dst = append(dst, *c)
		dst[len(dst)-1].add(&part)
		if next.in == 0 && at < len(h.fills) {
			s.link(&next, h, at)
			at++
		}
	}
	return dst
}

// cut cuts first off c, where its output is out: every amount in proportion, and the
// rest to c, so that the two sum to what c was.
func (c *chain) cut(first *chain, out money.Amount) {
	first.n = c.n
	for i := c.n - 1; i >= 0; i-- {
		l := &c.links[i]
		in := share(l.in, out, l.out)
		l.cut(&first.links[i], out, in)
		out = in
	}
}

// cut cuts first off l, of in and out. The fee goes with the amount that it is taken
// from; the other may be so coarse that its parts have another proportion.
func (l *link) cut(first *link, out, in money.Amount) {
	*first = *l
	first.in, first.out, first.fee = in, out, 0
	part, whole := out, l.out
	if l.feeOnIn || l.out == 0 { // or all that it is taken from is forgone
		part, whole = in, l.in
	}
	if whole > 0 {
		first.fee = mulDiv(part, l.fee, whole, money.Down)
	}
	l.in, l.out, l.fee = l.in-in, l.out-out, l.fee-first.fee
}

// share returns x * part / whole, down, but something for a part of something
// where both parts can have it.
func share(x, part, whole money.Amount) money.Amount {
	switch {
	case part == 0:
		return 0
	case part == whole:
		return x
	}
	return max(mulDiv(part, x, whole, money.Down), min(1, x-1), 0)
}

// link makes l the i-th fill of a hop.
func (s *Solver) link(l *link, h *hop, i int) {
	f := &h.fills[i]
	*l = link{
		hop: int32(h.at), fill: int32(h.first + i), market: f.Market, from: h.from, to: h.to,
		in: f.In, out: f.Out, fee: f.Gross - f.Out,
	}
	if s.feeOnIn(h, f) {
		l.feeOnIn, l.fee = true, f.In-f.Gross
	}
}

// feeOnIn reports whether the fee of a fill is part of what is given.
func (s *Solver) feeOnIn(h *hop, f *Fill) bool {
	return h.from != s.snap.Markets[f.Market].Base && s.snap.State(f.Market).Fee.On == market.FeeQuote
}

// write writes the chains down as routes, and notes the hops and sides that they
// use, and the markets of the flow.
func (s *Solver) write(a *Answer) {
	a.Used = slices.Grow(a.Used, len(s.flows))
	for i := range s.flows {
		a.Used = append(a.Used, s.flows[i].Market)
	}
	n := 0
	for i := range s.lines.done {
		n += s.lines.done[i].n
	}
	s.used = zeroed(s.used, len(s.flows))
	a.Hops = slices.Grow(a.Hops, len(s.hopped))
	legs := slices.Grow(a.legs, n)
	a.Plan.Routes = slices.Grow(a.Plan.Routes, len(s.lines.done))
	for i := range s.lines.places {
		c := &s.lines.done[s.lines.places[i]]
		begin := len(legs)
		for j := range c.n {
			l := &c.links[j]
			legs = append(legs, s.leg(l))
			s.used[l.fill] = true
			if h := &s.hopped[l.hop]; !h.passed {
				h.passed = true
				a.Hops = append(a.Hops, Hop{h.from, h.to})
			}
		}
		a.Plan.Routes = append(a.Plan.Routes, plan.Route{Legs: legs[begin:len(legs):len(legs)]})
	}
	a.legs = legs
	a.Plan.Settle = a.Plan.Settles()
	s.noteSides(a)
}

// leg writes down a link.
func (s *Solver) leg(c *link) plan.Leg {
	m := &s.snap.Markets[c.market]
	l := plan.Leg{
		Key: m.Key, Action: plan.Buy,
		GiveAsset: s.asset(c.from), GetAsset: s.asset(c.to), In: c.in, Out: c.out, Fee: c.fee,
	}
	if c.from == m.Base {
		l.Action = plan.Sell
	}
	if l.FeeAsset = l.GetAsset; c.feeOnIn {
		l.FeeAsset = l.GiveAsset
	}
	st := s.snap.State(c.market)
	l.Settle = st.Settle
	if o := s.flows[c.fill].Option; o != nil {
		l.Tier, l.TierIndex, l.HasTier, l.Settle = o.Name, o.Tier, st.Offer != nil, o.Settle
	}
	return l
}
