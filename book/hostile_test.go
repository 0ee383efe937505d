package book

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"chronos.dev/market"
	"chronos.dev/money"
)

// TestHostile: whatever numbers, kinds and sequences come, nothing panics, every
// view is consistent, and every level can still be written as it was sent.
func TestHostile(t *testing.T) {
	num := rapid.Custom(func(t *rapid.T) money.Num {
		edges := []int64{math.MinInt64, -1, 0, 1, 10, 922337203685477580, math.MaxInt64}
		n := money.Num{Coef: rapid.SampledFrom(edges).Draw(t, "edge")}
		if rapid.Bool().Draw(t, "any") {
			n.Coef = rapid.Int64().Draw(t, "coef")
		}
		n.Scale = rapid.Uint8Range(0, money.MaxScale+1).Draw(t, "scale")
		return n
	})
	levels := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) market.Level {
		return market.Level{
			Side:  market.Side(rapid.SampledFrom([]int{0, 1, 1, 1, 1, 2, 2, 2, 2, 3}).Draw(t, "side")),
			Price: num.Draw(t, "price"), Size: num.Draw(t, "size"),
		}
	}), 0, 4)
	rapid.Check(t, func(t *rapid.T) {
		b := New(market.BookRules{Depth: rapid.IntRange(-1, 3).Draw(t, "depth"), Checksum: sumText})
		for range rapid.IntRange(1, 20).Draw(t, "events") {
			e := market.Event{
				Kind: market.EventKind(rapid.IntRange(0, 4).Draw(t, "kind")),
				Seq:  rapid.Uint64Range(0, 4).Draw(t, "seq"), PrevSeq: rapid.Uint64Range(0, 4).Draw(t, "prev"),
				Epoch:       rapid.Uint64Range(0, 1).Draw(t, "epoch"),
				Unsequenced: rapid.Bool().Draw(t, "unsequenced"),
				HasChecksum: rapid.IntRange(0, 4).Draw(t, "sum") == 0,
				Levels:      levels.Draw(t, "levels"),
			}
			err := b.Apply(&e)
			v := b.Publish()
			if why := inconsistent(v); why != "" {
				t.Fatal(why)
			}
			if err != nil && v.State != Gapped {
				t.Fatalf("%v, but the book is %v", err, v.State)
			}
		}
		for _, l := range append(b.bids().appendSent(nil, -1, b.priceScale, b.sizeScale),
			b.asks().appendSent(nil, -1, b.priceScale, b.sizeScale)...) {
			if l.Price.Scale > money.MaxScale || l.Price.Coef <= 0 || l.Size.Coef <= 0 {
				t.Fatalf("a level of %s at %s", l.Size, l.Price)
			}
		}
	})
}
