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
	s.sort(n.edges)
	m := len(n.edges)
	p.Sides, n.markets = make([]flow.Side, m), make([][]graph.MarketID, m)
	n.onPath = make([]bool, m)
	s.findPaths(n)
	s.number(n)
	return n
}

// ranked is an edge and the ranks of its ends.
type ranked struct {
	rank uint64
	edge *graph.Edge
}

// sort orders edges by the names of their ends.
func (s *Solver) sort(edges []*graph.Edge) {
	all := make([]ranked, len(edges))
	for i, e := range edges {
		all[i] = ranked{uint64(s.snap.Rank(e.From))<<32 | uint64(s.snap.Rank(e.To)), e}
	}
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	for i := range all {
		edges[i] = all[i].edge
	}
}

// number numbers the assets of a network by their names, so that the kernel's work
// is in their number and not in that of all assets.
func (s *Solver) number(n *network) {
	p, rank := &n.problem, s.snap.Rank
	all := append(slices.Clone(n.assets), s.req.Sell, s.req.Buy)
	slices.SortFunc(all, func(a, b graph.AssetID) int { return cmp.Compare(rank(a), rank(b)) })
	of := make(map[graph.AssetID]int32, len(all))
	for i, a := range all {
		of[a] = int32(i)
	}
	p.Assets, p.Source, p.Target = len(all), of[s.req.Sell], of[s.req.Buy]
	for i, e := range n.edges {
		p.Sides[i] = flow.Side{From: of[e.From], To: of[e.To], Key: sideKey(e)}
	}
	p.Layout = flow.NewLayout(p)
	for _, a := range n.assets {
		n.numbers = append(n.numbers, of[a])
	}
}

// sideKey names an edge to the kernel.
func sideKey(e *graph.Edge) uint64 { return uint64(e.From)<<32 | uint64(e.To) + 1<<63 }

// addBetween adds the edges that leave an asset between.
func (s *Solver) addBetween(n *network, first []graph.Edge) {
	back := s.edges(s.req.Buy) // whatever T turns into turns into T
	for i := range back {
		if v := back[i].To; s.between(v) {
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
			if e := &out[j]; s.between(e.To) && s.snap.Edge(e.To, s.req.Buy) != nil {
				n.edges = append(n.edges, e)
			}
		}
	}
}

// findPaths notes which edges are on a path, and the assets between.
func (s *Solver) findPaths(n *network) {
	const leads, comes = 1, 2 // to an edge that ends the path; from one that begins it
	s.marks = zeroed(s.marks, len(s.snap.Assets))
	between := func(a graph.AssetID, mark uint8) {
		if s.marks[a] == 0 && s.between(a) {
			n.assets = append(n.assets, a)
		}
		s.marks[a] |= mark
	}
	for _, e := range n.edges {
		if e.From != s.req.Sell {
			between(e.From, leads)
		}
		if e.To != s.req.Buy {
			between(e.To, comes)
		}
	}
	for i, e := range n.edges {
		n.onPath[i] = (e.From == s.req.Sell || s.marks[e.From]&comes > 0) &&
			(e.To == s.req.Buy || s.marks[e.To]&leads > 0)
	}
	slices.SortFunc(n.assets, func(a, b graph.AssetID) int { return cmp.Compare(s.snap.Rank(a), s.snap.Rank(b)) })
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
