package graph

import (
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
	was := b.view
	if was != nil && (b.fee != *fee || b.sc != sc || was.PriceScale != v.PriceScale || was.SizeScale != v.SizeScale) {
		was = nil
	}
	if was == nil {
		was, b.sides = &book.View{}, [2]Side{}
	}
	s.Sell = newSide(v, v.Bids, sc, *fee, sellArc, was.Bids, &b.sides[0], false)
	s.Buy = newSide(v, v.Asks, sc, *fee, buyArc, was.Asks, &b.sides[1], true)
	s.Buy.FeeOnIn = fee.On == market.FeeQuote
	b.view, b.fee, b.sc, b.sides = v, *fee, sc, [2]Side{s.Sell, s.Buy}
	return s
}

// taken finds the arcs of levels that were there before, in the order of a side.
type taken struct {
	levels []book.Level
	side   *Side
	at     int
}

// of returns the arc of a level and its gross amount, if it was there before. A side
// that has left out or reordered levels is made anew.
func (t *taken) of(l *book.Level, up bool) (a Arc, gross money.Amount, ok bool) {
	if len(t.levels) != len(t.side.Arcs) || t.side.Floored > 0 || t.side.moved {
		return a, 0, false
	}
	for t.at < len(t.levels) && t.levels[t.at].Price != l.Price && (t.levels[t.at].Price < l.Price) == up {
		t.at++
	}
	if t.at == len(t.levels) || t.levels[t.at].Price != l.Price || t.levels[t.at].Size != l.Size {
		return a, 0, false
	}
	return t.side.Arcs[t.at], t.side.Gross[t.at], true
}

// same reports whether all levels of a side are as they were.
func (t *taken) same(levels []book.Level) bool {
	if len(levels) != len(t.levels) || len(levels) == 0 {
		return false
	}
	for i := range levels {
		if levels[i].Price != t.levels[i].Price || levels[i].Size != t.levels[i].Size {
			return false
		}
	}
	return true
}
