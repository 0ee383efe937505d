package bench

import (
	"errors"
	"math/rand/v2"
	"slices"

	"chronos.dev/book"
	"chronos.dev/market"
	"chronos.dev/money"

	"github.com/tidwall/btree"
)

// A consolidated book holds the levels of all venues: prices best first, and at one
// price the venues in order.
const (
	venueBits = 3
	venues    = 1 << venueBits
	readTen   = 10 // levels that are read of the changed side after every change
)

// ofVenue takes the place of a level of peerChanges apart: the nearest price of all
// venues comes before the next one.
func ofVenue(c change) (change, int64) {
	k := c.price - middle - 1
	if c.side == market.Bid {
		k = middle - 1 - c.price
	}
	c.price = priceAt(c.side, k>>venueBits)
	return c, k & (venues - 1)
}

// shelves are our sides: a price and a venue are one key, that no two levels share.
type shelves struct {
	sides [2]*book.Side
	best  []book.Level
}

func newShelves() *shelves {
	return &shelves{sides: [2]*book.Side{book.NewSide(market.Bid), book.NewSide(market.Ask)}}
}

func (s *shelves) read(c change, sum uint64) uint64 {
	c, venue := ofVenue(c)
	side, turn := s.sides[c.side-market.Bid], int64(0)
	if c.side == market.Bid {
		turn = venues - 1 // the first venue has the best key of its price
	}
	if key := money.Price(c.price*venues + venue ^ turn); c.size == 0 {
		side.Delete(key)
	} else {
		side.Set(book.Level{Price: key, Size: money.Size(c.size)})
	}
	s.best = side.AppendBest(s.best[:0], readTen)
	for i := range s.best {
		key := int64(s.best[i].Price)
		sum = addOffer(sum, key>>venueBits, key&(venues-1)^turn, int64(s.best[i].Size))
	}
	return sum
}

// venueTrees are tidwall's Map by the same keys, those of bids negated.
type venueTrees struct{ sides [2]btree.Map[int64, int64] }

func (t *venueTrees) read(c change, sum uint64) uint64 {
	c, venue := ofVenue(c)
	side, sign := &t.sides[1], int64(1)
	if c.side == market.Bid {
		side, sign = &t.sides[0], -1
	}
	if key := sign*c.price*venues + venue; c.size == 0 {
		side.Delete(key)
	} else {
		side.Set(key, c.size)
	}
	n := 0
	side.Scan(func(key, size int64) bool {
		sum = addOffer(sum, sign*(key>>venueBits), key&(venues-1), size)
		n++
		return n < readTen
	})
	return sum
}

// addOffer adds a level that was read to the sum of all.
func addOffer(sum uint64, price, venue, size int64) uint64 {
	return sum*31 + uint64(price*7+venue*3+size)
}

// consolidated measures changes of a book of eight venues, its ten best levels read
// after each.
func consolidated(r *rand.Rand, levels, times int) (Figure, error) {
	first, then := changes(r, levels, 1<<14)
	ways := []reader{newShelves(), &venueTrees{}}
	sums := make([]uint64, len(ways))
	for i, w := range ways {
		for _, c := range slices.Concat(first, then) {
			sums[i] = w.read(c, sums[i])
		}
	}
	if sums[0] != sums[1] {
		return Figure{}, errors.New("bench: the ten best of all venues are others in a tree")
	}
	do := func(w reader) func(int) {
		at, sum := 0, uint64(0)
		return func(times int) {
			for range times {
				sum = w.read(then[at], sum)
				at = (at + 1) % len(then)
			}
		}
	}
	return Duel("book/consolidated", "change of one of 8 venues, ten best levels read", times,
		Way{Do: do(ways[0])}, Way{"tidwall Map", 0, do(ways[1])}), nil
}
