package bench

import (
	"cmp"
	"slices"
	"sort"

	"chronos.dev/engine/flow"
	"chronos.dev/graph"
)

// Chunks is how many equal parts the greedy baseline splits an order into.
const Chunks = 20

// greedy is the baseline: it cuts an order into Chunks parts and gives each to
// whichever path of at most three hops brings most for it, after evaluating every
// path over what the parts before have left of its sides. Amounts are floats, there
// is no plan in integers and no proof, and parts are not taken back. As the kernel
// does, it keeps what it has merged of a side while its books are the same.
type greedy struct {
	merged map[uint64]*ladder // by flow.Side.Key
	direct *ladder
	first  []*ladder // by asset
	last   []*ladder // by asset
	second []*ladder // between two others
}

// ladder is a side, all of its books in one.
type ladder struct {
	from, to int32
	books    []*graph.Side
	in, out  []float64 // sums up to each level
	used     float64   // of the input
}

// solve returns what comes out for In; ok is false if no path takes a part.
func (g *greedy) solve(p *flow.Problem) (out float64, ok bool) {
	g.open(p)
	part := float64(p.In) / Chunks
	for range Chunks {
		best, path := 0.0, [3]*ladder{}
		if g.direct != nil {
			best, path[0] = g.direct.give(part), g.direct
		}
		for a, d := range g.first {
			if d == nil || g.last[a] == nil {
				continue
			}
			if y := g.last[a].give(d.give(part)); y > best {
				best, path = y, [3]*ladder{d, g.last[a]}
			}
		}
		for _, d := range g.second {
			one, three := g.first[d.from], g.last[d.to]
			if one == nil || three == nil {
				continue
			}
			if y := three.give(d.give(one.give(part))); y > best {
				best, path = y, [3]*ladder{one, d, three}
			}
		}
		if best == 0 {
			return out, false
		}
		out += best
		x := part
		for _, d := range path {
			if d != nil {
				y := d.give(x)
				d.used, x = d.used+x, y
			}
		}
	}
	return out, true
}

// open finds the ladders of a problem, empty.
func (g *greedy) open(p *flow.Problem) {
	if g.merged == nil {
		g.merged = map[uint64]*ladder{}
	}
	if len(g.first) < p.Assets {
		g.first, g.last = make([]*ladder, p.Assets), make([]*ladder, p.Assets)
	}
	clear(g.first)
	clear(g.last)
	g.direct, g.second = nil, g.second[:0]
	for i := range p.Sides {
		s := &p.Sides[i]
		key := s.Key
		if key == 0 {
			key = uint64(s.From)<<32 | uint64(s.To)
		}
		d := g.merged[key]
		if d == nil {
			d = &ladder{}
			g.merged[key] = d
		}
		d.from, d.to = s.From, s.To // their numbers are the problem's own
		d.open(s.Books)
		switch {
		case s.From == p.Source && s.To == p.Target:
			g.direct = d
		case s.From == p.Source:
			g.first[s.To] = d
		case s.To == p.Target:
			g.last[s.From] = d
		default:
			g.second = append(g.second, d)
		}
	}
}

// open empties a ladder, and merges anew if its books are others.
func (d *ladder) open(books []*graph.Side) {
	if d.used = 0; slices.Equal(d.books, books) {
		return
	}
	d.books = append(d.books[:0], books...)
	var arcs []graph.Arc
	for _, b := range books {
		arcs = append(arcs, b.Arcs...)
	}
	slices.SortStableFunc(arcs, func(a, b graph.Arc) int {
		return cmp.Compare(float64(b.Out)/float64(b.In), float64(a.Out)/float64(a.In))
	})
	d.in, d.out = d.in[:0], d.out[:0]
	in, out := 0.0, 0.0
	for _, a := range arcs {
		in, out = in+float64(a.In), out+float64(a.Out)
		d.in, d.out = append(d.in, in), append(d.out, out)
	}
}

// give is what x more brings, 0 if there is not so much.
func (d *ladder) give(x float64) float64 {
	if x == 0 || len(d.in) == 0 || d.used+x > d.in[len(d.in)-1] {
		return 0
	}
	return d.at(d.used+x) - d.at(d.used)
}

// at is what x brings in all, from the beginning.
func (d *ladder) at(x float64) float64 {
	k := sort.SearchFloat64s(d.in, x)
	in, out := 0.0, 0.0
	if k > 0 {
		in, out = d.in[k-1], d.out[k-1]
	}
	return out + (x-in)/(d.in[k]-in)*(d.out[k]-out)
}
