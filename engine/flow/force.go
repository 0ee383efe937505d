package flow

import (
	"math"

	"chronos.dev/money"
)

// Bundles are flows that are given. What one takes at a node must come there, and
// what it brings must go on. So before the order is augmented along walks from S
// to T, what bundles bring is sent to where bundles take, and on to T, and what is
// still wanted is sent there from S, always along the best walk of the residual
// network. That leaves no circle that gains, so what the order then adds makes the
// best plan of those that contain the bundles. See Ahuja, Magnanti and Orlin,
// Network Flows (1993), chapter 15, on augmenting from any feasible flow.

// search finds walks between any two nodes. It is slower than labels, and used for
// bundles only. Nodes are (i,1), then (i,2), then T and S.
type search struct {
	gain  []float64
	come  []edge    // by node: how the best walk came there
	want  []float64 // by node: what bundles still take there, or if negative bring
	edges []edge
	steps []step
}

// edge is an arc of the residual network.
type edge struct {
	from, to int32
	gain     float64
	arc      *arc // nil: the stay arc
	stay     int32
	back     bool
}

// force sends what bundles take and bring. If that is not possible within the
// order it reports false, and prices the nodes by what is missing.
func (s *Solver) force() bool {
	if s.plan.short = false; len(s.p.Bundles) == 0 {
		return true
	}
	for i := range s.p.Bundles {
		if !s.joined(&s.p.Sides[s.p.Bundles[i].Side]) {
			return false
		}
	}
	s.blank()
	s.bundle()
	f, w, m := &s.plan, &s.ways, len(s.net.assets)
	end := int32(2 * m)
	w.want = sized(w.want, 2*m+2, 0)
	for i := range m {
		w.want[i] = s.needs(i, f.takes1[i], f.brings1[i])
		w.want[m+i] = s.needs(i, f.takes2[i], f.brings2[i])
	}
	s.in, s.out = float64(f.takes), float64(f.brings)
	s.pass(end)
	if to := s.serve(end); to != none {
		s.ray(to)
		return false
	}
	ok := s.giveBack(end)
	s.carried()
	return ok
}

// pass sends what bundles bring to where bundles take, and on to T. What is left of
// it is worth nothing there.
func (s *Solver) pass(end int32) {
	w := &s.ways
	for from := range end {
		for to := range end {
			if w.want[from] < 0 && w.want[to] > 0 {
				s.send(from, to)
			}
		}
		if before := w.want[from]; before < 0 {
			w.want[end] = math.Inf(1)
			s.stuck = s.send(from, end) < 0 && -w.want[from] > 1e-9*-before || s.stuck
		}
	}
}

// serve sends what bundles still take from S, or if nothing more leads there from
// what has reached T. It returns the first node that is short for all that, or none.
func (s *Solver) serve(end int32) int32 {
	w := &s.ways
	for to := range end {
		if w.want[to] <= 0 {
			continue
		}
		if w.want[end+1] = math.Inf(-1); s.send(end+1, to) <= 0 {
			continue
		}
		if w.want[end] = -s.out; s.send(end, to) > 0 {
			return to
		}
	}
	return none
}

// giveBack takes back what is beyond the order, and reports whether that has brought
// it within. What bundles give beyond an amount wanted is forgone.
func (s *Solver) giveBack(end int32) bool {
	w := &s.ways
	if over := s.out - s.goal; s.p.Out > 0 {
		if over > 0 {
			w.want[end], w.want[end+1] = -over, math.Inf(1)
			s.send(end, end+1)
		}
		return true
	}
	if over := s.in - s.goal; over > 0 {
		if w.want[end], w.want[end+1] = -s.out, over; s.send(end, end+1) != 0 && s.in > s.goal {
			s.ray(end + 1)
			return false
		}
	}
	return true
}

// ray prices the nodes by what a unit there is worth at one that is short. At these
// prices bundles cost more than all levels and the order bring: they prove that no
// plan contains them.
func (s *Solver) ray(short int32) {
	s.priceAt(int(short))
	s.wholly()
	s.try()
}

// atLeast raises prices to what a unit of T, at its price, is worth at the best rates
// of all: so small, a price of T proves the same, and no market is summed up for it.
func (s *Solver) atLeast(t *Nu) {
	n, w := &s.net, &s.ways
	m := len(n.assets)
	w.gain = sized(w.gain, 2*m+2, 0)
	one, two, source := w.gain[:m], w.gain[m:2*m], float64(t.Target)*n.direct.side.top()
	for i := range m {
		two[i] = float64(t.Target) * n.last[i].side.top()
		one[i] = two[i]
	}
	for k := range n.laterals {
		c := &n.laterals[k]
		one[c.from] = max(one[c.from], two[c.to]*c.side.top())
	}
	whole := func(x float64) uint64 { return uint64(min(math.Ceil(x*(1+0x1p-40)), 1<<nuBits)) }
	for i, a := range n.assets {
		source = max(source, one[i]*n.first[i].side.top())
		t.One[a], t.Two[a] = max(t.One[a], whole(one[i])), max(t.Two[a], whole(two[i]))
	}
	t.Source = max(t.Source, whole(source))
}

// Whole bounds the order itself, where the last Solve has found that the market ends
// before it: for an amount to sell by all that the market brings, for one to buy by
// MaxInt64, or nearly, since no input buys it. The prices are valid until it is asked
// again.
func (s *Solver) Whole() (Nu, money.Amount) {
	was := s.result
	r := &s.result
	r.Nu, r.Partial = Nu{One: s.sure.whole.One[:0], Two: s.sure.whole.Two[:0]}, false
	s.ray(int32(2 * len(s.net.assets)))
	nu, bound := r.Nu, r.Bound
	s.sure.whole = nu
	*r = was
	return nu, bound
}

// joined reports whether a side stands in the network, if only empty.
func (s *Solver) joined(d *Side) bool {
	p, node := s.p, s.net.node
	switch {
	case d.To == p.Source || d.From == p.Target:
		return false
	case d.From == p.Source && d.To == p.Target:
		return true
	case d.From == p.Source || d.To == p.Target:
		return p.MaxHops >= 2
	}
	return p.MaxHops >= 3 && node[d.From] != none && node[d.To] != none
}

// needs is what must come to a node. A bundle needs all it takes to the unit, and
// every side on the way there rounds down, by up to a unit of its input.
func (s *Solver) needs(i int, takes, brings money.Amount) float64 {
	if takes <= brings {
		return -float64(brings - takes)
	}
	n, cushion := &s.net, 2.0
	if d := n.first[i].side; d != nil {
		cushion += 1 + d.top()
	}
	for k := n.start[i]; k < n.start[i+1]; k++ {
		c := &n.laterals[k]
		if c.side == nil {
			continue
		}
		cushion += 1 + c.side.top()
		if d := n.first[c.from].side; d != nil {
			cushion += d.top() * c.side.top()
		}
	}
	return float64(takes-brings) + s.spare*cushion
}

// send sends what is at from, or as much as is wanted at to, along the best walks
// and returns what is left: negative at from, positive at to, or zero.
func (s *Solver) send(from, to int32) float64 {
	w := &s.ways
	end, source := int32(2*len(s.net.assets)), int32(2*len(s.net.assets)+1)
	for budget := DefaultBudget; budget > 0 && w.want[from] < 0 && w.want[to] > 0; budget-- {
		s.seek(from)
		if w.gain[to] == 0 {
			break
		}
		amount := min(-w.want[from], w.want[to]/w.gain[to])
		got := s.follow(from, to, amount)
		if from == end {
			s.out -= got
		}
		if from == source {
			s.in += got
		} else if w.want[from] += got; got >= amount && -w.want[from] <= exhausted*got {
			w.want[from] = 0
		}
		if to == source {
			s.in -= got * w.gain[to]
		}
		if to == end {
			s.out += got * w.gain[to]
		} else if w.want[to] -= got * w.gain[to]; w.want[to] <= exhausted*got*w.gain[to] {
			w.want[to] = 0
		}
	}
	if to != end && w.want[to] > 0 {
		return w.want[to]
	}
	return w.want[from]
}

// seek finds the best walks from a node to all others.
func (s *Solver) seek(from int32) {
	s.residual()
	w, m := &s.ways, len(s.net.assets)
	w.gain = sized(w.gain, 2*m+2, 0)
	w.come = sized(w.come, 2*m+2, edge{})
	w.gain[from] = 1
	for range 2*m + 2 {
		risen := false
		for i := range w.edges {
			e := &w.edges[i]
			if g := w.gain[e.from] * e.gain; e.to != from && g > w.gain[e.to]*(1+slack) {
				w.gain[e.to], w.come[e.to], risen = g, *e, true
			}
		}
		if !risen {
			break
		}
	}
}

// residual lists the arcs of the residual network.
func (s *Solver) residual() {
	w, n := &s.ways, &s.net
	m := int32(len(n.assets))
	end, source := 2*m, 2*m+1
	w.edges = w.edges[:0]
	add := func(from, to int32, c *arc) {
		if c.side == nil {
			return
		}
		if c.rate > 0 {
			w.edges = append(w.edges, edge{from: from, to: to, gain: c.rate, arc: c})
		}
		if c.back > 0 {
			w.edges = append(w.edges, edge{from: to, to: from, gain: c.back, arc: c, back: true})
		}
	}
	add(source, end, &n.direct)
	for i := range m {
		add(source, i, &n.first[i])
		add(m+i, end, &n.last[i])
		w.edges = append(w.edges, edge{from: i, to: m + i, gain: 1, stay: i})
		if n.stay[i] > 0 {
			w.edges = append(w.edges, edge{from: m + i, to: i, gain: 1, stay: i, back: true})
		}
	}
	for k := range n.laterals {
		c := &n.laterals[k]
		add(c.from, m+c.to, &c.arc)
	}
}

// priceBack prices every node by the best walk from it to T: a node that bundles
// feed has a price though no walk from S leads there. If they give more than is
// wanted, T is worth nothing, and nodes have the price of what S gets back for them.
func (s *Solver) priceBack() {
	p, end := &s.result.Prices, 2*len(s.net.assets)
	if s.p.Out > 0 && s.out > s.goal*(1+slack) {
		s.priceAt(end + 1)
		return
	}
	if s.priceAt(end); p.Source == 0 {
		p.Source = s.lastPrice()
	}
}

// priceAt prices every node by the best walk from it to one.
func (s *Solver) priceAt(to int) {
	s.residual()
	w, n, p, m := &s.ways, &s.net, &s.result.Prices, len(s.net.assets)
	end, source := 2*m, 2*m+1
	w.gain = sized(w.gain, 2*m+2, 0)
	w.gain[to] = 1
	for range 2*m + 2 {
		risen := false
		for i := range w.edges {
			e := &w.edges[i]
			if g := e.gain * w.gain[e.to]; int(e.from) != to && g > w.gain[e.from]*(1+slack) {
				w.gain[e.from], risen = g, true
			}
		}
		if !risen {
			break
		}
	}
	p.Source, p.Target = w.gain[source], w.gain[end]
	p.One, p.Two = sized(p.One, s.p.Assets, 0.0), sized(p.Two, s.p.Assets, 0.0)
	for i, a := range n.assets {
		p.One[a], p.Two[a] = max(w.gain[i], w.gain[m+i]), w.gain[m+i]
	}
}

// lastPrice prices S, where nothing leads from it to T any more, by the worst unit
// that has gone out of it.
func (s *Solver) lastPrice() float64 {
	w, n := &s.ways, &s.net
	worst := math.Inf(1)
	if n.direct.side != nil && n.direct.side.last() > 0 {
		worst = n.direct.side.last()
	}
	for i := range n.first {
		if c := &n.first[i]; c.side != nil && c.side.last() > 0 && w.gain[i] > 0 {
			worst = min(worst, c.side.last()*w.gain[i])
		}
	}
	if math.IsInf(worst, 1) {
		return 1
	}
	return worst
}

// follow sends up to amount along the walk that seek has found and returns how
// much that was.
func (s *Solver) follow(from, to int32, amount float64) float64 {
	w := &s.ways
	w.steps = w.steps[:0]
	for at := to; at != from; {
		e := &w.come[at]
		st := step{arc: e.arc, head: e.stay, back: e.back, gain: w.gain[e.from]}
		st.limit = s.room(&st) / st.gain
		amount = min(amount, st.limit)
		w.steps = append(w.steps, st)
		if at = e.from; len(w.steps) > len(w.gain) {
			panic("flow: a walk goes around in a circle")
		}
	}
	for i := range w.steps {
		st := &w.steps[i]
		s.carry(st, amount*st.gain, st.limit <= amount*(1+exhausted))
	}
	return amount
}

// carry sends amount along an arc, as apply does, and leaves the labels alone.
func (s *Solver) carry(st *step, amount float64, whole bool) {
	switch stay := s.net.stay; {
	case st.arc == nil && st.back:
		if stay[st.head] -= amount; whole || stay[st.head] < 0 {
			stay[st.head] = 0
		}
	case st.arc == nil:
		stay[st.head] += amount
	case st.back:
		st.side.unfill(amount, whole)
		st.update()
	default:
		st.used = true
		st.side.fill(amount, whole)
		st.update()
	}
}

// carried lists the laterals that carry something.
func (s *Solver) carried() {
	n := &s.net
	for k := range n.laterals {
		if n.laterals[k].back > 0 {
			n.carry(int32(k))
		}
	}
}
