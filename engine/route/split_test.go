package route_test

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"chronos.dev/engine"
	"chronos.dev/engine/route"
	"chronos.dev/market"
	"chronos.dev/money"
)

// The split of one pair over venues is that of an oracle which sorts every level
// of every venue, in big integers.
func TestSplitEqualsSortingEverything(t *testing.T) {
	cases := 100_000
	if testing.Short() {
		cases = 5_000
	}
	const perWorld = 20
	answered := 0
	for n := range cases / perWorld {
		r := rand.New(rand.NewPCG(uint64(n), 1))
		w := pairWorld(r)
		w.build(t, inOrder(len(w.books)))
		for range perWorld {
			if checkSplit(t, w, r, n) {
				answered++
			}
			if t.Failed() {
				return
			}
		}
	}
	if answered < cases/2 {
		t.Errorf("only %d of %d cases had an answer: the test has no teeth", answered, cases)
	}
	t.Logf("%d cases, %d answered", cases, answered)
}

// pairWorld is one pair at a few venues, some trading it the other way round.
func pairWorld(r *rand.Rand) *world {
	w := &world{assets: []market.Asset{
		{Symbol: "AAA", EngineScale: uint8(r.IntN(10))}, {Symbol: "BBB", EngineScale: uint8(r.IntN(10))},
	}}
	extreme := r.IntN(4) == 0
	for v := range 1 + r.IntN(5) {
		pair := market.Pair{Base: "AAA", Quote: "BBB"}
		if r.IntN(6) == 0 {
			pair = market.Pair{Base: "BBB", Quote: "AAA"}
		}
		key := market.Key{Venue: fmt.Sprintf("v%d", v), Pair: pair}
		b := randomBook(r, key, 1+r.IntN(8), extreme)
		if v > 0 && r.IntN(3) == 0 { // the same levels at two venues: ties
			b.bids, b.asks, b.fee = w.books[0].bids, w.books[0].asks, w.books[0].fee
			b.key.Pair = w.books[0].key.Pair
		}
		w.books = append(w.books, b)
	}
	return w
}

func checkSplit(t *testing.T, w *world, r *rand.Rand, n int) bool {
	t.Helper()
	req := engine.Request{Sell: "AAA", Buy: "BBB", MaxHops: 1}
	if r.IntN(2) == 0 {
		req.Sell, req.Buy = "BBB", "AAA"
	}
	offers := w.offers(req.Sell, req.Buy)
	var want split
	if r.IntN(2) == 0 {
		req.In = amountOf(r, offers, false)
		want = sweepIn(offers, big.NewInt(int64(req.In)))
		want.ok = want.ok && want.total.Sign() > 0
	} else {
		req.Out = amountOf(r, offers, true)
		want = sweepOut(offers, big.NewInt(int64(req.Out)))
	}
	p, err := w.engine.Price(req, now)
	if errors.Is(err, money.ErrOverflow) && want.ok && w.beforeFees(want, req.Out).Cmp(maxAmount) > 0 {
		return false
	}
	if (err == nil) != want.ok {
		t.Fatalf("world %d: Price(%+v) = %v; the oracle fills it: %v", n, req, err, want.ok)
	}
	if err != nil {
		checkRefusal(t, n, req, err)
		return false
	}
	got := p.Plan.Out
	if req.Out > 0 {
		got = p.Plan.In
	}
	in, out := byVenue(&p.Plan)
	if want.total.Cmp(big.NewInt(int64(got))) != 0 || !sameSums(in, want.in) || !sameSums(out, want.out) {
		t.Fatalf("world %d: Price(%+v) = %d, %v -> %v; want %d, %v -> %v",
			n, req, got, in, out, want.total, want.in, want.out)
	}
	return true
}

// beforeFees is the most that the output of a split can be before fees.
func (w *world) beforeFees(got split, out money.Amount) *big.Int {
	sum := new(big.Int).Set(got.total)
	if out > 0 {
		sum.SetInt64(int64(out))
	}
	least := int64(market.FeeUnit)
	for i := range w.books {
		least = min(least, market.FeeUnit-w.books[i].fee.Rate)
	}
	return sum.Div(sum.Mul(sum, big.NewInt(market.FeeUnit)), big.NewInt(least))
}

// checkRefusal holds that a refusal is one of the typed ones.
func checkRefusal(t *testing.T, n int, req engine.Request, err error) {
	t.Helper()
	var deep *route.DepthError
	var none *route.NoRouteError
	var stale *route.StaleError
	if !errors.As(err, &deep) && !errors.As(err, &none) && !errors.As(err, &stale) &&
		!errors.Is(err, money.ErrOverflow) {
		t.Fatalf("world %d: Price(%+v) = %v, an error of no known kind", n, req, err)
	}
}
