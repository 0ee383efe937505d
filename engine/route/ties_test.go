package route_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/market"
)

// TestEquallyGoodPlans writes the rule of Solve down, one row a clause.
func TestEquallyGoodPlans(t *testing.T) {
	sells := func(from, to string, price, size int64) listing {
		return shop("v", from, to, [][2]int64{{price, size}}, nil)
	}
	lossy := func(from, to string, price, size int64) listing { // one for so many
		return shop("v", to, from, nil, [][2]int64{{price, size}})
	}
	tests := []struct {
		name     string
		listings []listing
		in, out  int64
		want     string
	}{
		{"one hop before two", []listing{sells("A", "B", 6, 9), sells("A", "C", 2, 9), sells("C", "B", 3, 99)}, 5, 0, "A B"},
		{"one hop before two, wanted", []listing{sells("A", "B", 6, 9), sells("A", "C", 2, 9), sells("C", "B", 3, 99)}, 0, 30, "A B"},
		{"two before three", []listing{sells("A", "D", 6, 9), sells("D", "B", 1, 99),
			sells("A", "C", 2, 9), sells("C", "E", 3, 99), sells("E", "B", 1, 99)}, 5, 0, "A D B"},
		{"two before three, wanted", []listing{sells("A", "D", 6, 9), sells("D", "B", 1, 99),
			sells("A", "C", 2, 9), sells("C", "E", 3, 99), sells("E", "B", 1, 99)}, 0, 30, "A D B"},
		{"a hop more that is better before rounding", []listing{sells("A", "C", 20, 9), sells("A", "D", 23, 9),
			sells("D", "C", 1, 99), lossy("C", "B", 10, 9)}, 1, 0, "A D C B"},
		{"a hop more that costs less", []listing{lossy("A", "C", 1, 99), lossy("C", "B", 5, 9),
			lossy("C", "D", 1, 99), lossy("D", "B", 3, 9)}, 0, 1, "A C D B"},
		{"a hop more that is cheaper before rounding", []listing{sells("A", "C", 10, 99), lossy("C", "B", 5, 9),
			lossy("C", "D", 1, 99), lossy("D", "B", 3, 9)}, 0, 1, "A C D B"},
		{"of two ways to the last asset the one with more of it", []listing{sells("A", "E", 23, 9), sells("A", "D", 20, 9),
			sells("D", "C", 1, 99), sells("E", "C", 1, 99), lossy("C", "B", 10, 9)}, 1, 0, "A E C B"},
		{"then the names", []listing{sells("A", "E", 2, 9), sells("A", "D", 2, 9), sells("A", "C", 2, 9),
			sells("E", "B", 3, 99), sells("D", "B", 3, 99), sells("C", "B", 3, 99)}, 1, 0, "A C B"},
		{"then the names, wanted", []listing{sells("A", "E", 2, 9), sells("A", "D", 2, 9), sells("A", "C", 2, 9),
			sells("E", "B", 3, 99), sells("D", "B", 3, 99), sells("C", "B", 3, 99)}, 0, 6, "A C B"},
		{"the second name where the first is the same", []listing{sells("A", "C", 2, 9),
			sells("C", "E", 1, 99), sells("C", "D", 1, 99), sells("E", "B", 1, 99), sells("D", "B", 1, 99)}, 1, 0, "A C D B"},
		{"the second name where the first is the same, wanted", []listing{sells("A", "C", 2, 9),
			sells("C", "E", 1, 99), sells("C", "D", 1, 99), sells("E", "B", 1, 99), sells("D", "B", 1, 99)}, 0, 2, "A C D B"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, names := range [][]string{{"A", "B", "C", "D", "E"}, {"E", "D", "C", "B", "A"}} {
				w := &fair{assets: symbols(names...), listings: tt.listings}
				snap := w.snapshot(t)
				a, err := new(route.Solver).Solve(snap, request(snap, "A", "B", tt.in, tt.out, plan.MaxHops))
				if err != nil {
					t.Fatal(err)
				}
				got := []string{"A"}
				for _, l := range a.Plan.Routes[0].Legs {
					got = append(got, l.GetAsset.Symbol)
				}
				if g := strings.Join(got, " "); g != tt.want {
					t.Errorf("assets %v: path %s, want %s", names, g, tt.want)
				}
			}
		})
	}
}

// TestMoreIsNeverWorseOnPaths adds a venue to one edge of a market. To receive an
// amount never costs more for it, however long the path. A given amount is another
// matter while a plan has one path: what the new venue gives more of may be more
// than the next hop takes, and then another path, or the cure, is the answer.
func TestMoreIsNeverWorseOnPaths(t *testing.T) {
	markets := 4_000
	if testing.Short() {
		markets = 600
	}
	var s route.Solver
	var wanted, given, choked int
	for i := range markets {
		r := rand.New(rand.NewPCG(uint64(i), 14))
		w := randomMarket(r)
		in, out := 1+r.Int64N(1<<r.IntN(30)), int64(0)
		snap := w.snapshot(t)
		var deep *route.DepthError
		if _, err := s.Solve(snap, request(snap, "A", "B", 1<<60, 0, plan.MaxHops)); errors.As(err, &deep) {
			in = 1 + r.Int64N(max(int64(deep.Most.In), 1)) // where depth matters
		}
		if r.IntN(2) == 0 {
			in, out = 0, in
		}
		before, err := w.solve(t, &s, in, out)
		if err != nil {
			continue
		}
		old := w.listings[r.IntN(len(w.listings))]
		l := around(r, priceOf(old), 0.04, r.IntN(2) == 0)
		l.key = market.Key{Venue: "zulu", Pair: old.key.Pair}
		w.listings = append(w.listings, l)
		after, err := w.solve(t, &s, in, out)
		switch {
		case out > 0 && (err != nil || after.In > before.In):
			t.Errorf("market %d: %d cost %d and now %v, %v", i, out, before.In, after, err)
		case out > 0:
			wanted++
		case err == nil && after.Out >= before.Out:
			given++
		case err == nil || errors.As(err, &deep):
			choked++
			if !w.chokes(in) {
				t.Errorf("market %d: %d gave %d and now %v, %v", i, in, before.Out, after, err)
			}
		default:
			t.Errorf("market %d: %d gave %d and now %v", i, in, before.Out, err)
		}
	}
	t.Logf("%d amounts wanted, %d given; for %d the next hop was too small", wanted, given, choked)
	if wanted < markets/8 || given < markets/8 {
		t.Error("too few plans compared")
	}
}

// priceOf is the price of some level of a listing, 1 if it has none.
func priceOf(l listing) float64 {
	for _, lv := range append(l.bids, l.asks...) {
		return float64(lv.Price) / 1e5
	}
	return 1
}

// chokes reports whether some path with an offer on every hop does not take x.
func (w *fair) chokes(x int64) bool {
	for _, path := range w.paths("A", "B", plan.MaxHops) {
		if walked, _ := walkPath(w, map[[2]string][]slice{}, path, x, 0); walked.assets == nil && w.listed(path) {
			return true
		}
	}
	return false
}

// TestOnePathCarriesAll pins the limit that TestMoreIsNeverWorseOnPaths speaks of:
// the better venue gives more of C than anybody turns into B, and no part of it may
// be kept back, so the plan goes another way. Its bound says what that costs.
func TestOnePathCarriesAll(t *testing.T) {
	w := &fair{assets: symbols("A", "B", "C", "D"), listings: []listing{
		shop("u", "A", "C", [][2]int64{{10, 100}}, nil), shop("u", "C", "B", [][2]int64{{1, 1050}}, nil),
		shop("u", "A", "D", [][2]int64{{5, 100}}, nil), shop("u", "D", "B", [][2]int64{{1, 1000}}, nil),
	}}
	var s route.Solver
	before, err := w.solve(t, &s, 100, 0)
	if err != nil || before.Out != 1000 {
		t.Fatalf("100 gives %v, %v; want 1000 over C", before, err)
	}
	w.listings = append(w.listings, shop("v", "A", "C", [][2]int64{{11, 100}}, nil))
	after, err := w.solve(t, &s, 100, 0)
	if err != nil || after.Out != 500 || after.Bound.Amount < 1050 {
		t.Errorf("100 gives %v, %v; want 500 over D and a bound of 1050 or more", after, err)
	}
}
