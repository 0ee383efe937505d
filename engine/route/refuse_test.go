package route_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"chronos.dev/book"
	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/market"
	"chronos.dev/money"
)

// shop is a live book without fees, at whole prices and sizes.
func shop(venue, base, quote string, bids, asks [][2]int64) listing {
	l := listing{
		key: market.Key{Venue: venue, Pair: market.Pair{Base: base, Quote: quote}}, state: book.Live, recv: now,
		fee: &market.Fee{},
	}
	for _, b := range bids {
		l.bids = append(l.bids, book.Level{Price: money.Price(b[0]), Size: money.Size(b[1])})
	}
	for _, a := range asks {
		l.asks = append(l.asks, book.Level{Price: money.Price(a[0]), Size: money.Size(a[1])})
	}
	return l
}

func symbols(s ...string) []market.Asset {
	var all []market.Asset
	for _, symbol := range s {
		all = append(all, market.Asset{Symbol: symbol})
	}
	return all
}

// explained is an error with what it names.
func explained(err error) string {
	var stale *route.StaleError
	var none *route.NoRouteError
	var names []string
	switch {
	case errors.As(err, &stale):
		for _, l := range stale.Stale {
			names = append(names, l.Key.String()+" "+l.State.String())
		}
	case errors.As(err, &none):
		for _, l := range none.Explain {
			names = append(names, l.Key.String()+" "+l.State.String())
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%v; %s", err, strings.Join(names, ", ")))
}

func TestRefusals(t *testing.T) {
	one := [][2]int64{{5, 100}}
	gapped := shop("gone", "A", "B", one, one)
	gapped.state = book.Gapped
	silent := shop("quiet", "A", "B", one, one)
	silent.recv = now - staleAfter - 1
	timeless := shop("timeless", "A", "B", one, one)
	timeless.recv = 0
	free := shop("free", "A", "B", one, one)
	free.fee = nil
	tests := []struct {
		name     string
		listings []listing
		in, out  int64
		hops     int
		want     string
	}{
		{"no market at all", nil, 1, 0, 3, "route: no route: disconnected;"},
		{"a market that leads elsewhere", []listing{shop("v", "A", "C", one, one)}, 1, 0, 3, "route: no route: disconnected;"},
		{"more hops than allowed", []listing{shop("v", "A", "C", one, one), shop("v", "C", "B", one, one)}, 1, 0, 1,
			"route: no route: disconnected;"},
		{"every book out", []listing{silent, gapped, free, timeless}, 1, 0, 3,
			"route: no usable book on any path; 4 left out; free|A-B no_fee, gone|A-B gapped, quiet|A-B stale, timeless|A-B stale"},
		{"one hop of two out", []listing{shop("v", "A", "C", one, one), func() listing {
			l := shop("w", "C", "B", one, one)
			l.state = book.Crossed
			return l
		}()}, 1, 0, 3, "route: no usable book on any path; 1 left out; w|C-B crossed"},
		{"a live book without bids", []listing{shop("v", "A", "B", nil, one)}, 1, 0, 3,
			"route: above the depth of the books: at most 0 in, 0 out;"},
		{"no bids, and another book is out", []listing{shop("v", "A", "B", nil, one), gapped}, 1, 0, 3,
			"route: no usable book on any path; 1 left out; gone|A-B gapped"},
		{"one unit above the depth", []listing{shop("v", "A", "B", one, one)}, 101, 0, 3,
			"route: above the depth of the books: at most 100 in, 500 out;"},
		{"one unit above the depth, wanted", []listing{shop("v", "A", "B", one, one)}, 0, 501, 3,
			"route: above the depth of the books: at most 100 in, 500 out;"},
		{"all paths together", []listing{
			shop("v", "A", "B", one, nil), shop("v", "A", "C", [][2]int64{{1, 300}}, nil), shop("v", "C", "B", [][2]int64{{1, 200}}, nil),
		}, 301, 0, 3, "route: above the depth of the books: at most 300 in, 700 out;"},
		{"all paths together, for what is wanted", []listing{
			shop("v", "A", "B", one, nil), shop("v", "A", "C", [][2]int64{{1, 300}}, nil), shop("v", "C", "B", [][2]int64{{1, 200}}, nil),
		}, 0, 701, 3, "route: above the depth of the books: at most 300 in, 700 out;"},
		{"so little that nothing comes out", []listing{shop("v", "A", "B", nil, nil), shop("v", "B", "A", nil, one)}, 4, 0, 3,
			"route: no route: below_minimum;"},
		{"nothing comes out of anything", []listing{
			shop("v", "A", "C", [][2]int64{{1, 4}}, nil), shop("v", "B", "C", nil, one)}, 4, 0, 3,
			"route: no route: below_minimum;"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &fair{assets: symbols("A", "B", "C"), listings: tt.listings}
			snap := w.snapshot(t)
			_, err := new(route.Solver).Solve(snap, request(snap, "A", "B", tt.in, tt.out, tt.hops))
			if got := explained(err); got != tt.want {
				t.Errorf("Solve(in %d, out %d) = %q, want %q", tt.in, tt.out, got, tt.want)
			}
		})
	}
}

// TestLeftOut names what could not be used beside a plan, and only if it stands on
// a path of the request.
func TestLeftOut(t *testing.T) {
	one := [][2]int64{{5, 100}}
	gone := func(l listing) listing { l.state = book.Halted; return l }
	w := &fair{assets: symbols("A", "B", "C", "D"), listings: []listing{
		gone(shop("w", "A", "B", one, one)), gone(shop("v", "A", "B", one, one)), shop("u", "A", "B", one, one),
		gone(shop("u", "A", "C", one, one)), // leads nowhere
		shop("u", "A", "D", one, one), gone(shop("u", "D", "B", one, one)),
	}}
	snap := w.snapshot(t)
	for hops, want := range map[int]string{1: "v|A-B w|A-B", 3: "u|D-B v|A-B w|A-B"} {
		a, err := new(route.Solver).Solve(snap, request(snap, "A", "B", 1, 0, hops))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range a.LeftOut {
			got = append(got, l.Key.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d hops: left out %v, want %s", hops, got, want)
		}
	}
}

// TestWrongRequestsPanic: they are bugs of the caller, who has checked its input.
func TestWrongRequestsPanic(t *testing.T) {
	w := &fair{assets: symbols("A", "B"), listings: []listing{shop("v", "A", "B", [][2]int64{{5, 100}}, nil)}}
	snap := w.snapshot(t)
	tests := []struct {
		name          string
		sell, buy     string
		in, out, hops int64
	}{
		{"neither in nor out", "A", "B", 0, 0, 1},
		{"both", "A", "B", 1, 1, 1},
		{"a negative amount", "A", "B", -1, 0, 1},
		{"a negative amount beside a good one", "A", "B", 1, -1, 1},
		{"no hops", "A", "B", 1, 0, 0},
		{"too many hops", "A", "B", 1, 0, plan.MaxHops + 1},
		{"into itself", "A", "A", 1, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Errorf("Solve(%+v) did not panic", tt)
				}
			}()
			_, _ = new(route.Solver).Solve(snap, request(snap, tt.sell, tt.buy, tt.in, tt.out, int(tt.hops)))
		})
	}
}

// TestSumsAboveInt64 has books that are deeper in all than an Amount can say.
func TestSumsAboveInt64(t *testing.T) {
	const most = math.MaxInt64
	huge := [][2]int64{{1, most}}
	w := &fair{assets: symbols("A", "B", "C"), listings: []listing{
		shop("u", "A", "B", huge, huge), shop("v", "A", "B", huge, huge), shop("w", "A", "B", huge, huge),
		shop("u", "A", "C", [][2]int64{{3, most / 4}, {2, most / 4}}, nil),
		shop("u", "C", "B", [][2]int64{{2, most / 2}}, nil), shop("v", "C", "B", huge, nil),
	}}
	snap := w.snapshot(t)
	var s route.Solver
	for _, req := range []route.Request{
		request(snap, "A", "B", most, 0, 3), request(snap, "A", "B", 0, most, 3),
		request(snap, "B", "A", most, 0, 3), request(snap, "B", "A", 0, most, 3),
	} {
		a, err := s.Solve(snap, req)
		if err != nil {
			t.Errorf("Solve(%+v): %v", req, err)
			continue
		}
		checkPlan(t, 0, w, a)
	}
	// Three hundredths of A over C would be above int64 of B: only the pair's own
	// books can say the answer, though C offers six for one.
	a, err := s.Solve(snap, request(snap, "A", "B", most/3, 0, 3))
	if err != nil || len(a.Plan.Routes[0].Legs) != 1 {
		t.Errorf("Solve: path %v, %v; want the direct one", a, err)
	}
}

// TestTheLargestThatFitsIsTaken has two ways to C. What the better one gives
// would be above int64 once turned into B; the other's fits.
func TestTheLargestThatFitsIsTaken(t *testing.T) {
	const quarter = math.MaxInt64 / 4
	w := &fair{assets: symbols("A", "B", "C", "D"), listings: []listing{
		shop("u", "A", "C", [][2]int64{{3, quarter}}, nil),
		shop("u", "A", "D", [][2]int64{{1, quarter}}, nil), shop("u", "D", "C", [][2]int64{{1, quarter}}, nil),
		shop("u", "C", "B", [][2]int64{{2, math.MaxInt64 / 2}}, nil),
		shop("v", "C", "B", [][2]int64{{2, math.MaxInt64 / 2}}, nil),
	}}
	snap := w.snapshot(t)
	a, err := new(route.Solver).Solve(snap, request(snap, "A", "B", quarter, 0, 3))
	if err != nil || len(a.Plan.Routes[0].Legs) != 3 || a.Plan.Out != 2*quarter {
		t.Fatalf("Solve = %+v, %v; want %d by three hops", a, err, 2*quarter)
	}
}

// TestBeforeFeesTooLargeToCount: what the customer receives would fit, but not what is
// traded for it, so that the fee could not be said.
func TestBeforeFeesTooLargeToCount(t *testing.T) {
	const quarter = math.MaxInt64 / 4
	u := shop("u", "A", "B", [][2]int64{{2, quarter}, {2, quarter}, {2, quarter}}, nil)
	u.fee = &market.Fee{Rate: market.FeeUnit / 2, On: market.FeeReceived}
	w := &fair{assets: symbols("A", "B"), listings: []listing{u}}
	snap := w.snapshot(t)
	var s route.Solver
	if a, err := s.Solve(snap, request(snap, "A", "B", quarter, 0, 1)); err != nil || a.Plan.Routes[0].Legs[0].GrossOut() != 2*quarter {
		t.Errorf("a quarter: %+v, %v", a, err)
	}
	if a, err := s.Solve(snap, request(snap, "A", "B", 3*quarter, 0, 1)); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("three quarters: %+v, %v", a, err)
	}
}

// TestThinChains has fills so small that parts of a chain are nothing. Sums and
// chains hold all the same, and every route has all hops.
func TestThinChains(t *testing.T) {
	tests := []struct {
		name     string
		listings []listing
		in, out  int64
		want     string
	}{
		{"the last unit is worth nothing", []listing{
			shop("u", "A", "C", [][2]int64{{2, 10}}, nil), shop("v", "B", "A", nil, nil),
			shop("w", "C", "A", nil, [][2]int64{{7, 5}}), shop("u", "C", "B", [][2]int64{{3, 100}}, nil),
		}, 11, 0, "10>20>60 1>0>0"},
		{"fills of two hops end together", []listing{
			shop("u", "A", "C", [][2]int64{{2, 10}}, nil), shop("v", "A", "C", [][2]int64{{1, 10}}, nil),
			shop("u", "C", "B", [][2]int64{{3, 20}}, nil), shop("v", "C", "B", [][2]int64{{2, 100}}, nil),
		}, 15, 0, "10>20>60 5>5>10"},
		{"one unit has parts at two venues", []listing{
			shop("u", "A", "C", [][2]int64{{100, 1}}, nil),
			shop("u", "C", "B", [][2]int64{{9, 60}}, nil), shop("v", "C", "B", [][2]int64{{8, 60}}, nil),
		}, 1, 0, "0>60>540 1>40>320"},
		{"both parts have something where they can", []listing{
			shop("u", "A", "C", [][2]int64{{100, 2}}, nil),
			shop("u", "C", "B", [][2]int64{{9, 10}}, nil), shop("v", "C", "B", [][2]int64{{8, 190}}, nil),
		}, 2, 0, "1>10>90 1>190>1520"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &fair{assets: symbols("A", "B", "C"), listings: tt.listings}
			snap := w.snapshot(t)
			a, err := new(route.Solver).Solve(snap, request(snap, "A", "B", tt.in, tt.out, 3))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range a.Plan.Routes {
				s := fmt.Sprint(r.Legs[0].In)
				for _, l := range r.Legs {
					s += fmt.Sprintf(">%d", l.Out)
				}
				got = append(got, s)
			}
			if g := strings.Join(got, " "); g != tt.want {
				t.Errorf("routes %s, want %s", g, tt.want)
			}
			checkPlan(t, 0, w, a)
		})
	}
}
