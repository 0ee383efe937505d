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
}

func (e *NoRouteError) Error() string { return "route: no route: " + e.Reason }

// StaleError reports that a path exists but its books cannot be used now. The
// cure is to try again once they are live.
type StaleError struct{ Stale []graph.LeftOut }

func (e *StaleError) Error() string {
	return fmt.Sprintf("route: no usable book on any path; %d left out", len(e.Stale))
}

// DepthError reports an amount above what all books together can fill. The cure is
// at most MaxIn, which gives OutAtMax; for an exact-out request at most OutAtMax,
// which costs MaxIn. Both are 0 where the books are empty.
type DepthError struct{ MaxIn, OutAtMax money.Amount }

func (e *DepthError) Error() string {
	return fmt.Sprintf("route: above the depth of the books: at most %d in, %d out", e.MaxIn, e.OutAtMax)
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
		return &NoRouteError{Disconnected, left}
	case !s.connected(allowed), !offered && s.connected(s.couldOffer):
		return &NoRouteError{Policy, left}
	case !offered && len(left) > 0:
		return &StaleError{left}
	}
	if s.best.Failed && s.chosen != nil {
		return &NoRouteError{BelowMinimum, left}
	}
	if s.best.Failed {
		return fmt.Errorf("route: amounts on the way: %w", money.ErrOverflow)
	}
	if !s.best.Partial {
		return &NoRouteError{BelowMinimum, left}
	}
	return s.deepest()
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
	in, out, coarse := s.best.In, s.best.Out, s.coarse(s.best)
	pathIn, pathOut := s.deepestPath()
	a := s.mostOf(in, out)
	more := pathIn - in
	if s.req.Out > 0 {
		more = pathOut - out
	}
	if a != nil && (more <= 0 || more > s.crumbs() && !coarse) {
		return a
	}
	return &DepthError{pathIn, pathOut}
}

// mostOf is what the split for in does, or where an output is asked for the one for
// out. If there is none it is the most below that halving finds: not all that the
// envelopes of options hold may be had. It is nil if nothing is found.
func (s *Solver) mostOf(in, out money.Amount) (most *DepthError) {
	if a := s.splitOf(in, out); a != nil || !s.net.options {
		return depthOf(a)
	}
	const halvings = 16
	low, high := 0.0, 1.0
	for range halvings {
		at := (low + high) / 2
		a := s.splitOf(money.Amount(float64(in)*at), money.Amount(float64(out)*at))
		if a == nil {
			high = at
			continue
		}
		low, most = at, depthOf(a)
	}
	return most
}

func depthOf(a *Answer) *DepthError {
	if a == nil {
		return nil
	}
	return &DepthError{a.Plan.In, a.Plan.Out}
}

// splitOf is the split for in, or where an output is asked for out.
func (s *Solver) splitOf(in, out money.Amount) *Answer {
	if in == 0 || out == 0 {
		return nil
	}
	req := s.req
	if req.In > 0 {
		s.req.In = in
	} else {
		s.req.Out = out
	}
	a := s.split()
	s.req = req
	return a
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
func (s *Solver) deepestPath() (in, out money.Amount) {
	s.eachPath(func(edges []*graph.Edge) {
		if s.req.In > 0 {
			if x, y := s.depthIn(edges); y > 0 && (x > in || x == in && y > out) {
				in, out = x, y
			}
		} else if x, y := s.depthOut(edges); x > 0 && (y > out || y == out && x < in) {
			in, out = x, y
		}
	})
	return in, out
}

// depthIn returns the largest input of a path and its output.
func (s *Solver) depthIn(edges []*graph.Edge) (in, out money.Amount) {
	in = math.MaxInt64
	for _, e := range slices.Backward(edges) {
		in = s.sweep.inFor(s, e, in)
	}
	out = in
	for _, e := range edges {
		out, _ = s.sweep.in(s, e, out)
	}
	return in, out
}

// depthOut returns the largest output of a path and its input.
func (s *Solver) depthOut(edges []*graph.Edge) (in, out money.Amount) {
	out = math.MaxInt64
	for _, e := range edges {
		out, _ = s.sweep.in(s, e, min(out, s.takes(e)))
	}
	in = out
	for _, e := range slices.Backward(edges) {
		in, _ = s.sweep.out(s, e, in)
	}
	return in, out
}
