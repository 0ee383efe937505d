package flow

import (
	"math"
	"slices"
	"sort"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// piece is one level of one book of a side.
type piece struct {
	arc           graph.Arc
	rate          float64
	sumIn, sumOut money.Amount // of the pieces up to this one; they stop at MaxInt64
	book          int32
}

// side is how far a Side is filled. Levels of its books are merged as they are
// needed, best rate first, and un-filled in the reverse order. What is merged is
// kept while the books are the same ones.
type side struct {
	books  []*graph.Side
	stamp  uint64
	tops   []head  // the first level of each book, none if its In is 0
	best   int     // index of the best of them; none
	heads  []head  // books that have more levels, the best on top
	merged bool    // heads are in order; until a second level is needed they are not
	pieces []piece // merged so far

	full int     // pieces that are filled whole
	used float64 // of the input of piece full

	in, out money.Amount // in integers, see replay
}

// head is the next level of a book.
type head struct {
	arc      graph.Arc
	book, at int32
}

// open empties the side, and merges anew if its books are others.
func (d *side) open(books []*graph.Side, stamp uint64) {
	d.full, d.used, d.in, d.out = 0, 0, 0, 0
	if stamp != 0 && stamp == d.stamp {
		return
	}
	if d.stamp = stamp; slices.Equal(d.books, books) {
		return
	}
	d.look(books)
	d.heads, d.pieces, d.merged = d.heads[:0], d.pieces[:0], false
	if d.best != none {
		h := &d.tops[d.best]
		d.pieces = append(d.pieces, piece{
			arc: h.arc, rate: float64(h.arc.Out) / float64(h.arc.In), book: h.book, sumIn: h.arc.In, sumOut: h.arc.Out,
		})
	}
}

// look notes the first level of every book that is another one than before, and
// finds the best.
func (d *side) look(books []*graph.Side) {
	if len(d.books) != len(books) {
		clear(d.books)
		d.books, d.tops = sized(d.books, len(books), nil), sized(d.tops, len(books), head{})
	}
	d.best = none
	for i, b := range books {
		t := &d.tops[i]
		if d.books[i] != b {
			d.books[i], *t = b, head{book: int32(i)}
			if len(b.Arcs) > 0 {
				t.arc = b.Arcs[0]
			}
		}
		if t.arc.In > 0 && (d.best == none || t.arc.Cmp(d.tops[d.best].arc) > 0) {
			d.best = i
		}
	}
}

// more reports whether there are levels that are not merged yet.
func (d *side) more() bool {
	if !d.merged {
		d.merge()
	}
	return len(d.heads) > 0
}

// merge puts the books in order by what follows the first level of all.
func (d *side) merge() {
	d.merged = true
	for i := range d.tops {
		h := d.tops[i]
		if i == d.best {
			if h.at = 1; len(d.books[i].Arcs) < 2 {
				continue
			}
			h.arc = d.books[i].Arcs[1]
		}
		if h.arc.In > 0 {
			d.heads = append(d.heads, h)
		}
	}
	for i := len(d.heads)/2 - 1; i >= 0; i-- {
		d.sink(i)
	}
}

// pull merges one more level, if there is one.
func (d *side) pull() {
	if !d.more() {
		return
	}
	h := &d.heads[0]
	p := piece{arc: h.arc, rate: float64(h.arc.Out) / float64(h.arc.In), book: h.book}
	before := d.before(len(d.pieces))
	p.sumIn, p.sumOut = money.AddStop(before.In, h.arc.In), money.AddStop(before.Out, h.arc.Out)
	d.pieces = append(d.pieces, p)
	arcs := d.books[h.book].Arcs
	if h.at++; int(h.at) < len(arcs) {
		h.arc = arcs[h.at]
	} else {
		last := len(d.heads) - 1
		d.heads[0] = d.heads[last]
		d.heads = d.heads[:last]
	}
	d.sink(0)
}

// before is the sum of the first n pieces.
func (d *side) before(n int) graph.Arc {
	if n == 0 {
		return graph.Arc{}
	}
	p := &d.pieces[n-1]
	return graph.Arc{In: p.sumIn, Out: p.sumOut}
}

func (d *side) less(i, j int) bool {
	a, b := &d.heads[i], &d.heads[j]
	if c := a.arc.Cmp(b.arc); c != 0 {
		return c > 0
	}
	return a.book < b.book
}

func (d *side) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(d.heads) {
			return
		}
		if r := child + 1; r < len(d.heads) && d.less(r, child) {
			child = r
		}
		if !d.less(child, i) {
			return
		}
		d.heads[i], d.heads[child] = d.heads[child], d.heads[i]
		i = child
	}
}

// rate is the rate of the next unit, 0 if the side is used up.
func (d *side) rate() float64 {
	if d.full < len(d.pieces) {
		return d.pieces[d.full].rate
	}
	return 0
}

// top is the best rate, filled or not; 0 if there is none.
func (d *side) top() float64 {
	if d == nil || len(d.pieces) == 0 {
		return 0
	}
	return d.pieces[0].rate
}

// last is the rate of the last unit that was filled, 0 if none was.
func (d *side) last() float64 {
	switch {
	case d.used > 0:
		return d.pieces[d.full].rate
	case d.full > 0:
		return d.pieces[d.full-1].rate
	}
	return 0
}

// marginal is the level of last, or the next one if nothing is filled.
func (d *side) marginal() graph.Arc {
	if d.used == 0 && d.full > 0 {
		return d.pieces[d.full-1].arc
	}
	return d.pieces[d.full].arc
}

// idle reports that nothing is filled.
func (d *side) idle() bool { return d.full == 0 && d.used == 0 }

// room is how much input the next piece takes.
func (d *side) room() float64 { return float64(d.pieces[d.full].arc.In) - d.used }

// back is how much output can be un-filled at the rate of last.
func (d *side) back() float64 {
	if d.used > 0 {
		return d.used * d.pieces[d.full].rate
	}
	return float64(d.pieces[d.full-1].arc.Out)
}

// fill fills amount of input; all of the piece if whole.
func (d *side) fill(amount float64, whole bool) {
	if d.used += amount; whole {
		d.used = 0
		if d.full++; d.full == len(d.pieces) {
			d.pull()
		}
	}
}

// unfill takes back amount of output; all of the piece if whole.
func (d *side) unfill(amount float64, whole bool) {
	if d.used == 0 {
		d.full--
		d.used = float64(d.pieces[d.full].arc.In)
	}
	if d.used -= amount / d.pieces[d.full].rate; whole || d.used < 0 {
		d.used = 0
	}
}

// piece returns the i-th level, false beyond the last.
func (d *side) piece(i int) (*piece, bool) {
	for i >= len(d.pieces) && d.more() {
		d.pull()
	}
	if i < len(d.pieces) {
		return &d.pieces[i], true
	}
	return nil, false
}

// give fills the side with in, in integers: out is what that gives, rounded down,
// and taken how much of in the side takes.
func (d *side) give(in money.Amount) (out, taken money.Amount) {
	for d.before(len(d.pieces)).In < in && d.more() {
		d.pull()
	}
	i := sort.Search(len(d.pieces), func(i int) bool { return d.pieces[i].sumIn >= in })
	before := d.before(i)
	d.in, d.out = before.In, before.Out
	if i < len(d.pieces) {
		a := d.pieces[i].arc
		more := in - before.In
		d.in, d.out = in, money.AddStop(d.out, mulDiv(more, a.Out, a.In, money.Down))
	}
	return d.out, d.in
}

// want fills the side for out, in integers: in is what that costs, rounded up, and
// given how much of out the side gives.
func (d *side) want(out money.Amount) (in, given money.Amount) {
	for d.before(len(d.pieces)).Out < out && d.more() {
		d.pull()
	}
	i := sort.Search(len(d.pieces), func(i int) bool { return d.pieces[i].sumOut >= out })
	before := d.before(i)
	d.in, d.out = before.In, before.Out
	if i < len(d.pieces) {
		a := d.pieces[i].arc
		more := out - before.Out
		d.in, d.out = money.AddStop(d.in, mulDiv(more, a.In, a.Out, money.Up)), out
	}
	return d.in, d.out
}

// filled is the flow in integers, rounded down, and how much more the piece takes
// that is partly filled.
func (d *side) filled() (flow, room graph.Arc) {
	flow = d.before(d.full)
	if d.used > 0 {
		p := &d.pieces[d.full]
		used := graph.Arc{
			In:  min(units(d.used), p.arc.In),
			Out: min(units(d.used*p.rate), p.arc.Out),
		}
		flow = graph.Arc{In: money.AddStop(flow.In, used.In), Out: money.AddStop(flow.Out, used.Out)}
		room = graph.Arc{In: p.arc.In - used.In, Out: p.arc.Out - used.Out}
	}
	return flow, room
}

// takes is how much of more input the side takes beyond in.
func (d *side) takes(more money.Amount) money.Amount {
	for d.before(len(d.pieces)).In-d.in < more && d.more() {
		d.pull()
	}
	return min(more, d.before(len(d.pieces)).In-d.in)
}

// gives is how much of more output the side gives beyond out.
func (d *side) gives(more money.Amount) money.Amount {
	for d.before(len(d.pieces)).Out-d.out < more && d.more() {
		d.pull()
	}
	return min(more, d.before(len(d.pieces)).Out-d.out)
}

// units is the whole number of units in an amount that is not negative.
func units(f float64) money.Amount {
	if f >= math.MaxInt64 {
		return math.MaxInt64
	}
	return money.Amount(f)
}

// mulDiv is money.MulDiv of a share of a level, which is at most the level.
func mulDiv(a, b, d money.Amount, r money.Rounding) money.Amount {
	q, err := money.MulDiv(a, b, d, r)
	if err != nil {
		panic("flow: a share of a level exceeds the level")
	}
	return q
}
