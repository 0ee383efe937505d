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
	// Key names the pair of assets from problem to problem, where their numbers differ;
	// 0: the numbers do.
	Key uint64
	// Stamp, if it is not 0, says that Books are the same as when this pair of assets
	// last came with it.
	Stamp uint64
}

// key names the pair of assets.
func (d *Side) key() uint64 {
	if d.Key != 0 {
		return d.Key
	}
	return uint64(uint32(d.From))<<32 | uint64(uint32(d.To))
}

// Problem is an order over a market. Exactly one of In and Out is positive.
type Problem struct {
	Assets         int // assets are 0 to Assets-1
	Source, Target int32
	MaxHops        int    // 1 to 3
	Sides          []Side // at most one for each ordered pair; those into Source or out of Target are not used
	In, Out        money.Amount
	Budget         int // of walks; 0: DefaultBudget
	// Layout is that of the problem; nil: it is found anew.
	Layout *Layout
	// Bundles are exchanged whatever else is done, beside what Books offer.
	Bundles []Bundle
}

// Bundle is an amount of a side that is exchanged whole.
type Bundle struct {
	Side    int // index of the Problem
	In, Out money.Amount
}

// Fill is what one book does.
type Fill struct {
	Side, Book int // indexes of the Problem
	In, Out    money.Amount
}

// Prices are what a unit is worth at each node, in any common unit; 0 is nothing.
// One[a] >= Two[a]. All are 0 where nothing can be done.
type Prices struct {
	Source, Target float64
	One, Two       []float64 // by asset
}

// Result is a plan. It is valid until the next Solve.
type Result struct {
	In, Out money.Amount
	Fills   []Fill // by side, then by book
	// Over is what bundles into the target give beyond Out. Nobody claims it.
	Over   money.Amount
	Prices Prices
	// Nu are Prices as whole numbers, and Bound is what they prove: no plan turns
	// In into more, or buys Out for less. See Bound.
	Nu    Nu
	Bound money.Amount
	// Partial reports that the market ended before the order, or that rounding left
	// units that no side takes any more. In and Out are then what can be done, and
	// Bound is of that.
	Partial bool
	// Spent reports that the budget ended the search: the rest of the order is
	// filled by single paths, and Bound says how much better a plan could be.
	Spent bool
	// Failed reports that the fills do not make a plan: an amount on the way does
	// not fit, or, where Out is asked for, rounding has left a node short by units
	// that no level gives any more.
	Failed bool
	// Infeasible reports that no plan contains the bundles: the order is too small
	// for them, or what they take or give has no way. Nu and Bound are then of the
	// order all the same, where Nu has prices; no output, or MaxInt64 of input, is
	// what proves it.
	Infeasible bool
	// Walks counts augmentations, BackSteps the back arcs in them.
	Walks, BackSteps int
	// Value is the output for In, or the input for Out, before rounding.
	Value float64
}

// Solver is scratch memory of one goroutine. Its zero value is ready. It keeps
// what it has merged of a side's books, for as long as that pair of assets comes
// with the same books in the same order; books are immutable.
type Solver struct {
	p     *Problem
	sides table
	own   Layout // of a problem that has none
	net   network
	label labels
	walk  []step
	plan  replay
	sure  certificate
	ways  search

	in, out float64 // of the flow so far
	goal    float64 // how much of In or Out is to be done
	spare   float64 // share of what rounding may take that bundles get beforehand
	stuck   bool    // some of what bundles bring leads nowhere
	result  Result
	Afresh  bool // label from scratch for every walk, to compare with

	corners  []Point // of Ladder
	cornered bool
}

// Solve finds the best plan.
func (s *Solver) Solve(p *Problem) *Result {
	s.spare = 0
	r := s.solve(p)
	for value := r.Value; s.plan.short && s.spare < 16; r.Value = value {
		s.spare = 4*s.spare + 1 // bundles lack units by rounding; with some to spare they do not
		r = s.solve(p)
	}
	return r
}

func (s *Solver) solve(p *Problem) *Result {
	s.begin(p)
	r := &s.result
	if r.Infeasible = !s.force(); r.Infeasible {
		return r
	}
	done := s.augment()
	s.price()
	if r.Spent {
		done = s.coast()
	}
	r.Partial = !done && !s.complete()
	if r.Value = s.out; p.Out > 0 {
		r.Value = s.in
	}
	if r.Infeasible = s.stuck; !s.stuck {
		s.replay()
	}
	s.certify()
	return r
}

// begin empties the network of a problem.
func (s *Solver) begin(p *Problem) {
	s.p = p
	s.walk = s.walk[:0]
	s.in, s.out, s.goal, s.stuck = 0, 0, float64(max(p.In, p.Out)), false
	r := &s.result
	*r = Result{Fills: r.Fills[:0], Prices: r.Prices, Nu: r.Nu}
	r.Nu.Source, r.Nu.Target = 0, 0
	s.open()
}

// augment sends flow along the best remaining walk, again and again, and reports
// whether that did the order.
func (s *Solver) augment() (done bool) {
	budget := s.p.Budget
	if budget == 0 {
		budget = DefaultBudget
	}
	r := &s.result
	s.relabel()
	for done = s.enough(); s.label.rate > 0 && !done; {
		if r.Walks == budget {
			r.Spent = true
			return false
		}
		s.trace()
		if s.label.end == none && !s.cornered {
			done = s.straight(budget)
			continue
		}
		r.Walks++
		rate := s.label.rate
		done = s.push()
		if s.cornered {
			s.corner(rate, r.Walks == 1)
		}
		if s.Afresh {
			s.relabel()
		} else {
			s.rise()
		}
	}
	return done
}

// enough reports that bundles alone are the order.
func (s *Solver) enough() bool {
	return len(s.p.Bundles) > 0 && (s.p.Out > 0 && s.out >= s.goal || s.p.In > 0 && s.in >= s.goal)
}

// left is how much of the order is still to do, as an input at the best rate.
func (s *Solver) left() float64 {
	if s.p.In > 0 {
		return s.goal - s.in
	}
	return (s.goal - s.out) / s.label.rate
}

// complete reports that nothing but rounding is left to do: an order of exactly
// what the market holds.
func (s *Solver) complete() bool {
	if s.p.In > 0 {
		return s.goal-s.in <= slack*s.in
	}
	return s.goal-s.out <= slack*s.out
}
