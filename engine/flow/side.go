package flow

import (
	"chronos.dev/graph"
	"chronos.dev/money"
)

// piece is one level of one book of a side.
type piece struct {
	arc  graph.Arc
	rate float64
	book int32
}

// sideState is how far a side is filled. Levels of its books are merged as they
// are needed, best rate first, and un-filled in the reverse order.
type sideState struct {
	from, to int32
	books    []*graph.Side
	heads    []head  // books that have more levels, the best on top
	pieces   []piece // merged so far

	full int     // pieces that are filled whole
	used float64 // of the input of piece full
}

// head is the next level of a book.
type head struct {
	book, at int32
	arc      graph.Arc
}

func (d *sideState) open(s *Side) {
	d.from, d.to, d.books = s.From, s.To, s.Books
	d.heads, d.pieces, d.full, d.used = d.heads[:0], d.pieces[:0], 0, 0
	for i, b := range s.Books {
		if len(b.Arcs) > 0 {
			d.heads = append(d.heads, head{book: int32(i), arc: b.Arcs[0]})
		}
	}
	for i := len(d.heads)/2 - 1; i >= 0; i-- {
		d.sink(i)
	}
	d.pull()
}

// pull merges one more level, if there is one.
func (d *sideState) pull() {
	if len(d.heads) == 0 {
		return
	}
	h := &d.heads[0]
	d.pieces = append(d.pieces, piece{h.arc, float64(h.arc.Out) / float64(h.arc.In), h.book})
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

func (d *sideState) before(i, j int) bool {
	a, b := &d.heads[i], &d.heads[j]
	if c := a.arc.Cmp(b.arc); c != 0 {
		return c > 0
	}
	return a.book < b.book
}

func (d *sideState) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(d.heads) {
			return
		}
		if r := child + 1; r < len(d.heads) && d.before(r, child) {
			child = r
		}
		if !d.before(child, i) {
			return
		}
		d.heads[i], d.heads[child] = d.heads[child], d.heads[i]
		i = child
	}
}

// rate is the rate of the next unit, 0 if the side is used up.
func (d *sideState) rate() float64 {
	if d.full < len(d.pieces) {
		return d.pieces[d.full].rate
	}
	return 0
}

// last is the rate of the last unit that was filled, 0 if none was.
func (d *sideState) last() float64 {
	switch {
	case d.used > 0:
		return d.pieces[d.full].rate
	case d.full > 0:
		return d.pieces[d.full-1].rate
	}
	return 0
}

// room is how much input the next piece takes.
func (d *sideState) room() float64 {
	return float64(d.pieces[d.full].arc.In) - d.used
}

// back is how much output can be un-filled at the rate of last.
func (d *sideState) back() float64 {
	if d.used > 0 {
		return d.used * d.pieces[d.full].rate
	}
	return float64(d.pieces[d.full-1].arc.Out)
}

// fill fills amount of input; all of the piece if whole.
func (d *sideState) fill(amount float64, whole bool) {
	if d.used += amount; whole {
		d.used = 0
		if d.full++; d.full == len(d.pieces) {
			d.pull()
		}
	}
}

// unfill takes back amount of output; all of the piece if whole.
func (d *sideState) unfill(amount float64, whole bool) {
	if d.used == 0 {
		d.full--
		d.used = float64(d.pieces[d.full].arc.In)
	}
	if d.used -= amount / d.pieces[d.full].rate; whole || d.used < 0 {
		d.used = 0
	}
}

// piece returns the i-th level, false beyond the last.
func (d *sideState) piece(i int) (*piece, bool) {
	for i >= len(d.pieces) && len(d.heads) > 0 {
		d.pull()
	}
	if i < len(d.pieces) {
		return &d.pieces[i], true
	}
	return nil, false
}

// give returns what in gives, rounded down, and how much of in the side takes.
func (d *sideState) give(in money.Amount) (out, taken money.Amount) {
	for i := 0; in > 0; i++ {
		p, ok := d.piece(i)
		if !ok {
			return out, taken
		}
		take, got := p.arc.In, p.arc.Out
		if take > in {
			take, got = in, mulDiv(in, p.arc.Out, p.arc.In, money.Down)
		}
		in, taken, out = in-take, taken+take, money.AddStop(out, got)
	}
	return out, taken
}

// want returns what out costs, rounded up, and how much of out the side gives.
func (d *sideState) want(out money.Amount) (in, given money.Amount) {
	for i := 0; out > 0; i++ {
		p, ok := d.piece(i)
		if !ok {
			return in, given
		}
		take, got := p.arc.In, p.arc.Out
		if got > out {
			take, got = mulDiv(out, p.arc.In, p.arc.Out, money.Up), out
		}
		out, given, in = out-got, given+got, money.AddStop(in, take)
	}
	return in, given
}

// mulDiv is money.MulDiv of a share of a level, which is at most the level.
func mulDiv(a, b, d money.Amount, r money.Rounding) money.Amount {
	q, err := money.MulDiv(a, b, d, r)
	if err != nil {
		panic("flow: a share of a level exceeds the level")
	}
	return q
}
