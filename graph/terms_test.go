package graph

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"chronos.dev/money"
)

// given is what arcs give for in, level by level, and whether they take it.
func given(arcs []Arc, in money.Amount) (out money.Amount, ok bool) {
	for _, a := range arcs {
		take := min(in, a.In)
		out, in = out+take*a.Out/a.In, in-take
	}
	return out, in == 0
}

// optioned is what an option gives for in.
func optioned(o *Option, in money.Amount) (out money.Amount, ok bool) {
	if in < o.Entry.In {
		return 0, false
	}
	out, ok = given(o.More, in-o.Entry.In)
	return o.Entry.Out + out, ok
}

// TestTermsAtEveryAmount: for every amount, a side under terms gives what its book
// gives less the fee, or a unit less by rounding where a level is cut, and exactly
// where the book allows for the minimum.
func TestTermsAtEveryAmount(t *testing.T) {
	bound := 0
	for i := range 400 {
		r := rand.New(rand.NewPCG(uint64(i), 51))
		var book Side
		for range 1 + r.IntN(4) {
			book.Arcs = append(book.Arcs, Arc{In: 1 + money.Amount(r.IntN(60)), Out: 1 + money.Amount(r.IntN(60))})
		}
		slices.SortStableFunc(book.Arcs, func(a, b Arc) int { return b.Cmp(a) })
		side, terms := book, Terms{
			Settle: time.Minute, MinBase: money.Amount(r.IntN(40)), FeeBase: 3, FeeQuote: money.Amount(r.IntN(20)),
		}
		sell := r.IntN(2) == 0
		fee, least := terms.FeeQuote, Arc{In: max(terms.MinBase, 1), Out: terms.FeeQuote + 1}
		if sell {
			s := State{Sell: side}
			s.Bind(terms)
			side = s.Sell
		} else {
			s := State{Buy: side}
			s.Bind(terms)
			side, fee, least = s.Buy, terms.FeeBase, Arc{In: 1, Out: max(terms.MinBase, terms.FeeBase+1)}
		}
		if len(side.Arcs) > 0 || len(side.Options) > 1 {
			t.Fatalf("case %d: %+v", i, side)
		}
		for in := money.Amount(1); in < 300; in++ {
			want, ok := given(book.Arcs, in)
			ok = ok && in >= least.In && want >= least.Out
			var got money.Amount
			has := false
			if len(side.Options) == 1 {
				got, has = optioned(&side.Options[0], in)
			}
			if ok != has || ok && (got > want-fee || got < want-fee-1) {
				t.Fatalf("case %d: %d gives %d, %v; the book %d less %d, %v\n%v %+v", i, in, got, has, want, fee, ok, book.Arcs, side.Options)
			}
			if has {
				bound++
				if b, out := side.Book(got); b == nil || out != got+fee {
					t.Fatalf("case %d: Book(%d) = %v, %d", i, got, b, out)
				}
			}
		}
	}
	if bound < 1_000 {
		t.Errorf("only %d amounts", bound)
	}
}

// TestWithoutTerms: a book without minimum and fee stays a book.
func TestWithoutTerms(t *testing.T) {
	s := State{Sell: Side{Arcs: []Arc{{In: 1, Out: 2}}}}
	s.Bind(Terms{Settle: time.Hour})
	if len(s.Sell.Arcs) != 1 || s.Settle != time.Hour {
		t.Errorf("%+v", s.Sell)
	}
}

// TestBookOfAnOptionStops: what an option gives with its fee stops at MaxInt64.
func TestBookOfAnOptionStops(t *testing.T) {
	s := &State{Sell: Side{Arcs: []Arc{{In: 10, Out: math.MaxInt64}}}}
	s.Bind(Terms{FeeQuote: 5})
	if _, out := s.Sell.Book(math.MaxInt64 - 2); out != math.MaxInt64 {
		t.Errorf("%d", out)
	}
}

// TestEntryThatDoesNotFit: a minimum that only amounts beyond MaxInt64 reach leaves
// nothing.
func TestEntryThatDoesNotFit(t *testing.T) {
	const most = math.MaxInt64
	for _, arcs := range [][]Arc{
		{{In: most - 1, Out: 5}, {In: 10, Out: 5}},
		{{In: 5, Out: most - 1}, {In: 10, Out: 5}},
	} {
		s := &State{Sell: Side{Arcs: arcs}}
		s.Bind(Terms{MinBase: 15, FeeQuote: 8})
		for _, o := range s.Sell.Options {
			if o.Entry.In < 15 || o.Entry.Out < 1 || o.Entry.In == most {
				t.Errorf("%v: %+v", arcs, o)
			}
		}
		if s.Sell.Dropped+len(s.Sell.Options) != 1 {
			t.Errorf("%v: %+v", arcs, s.Sell)
		}
	}
}
