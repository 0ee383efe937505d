package branch

import (
	"slices"

	"chronos.dev/engine/flow"
	"chronos.dev/money"
)

// offer takes the plan of a case, if every open place stands where an option can
// be used at the price of the envelope. Else it returns the place where most value
// is missing; open if there is none.
func (s *Solver) offer(choice []int, r *flow.Result) (worst int) {
	worst = open
	most := 0.0
	s.full = append(s.full[:0], choice...)
	full := s.full
	for i := range s.places {
		if choice[i] != open {
			continue
		}
		pl := &s.places[i]
		f := fill(r.Fills, pl)
		full[i] = None
		if f.In == 0 {
			continue
		}
		k, out := pl.best(f.In)
		if full[i] = k; k != None && out >= f.Out {
			continue
		}
		if v := worth(f.Out-out, s.priceTo(r, pl)); v > most || worst == open {
			worst, most = i, v
		}
	}
	if worst == open && !r.Failed {
		s.take(full, choice, r)
	}
	return worst
}

// priceTo is the price of what a place gives.
func (s *Solver) priceTo(r *flow.Result, pl *place) uint64 {
	d := &s.p.Sides[pl.side]
	switch {
	case d.To == s.p.Target:
		return r.Nu.Target
	case d.From == s.p.Source:
		return r.Nu.One[d.To]
	}
	return r.Nu.Two[d.To]
}

// fill is what a plan does with the book of a place.
func fill(fills []flow.Fill, pl *place) flow.Fill {
	for _, f := range fills {
		if f.Side == pl.side && f.Book == pl.book {
			return f
		}
	}
	return flow.Fill{}
}

// best is the option that gives most for an input, and what that is; None and 0 if
// there is none.
func (pl *place) best(in money.Amount) (option int, out money.Amount) {
	option = None
	for k := range pl.options.Options {
		if k < 64 && pl.allowed>>k&1 == 1 {
			if o := Gives(&pl.options.Options[k], in); o > out {
				option, out = k, o
			}
		}
	}
	return option, out
}

// near is the option whose range is nearest to an input: where a plan stands on a
// chord, the one that the chord leads to or comes from.
func (pl *place) near(in money.Amount) (option int) {
	option = None
	var away money.Amount
	for k := range pl.options.Options {
		if k >= 64 || pl.allowed>>k&1 == 0 {
			continue
		}
		o := &pl.options.Options[k]
		d := max(o.Entry.In-in, in-Holds(o), 0)
		if option == None || d < away {
			option, away = k, d
		}
	}
	return option
}

// round makes plans of a case whose places stand on chords: by leaving these places
// out, by using what can be had at that amount, and by the option that is nearest.
func (s *Solver) round(choice []int, fills []flow.Fill) {
	pick := func(of func(pl *place, in money.Amount) int) {
		s.full = append(s.full[:0], choice...)
		full := s.full
		for i := range s.places {
			pl := &s.places[i]
			if full[i] != open {
				continue
			}
			f := fill(fills, pl)
			k, out := pl.best(f.In)
			if full[i] = k; out < f.Out {
				full[i] = of(pl, f.In)
			}
		}
		s.try(full)
	}
	pick(func(*place, money.Amount) int { return None })
	pick((*place).near)
	pick(func(pl *place, in money.Amount) int { k, _ := pl.best(in); return k })
}

// try solves a case without open places.
func (s *Solver) try(full []int) {
	s.pose(full)
	r := s.kernel.Solve(&s.sub)
	s.result.Cases++
	if !r.Infeasible && !r.Failed && (!r.Partial || s.some) {
		s.take(full, full, r)
	}
}

// take keeps a plan if it is the best so far. It uses the options of full; of those
// that were posed the entries are bundles, which r does not count.
func (s *Solver) take(full, posed []int, r *flow.Result) {
	best := &s.result
	if s.found {
		a, b := r.Out, best.Out
		if s.p.Out > 0 {
			a, b = r.In, best.In
		}
		if !s.better(a, b) {
			return
		}
	}
	s.found = true
	best.In, best.Out, best.Value, best.Spent = r.In, r.Out, r.Value, r.Spent
	best.Walks, best.BackSteps = r.Walks, r.BackSteps
	best.Fills = append(best.Fills[:0], r.Fills...)
	best.Used = best.Used[:0]
	for i, k := range full {
		if k == None || k == open {
			continue
		}
		pl := &s.places[i]
		entry := pl.options.Options[k].Entry
		if posed[i] == open {
			entry.In, entry.Out = 0, 0 // the envelope has it in its fill
		}
		if s.add(pl, entry.In, entry.Out) {
			best.Used = append(best.Used, Choice{pl.side, pl.book, k})
		}
	}
	s.forgo(r.Over)
}

// forgo lowers what options into the target claim by what nobody wants of it.
func (s *Solver) forgo(over money.Amount) {
	r := &s.result
	for _, c := range r.Used {
		if over == 0 || s.p.Sides[c.Side].To != s.p.Target {
			continue
		}
		for i := range r.Fills {
			if f := &r.Fills[i]; f.Side == c.Side && f.Book == c.Book {
				less := min(over, f.Out-1)
				f.Out, over = f.Out-less, over-less
			}
		}
	}
}

// add adds an entry to the fill of a place, and reports whether it is used at all.
func (s *Solver) add(pl *place, in, out money.Amount) bool {
	fills := &s.result.Fills
	at, found := slices.BinarySearchFunc(*fills, pl, func(f flow.Fill, pl *place) int {
		if f.Side != pl.side {
			return f.Side - pl.side
		}
		return f.Book - pl.book
	})
	if !found {
		if in == 0 {
			return false
		}
		*fills = slices.Insert(*fills, at, flow.Fill{Side: pl.side, Book: pl.book})
	}
	f := &(*fills)[at]
	f.In, f.Out = money.AddStop(f.In, in), money.AddStop(f.Out, out)
	return true
}
