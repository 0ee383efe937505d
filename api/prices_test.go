package api_test

import (
	"reflect"
	"strings"
	"testing"

	"chronos.dev/api"
	"chronos.dev/api/wire"
	"chronos.dev/client"
)

const batchPath = "/v1/prices"

// TestPrices: each item is answered as by itself, in order, and one without a price
// leaves the others theirs.
func TestPrices(t *testing.T) {
	w := newWorld(t, nil)
	w.treasury()
	c, err := client.New(w.url)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Prices(t.Context(), []client.PriceRequest{
		{SellAsset: "BTC", BuyAsset: "USD", SellAmount: "2.5"},
		{SellAsset: "BTC", BuyAsset: "DOGE", SellAmount: "1"},
		{SellAsset: "EUR", BuyAsset: "ETH", BuyAmount: "3", MaxHops: 2},
		{SellAsset: "BTC", BuyAsset: "USD", SellAmount: "5", MaxSettlementMs: 60_000},
	})
	if err != nil || len(got.Data) != 4 {
		t.Fatalf("%v: %+v", err, got)
	}
	for i, query := range []string{
		"sell_asset=BTC&buy_asset=USD&sell_amount=2.5", "", "sell_asset=EUR&buy_asset=ETH&buy_amount=3&max_hops=2",
		"sell_asset=BTC&buy_asset=USD&sell_amount=5&max_settlement_ms=60000",
	} {
		switch d := got.Data[i]; {
		case query == "":
			if d.Price != nil || d.Problem == nil || d.Problem.Code != "no_route" || d.Problem.RequestID == "" {
				t.Errorf("item %d: %+v", i, d.Problem)
			}
		case d.Price == nil || d.Problem != nil:
			t.Errorf("item %d: %+v", i, d.Problem)
		default:
			want := w.price(query)
			if d.Price.SellAmount != want.SellAmount || d.Price.BuyAmount != want.BuyAmount ||
				!reflect.DeepEqual(d.Price.Certificate, want.Certificate) {
				t.Errorf("item %d: %+v, alone %+v", i, d.Price, want)
			}
		}
	}
}

// TestPricesRefuses: a mistake in one item refuses all, with where it is.
func TestPricesRefuses(t *testing.T) {
	w := newWorld(t, nil)
	const good = `{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"1"}`
	tests := []struct{ name, body, pointer, code string }{
		{"no items", `{}`, "/items", "items_missing"},
		{"an empty list", `{"items":[]}`, "/items", "items_missing"},
		{"no list", `{"items":{}}`, "/items", "items_format"},
		{"no object", `{"items":[` + good + `,1]}`, "/items/1", "items_format"},
		{"an unknown key", `{"items":[` + good + `],"x":1}`, "/x", "unknown_key"},
		{"an unknown key of an item", `{"items":[{"x":1}]}`, "/items/0/x", "unknown_key"},
		{"a number for an amount", `{"items":[` + good + `,{"sell_asset":"BTC","buy_asset":"USD","sell_amount":1}]}`, "/items/1/sell_amount", "amount_must_be_string"},
		{"both amounts", `{"items":[{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"1","buy_amount":"1"}]}`, "/items/0/sell_amount", "amount_xor"},
		{"the same asset twice", `{"items":[{"sell_asset":"BTC","buy_asset":"BTC","sell_amount":"1"}]}`, "/items/0/buy_asset", "same_asset"},
		{"an unknown asset", `{"items":[{"sell_asset":"XXX","buy_asset":"BTC","buy_amount":"1"}]}`, "/items/0/sell_asset", "unknown_asset"},
		{"hops as text", `{"items":[{"max_hops":"2"}]}`, "/items/0/max_hops", "hops_range"},
		{"no hops", `{"items":[{"max_hops":0}]}`, "/items/0/max_hops", "hops_range"},
		{"no time to settle", `{"items":[{"max_settlement_ms":0}]}`, "/items/0/max_settlement_ms", "settlement_range"},
		{"a time to settle as text", `{"items":[{"max_settlement_ms":"5"}]}`, "/items/0/max_settlement_ms", "settlement_range"},
		{"a part of a millisecond", `{"items":[{"max_settlement_ms":1.5}]}`, "/items/0/max_settlement_ms", "settlement_range"},
		{"more than 30 days", `{"items":[{"max_settlement_ms":2592000001}]}`, "/items/0/max_settlement_ms", "settlement_range"},
		{"beyond 64 bits", `{"items":[{"max_settlement_ms":99999999999999999999}]}`, "/items/0/max_settlement_ms", "settlement_range"},
		{"an unknown strategy", `{"items":[{"strategy":"best"}]}`, "/items/0/strategy", "unknown_strategy"},
		{"a key twice", `{"items":[{"sell_asset":"BTC","sell_asset":"BTC"}]}`, "/", "duplicate_key"},
		{"too many", `{"items":[` + strings.Repeat(`{},`, 1000) + `{}]}`, "/items/0/sell_asset", "asset_missing"},
		{"too many and else right", `{"items":[` + strings.Repeat(good+`,`, 1000) + good + `]}`, "/items", "too_many"},
		{"broken", `{"items":[`, "/", "json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p wire.Problem
			w.post(batchPath, "application/json", tt.body).decode(t, 400, &p)
			if len(p.Errors) == 0 || p.Errors[0].Pointer != tt.pointer || p.Errors[0].Code != tt.code {
				t.Errorf("%+v; want %s %s", p.Errors, tt.pointer, tt.code)
			}
		})
	}
}

// TestPricesAreCounted: a batch counts as many requests as it has items.
func TestPricesAreCounted(t *testing.T) {
	w := newWorld(t, func(o *api.Options) { o.Rate = 10 })
	batch := func(n int) answer {
		const item = `{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"1"}`
		return w.post(batchPath, "application/json", `{"items":[`+strings.Repeat(item+",", n-1)+item+`]}`)
	}
	if a := batch(11); a.status != 400 {
		t.Errorf("11 of 10 a second: %d %s", a.status, a.body)
	}
	if a := batch(6); a.status != 200 {
		t.Errorf("6 of 10 a second: %d %s", a.status, a.body)
	}
	if a := batch(6); a.status != 429 || a.header.Get("Retry-After") == "" {
		t.Errorf("12 of 10 a second: %d %s", a.status, a.body)
	}
}
