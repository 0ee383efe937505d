package route_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"chronos.dev/book"
	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// told is an answer in names, as a customer would see it.
func told(s *graph.Snapshot, a *route.Answer, err error) string {
	if err != nil {
		var stale *route.StaleError
		var none *route.NoRouteError
		if errors.As(err, &stale) {
			return fmt.Sprint(err, stale.Stale)
		}
		if errors.As(err, &none) {
			return fmt.Sprint(err, none.Explain)
		}
		return err.Error()
	}
	out := fmt.Sprintf("%+v left out %v path", a.Plan, a.LeftOut)
	for _, id := range a.Path {
		out += " " + s.Assets[id].Symbol
	}
	return out
}

// TestSameBooksSameAnswer asks the same of graphs whose markets and assets were
// registered in other orders, with another solver, in another goroutine.
func TestSameBooksSameAnswer(t *testing.T) {
	var s route.Solver
	for i := range 600 {
		r := rand.New(rand.NewPCG(uint64(i), 5))
		w := randomMarket(r)
		if i%3 == 0 {
			w = randomPair(r)
		}
		snap := w.snapshot(t)
		in, out := 1+r.Int64N(1<<r.IntN(32)), int64(0)
		if r.IntN(2) == 0 {
			in, out = 0, in
		}
		a, err := s.Solve(snap, request(snap, "A", "B", in, out, plan.MaxHops))
		want := told(snap, a, err)
		other := *w
		other.assets = slices.Clone(w.assets)
		r.Shuffle(len(other.assets), func(i, j int) {
			other.assets[i], other.assets[j] = other.assets[j], other.assets[i]
		})
		var shuffled graph.Snapshot
		other.graph(t, r.Perm(len(w.listings))).Load(&shuffled)
		got := make(chan string)
		go func() {
			a, err := new(route.Solver).Solve(&shuffled, request(&shuffled, "A", "B", in, out, plan.MaxHops))
			got <- told(&shuffled, a, err)
		}()
		if g := <-got; g != want {
			t.Fatalf("market %d: in %d out %d:\n%s\nregistered otherwise:\n%s", i, in, out, want, g)
		}
	}
}

// TestTiesDoNotDependOnRegistration has two books of one venue on one edge, the
// pair and its inverse, with equal rates: the sum of the first is used up first.
func TestTiesDoNotDependOnRegistration(t *testing.T) {
	one := []book.Level{{Price: 1, Size: 10}}
	w := &fair{assets: []market.Asset{{Symbol: "A"}, {Symbol: "B"}}}
	for _, pair := range []market.Pair{{Base: "A", Quote: "B"}, {Base: "B", Quote: "A"}} {
		for _, v := range []string{"v", "u"} {
			w.listings = append(w.listings, listing{
				key: market.Key{Venue: v, Pair: pair}, bids: one, asks: one,
				state: book.Live, recv: now, fee: &market.Fee{},
			})
		}
	}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}} {
		var snap graph.Snapshot
		w.graph(t, order).Load(&snap)
		a, err := new(route.Solver).Solve(&snap, request(&snap, "A", "B", 25, 0, 1))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range a.Plan.Routes {
			got = append(got, fmt.Sprintf("%s %d", r.Legs[0].Key, r.In()))
		}
		if want := []string{"u|A-B 10", "u|B-A 10", "v|A-B 5"}; !slices.Equal(got, want) {
			t.Errorf("registered as %v: %v, want %v", order, got, want)
		}
	}
}

// TestMarketRegisteredLater registers a market while the
// graph lives: old snapshots keep their answer, the new one has the oracle's.
func TestMarketRegisteredLater(t *testing.T) {
	var s route.Solver
	for i := range 500 {
		r := rand.New(rand.NewPCG(uint64(i), 6))
		w := randomPair(r)
		late := r.IntN(len(w.listings))
		order := slices.DeleteFunc(r.Perm(len(w.listings)), func(k int) bool { return k == late })
		g := w.graph(t, order)
		in, out := wish(r, w.slices("A", "B"))
		var before, after graph.Snapshot
		g.Load(&before)
		a, err := s.Solve(&before, request(&before, "A", "B", in, out, 1))
		first := told(&before, a, err)
		w.publish(t, g, &w.listings[late])
		a, err = s.Solve(&before, request(&before, "A", "B", in, out, 1))
		if again := told(&before, a, err); again != first {
			t.Fatalf("market %d: an old snapshot now says\n%s\nand said\n%s", i, again, first)
		}
		g.Load(&after)
		snap := w.snapshot(t)
		a, err = s.Solve(&after, request(&after, "A", "B", in, out, 1))
		b, errB := s.Solve(snap, request(snap, "A", "B", in, out, 1))
		if got, want := told(&after, a, err), told(snap, b, errB); got != want {
			t.Fatalf("market %d: registered later:\n%s\nat once:\n%s", i, got, want)
		}
	}
}

// solve finds the best single path on a fresh snapshot: of that the laws hold to
// the unit. Of a split they hold within rounding, see split_laws_test.go.
func (w *fair) solve(t *testing.T, s *route.Solver, in, out int64) (*plan.Plan, error) {
	t.Helper()
	snap := w.snapshot(t)
	a := s.Single(snap, request(snap, "A", "B", in, out, plan.MaxHops))
	if a == nil {
		return nil, errors.New("no single path")
	}
	return &a.Plan, nil
}

// TestThereAndBack asks for exactly what an exact-in plan gives: that costs no
// more, and gives no less than the bound allows.
func TestThereAndBack(t *testing.T) {
	var s route.Solver
	plans := 0
	for i := range 2_000 {
		r := rand.New(rand.NewPCG(uint64(i), 7))
		w := randomMarket(r)
		there, err := w.solve(t, &s, 1+r.Int64N(1<<r.IntN(30)), 0)
		if err != nil {
			continue
		}
		plans++
		back, err := w.solve(t, &s, 0, int64(there.Out))
		if err != nil || back.In > there.In || back.Out != there.Out {
			t.Errorf("market %d: %d gives %d, which then costs %+v, %v", i, there.In, there.Out, back, err)
		}
	}
	if plans < 500 {
		t.Errorf("only %d plans", plans)
	}
}

// TestMoreIsNeverWorse adds a level or a venue, and takes off fees, on one pair:
// the output does not fall and the input does not rise.
func TestMoreIsNeverWorse(t *testing.T) {
	var s route.Solver
	compared := 0
	for i := range 5_000 {
		r := rand.New(rand.NewPCG(uint64(i), 8))
		w := randomPair(r)
		in, out := wish(r, w.slices("A", "B"))
		before, err := w.solve(t, &s, in, out)
		if err != nil {
			continue
		}
		ta := &tastes[r.IntN(len(tastes))]
		what := r.IntN(3)
		l := &w.listings[r.IntN(len(w.listings))]
		switch {
		case what == 0:
			more := ta.listing(r, "zulu", market.Pair{Base: "A", Quote: "B"}, 3)
			w.listings = append(w.listings, more)
		case what == 1 && l.fee != nil:
			l.fee = &market.Fee{Rate: l.fee.Rate / 2, On: l.fee.On}
		default:
			l.bids, l.asks = another(r, l.bids, market.Bid), another(r, l.asks, market.Ask)
		}
		after, err := w.solve(t, &s, in, out)
		switch {
		case err != nil && what == 1:
			// A smaller fee can lift an amount above what fits.
		case err != nil:
			t.Errorf("seed %d: in %d out %d: %v after there was more", i, in, out, err)
		case after.Out < before.Out || after.In > before.In:
			t.Errorf("seed %d: %d -> %d became %d -> %d", i, before.In, before.Out, after.In, after.Out)
		default:
			compared++
		}
	}
	if compared < 1_500 {
		t.Errorf("only %d plans compared", compared)
	}
}

// another is ls with a level more.
func another(r *rand.Rand, ls []book.Level, side market.Side) []book.Level {
	p := money.Price(upTo(r, 1_000_000))
	if slices.ContainsFunc(ls, func(l book.Level) bool { return l.Price == p }) {
		return ls
	}
	ls = append(slices.Clone(ls), book.Level{Price: p, Size: money.Size(upTo(r, 1_000_000))})
	slices.SortFunc(ls, func(a, b book.Level) int {
		if side == market.Bid {
			a, b = b, a
		}
		return cmp.Compare(a.Price, b.Price)
	})
	return ls
}

// TestUnitsDoNotMatter counts every asset in units ten thousand times smaller:
// where nothing is rounded, plan and routes are the same but for four zeros.
func TestUnitsDoNotMatter(t *testing.T) {
	var s route.Solver
	plans := 0
	for i := range 2_000 {
		r := rand.New(rand.NewPCG(uint64(i), 9))
		w := &fair{assets: []market.Asset{{Symbol: "A", EngineScale: 2}, {Symbol: "B", EngineScale: 2}, {Symbol: "C", EngineScale: 2}}}
		for _, pair := range []market.Pair{{Base: "A", Quote: "B"}, {Base: "A", Quote: "C"}, {Base: "C", Quote: "B"}} {
			for _, v := range venueNames[:1+r.IntN(3)] {
				l := tastes[1].listing(r, v, pair, 1+r.Int64N(6))
				l.ps, l.ss, l.fee = 0, 2, &market.Fee{} // whole prices, no fee: sells are exact
				l.asks = nil
				w.listings = append(w.listings, l)
			}
		}
		x := upTo(r, 500)
		coarse, err := w.solve(t, &s, x, 0)
		fine := *w
		fine.assets = slices.Clone(w.assets)
		for k := range fine.assets {
			fine.assets[k].EngineScale += 4
		}
		fined, errFine := fine.solve(t, &s, 10_000*x, 0)
		if err != nil || errFine != nil {
			if (err == nil) != (errFine == nil) {
				t.Errorf("market %d: %v in coarse units, %v in fine ones", i, err, errFine)
			}
			continue
		}
		plans++
		if fined.In != 10_000*coarse.In || fined.Out != 10_000*coarse.Out || len(fined.Routes) != len(coarse.Routes) {
			t.Errorf("market %d: %+v in coarse units, %+v in fine ones", i, coarse, fined)
			continue
		}
		for k := range coarse.Routes {
			for h, l := range coarse.Routes[k].Legs {
				f := fined.Routes[k].Legs[h]
				if f.Key != l.Key || len(coarse.Routes[k].Legs) == 1 && f.In != 10_000*l.In {
					t.Errorf("market %d: route %d: %+v in coarse units, %+v in fine ones", i, k, l, f)
				}
			}
		}
	}
	if plans < 500 {
		t.Errorf("only %d plans", plans)
	}
}
