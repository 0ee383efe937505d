// Package ladder keeps the levels of all venues of one directed pair in one order,
// with running sums, so that what an amount gives is found by search.
//
// One writer changes it level by level. What it publishes never changes, so that
// readers neither lock nor wait. A ladder knows nothing of time: whether all venues
// in it may be used is for the caller to see.
package ladder

import (
	"cmp"
	"slices"
	"sort"
	"sync/atomic"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// size is the most levels of a block. One that is full is split in halves.
const size = 64

// Level is what one market gives at one price, both amounts positive.
type Level struct {
	graph.Arc
	Market graph.MarketID
}

// cmp orders levels best rate first, and at one rate by market.
func (l Level) cmp(o Level) int {
	return cmp.Or(o.Arc.Cmp(l.Arc), cmp.Compare(l.Market, o.Market), cmp.Compare(l.In, o.In))
}

// block is a run of levels. Sums are of the levels before each, within the block,
// and of all.
type block struct {
	levels []Level
	sums   [size + 1]graph.Arc
	shown  bool // readers may have it: it must not change any more
}

func newBlock(levels []Level) *block {
	b := &block{levels: append(make([]Level, 0, size), levels...)}
	b.sum(0)
	return b
}

// sum adds up again from a level on.
func (b *block) sum(from int) {
	for i, l := range b.levels[from:] {
		b.sums[from+i+1] = add(b.sums[from+i], l.Arc)
	}
}

func (b *block) total() graph.Arc { return b.sums[len(b.levels)] }

// add stops at MaxInt64, as the sums of a graph.Side do.
func add(a, b graph.Arc) graph.Arc {
	return graph.Arc{In: money.AddStop(a.In, b.In), Out: money.AddStop(a.Out, b.Out)}
}

// Ladder is a published state. It is immutable.
type Ladder struct {
	blocks []*block
	sums   []graph.Arc // of all blocks before each, and of all
}

// Out is what in minor units bring: whole levels, best first, and a part of the
// last, rounded down. Whole is false where the levels end before the amount; out is
// then all that they give. It stops at MaxInt64. An amount below one brings nothing.
func (l *Ladder) Out(in money.Amount) (out money.Amount, whole bool) {
	if in <= 0 {
		return 0, in == 0
	}
	k := reach(l.sums, in)
	if k == len(l.sums) {
		return l.sums[k-1].Out, false
	}
	before, b := l.sums[k-1], l.blocks[k-1]
	in -= before.In
	i := reach(b.sums[:len(b.levels)+1], in)
	a := b.levels[i-1].Arc
	part, err := money.MulDiv(in-b.sums[i-1].In, a.Out, a.In, money.Down)
	if err != nil {
		panic("ladder: a part of a level exceeds the level")
	}
	return money.AddStop(money.AddStop(before.Out, b.sums[i-1].Out), part), true
}

// reach is the first of sums that is at least in, len(sums) if none.
func reach(sums []graph.Arc, in money.Amount) int {
	lo, hi := 0, len(sums)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); sums[mid].In < in {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// Writer changes a ladder. One goroutine owns it; only Load is for all.
type Writer struct {
	blocks []*block // none is empty
	shown  atomic.Pointer[Ladder]
}

// New returns the writer of a ladder that is empty, and published so.
func New() *Writer {
	w := new(Writer)
	w.Publish()
	return w
}

// Load returns what was published last. It may be kept.
func (w *Writer) Load() *Ladder { return w.shown.Load() }

// Publish shows all changes at once.
func (w *Writer) Publish() {
	l := &Ladder{blocks: slices.Clone(w.blocks), sums: make([]graph.Arc, len(w.blocks)+1)}
	for i, b := range w.blocks {
		b.shown = true
		l.sums[i+1] = add(l.sums[i], b.total())
	}
	w.shown.Store(l)
}

// Add puts a level in; both its amounts are positive. A market may have equal ones.
func (w *Writer) Add(l Level) {
	if len(w.blocks) == 0 {
		w.blocks = append(w.blocks, newBlock([]Level{l}))
		return
	}
	k := min(w.find(l), len(w.blocks)-1)
	if b := w.blocks[k]; len(b.levels) == size {
		w.blocks[k] = newBlock(b.levels[:size/2])
		w.blocks = slices.Insert(w.blocks, k+1, newBlock(b.levels[size/2:]))
		k = min(w.find(l), len(w.blocks)-1)
	}
	b := w.own(k)
	i, _ := slices.BinarySearchFunc(b.levels, l, Level.cmp)
	b.levels = slices.Insert(b.levels, i, l)
	b.sum(i)
}

// Remove takes a level out, and reports whether it was there.
func (w *Writer) Remove(l Level) bool {
	k := w.find(l)
	if k == len(w.blocks) {
		return false
	}
	i, ok := slices.BinarySearchFunc(w.blocks[k].levels, l, Level.cmp)
	switch {
	case !ok:
		return false
	case len(w.blocks[k].levels) == 1:
		w.blocks = slices.Delete(w.blocks, k, k+1)
		return true
	}
	b := w.own(k)
	b.levels = slices.Delete(b.levels, i, i+1)
	b.sum(i)
	return true
}

// find is the first block that does not end before l, len(w.blocks) if all do.
func (w *Writer) find(l Level) int {
	return sort.Search(len(w.blocks), func(k int) bool {
		b := w.blocks[k].levels
		return b[len(b)-1].cmp(l) >= 0
	})
}

// own returns a block that may be changed.
func (w *Writer) own(k int) *block {
	if w.blocks[k].shown {
		w.blocks[k] = newBlock(w.blocks[k].levels)
	}
	return w.blocks[k]
}
