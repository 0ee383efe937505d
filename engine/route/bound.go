package route

import (
	"math"
	"math/bits"

	"chronos.dev/engine/branch"
	"chronos.dev/engine/flow"
	"chronos.dev/engine/plan"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// Weak duality of generalized flow: give every node a price nu >= 0, the target
// a positive one. Then no split over routes of at most three hops that visit no asset twice gives
// more than
//
//	B(nu) = (nu_S*X + sum over arcs v->w of max(0, Out*nu_w - In*nu_v)) / nu_T
//
// of the target for X of the source. The nodes are layered: S, (a,1), (a,2), T,
// with nu(a,1) >= nu(a,2) because an amount may stay. Any prices give a bound
// that holds; bad ones a loose one. So floats may propose them, and the sum is
// formed in integers. For an exact-out plan the same inequality is read for X.

// Method names the bound in answers.
const Method = "lagrangian-dual"

// priceBits is the size of the largest node price as an integer.
const priceBits = 60

// prices are node prices: layer 1 and 2 by AssetID, the source and the target.
type prices struct {
	one, two       []float64
	source, target float64
}

// proof is the best bound found so far, and the prices that give it. It reads
// from above for an output, from below for an input.
type proof struct {
	amount   money.Amount
	exactOut bool
	known    bool
	at, next *wholePrices  // of amount, and room for those of a try
	leaves   []branch.Leaf // give amount instead of at, if there are any
}

// reset begins with a bound that bounds nothing.
func (b *proof) reset(exactOut bool) {
	if b.at == nil {
		b.at, b.next = new(wholePrices), new(wholePrices)
	}
	b.exactOut, b.known, b.amount, b.leaves = exactOut, false, 0, nil
	if !exactOut {
		b.amount = math.MaxInt64
	}
}

// near reports whether p is within a two-hundredth of a basis point of the bound, or
// a hundredth where it is one chain: another one would lose as much by rounding. No
// single path can be worth looking for then.
func (b *proof) near(p *plan.Plan) bool {
	part := money.Amount(2_000_000)
	if len(p.Routes) == 1 {
		part = 1_000_000
	}
	if b.exactOut {
		return p.In-b.amount <= b.amount/part
	}
	return b.amount-p.Out <= p.Out/part
}

// offer takes the amount that next gives if it is tighter.
func (b *proof) offer(amount money.Amount) {
	if !b.known || (amount < b.amount) != b.exactOut && amount != b.amount {
		b.amount, b.known, b.leaves = amount, true, nil
		b.at, b.next = b.next, b.at
	}
}

// boundSplit takes the bound of the kernel. Where the books ended before the
// order, that is of what they hold, but its prices bound the order too.
func (s *Solver) boundSplit() {
	if s.chosen != nil && len(s.chosen.Leaves) > 0 {
		s.proof.amount, s.proof.known, s.proof.leaves = s.best.Bound, true, s.chosen.Leaves
		return
	}
	w, nu := s.proof.next, &s.best.Nu
	if nu.Target == 0 {
		return
	}
	s.byAsset(w, nu)
	if s.best.Partial {
		s.evaluateWhole()
		return
	}
	s.proof.offer(s.best.Bound)
}

// byAsset puts the kernel's prices in the order of assets.
func (s *Solver) byAsset(w *wholePrices, nu *flow.Nu) {
	w.source, w.target = nu.Source, nu.Target
	w.one, w.two = zeroed(w.one, len(s.snap.Assets)), zeroed(w.two, len(s.snap.Assets))
	for i, id := range s.net.assets {
		at := s.net.numbers[i]
		w.one[id], w.two[id] = nu.One[at], nu.Two[at]
	}
}

// boundPath bounds by the best rates of all books, which is tight for small
// orders, and by the last rates that the path paid, which is tight when it is the
// only good one.
func (s *Solver) boundPath(a *Answer) {
	s.propose(a, false)
	s.evaluate()
	s.propose(a, true)
	s.evaluate()
	if len(a.Path) == 2 {
		s.boundHop()
	}
}

// boundHop prices a single hop by the whole numbers of its last arc, so that what
// that arc leaves is nothing to the unit. It uses what propose has set.
func (s *Solver) boundHop() {
	p, w, a := &s.prices, s.proof.next, s.last[0]
	shift := bits.LeadingZeros64(uint64(max(a.In, a.Out))) - (64 - priceBits)
	if shift < 0 {
		return
	}
	w.source, w.target = uint64(a.Out)<<shift, uint64(a.In)<<shift
	scale := float64(w.target)
	whole := func(price float64) uint64 { return uint64(min(price*scale, 1<<priceBits)) }
	w.one, w.two = w.one[:0], w.two[:0]
	for i := range p.one {
		w.one, w.two = append(w.one, whole(p.one[i])), append(w.two, whole(p.two[i]))
	}
	s.evaluateWhole()
}

// propose sets the node prices. With marginal set, the edges of the plan's path
// count at the rate of the last arc they used.
func (s *Solver) propose(a *Answer, marginal bool) {
	p := &s.prices
	n := len(s.snap.Assets)
	p.one, p.two = zeroed(p.one, n), zeroed(p.two, n)
	p.target = 1
	rate := func(e *graph.Edge, layer int) float64 {
		if marginal {
			if h := hopAt(a.Path, layer); h >= 0 && a.Path[h] == e.From && a.Path[h+1] == e.To {
				return arcRate(s.last[h])
			}
		}
		return s.topRate(e)
	}
	for _, e := range s.net.edges {
		if e.From != s.req.Sell && e.To == s.req.Buy {
			p.two[e.From] = rate(e, 3)
		}
	}
	copy(p.one, p.two)
	for _, e := range s.net.edges {
		if e.From != s.req.Sell && e.To != s.req.Buy {
			p.one[e.From] = max(p.one[e.From], rate(e, 2)*p.two[e.To])
		}
	}
	p.source = s.sourcePrice(a, rate, marginal)
}

// sourcePrice is the best value of one unit of Sell, or with marginal set its
// value along the plan's path.
func (s *Solver) sourcePrice(a *Answer, rate func(*graph.Edge, int) float64, marginal bool) float64 {
	if marginal {
		v := 1.0
		for h := range len(a.Path) - 1 {
			v *= arcRate(s.last[h])
		}
		return v
	}
	best := 0.0
	out := s.edges(s.req.Sell)
	for i := range out {
		e := &out[i]
		if e.To == s.req.Buy {
			best = max(best, s.topRate(e))
		} else {
			best = max(best, rate(e, 1)*s.prices.one[e.To])
		}
	}
	return best
}

// hopAt returns which hop of a path stands in a layer: 1 out of S, 2 between, 3
// into T; -1 if none does.
func hopAt(path []graph.AssetID, layer int) int {
	switch hops := len(path) - 1; {
	case hops == 1, hops == 2 && layer == 2:
		return -1 // S -> T is an arc of its own; two hops stay where they are between
	case layer == 3:
		return hops - 1
	}
	return layer - 1
}

func (s *Solver) topRate(e *graph.Edge) float64 {
	best := 0.0
	for _, id := range e.Markets {
		if !s.usable[id] {
			continue
		}
		if side := s.side(id, e.From); len(side.Arcs) > 0 {
			best = max(best, arcRate(side.Arcs[0]))
		}
	}
	return best
}

// arcRate is the rate of an arc and a little more. Prices that are too high by a
// part cost the bound that part of the order; prices that are too low would cost
// it that part of the whole arc, which may be far larger.
func arcRate(a graph.Arc) float64 { return float64(a.Out) / float64(a.In) * (1 + 0x1p-48) }

// evaluate forms B of the proposed prices in integers: an upper bound of the
// output, or a lower bound of the input.
func (s *Solver) evaluate() {
	s.prices.whole(s.proof.next)
	s.evaluateWhole()
}

func (s *Solver) evaluateWhole() {
	at := s.proof.next
	var sum money.Sum
	s.surplus(&sum, s.snap.Edge(s.req.Sell, s.req.Buy), at.source, at.target)
	if s.req.MaxHops >= 2 {
		s.surplusBetween(&sum, at)
	}
	if s.req.Out > 0 {
		s.proof.offer(sum.Below(uint64(s.req.Out), at.target, at.source))
		return
	}
	sum.AddMul(uint64(s.req.In), at.source)
	s.proof.offer(sum.DivUp(at.target))
}

// surplusBetween adds what the arcs to, from and between other assets leave. An
// asset that S does not turn into begins no arc of the layer between.
func (s *Solver) surplusBetween(sum *money.Sum, at *wholePrices) {
	first := s.edges(s.req.Sell)
	for i := range first {
		e := &first[i]
		if !s.between(e.To) || !s.offers(e) {
			continue
		}
		s.surplus(sum, e, at.source, at.one[e.To])
		if s.req.MaxHops < 3 {
			continue
		}
		out := s.edges(e.To)
		for j := range out {
			if l := &out[j]; s.between(l.To) && at.two[l.To] > 0 {
				s.surplus(sum, l, at.one[l.From], at.two[l.To])
			}
		}
	}
	back := s.edges(s.req.Buy)
	for i := range back {
		if v := back[i].To; s.between(v) {
			s.surplus(sum, s.snap.Edge(v, s.req.Buy), at.two[v], at.target)
		}
	}
}

// offers reports whether any usable book of e has a level.
func (s *Solver) offers(e *graph.Edge) bool {
	for _, id := range e.Markets {
		if s.usable[id] && s.holds(s.side(id, e.From)) {
			return true
		}
	}
	return false
}

// wholePrices are a proposal as integers, by AssetID.
type wholePrices struct {
	source, target uint64
	one, two       []uint64
}

// whole scales prices to integers. Node prices keep their order, so one >= two
// holds for them as it does for the floats. The source's is rounded up and the
// target's down, as arcRate is.
func (p *prices) whole(w *wholePrices) {
	most := max(p.source, p.target)
	for i := range p.one {
		most = max(most, p.one[i], p.two[i])
	}
	scale := math.Ldexp(1, priceBits) / most
	w.source, w.target = uint64(p.source*scale)+1, uint64(p.target*scale)
	w.one, w.two = w.one[:0], w.two[:0]
	for i := range p.one {
		w.one, w.two = append(w.one, uint64(p.one[i]*scale)), append(w.two, uint64(p.two[i]*scale))
	}
}

// surplus adds max(0, Out*to - In*from) over the usable arcs of e. Arcs are
// sorted, so the first without surplus is the last to look at.
func (s *Solver) surplus(sum *money.Sum, e *graph.Edge, from, to uint64) {
	if e == nil {
		return
	}
	for _, id := range e.Markets {
		if !s.usable[id] {
			continue
		}
		side := s.side(id, e.From)
		arcs := side.Arcs
		if len(side.Options) > 0 {
			arcs = branch.Envelope(side, s.req.MaxSettle)
		}
		for _, a := range arcs {
			if !sum.AddSurplus(uint64(a.Out), to, uint64(a.In), from) {
				break
			}
		}
	}
}

func zeroed[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	clear(s[:n])
	return s[:n]
}
