package route

import (
	"math"

	"chronos.dev/engine/branch"
	"chronos.dev/engine/flow"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// Fill is what one market does of one hop.
type Fill struct {
	Market graph.MarketID
	In     money.Amount
	Out    money.Amount
	Gross  money.Amount  // before the fee, see graph.Side
	Option *graph.Option // nil for a book
}

// sweep fills the levels of an edge over all its usable markets, best rate first;
// ties go to the venue whose name comes first. It is the optimal split of one
// hop over books: the output is concave in the input, so taking the best arc next
// can not be beaten. Where an option carries the hop alone and better, it does.
type sweep struct {
	cursors []cursor // by market, in the order of their names
	last    graph.Arc
}

// cursor is the place of one market in the walk, and what it has filled so far.
type cursor struct {
	side *graph.Side
	at   int
	fill Fill
}

// levels returns what an edge offers, and its books in one. The edge is one of the
// network, or of a route of the caller's own.
func (s *Solver) levels(e *graph.Edge) (*shelf, *flow.Merged) {
	if !s.following {
		b := &s.shelves[e.Pair][0]
		if e.From > e.To {
			b = &s.shelves[e.Pair][1]
		}
		return b, s.kernel.Merged(&flow.Side{Key: sideKey(e), Books: b.books, Stamp: b.stamp})
	}
	b := &s.lone
	b.books, b.markets, b.options, b.summed = b.books[:0], b.markets[:0], false, false
	for _, id := range e.Markets {
		if side := s.side(id, e.From); s.usable[id] {
			b.books, b.markets = append(b.books, side), append(b.markets, id)
			b.options = b.options || len(side.Options) > 0
		}
	}
	s.loneLevels.Merge(b.books)
	return b, &s.loneLevels
}

// gives is what an edge gives for x; false if nothing takes all of it, or the output
// does not fit.
func (s *Solver) gives(e *graph.Edge, x money.Amount) (money.Amount, bool) {
	b, m := s.levels(e)
	total, ok := m.Gives(x)
	if b.options {
		return s.sweep.alone(s, e, x, 0, total, ok)
	}
	return total, ok
}

// costs is what an edge costs for y; false if nothing gives all of it, or the cost
// does not fit.
func (s *Solver) costs(e *graph.Edge, y money.Amount) (money.Amount, bool) {
	b, m := s.levels(e)
	total, ok := m.Costs(y)
	if b.options {
		return s.sweep.alone(s, e, 0, y, total, ok)
	}
	return total, ok
}

// start places a cursor on every market of a shelf.
func (w *sweep) start(b *shelf) {
	w.cursors = w.cursors[:0]
	for i, id := range b.markets {
		w.cursors = append(w.cursors, cursor{side: b.books[i], fill: Fill{Market: id}})
	}
}

// in is gives, and notes what each market does.
func (w *sweep) in(s *Solver, e *graph.Edge, x money.Amount) (money.Amount, bool) {
	b, m := s.levels(e)
	total, ok := w.booksIn(b, m, x)
	if b.options {
		return w.alone(s, e, x, 0, total, ok)
	}
	return total, ok
}

// alone takes the option that carries x in, or y out, alone and better than total;
// not ok says that there is no total.
func (w *sweep) alone(s *Solver, e *graph.Edge, x, y, total money.Amount, ok bool) (money.Amount, bool) {
	for _, id := range e.Markets {
		side := s.side(id, e.From)
		if len(side.Options) == 0 || !s.usable[id] {
			continue
		}
		for k := range side.Options {
			o := &side.Options[k]
			f := Fill{Market: id, In: x, Out: y, Option: o}
			if y == 0 {
				f.Out = branch.Gives(o, x)
			} else {
				f.In = branch.Costs(o, y)
			}
			switch {
			case f.In == 0 || f.Out == 0 || !s.inTime(o.Settle):
				continue
			case ok && (y == 0 && f.Out <= total || y > 0 && f.In >= total):
				continue
			}
			f.Gross = optionGross(side, f.In, f.Out)
			w.cursors = append(w.cursors[:0], cursor{fill: f})
			w.last = graph.Arc{In: f.In, Out: f.Out}
			if total, ok = f.Out, true; y > 0 {
				total = f.In
			}
		}
	}
	return total, ok
}

// booksIn is in, by books.
func (w *sweep) booksIn(b *shelf, m *flow.Merged, x money.Amount) (money.Amount, bool) {
	w.start(b)
	var total money.Amount
	for i := 0; x > 0; i++ {
		a, book, more := m.Level(i)
		if !more {
			return 0, false
		}
		take, out := a.In, a.Out
		if take > x {
			take = x
			out = mulDiv(x, a.Out, a.In, money.Down)
		}
		x -= take
		if total > math.MaxInt64-out {
			return 0, false
		}
		total += out
		w.took(book, a, take, out)
	}
	return total, true
}

// out is costs, and notes what each market does.
func (w *sweep) out(s *Solver, e *graph.Edge, y money.Amount) (money.Amount, bool) {
	b, m := s.levels(e)
	total, ok := w.booksOut(b, m, y)
	if b.options {
		return w.alone(s, e, 0, y, total, ok)
	}
	return total, ok
}

// booksOut is out, by books.
func (w *sweep) booksOut(b *shelf, m *flow.Merged, y money.Amount) (money.Amount, bool) {
	w.start(b)
	var total money.Amount
	for i := 0; y > 0; i++ {
		a, book, more := m.Level(i)
		if !more {
			return 0, false
		}
		give, in := a.Out, a.In
		if give > y {
			give = y
			in = mulDiv(y, a.In, a.Out, money.Up)
		}
		y -= give
		if total > math.MaxInt64-in {
			return 0, false
		}
		total += in
		w.took(book, a, in, give)
	}
	return total, true
}

// inFor returns the largest input whose output is at most y, by books or by one
// option alone.
func (s *Solver) inFor(e *graph.Edge, y money.Amount) money.Amount {
	_, m := s.levels(e)
	most := m.For(y)
	s.eachOption(e, func(o *graph.Option) { most = max(most, branch.TakesFor(o, y)) })
	return most
}

// took notes a fill of the best arc. A partly filled arc is the last of a walk, so it
// does not matter that it is passed.
func (w *sweep) took(book int, a graph.Arc, in, out money.Amount) {
	c := &w.cursors[book]
	c.fill.In += in
	c.fill.Out += out
	c.fill.Gross = money.AddStop(c.fill.Gross, grossOf(c.side, c.at, in, out))
	c.at++
	w.last = a
}

// fills appends what each market did, in the order of their names.
func (w *sweep) fills(dst []Fill) []Fill {
	for i := range w.cursors {
		if f := w.cursors[i].fill; f.In > 0 {
			dst = append(dst, f)
		}
	}
	return dst
}

// mulDiv is money.MulDiv where the result cannot exceed c's counterpart: a share
// of an arc is at most the arc.
func mulDiv(a, b, d money.Amount, r money.Rounding) money.Amount {
	q, err := money.MulDiv(a, b, d, r)
	if err != nil {
		panic("route: a share of an arc exceeds the arc")
	}
	return q
}
