// Command peers runs the workload of README.md on the books of Chronos and on a plain tree:
// LEVELS UPDATES ROUNDS. Each line it prints is one way, as those of other programs here.
package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"chronos.dev/book"
	"chronos.dev/market"
	"chronos.dev/money"

	"github.com/tidwall/btree"
)

const middle = int64(1_000_000)

type change struct {
	side       market.Side
	tick, size int64
}

// dice are splitmix64, which every language here can do alike.
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9E3779B97F4A7C15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func at(s market.Side, k int64) int64 {
	if s == market.Bid {
		return middle - 1 - k
	}
	return middle + 1 + k
}

func workload(levels int64, n int) (first, then []change) {
	d, sides := dice(1), [2]market.Side{market.Bid, market.Ask}
	for i := range 2 * levels {
		s := sides[i%2]
		first = append(first, change{s, at(s, i/2), 1 + int64(d.next()>>40)})
	}
	for range n {
		a, b := d.next(), d.next()
		s, k := sides[a&1], a>>8%uint64(levels)
		if a>>1%5 < 4 {
			k = a >> 8 % 20
		}
		c := change{s, at(s, int64(k)), 1 + int64(b>>40)}
		if b&3 == 0 {
			c.size = 0
		}
		then = append(then, c)
	}
	return first, then
}

type kept interface {
	set(c change)
	best() (bid, ask int64)
}

// trees are tidwall's Map, bids by the negated tick.
type trees struct{ bids, asks btree.Map[int64, int64] }

func (t *trees) set(c change) {
	side, key := &t.bids, -c.tick
	if c.side == market.Ask {
		side, key = &t.asks, c.tick
	}
	if c.size == 0 {
		side.Delete(key)
	} else {
		side.Set(key, c.size)
	}
}

func (t *trees) best() (bid, ask int64) {
	bid, _, _ = t.bids.Min()
	ask, _, _ = t.asks.Min()
	return -bid, ask
}

// ours is package book with all that it checks of an event, read without a View.
type ours struct {
	book  *book.Book
	event market.Event
}

func newOurs(first []change) *ours {
	o := &ours{book: book.New(market.BookRules{VerifiedDepth: -1})}
	o.event = market.Event{Kind: market.Snapshot, Seq: 1}
	for _, c := range first {
		o.event.Levels = append(o.event.Levels, level(c))
	}
	o.apply()
	o.event = market.Event{Kind: market.Delta, Seq: 1, Levels: make([]market.Level, 1)}
	return o
}

func level(c change) market.Level {
	return market.Level{Side: c.side, Price: money.Num{Coef: c.tick}, Size: money.Num{Coef: c.size}}
}

func (o *ours) apply() {
	if err := o.book.Apply(&o.event); err != nil {
		panic(err) // the changes never cross a book
	}
}

func (o *ours) set(c change) {
	o.event.PrevSeq, o.event.Seq = o.event.Seq, o.event.Seq+1
	o.event.Levels[0] = level(c)
	o.apply()
}

func (o *ours) best() (bid, ask int64) {
	b, a, _ := o.book.Best()
	return int64(b.Price), int64(a.Price)
}

func measure(name string, then []change, rounds int, fresh func() kept) {
	var all []float64
	sum := uint64(0)
	for range rounds {
		k := fresh()
		sum = 0
		begin := time.Now()
		for _, c := range then {
			k.set(c)
			bid, ask := k.best()
			sum = sum*31 + uint64(bid*7+ask)
		}
		all = append(all, float64(time.Since(begin))/float64(len(then)))
	}
	slices.Sort(all)
	fmt.Printf("{\"name\":%q,\"min\":%.1f,\"median\":%.1f,\"max\":%.1f,\"checksum\":\"%016x\"}\n",
		name, all[0], all[len(all)/2], all[len(all)-1], sum)
}

func main() {
	if len(os.Args) == 5 && os.Args[1] == "table" {
		if err := write(os.Stdout, os.Args[4], os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, "peers:", err)
			os.Exit(1)
		}
		return
	}
	var n [3]int
	for i := range n {
		var err error
		if len(os.Args) != 4 {
			fmt.Fprintln(os.Stderr, "usage: peers LEVELS UPDATES ROUNDS")
			os.Exit(2)
		}
		if n[i], err = strconv.Atoi(os.Args[i+1]); err != nil || n[i] < 1 || n[i] > 1e7 {
			fmt.Fprintf(os.Stderr, "peers: %q: want 1 to 10000000\n", os.Args[i+1])
			os.Exit(2)
		}
	}
	first, then := workload(int64(n[0]/2), n[1])
	measure("chronos book", then, n[2], func() kept { return newOurs(first) })
	measure("tidwall Map", then, n[2], func() kept {
		t := &trees{}
		for _, c := range first {
			t.set(c)
		}
		return t
	})
}
