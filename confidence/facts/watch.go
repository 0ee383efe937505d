// Package facts says of a live price what a table of confidence sorts it by, and
// asks the table.
//
// A replay that fits a table and a server that asks it call the same Watch.Of, so
// that a bucket means the same in both. What a price does not say itself, what
// its assets are worth and how much their middles move, a Watch knows: it looks
// at the books once in Every, at the pairs that somebody has asked about.
package facts

import (
	"math"
	"sync/atomic"
	"time"

	"chronos.dev/confidence"
	"chronos.dev/engine"
	"chronos.dev/market"
)

// Every is the time between two looks at the books.
const Every = time.Second

// Limits of a Watch. What exceeds one stays unknown, which is a class of its own.
const (
	maxPairs  = 512
	maxAssets = 512
	maxAsked  = 64 // wait for the next look
)

// Volatility is measured over the last minute, from ten seconds on.
const (
	longestLook = int(time.Minute / Every)
	leastLook   = int(10 * time.Second / Every)
)

// Watch follows pairs and assets. Tick belongs to one goroutine; Of may be called
// by anybody at any time, takes no lock and waits for nobody.
type Watch struct {
	view   atomic.Pointer[view]
	pairs  chan market.Pair // asked for and not followed yet
	assets chan string

	followed map[market.Pair]*history
	valued   map[string]struct{}
	tops     tops
}

// view is what a Watch knows. It never changes.
type view struct {
	pairs  map[market.Pair]moves
	worths map[string]float64 // dollars for one; 0: not known
}

// moves is how much the middle of a pair moves.
type moves struct {
	volatility confidence.Change
	known      bool
}

// history is the last middles of a pair, 0 where there was none.
type history struct {
	mids [1 + longestLook]float64
	n    int
}

// NewWatch returns a Watch that follows nothing yet.
func NewWatch() *Watch {
	w := &Watch{
		pairs: make(chan market.Pair, maxAsked), assets: make(chan string, maxAsked),
		followed: map[market.Pair]*history{}, valued: map[string]struct{}{}, tops: tops{},
	}
	w.view.Store(&view{})
	return w
}

// Tick looks at the books of e at now, Unix nanoseconds. It is to be called once
// in Every.
func (w *Watch) Tick(e *engine.Engine, now int64) {
	for len(w.followed) < maxPairs && len(w.pairs) > 0 {
		if pair := <-w.pairs; w.followed[pair] == nil {
			w.followed[pair] = &history{}
			w.tops[pair] = top{}
		}
	}
	for len(w.valued) < maxAssets && len(w.assets) > 0 {
		symbol := <-w.assets
		w.valued[symbol] = struct{}{}
		w.tops.want(symbol)
	}
	w.tops.look(e, now)
	v := &view{
		pairs: make(map[market.Pair]moves, len(w.followed)), worths: make(map[string]float64, len(w.valued)),
	}
	for pair, h := range w.followed {
		h.add(w.tops.middle(pair))
		v.pairs[pair] = h.moves()
	}
	for symbol := range w.valued {
		v.worths[symbol] = w.tops.worth(symbol)
	}
	w.view.Store(v)
}

func (h *history) add(mid float64) {
	if h.n == len(h.mids) {
		copy(h.mids[:], h.mids[1:])
		h.n--
	}
	h.mids[h.n] = mid
	h.n++
}

func (h *history) moves() moves {
	var changes [longestLook]confidence.Change
	n := 0
	for i := 1; i < h.n; i++ {
		if before, after := h.mids[i-1], h.mids[i]; before > 0 && after > 0 {
			changes[n] = change(after/before - 1)
			n++
		}
	}
	if n < leastLook {
		return moves{}
	}
	v, ok := confidence.RealisedVolatility(changes[:n], time.Duration(n)*Every)
	return moves{v, ok}
}

// change is a share of one as a Change, within its limits.
func change(share float64) confidence.Change {
	v := math.Round(share * float64(confidence.Whole))
	return confidence.Change(min(max(v, float64(confidence.Lost)), float64(confidence.MaxChange)))
}
