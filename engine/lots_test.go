package engine_test

import (
	"math/rand/v2"
	"testing"

	"chronos.dev/engine"
	"chronos.dev/engine/plan"
	"chronos.dev/market"
	"chronos.dev/money"
)

// lotted is a market of three assets whose prices nearly agree, some of its books with
// lots of up to five units.
type lotted struct {
	*rig
	lots   map[market.Key]int64
	levels map[market.Key][2][][2]int64 // bids and asks
}

func newLotted(t *testing.T, r *rand.Rand) *lotted {
	w := &lotted{lots: map[market.Key]int64{}, levels: map[market.Key][2][][2]int64{}}
	terms := func(k market.Key) market.Terms { return market.Terms{Lot: money.Num{Coef: w.lots[k], Scale: 1}} }
	w.rig = newRig(t, engine.Options{Terms: terms})
	for _, pair := range []string{"A-B", "A-C", "C-B"} {
		mid := map[string]int64{"A-B": 600, "A-C": 20, "C-B": 30}[pair]
		for _, venue := range []string{"u|", "v|"} {
			k := key(venue + pair)
			if r.IntN(3) > 0 {
				w.lots[k] = int64(r.IntN(50)) // tenths
			}
			var of [2][][2]int64
			for i := range int64(1 + r.IntN(3)) {
				of[0] = append(of[0], [2]int64{mid - i, 1 + r.Int64N(40)})
				of[1] = append(of[1], [2]int64{mid + 1 + i, 1 + r.Int64N(40)})
			}
			w.levels[k] = of
			if err := w.apply(venue+pair, market.Snapshot, of[0], of[1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.w.Flush(w.now)
	return w
}

// gives is what a book gives for in, counted lot by lot from its levels.
func (w *lotted) gives(k market.Key, a plan.Action, in int64) (out int64) {
	lot := max(w.lots[k]*1e7, 1)
	of := w.levels[k][0]
	if a == plan.Buy {
		of = w.levels[k][1]
	}
	for _, l := range of {
		size := l[1] * 1e8
		size -= size % lot
		cost, worth := size, size*l[0]
		if a == plan.Buy {
			cost, worth = worth, cost
		}
		if in >= cost {
			in, out = in-cost, out+worth
			continue
		}
		if a == plan.Buy {
			return out + in/l[0]/lot*lot
		}
		return out + in/lot*lot*l[0]
	}
	return out
}

// TestLots: no book gives more than the whole lots in what it is given, routes sum to
// the order, and nothing beats the bound.
func TestLots(t *testing.T) {
	answered, equal, wide := 0, 0, 0
	for i := range 1_500 {
		r := rand.New(rand.NewPCG(uint64(i), 71))
		w := newLotted(t, r)
		req := engine.Request{Sell: "A", Buy: "B", In: money.Amount(1e7 * (1 + r.Int64N(400)))}
		switch r.IntN(4) {
		case 0:
			req = engine.Request{Sell: "B", Buy: "A", In: req.In * 600}
		case 1:
			req.In, req.Out = 0, req.In*600
		case 2:
			req = engine.Request{Sell: "B", Buy: "A", Out: req.In}
		}
		all, err := w.e.Alternatives(req, 3, w.now)
		if err != nil {
			continue
		}
		answered++
		for _, p := range append(all.Paths, all.Best) {
			w.check(i, &p.Plan)
		}
		for _, x := range all.Paths {
			if p := &all.Best.Plan; p.Bound.Amount > 0 && (x.Plan.Out > p.Out || x.Plan.In < p.In) && !hair(&x.Plan, p) {
				t.Errorf("case %d: a path is ahead, %d into %d against %d into %d", i, x.Plan.In, x.Plan.Out, p.In, p.Out)
			}
		}
		p, b := &all.Best.Plan, all.Best.Plan.Bound.Amount
		switch {
		case p.ExactOut && p.In < b, !p.ExactOut && p.Out > b:
			t.Errorf("case %d: %d into %d, bound %d", i, p.In, p.Out, b)
		case p.ExactOut && p.In-b <= b/1e6, !p.ExactOut && b-p.Out <= b/1e6:
			equal++
		case p.ExactOut && p.In > 2*b, !p.ExactOut && p.Out < b/2:
			wide++
		}
	}
	t.Logf("%d answered, %d within 0.01 bps of the bound, %d far from it", answered, equal, wide)
	if answered < 1_000 || equal < 100 || wide > answered/20 {
		t.Error("lots cost too much, or the cases have lost their variety")
	}
}

// hair reports that two plans differ by less than a hundredth of a basis point.
func hair(p, q *plan.Plan) bool {
	return max(p.Out-q.Out, q.Out-p.Out) <= q.Out/1e6 && max(p.In-q.In, q.In-p.In) <= q.In/1e6
}

func (w *lotted) check(i int, p *plan.Plan) {
	w.t.Helper()
	type use struct {
		key    market.Key
		action plan.Action
	}
	in, out := map[use]money.Amount{}, map[use]money.Amount{}
	for _, r := range p.Routes {
		for _, l := range r.Legs {
			u := use{l.Key, l.Action}
			in[u], out[u] = in[u]+l.In, out[u]+l.Out
		}
	}
	for u := range in {
		if most := w.gives(u.key, u.action, int64(in[u])); int64(out[u]) > most {
			w.t.Errorf("case %d: %v %v gives %d for %d, at most %d: lot %d", i, u.action, u.key, out[u], in[u], most, w.lots[u.key])
		}
	}
	if !p.Sums() {
		w.t.Errorf("case %d: routes do not sum: %+v", i, p)
	}
}

// TestLotSpills: what is less than a lot of the better book goes to the other.
func TestLotSpills(t *testing.T) {
	for _, least := range []int64{0, 1} {
		spills(t, money.Num{Coef: least})
	}
}

// spills tries it with a least size at the better book, or none.
func spills(t *testing.T, least money.Num) {
	t.Helper()
	lots := map[string]money.Num{"u": {Coef: 1}, "v": {Coef: 1, Scale: 3}}
	r := newRig(t, engine.Options{Terms: func(k market.Key) market.Terms {
		terms := market.Terms{Lot: lots[k.Venue]}
		if k.Venue == "u" {
			terms.MinSize = least
		}
		return terms
	}})
	r.show("u|A-B", 100, 200)
	r.show("v|A-B", 99, 201)
	for _, tt := range []struct{ in, out, want money.Amount }{
		{2_5000_0000, 0, 249_5000_0000}, // two of u, a half of v
		{2_0004_0000, 0, 200_0000_0000}, // what is less than any lot is given up
		{0, 200_0000_0000, 2_0000_0000},
	} {
		p, err := r.e.Price(engine.Request{Sell: "A", Buy: "B", In: tt.in, Out: tt.out}, r.now)
		if err != nil {
			t.Errorf("%+v: %v", tt, err)
			continue
		}
		if got := p.Plan.Out; tt.in > 0 && got != tt.want || tt.out > 0 && p.Plan.In != tt.want {
			t.Errorf("%+v: %d into %d", tt, p.Plan.In, p.Plan.Out)
		}
	}
}
