package route

import (
	"math"

	"chronos.dev/engine/branch"
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

// sweep walks the arcs of an edge over all its usable markets, best rate first;
// ties go to the venue whose name comes first. It is the optimal split of one
// hop over books: the output is concave in the input, so taking the best arc next
// can not be beaten. Where an option carries the hop alone and better, it does.
type sweep struct {
	cursors []cursor
	heap    []int32 // indexes of cursors, best arc on top
	last    graph.Arc
}

// cursor is the place of one market in the walk, and what it has filled so far.
type cursor struct {
	side *graph.Side
	at   int
	fill Fill
}

// start places a cursor on every usable market of e.
func (w *sweep) start(s *Solver, e *graph.Edge) {
	w.cursors, w.heap = w.cursors[:0], w.heap[:0]
	for _, id := range e.Markets {
		if !s.usable[id] {
			continue
		}
		side := s.side(id, e.From)
		if len(side.Arcs) > 0 {
			w.heap = append(w.heap, int32(len(w.cursors)))
			w.cursors = append(w.cursors, cursor{side: side, fill: Fill{Market: id}})
		}
	}
	for i := len(w.heap)/2 - 1; i >= 0; i-- {
		w.sink(i)
	}
}

// in gives x and returns what comes out; false if nothing takes all of it, or the
// output does not fit.
func (w *sweep) in(s *Solver, e *graph.Edge, x money.Amount) (money.Amount, bool) {
	total, ok := w.booksIn(s, e, x)
	return w.alone(s, e, x, 0, total, ok)
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
func (w *sweep) booksIn(s *Solver, e *graph.Edge, x money.Amount) (money.Amount, bool) {
	var total money.Amount
	for w.start(s, e); x > 0; {
		c, a := w.best()
		if c == nil {
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
		w.took(c, a, take, out)
	}
	return total, true
}

// out wants y and returns what it costs; false if nothing gives all of it, or the
// cost does not fit.
func (w *sweep) out(s *Solver, e *graph.Edge, y money.Amount) (money.Amount, bool) {
	total, ok := w.booksOut(s, e, y)
	return w.alone(s, e, 0, y, total, ok)
}

// booksOut is out, by books.
func (w *sweep) booksOut(s *Solver, e *graph.Edge, y money.Amount) (money.Amount, bool) {
	var total money.Amount
	for w.start(s, e); y > 0; {
		c, a := w.best()
		if c == nil {
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
		w.took(c, a, in, give)
	}
	return total, true
}

// inFor returns the largest input whose output is at most y, by books or by one
// option alone.
func (w *sweep) inFor(s *Solver, e *graph.Edge, y money.Amount) money.Amount {
	most := w.booksFor(s, e, y)
	s.eachOption(e, func(o *graph.Option) { most = max(most, branch.TakesFor(o, y)) })
	return most
}

// booksFor is inFor, by books.
func (w *sweep) booksFor(s *Solver, e *graph.Edge, y money.Amount) money.Amount {
	var total money.Amount
	for w.start(s, e); ; {
		c, a := w.best()
		if c == nil {
			return total
		}
		if a.Out > y {
			// floor(x*Out/In) <= y exactly for x < (y+1)*In/Out.
			return money.AddStop(total, mulDiv(y+1, a.In, a.Out, money.Up)-1)
		}
		y -= a.Out
		total = money.AddStop(total, a.In)
		w.took(c, a, a.In, a.Out)
	}
}

// best returns the cursor with the best arc, nil at the end of all books.
func (w *sweep) best() (*cursor, graph.Arc) {
	if len(w.heap) == 0 {
		return nil, graph.Arc{}
	}
	c := &w.cursors[w.heap[0]]
	return c, c.side.Arcs[c.at]
}

// took notes a fill of the best arc and moves on. A partly filled arc is the
// last of a walk, so it does not matter that it is passed.
func (w *sweep) took(c *cursor, a graph.Arc, in, out money.Amount) {
	c.fill.In += in
	c.fill.Out += out
	c.fill.Gross = money.AddStop(c.fill.Gross, grossOf(c.side, c.at, in, out))
	w.last = a
	if c.at++; c.at == len(c.side.Arcs) {
		end := len(w.heap) - 1
		w.heap[0] = w.heap[end]
		w.heap = w.heap[:end]
	}
	if len(w.heap) > 1 {
		w.sink(0)
	}
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

// before reports whether cursor i comes before cursor j.
func (w *sweep) before(i, j int32) bool {
	a, b := &w.cursors[i], &w.cursors[j]
	if c := a.side.Arcs[a.at].Cmp(b.side.Arcs[b.at]); c != 0 {
		return c > 0
	}
	return i < j
}

func (w *sweep) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(w.heap) {
			return
		}
		if r := child + 1; r < len(w.heap) && w.before(w.heap[r], w.heap[child]) {
			child = r
		}
		if !w.before(w.heap[child], w.heap[i]) {
			return
		}
		w.heap[i], w.heap[child] = w.heap[child], w.heap[i]
		i = child
	}
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
