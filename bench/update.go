package bench

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"chronos.dev/book"
	"chronos.dev/market"
	"chronos.dev/money"

	"github.com/tidwall/btree"
)

// books is how many books take updates in turn, so that none stays in the nearest
// memory.
const books = 30

// change sets one level of one book; size 0 takes it away.
type change struct {
	side        market.Side
	price, size int64
}

// middle is between bids and asks.
const middle = int64(1_000_000)

// priceAt is the price of the i-th level of a side.
func priceAt(s market.Side, i int64) int64 {
	if s == market.Bid {
		return middle - 1 - i
	}
	return middle + 1 + i
}

// changes draws what happens to a book of about so many levels a side: four of
// five changes among the best 20 prices, half of them of size only, half that a
// level comes or goes.
func changes(r *rand.Rand, levels, n int) (first, then []change) {
	held := map[market.Side][]bool{market.Bid: make([]bool, 2*levels), market.Ask: make([]bool, 2*levels)}
	size := func() int64 { return 1 + r.Int64N(1e9) }
	for _, s := range []market.Side{market.Bid, market.Ask} {
		for i := 0; i < 2*levels; i += 2 {
			held[s][i] = true
			first = append(first, change{s, priceAt(s, int64(i)), size()})
		}
	}
	for range n {
		s := market.Bid + market.Side(r.IntN(2))
		i := r.IntN(2 * levels)
		if r.IntN(5) < 4 {
			i = r.IntN(min(20, 2*levels))
		}
		c := change{s, priceAt(s, int64(i)), size()}
		if held[s][i] && r.IntN(2) == 0 {
			c.size, held[s][i] = 0, false
		} else {
			held[s][i] = true
		}
		then = append(then, c)
	}
	return first, then
}

// kept is a way to keep a book.
type kept interface {
	set(c change)
	// levels appends prices and sizes, best first, bids before asks.
	levels(dst []int64) []int64
}

// ours is package book, with all that it checks of an event.
type ours struct {
	book  *book.Book
	event market.Event
}

func newOurs(first []change) *ours { return newOursAt(first, priceScale, sizeScale) }

func newOursAt(first []change, price, size uint8) *ours {
	o := &ours{book: book.New(market.BookRules{VerifiedDepth: -1})}
	o.event = market.Event{Kind: market.Snapshot, Seq: 1}
	for _, c := range first {
		o.event.Levels = append(o.event.Levels, levelAt(c, price, size))
	}
	o.apply()
	o.event = market.Event{Kind: market.Delta, Seq: 1, Levels: []market.Level{levelAt(change{}, price, size)}}
	return o
}

// Decimals of prices and sizes.
const priceScale, sizeScale = 2, 8

func level(c change) market.Level { return levelAt(c, priceScale, sizeScale) }

func levelAt(c change, price, size uint8) market.Level {
	return market.Level{
		Side: c.side, Price: money.Num{Coef: c.price, Scale: price}, Size: money.Num{Coef: c.size, Scale: size},
	}
}

func (o *ours) apply() {
	if err := o.book.Apply(&o.event); err != nil {
		panic(err) // the changes never cross a book
	}
}

func (o *ours) set(c change) {
	o.event.PrevSeq, o.event.Seq = o.event.Seq, o.event.Seq+1
	l := &o.event.Levels[0]
	l.Side, l.Price.Coef, l.Size.Coef = c.side, c.price, c.size
	o.apply()
}

func (o *ours) levels(dst []int64) []int64 {
	v := o.book.Publish()
	for _, l := range slices.Concat(v.Bids, v.Asks) {
		dst = append(dst, int64(l.Price), int64(l.Size))
	}
	return dst
}

// trees are tidwall's Map, a side each; bids by the negated price.
type trees struct{ sides [2]btree.Map[int64, int64] }

func (t *trees) set(c change) {
	side, key := &t.sides[0], -c.price
	if c.side == market.Ask {
		side, key = &t.sides[1], c.price
	}
	if c.size == 0 {
		side.Delete(key)
	} else {
		side.Set(key, c.size)
	}
}

func (t *trees) levels(dst []int64) []int64 {
	for i := range t.sides {
		t.sides[i].Scan(func(key, size int64) bool {
			dst = append(dst, max(key, -key), size)
			return true
		})
	}
	return dst
}

// pair is a level of locked trees and of slices, by key as in trees.
type pair struct{ key, size int64 }

// locked are tidwall's BTreeG as they come, with a lock.
type locked struct{ sides [2]*btree.BTreeG[pair] }

func newLocked() *locked {
	less := func(a, b pair) bool { return a.key < b.key }
	return &locked{[2]*btree.BTreeG[pair]{btree.NewBTreeG(less), btree.NewBTreeG(less)}}
}

func (t *locked) set(c change) {
	side, key := t.sides[0], -c.price
	if c.side == market.Ask {
		side, key = t.sides[1], c.price
	}
	if c.size == 0 {
		side.Delete(pair{key: key})
	} else {
		side.Set(pair{key, c.size})
	}
}

func (t *locked) levels(dst []int64) []int64 {
	for _, side := range t.sides {
		side.Scan(func(p pair) bool {
			dst = append(dst, max(p.key, -p.key), p.size)
			return true
		})
	}
	return dst
}

// sorted are slices, worst level first, so that the best end moves.
type sorted struct{ sides [2][]pair }

func (s *sorted) set(c change) {
	side, key := &s.sides[0], c.price
	if c.side == market.Ask {
		side, key = &s.sides[1], -c.price
	}
	i, found := slices.BinarySearchFunc(*side, key, func(p pair, key int64) int {
		switch {
		case p.key < key:
			return -1
		case p.key > key:
			return 1
		}
		return 0
	})
	switch {
	case c.size == 0 && found:
		*side = slices.Delete(*side, i, i+1)
	case c.size == 0:
	case found:
		(*side)[i].size = c.size
	default:
		*side = slices.Insert(*side, i, pair{key, c.size})
	}
}

func (s *sorted) levels(dst []int64) []int64 {
	for i := range s.sides {
		for _, p := range slices.Backward(s.sides[i]) {
			dst = append(dst, max(p.key, -p.key), p.size)
		}
	}
	return dst
}

// updates measures single changes of books of so many levels a side. It fails
// where two ways end with different books.
func updates(r *rand.Rand, levels, times int) ([]Figure, error) {
	const drawn = 4096
	ways := [5][]kept{}
	streams := make([][]change, books)
	for i := range books {
		first, then := changes(r, levels, drawn)
		streams[i] = then
		for k, w := range []kept{newOurs(first), &trees{}, newLocked(), &sorted{}, newBare(first)} {
			if k > 0 && k < 4 {
				for _, c := range first {
					w.set(c)
				}
			}
			ways[k] = append(ways[k], w)
		}
	}
	turns := make([]change, 0, books*drawn) // as they are made, so that memory is read in order
	for n := range drawn {
		for i := range books {
			turns = append(turns, streams[i][n])
		}
	}
	do := func(k int) func(int) {
		at, book := 0, 0
		return func(times int) {
			for range times {
				ways[k][book].set(turns[at])
				if at++; at == len(turns) {
					at = 0
				}
				if book++; book == books {
					book = 0
				}
			}
		}
	}
	f := Duel(fmt.Sprintf("book/update/%d", levels), "change of one level", times,
		Way{Do: do(0)},
		Way{"tidwall Map", targetAt(levels, 1.0/6), do(1)},
		Way{"tidwall BTreeG", targetAt(levels, 1.0/10), do(2)},
		Way{"sorted slice", 0, do(3)})
	l := Duel(fmt.Sprintf("book/ladder/%d", levels), "change of one level, nothing checked", times,
		Way{Do: do(4)},
		Way{"tidwall Map", targetAt(levels, 1.0/6), do(1)})
	return []Figure{f, l}, same(ways[:], streams)
}

// targetAt is a target that is stated for 1,000 levels.
func targetAt(levels int, target float64) float64 {
	if levels != 1000 {
		return 0
	}
	return target
}

// same brings all ways to the end of the streams and compares their books.
func same(ways [][]kept, streams [][]change) error {
	var want, got []int64
	for i := range streams {
		for k := range ways {
			for _, c := range streams[i] {
				ways[k][i].set(c)
			}
			if got = ways[k][i].levels(got[:0]); k == 0 {
				want = append(want[:0], got...)
			} else if !slices.Equal(got, want) {
				return fmt.Errorf("bench: after equal changes book %d of way %d is another one", i, k)
			}
		}
	}
	return nil
}
