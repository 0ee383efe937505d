package route

import (
	"cmp"
	"slices"

	"chronos.dev/engine/flow"
	"chronos.dev/graph"
)

// network is the market of a request as the kernel wants it: assets by the rank
// of their names, so that ties go the same way in every process. All but the books
// is the same for every request between two assets.
type network struct {
	problem flow.Problem
	edges   []*graph.Edge      // by side
	markets [][]graph.MarketID // by side and book
	stamps  []uint64           // by side: of the use that its books are
	chooses []bool             // by side: whether some of its books have options
	onPath  []bool             // by side: whether any path of the request leads over it
	assets  []graph.AssetID    // between, by name

	options bool
	books   int // that hold anything, of all sides
	blocked int // markets on a path that cannot be used, once for each side
	weight  int // in markets
}

// networkKey is what a network is of, in one topology.
type networkKey struct {
	sell, buy graph.AssetID
	hops      int
}

// generation is a share of the networks that are kept.
type generation struct {
	of     map[networkKey]*network
	weight int
}

// generationWeight bounds the memory of the networks kept, in markets of some 16
// bytes: there are two generations, and the largest network may come on top.
const generationWeight = 1 << 18

// build states the amount of the request as a problem of the kernel, whose network
// mark has found.
func (s *Solver) build() {
	p := &s.net.problem
	p.In, p.Out, p.Budget = s.req.In, s.req.Out, s.req.Budget
}

// mark finds the network of the request, and which of its markets may be used.
func (s *Solver) mark() {
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
	if g := &s.young; g.of == nil || g.weight+n.weight > generationWeight {
		s.old, s.young = s.young, generation{of: map[networkKey]*network{}}
	}
	s.young.of[key] = n
	s.young.weight += n.weight
}

// newNetwork states the request as a problem of the kernel, as yet without books.
func (s *Solver) newNetwork() *network {
	n := &network{}
	p := &n.problem
	p.Assets, p.MaxHops = len(s.snap.Assets), s.req.MaxHops
	p.Source, p.Target = s.snap.Rank(s.req.Sell), s.snap.Rank(s.req.Buy)
	first := s.edges(s.req.Sell)
	for i := range first {
		n.edges = append(n.edges, &first[i])
	}
	if s.req.MaxHops >= 2 {
		s.addBetween(n, first)
	}
	rank := s.snap.Rank
	slices.SortFunc(n.edges, func(a, b *graph.Edge) int {
		return cmp.Or(cmp.Compare(rank(a.From), rank(b.From)), cmp.Compare(rank(a.To), rank(b.To)))
	})
	markets := 0
	for _, e := range n.edges {
		markets += len(e.Markets)
	}
	n.weight = markets + 8*len(n.edges) + 64
	books, ids := make([]*graph.Side, markets), make([]graph.MarketID, markets)
	p.Sides, n.markets = make([]flow.Side, len(n.edges)), make([][]graph.MarketID, len(n.edges))
	n.stamps = make([]uint64, len(n.edges))
	n.chooses, n.onPath = make([]bool, len(n.edges)), make([]bool, len(n.edges))
	for i, e := range n.edges {
		m := len(e.Markets)
		p.Sides[i] = flow.Side{From: rank(e.From), To: rank(e.To), Books: books[:0:m]}
		n.markets[i], books, ids = ids[:0:m], books[m:], ids[m:]
	}
	s.findPaths(n)
	return n
}

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
	leads := make([]bool, len(s.snap.Assets)) // to an edge that ends the path
	comes := make([]bool, len(s.snap.Assets)) // from one that begins it
	seen := make([]bool, len(s.snap.Assets))
	lateral := func(e *graph.Edge) bool { return s.between(e.From) && s.between(e.To) }
	for _, e := range n.edges {
		seen[e.From], seen[e.To] = true, true
		if lateral(e) || e.To == s.req.Buy {
			leads[e.From] = true
		}
		if lateral(e) || e.From == s.req.Sell {
			comes[e.To] = true
		}
	}
	for i, e := range n.edges {
		n.onPath[i] = (e.From == s.req.Sell || comes[e.From]) && (e.To == s.req.Buy || leads[e.To])
	}
	for _, a := range s.snap.ByName() {
		if seen[a] && s.between(a) {
			n.assets = append(n.assets, a)
		}
	}
}

// refresh brings the books of a network up to date.
func (s *Solver) refresh(n *network) {
	n.books, n.blocked, n.options = 0, 0, false
	for i, e := range n.edges {
		u := s.touch(e)
		if n.stamps[i] != u.stamp {
			n.stamps[i], n.problem.Sides[i].Stamp = u.stamp, u.stamp
			s.buildSide(n, i)
		}
		n.books += len(n.problem.Sides[i].Books)
		n.options = n.options || n.chooses[i]
		if n.onPath[i] {
			n.blocked += u.blocked
		}
	}
}

// buildSide states what the usable markets of an edge offer.
func (s *Solver) buildSide(n *network, i int) {
	d, e := &n.problem.Sides[i], n.edges[i]
	d.Books, n.markets[i], n.chooses[i] = d.Books[:0], n.markets[i][:0], false
	for _, id := range e.Markets {
		if side := s.side(id, e.From); s.usable[id] && s.holds(side) {
			n.chooses[i] = n.chooses[i] || len(side.Options) > 0
			d.Books, n.markets[i] = append(d.Books, side), append(n.markets[i], id)
		}
	}
}
