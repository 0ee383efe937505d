// Package route finds the plan: the optimal split over venues and over paths of
// at most three hops, with a bound that no plan over the same books can beat.
//
// A Solver answers one Request on one graph.Snapshot. Package flow finds the
// split and the node prices that prove it; here its fills become routes, chains
// of one market a hop, and its prices a bound in integers. Beside it stands the
// best single path, exact to the unit: where the assets between are so coarse
// that the rounding of several paths costs more than they gain, it is the plan.
//
// A Solver is scratch memory of one goroutine. It has no clock: the Request
// carries the time.
package route

import (
	"math"
	"slices"
	"time"

	"chronos.dev/engine/branch"
	"chronos.dev/engine/flow"
	"chronos.dev/engine/plan"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Request says what is wanted. Exactly one of In and Out is positive.
type Request struct {
	Sell, Buy  graph.AssetID
	In         money.Amount // exact-in: give this much of Sell
	Out        money.Amount // exact-out: receive this much of Buy
	MaxHops    int          // 1 to plan.MaxHops
	Now        int64        // Unix nanoseconds
	StaleAfter int64        // nanoseconds of silence after which a book is not used
	Barred     []bool       // venues not to be used, by VenueID; nil: none
	Budget     int          // walks of the kernel; 0: flow.DefaultBudget
	// MaxSettle leaves out books and tiers that settle later; 0: none.
	MaxSettle time.Duration
}

// bars reports whether the request excludes a venue.
func (r *Request) bars(v graph.VenueID) bool { return int(v) < len(r.Barred) && r.Barred[v] }

// Answer is a plan and what stood behind it.
type Answer struct {
	Plan plan.Plan
	Path []graph.AssetID // of a single path: Sell, the assets between, Buy
	Used []graph.MarketID
	// LeftOut are the markets on any path of the request that could not be used.
	LeftOut []graph.LeftOut
	Hops    []Hop // of the routes, each once, in their order

	legs  []plan.Leg // of all routes
	sides []sideRef  // used; memory of the Solver's
}

// Memory is where answers are written. What it holds is valid until it is used
// again. Its zero value is ready.
type Memory struct{ split, single Answer }

// empty forgets an answer and keeps its memory.
func (a *Answer) empty() *Answer {
	b := &a.Plan.Bound
	*a = Answer{
		Path: a.Path[:0], Used: a.Used[:0], LeftOut: a.LeftOut[:0], Hops: a.Hops[:0], legs: a.legs[:0],
		Plan: plan.Plan{
			Routes: a.Plan.Routes[:0],
			Bound:  plan.Bound{Barred: b.Barred[:0], Nodes: b.Nodes[:0], Sides: b.Sides[:0], Leaves: b.Leaves[:0]},
		},
	}
	return a
}

// Hop is from one asset to the next of a route.
type Hop struct{ From, To graph.AssetID }

// Solver finds plans. Its zero value is ready. It keeps what the
// markets offer, and in bounded memory the networks of requests, for the next ones.
type Solver struct {
	snap   *graph.Snapshot
	req    Request
	memory *Memory // for the answer to req
	rules  policy
	uses   []usage // by PairID
	stamps uint64  // of uses so far
	usable []bool  // by MarketID: those of pairs that were touched
	known  []known // by MarketID

	sweep   sweep
	first   []money.Amount // by AssetID: see search
	second  []hop2         // by AssetID
	tops    []float64      // by AssetID: the best rate at the other end of a path, see promises
	chances []chance
	fills   [plan.MaxHops][]Fill
	last    [plan.MaxHops]graph.Arc // the last arc that the hop of the plan touched
	prices  prices
	proof   proof

	shelves    [][2]shelf // by PairID: out of the asset with the smaller AssetID, and into it
	lone       shelf      // of an edge that the network does not have, see Follow
	loneLevels flow.Merged
	following  bool
	young, old generation
	net        *network // of the request
	kernel     flow.Solver
	best       *flow.Result // of the kernel, for the last split

	chooser branch.Solver
	chosen  *branch.Result // what best is of, where options had to be chosen

	flows   []Fill // of the kernel
	hopped  []hop
	lines   lines
	used    []bool       // by flow: whether some route uses it
	refs    [2][]sideRef // of a split, and of a single path
	marks   []uint8      // by AssetID
	numbers []int32      // by AssetID: in the network that is made
}

// path is a candidate: S, mids[0:n], T.
type path struct {
	mids  [plan.MaxHops - 1]graph.AssetID
	n     int // assets between
	value money.Amount
	found bool
}

// hop2 is the best way to an asset in at most two hops, or from it.
type hop2 struct {
	amount money.Amount
	via    graph.AssetID // the asset between, or none
}

const none graph.AssetID = -1

// Solve answers req on snap. It fails with *NoRouteError, *StaleError,
// *DepthError or money.ErrOverflow. The plan is the optimal split over venues and
// paths, in integers; where rounding leaves the best single path well ahead, it is
// that path. Equal books give equal plans in every process.
func (s *Solver) Solve(snap *graph.Snapshot, req Request) (*Answer, error) {
	return s.SolveIn(new(Memory), snap, req)
}

// SolveIn is Solve with the answer in m. It allocates nothing once m has held
// answers as large.
func (s *Solver) SolveIn(m *Memory, snap *graph.Snapshot, req Request) (*Answer, error) {
	req.check()
	s.snap, s.req, s.memory = snap, req, m
	defer func() { s.memory = nil }()
	s.mark()
	a := s.split()
	s.proof.reset(req.Out > 0)
	s.boundSplit()
	if a == nil || !s.proof.near(&a.Plan) {
		lots := s.hasLots()
		if d := s.beyond(); d != nil {
			return nil, d
		}
		if one := s.single(); one != nil {
			s.boundPath(one)
			if a == nil || better(&one.Plan, &a.Plan) {
				a = one
			}
		}
		if lots {
			a = s.throughLots(a)
		}
	}
	if a == nil {
		return nil, s.refuse()
	}
	a.LeftOut = s.leftOut(a.LeftOut)
	s.certify(a)
	return a, nil
}

// beyond says how much the market holds where it ends before the order, by more than
// rounding; nil if it does not. A single path may still take all of such an order, at
// levels that turn nearly nothing into nearly nothing: that is no answer to anybody.
func (s *Solver) beyond() *DepthError {
	short := s.req.In - s.best.In
	if s.req.Out > 0 {
		short = s.req.Out - s.best.Out
	}
	if !s.best.Partial || short <= s.crumbs() || s.coarse(s.best) {
		return nil
	}
	was := *s.best
	defer func() { s.best = &was }()
	if most := s.mostOf(was.In, was.Out); most.In > 0 {
		return &DepthError{most, s.next(most.Out)}
	}
	return nil
}

// single finds the best single path, nil if there is none. Of paths that are
// equally good it takes one by a rule that is the same in every process: the
// fewest hops; then, of two ways to the last asset before the end of the search,
// the one with the better amount there; then the names of the assets between.
func (s *Solver) single() *Answer {
	var best path
	if s.req.In > 0 {
		best = s.searchIn()
	} else {
		best = s.searchOut()
	}
	if !best.found {
		return nil
	}
	a := s.memory.single.empty()
	if a.Path = s.assets(a.Path, best); !s.replay(a) {
		return nil
	}
	return a
}

// assets writes a path to dst.
func (s *Solver) assets(dst []graph.AssetID, p path) []graph.AssetID {
	dst = append(slices.Grow(dst, p.n+2), s.req.Sell)
	dst = append(dst, p.mids[:p.n]...)
	return append(dst, s.req.Buy)
}

// between reports whether a may stand between Sell and Buy.
func (s *Solver) between(a graph.AssetID) bool { return a != s.req.Sell && a != s.req.Buy }

// reset sizes the scratch of a search.
func (s *Solver) reset() {
	n := len(s.snap.Assets)
	s.first, s.second = s.first[:0], s.second[:0]
	for range n {
		s.first = append(s.first, 0)
		s.second = append(s.second, hop2{via: none})
	}
}

// searchIn finds the path with the largest output for In. For each asset b the
// largest amount that the edge b -> Buy can still take is all that matters of
// the ways to b, because a larger input never gives a smaller output.
func (s *Solver) searchIn() path {
	s.reset()
	var best path
	for _, e := range s.edges(s.req.Sell) {
		out, ok := s.gives(&e, s.req.In)
		switch {
		case !ok || out == 0:
		case e.To == s.req.Buy:
			best = path{value: out, found: true}
		default:
			s.first[e.To] = out
		}
	}
	if s.req.MaxHops >= 2 {
		s.secondIn(best.value)
	}
	for b, h := range s.second {
		if h.amount == 0 {
			continue
		}
		e := s.snap.Edge(graph.AssetID(b), s.req.Buy)
		out, ok := s.gives(e, h.amount)
		// A hop less may give the same, by rounding, or what an option takes.
		if short, fits := s.gives(e, s.first[b]); fits && (!ok || short >= out) {
			out, ok, h.via = short, true, none
		}
		if !ok || out < max(best.value, 1) {
			continue
		}
		s.offer(&best, through(h, graph.AssetID(b), true, out), out > best.value)
	}
	return best
}

// secondIn fills second[b] with the largest amount of b that two hops give and
// the edge from b to Buy can take, where that can make the best path. Value is that of
// the hop from Sell to Buy.
func (s *Solver) secondIn(value money.Amount) {
	for b, y := range s.first {
		if s.keepMax(graph.AssetID(b), hop2{y, none}) && s.req.MaxHops == 3 {
			value = max(value, s.lastIn(graph.AssetID(b)))
		}
	}
	if s.req.MaxHops < 3 {
		return
	}
	s.eachChance(float64(value), func(e *graph.Edge) float64 {
		if out, ok := s.gives(e, s.first[e.From]); ok && s.keepMax(e.To, hop2{out, e.From}) {
			return float64(s.lastIn(e.To))
		}
		return 0
	})
}

// lastIn is what second[b] gives in the end, 0 if the last hop does not take it.
func (s *Solver) lastIn(b graph.AssetID) money.Amount {
	out, _ := s.gives(s.snap.Edge(b, s.req.Buy), s.second[b].amount)
	return out
}

func (s *Solver) keepMax(b graph.AssetID, h hop2) (kept bool) {
	e := s.snap.Edge(b, s.req.Buy)
	if h.amount == 0 || e == nil || !s.between(b) || h.amount > s.takes(e) {
		return false
	}
	old := s.second[b]
	if kept = h.amount > old.amount || h.amount == old.amount && s.lower(h.via, old.via); kept {
		s.second[b] = h
	}
	return kept
}

// searchOut finds the path with the smallest input for Out, from the end of the
// path to its beginning.
func (s *Solver) searchOut() path {
	s.reset()
	var best path
	if e := s.snap.Edge(s.req.Sell, s.req.Buy); e != nil {
		if in, ok := s.costs(e, s.req.Out); ok {
			best = path{value: in, found: true}
		}
	}
	if s.req.MaxHops >= 2 {
		s.secondOut(best)
	}
	for a, h := range s.second {
		if h.amount == 0 {
			continue
		}
		e := s.snap.Edge(s.req.Sell, graph.AssetID(a))
		in, ok := s.costs(e, h.amount)
		// A hop less may cost the same, by rounding, or need what an option begins with.
		if short, fits := s.costs(e, s.first[a]); fits && short > 0 && (!ok || short <= in) {
			in, ok, h.via = short, true, none
		}
		if !ok || best.found && in > best.value {
			continue
		}
		s.offer(&best, through(h, graph.AssetID(a), false, in), in < best.value)
	}
	return best
}

// secondOut fills second[a] with the least amount of a that two hops turn into
// Out, where that can make the best path. Best is the hop from Sell to Buy.
func (s *Solver) secondOut(best path) {
	for b := range s.first {
		e := s.snap.Edge(graph.AssetID(b), s.req.Buy)
		if e == nil || !s.between(graph.AssetID(b)) {
			continue
		}
		if in, ok := s.costs(e, s.req.Out); ok {
			s.first[b] = in
			s.keepMin(graph.AssetID(b), hop2{in, none})
		}
	}
	if s.req.MaxHops < 3 {
		return
	}
	worth := 0.0
	if best.found {
		worth = s.worth(best.value)
	}
	for a := range s.second {
		worth = max(worth, s.firstOut(graph.AssetID(a)))
	}
	s.eachChance(worth, func(e *graph.Edge) float64 {
		if in, ok := s.costs(e, s.first[e.To]); ok && s.keepMin(e.From, hop2{in, e.To}) {
			return s.firstOut(e.From)
		}
		return 0
	})
}

// firstOut is the worth of what second[a] costs in the end, 0 if there is none.
func (s *Solver) firstOut(a graph.AssetID) float64 {
	if s.second[a].amount == 0 {
		return 0
	}
	in, ok := s.costs(s.snap.Edge(s.req.Sell, a), s.second[a].amount)
	if !ok || in == 0 {
		return 0
	}
	return s.worth(in)
}

func (s *Solver) keepMin(a graph.AssetID, h hop2) (kept bool) {
	if s.snap.Edge(s.req.Sell, a) == nil {
		return false
	}
	old := s.second[a]
	kept = old.amount == 0 || h.amount < old.amount || h.amount == old.amount && s.lower(h.via, old.via)
	if kept {
		s.second[a] = h
	}
	return kept
}

// through is the path over b and the other asset of h, which comes before b on
// the way in (before) and after it on the way out.
func through(h hop2, b graph.AssetID, before bool, value money.Amount) path {
	p := path{n: 1, value: value, found: true}
	switch {
	case h.via == none:
		p.mids[0] = b
	case before:
		p.mids, p.n = [plan.MaxHops - 1]graph.AssetID{h.via, b}, 2
	default:
		p.mids, p.n = [plan.MaxHops - 1]graph.AssetID{b, h.via}, 2
	}
	return p
}

// offer takes p when it is better, or as good and first by the rule of Solve.
func (s *Solver) offer(best *path, p path, better bool) {
	switch {
	case !best.found || better:
		*best = p
	case p.value != best.value || p.n > best.n:
	case p.n < best.n || s.pathLower(p, *best):
		*best = p
	}
}

func (s *Solver) pathLower(p, q path) bool {
	for i := range p.n {
		if p.mids[i] != q.mids[i] {
			return s.lower(p.mids[i], q.mids[i])
		}
	}
	return false
}

// lower orders assets by name; no asset comes first.
func (s *Solver) lower(a, b graph.AssetID) bool {
	if a == none || b == none {
		return a == none && b != none
	}
	return s.snap.Assets[a].Symbol < s.snap.Assets[b].Symbol
}

func (s *Solver) edges(a graph.AssetID) []graph.Edge { return s.snap.From(a) }

// side returns what a market offers out of an asset.
func (s *Solver) side(id graph.MarketID, from graph.AssetID) *graph.Side {
	return s.snap.State(id).Side(&s.snap.Markets[id], from)
}

// depth returns how much the usable markets of e take and give in all.
func (s *Solver) depth(e *graph.Edge) (in, out money.Amount) {
	for _, id := range e.Markets {
		if !s.usable[id] {
			continue
		}
		d := s.side(id, e.From)
		in, out = money.AddStop(in, d.SumIn), money.AddStop(out, d.SumOut)
	}
	return in, out
}

// takes returns the largest input that e can turn into an output that fits, by its
// books or by one option alone.
func (s *Solver) takes(e *graph.Edge) money.Amount {
	b, m := s.levels(e)
	if !b.summed {
		in, out := s.depth(e)
		if out == math.MaxInt64 {
			in = m.For(out)
		}
		s.eachOption(e, func(o *graph.Option) { in = max(in, branch.Holds(o)) })
		b.takes, b.summed = in, true
	}
	return b.takes
}

// eachOption calls f with all options of e that can be used.
func (s *Solver) eachOption(e *graph.Edge, f func(o *graph.Option)) {
	for _, id := range e.Markets {
		side := s.side(id, e.From)
		for k := range side.Options {
			if o := &side.Options[k]; s.usable[id] && s.inTime(o.Settle) {
				f(o)
			}
		}
	}
}

func (s *Solver) asset(id graph.AssetID) market.Asset { return s.snap.Assets[id] }
