// Package flow finds the best way to turn one asset into another over all books
// at once: the optimal split over venues and over paths of at most three hops.
//
// The market is a layered network: the source S, each other asset a twice, as
// (a,1) and (a,2), and the target T. The arcs are S->T, S->(a,1), (a,1)->(b,2),
// (a,2)->T, one for each ordered pair of assets, and a free arc (a,1)->(a,2). So
// walks from S to T are exactly the simple paths of at most three hops, every
// book stands in one arc, and no cycle exists.
//
// It is a generalized flow: a unit that enters an arc leaves it multiplied by the
// rate of the level it fills. Solve augments along the best remaining walk, back
// arcs included, which un-fill what an earlier walk has filled. The rate of the
// walks never rises, so one run gives the best output for every input up to the
// amount. See Jewell (1962), Onaga (1967) and Truemper (1977) on generalized flow.
//
// Floats propose which levels to fill; the amounts of a Result are integers,
// replayed level by level and rounded against the customer. Prices are the node
// prices of the last walk: by weak duality they bound every plan, see Bound.
//
// The same Problem gives the same Result: ties go to what comes first in it.
package flow

import (
	"math"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// DefaultBudget is the most walks of one Solve, far above what real books need:
// an order through all of 10 assets, 30 venues and 50 levels takes 20,000.
const DefaultBudget = 200_000

// Side is what all usable venues offer from one asset into another.
type Side struct {
	From, To int32         // assets
	Books    []*graph.Side // best first each; of equal rates the earlier book is filled first
}

// Problem is an order over a market. Exactly one of In and Out is positive.
type Problem struct {
	Assets         int // assets are 0 to Assets-1
	Source, Target int32
	MaxHops        int    // 1 to 3
	Sides          []Side // at most one for each ordered pair; those into Source or out of Target are not used
	In, Out        money.Amount
	Budget         int // of walks; 0: DefaultBudget
}

// Fill is what one book does.
type Fill struct {
	Side, Book int // indexes of the Problem
	In, Out    money.Amount
}

// Prices are what a unit is worth at each node, in any common unit; 0 is
// nothing. One[a] >= Two[a]. All are 0 where the market ended before the order.
type Prices struct {
	Source, Target float64
	One, Two       []float64 // by asset
}

// Result is a plan. It is valid until the next Solve.
type Result struct {
	In, Out money.Amount
	Fills   []Fill // by side, then by book
	Prices  Prices
	// Partial reports that the market, or the budget, ended before the order, or
	// that rounding left units that no side takes any more. In and Out are then
	// what can be done.
	Partial bool
	// Spent reports that the budget ended it: a better or larger plan may exist.
	Spent bool
	// Failed reports that the fills do not make a plan: an amount on the way does
	// not fit, or, where Out is asked for, rounding has left a node short by units
	// that no level gives any more.
	Failed bool
	// Walks counts augmentations, BackSteps the back arcs in them.
	Walks, BackSteps int
	// Value is the output for In, or the input for Out, before rounding.
	Value float64
}

// Solver is scratch memory of one goroutine. Its zero value is ready.
type Solver struct {
	p     *Problem
	sides []sideState
	net   network
	label labels
	walk  []step
	fills fillState

	in, out float64 // of the flow so far
	result  Result
}

// Solve finds the best plan.
func (s *Solver) Solve(p *Problem) *Result {
	s.p = p
	s.in, s.out = 0, 0
	s.result = Result{Fills: s.result.Fills[:0], Prices: s.result.Prices}
	s.open()
	budget := p.Budget
	if budget == 0 {
		budget = DefaultBudget
	}
	done := false
	for !done {
		s.relabel()
		if s.label.rate == 0 {
			break
		}
		if s.result.Walks == budget {
			s.result.Spent = true
			break
		}
		s.result.Walks++
		s.trace()
		done = s.push()
	}
	s.result.Partial = !done && !s.complete()
	s.price()
	if s.result.Value = s.out; p.Out > 0 {
		s.result.Value = s.in
	}
	s.replay()
	return &s.result
}

// left is how much of the order is still to do, as an input at the best rate.
func (s *Solver) left() float64 {
	if s.p.In > 0 {
		return float64(s.p.In) - s.in
	}
	return (float64(s.p.Out) - s.out) / s.label.rate
}

// complete reports that nothing but rounding is left to do: an order of exactly
// what the market holds.
func (s *Solver) complete() bool {
	if s.p.In > 0 {
		return float64(s.p.In)-s.in <= slack*s.in
	}
	return float64(s.p.Out)-s.out <= slack*s.out
}

// push sends as much as the walk takes and reports whether the order is done.
func (s *Solver) push() (done bool) {
	amount := math.Inf(1)
	for i := range s.walk {
		st := &s.walk[i]
		st.limit = s.room(st) / st.gain
		amount = min(amount, st.limit)
	}
	if left := s.left(); left <= amount*(1+exhausted) {
		amount, done = left, true
	}
	for i := range s.walk {
		st := &s.walk[i]
		s.apply(st, amount*st.gain, st.limit <= amount*(1+exhausted))
	}
	s.in += amount
	s.out += amount * s.label.rate
	return done
}

// exhausted is how near to its limit an arc counts as used up, so that rounding
// leaves no crumbs to walk for.
const exhausted = 1e-13
