package graph

import (
	"math"
	"time"

	"chronos.dev/money"
)

// Terms are what a venue asks for beside its taker fee, in minor units.
type Terms struct {
	Settle            time.Duration // until the customer has what was bought
	MinBase           money.Amount  // the least that is traded, after fees; 0: any
	FeeBase, FeeQuote money.Amount  // once, out of what is bought
	Lot               money.Amount  // of the base, before fees; 0 or 1: any amount
}

// Bind puts a book under terms, before it is published. With a minimum or a fixed
// fee it is no longer there in any amount: its sides become one option each, from
// the least that can be had on. A side that is too thin for that offers nothing.
func (s *State) Bind(t Terms) {
	s.Settle = t.Settle
	s.Sell.inLots(t.Lot, true)
	s.Buy.inLots(t.Lot, false)
	if t.MinBase == 0 && t.FeeBase == 0 && t.FeeQuote == 0 {
		return
	}
	s.Sell.bind(t.Settle, max(wholeLots(t.MinBase, t.Lot), 1), money.AddStop(t.FeeQuote, 1), t.FeeQuote)
	s.Buy.bind(t.Settle, 1, max(t.MinBase, money.AddStop(t.FeeBase, 1)), t.FeeBase)
}

// wholeLots is x as far up as makes whole lots, at most MaxInt64: of less than a least
// size the lots in it would not be enough.
func wholeLots(x, lot money.Amount) money.Amount {
	if lot <= 1 || x%lot == 0 {
		return x
	}
	return money.AddStop(x, lot-x%lot)
}

// bind makes one option of the arcs of a side: at least in and out of them at once,
// and fee less of what they give.
func (d *Side) bind(settle time.Duration, in, out, fee money.Amount) {
	book := *d
	*d = Side{
		FeeOnIn: book.FeeOnIn, Dropped: book.Dropped, Floored: book.Floored, Lot: book.Lot,
		book: &book, fee: fee, least: out,
	}
	var at Arc
	for i, a := range book.Arcs {
		sum := Arc{In: money.AddStop(at.In, a.In), Out: money.AddStop(at.Out, a.Out)}
		if sum.In < in || sum.Out < out {
			at = sum
			continue
		}
		cut := Arc{In: max(in-at.In, 0)}
		if need := out - at.Out; need > 0 {
			cut.In = max(cut.In, part(need, a.In, a.Out, money.Up))
		}
		cut.Out = part(cut.In, a.Out, a.In, money.Down)
		if at.In > math.MaxInt64-cut.In || at.Out > math.MaxInt64-cut.Out {
			break // beyond any amount
		}
		o := Option{Settle: settle, Entry: Arc{In: at.In + cut.In, Out: at.Out + cut.Out - fee}}
		if rest := (Arc{In: a.In - cut.In, Out: a.Out - cut.Out}); rest.In > 0 && rest.Out > 0 {
			o.More = append(o.More, rest)
		}
		o.More = append(o.More, book.Arcs[i+1:]...)
		d.Options = []Option{o}
		return
	}
	d.Dropped++
}

// Book returns the arcs that an option of d was made of, and what they give where
// the option gives out. It is nil for a provider's tiers.
func (d *Side) Book(out money.Amount) (book *Side, gives money.Amount) {
	return d.book, money.AddStop(out, d.fee)
}

// part is x*num/den, a share of an arc.
func part(x, num, den money.Amount, r money.Rounding) money.Amount {
	v, err := money.MulDiv(x, num, den, r)
	if err != nil {
		panic("graph: a share of an arc exceeds the arc")
	}
	return v
}
