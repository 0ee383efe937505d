package bench

import (
	"fmt"
	"slices"
	"time"

	"chronos.dev/book"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Peer is what one way took for a change of a workload of bench/peers/README.md, with
// what is read after it.
type Peer struct {
	Name     string  `json:"name"`
	Work     string  `json:"work,omitempty"` // none: the best prices are read
	Min      float64 `json:"min"`            // nanoseconds of a change, over rounds
	Median   float64 `json:"median"`
	Max      float64 `json:"max"`
	Checksum string  `json:"checksum"` // of all that was read
}

// reader is a way to keep a book that is read after every change.
type reader interface {
	// read makes a change and adds what it reads to the sum of all.
	read(c change, sum uint64) uint64
}

// Peers runs the workloads on our books and on a plain tree: so many levels, changes and
// rounds.
func Peers(levels, updates, rounds int) []Peer {
	first, then := peerChanges(int64(levels/2), updates)
	filled := func(r reader) reader {
		for _, c := range first {
			r.read(c, 0)
		}
		return r
	}
	const ten = "ten of 8 venues"
	return []Peer{
		peer("chronos book", "", then, rounds, func() reader { return newOursAt(first, 0, 0) }),
		peer("chronos ladder", "", then, rounds, func() reader { return newBare(first) }),
		peer("tidwall Map", "", then, rounds, func() reader { return filled(&trees{}) }),
		peer("chronos ladder", ten, then, rounds, func() reader { return filled(newShelves()) }),
		peer("tidwall Map", ten, then, rounds, func() reader { return filled(&venueTrees{}) }),
	}
}

func peer(name, work string, then []change, rounds int, fresh func() reader) Peer {
	var all []float64
	sum := uint64(0)
	for range rounds {
		k := fresh()
		sum = 0
		begin := time.Now()
		for _, c := range then {
			sum = k.read(c, sum)
		}
		all = append(all, float64(time.Since(begin))/float64(len(then)))
	}
	slices.Sort(all)
	return Peer{name, work, all[0], all[len(all)/2], all[len(all)-1], fmt.Sprintf("%016x", sum)}
}

// addBest adds best prices that were read to the sum of all.
func addBest(sum uint64, bid, ask int64) uint64 { return sum*31 + uint64(bid*7+ask) }

// bare are the sides of package book without events.
type bare struct{ sides [2]*book.Side }

func newBare(first []change) *bare {
	b := &bare{[2]*book.Side{book.NewSide(market.Bid), book.NewSide(market.Ask)}}
	for _, c := range first {
		b.set(c)
	}
	return b
}

func (b *bare) set(c change) {
	side := b.sides[c.side-market.Bid]
	if c.size == 0 {
		side.Delete(money.Price(c.price))
	} else {
		side.Set(book.Level{Price: money.Price(c.price), Size: money.Size(c.size)})
	}
}

func (b *bare) read(c change, sum uint64) uint64 {
	b.set(c)
	x, _ := b.sides[0].Best()
	y, _ := b.sides[1].Best()
	return addBest(sum, int64(x.Price), int64(y.Price))
}

func (b *bare) levels(dst []int64) []int64 {
	for _, s := range b.sides {
		for _, l := range s.AppendBest(nil, s.Len()) {
			dst = append(dst, int64(l.Price), int64(l.Size))
		}
	}
	return dst
}

func (t *trees) read(c change, sum uint64) uint64 {
	t.set(c)
	bid, _, _ := t.sides[0].Min()
	ask, _, _ := t.sides[1].Min()
	return addBest(sum, -bid, ask)
}

func (o *ours) read(c change, sum uint64) uint64 {
	o.set(c)
	b, a, _ := o.book.Best()
	return addBest(sum, int64(b.Price), int64(a.Price))
}

// splitmix are dice that every language of bench/peers can throw alike.
type splitmix uint64

func (d *splitmix) next() uint64 {
	*d += 0x9E3779B97F4A7C15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// peerChanges are the changes that the other programs make too.
func peerChanges(levels int64, n int) (first, then []change) {
	d, sides := splitmix(1), [2]market.Side{market.Bid, market.Ask}
	for i := range 2 * levels {
		s := sides[i%2]
		first = append(first, change{s, priceAt(s, i/2), 1 + int64(d.next()>>40)})
	}
	for range n {
		a, b := d.next(), d.next()
		s, k := sides[a&1], a>>8%uint64(levels)
		if a>>1%5 < 4 {
			k = a >> 8 % 20
		}
		c := change{s, priceAt(s, int64(k)), 1 + int64(b>>40)}
		if b&3 == 0 {
			c.size = 0
		}
		then = append(then, c)
	}
	return first, then
}
