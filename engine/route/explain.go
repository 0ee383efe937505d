package route

import (
	"math/big"

	"chronos.dev/engine/plan"
	"chronos.dev/graph"
	"chronos.dev/market"
)

// Use is what a plan does with one side of a book, or of a provider.
type Use struct {
	Key       market.Key
	Action    plan.Action
	Give, Get market.Asset
	Levels    int       // of the side that are filled, the last perhaps in part
	Of        int       // levels of the side
	Last      graph.Arc // the last of them, after fees
	Left      bool      // something of the last level is left
	// Shadow is what one unit more at the rate of Last would be worth beyond what
	// it costs, in 10^-4 basis points of what it costs, down: 0 where Left, since it
	// is there to be had; -1 where it is not known.
	Shadow int64
}

// Margin is the rate of the next unit of an order, Out for In: what it would bring
// at the node prices of the proof. Both are 0 where it is not known.
type Margin struct{ In, Out uint64 }

// Explain says what the plan of the last Solve does with each side, by market, and
// what the next unit would bring. A side with options has one level, its option.
func (s *Solver) Explain(a *Answer) ([]Use, Margin) {
	var m Margin
	if s.proof.known && len(s.proof.leaves) == 0 {
		m = Margin{s.proof.at.target, s.proof.at.source}
	}
	uses := make([]Use, len(a.Plan.Bound.Sides))
	for i := range uses {
		p := &a.Plan.Bound.Sides[i]
		id, _ := s.snap.Market(p.Key)
		mk := &s.snap.Markets[id]
		from, to := mk.Base, mk.Quote
		if p.Action == plan.Buy {
			from, to = to, from
		}
		u := &uses[i]
		*u = Use{Key: p.Key, Action: p.Action, Give: s.asset(from), Get: s.asset(to), Shadow: -1}
		u.count(s.side(id, from), &a.Plan)
		if m.In > 0 && u.Last.In > 0 {
			u.Shadow = s.shadow(u, from, to)
		}
	}
	return uses, m
}

// count finds out how far a plan fills a side.
func (u *Use) count(side *graph.Side, p *plan.Plan) {
	in := p.Filled(u.Key, u.Action)
	if len(side.Options) > 0 {
		u.Levels, u.Of = 1, len(side.Options)
		return
	}
	u.Of = len(side.Arcs)
	for _, a := range side.Arcs {
		if in == 0 {
			return
		}
		take := min(in, a.In)
		in -= take
		u.Levels, u.Last, u.Left = u.Levels+1, a, take < a.In
	}
}

// shadow values a unit more of the last level at the node prices.
func (s *Solver) shadow(u *Use, from, to graph.AssetID) int64 {
	if u.Left {
		return 0
	}
	at := s.proof.at
	pay, get := at.source, at.target
	switch {
	case from == s.req.Sell && to == s.req.Buy:
	case from == s.req.Sell:
		get = at.one[to]
	case to == s.req.Buy:
		pay = at.two[from]
	default:
		pay, get = at.one[from], at.two[to]
	}
	cost := new(big.Int).Mul(big.NewInt(int64(u.Last.In)), new(big.Int).SetUint64(pay))
	gain := new(big.Int).Mul(big.NewInt(int64(u.Last.Out)), new(big.Int).SetUint64(get))
	if gain.Sub(gain, cost); cost.Sign() == 0 || gain.Sign() < 0 {
		return 0
	}
	gain.Mul(gain, big.NewInt(100_000_000))
	if gain.Quo(gain, cost); !gain.IsInt64() {
		return -1
	}
	return gain.Int64()
}
