package graph

import (
	"math/rand/v2"
	"testing"

	"chronos.dev/book"
	"chronos.dev/market"
	"chronos.dev/money"
)

// lotBook draws a state of a book with a few levels under a lot.
func lotBook(r *rand.Rand, lot money.Amount) *State {
	v := &book.View{State: book.Live, PriceScale: 2}
	for i := range int64(1 + r.IntN(4)) {
		v.Bids = append(v.Bids, book.Level{Price: money.Price(900 - 40*i), Size: money.Size(1 + r.IntN(60))})
		v.Asks = append(v.Asks, book.Level{Price: money.Price(950 + 40*i), Size: money.Size(1 + r.IntN(60))})
	}
	fee := market.Fee{Rate: int64(r.IntN(3)) * market.FeeUnit / 50, On: market.FeeReceived}
	if r.IntN(2) == 0 {
		fee.On = market.FeeQuote
	}
	s := NewState(v, Scales{}, &fee)
	s.Bind(Terms{Lot: lot})
	return s
}

// TestLots: an input gives what the most whole lots that it pays give, found by
// counting them one by one; and the cost of an output is the least that gives it.
func TestLots(t *testing.T) {
	for i := range 2_000 {
		r := rand.New(rand.NewPCG(uint64(i), 61))
		lot := money.Amount(2 + r.IntN(9))
		s := lotBook(r, lot)
		for _, d := range []*Side{&s.Sell, &s.Buy} {
			step := map[money.Amount]money.Amount{0: 0} // what is given for what
			var at Arc
			for k, a := range d.Arcs {
				n := d.size(k) / lot
				if d.size(k)%lot != 0 || n == 0 {
					t.Fatalf("case %d: a level of %d, lot %d", i, d.size(k), lot)
				}
				for l := money.Amount(1); l <= n; l++ {
					step[at.In+(l*a.In+n-1)/n] = at.Out + l*a.Out/n
				}
				at = Arc{In: at.In + a.In, Out: at.Out + a.Out}
			}
			best := money.Amount(0)
			for in := money.Amount(0); in <= at.In+3; in++ {
				best = max(best, step[in])
				if got := d.Gives(in); got != best {
					t.Fatalf("case %d: %d gives %d, want %d: lot %d, %+v", i, in, got, best, lot, d)
				}
			}
			for out := money.Amount(1); out <= at.Out; out++ {
				in := d.Costs(out)
				if d.Gives(in) < out || d.Gives(in-1) >= out {
					t.Fatalf("case %d: %d costs %d: lot %d, %+v", i, out, in, lot, d)
				}
			}
			if d.Costs(at.Out+1) != 0 || d.SumIn != at.In || d.SumOut != at.Out {
				t.Fatalf("case %d: %+v", i, d)
			}
		}
	}
}

// TestLotsUnderTerms: what an option of a book with lots gives is that of the book
// less the fee, from the least that is traded on.
func TestLotsUnderTerms(t *testing.T) {
	s := &State{Sell: Side{Arcs: []Arc{{In: 100, Out: 200}}, Gross: []money.Amount{200}}}
	s.Bind(Terms{Lot: 10, MinBase: 20, FeeQuote: 7})
	for in, want := range map[money.Amount]money.Amount{19: 0, 20: 33, 29: 33, 30: 53, 100: 193} {
		if got := s.Sell.GivesBound(in); got != want {
			t.Errorf("%d gives %d, want %d", in, got, want)
		}
	}
	for out, want := range map[money.Amount]money.Amount{1: 20, 33: 20, 34: 30, 193: 100, 194: 0} {
		if got := s.Sell.CostsBound(out); got != want {
			t.Errorf("%d costs %d, want %d", out, got, want)
		}
	}
	s = &State{Sell: Side{Arcs: []Arc{{In: 100, Out: 200}}, Gross: []money.Amount{200}}}
	s.Bind(Terms{Lot: 10, MinBase: 21, FeeQuote: 7}) // two lots are less than the least
	if s.Sell.GivesBound(29) != 0 || s.Sell.GivesBound(30) != 53 || s.Sell.CostsBound(1) != 30 {
		t.Errorf("a least size between lots: %+v", s.Sell.Options)
	}
	plain := &Side{}
	if plain.GivesBound(5) != 0 || plain.CostsBound(5) != 0 {
		t.Error("a side without an option gives nothing")
	}
}
