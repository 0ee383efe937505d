package flow

import (
	"math"
	"sort"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// side is how far a Side is filled. Levels are merged as they are needed, and
// un-filled in the reverse order.
type side struct {
	Merged
	table *table
	key   uint64
	at    int32 // index in the problem, once they are put in order
	awake bool  // it is among those of the table that are to be emptied

	full int     // pieces that are filled whole
	used float64 // of the input of piece full

	in, out money.Amount // in integers, see replay
}

// wake notes that the side may be not empty from now on.
func (d *side) wake() {
	if !d.awake {
		d.awake = true
		d.table.woken = append(d.table.woken, d)
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
	if d == nil {
		return 0
	}
	return d.Top()
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
	d.wake()
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

// give fills the side with in, in integers: out is what that gives, rounded down,
// and taken how much of in the side takes.
func (d *side) give(in money.Amount) (out, taken money.Amount) {
	d.wake()
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
	d.wake()
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
	d.wake()
	for d.before(len(d.pieces)).In-d.in < more && d.more() {
		d.pull()
	}
	return min(more, d.before(len(d.pieces)).In-d.in)
}

// gives is how much of more output the side gives beyond out.
func (d *side) gives(more money.Amount) money.Amount {
	d.wake()
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
