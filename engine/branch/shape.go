package branch

import (
	"cmp"
	"math"
	"slices"
	"time"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// shapes keeps the books that stand for options, so that the kernel knows them
// again. It forgets all when there are too many.
type shapes struct{ known map[shape]*graph.Side }

// shape is the envelope of some options of a side, or for rest what follows the
// entry of one.
type shape struct {
	side    *graph.Side
	allowed uint64
	rest    int // -1: the envelope
}

// maxShapes bounds the memory, and how long a book that is gone is kept.
const maxShapes = 1024

func (s *shapes) keep(k shape, make func() *graph.Side) *graph.Side {
	if b, ok := s.known[k]; ok {
		return b
	}
	if s.known == nil || len(s.known) >= maxShapes {
		s.known = map[shape]*graph.Side{}
	}
	b := make()
	s.known[k] = b
	return b
}

// rest is what follows the entry of an option.
func (s *shapes) rest(side *graph.Side, option int) *graph.Side {
	return s.keep(shape{side, 0, option}, func() *graph.Side {
		return &graph.Side{Arcs: side.Options[option].More}
	})
}

// envelope is the least concave curve above nothing and all that the options
// allowed can be used for.
func (s *shapes) envelope(side *graph.Side, allowed uint64) *graph.Side {
	return s.keep(shape{side, allowed, -1}, func() *graph.Side {
		return &graph.Side{Arcs: envelope(points(side.Options, allowed))}
	})
}

// Envelope is the least concave curve above all that the options of a side that
// settle within limit can be used for; 0 is no limit.
func Envelope(side *graph.Side, limit time.Duration) []graph.Arc {
	return envelope(points(side.Options, allowed(side, limit)))
}

// allowed are the options that settle within limit.
func allowed(side *graph.Side, limit time.Duration) (mask uint64) {
	for k := range min(len(side.Options), 64) {
		if limit == 0 || side.Options[k].Settle <= limit {
			mask |= 1 << k
		}
	}
	return mask
}

// points are the corners of what the options can be used for, by input.
func points(options []graph.Option, allowed uint64) []graph.Arc {
	var all []graph.Arc
	for k := range min(len(options), 64) {
		if allowed>>k&1 == 0 {
			continue
		}
		o := &options[k]
		at := o.Entry
		if at.In > 0 {
			all = append(all, at)
		}
		for _, a := range o.More {
			all = append(all, beyond(at, a))
			if at = all[len(all)-1]; max(at.In, at.Out) == math.MaxInt64 {
				break
			}
		}
	}
	slices.SortFunc(all, func(a, b graph.Arc) int { return cmp.Or(cmp.Compare(a.In, b.In), cmp.Compare(b.Out, a.Out)) })
	return all
}

// beyond is where an arc leads to from a corner, or as far along it as amounts fit: a
// corner of which one of the two was cut would lie below the curve.
func beyond(at, a graph.Arc) graph.Arc {
	in, out := math.MaxInt64-at.In, math.MaxInt64-at.Out
	switch {
	case a.In <= in && a.Out <= out:
		return graph.Arc{In: at.In + a.In, Out: at.Out + a.Out}
	case above(in, a.Out, out, a.In): // the output ends first
		return graph.Arc{In: at.In + part(out, a.In, a.Out, money.Down), Out: math.MaxInt64}
	}
	return graph.Arc{In: math.MaxInt64, Out: at.Out + part(in, a.Out, a.In, money.Up)}
}

// envelope joins the corners of the upper hull by arcs. See Andrew (1979), another
// efficient algorithm for convex hulls in two dimensions.
func envelope(corners []graph.Arc) []graph.Arc {
	var hull, at []graph.Arc // arcs, and where each begins
	end := graph.Arc{}
	for _, c := range corners {
		if c.Out <= end.Out {
			continue
		}
		for len(hull) > 0 && !above(hull[len(hull)-1].Out, c.In-end.In, c.Out-end.Out, hull[len(hull)-1].In) {
			end = at[len(at)-1]
			hull, at = hull[:len(hull)-1], at[:len(at)-1]
		}
		if c.In == end.In {
			continue
		}
		hull = append(hull, graph.Arc{In: c.In - end.In, Out: c.Out - end.Out})
		at = append(at, end)
		end = c
	}
	return hull
}

// Gives is what an option gives for an input: nothing below its entry or beyond its
// end.
func Gives(o *graph.Option, in money.Amount) money.Amount {
	if in < o.Entry.In || in == 0 || in > Holds(o) {
		return 0
	}
	rest := graph.Side{Arcs: o.More}
	return money.AddStop(o.Entry.Out, rest.Gives(in-o.Entry.In))
}

// Costs is the least input for which an option gives out; 0 if that is less than it
// gives at its entry, more than at its end, or does not fit.
func Costs(o *graph.Option, out money.Amount) money.Amount {
	rest, more, left := graph.Side{Arcs: o.More}, money.Amount(0), out-o.Entry.Out
	if left != 0 {
		more = rest.Costs(left)
	}
	if left < 0 || left > 0 && more == 0 || more > math.MaxInt64-1-o.Entry.In {
		return 0
	}
	return o.Entry.In + more
}

// part is x*num/den, a share of an arc.
func part(x, num, den money.Amount, r money.Rounding) money.Amount {
	v, err := money.MulDiv(x, num, den, r)
	if err != nil {
		panic("branch: a share of an arc exceeds the arc")
	}
	return v
}

// Holds is the most input that an option takes.
func Holds(o *graph.Option) money.Amount {
	in := o.Entry.In
	for _, a := range o.More {
		in = money.AddStop(in, a.In)
	}
	return in
}

// TakesFor is the largest input for which an option gives at most out; 0 if its
// entry gives more.
func TakesFor(o *graph.Option, out money.Amount) money.Amount {
	in, left := o.Entry.In, out-o.Entry.Out
	if left < 0 {
		return 0
	}
	for _, a := range o.More {
		if a.Out > left { // floor(x*Out/In) <= left exactly for x < (left+1)*In/Out
			return money.AddStop(in, part(left+1, a.In, a.Out, money.Up)-1)
		}
		in, left = money.AddStop(in, a.In), left-a.Out
	}
	return in
}
