package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"chronos.dev/api"
	"chronos.dev/api/wire"
	"chronos.dev/engine"
	"chronos.dev/market"
)

// strict decodes JSON into v and fails on members v has not, and when v encoded
// again gives other bytes: the appenders and the structs must be the same.
func strict(t testing.TB, body string, v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	var again bytes.Buffer
	e := json.NewEncoder(&again)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(again.String()); got != body {
		t.Errorf("the body is not what its struct says:\n body %s\n want %s", body, got)
	}
}

func rat(t testing.TB, s string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("%q is no decimal", s)
	}
	return r
}

// checkPrice holds what is true of every price body.
func checkPrice(t testing.TB, p wire.Price) {
	t.Helper()
	sell, buy := rat(t, p.SellAmount), rat(t, p.BuyAmount)
	sumSell, sumBuy, shares := new(big.Rat), new(big.Rat), new(big.Rat)
	for i, r := range p.Routes {
		sumSell.Add(sumSell, rat(t, r.SellAmount))
		sumBuy.Add(sumBuy, rat(t, r.BuyAmount))
		shares.Add(shares, rat(t, r.Share))
		have, asset := r.SellAmount, p.SellAsset
		for j, h := range r.Hops {
			if h.SellAmount != have || h.SellAsset != asset {
				t.Errorf("route %d hop %d sells %s %s, the one before gave %s %s", i, j, h.SellAmount, h.SellAsset, have, asset)
			}
			have, asset = h.BuyAmount, h.BuyAsset
		}
		if have != r.BuyAmount || asset != p.BuyAsset {
			t.Errorf("route %d ends in %s %s, says %s %s", i, have, asset, r.BuyAmount, p.BuyAsset)
		}
	}
	if sumSell.Cmp(sell) != 0 || sumBuy.Cmp(buy) != 0 || shares.Cmp(rat(t, "1")) != 0 {
		t.Errorf("routes sum to %v -> %v, shares %v; price says %v -> %v", sumSell, sumBuy, shares, sell, buy)
	}
	checkBound(t, p, sell, buy)
	rate := new(big.Rat).Quo(buy, sell)
	inverse := new(big.Rat).Quo(sell, buy)
	if rat(t, p.Rate).Cmp(rate) > 0 || rat(t, p.InverseRate).Cmp(inverse) < 0 {
		t.Errorf("rate %s above %v or inverse %s below %v", p.Rate, rate, p.InverseRate, inverse)
	}
}

func checkBound(t testing.TB, p wire.Price, sell, buy *big.Rat) {
	t.Helper()
	c := p.Certificate
	var equal bool
	switch {
	case c.UpperBoundBuyAmount != "" && c.LowerBoundSellAmount == "":
		bound := rat(t, c.UpperBoundBuyAmount)
		if buy.Cmp(bound) > 0 {
			t.Errorf("buys %v, above the bound %v", buy, bound)
		}
		equal = buy.Cmp(bound) == 0
	case c.LowerBoundSellAmount != "":
		bound := rat(t, c.LowerBoundSellAmount)
		if sell.Cmp(bound) < 0 {
			t.Errorf("sells %v, below the bound %v", sell, bound)
		}
		equal = sell.Cmp(bound) == 0
	default:
		t.Error("no bound")
	}
	if (p.Status == "exact") != equal {
		t.Errorf("status %s with bound %+v", p.Status, c)
	}
	if equal && *c.GapBps != "0.0000" {
		t.Errorf("exact with a gap of %s", *c.GapBps)
	}
}

//
func TestAcceptPrice(t *testing.T) {
	w := newWorld(t, nil)
	const path = "/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=2.5"
	a := w.get(path)
	var p wire.Price
	a.decode(t, 200, &p)
	checkPrice(t, p)
	if p.SellAmount != "2.50000000" || !strings.Contains(p.BuyAmount, ".") || p.Kind != "indicative" {
		t.Errorf("price %+v", p)
	}
	if len(p.Routes) != 3 || p.Simulated != true || p.Source != "simulated" {
		t.Errorf("want three venues side by side, labelled: %s", a.body)
	}
	for _, h := range []string{"Server-Timing", "X-Request-Id", "RateLimit", "RateLimit-Policy"} {
		if a.header.Get(h) == "" {
			t.Errorf("no %s", h)
		}
	}
	if got := a.header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("Cache-Control %q", got)
	}
	w.now.Add(int64(300 * time.Millisecond))
	var later wire.Price
	w.get(path).decode(t, 200, &later)
	if later.OldestBookAgeMs != 300 {
		t.Errorf("age %d ms, want 300", later.OldestBookAgeMs)
	}
	later.OldestBookAgeMs, later.ComputedUs = p.OldestBookAgeMs, p.ComputedUs
	if fmt.Sprintf("%+v", deref(later)) != fmt.Sprintf("%+v", deref(p)) {
		t.Errorf("two prices of one graph version differ:\n%+v\n%+v", deref(p), deref(later))
	}
}

// deref makes pointers comparable.
func deref(p wire.Price) string {
	b, _ := json.Marshal(p)
	return string(b)
}

func TestPriceFigures(t *testing.T) {
	w := emptyWorld(t, nil)
	w.snapshot("bitstamp", "BTC-USD", [][2]string{{"100", "1"}, {"99", "1"}}, [][2]string{{"102", "5"}})
	w.snapshot("gemini", "ETH-BTC", [][2]string{{"0.5", "10"}}, [][2]string{{"0.6", "10"}})
	w.writer.Flush(w.now.Load())
	tests := []struct {
		name, query string
		want        func(wire.Price) string
		text        string
	}{
		{
			"what is shown of one hop without a fee", "sell_asset=BTC&buy_asset=USD&sell_amount=2",
			func(p wire.Price) string {
				return p.BuyAmount + " " + p.Rate + " " + p.InverseRate + " " + *p.MidRate + " " + *p.SlippageBps + " " + p.FeeBps
			},
			// 199 / 2; 2 / 199 rounded up; (100 + 102) / 2; (101 - 99.5) / 101
			"199.00 99.5000000000 0.0100502512563 101.000000000 148.52 0.00",
		},
		{
			"the bound of a sweep is its sum", "sell_asset=BTC&buy_asset=USD&sell_amount=2",
			func(p wire.Price) string {
				return p.Status + " " + p.Certificate.UpperBoundBuyAmount + " " + *p.Certificate.GapBps
			},
			"exact 199.00 0.0000",
		},
		{
			"buying with quote pays one over the mid", "sell_asset=USD&buy_asset=BTC&sell_amount=102",
			func(p wire.Price) string {
				return p.BuyAmount + " " + p.Rate + " " + *p.MidRate + " " + *p.SlippageBps + " " + *p.Routes[0].Hops[0].AvgPrice + " " + p.Routes[0].Hops[0].Side
			},
			// 1/102; 1/101; (1/101 - 1/102) / (1/101) = 1/102
			"1.00000000 0.00980392156862 0.00990099009900 98.04 102.000000000 buy",
		},
		{
			"a fee is rounded up and shown by venue", "sell_asset=ETH&buy_asset=BTC&sell_amount=1",
			func(p wire.Price) string {
				return p.BuyAmount + " " + p.FeeBps + " " + p.Fees[0].Venue + " " + p.Fees[0].Asset + " " + p.Fees[0].Amount
			},
			"0.49982500 3.50 gemini BTC 0.00017500",
		},
		{
			"two hops multiply", "sell_asset=ETH&buy_asset=USD&sell_amount=1",
			func(p wire.Price) string {
				return p.BuyAmount + " " + *p.MidRate + " " + *p.SlippageBps + " " + p.FeeBps + " " + p.Routes[0].Hops[0].BuyAmount
			},
			// 0.499825 x 100; 0.55 x 101; 1 - 50 / 55.55 = 999.0999..; the fee of the first hop
			"49.98 55.5500000000 999.10 3.50 0.49982500",
		},
		{
			"an exact-out price pays up", "sell_asset=USD&buy_asset=BTC&buy_amount=0.00000001",
			func(p wire.Price) string {
				return p.SellAmount + " " + p.BuyAmount + " " + p.Certificate.LowerBoundSellAmount
			},
			"0.01 0.00000001 0.01",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := w.price(tt.query)
			checkPrice(t, p)
			if got := tt.want(p); got != tt.text {
				t.Errorf("%s: got %s, want %s", tt.query, got, tt.text)
			}
		})
	}
}

//
func TestAcceptExactOut(t *testing.T) {
	w := newWorld(t, nil)
	p := w.price("sell_asset=BTC&buy_asset=USD&buy_amount=170000")
	checkPrice(t, p)
	if p.BuyAmount != "170000.00" || p.SellAmount == "" || p.Certificate.UpperBoundBuyAmount != "" {
		t.Errorf("price %+v", p)
	}
	for _, amounts := range []string{"&sell_amount=1&buy_amount=1", ""} {
		pr := w.problem(400, "/v1/price?sell_asset=BTC&buy_asset=USD"+amounts)
		if len(pr.Errors) != 1 || pr.Errors[0].Code != "amount_xor" || pr.Code != "invalid_request" {
			t.Errorf("%q: %+v", amounts, pr)
		}
	}
}

//
func TestAcceptInvalidRequests(t *testing.T) {
	w := newWorld(t, nil)
	const pair = "sell_asset=BTC&buy_asset=USD"
	tests := []struct{ name, query, pointer, code, detail string }{
		{"too many decimals name the scale", pair + "&sell_amount=0.123456789", "/sell_amount", "amount_scale", "BTC has at most 8 decimals."},
		{"zeros beyond the scale too", "sell_asset=USD&buy_asset=BTC&sell_amount=1.000", "/sell_amount", "amount_scale", "USD has at most 2 decimals."},
		{"the scale is that of the asset bought", pair + "&buy_amount=1.001", "/buy_amount", "amount_scale", "USD has at most 2 decimals."},
		{"empty", pair + "&sell_amount=", "/sell_amount", "amount_missing", ""},
		{"an exponent", pair + "&sell_amount=1e3", "/sell_amount", "amount_format", ""},
		{"a sign", pair + "&sell_amount=-1", "/sell_amount", "amount_format", ""},
		{"an encoded plus", pair + "&sell_amount=%2B1", "/sell_amount", "amount_format", ""},
		{"a space", pair + "&sell_amount=+1", "/sell_amount", "amount_format", ""},
		{"a point without digits", pair + "&sell_amount=1.", "/sell_amount", "amount_format", ""},
		{"not ASCII", pair + "&sell_amount=%D9%A1", "/sell_amount", "amount_format", ""},
		{"zero", pair + "&sell_amount=0.00", "/sell_amount", "amount_range", ""},
		{"above what can be counted", pair + "&sell_amount=99999999999999999999", "/sell_amount", "amount_range", ""},
		{"above what the engine can count", "sell_asset=USD&buy_asset=BTC&sell_amount=90000000000000000", "/sell_amount", "amount_range", ""},
		{"an unknown asset has near names", "sell_asset=BTX&buy_asset=USD&sell_amount=1", "/sell_asset", "unknown_asset", "There is no asset BTX. Near names: BTC."},
		{"lower case is not the asset", "sell_asset=btc&buy_asset=USD&sell_amount=1", "/sell_asset", "unknown_asset", "There is no asset btc. Near names: BTC."},
		{"no near name", "sell_asset=BTC&buy_asset=ZZZZZ&sell_amount=1", "/buy_asset", "unknown_asset", "There is no asset ZZZZZ."},
		{"no asset", "buy_asset=USD&sell_amount=1", "/sell_asset", "asset_missing", ""},
		{"the same twice", "sell_asset=BTC&buy_asset=BTC&sell_amount=1", "/buy_asset", "same_asset", ""},
		{"an unknown key", pair + "&sell_amount=1&foo=1", "/foo", "unknown_key", "This resource takes sell_asset, buy_asset, sell_amount, buy_amount, max_hops, only_venues, exclude_venues, strategy, max_settlement_ms."},
		{"an unknown strategy", pair + "&sell_amount=1&strategy=best", "/strategy", "unknown_strategy", "Send cheapest, balanced or fast."},
		{"no time to settle", pair + "&sell_amount=1&max_settlement_ms=0", "/max_settlement_ms", "settlement_range", "Send a whole number from 1 to 2592000000."},
		{"an unknown key is a JSON pointer", pair + "&sell_amount=1&a/b~c=1", "/a~1b~0c", "unknown_key", ""},
		{"a duplicate key", pair + "&sell_amount=1&sell_amount=1", "/sell_amount", "duplicate_key", ""},
		{"a duplicate key in disguise", pair + "&sell_amount=1&sell%5Famount=1", "/sell_amount", "duplicate_key", ""},
		{"a broken escape", pair + "&sell_amount=1%2", "/sell_amount", "query_encoding", ""},
		{"no equals sign", pair + "&sell_amount", "/sell_amount", "query_format", ""},
		{"an empty part", pair + "&&sell_amount=1", "/", "query_format", ""},
		{"an empty last part", pair + "&sell_amount=1&", "/", "query_format", ""},
		{"no hops", pair + "&sell_amount=1&max_hops=0", "/max_hops", "hops_range", "Send a whole number from 1 to 3."},
		{"too many hops", pair + "&sell_amount=1&max_hops=4", "/max_hops", "hops_range", ""},
		{"hops with a leading zero", pair + "&sell_amount=1&max_hops=01", "/max_hops", "hops_range", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := w.problem(400, "/v1/price?"+tt.query)
			if len(p.Errors) != 1 || p.Errors[0].Pointer != tt.pointer || p.Errors[0].Code != tt.code ||
				tt.detail != "" && p.Errors[0].Detail != tt.detail {
				t.Errorf("%s: %+v; want %s %s %q", tt.query, p.Errors, tt.pointer, tt.code, tt.detail)
			}
			if p.Type != "/problems/invalid-request" || p.Retryable || p.RequestID == "" {
				t.Errorf("problem %+v", p)
			}
		})
	}
}

func TestInvalidRequestNamesEachMistake(t *testing.T) {
	w := newWorld(t, nil)
	p := w.problem(400, "/v1/price?sell_asset=XXX1&buy_asset=YYY1&sell_amount=1&buy_amount=2&max_hops=9")
	var codes []string
	for _, e := range p.Errors {
		codes = append(codes, e.Code)
	}
	if got := strings.Join(codes, " "); got != "unknown_asset unknown_asset amount_xor hops_range" {
		t.Errorf("codes %s", got)
	}
	p = w.problem(400, "/v1/price?"+strings.Repeat("a&", 3000))
	if len(p.Errors) != 8 {
		t.Errorf("%d errors, want no more than 8", len(p.Errors))
	}
}

//
func TestAcceptNoPath(t *testing.T) {
	w := newWorld(t, nil)
	p := w.problem(422, "/v1/price?sell_asset=BTC&buy_asset=DOGE&sell_amount=1")
	if p.Code != "no_route" || p.Reason != "disconnected" || len(p.Explain) == 0 {
		t.Errorf("problem %+v", p)
	}
	if last := p.Explain[len(p.Explain)-1]; last.Market != "DOGE" || last.Why != "no market trades DOGE" {
		t.Errorf("explain %+v", p.Explain)
	}
	p = w.problem(422, "/v1/price?sell_asset=ETH&buy_asset=EUR&sell_amount=1&max_hops=1")
	if p.Reason != "disconnected" || p.Detail != "No chain of at most 1 markets leads from ETH to EUR." {
		t.Errorf("problem %+v", p)
	}
	p = w.problem(422, "/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=0.00000001")
	if p.Reason != "below_minimum" || len(p.Explain) == 0 {
		t.Errorf("nobody sells for 0.00: %+v", p)
	}
	if p.NextSellAmount == "" || p.BuyAmountAtNext != "0.01" || !strings.Contains(p.Detail, p.NextSellAmount) {
		t.Errorf("what the least is that anybody buys: %+v", p)
	}
	if a := w.get("/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=" + p.NextSellAmount); a.status != 200 {
		t.Errorf("what is named is answered with %d", a.status)
	}
}

func TestAcceptTooLarge(t *testing.T) {
	w := newWorld(t, nil)
	p := w.problem(422, "/v1/price?sell_asset=BTC&buy_asset=EUR&sell_amount=1000&max_hops=1")
	if p.Code != "insufficient_liquidity" || p.MaxSellAmount != "15.00000000" || p.BuyAmountAtMax == "" {
		t.Fatalf("problem %+v", p)
	}
	got := w.price("sell_asset=BTC&buy_asset=EUR&max_hops=1&sell_amount=" + p.MaxSellAmount)
	if got.BuyAmount != p.BuyAmountAtMax {
		t.Errorf("the maximum buys %s, the problem said %s", got.BuyAmount, p.BuyAmountAtMax)
	}
}

//
func TestAcceptStale(t *testing.T) {
	w := newWorld(t, nil)
	w.now.Add(int64(3 * time.Second))
	const path = "/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=2.5"
	a := w.get(path)
	var p wire.Problem
	a.decode(t, 503, &p)
	if p.Code != "stale_market_data" || !p.Retryable || a.header.Get("Retry-After") != "1" {
		t.Errorf("problem %+v, Retry-After %q", p, a.header.Get("Retry-After"))
	}
	if len(p.Stale) == 0 || *p.Stale[0].AgeMs != 3000 {
		t.Errorf("stale %+v", p.Stale)
	}
	// One venue speaks again: a price from it alone, with the others left out.
	w.snapshot("kraken", "BTC-USD", [][2]string{{"100", "10"}}, [][2]string{{"101", "10"}})
	w.writer.Flush(w.now.Load())
	price := w.price("sell_asset=BTC&buy_asset=USD&sell_amount=2.5")
	checkPrice(t, price)
	for _, r := range price.Routes {
		for _, h := range r.Hops {
			if h.Venue != "kraken" {
				t.Errorf("a price from the stale book of %s", h.Venue)
			}
		}
	}
	if len(price.LeftOut) == 0 || price.LeftOut[0].Reason != "stale" || *price.LeftOut[0].AgeMs != 3000 {
		t.Errorf("left out %+v", price.LeftOut)
	}
	// A gap: not a price more until the next snapshot.
	w.writer.Apply(key("kraken", "BTC-USD"), &market.Event{Kind: market.Gap, Epoch: 1, Reason: "test", RecvTime: w.now.Load()})
	w.writer.Flush(w.now.Load())
	if p := w.problem(503, path); p.Code != "stale_market_data" {
		t.Errorf("problem %+v", p)
	}
}

func TestPriceIsThatOfTheEngine(t *testing.T) {
	w := newWorld(t, nil)
	for _, r := range []engine.Request{
		{Sell: "ETH", Buy: "USD", In: 40_00000000},
		{Sell: "EUR", Buy: "ETH", In: 90_000_000000},
		{Sell: "USD", Buy: "ETH", Out: 33_00000001},
	} {
		p, err := api.Indicate(w.engine, r, w.now.Load())
		if err != nil {
			t.Fatal(err)
		}
		m := api.Meta{Source: "kafka"}
		prefix := "before"
		b := api.AppendPrice([]byte(prefix), p, m)
		var body wire.Price
		strict(t, string(b[len(prefix):]), &body)
		checkPrice(t, body)
		amount := "sell_amount=" + body.SellAmount
		if r.Out > 0 {
			amount = "buy_amount=" + body.BuyAmount
		}
		a := w.get("/v1/price?sell_asset=" + r.Sell + "&buy_asset=" + r.Buy + "&" + amount)
		if a.body != string(b[len(prefix):]) {
			t.Errorf("server and AppendPrice differ:\n%s\n%s", a.body, b)
		}
	}
}
