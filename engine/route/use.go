package route

import (
	"math"
	"slices"
	"time"

	"chronos.dev/graph"
)

// policy is what decides, beside its state and the time, whether a market may be
// used.
type policy struct {
	snap  *graph.Snapshot
	topo  *graph.Topology
	stale int64
	limit time.Duration
	bars  []bool // venues, by VenueID
	count uint64 // of policies so far
}

// usage says which markets of a pair may be used, and how long that holds.
type usage struct {
	stamp       uint64 // another one for every usage that was found
	policy      uint64
	states      uint64 // the stamp of the snapshot
	from, until int64  // Unix nanoseconds, both included
	blocked     int    // markets that may not be used
}

// known is what was found out about the state of a market, so that those of a pair
// that are as they were need not be looked at again.
type known struct {
	state       *graph.State
	from, until int64 // see graph.State.Span
	base        graph.AssetID
	sell, buy   offered
}

// offered is what one side of a market is.
type offered uint8

const (
	nothing offered = iota
	levels
	options
)

func offeredBy(side *graph.Side) offered {
	switch {
	case len(side.Options) > 0:
		return options
	case len(side.Arcs) > 0:
		return levels
	}
	return nothing
}

// look finds out about the state of a market, if it is another one than before.
func (s *Solver) look(id graph.MarketID) *known {
	k, st := &s.known[id], s.snap.Pinned(id)
	if k.state != st {
		*k = known{state: st, base: s.snap.Markets[id].Base, sell: offeredBy(&st.Sell), buy: offeredBy(&st.Buy)}
		k.from, k.until = st.Span(s.req.StaleAfter)
	}
	return k
}

// policy notes the policy of the request; what was found for another one is void.
func (s *Solver) policy() {
	p := &s.rules
	if p.topo != s.snap.Topology {
		p.topo, p.snap = s.snap.Topology, nil
		s.young, s.old = generation{}, generation{}
		s.usable = slices.Grow(s.usable[:0], len(p.topo.Markets))[:len(p.topo.Markets)]
		clear(s.known)
		s.known = slices.Grow(s.known[:0], len(p.topo.Markets))[:len(p.topo.Markets)]
		s.uses = slices.Grow(s.uses[:0], p.topo.Pairs())[:p.topo.Pairs()]
		s.shelves = slices.Grow(s.shelves[:0], p.topo.Pairs())[:p.topo.Pairs()]
	}
	if p.snap != s.snap {
		p.snap = s.snap
		p.count++
	}
	if p.stale != s.req.StaleAfter {
		clear(s.known)
	}
	if p.stale != s.req.StaleAfter || p.limit != s.req.MaxSettle || !slices.Equal(p.bars, s.req.Barred) {
		p.stale, p.limit, p.bars = s.req.StaleAfter, s.req.MaxSettle, append(p.bars[:0], s.req.Barred...)
		p.count++
	}
}

// touch finds which markets of an edge's pair may be used. Nobody may look at
// usable before.
func (s *Solver) touch(e *graph.Edge) *usage {
	u, states, now := &s.uses[e.Pair], s.snap.Stamp(e), s.req.Now
	if u.policy == s.rules.count && u.states == states && u.from <= now && now <= u.until {
		return u
	}
	s.stamps++
	*u = usage{s.stamps, s.rules.count, states, math.MinInt64, math.MaxInt64, 0}
	for _, id := range s.snap.Edge(e.From, e.To).Markets {
		k := s.look(id)
		from, until := k.from, k.until
		ok := from <= now && now <= until
		switch {
		case ok:
			u.from, u.until = max(u.from, from), min(u.until, until)
		case until < from: // never
		case now < from:
			u.until = min(u.until, from-1)
		default:
			u.from = max(u.from, until+1)
		}
		if ok && (s.req.MaxSettle > 0 || len(s.req.Barred) > 0) {
			ok = s.inTime(k.state.Settle) && !s.req.bars(s.snap.Markets[id].Venue)
		}
		if s.usable[id] = ok; !ok {
			u.blocked++
		}
	}
	return u
}
