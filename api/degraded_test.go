package api_test

import (
	"math/big"
	"strings"
	"testing"
)

// TestDegraded: an answer past the budget of its search says so, is all of the order,
// and is within its bound and that of the whole search; any other answer says nothing.
func TestDegraded(t *testing.T) {
	const q = "/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=20"
	whole, cut := newWorld(t, nil), cutWorld(t, 1, nil)
	if a := whole.get(q); a.status != 200 || strings.Contains(string(a.body), "degraded") {
		t.Errorf("whole: %d %s", a.status, a.body)
	}
	if a := cut.get(q); a.status != 200 || !strings.Contains(string(a.body), `"degraded":true`) {
		t.Errorf("cut: %d %s", a.status, a.body)
	}
	query := strings.TrimPrefix(q, "/v1/price?")
	a, b := whole.price(query), cut.price(query)
	least, most := rat(t, b.BuyAmount), rat(t, b.Certificate.UpperBoundBuyAmount)
	if best := rat(t, a.BuyAmount); least.Cmp(best) > 0 || most.Cmp(best) < 0 || !b.Degraded || b.SellAmount != a.SellAmount {
		t.Errorf("cut %s, bound %s; whole %s", b.BuyAmount, b.Certificate.UpperBoundBuyAmount, a.BuyAmount)
	}
	if b.Certificate.GapBps == nil {
		t.Fatal("no gap is shown")
	}
	gap := new(big.Rat).Quo(new(big.Rat).Sub(most, least), least) // 1 is 10,000 bps
	off := gap.Sub(gap.Mul(gap, big.NewRat(10_000, 1)), rat(t, *b.Certificate.GapBps))
	if off.Abs(off).Cmp(big.NewRat(1, 100)) > 0 {
		t.Errorf("a gap of %s bps is shown", *b.Certificate.GapBps)
	}
}

// TestVenueNamedTwice: a list of venues names each once.
func TestVenueNamedTwice(t *testing.T) {
	w := newWorld(t, nil)
	for _, list := range []string{"only_venues", "exclude_venues"} {
		p := w.problem(400, "/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=1&"+list+"=kraken,gemini,kraken")
		if len(p.Errors) != 1 || p.Errors[0].Pointer != "/"+list {
			t.Errorf("%s: %+v", list, p.Errors)
		}
	}
}
