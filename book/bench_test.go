package book

import (
	"testing"

	"chronos.dev/market"
	"chronos.dev/money"
)

// warm returns a book of n levels a side, and a delta that changes the size of
// one of its levels.
func warm(tb testing.TB, n int64) (*Book, *market.Event) {
	b := New(market.BookRules{})
	e := market.Event{Kind: market.Snapshot, Seq: 1}
	for i := range n {
		size := money.Num{Coef: 1 + i, Scale: 8}
		e.Levels = append(e.Levels,
			market.Level{Side: market.Bid, Price: money.Num{Coef: 10_000_000 - i, Scale: 2}, Size: size},
			market.Level{Side: market.Ask, Price: money.Num{Coef: 10_000_001 + i, Scale: 2}, Size: size})
	}
	if err := b.Apply(&e); err != nil {
		tb.Fatal(err)
	}
	return b, &market.Event{Kind: market.Delta, PrevSeq: 1, Seq: 2, Levels: []market.Level{{
		Side: market.Ask, Price: money.Num{Coef: 10_000_001 + n/2, Scale: 2}, Size: money.Num{Coef: 5, Scale: 8},
	}}}
}

// next makes e follow itself.
func next(e *market.Event) {
	e.PrevSeq, e.Seq = e.Seq, e.Seq+1
	e.Levels[0].Size.Coef = int64(1 + e.Seq%100)
}

// BenchmarkApply changes the size of one level in a book of 1,000 a side.
func BenchmarkApply(b *testing.B) {
	bk, e := warm(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		if err := bk.Apply(e); err != nil {
			b.Fatal(err)
		}
		next(e)
	}
}

// BenchmarkPublish copies a book of 1,000 levels a side.
func BenchmarkPublish(b *testing.B) {
	bk, _ := warm(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		if v := bk.Publish(); len(v.Bids) != 1000 {
			b.Fatal("levels are missing")
		}
	}
}
