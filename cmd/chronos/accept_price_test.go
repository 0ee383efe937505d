package main

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"chronos.dev/api/wire"
)

const price = "/v1/price?sell_asset=BTC&buy_asset=USD"

// rat reads an amount, exactly.
func rat(t *testing.T, s string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("%q is no number", s)
	}
	return r
}

// checkPrice holds a price against what its body promises: the routes sum to the
// whole, hops chain, and the bound is one.
func checkPrice(t *testing.T, p *wire.Price) {
	t.Helper()
	sell, buy, share := new(big.Rat), new(big.Rat), new(big.Rat)
	for _, r := range p.Routes {
		sell.Add(sell, rat(t, r.SellAmount))
		buy.Add(buy, rat(t, r.BuyAmount))
		share.Add(share, rat(t, r.Share))
		asset, amount := p.SellAsset, r.SellAmount
		for _, h := range r.Hops {
			if h.SellAsset != asset || h.SellAmount != amount {
				t.Errorf("hop sells %s %s, but %s %s came in", h.SellAmount, h.SellAsset, amount, asset)
			}
			asset, amount = h.BuyAsset, h.BuyAmount
		}
		if asset != p.BuyAsset || amount != r.BuyAmount || len(r.Hops) == 0 {
			t.Errorf("route ends with %s %s, want %s %s", amount, asset, r.BuyAmount, p.BuyAsset)
		}
	}
	if sell.Cmp(rat(t, p.SellAmount)) != 0 || buy.Cmp(rat(t, p.BuyAmount)) != 0 || share.Cmp(big.NewRat(1, 1)) != 0 {
		t.Errorf("routes sell %s of %s, buy %s of %s, shares sum to %s",
			sell.FloatString(8), p.SellAmount, buy.FloatString(8), p.BuyAmount, share.FloatString(8))
	}
	upper, lower := p.Certificate.UpperBoundBuyAmount, p.Certificate.LowerBoundSellAmount
	if (upper == "") == (lower == "") {
		t.Errorf("bounds %q and %q: want exactly one", upper, lower)
	}
	if upper != "" && rat(t, p.BuyAmount).Cmp(rat(t, upper)) > 0 {
		t.Errorf("buys %s, above the bound %s", p.BuyAmount, upper)
	}
	if lower != "" && rat(t, p.SellAmount).Cmp(rat(t, lower)) < 0 {
		t.Errorf("sells %s, below the bound %s", p.SellAmount, lower)
	}
}

// checkStrings fails unless every amount, rate and ratio of v is a string.
func checkStrings(t *testing.T, key string, v any) {
	t.Helper()
	counters := []string{"graph_version", "oldest_book_age_ms", "computed_us", "age_ms", "est_time_ms", "max_hops", "sides_considered",
		"tier_index", "tier", "max_settlement_ms"}
	switch v := v.(type) {
	case map[string]any:
		for k, v := range v {
			checkStrings(t, k, v)
		}
	case []any:
		for _, v := range v {
			checkStrings(t, key, v)
		}
	case float64:
		if !slices.Contains(counters, key) {
			t.Errorf("%s is a JSON number", key)
		}
	}
}

// the price call and what its body promises.
func TestAcceptPrice(t *testing.T) {
	t.Parallel()
	p := start(t, "--dev")
	p.await(t, "ready in ")
	for _, query := range []string{
		"sell_asset=BTC&buy_asset=USD&sell_amount=2.5", "sell_asset=SOL&buy_asset=EUR&sell_amount=300",
		"sell_asset=USD&buy_asset=LTC&sell_amount=50000", "sell_asset=BTC&buy_asset=USD&sell_amount=1000",
		"sell_asset=ETH&buy_asset=GBP&buy_amount=10000",
	} {
		r := p.ask(t, "/v1/price?"+query)
		if r.status != http.StatusOK {
			t.Fatalf("%s: %d %s", query, r.status, r.body)
		}
		if r.price.Kind != "indicative" || !r.price.Simulated || len(r.price.Routes) == 0 {
			t.Errorf("price: %s", r.body)
		}
		checkPrice(t, &r.price)
		var v any
		if err := json.Unmarshal([]byte(r.body), &v); err != nil {
			t.Fatal(err)
		}
		checkStrings(t, "", v)
		for _, name := range []string{"Server-Timing", "X-Request-Id", "RateLimit", "RateLimit-Policy"} {
			if r.header.Get(name) == "" {
				t.Errorf("no %s", name)
			}
		}
	}
	// Two calls in one version of the graph are equal.
	eventually(t, "two answers of one version", func() bool {
		a := p.ask(t, price+"&sell_amount=2.5").price
		b := p.ask(t, price+"&sell_amount=2.5").price
		if a.GraphVersion != b.GraphVersion || a.GraphVersion == 0 {
			return false
		}
		a.ComputedUs, a.OldestBookAgeMs = b.ComputedUs, b.OldestBookAgeMs
		if x, y := fmt.Sprintf("%+v", deref(a)), fmt.Sprintf("%+v", deref(b)); x != y {
			t.Errorf("one version, two answers:\n%s\n%s", x, y)
		}
		return true
	})
}

// deref is a price as text, its pointers followed.
func deref(p wire.Price) string {
	b, err := json.Marshal(p)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// exactly this much, and exactly one amount.
func TestAcceptExactOut(t *testing.T) {
	t.Parallel()
	p := start(t, "--dev")
	p.await(t, "ready in ")
	r := p.ask(t, price+"&buy_amount=170000")
	if r.status != http.StatusOK || r.price.BuyAmount != "170000.00" || r.price.SellAmount == "" {
		t.Errorf("exact out: %d %s", r.status, r.body)
	}
	checkPrice(t, &r.price)
	for _, query := range []string{"", "&sell_amount=1&buy_amount=1"} {
		r := p.ask(t, price+query)
		if r.status != http.StatusBadRequest || len(r.problem.Errors) == 0 || r.problem.Errors[0].Code != "amount_xor" {
			t.Errorf("%q: %d %s", query, r.status, r.body)
		}
	}
}

// wrong input is a problem that points to what was wrong.
func TestAcceptWrongInput(t *testing.T) {
	t.Parallel()
	p := start(t, "--dev")
	p.await(t, "ready in ")
	tests := []struct{ name, query, pointer, code, says string }{
		{"empty amount", "sell_asset=BTC&buy_asset=USD&sell_amount=", "/sell_amount", "amount_missing", ""},
		{"exponent", "sell_asset=BTC&buy_asset=USD&sell_amount=1e3", "/sell_amount", "amount_format", ""},
		{"sign", "sell_asset=BTC&buy_asset=USD&sell_amount=-1", "/sell_amount", "amount_format", ""},
		{"a level of 1e400 digits", "sell_asset=BTC&buy_asset=USD&sell_amount=1" + strings.Repeat("0", 400),
			"/sell_amount", "amount_format", ""},
		{"too many decimals", "sell_asset=BTC&buy_asset=USD&sell_amount=0.000000001", "/sell_amount", "amount_scale", "8"},
		{"too many decimals of what is bought", "sell_asset=BTC&buy_asset=USD&buy_amount=0.001", "/buy_amount",
			"amount_scale", "2"},
		{"zero", "sell_asset=BTC&buy_asset=USD&sell_amount=0", "/sell_amount", "amount_range", ""},
		{"unknown asset", "sell_asset=BTC&buy_asset=USX&sell_amount=1", "/buy_asset", "unknown_asset", "USD"},
		{"unknown asset sold", "sell_asset=BTCC&buy_asset=USD&sell_amount=1", "/sell_asset", "unknown_asset", "BTC"},
		{"one asset twice", "sell_asset=BTC&buy_asset=BTC&sell_amount=1", "/buy_asset", "same_asset", ""},
		{"unknown key", "sell_asset=BTC&buy_asset=USD&sell_amount=1&size=2", "/size", "unknown_key", ""},
		{"duplicate key", "sell_asset=BTC&buy_asset=USD&sell_amount=1&sell_amount=1", "/sell_amount", "duplicate_key", ""},
	}
	for _, tt := range tests {
		r := p.ask(t, "/v1/price?"+tt.query)
		if r.status != http.StatusBadRequest || r.problem.Code != "invalid_request" || len(r.problem.Errors) != 1 ||
			r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", tt.name, r.status, r.body)
			continue
		}
		e := r.problem.Errors[0]
		if e.Pointer != tt.pointer || e.Code != tt.code || !strings.Contains(e.Detail, tt.says) {
			t.Errorf("%s: %+v, want %s %s %q", tt.name, e, tt.pointer, tt.code, tt.says)
		}
		if status, _ := p.get(t, r.problem.Type); status != http.StatusOK {
			t.Errorf("%s: %d", r.problem.Type, status)
		}
	}
}

// no path, and more than there is.
func TestAcceptNoPrice(t *testing.T) {
	t.Parallel()
	p := start(t, "--dev")
	p.await(t, "ready in ")
	r := p.ask(t, "/v1/price?sell_asset=SOL&buy_asset=EUR&sell_amount=1&max_hops=1")
	if r.status != http.StatusUnprocessableEntity || r.problem.Code != "no_route" || r.problem.Reason != "disconnected" ||
		len(r.problem.Explain) == 0 {
		t.Errorf("no path: %d %s", r.status, r.body)
	}
	for _, amount := range []string{"&buy_amount=1000000000000", "&sell_amount=10000000000"} {
		r = p.ask(t, price+amount)
		if r.status != http.StatusUnprocessableEntity || r.problem.Code != "insufficient_liquidity" {
			t.Fatalf("%s: %d %s", amount, r.status, r.body)
		}
		if rat(t, r.problem.MaxSellAmount).Sign() <= 0 || rat(t, r.problem.BuyAmountAtMax).Sign() <= 0 {
			t.Errorf("too large without a maximum: %s", r.body)
		}
	}
}

// when the source falls silent, prices stop within the stale bound, and no
// price before that is of an older book.
func TestAcceptStaleBooksGiveNoPrice(t *testing.T) {
	t.Parallel()
	source := start(t, "--dev")
	source.await(t, "ready in ")
	p := start(t, "--kafka", source.kafka, "--set", "default_taker_bps=10")
	eventually(t, "the second server prices", func() bool {
		return p.ask(t, price+"&sell_amount=1").status == http.StatusOK
	})
	source.signal(t, syscall.SIGKILL)
	source.ended(t, 5*time.Second)
	silent := time.Now()
	eventually(t, "prices stop", func() bool {
		asked := time.Now()
		r := p.ask(t, price+"&sell_amount=1")
		if r.status == http.StatusOK {
			if r.price.OldestBookAgeMs > 2000 || asked.Sub(silent) > 2*time.Second {
				t.Errorf("a price %v after the last record, %d ms old", asked.Sub(silent), r.price.OldestBookAgeMs)
			}
			return false
		}
		if r.status != http.StatusServiceUnavailable || r.problem.Code != "stale_market_data" || !r.problem.Retryable ||
			len(r.problem.Stale) == 0 || r.header.Get("Retry-After") == "" {
			t.Errorf("stale: %d %s", r.status, r.body)
		}
		return true
	})
	for range 20 {
		if r := p.ask(t, price+"&sell_amount=1"); r.status == http.StatusOK {
			t.Fatalf("a price of stale books: %s", r.body)
		}
		time.Sleep(10 * time.Millisecond)
	}
	status, body := p.get(t, "/v1/book/BTC-USD")
	if status != http.StatusOK || !strings.Contains(body, `"bids":[],"asks":[]`) {
		t.Errorf("the book of stale books: %d %s", status, body)
	}
}
