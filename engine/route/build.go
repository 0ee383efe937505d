package route

import (
	"cmp"
	"slices"

	"chronos.dev/engine/flow"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// network is the market of a request as the kernel wants it: assets by the rank
// of their names, so that ties go the same way in every process. All but the books
// is the same for every request between two assets.
type network struct {
	problem flow.Problem       // each side with the stamp of the usage that its books are of
	edges   []*graph.Edge      // by side
	markets [][]graph.MarketID // by side and book
	onPath  []bool             // by side: whether any path of the request leads over it
	assets  []graph.AssetID    // between, by name
	numbers []int32            // of them in the problem

	options bool // some books have options
	books   int  // of the sides that the bound sums over, see count
	blocked int  // markets on a path that cannot be used, once for each side
}

// networkKey is what a network is of, in one topology.
type networkKey struct {
	sell, buy graph.AssetID
	hops      int
}

// generation is a share of the networks that are kept.
type generation struct {
	of    map[networkKey]*network
	sides int
}

// generationSides bounds the memory of the networks kept, by sides of about 100
// bytes: there are two generations, and the largest network may come on top.
const generationSides = 1 << 15

// fewSides are laid out sooner than a layout is fetched from memory.
const fewSides = 16

// shelf is what the usable markets of an edge offer, for all networks that have it.
type shelf struct {
	stamp   uint64
	books   []*graph.Side
	markets []graph.MarketID // by book
	options bool             // some books have options
	summed  bool             // takes is known
	takes   money.Amount     // see Solver.takes
}

// build states the amount of the request as a problem of the kernel, whose network
// mark has found.
func (s *Solver) build() {
	p := &s.net.problem
	p.In, p.Out, p.Budget = s.req.In, s.req.Out, s.req.Budget
}

// Problem states a request as a problem of the kernel, to measure that by itself.
// It is valid until the Solver's next call.
func (s *Solver) Problem(snap *graph.Snapshot, req Request) *flow.Problem {
	req.check()
	s.snap, s.req = snap, req
	s.mark()
	s.build()
	return &s.net.problem
}

// mark finds the network of the request, and which of its markets may be used.
func (s *Solver) mark() {
	s.following = false
	s.policy()
	key := networkKey{s.req.Sell, s.req.Buy, s.req.MaxHops}
	n := s.young.of[key]
	if n == nil {
		if n = s.old.of[key]; n == nil {
			n = s.newNetwork()
		}
		s.keep(key, n)
	}
	s.net = n
	s.refresh(n)
}

// keep keeps a network among the young, which are the old ones once they are many.
func (s *Solver) keep(key networkKey, n *network) {
	if g := &s.young; g.of == nil || g.sides+len(n.edges) > generationSides {
		s.old, s.young = s.young, generation{of: map[networkKey]*network{}}
	}
	s.young.of[key] = n
	s.young.sides += len(n.edges)
}

// newNetwork states the request as a problem of the kernel, as yet without books.
func (s *Solver) newNetwork() *network {
	n := &network{}
	p := &n.problem
	p.MaxHops = s.req.MaxHops
	first := s.edges(s.req.Sell)
	for i := range first {
		n.edges = append(n.edges, &first[i])
	}
	if s.req.MaxHops >= 2 {
		s.addBetween(n, first)
	}
	s.number(n)
	s.sort(n.edges, p.Assets)
	m := len(n.edges)
	p.Sides, n.markets = make([]flow.Side, m), make([][]graph.MarketID, m)
	for i, e := range n.edges {
		p.Sides[i] = flow.Side{From: s.numbers[e.From], To: s.numbers[e.To], Key: sideKey(e)}
	}
	if m > fewSides {
		p.Layout = flow.NewLayout(p)
	}
	s.findPaths(n)
	return n
}

// number numbers the assets of a network by their names, so that the kernel's work
// is in their number and not in that of all assets.
func (s *Solver) number(n *network) {
	s.marks = zeroed(s.marks, len(s.snap.Assets))
	var all []graph.AssetID
	add := func(a graph.AssetID) {
		if s.marks[a] == 0 {
			s.marks[a], all = 1, append(all, a)
		}
	}
	add(s.req.Sell)
	add(s.req.Buy)
	for _, e := range n.edges {
		add(e.From)
		add(e.To)
	}
	slices.SortFunc(all, func(a, b graph.AssetID) int { return cmp.Compare(s.snap.Rank(a), s.snap.Rank(b)) })
	s.numbers = slices.Grow(s.numbers[:0], len(s.snap.Assets))[:len(s.snap.Assets)]
	for i, a := range all {
		s.numbers[a] = int32(i)
		if s.between(a) {
			n.assets, n.numbers = append(n.assets, a), append(n.numbers, int32(i))
		}
	}
	p := &n.problem
	p.Assets, p.Source, p.Target = len(all), s.numbers[s.req.Sell], s.numbers[s.req.Buy]
}

// sort orders edges by the names of their ends, that is by the numbers of these.
func (s *Solver) sort(edges []*graph.Edge, assets int) {
	other, begin := make([]*graph.Edge, len(edges)), make([]int, assets+1)
	by := func(dst, src []*graph.Edge, end func(e *graph.Edge) graph.AssetID) {
		clear(begin)
		for _, e := range src {
			begin[s.numbers[end(e)]+1]++
		}
		for i := range assets {
			begin[i+1] += begin[i]
		}
		for _, e := range src {
			at := &begin[s.numbers[end(e)]]
			dst[*at] = e
			*at++
		}
	}
	by(other, edges, func(e *graph.Edge) graph.AssetID { return e.To })
	by(edges, other, func(e *graph.Edge) graph.AssetID { return e.From })
}

// sideKey names an edge to the kernel.
func sideKey(e *graph.Edge) uint64 { return uint64(e.From)<<32 | uint64(e.To) + 1<<63 }

// addBetween adds the edges that leave an asset between.
func (s *Solver) addBetween(n *network, first []graph.Edge) {
	back := s.edges(s.req.Buy) // whatever T turns into turns into T
	s.marks = zeroed(s.marks, len(s.snap.Assets))
	for i := range back {
		if v := back[i].To; s.between(v) {
			s.marks[v] = 1
			n.edges = append(n.edges, s.snap.Edge(v, s.req.Buy))
		}
	}
	if s.req.MaxHops < 3 {
		return
	}
	for i := range first {
		if !s.between(first[i].To) {
			continue
		}
		out := s.edges(first[i].To)
		for j := range out {
			if e := &out[j]; s.marks[e.To] > 0 {
				n.edges = append(n.edges, e)
			}
		}
	}
}

// findPaths notes which edges are on a path.
func (s *Solver) findPaths(n *network) {
	const leads, comes = 1, 2 // to an edge that ends the path; from one that begins it
	s.marks = zeroed(s.marks, len(s.snap.Assets))
	for _, e := range n.edges {
		if e.From != s.req.Sell {
			s.marks[e.From] |= leads
		}
		if e.To != s.req.Buy {
			s.marks[e.To] |= comes
		}
	}
	n.onPath = make([]bool, len(n.edges))
	for i, e := range n.edges {
		n.onPath[i] = (e.From == s.req.Sell || s.marks[e.From]&comes > 0) &&
			(e.To == s.req.Buy || s.marks[e.To]&leads > 0)
	}
}

// refresh brings the books of a network up to date.
func (s *Solver) refresh(n *network) {
	changed := false
	for i, e := range n.edges {
		u, d := s.touch(e), &n.problem.Sides[i]
		if d.Stamp != u.stamp {
			b := s.fill(e, u.stamp)
			d.Stamp, d.Books, n.markets[i], changed = u.stamp, b.books, b.markets, true
		}
	}
	if !changed {
		return
	}
	n.blocked, n.options = 0, false
	for i, e := range n.edges {
		u := &s.uses[e.Pair]
		n.options = n.options || s.fill(e, u.stamp).options
		if n.onPath[i] {
			n.blocked += u.blocked
		}
	}
	s.count(n)
}

// count counts the books that a path could use, as far as something is offered to
// begin and to end it.
func (s *Solver) count(n *network) {
	const begins, ends = 1, 2
	s.marks = zeroed(s.marks, len(s.snap.Assets))
	held := func(i int) bool { return len(n.problem.Sides[i].Books) > 0 }
	for i, e := range n.edges {
		if e.From == s.req.Sell && held(i) {
			s.marks[e.To] |= begins
		}
		if e.To == s.req.Buy && held(i) {
			s.marks[e.From] |= ends
		}
	}
	n.books = 0
	for i, e := range n.edges {
		first, last := e.From == s.req.Sell, e.To == s.req.Buy
		if first && last || (first || last) && s.req.MaxHops >= 2 ||
			s.marks[e.From]&begins > 0 && s.marks[e.To]&ends > 0 {
			n.books += len(n.problem.Sides[i].Books)
		}
	}
}

// fill finds what the usable markets of an edge offer.
func (s *Solver) fill(e *graph.Edge, stamp uint64) *shelf {
	b := &s.shelves[e.Pair][0]
	if e.From > e.To {
		b = &s.shelves[e.Pair][1]
	}
	if b.stamp == stamp {
		return b
	}
	b.stamp, b.options, b.summed, b.books, b.markets = stamp, false, false, b.books[:0], b.markets[:0]
	for _, id := range e.Markets {
		k := s.look(id)
		side, what := &k.state.Buy, k.buy
		if e.From == k.base {
			side, what = &k.state.Sell, k.sell
		}
		if !s.usable[id] || what == nothing || what == options && !s.holds(side) {
			continue
		}
		b.options = b.options || what == options
		b.books, b.markets = append(b.books, side), append(b.markets, id)
	}
	return b
}
