package route_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"chronos.dev/book"
	"chronos.dev/engine/route"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Markets so small that every plan of whole units can be tried. What a book gives
// is as everywhere: its levels best first, each rounded against the customer. What
// is tried is every way to share an amount between books and between paths; at an
// asset between, units may be left behind.

// never is what cannot be had.
const never = -1 << 30

// curve is the most that comes out for each amount that goes in; beyond its end
// nothing is taken.
type curve []int

// at is the curve where units may be left behind instead of given.
func (c curve) at(x int) int { return c[min(x, len(c)-1)] }

// exactly is the curve where all units must be given.
func (c curve) exactly(x int) int {
	if x >= len(c) {
		return never
	}
	return c[x]
}

// beside is both curves at once: every split of every amount is tried.
func (c curve) beside(d curve) curve {
	sum := make(curve, len(c)+len(d)-1)
	for i := range sum {
		sum[i] = never
		for j := max(0, i-len(d)+1); j <= min(i, len(c)-1); j++ {
			sum[i] = max(sum[i], c[j]+d[i-j])
		}
	}
	return sum
}

// curve is what all books offer from one asset into another.
func (w *fair) curve(from, to string) curve {
	books := map[market.Key]curve{}
	for _, l := range w.slices(from, to) {
		c := books[l.key]
		if c == nil {
			c = curve{0}
		}
		in, out, before := int(l.in.Int64()), int(l.out.Int64()), c[len(c)-1]
		for x := 1; x <= in; x++ {
			c = append(c, before+x*out/in)
		}
		books[l.key] = c
	}
	sum := curve{0}
	for _, c := range books {
		sum = sum.beside(c)
	}
	return sum
}

// optimum is the most of T for each amount of S from 0 to limit, by trying all; a
// and b are the assets between. With leave set units may be left behind there.
func (w *fair) optimum(limit, hops int, leave bool) []int {
	into := curve.exactly
	if leave {
		into = curve.at
	}
	st := w.curve("S", "T")
	sa, sb, at, bt := w.curve("S", "A"), w.curve("S", "B"), w.curve("A", "T"), w.curve("B", "T")
	ab, ba := w.curve("A", "B"), w.curve("B", "A")
	switch hops {
	case 1:
		sa, sb = curve{0}, curve{0}
	case 2:
		ab, ba = curve{0}, curve{0}
	}
	best := make([]int, limit+1)
	for x := range best {
		best[x] = never
	}
	for i := 0; i <= limit && i < len(sa); i++ {
		for j := 0; i+j <= limit && j < len(sb); j++ {
			via := never
			for y := 0; y <= sa[i] && y < len(ab); y++ {
				for z := 0; z <= sb[j] && z < len(ba); z++ {
					via = max(via, into(at, sa[i]-y+ba[z])+into(bt, sb[j]-z+ab[y]))
				}
			}
			for x := i + j; x <= limit; x++ {
				best[x] = max(best[x], via+st.exactly(x-i-j))
			}
		}
	}
	return best
}

// tinyBook offers something from one asset into another, as bids of one market or
// as asks of its inverse.
func tinyBook(r *rand.Rand, venue, from, to string, levels, most int) listing {
	l := listing{key: market.Key{Venue: venue, Pair: market.Pair{Base: from, Quote: to}}, ps: 1, state: book.Live, recv: now}
	l.fee = &market.Fee{Rate: []int64{0, 0, 2_000_000}[r.IntN(3)], On: market.FeeOn(r.IntN(2))}
	price, step := 5+r.IntN(16), -1
	if r.IntN(2) == 0 {
		l.key.Pair, step = market.Pair{Base: to, Quote: from}, 1
	}
	var ls []book.Level
	for range 1 + r.IntN(levels) {
		ls = append(ls, book.Level{Price: money.Price(price), Size: money.Size(1 + r.IntN(most))})
		if price += step * (1 + r.IntN(3)); price < 1 {
			break
		}
	}
	if step < 0 {
		l.bids = ls
	} else {
		l.asks = ls
	}
	return l
}

// tinyMarket has up to two venues for each pair of so many assets.
func tinyMarket(r *rand.Rand, names string, most int) *fair {
	w := &fair{}
	for _, n := range names {
		w.assets = append(w.assets, market.Asset{Symbol: string(n)})
	}
	for _, from := range w.assets {
		for _, to := range w.assets {
			if from == to || from.Symbol == "T" || to.Symbol == "S" {
				continue
			}
			for v := range r.IntN(3) {
				l := tinyBook(r, venueNames[v], from.Symbol, to.Symbol, 3, most)
				if w.listingOf(l.key) == nil {
					w.listings = append(w.listings, l)
				}
			}
		}
	}
	return w
}

// brute compares answers with the optimum.
type brute struct {
	s               route.Solver
	equal, answers  int
	behind          map[int]int // answers by units behind the optimum
	absent, leaving int         // refused where there is no plan, or only one that leaves units behind
	refused         int         // though there is a plan
	worst           string
	share           float64
}

// checkIn asks for every amount to sell.
func (c *brute) checkIn(t *testing.T, seed uint64, w *fair, hops int, best, whole []int) {
	t.Helper()
	snap := w.snapshot(t)
	for x := 1; x < len(best); x++ {
		a, err := c.s.Solve(snap, request(snap, "S", "T", int64(x), 0, hops))
		if err != nil {
			c.refusal(t, err, best[x] >= 1, whole[x] >= 1)
			continue
		}
		p := &a.Plan
		if int(p.Out) > best[x] || int(p.Bound.Amount) < best[x] || int(p.In) != x {
			t.Fatalf("market %d, %d hops: %d gives %d, bound %d; of all plans the best gives %d\n%+v",
				seed, hops, x, p.Out, p.Bound.Amount, best[x], p)
		}
		c.count(best[x]-int(p.Out), best[x], fmt.Sprintf("market %d, %d hops, %d to sell", seed, hops, x))
	}
}

// checkOut asks for every amount to buy. The least that it costs is the first amount
// that gives as much.
func (c *brute) checkOut(t *testing.T, seed uint64, w *fair, hops int, best, whole []int) {
	t.Helper()
	snap := w.snapshot(t)
	for y := 1; y <= slices.Max(best); y++ {
		least := 0
		for best[least] < y {
			least++
		}
		a, err := c.s.Solve(snap, request(snap, "S", "T", 0, int64(y), hops))
		if err != nil {
			c.refusal(t, err, true, slices.Max(whole) >= y)
			continue
		}
		p := &a.Plan
		if int(p.In) < least || int(p.Bound.Amount) > least || int(p.Out) != y {
			t.Fatalf("market %d, %d hops: %d costs %d, bound %d; of all plans the best costs %d\n%+v",
				seed, hops, y, p.In, p.Bound.Amount, least, p)
		}
		c.count(int(p.In)-least, least, fmt.Sprintf("market %d, %d hops, %d to buy", seed, hops, y))
	}
}

func (c *brute) refusal(t *testing.T, err error, leaving, possible bool) {
	t.Helper()
	var (
		none  *route.NoRouteError
		depth *route.DepthError
	)
	if !errors.As(err, &none) && !errors.As(err, &depth) {
		t.Fatal(err)
	}
	switch {
	case possible:
		c.refused++
	case leaving:
		c.leaving++
	default:
		c.absent++
	}
}

func (c *brute) count(units, of int, what string) {
	if c.behind == nil {
		c.behind = map[int]int{}
	}
	c.behind[units]++
	if c.answers++; units == 0 {
		c.equal++
	}
	if share := float64(units) / float64(of); share > c.share {
		c.share, c.worst = share, fmt.Sprintf("%s: %d of %d", what, units, of)
	}
}

func (c *brute) String() string {
	return fmt.Sprintf("%d answers, %d the best there is (%.2f %%); units behind it: %v, worst %s; refused: %d without a plan, "+
		"%d with one that leaves units behind, %d others",
		c.answers, c.equal, 100*float64(c.equal)/float64(max(c.answers, 1)), c.behind, c.worst, c.absent, c.leaving, c.refused)
}

func tinies(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// TestBruteForcePair: two venues of three levels, every amount up to 200, every
// split: the answer is the best there is, to the unit, and so is its bound at least.
func TestBruteForcePair(t *testing.T) {
	var in, out brute
	for seed := range uint64(tinies(300)) {
		r := rand.New(rand.NewPCG(seed, 41))
		w := &fair{assets: symbols("S", "T", "A", "B")}
		for _, v := range venueNames[:2] {
			w.listings = append(w.listings, tinyBook(r, v, "S", "T", 3, 50))
		}
		best := w.optimum(200, 1, true)
		in.checkIn(t, seed, w, 1, best, best)
		out.checkOut(t, seed, w, 1, best, best)
	}
	t.Log("to sell:", &in)
	t.Log("to buy:", &out)
	if in.equal != in.answers || out.equal != out.answers || in.refused+out.refused > 0 {
		t.Error("an answer is not the best there is")
	}
}

// TestBruteForceNetworks: three and four assets, up to two venues a pair, every
// amount up to 40, every plan of at most three hops: no answer is better than the
// best there is, and no bound below it.
func TestBruteForceNetworks(t *testing.T) {
	for _, names := range []string{"SAT", "SABT"} {
		for hops := 1; hops < len(names); hops++ {
			var in, out brute
			for seed := range uint64(tinies(300)) {
				w := tinyMarket(rand.New(rand.NewPCG(seed, uint64(40+len(names)))), names, 12)
				best, whole := w.optimum(40, hops, true), w.optimum(40, hops, false)
				in.checkIn(t, seed, w, hops, best, whole)
				out.checkOut(t, seed, w, hops, best, whole)
			}
			t.Logf("%d assets, %d hops, to sell: %v", len(names), hops, &in)
			t.Logf("%d assets, %d hops, to buy: %v", len(names), hops, &out)
			if hops == 1 && in.equal+out.equal != in.answers+out.answers ||
				(in.equal+out.equal)*100 < (in.answers+out.answers)*85 {
				t.Error("too few answers are the best there is")
			}
		}
	}
}

// tinyShop is a market of assets counted whole, of books that list bids alone.
func tinyShop(books ...listing) *fair {
	return &fair{assets: symbols("S", "A", "B", "T"), listings: books}
}

// TestUnitThatBecomesNothing: ten S are worth ten T, and an eleventh is worth half an
// A, which is none. It must not cost the ten.
func TestUnitThatBecomesNothing(t *testing.T) {
	half := shop("v", "S", "A", [][2]int64{{5, 20}}, nil)
	half.ps = 1
	w := tinyShop(
		shop("v", "S", "T", [][2]int64{{1, 10}}, nil), half, shop("v", "A", "T", [][2]int64{{1, 10}}, nil),
	)
	snap := w.snapshot(t)
	for x, want := range w.optimum(11, 3, false) {
		if x == 0 {
			continue
		}
		a, err := new(route.Solver).Solve(snap, request(snap, "S", "T", int64(x), 0, 3))
		if err != nil || int(a.Plan.Out) != want {
			t.Errorf("%d gives %v, %v, want %d", x, a, err, want)
		}
	}
}

// TestMoreThanIsOfUse: ten S buy all the T there are; a thousand do, at a price of a
// hundredth, through B. An order of a thousand is for all the T, or refused.
func TestMoreThanIsOfUse(t *testing.T) {
	poor := shop("v", "S", "B", [][2]int64{{3, 1000}}, nil)
	poor.ps = 3
	w := tinyShop(
		shop("v", "S", "A", [][2]int64{{1, 10}}, nil), shop("v", "A", "T", [][2]int64{{1, 10}}, nil),
		poor, shop("v", "B", "A", [][2]int64{{1, 10}}, nil),
	)
	snap := w.snapshot(t)
	best := w.optimum(1000, 3, false)
	a, err := new(route.Solver).Solve(snap, request(snap, "S", "T", 1000, 0, 3))
	var depth *route.DepthError
	if !errors.As(err, &depth) && (err != nil || int(a.Plan.Out) != best[1000]) {
		t.Errorf("%+v, %v, want %d", a, err, best[1000])
	}
}
