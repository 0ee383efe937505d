package verify_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"chronos.dev/engine"
	"chronos.dev/money"
	"chronos.dev/verify"
)

// TestLarge: what is traded comes to nearly 2^63 units, and with the fees beyond. Such
// an order is refused, or what its quote says is exact.
func TestLarge(t *testing.T) {
	asked, large := 0, 0
	for i := range 5 * quotes() {
		r := rand.New(rand.NewPCG(uint64(i), 79))
		market := marshal(t, largeMarket(r))
		req := engine.Request{Sell: "A", Buy: "B", MaxHops: 1 + r.IntN(3), In: largeAmount(r, 2)}
		if r.IntN(2) == 0 {
			req.In, req.Out = 0, req.In
		}
		if r.IntN(50) == 0 {
			req.Out, req.In = math.MaxInt64-money.Amount(r.IntN(2)), 0
		}
		quote := ask(market, req)
		if quote == nil {
			continue
		}
		asked++
		if max(req.In, req.Out) > math.MaxInt64/2 {
			large++
		}
		if f := verify.Verify(market, quote); len(f) > 0 {
			t.Fatalf("case %d: %v\n%s\n%s", i, f, market, quote)
		}
	}
	t.Logf("%d quotes accepted, %d of half of 2^63 and more", asked, large)
	if large < quotes()/20 {
		t.Errorf("only %d of %d quotes are large", large, asked)
	}
}

// largeAmount is at most MaxInt64, and seldom less by more bits than that.
func largeAmount(r *rand.Rand, bits float64) money.Amount {
	return money.Amount(0x1p63 * math.Exp2(-bits*r.Float64()-1e-9))
}

// largeMarket has books of a few levels near one for one, whose sum is nearly all that
// can be counted, and fees up to one half.
func largeMarket(r *rand.Rand) object {
	var assets, markets []any
	for _, s := range []string{"A", "B", "C"} {
		assets = append(assets, object{"symbol": s, "scale": 2 * r.IntN(2)})
	}
	for i, pair := range [][2]string{{"A", "B"}, {"B", "A"}, {"A", "C"}, {"C", "B"}, {"A", "B"}, {"C", "A"}} {
		n, price, k := 1+r.IntN(4), 0.8+0.2*r.Float64(), object{
			"venue": fmt.Sprint("v", i), "base": pair[0], "quote": pair[1],
			"taker_fee_bps": []string{"0", "0.01", "5.34", "100", "5000"}[r.IntN(5)],
			"fee_on":        []string{"received", "quote"}[r.IntN(2)],
			"bids":          []any{}, "asks": []any{},
		}
		key, up := "bids", 0.97
		if pair[0] == "B" || pair[1] == "A" {
			key, up = "asks", 1.03
		}
		levels := []any{}
		for range n {
			levels = append(levels, []any{fmt.Sprintf("%.4f", price), fmt.Sprint(int64(largeAmount(r, 4)) / int64(n) / 100)})
			price *= up
		}
		k[key] = levels
		markets = append(markets, k)
	}
	return object{"as_of": "2026-11-23T12:00:00Z", "assets": assets, "markets": markets}
}
