package flow

import (
	"math"
	"math/bits"

	"chronos.dev/money"
)

// Weak duality: give every node a price nu >= 0, the target a positive one. Then
// no plan gives more than
//
//	B(nu) = (nu_S*X + sum over arcs v->w of max(0, Out*nu_w - In*nu_v)) / nu_T
//
// of the target for X of the source, where nu(a,1) >= nu(a,2), since an amount may
// stay. For an amount wanted the same is read for X. Any prices give a bound that
// holds, bad ones a loose one: floats may propose them, and integers form the sum.

// Nu are node prices as whole numbers of at most 62 bits, by asset in layer one
// and two. One[a] >= Two[a].
type Nu struct {
	Source, Target uint64
	One, Two       []uint64
}

const (
	nuBits    = 60 // of the largest price made from floats
	nuMaxBits = 62 // of any
)

// certificate is room for the prices of a try, and for those of Whole.
type certificate struct {
	try, whole Nu
	one, two   []float64 // see floats
}

// certify proves the plan by the better of two price lists: the node prices of the
// kernel, and those with the exact rates of the last walk, where these fit.
func (s *Solver) certify() {
	r, nu := &s.result, &s.result.Prices
	t := &s.sure.try
	if r.Bound = money.Amount(math.MaxInt64); s.wanted() {
		r.Bound = 0
	}
	if nu.Source <= 0 && nu.Target <= 0 {
		return
	}
	s.wholly()
	s.try()
	if nu.Target > 0 && s.chain(t, nu) {
		s.try()
	}
}

// wholly makes the node prices whole, and none at either end nothing.
func (s *Solver) wholly() {
	t, nu := &s.sure.try, &s.result.Prices
	whole(t, nu)
	t.Source = max(t.Source, 1)
	if nu.Target == 0 {
		t.Target = 1
		s.atLeast(t)
	}
}

// wanted reports whether the bound is of an input.
func (s *Solver) wanted() bool { return s.p.Out > 0 && !s.result.Partial }

// try takes the prices of a try if they prove more.
func (s *Solver) try() {
	r, t := &s.result, &s.sure.try
	var sum money.Sum
	n := &s.net
	one, two := s.sure.floats(n.assets)
	source, target := float64(int64(t.Source)), float64(int64(t.Target))
	if n.direct.gains(source, target) {
		s.surplus(&sum, n.direct.side, t.Source, t.Target)
	}
	for i, a := range n.assets {
		if n.first[i].gains(source, one[i]) {
			s.surplus(&sum, n.first[i].side, t.Source, t.One[a])
		}
		if n.last[i].gains(two[i], target) {
			s.surplus(&sum, n.last[i].side, t.Two[a], t.Target)
		}
	}
	for k := range n.laterals {
		if c := &n.laterals[k]; c.gains(one[c.from], two[c.to]) {
			s.surplus(&sum, c.side, t.One[n.assets[c.from]], t.Two[n.assets[c.to]])
		}
	}
	in, out := s.bounded(), money.Amount(0)
	if s.wanted() {
		in, out = 0, s.p.Out
	}
	b := t.bound(s.p, in, out, &sum)
	if r.Nu.Target == 0 || (b < r.Bound) != s.wanted() && b != r.Bound {
		r.Bound = b
		r.Nu, *t = *t, r.Nu
	}
}

// bound ends a bound for in, or for out if that is positive, whose levels leave sum.
func (nu *Nu) bound(p *Problem, in, out money.Amount, sum *money.Sum) money.Amount {
	var less money.Sum
	for i := range p.Bundles { // what must be done can cost more than it gives
		b := &p.Bundles[i]
		from, to, _ := nu.ends(p, &p.Sides[b.Side])
		sum.AddMul(uint64(b.Out), to)
		less.AddMul(uint64(b.In), from)
	}
	if out > 0 {
		less.AddMul(uint64(out), nu.Target)
		less.Sub(sum)
		return less.DivDown(nu.Source)
	}
	sum.AddMul(uint64(in), nu.Source)
	sum.Sub(&less)
	return sum.DivUp(nu.Target)
}

// bounded is the input that an output is bounded for.
func (s *Solver) bounded() money.Amount {
	if s.result.Partial {
		return s.result.In
	}
	return s.p.In
}

// floats are the prices of a try by node.
func (c *certificate) floats(assets []int32) (one, two []float64) {
	c.one, c.two = c.one[:0], c.two[:0]
	for _, a := range assets {
		c.one, c.two = append(c.one, float64(int64(c.try.One[a]))), append(c.two, float64(int64(c.try.Two[a])))
	}
	return c.one, c.two
}

// gains reports whether an arc may leave a surplus at prices: if nothing is sent along
// it, where its best rate does, and as floats are off by a few units of their last
// place, where it nearly does.
func (c *arc) gains(from, to float64) bool {
	return c.used || c.rate*to*(1+0x1p-40) > from
}

// surplus adds max(0, Out*to - In*from) over all levels of a side, which are
// sorted: those of a prefix, that ends near what is filled, and their sums are
// known.
func (s *Solver) surplus(sum *money.Sum, d *side, from, to uint64) {
	k := min(d.full, len(d.pieces))
	for ; k > 0 && !gains(&d.pieces[k-1], from, to); k-- {
	}
	for {
		p, ok := d.piece(k)
		if !ok || !gains(p, from, to) {
			break
		}
		k++
	}
	before := d.before(k)
	if before.In < math.MaxInt64 && before.Out < math.MaxInt64 {
		sum.AddSurplus(uint64(before.Out), to, uint64(before.In), from)
		return
	}
	for i := range k {
		a := &d.pieces[i].arc
		sum.AddSurplus(uint64(a.Out), to, uint64(a.In), from)
	}
}

func gains(p *piece, from, to uint64) bool {
	h1, l1 := bits.Mul64(uint64(p.arc.Out), to)
	h2, l2 := bits.Mul64(uint64(p.arc.In), from)
	return h1 > h2 || h1 == h2 && l1 > l2
}

// whole scales prices to integers, each a little more towards S than what comes
// after it: an arc that is just worth taking is then not, which costs the bound
// that little of the order. The other way round it would cost it that little of
// the whole arc, which may be far larger.
func whole(w *Nu, nu *Prices) {
	const nudge = 1 + 0x1p-48
	most := max(nu.Source, nu.Target)
	for _, one := range nu.One { // no less than in layer two
		if one > most {
			most = one
		}
	}
	scale := math.Ldexp(1, nuBits) / most
	whole := func(x float64) uint64 { return uint64(int64(x)) } // of at most 62 bits
	w.Source, w.Target = whole(nu.Source*scale*(nudge*nudge*nudge))+1, whole(nu.Target*scale)
	w.One, w.Two = w.One[:0], w.Two[:0]
	for i := range nu.One {
		two := whole(nu.Two[i] * scale * nudge)
		w.One = append(w.One, max(whole(nu.One[i]*scale*(nudge*nudge)), two))
		w.Two = append(w.Two, two)
	}
}

// chain prices the ends and the nodes of the last walk by the whole numbers of the
// levels it has filled last, the others by nu. It reports whether that fits. It
// makes the bound of an order for one way the plan to the unit, however large the
// level.
func (s *Solver) chain(w *Nu, nu *Prices) bool {
	before, after := uint64(1), uint64(1) // In of the arcs so far, from S; Out of the arcs beyond
	for i := range s.walk {
		st := &s.walk[i]
		if st.back {
			return false
		}
		if st.arc == nil {
			continue
		}
		hi, lo := bits.Mul64(after, uint64(st.side.marginal().Out))
		if after = lo; hi > 0 || lo >= 1<<nuMaxBits {
			return false
		}
	}
	w.Source = after
	for i := len(s.walk) - 1; i >= 0; i-- {
		st := &s.walk[i]
		if st.arc != nil {
			a := st.side.marginal()
			hi, lo := bits.Mul64(before, uint64(a.In))
			if before, after = lo, after/uint64(a.Out); hi > 0 || lo >= 1<<nuMaxBits {
				return false
			}
		}
	}
	w.Target = before
	return s.chainNodes(w, nu)
}

// chainNodes prices the nodes for chain, given the ends.
func (s *Solver) chainNodes(w *Nu, nu *Prices) bool {
	scale := float64(w.Target) / nu.Target
	w.One, w.Two = sized(w.One, len(nu.One), 0), sized(w.Two, len(nu.Two), 0)
	for i := range nu.One {
		one, two := nu.One[i]*scale, nu.Two[i]*scale
		if one >= 1<<nuMaxBits {
			return false
		}
		w.One[i], w.Two[i] = max(uint64(one), uint64(two)), uint64(two)
	}
	at := w.Source
	before := uint64(1)
	for i := len(s.walk) - 1; i >= 0; i-- {
		st := &s.walk[i]
		if st.arc != nil {
			a := st.side.marginal()
			at /= uint64(a.Out)
			before *= uint64(a.In)
		}
		if st.head == none {
			break
		}
		hi, price := bits.Mul64(at, before)
		if hi > 0 || price >= 1<<nuMaxBits {
			return false
		}
		if a := s.net.assets[st.head]; st.layer == 1 {
			w.One[a] = price
		} else {
			w.Two[a] = price
		}
	}
	for i := range w.One {
		w.One[i] = max(w.One[i], w.Two[i])
	}
	return w.Source > 0 && w.Target > 0
}

// Bound is B(nu) over every level of every side of a problem, rounded up: no plan
// turns In into more. Where Out is asked for it is the least that buys it, rounded
// down. It knows nothing of how a plan was made.
func Bound(p *Problem, nu *Nu) money.Amount {
	var sum money.Sum
	for i := range p.Sides {
		d := &p.Sides[i]
		from, to, ok := nu.ends(p, d)
		if !ok {
			continue
		}
		for _, b := range d.Books {
			for _, a := range b.Arcs {
				sum.AddSurplus(uint64(a.Out), to, uint64(a.In), from)
			}
		}
	}
	return nu.bound(p, p.In, p.Out, &sum)
}

// ends returns the prices at both ends of a side, false if no walk can use it.
func (nu *Nu) ends(p *Problem, d *Side) (from, to uint64, ok bool) {
	switch {
	case d.To == p.Source || d.From == p.Target:
		return 0, 0, false
	case d.From == p.Source && d.To == p.Target:
		return nu.Source, nu.Target, true
	case d.From == p.Source:
		return nu.Source, nu.One[d.To], p.MaxHops >= 2
	case d.To == p.Target:
		return nu.Two[d.From], nu.Target, p.MaxHops >= 2
	}
	return nu.One[d.From], nu.Two[d.To], p.MaxHops >= 3 && reaches(p, d.From)
}

// reaches reports whether a book from the source into asset a stands in the problem.
func reaches(p *Problem, a int32) bool {
	for i := range p.Sides {
		if d := &p.Sides[i]; d.From == p.Source && d.To == a {
			return len(d.Books) > 0
		}
	}
	return false
}
