// Package plan holds the nouns of an answer: plan, route, leg, bound.
//
// A Plan says exactly what is given and received, in engine minor units, and how
// it is made: Routes side by side, each a chain of at most three Legs, each leg
// an amount at one venue and instrument. The amounts of a plan balance to the
// unit: what a leg receives is what the next one gives, and the routes sum to
// the plan.
package plan

import (
	"slices"
	"time"

	"chronos.dev/market"
	"chronos.dev/money"
)

// MaxHops is the most legs of a route. More would let one side of a book stand
// in two places of a route and couple their capacity.
const MaxHops = 3

// Action is what a leg does with the base asset of its market.
type Action uint8

// The zero Action is invalid.
const (
	Sell Action = 1 + iota // gives base, receives quote
	Buy                    // gives quote, receives base
)

// String returns "sell" or "buy".
func (a Action) String() string {
	if a == Sell {
		return "sell"
	}
	return "buy"
}

// Leg is an amount at one venue and instrument.
type Leg struct {
	Key    market.Key
	Action Action
	// In is given and Out received, after the fee, in engine minor units of
	// GiveAsset and GetAsset.
	GiveAsset, GetAsset market.Asset
	In, Out             money.Amount
	// Fee is what the venue keeps, in minor units of FeeAsset. It is inside In or
	// not in Out already.
	Fee      money.Amount
	FeeAsset market.Asset
	// Tier is the provider's name of what is used, where HasTier, and TierIndex its
	// place in the offer.
	Tier      string
	TierIndex int
	HasTier   bool
	// Settle is how long until Out is there once In is given.
	Settle time.Duration
}

// GrossIn and GrossOut are the amounts that changed hands in the book, before
// the fee.
func (l *Leg) GrossIn() money.Amount {
	if l.FeeAsset.Symbol == l.GiveAsset.Symbol {
		return l.In - l.Fee
	}
	return l.In
}

// GrossOut is what the book pays, before the fee.
func (l *Leg) GrossOut() money.Amount {
	if l.FeeAsset.Symbol == l.GetAsset.Symbol {
		return l.Out + l.Fee
	}
	return l.Out
}

// Route is a chain of legs: each gives what the one before received.
type Route struct{ Legs []Leg }

// In is what the route takes from the customer.
func (r *Route) In() money.Amount { return r.Legs[0].In }

// Out is what the customer receives of it.
func (r *Route) Out() money.Amount { return r.Legs[len(r.Legs)-1].Out }

// Sums reports whether the routes sum to the plan.
func (p *Plan) Sums() bool {
	var in, out money.Amount
	for i := range p.Routes {
		in, out = in+p.Routes[i].In(), out+p.Routes[i].Out()
	}
	return in == p.In && out == p.Out
}

// Settles returns how long until all of Out is there: the slowest route, whose legs
// are done one after another.
func (p *Plan) Settles() (longest time.Duration) {
	for i := range p.Routes {
		var sum time.Duration
		for j := range p.Routes[i].Legs {
			sum += p.Routes[i].Legs[j].Settle
		}
		longest = max(longest, sum)
	}
	return longest
}

// Filled returns what all routes together give to one side of a book.
func (p *Plan) Filled(key market.Key, a Action) (in money.Amount) {
	for i := range p.Routes {
		for j := range p.Routes[i].Legs {
			if l := &p.Routes[i].Legs[j]; l.Key == key && l.Action == a {
				in += l.In
			}
		}
	}
	return in
}

// Venues returns the venues that the plan uses, by name.
func (p *Plan) Venues() []string {
	var names []string
	for i := range p.Routes {
		for j := range p.Routes[i].Legs {
			names = append(names, p.Routes[i].Legs[j].Key.Venue)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Bound is what no plan over the same books can beat: for an exact-in plan an
// output, for an exact-out plan an input.
type Bound struct {
	Method string
	Amount money.Amount

	// MaxHops, Barred (venues, by name) and Considered, the number of usable
	// sides of single books that hold anything, say what it is a bound of.
	MaxHops    int
	Barred     []string
	Considered int
	// MaxSettle leaves out sides and tiers that settle later; 0: none.
	MaxSettle time.Duration
	// Sell, Buy and Nodes are prices of a unit at each node of the layered
	// network, in a common unit, that give the bound by weak duality: at most 62
	// bits. Sell is 0 where nothing is proven.
	Sell, Buy uint64
	Nodes     []Node // by asset; an asset that is missing has price 0
	Sides     []Side // that the plan uses, by market
	// Leaves prove the bound instead of Sell, Buy and Nodes where choices between
	// options had to be told apart.
	Leaves []Leaf
}

// Leaf is the proof of the bound for some of the choices between options: where
// Choices are made so, the prices bound every plan. All leaves together cover
// every choice, and Amount is the weakest of their bounds.
type Leaf struct {
	Choices   []Choice
	Sell, Buy uint64
	Nodes     []Node
}

// Choice is the use of a side that has options: the tier, or -1 for none.
type Choice struct {
	Key    market.Key
	Action Action
	Tier   int
}

// Node is the price of an asset on its way: One before a hop to another asset
// between, Two after it. One >= Two.
type Node struct {
	Asset    string
	One, Two uint64
}

// Side is the side of a book as it was used: its place in the feed and the digest
// of all that it offered, see graph.Digest.
type Side struct {
	Key        market.Key
	Action     Action
	Epoch, Seq uint64
	Digest     [32]byte
}

// Plan is an answer.
type Plan struct {
	Sell, Buy market.Asset
	In, Out   money.Amount
	ExactOut  bool // Out was asked for; else In was
	Routes    []Route
	Bound     Bound
	Settle    time.Duration // see Settles
	// Degraded reports that the budget ended the search for a better plan. Bound says
	// how much better one could be.
	Degraded bool
}
