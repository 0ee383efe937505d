package route

import (
	"fmt"
	"math"
	"slices"

	"chronos.dev/engine/flow"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// Reasons of a NoRouteError.
const (
	Disconnected = "disconnected"  // no chain of markets leads from Sell to Buy
	BelowMinimum = "below_minimum" // so little that what comes out rounds to nothing
	Policy       = "policy"        // every chain needs what the request excludes: a venue, or what settles too late
)

// NoRouteError reports that no plan exists however deep the books were. The cure
// is another pair, or for BelowMinimum a larger amount.
type NoRouteError struct {
	Reason  string
	Explain []graph.LeftOut
	Next    Amounts // the smallest order that can be filled, of BelowMinimum
}

// Amounts are of an order that can be filled; 0 where none is known.
type Amounts struct{ In, Out money.Amount }

func (e *NoRouteError) Error() string { return "route: no route: " + e.Reason }

// StaleError reports that a path exists but its books cannot be used now. The
// cure is to try again once they are live.
type StaleError struct{ Stale []graph.LeftOut }

func (e *StaleError) Error() string {
	return fmt.Sprintf("route: no usable book on any path; %d left out", len(e.Stale))
}

// DepthError reports an amount that nothing fills. Most is the largest order below it
// that can be filled: no order between them brings more, but for units of rounding. It
// is 0 where the books are empty. Next is the smallest above it that brings more, where
// sizes of tiers leave a gap; 0 as a rule.
type DepthError struct{ Most, Next Amounts }

func (e *DepthError) Error() string {
	text := fmt.Sprintf("route: above the depth of the books: at most %d in, %d out", e.Most.In, e.Most.Out)
	if e.Next.In > 0 {
		text += fmt.Sprintf("; or %d in, %d out", e.Next.In, e.Next.Out)
	}
	return text
}

// refuse finds out why no path was found.
func (s *Solver) refuse() error {
	all := func(*graph.Edge) bool { return true }
	allowed := func(e *graph.Edge) bool {
		return slices.ContainsFunc(e.Markets, func(id graph.MarketID) bool {
			side := s.side(id, e.From)
			slow := !s.inTime(s.snap.State(id).Settle) || len(side.Options) > 0 && !s.holds(side)
			return !slow && !s.req.bars(s.snap.Markets[id].Venue)
		})
	}
	offered := s.connected(s.offers)
	left := s.leftOut(nil)
	switch {
	case !s.connected(all):
		return &NoRouteError{Reason: Disconnected, Explain: left}
	case !s.connected(allowed), !offered && s.connected(s.couldOffer):
		return &NoRouteError{Reason: Policy, Explain: left}
	case !offered && len(left) > 0:
		return &StaleError{left}
	}
	if s.best.Failed && s.chosen == nil {
		return fmt.Errorf("route: amounts on the way: %w", money.ErrOverflow)
	}
	if !s.best.Failed && !s.best.Partial {
		return &NoRouteError{BelowMinimum, left, s.next(0)}
	}
	d := s.deepest()
	if d.Most.In == 0 && (s.best.Failed || d.Next.In > 0) {
		return &NoRouteError{BelowMinimum, left, d.Next}
	}
	return d
}

// couldOffer reports whether something is offered on e that only the request does
// not want.
func (s *Solver) couldOffer(e *graph.Edge) bool {
	return slices.ContainsFunc(e.Markets, func(id graph.MarketID) bool {
		_, ok := s.snap.State(id).Usable(s.req.Now, s.req.StaleAfter)
		return ok && offeredBy(s.side(id, e.From)) != nothing
	})
}

// connected reports whether a path of at most MaxHops edges exists that pass ok.
func (s *Solver) connected(ok func(*graph.Edge) bool) bool {
	found := false
	s.eachPath(func(edges []*graph.Edge) {
		for _, e := range edges {
			if !ok(e) {
				return
			}
		}
		found = true
	})
	return found
}

// eachPath calls f with the edges of every simple path of at most MaxHops from
// Sell to Buy. It is for refusals and explanations, not for prices.
func (s *Solver) eachPath(f func(edges []*graph.Edge)) {
	var chain [3]*graph.Edge
	last := func(n int, from graph.AssetID) {
		if chain[n] = s.snap.Edge(from, s.req.Buy); chain[n] != nil {
			f(chain[:n+1])
		}
	}
	last(0, s.req.Sell)
	if s.req.MaxHops < 2 {
		return
	}
	first := s.edges(s.req.Sell)
	for i := range first {
		a := first[i].To
		if !s.between(a) {
			continue
		}
		chain[0] = &first[i]
		last(1, a)
		if s.req.MaxHops < 3 {
			continue
		}
		second := s.edges(a)
		for j := range second {
			if s.between(second[j].To) {
				chain[1] = &second[j]
				last(2, second[j].To)
			}
		}
	}
}

// leftOut appends to left, which is empty, the markets on any path of the request
// that cannot be used, by venue and pair.
func (s *Solver) leftOut(left []graph.LeftOut) []graph.LeftOut {
	if s.net.blocked == 0 {
		return left
	}
	for i, e := range s.net.edges {
		if !s.net.onPath[i] || s.uses[e.Pair].blocked == 0 {
			continue
		}
		for _, id := range e.Markets {
			if s.usable[id] {
				continue
			}
			u, ok := s.snap.State(id).Usable(s.req.Now, s.req.StaleAfter)
			left = append(left, graph.LeftOut{
				Key: s.snap.Markets[id].Key, Usability: u, Barred: ok,
				Slow: ok && !s.req.bars(s.snap.Markets[id].Venue),
			})
		}
	}
	slices.SortFunc(left, func(a, b graph.LeftOut) int { return graph.CmpKey(a.Key, b.Key) })
	return slices.CompactFunc(left, func(a, b graph.LeftOut) bool { return a.Key == b.Key }) // of two sides
}

// deepest finds the most that can be had: the plan at what the kernel says that
// the books hold, or the deepest single path, where assets are so coarse that
// rounding leaves that ahead.
func (s *Solver) deepest() *DepthError {
	was := *s.best
	defer func() { s.best = &was }()
	path := s.deepestPath()
	most := s.mostOf(was.In, was.Out)
	more, below := path.In-was.In, path.In < s.req.In
	if s.req.Out > 0 {
		more, below = path.Out-was.Out, path.Out < s.req.Out
	}
	deeper := more > 0 && (more <= s.crumbs() || s.coarse(&was))
	if s.net.options { // of which what takes more may give less
		deeper = path.Out > most.Out
	}
	if below && (most.In == 0 || deeper) {
		most = s.reach(path)
	}
	if s.req.Out > 0 && most.Out >= s.req.Out { // the least that an option gives is more
		return &DepthError{Next: most}
	}
	return &DepthError{most, s.next(most.Out)}
}

// mostOf is what the plan for in does, or where an output is asked for the one for
// out. Where options are chosen, in and out are no more than what their envelopes
// hold, so what brings most is looked for; of that rounding may leave some units that
// no option takes.
func (s *Solver) mostOf(in, out money.Amount) Amounts {
	if !s.net.options {
		return amountsOf(s.splitOf(in, out))
	}
	p := s.net.problem
	if p.Out > 0 {
		p.In, p.Out = math.MaxInt64, 0
	}
	r := s.chooser.Most(&p, s.req.MaxSettle)
	return s.reach(Amounts{r.In, r.Out})
}

// reach is the plan for in, or where an output is asked for the one for out; if there
// is none, the most below that halving finds.
func (s *Solver) reach(at Amounts) Amounts {
	try := func(less money.Amount) Amounts {
		return amountsOf(s.planOf(max(at.In-less, 0), max(at.Out-less, 0)))
	}
	size := at.In
	if s.req.Out > 0 {
		size = at.Out
	}
	found := try(0)
	less, failed := money.Amount(1), money.Amount(0)
	for ; found.In == 0 && less <= size/2; less *= 2 {
		found, failed = try(less), less/2
	}
	for less /= 2; found.In > 0 && less-failed > 1; {
		mid := (less + failed) / 2
		if a := try(mid); a.In > 0 {
			found, less = a, mid
		} else {
			failed = mid
		}
	}
	return found
}

// next finds the least order above the one asked for that brings more than out, by
// asking for more. Rounding may bring a few units more for less, so it asks again.
func (s *Solver) next(out money.Amount) Amounts {
	if s.req.In == 0 {
		return Amounts{}
	}
	asked := s.req
	defer func() { s.req = asked }()
	const tries = 8
	buy := s.snap.Assets[s.req.Buy]
	shown := money.Amount(money.Pow10(buy.EngineScale - buy.Scale))
	for n := range tries {
		s.req.In, s.req.Out = 0, money.AddStop(out, shown<<n)
		least := s.planOf(s.req.Out, s.req.Out)
		if least == nil {
			break
		}
		s.req.In, s.req.Out = least.Plan.In, 0
		if s.req.In <= asked.In {
			continue
		}
		if a := s.planOf(s.req.In, s.req.In); a != nil && a.Plan.Out > out {
			return amountsOf(a)
		}
	}
	return Amounts{}
}

func amountsOf(a *Answer) Amounts {
	if a == nil {
		return Amounts{}
	}
	return Amounts{a.Plan.In, a.Plan.Out}
}

// splitOf is the split for in, or where an output is asked for out.
func (s *Solver) splitOf(in, out money.Amount) (a *Answer) {
	if in > 0 && out > 0 {
		s.with(in, out, func() { a = s.split() })
	}
	return a
}

// planOf is the split or the single path, whichever is better, for in, or where an
// output is asked for out.
func (s *Solver) planOf(in, out money.Amount) *Answer {
	a := s.splitOf(in, out)
	if in > 0 && out > 0 {
		s.with(in, out, func() {
			if one := s.single(); one != nil && (a == nil || better(&one.Plan, &a.Plan)) {
				a = one
			}
		})
	}
	return a
}

// with asks for in, or where an output is asked for out, for as long as f runs.
func (s *Solver) with(in, out money.Amount, f func()) {
	req := s.req
	if req.In > 0 {
		s.req.In = in
	} else {
		s.req.Out = out
	}
	f()
	s.req = req
}

// coarse reports that rounding has cost a result more than a hundredth: single paths
// may do far better.
func (s *Solver) coarse(r *flow.Result) bool {
	whole := r.Out
	if s.req.Out > 0 {
		whole = r.In
	}
	return math.Abs(r.Value-float64(whole)) > 0.01*r.Value
}

// crumbs is how much of the order rounding may leave with nowhere to go.
func (s *Solver) crumbs() money.Amount { return max(s.req.In, s.req.Out)/1_000_000 + 64 }

// deepestPath returns the largest input that one path can fill, and the best output
// for it; for an exact-out request the largest output, and the least input. Paths
// on which everything rounds to nothing do not count.
func (s *Solver) deepestPath() (most Amounts) {
	s.eachPath(func(edges []*graph.Edge) {
		if s.req.In > 0 {
			if x, y := s.depthIn(edges); y > 0 && (x > most.In || x == most.In && y > most.Out) {
				most = Amounts{x, y}
			}
		} else if x, y := s.depthOut(edges); x > 0 && (y > most.Out || y == most.Out && x < most.In) {
			most = Amounts{x, y}
		}
	})
	return most
}

// depthIn returns the largest input of a path and its output.
func (s *Solver) depthIn(edges []*graph.Edge) (in, out money.Amount) {
	in = math.MaxInt64
	for _, e := range slices.Backward(edges) {
		in = s.inFor(e, in)
	}
	out = in
	for _, e := range edges {
		out, _ = s.gives(e, out)
	}
	return in, out
}

// depthOut returns the largest output of a path and its input.
func (s *Solver) depthOut(edges []*graph.Edge) (in, out money.Amount) {
	out = math.MaxInt64
	for _, e := range edges {
		out, _ = s.gives(e, min(out, s.takes(e)))
	}
	in = out
	for _, e := range slices.Backward(edges) {
		in, _ = s.costs(e, in)
	}
	return in, out
}
