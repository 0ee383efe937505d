package bench

import (
	"fmt"

	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// deep is a published side of 1,000 levels, and amounts that take some of them.
type deep struct {
	side  *graph.Side
	arcs  []graph.Arc
	takes [2]money.Amount // few levels and many, the last one by half
}

// few and many are levels that an amount takes.
const few, many = 5, 500

func newDeep(first []change) deep {
	o := newOurs(first)
	st := graph.NewState(o.book.Publish(), graph.Scales{Base: 8, Quote: 2}, &market.Fee{})
	d := deep{side: &st.Sell, arcs: st.Sell.Arcs}
	for k, n := range []int{few, many} {
		for _, a := range d.arcs[:n-1] {
			d.takes[k] += a.In
		}
		d.takes[k] += d.arcs[n-1].In / 2
	}
	return d
}

// walk is what an amount gives, by a bare walk of the array. The amounts drawn here are
// too small to overflow.
func (d *deep) walk(in money.Amount) (out money.Amount) {
	for i := range d.arcs {
		a := &d.arcs[i]
		if in < a.In {
			return out + in*a.Out/a.In
		}
		in, out = in-a.In, out+a.Out
	}
	return out
}

// depths measures what a published side gives for the amount of its best levels, against
// a bare walk of an array, and a deep amount against a small one.
func depths(k *Kit) ([]Figure, error) {
	var all [books]deep
	for i := range all {
		first, _ := changes(k.Rand, 1000, 0)
		all[i] = newDeep(first)
		for _, in := range all[i].takes {
			if all[i].side.Gives(in) != all[i].walk(in) {
				return nil, fmt.Errorf("bench: %d of side %d gives another amount in a walk", in, i)
			}
		}
	}
	sink := money.Amount(0)
	ours := func(k int) func(int) {
		return func(times int) {
			for n := range times {
				d := &all[n%books]
				sink += d.side.Gives(d.takes[k])
			}
		}
	}
	walk := func(k int) func(int) {
		return func(times int) {
			for n := range times {
				d := &all[n%books]
				sink += d.walk(d.takes[k])
			}
		}
	}
	return []Figure{
		Duel("quote/levels/5", "what an amount of 5 levels gives", k.Times(20_000),
			Way{Do: ours(0)}, Way{"walk of an array", 2, walk(0)}),
		Duel("quote/levels/500", "what an amount of 500 levels gives", k.Times(2_000),
			Way{Do: ours(1)}, Way{"walk of an array", 0, walk(1)}, Way{"5 levels", 3, ours(0)}),
	}, nil
}
