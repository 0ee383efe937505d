package graph

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"chronos.dev/book"
	"chronos.dev/market"
	"chronos.dev/money"
)

// TestBuilder: whatever a book becomes, the state made after others is the one made of
// its view alone.
func TestBuilder(t *testing.T) {
	for i := range 400 {
		r := rand.New(rand.NewPCG(uint64(i), 81))
		var b Builder
		v := &book.View{State: book.Live, PriceScale: 2, SizeScale: uint8(r.IntN(3))}
		fee := &market.Fee{Rate: market.FeeUnit / 1000}
		sc := Scales{Base: uint8(r.IntN(3)), Quote: uint8(r.IntN(4))}
		for step := range 40 {
			next := *v
			next.Bids, next.Asks = slices.Clone(v.Bids), slices.Clone(v.Asks)
			for range r.IntN(4) {
				change(r, &next.Bids, -1)
				change(r, &next.Asks, 1)
			}
			switch r.IntN(12) {
			case 0:
				next.State = book.Gapped
			case 1:
				next.SizeScale++
			case 2:
				f := *fee
				if f.Rate += 7; r.IntN(2) == 0 {
					f.On = market.FeeQuote - f.On
				}
				fee = &f
			default:
				next.State = book.Live
			}
			v = &next
			of := fee
			if r.IntN(15) == 0 {
				of = nil
			}
			got, want := b.State(v, sc, of), NewState(v, sc, of)
			terms := Terms{Lot: money.Amount(r.IntN(4)), MinBase: money.Amount(r.IntN(3))}
			got.Bind(terms)
			want.Bind(terms)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("case %d, step %d:\n%+v\n%+v", i, step, got, want)
			}
		}
	}
}

// change sets or takes away one level of a side.
func change(r *rand.Rand, levels *[]book.Level, sign int64) {
	l := book.Level{Price: money.Price(500 + sign*(1+r.Int64N(30))), Size: money.Size(1 + r.Int64N(5000))}
	if r.IntN(4) == 0 {
		l.Size = money.Size(1 + r.Int64N(3)) // next to nothing
	}
	at, there := slices.BinarySearchFunc(*levels, l, func(a, b book.Level) int { return int(sign * int64(a.Price-b.Price)) })
	switch {
	case !there:
		*levels = slices.Insert(*levels, at, l)
	case r.IntN(2) == 0:
		*levels = slices.Delete(*levels, at, at+1)
	default:
		(*levels)[at] = l
	}
}
