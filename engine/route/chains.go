package route

import (
	"cmp"
	"slices"

	"chronos.dev/engine/plan"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// hop is all that a flow does between two assets.
type hop struct {
	from, to graph.AssetID
	at       int    // place among the hops of the plan
	first    int    // place of the first fill among those of all hops
	fills    []Fill // by market name; none is empty
	passed   bool   // some route leads over it
}

func (h *hop) in() (sum money.Amount) {
	for i := range h.fills {
		sum += h.fills[i].In
	}
	return sum
}

func (h *hop) out() (sum money.Amount) {
	for i := range h.fills {
		sum += h.fills[i].Out
	}
	return sum
}

// chains writes a flow down as chains of one market a hop. What reaches an asset
// and what leaves it are laid side by side in the order of the hops, which is that
// of the names of their assets, and cut where either ends, like a staircase, so
// that every chain carries one amount all the way and the sums stay those of the
// fills. What goes on to another asset between is served from what came straight
// from Sell, so no chain has more than three hops.
//
// A chain can be so thin that an amount on its way is nothing: of one minor unit
// no two routes can have a part each, and the last unit given to a hop may be
// worth less than one unit of what it becomes.
func (s *Solver) chains(hops []hop) {
	w := &s.lines
	w.done = w.done[:0]
	for len(w.arrived) < len(s.snap.Assets) {
		w.arrived, w.moved = append(w.arrived, queue{}), append(w.moved, nil)
	}
	for i := range hops {
		a, b := hops[i].from, hops[i].to
		w.arrived[a], w.moved[a] = queue{w.arrived[a].chains[:0], 0}, w.moved[a][:0]
		w.arrived[b], w.moved[b] = queue{w.arrived[b].chains[:0], 0}, w.moved[b][:0]
	}
	for i := range hops { // S -> T and S -> a
		switch h := &hops[i]; {
		case h.from != s.req.Sell:
		case h.to == s.req.Buy:
			w.done = s.begin(w.done, h)
		default:
			w.arrived[h.to].chains = s.begin(w.arrived[h.to].chains, h)
		}
	}
	for i := range hops { // from one asset between to another
		if h := &hops[i]; h.from != s.req.Sell && h.to != s.req.Buy {
			w.served = w.arrived[h.from].serve(w.served[:0], h.in())
			w.moved[h.to] = s.extend(w.moved[h.to], w.served, h)
		}
	}
	for i := range hops { // a -> T
		if h := &hops[i]; h.from != s.req.Sell && h.to == s.req.Buy {
			q := &w.arrived[h.from]
			q.chains = append(q.chains, w.moved[h.from]...)
			w.done = s.extend(w.done, q.chains[q.at:], h)
		}
	}
	s.order()
}

// serve takes chains out of the queue until their output is out in all, the last of
// them split, and appends them to dst. Chains so thin that nothing comes out of
// them go with those before them, which lead on.
func (q *queue) serve(dst []chain, out money.Amount) []chain {
	for ; q.at < len(q.chains); q.at++ {
		switch c := &q.chains[q.at]; {
		case out == 0 && c.out() > 0:
			return dst
		case c.out() <= out:
			dst, out = append(dst, *c), out-c.out()
		default:
			dst = append(dst, chain{})
			c.cut(&dst[len(dst)-1], out)
			return dst
		}
	}
	if out > 0 {
		panic("route: a flow leaves an asset that did not reach it")
	}
	return dst
}

// bunch is the chains of one path, which lie side by side.
type bunch struct {
	begin, end int
	took       money.Amount            // in all
	mids       [plan.MaxHops - 1]int32 // ranks of the assets between, -1 for none
	hops       int
}

// order puts the path that takes most first; then the one with fewer hops, then by
// names. The chains of a path have been written down one after the other: each hop is
// laid beside what has come over another one at a time.
func (s *Solver) order() {
	w := &s.lines
	w.bunches, w.places = w.bunches[:0], w.places[:0]
	for i := range w.done {
		c := &w.done[i]
		b := bunch{begin: i, end: i + 1, took: c.in(), hops: c.n, mids: [plan.MaxHops - 1]int32{-1, -1}}
		for k := range c.n - 1 {
			b.mids[k] = s.snap.Rank(c.links[k].to)
		}
		if last := len(w.bunches) - 1; last >= 0 && w.bunches[last].mids == b.mids {
			w.bunches[last].end, w.bunches[last].took = b.end, w.bunches[last].took+b.took
		} else {
			w.bunches = append(w.bunches, b)
		}
	}
	slices.SortFunc(w.bunches, func(a, b bunch) int {
		if a.took != b.took {
			return cmp.Compare(b.took, a.took)
		}
		return cmp.Or(cmp.Compare(a.hops, b.hops), slices.Compare(a.mids[:], b.mids[:]), cmp.Compare(a.begin, b.begin))
	})
	for _, b := range w.bunches {
		for i := b.begin; i < b.end; i++ {
			w.places = append(w.places, int32(i))
		}
	}
}
