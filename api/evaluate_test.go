package api_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"chronos.dev/api/wire"
)

const evaluate = "/v1/routes/evaluate"

// TestEvaluate: a caller's own route is priced as it stands, and the optimum
// beside it is the price over the same books.
func TestEvaluate(t *testing.T) {
	w := newWorld(t, nil)
	ask := func(order, route string) wire.Evaluation {
		t.Helper()
		var e wire.Evaluation
		w.post(evaluate, "application/json; charset=UTF-8", "{"+order+`,"route":[`+route+"]}").decode(t, 200, &e)
		return e
	}
	hop := func(venue, market string) string {
		return fmt.Sprintf(`{"venue":"%s","market":"%s"}`, venue, market)
	}
	tests := []struct{ order, route, query string }{
		{`"sell_asset":"BTC","buy_asset":"USD","sell_amount":"2"`, hop("gemini", "BTC-USD"), "sell_asset=BTC&buy_asset=USD&sell_amount=2"},
		{`"sell_asset":"EUR","buy_asset":"ETH","sell_amount":"900"`, hop("bitstamp", "BTC-EUR") + "," + hop("kraken", "ETH-BTC"),
			"sell_asset=EUR&buy_asset=ETH&sell_amount=900"},
		{`"sell_asset":"USD","buy_asset":"ETH","buy_amount":"3"`, hop("kraken", "BTC-USD") + "," + hop("gemini", "ETH-BTC"),
			"sell_asset=USD&buy_asset=ETH&buy_amount=3"},
	}
	for _, tt := range tests {
		e := ask(tt.order, tt.route)
		price := w.price(tt.query)
		if e.Optimum.BuyAmount != price.BuyAmount || e.Optimum.SellAmount != price.SellAmount {
			t.Errorf("%s: the optimum is not the price", tt.order)
		}
		if len(e.Evaluated.Routes) != 1 || e.Evaluated.Certificate.UpperBoundBuyAmount != e.Optimum.Certificate.UpperBoundBuyAmount ||
			e.Evaluated.Certificate.LowerBoundSellAmount != e.Optimum.Certificate.LowerBoundSellAmount {
			t.Errorf("%s: %+v", tt.order, e.Evaluated)
		}
		for i, h := range e.Evaluated.Routes[0].Hops {
			if want := strings.Split(tt.route, "},")[i]; !strings.Contains(want, h.Venue) || !strings.Contains(want, h.Market) {
				t.Errorf("%s: hop %d is %s %s", tt.order, i, h.Venue, h.Market)
			}
		}
		best, own := rat(t, e.Optimum.BuyAmount), rat(t, e.Evaluated.BuyAmount)
		worse := new(big.Rat).Sub(best, own)
		if strings.Contains(tt.order, "buy_amount") {
			worse.Sub(rat(t, e.Evaluated.SellAmount), rat(t, e.Optimum.SellAmount))
		}
		if bps := rat(t, e.DifferenceBps); worse.Sign() < 0 || bps.Sign() < 0 || (worse.Sign() > 0) != (bps.Sign() > 0) {
			t.Errorf("%s: own %s, best %s, %s bps", tt.order, e.Evaluated.BuyAmount, e.Optimum.BuyAmount, e.DifferenceBps)
		}
	}
}

func TestEvaluateRefuses(t *testing.T) {
	w := newWorld(t, nil)
	const good = `"sell_asset":"BTC","buy_asset":"USD","sell_amount":"2"`
	const route = `"route":[{"venue":"gemini","market":"BTC-USD"}]`
	tests := []struct{ name, body, want string }{
		{"nothing", ``, "/ json"},
		{"half", `{"sell_asset":`, "/ json"},
		{"more than one value", `{` + good + `,` + route + `} {}`, "/ json"},
		{"a list", `[]`, "/ json"},
		{"a key twice", `{` + good + `,"sell_asset":"ETH",` + route + `}`, "/ duplicate_key"},
		{"an unknown key", `{` + good + `,"limit":"1",` + route + `}`, "/limit unknown_key"},
		{"an amount that is a number", `{"sell_asset":"BTC","buy_asset":"USD","sell_amount":2,` + route + `}`, "/sell_amount amount_must_be_string"},
		{"an amount of null", `{"sell_asset":"BTC","buy_asset":"USD","sell_amount":null,` + route + `}`, "/sell_amount amount_null"},
		{"an empty amount", `{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"",` + route + `}`, "/sell_amount amount_missing"},
		{"an amount of 1e5", `{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"1e5",` + route + `}`, "/sell_amount amount_format"},
		{"no amount", `{"sell_asset":"BTC","buy_asset":"USD",` + route + `}`, "/sell_amount amount_xor"},
		{"both amounts", `{` + good + `,"buy_amount":"1",` + route + `}`, "/sell_amount amount_xor"},
		{"no asset", `{"buy_asset":"USD","sell_amount":"2",` + route + `}`, "/sell_asset asset_missing"},
		{"an asset of true", `{"sell_asset":true,"buy_asset":"USD","sell_amount":"2",` + route + `}`, "/sell_asset asset_must_be_string"},
		{"an unknown asset", `{"sell_asset":"BTX","buy_asset":"USD","sell_amount":"2",` + route + `}`, "/sell_asset unknown_asset"},
		{"no route", `{` + good + `}`, "/route route_missing"},
		{"an empty route", `{` + good + `,"route":[]}`, "/route route_missing"},
		{"a route of text", `{` + good + `,"route":"gemini"}`, "/route route_format"},
		{"a hop of text", `{` + good + `,"route":["gemini"]}`, "/route/0 route_format"},
		{"a hop without market", `{` + good + `,"route":[{"venue":"gemini"}]}`, "/route/0 route_format"},
		{"a hop with more", `{` + good + `,"route":[{"venue":"gemini","market":"BTC-USD","side":"sell"}]}`, "/route/0/side unknown_key"},
		{"an unknown market", `{` + good + `,"route":[{"venue":"gemini","market":"BTC-XYZ"}]}`, "/route/0 unknown_market"},
		{"a hop that does not continue", `{` + good + `,"route":[{"venue":"gemini","market":"ETH-USD"}]}`, "/route/0 route_chain"},
		{"a route that ends elsewhere", `{` + good + `,"route":[{"venue":"bitstamp","market":"BTC-EUR"}]}`, "/route/1 route_chain"},
		{"there and back", `{` + good + `,"route":[{"venue":"gemini","market":"ETH-BTC"},{"venue":"kraken","market":"ETH-BTC"}]}`, "/route/1 route_chain"},
		{"a long route", `{` + good + `,"route":[` + strings.Repeat(`{"venue":"gemini","market":"BTC-USD"},`, 30) + `{}]}`, "/route/8 route_format"},
	}
	for _, tt := range tests {
		var p wire.Problem
		w.post(evaluate, "application/json", tt.body).decode(t, 400, &p)
		if len(p.Errors) == 0 || p.Errors[0].Pointer+" "+p.Errors[0].Code != tt.want {
			t.Errorf("%s: %+v, want %s", tt.name, p.Errors, tt.want)
		}
	}
	order := `{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"%s","route":[{"venue":"gemini","market":"BTC-USD"}]}`
	for _, tt := range []struct {
		media, body string
		status      int
		code        string
	}{
		{"text/plain", fmt.Sprintf(order, "1"), 415, "unsupported_media_type"},
		{"application/json; charset=latin1", fmt.Sprintf(order, "1"), 415, "unsupported_media_type"},
		{"application/json", fmt.Sprintf(order, "5000"), 422, "insufficient_liquidity"},
		{"application/json", fmt.Sprintf(order, "1") + strings.Repeat(" ", 70_000), 413, "too_large"},
	} {
		var p wire.Problem
		w.post(evaluate, tt.media, tt.body).decode(t, tt.status, &p)
		if p.Code != tt.code {
			t.Errorf("%s %.60s: %+v", tt.media, tt.body, p)
		}
	}
	if a := w.get(evaluate); a.status != 405 || a.header.Get("Allow") != "POST" {
		t.Errorf("GET: %d, Allow %q", a.status, a.header.Get("Allow"))
	}
	w.now.Add(3e9) // all books are stale
	var p wire.Problem
	w.post(evaluate, "application/json", fmt.Sprintf(order, "1")).decode(t, 503, &p)
	if p.Code != "stale_market_data" || len(p.Stale) != 1 || p.Stale[0].Venue != "gemini" {
		t.Errorf("a stale route: %+v", p)
	}
}
