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

// Merged is the levels of some books, best rate first; of equal rates that of the
// earlier book. They are merged as they are asked for, and kept while the books are
// the same ones.
type Merged struct {
	books  []*graph.Side
	stamp  uint64
	tops   []head  // the first level of each book, none if its In is 0
	best   int     // index of the best of them; none
	heads  []head  // books that have more levels, the best on top
	merged bool    // heads are in order; until a second level is needed they are not
	pieces []piece // merged so far
}

// head is the next level of a book.
type head struct {
	arc      graph.Arc
	book, at int32
}

// Merged is what the Solver keeps of the books of a side. The next Solve does not
// change it, nor does it change what the last one has found.
func (s *Solver) Merged(d *Side) *Merged {
	return &s.sides.of(d).side.Merged
}

// Merge makes m the levels of books.
func (m *Merged) Merge(books []*graph.Side) { m.open(books, 0) }

// Top is the best rate, 0 if there is none.
func (m *Merged) Top() float64 {
	if len(m.pieces) == 0 {
		return 0
	}
	return m.pieces[0].rate
}

// Level returns the i-th level and its book; ok is false beyond the last.
func (m *Merged) Level(i int) (a graph.Arc, book int, ok bool) {
	p, ok := m.piece(i)
	if !ok {
		return graph.Arc{}, 0, false
	}
	return p.arc, int(p.book), true
}

// Gives is what comes out for in, rounded down; ok is false if the levels do not take
// all of it, or what comes out does not fit.
func (m *Merged) Gives(in money.Amount) (out money.Amount, ok bool) {
	i := m.reach(func(p *piece) bool { return p.sumIn >= in })
	if in == 0 || i == len(m.pieces) {
		return 0, in == 0
	}
	p, before := &m.pieces[i], m.before(i)
	out = mulDiv(in-before.In, p.arc.Out, p.arc.In, money.Down)
	if out > math.MaxInt64-before.Out || before.Out == math.MaxInt64 {
		return 0, false
	}
	return before.Out + out, true
}

// Costs is what must go in for out, rounded up; ok is false if the levels do not give
// all of it, or what must go in does not fit.
func (m *Merged) Costs(out money.Amount) (in money.Amount, ok bool) {
	i := m.reach(func(p *piece) bool { return p.sumOut >= out })
	if out == 0 || i == len(m.pieces) {
		return 0, out == 0
	}
	p, before := &m.pieces[i], m.before(i)
	in = mulDiv(out-before.Out, p.arc.In, p.arc.Out, money.Up)
	if in > math.MaxInt64-before.In {
		return 0, false
	}
	return before.In + in, true
}

// For is the largest input that gives at most out.
func (m *Merged) For(out money.Amount) money.Amount {
	i := m.reach(func(p *piece) bool { return p.sumOut > out || p.sumOut == math.MaxInt64 })
	before := m.before(i)
	for ; ; i++ {
		p, ok := m.piece(i)
		if !ok {
			return before.In
		}
		if rest := out - before.Out; p.arc.Out > rest {
			// floor(x*Out/In) <= rest exactly for x < (rest+1)*In/Out.
			return money.AddStop(before.In, mulDiv(rest+1, p.arc.In, p.arc.Out, money.Up)-1)
		}
		before = m.before(i + 1)
	}
}

// reach merges levels until one is far enough, and returns the first that is; as far
// as there is none, how many there are. All levels after one that is far enough are.
func (m *Merged) reach(far func(p *piece) bool) int {
	for n := len(m.pieces); (n == 0 || !far(&m.pieces[n-1])) && m.more(); n++ {
		m.pull()
	}
	return sort.Search(len(m.pieces), func(i int) bool { return far(&m.pieces[i]) })
}

// piece returns the i-th level, false beyond the last.
func (m *Merged) piece(i int) (*piece, bool) {
	for i >= len(m.pieces) && m.more() {
		m.pull()
	}
	if i < len(m.pieces) {
		return &m.pieces[i], true
	}
	return nil, false
}

// open merges anew if the books are others.
func (m *Merged) open(books []*graph.Side, stamp uint64) {
	if stamp != 0 && stamp == m.stamp {
		return
	}
	if m.stamp = stamp; slices.Equal(m.books, books) {
		return
	}
	m.look(books)
	m.heads, m.pieces, m.merged = m.heads[:0], m.pieces[:0], false
	if m.best != none {
		h := &m.tops[m.best]
		m.pieces = append(m.pieces, piece{
			arc: h.arc, rate: float64(h.arc.Out) / float64(h.arc.In), book: h.book, sumIn: h.arc.In, sumOut: h.arc.Out,
		})
	}
}

// look notes the first level of every book that is another one than before, and
// finds the best.
func (m *Merged) look(books []*graph.Side) {
	if len(m.books) != len(books) {
		clear(m.books)
		m.books, m.tops = sized(m.books, len(books), nil), sized(m.tops, len(books), head{})
	}
	m.best = none
	for i, b := range books {
		t := &m.tops[i]
		if m.books[i] != b {
			m.books[i], *t = b, head{book: int32(i)}
			if len(b.Arcs) > 0 {
				t.arc = b.Arcs[0]
			}
		}
		if t.arc.In > 0 && (m.best == none || t.arc.Cmp(m.tops[m.best].arc) > 0) {
			m.best = i
		}
	}
}

// more reports whether there are levels that are not merged yet.
func (m *Merged) more() bool {
	if !m.merged {
		m.merge()
	}
	return len(m.heads) > 0
}

// merge puts the books in order by what follows the first level of all.
func (m *Merged) merge() {
	m.merged = true
	for i := range m.tops {
		h := m.tops[i]
		if i == m.best {
			if h.at = 1; len(m.books[i].Arcs) < 2 {
				continue
			}
			h.arc = m.books[i].Arcs[1]
		}
		if h.arc.In > 0 {
			m.heads = append(m.heads, h)
		}
	}
	for i := len(m.heads)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
}

// pull merges one more level, if there is one.
func (m *Merged) pull() {
	if !m.more() {
		return
	}
	h := &m.heads[0]
	p := piece{arc: h.arc, rate: float64(h.arc.Out) / float64(h.arc.In), book: h.book}
	before := m.before(len(m.pieces))
	p.sumIn, p.sumOut = money.AddStop(before.In, h.arc.In), money.AddStop(before.Out, h.arc.Out)
	m.pieces = append(m.pieces, p)
	arcs := m.books[h.book].Arcs
	if h.at++; int(h.at) < len(arcs) {
		h.arc = arcs[h.at]
	} else {
		last := len(m.heads) - 1
		m.heads[0] = m.heads[last]
		m.heads = m.heads[:last]
	}
	m.sink(0)
}

// before is the sum of the first n pieces.
func (m *Merged) before(n int) graph.Arc {
	if n == 0 {
		return graph.Arc{}
	}
	p := &m.pieces[n-1]
	return graph.Arc{In: p.sumIn, Out: p.sumOut}
}

func (m *Merged) less(i, j int) bool {
	a, b := &m.heads[i], &m.heads[j]
	if c := a.arc.Cmp(b.arc); c != 0 {
		return c > 0
	}
	return a.book < b.book
}

func (m *Merged) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(m.heads) {
			return
		}
		if r := child + 1; r < len(m.heads) && m.less(r, child) {
			child = r
		}
		if !m.less(child, i) {
			return
		}
		m.heads[i], m.heads[child] = m.heads[child], m.heads[i]
		i = child
	}
}
