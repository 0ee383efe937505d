package route

import (
	"cmp"
	"slices"

	"chronos.dev/engine/plan"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// MaxPaths is the most single paths that Paths returns.
const MaxPaths = 5

// Paths returns the best single paths for req, at most n, best first: each
// carries the whole amount, split over venues hop by hop. Their plans have no
// bound; Solve tells how far behind the best split they are. Of equals the one
// with fewer hops comes first, then by the names of the assets between. There
// may be none though Solve finds a plan: of several paths together.
func (s *Solver) Paths(snap *graph.Snapshot, req Request, n int) []*Answer {
	req.check()
	s.snap, s.req = snap, req
	s.mark()
	best := s.rank(n)
	left := s.leftOut(nil)
	answers := make([]*Answer, 0, len(best))
	for _, p := range best {
		if a := (&Answer{Path: s.assets(nil, p), LeftOut: left}); s.replay(a) {
			answers = append(answers, a)
		}
	}
	return answers
}

// rank returns the best paths, at most n, best first, lots aside.
func (s *Solver) rank(n int) (best []path) {
	s.eachPath(func(edges []*graph.Edge) {
		p := path{n: len(edges) - 1, found: true}
		for i := range p.n {
			p.mids[i] = edges[i].To
		}
		if p.value = s.value(edges); p.value > 0 {
			at, _ := slices.BinarySearchFunc(best, p, s.comparePaths)
			best = slices.Insert(best, at, p)
			best = best[:min(len(best), n)]
		}
	})
	return best
}

// throughLots returns the best of a, which may be nil, and of the paths that would be
// best without lots: these may cost a path more than it is ahead.
func (s *Solver) throughLots(a *Answer) *Answer {
	best := a
	for _, p := range s.rank(MaxPaths) {
		one := &Answer{Path: s.assets(nil, p)}
		if s.replay(one) && (best == nil || better(&one.Plan, &best.Plan)) {
			best = one
		}
	}
	if best == nil || len(best.Path) == 0 {
		return best
	}
	way := slices.Clone(best.Path)
	one := s.memory.single.empty() // again, since what it rests on was overwritten
	if one.Path = append(one.Path, way...); !s.replay(one) {
		return nil
	}
	s.boundPath(one)
	return one
}

// Best returns what Paths returns first, without evaluating every path: another one
// only where two give the same. It is nil where there is none.
func (s *Solver) Best(snap *graph.Snapshot, req Request) *Answer {
	req.check()
	s.snap, s.req, s.memory = snap, req, new(Memory)
	defer func() { s.memory = nil }()
	s.mark()
	a := s.single()
	if a != nil {
		a.LeftOut = s.leftOut(nil)
	}
	return a
}

// value is what a path gives for In, or costs for Out; 0 if it cannot.
func (s *Solver) value(edges []*graph.Edge) money.Amount {
	amount, ok := s.req.In, true
	if s.req.Out > 0 {
		amount = s.req.Out
		for _, e := range slices.Backward(edges) {
			if amount, ok = s.costs(e, amount); !ok || amount == 0 {
				return 0
			}
		}
		return amount
	}
	for _, e := range edges {
		if amount, ok = s.gives(e, amount); !ok || amount == 0 {
			return 0
		}
	}
	return amount
}

// comparePaths orders paths, the better first.
func (s *Solver) comparePaths(p, q path) int {
	byValue := cmp.Compare(q.value, p.value)
	if s.req.Out > 0 {
		byValue = -byValue
	}
	names := 0
	switch {
	case p.n != q.n:
	case s.pathLower(p, q):
		names = -1
	case s.pathLower(q, p):
		names = 1
	}
	return cmp.Or(byValue, cmp.Compare(p.n, q.n), names)
}

// check panics on a request that its caller should have refused.
func (r *Request) check() {
	if (r.In > 0) == (r.Out > 0) || r.In < 0 || r.Out < 0 ||
		r.MaxHops < 1 || r.MaxHops > plan.MaxHops || r.Sell == r.Buy {
		panic("route: a request that its caller should have refused")
	}
}
