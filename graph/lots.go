package graph

import (
	"math"

	"chronos.dev/money"
)

// A venue with lots trades whole lots of the base only. What is given to a level then
// gives what the whole lots in it give; the rest of it is given up. A level is whole
// lots itself: what is more of it does not count.

// inLots puts a side under a lot of so many units of the base, which is sold or else
// bought.
func (d *Side) inLots(lot money.Amount, sold bool) {
	if lot <= 1 {
		return
	}
	d.Lot, d.sold, d.SumIn, d.SumOut = lot, sold, 0, 0
	arcs, gross := make([]Arc, 0, len(d.Arcs)), make([]money.Amount, 0, len(d.Arcs))
	for i, a := range d.Arcs {
		size := d.size(i)
		whole := size - size%lot
		g := d.Gross[i]
		if whole < size {
			up := money.Down
			if d.FeeOnIn {
				up = money.Up
			}
			a = Arc{In: part(whole, a.In, size, money.Up), Out: part(whole, a.Out, size, money.Down)}
			g = part(whole, g, size, up)
		}
		if a.In == 0 || a.Out == 0 {
			d.Dropped++
			continue
		}
		arcs, gross = append(arcs, a), append(gross, g)
		d.SumIn, d.SumOut = money.AddStop(d.SumIn, a.In), money.AddStop(d.SumOut, a.Out)
	}
	d.Arcs, d.Gross = arcs, gross
	d.order()
}

// size is how much of the base an arc is, before fees.
func (d *Side) size(i int) money.Amount {
	switch {
	case d.sold:
		return d.Arcs[i].In
	case d.FeeOnIn:
		return d.Arcs[i].Out
	}
	return d.Gross[i]
}

// Gives is what the arcs give for in, in whole lots: nothing for what is beyond them.
func (d *Side) Gives(in money.Amount) (out money.Amount) {
	first, sum := d.within(in, math.MaxInt64)
	in, out = in-sum.In, sum.Out
	for i := first; i < len(d.Arcs); i++ {
		a := d.Arcs[i]
		if in < a.In {
			return money.AddStop(out, d.Part(i, in))
		}
		in, out = in-a.In, money.AddStop(out, a.Out)
	}
	return out
}

// Part is what the i-th arc gives for in, which is at most what it takes: for the whole
// lots that in pays.
func (d *Side) Part(i int, in money.Amount) money.Amount {
	a := d.Arcs[i]
	if n := d.lots(i); n > 0 {
		return part(part(in, n, a.In, money.Down), a.Out, n, money.Down)
	}
	return part(in, a.Out, a.In, money.Down)
}

// Costs is the least input for which the arcs give out, in whole lots; 0 if they do
// not.
func (d *Side) Costs(out money.Amount) (in money.Amount) {
	first, sum := d.within(math.MaxInt64, out)
	in, out = sum.In, out-sum.Out
	for i := first; i < len(d.Arcs) && out > 0; i++ {
		a := d.Arcs[i]
		if out < a.Out {
			if n := d.lots(i); n > 0 {
				return money.AddStop(in, part(part(out, n, a.Out, money.Up), a.In, n, money.Up))
			}
			return money.AddStop(in, part(out, a.In, a.Out, money.Up))
		}
		in, out = money.AddStop(in, a.In), out-a.Out
	}
	if out > 0 || in == math.MaxInt64 {
		return 0
	}
	return in
}

// sumRun is how many arcs a deep amount walks at most before it is found out how deep.
const sumRun = 8

// deepSide is how many arcs a side has that gains by sums.
const deepSide = 16 * sumRun

// sum sums up the arcs of a deep side, in what is left of their memory.
func (d *Side) sum() {
	n := len(d.Arcs)
	if d.sums = nil; n < deepSide {
		return
	}
	d.sums, d.Arcs = d.Arcs[n:n], d.Arcs[:n:n]
	var s Arc
	for i, a := range d.Arcs {
		if i%sumRun == 0 {
			d.sums = append(d.sums, s)
		}
		s = Arc{In: money.AddStop(s.In, a.In), Out: money.AddStop(s.Out, a.Out)}
	}
}

// within returns a place among the arcs and what is before it: no more than in and out,
// and not much less than one of them.
func (d *Side) within(in, out money.Amount) (first int, sum Arc) {
	if len(d.sums) == 0 || !d.sums[1].within(in, out) {
		return 0, sum
	}
	low, high := 1, len(d.sums)
	for low+1 < high {
		if mid := int(uint(low+high) / 2); d.sums[mid].within(in, out) {
			low = mid
		} else {
			high = mid
		}
	}
	return low * sumRun, d.sums[low]
}

// within reports whether a sum is no more than in and out. One that has stopped is more
// than any amount.
func (a *Arc) within(in, out money.Amount) bool {
	return a.In <= in && a.Out <= out && a.In < math.MaxInt64 && a.Out < math.MaxInt64
}

// lots is how many lots an arc is, 0 where any part of it is traded.
func (d *Side) lots(i int) money.Amount {
	if d.Lot == 0 {
		return 0
	}
	return d.size(i) / d.Lot
}

// GivesBound is what the option of a book under terms gives for in, in whole lots;
// 0 for less than its entry, or where the lots are less than the least that is traded.
func (d *Side) GivesBound(in money.Amount) money.Amount {
	if len(d.Options) == 0 || in < d.Options[0].Entry.In {
		return 0
	}
	out := d.book.Gives(in)
	if out < d.least {
		return 0
	}
	return out - d.fee
}

// CostsBound is the least input for which the option of a book under terms gives out,
// in whole lots; 0 if it does not.
func (d *Side) CostsBound(out money.Amount) money.Amount {
	if len(d.Options) == 0 {
		return 0
	}
	in := d.book.Costs(max(money.AddStop(out, d.fee), d.least))
	if in > 0 && in < d.Options[0].Entry.In {
		in = d.Options[0].Entry.In
	}
	return in
}
