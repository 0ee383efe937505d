// Package branch finds the best plan where some of what is offered is not a book
// but a choice: a tier with a price for all of the size, a fixed fee, a minimum.
//
// Every side with options is first replaced by its concave envelope, chords from
// nothing to what can be had. Package flow solves that, and its bound holds for
// all plans. Where the plan stands on a chord, at an amount that cannot be had at
// that price, the choices of that side are told apart: not used, or used by one
// option from its entry on. The better ones are looked into first, until no open
// case could be better than the best plan found.
//
// Each case that is left is a Leaf with node prices of its own. Together they
// prove the bound of the Result: every plan makes one of the choices.
package branch

import (
	"math"
	"math/bits"
	"slices"
	"time"

	"chronos.dev/engine/flow"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// DefaultCases is the most cases that are solved for one order. One pair takes one
// or two as a rule; what is beyond is answered with the gap that is left.
const DefaultCases = 200

// Choice is what is done with a book that has options: Option is its place among
// them, or None.
type Choice struct{ Side, Book, Option int }

// None is the Option of a book that is not used.
const None = -1

// open is the option of a choice that is not made yet.
const open = -2

// Leaf bounds all plans that make the choices.
type Leaf struct {
	Choices []Choice
	Nu      flow.Nu
	Bound   money.Amount
}

// Result is a plan. Its Fills have those of books with options too, and Bound
// holds for all choices. It is valid until the next Solve.
type Result struct {
	flow.Result
	Used []Choice // options that the plan uses, by side and book
	// Leaves prove Bound, if there is more than one; else Nu does.
	Leaves []Leaf
	Cases  int // that were solved
	// Cut reports that MaxCases ended the search: Bound holds, but a better plan
	// may be found.
	Cut bool
}

// Solver is scratch memory of one goroutine. Its zero value is ready.
type Solver struct {
	MaxCases int // 0: DefaultCases

	kernel flow.Solver
	p      *flow.Problem // as asked
	sub    flow.Problem  // of one case
	places []place
	cases  []node // open ones
	leaves []Leaf
	result Result
	found  bool
	some   bool // not all of In need be sold
	shapes shapes

	choices arena[int]
	orders  arena[Choice]
	prices  arena[uint64]
	books   arena[*graph.Side]
	fills   []flow.Fill // of the case that is rounded
	full    []int       // choice that is tried
	order   []Choice    // of a case that is opened
}

// place is a book with options.
type place struct {
	side, book int
	options    *graph.Side
	allowed    uint64 // by option
}

// node is a case: an option of each place, or open.
type node struct {
	choice []int
	order  []Choice // as they were made
	nu     flow.Nu
	bound  money.Amount
}

// HasOptions reports whether a problem needs this package.
func HasOptions(p *flow.Problem) bool {
	for i := range p.Sides {
		for _, b := range p.Sides[i].Books {
			if len(b.Options) > 0 {
				return true
			}
		}
	}
	return false
}

// Solve finds the best plan of those whose options settle within limit; 0 is no
// limit.
func (s *Solver) Solve(p *flow.Problem, limit time.Duration) *Result {
	s.some = false
	return s.solve(p, limit)
}

// Most finds what brings most of all that sells In or less. It proves nothing: Bound
// and Leaves are not set.
func (s *Solver) Most(p *flow.Problem, limit time.Duration) *Result {
	s.some = true
	r := s.solve(p, limit)
	r.Bound, r.Leaves, r.Nu = 0, nil, flow.Nu{}
	return r
}

func (s *Solver) solve(p *flow.Problem, limit time.Duration) *Result {
	s.begin(p, limit)
	most := s.MaxCases
	if most == 0 {
		most = DefaultCases
	}
	root := node{choice: s.allOpen()}
	if r := s.solveCase(&root); s.result.Cases == 1 && r.Partial && !s.some {
		return s.partial(r)
	}
	for len(s.cases) > 0 {
		n := s.takeBest()
		if s.found && !s.gains(n.bound) {
			s.cases = append(s.cases, n)
			break
		}
		if s.result.Cases >= most {
			s.cases = append(s.cases, n)
			s.result.Cut = true
			break
		}
		s.solveCase(&n)
	}
	return s.end()
}

// allOpen is the choice of the first case.
func (s *Solver) allOpen() []int {
	s.full = s.full[:0]
	for range s.places {
		s.full = append(s.full, open)
	}
	return s.choices.clone(s.full)
}

// begin finds the places and copies the problem around them.
func (s *Solver) begin(p *flow.Problem, limit time.Duration) {
	s.p, s.found = p, false
	s.places, s.cases, s.leaves = s.places[:0], s.cases[:0], s.leaves[:0]
	s.choices.reset()
	s.orders.reset()
	s.prices.reset()
	s.books.reset()
	s.result = Result{Result: flow.Result{Fills: s.result.Fills[:0]}, Used: s.result.Used[:0]}
	sides, bundles := s.sub.Sides[:0], s.sub.Bundles[:0]
	s.sub = *p
	s.sub.Sides, s.sub.Bundles = append(sides, p.Sides...), bundles
	for i := range p.Sides {
		d := &s.sub.Sides[i]
		for j, b := range p.Sides[i].Books {
			if len(b.Options) == 0 {
				continue
			}
			if len(s.places) == 0 || s.places[len(s.places)-1].side != i {
				d.Books = s.books.clone(d.Books)
			}
			d.Stamp = 0 // others stand for its books
			s.places = append(s.places, place{i, j, b, allowed(b, limit)})
		}
	}
}

// pose makes the problem of a case.
func (s *Solver) pose(choice []int) {
	s.sub.Bundles = s.sub.Bundles[:0]
	for i, k := range choice {
		pl := &s.places[i]
		book := &s.sub.Sides[pl.side].Books[pl.book]
		switch k {
		case open:
			*book = s.shapes.envelope(pl.options, pl.allowed)
		case None:
			*book = &nothing
		default:
			*book = s.shapes.rest(pl.options, k)
			if e := pl.options.Options[k].Entry; e.In > 0 {
				s.sub.Bundles = append(s.sub.Bundles, flow.Bundle{Side: pl.side, In: e.In, Out: e.Out})
			}
		}
	}
}

// nothing is a book that offers nothing.
var nothing graph.Side

// solveCase bounds a case, tries to make a plan of it, and opens the cases that it
// falls into, if it can hold a better plan.
func (s *Solver) solveCase(n *node) *flow.Result {
	s.pose(n.choice)
	r := s.kernel.Solve(&s.sub)
	s.result.Cases++
	s.bound(n, r)
	if r.Infeasible || r.Partial && !s.some { // not even the envelopes hold the order
		s.close(n)
		return r
	}
	worst := s.offer(n.choice, r)
	if worst == open {
		s.close(n)
		return r
	}
	s.fills = append(s.fills[:0], r.Fills...)
	s.round(n.choice, s.fills)
	if s.found && !s.gains(n.bound) {
		s.close(n)
	} else {
		s.split(n, worst)
	}
	return r
}

// bound keeps the prices of a solved case, if they prove more than those that it
// came with. The kernel's bound of a market that ends before the order is of what
// it holds, so such a case is priced for the order.
func (s *Solver) bound(n *node, r *flow.Result) {
	nu, b := r.Nu, r.Bound
	if r.Partial && !s.some {
		nu, b = s.kernel.Whole()
	}
	if nu.Target > 0 && (n.nu.Target == 0 || s.better(n.bound, b)) {
		nu.One, nu.Two = s.prices.clone(nu.One), s.prices.clone(nu.Two)
		n.nu, n.bound = nu, b
	}
}

// better reports whether a, an output or an input, is better for the customer.
func (s *Solver) better(a, b money.Amount) bool {
	if s.p.Out > 0 {
		return a < b
	}
	return a > b
}

// gains reports whether a case of this bound can hold a plan that is better by
// more than rounding.
func (s *Solver) gains(bound money.Amount) bool {
	r := &s.result
	slack := money.Amount(2*len(r.Fills) + 4)
	if s.p.Out > 0 {
		return bound < r.In-r.In>>30-slack
	}
	return bound > money.AddStop(r.Out+r.Out>>30, slack)
}

// close makes a leaf of a case.
func (s *Solver) close(n *node) {
	s.leaves = append(s.leaves, Leaf{n.order, n.nu, n.bound})
}

// takeBest takes the open case with the best bound; of equals the oldest.
func (s *Solver) takeBest() node {
	at := 0
	for i := range s.cases {
		if s.better(s.cases[i].bound, s.cases[at].bound) {
			at = i
		}
	}
	n := s.cases[at]
	s.cases = slices.Delete(s.cases, at, at+1)
	return n
}

// split opens a case for each choice of a place.
func (s *Solver) split(n *node, at int) {
	pl := &s.places[at]
	for k := None; k < len(pl.options.Options); k++ {
		if k >= 0 && (k >= 64 || pl.allowed>>k&1 == 0) {
			continue
		}
		s.order = append(append(s.order[:0], n.order...), Choice{pl.side, pl.book, k})
		c := node{choice: s.choices.clone(n.choice), order: s.orders.clone(s.order), nu: n.nu}
		c.choice[at] = k
		if c.bound = n.bound; !s.some {
			s.pose(c.choice)
			c.bound = flow.Bound(&s.sub, &c.nu)
		}
		s.cases = append(s.cases, c)
	}
}

// end writes the bound down.
func (s *Solver) end() *Result {
	r := &s.result
	for i := range s.cases {
		s.close(&s.cases[i])
	}
	for i := range s.leaves {
		if i == 0 || s.better(s.leaves[i].Bound, r.Bound) {
			r.Bound = s.leaves[i].Bound
		}
	}
	if len(s.leaves) == 1 {
		r.Nu = s.leaves[0].Nu
	} else {
		r.Leaves = s.leaves
	}
	if !s.found {
		r.Failed = true
	}
	return r
}

// partial is the answer to an order above what everything holds: in and out are
// what the envelopes hold, which some choice may not.
func (s *Solver) partial(r *flow.Result) *Result {
	s.result.In, s.result.Out, s.result.Partial = r.In, r.Out, true
	s.result.Bound, s.result.Nu = r.Bound, r.Nu
	return &s.result
}

// above reports a*b > c*d.
func above(a, b, c, d money.Amount) bool {
	h1, l1 := bits.Mul64(uint64(a), uint64(b))
	h2, l2 := bits.Mul64(uint64(c), uint64(d))
	return h1 > h2 || h1 == h2 && l1 > l2
}

// worth is how much of value is missing at a place.
func worth(missing money.Amount, price uint64) float64 {
	return float64(missing) * max(float64(price), math.SmallestNonzeroFloat64)
}
