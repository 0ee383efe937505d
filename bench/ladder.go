package bench

import (
	"slices"

	"chronos.dev/graph"
	blocked "chronos.dev/graph/ladder"
	"chronos.dev/money"
)

// newLadder returns a ladder of all sides, each of a market of its own.
func newLadder(sides [][]graph.Arc) *blocked.Writer {
	w := blocked.New()
	for m, arcs := range sides {
		for _, a := range arcs {
			w.Add(blocked.Level{Arc: a, Market: graph.MarketID(m)})
		}
	}
	w.Publish()
	return w
}

// ladders measures an amount asked of the ladder that is published, and what it
// costs to keep it: a level that changes its size, published at once, against
// running sums of all levels that are made anew.
func (q *quoting) ladders(name string, amount func() money.Amount, merge Way, times int) []Figure {
	ask := Duel("quote/pair/ladder/"+name, "amount alone at "+name+" % of depth", times,
		Way{Do: func(times int) {
			for range times {
				out, _ := q.ladder.Load().Out(amount())
				q.sink += out
			}
		}}, merge)
	ours, eager := changing{sides: cloned(q.sides)}, changing{sides: cloned(q.sides)}
	w, sums := newLadder(q.sides), newEager(q.sides)
	keep := Duel("quote/pair/ladder/keep/"+name, "change of one of 1,500 levels, published", times,
		Way{Do: func(times int) {
			for range times {
				was, is := ours.next()
				w.Remove(was)
				w.Add(is)
				w.Publish()
			}
		}},
		Way{"eager sums", 0, func(times int) {
			for range times {
				was, is := eager.next()
				sums = sums.change(was, is)
			}
		}})
	return []Figure{ask, keep}
}

func cloned(sides [][]graph.Arc) [][]graph.Arc {
	sides = slices.Clone(sides)
	for i := range sides {
		sides[i] = slices.Clone(sides[i])
	}
	return sides
}

// changing halves and doubles the levels among the best five of each side in turn.
type changing struct {
	sides [][]graph.Arc
	at    int
}

func (c *changing) next() (was, is blocked.Level) {
	m := c.at % len(c.sides)
	round := c.at / len(c.sides)
	a := &c.sides[m][round%min(5, len(c.sides[m]))]
	c.at++
	was = blocked.Level{Arc: *a, Market: graph.MarketID(m)}
	if round/5%2 == 0 {
		a.In, a.Out = 2*a.In, 2*a.Out
	} else {
		a.In, a.Out = a.In/2, a.Out/2
	}
	return was, blocked.Level{Arc: *a, Market: was.Market}
}

// eagerSums are levels in one slice, and the sums of those before each.
type eagerSums struct {
	levels []blocked.Level
	sums   []graph.Arc
}

func newEager(sides [][]graph.Arc) *eagerSums {
	e := new(eagerSums)
	for m, arcs := range sides {
		for _, a := range arcs {
			e.levels = append(e.levels, blocked.Level{Arc: a, Market: graph.MarketID(m)})
		}
	}
	slices.SortFunc(e.levels, byRate)
	return e
}

func byRate(a, b blocked.Level) int {
	if c := b.Arc.Cmp(a.Arc); c != 0 {
		return c
	}
	return int(a.Market) - int(b.Market)
}

// change returns new sums, since readers may have the old ones.
func (e *eagerSums) change(was, is blocked.Level) *eagerSums {
	n := &eagerSums{levels: slices.Clone(e.levels), sums: make([]graph.Arc, len(e.levels)+1)}
	if i, ok := slices.BinarySearchFunc(n.levels, was, byRate); ok {
		n.levels[i] = is // of the same rate
	}
	for i, l := range n.levels {
		n.sums[i+1] = graph.Arc{
			In: money.AddStop(n.sums[i].In, l.In), Out: money.AddStop(n.sums[i].Out, l.Out),
		}
	}
	return n
}
