package graph

import (
	"slices"

	"chronos.dev/book"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Builder makes the states of one market, one after another, and takes over the arcs
// of levels that are as they were. It belongs to the writer of the market's book. Its
// zero value is ready.
type Builder struct {
	view  *book.View // of the last state; nil if nothing can be taken over
	fee   market.Fee
	sc    Scales
	sides [2]Side // bids and asks, before terms
}

// State is NewState for what follows the last view.
func (b *Builder) State(v *book.View, sc Scales, fee *market.Fee) *State {
	s := &State{View: v, FeeUntil: Forever}
	if fee == nil {
		b.view = nil
		return s
	}
	s.Fee, s.HasFee = *fee, true
	if v.State != book.Live {
		b.view = nil
		return s
	}
	bids, asks := taken{}, taken{up: true}
	if was := b.view; was != nil && b.fee == *fee && b.sc == sc &&
		was.PriceScale == v.PriceScale && was.SizeScale == v.SizeScale {
		bids.from(was.Bids, &b.sides[0])
		asks.from(was.Asks, &b.sides[1])
	}
	s.Sell = newSide(v, v.Bids, sc, *fee, sellArc, &bids)
	s.Buy = newSide(v, v.Asks, sc, *fee, buyArc, &asks)
	s.Buy.FeeOnIn = fee.On == market.FeeQuote
	b.view, b.fee, b.sc, b.sides = v, *fee, sc, [2]Side{s.Sell, s.Buy}
	return s
}

// taken finds the arcs of levels that were there before, in the order of a side.
type taken struct {
	up      bool // prices rise from level to level
	levels  []book.Level
	side    *Side
	aligned bool // each level has its arc, at its place
	at      int
}

func (t *taken) from(levels []book.Level, side *Side) {
	t.levels, t.side = levels, side
	t.aligned = len(levels) == len(side.Arcs) && side.Floored == 0 && !side.moved
}

// of returns the arc of a level and its gross amount, if it was there before. A side
// that has left out or reordered levels is made anew.
func (t *taken) of(l *book.Level) (a Arc, gross money.Amount, ok bool) {
	if !t.aligned {
		return a, 0, false
	}
	for t.at < len(t.levels) && t.levels[t.at].Price != l.Price && (t.levels[t.at].Price < l.Price) == t.up {
		t.at++
	}
	if t.at == len(t.levels) || !same(&t.levels[t.at], l) {
		return a, 0, false
	}
	return t.side.Arcs[t.at], t.side.Gross[t.at], true
}

// all reports whether the levels are just those that were there before.
func (t *taken) all(levels []book.Level) bool {
	return len(levels) > 0 && slices.EqualFunc(levels, t.levels, func(a, b book.Level) bool { return same(&a, &b) })
}

// same reports whether two levels are the same arc.
func same(a, b *book.Level) bool { return a.Price == b.Price && a.Size == b.Size }
