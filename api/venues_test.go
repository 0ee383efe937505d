package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestVenuesOfARequest: a caller names the venues that he trusts, and the answer
// names what that left out.
func TestVenuesOfARequest(t *testing.T) {
	w := newWorld(t, nil)
	const order = "sell_asset=BTC&buy_asset=USD&sell_amount=2"
	all := w.price(order)
	for _, tt := range []struct {
		query string
		used  string // venues that may be in the answer
		left  int    // markets left out
	}{
		{"&only_venues=kraken", "kraken", 5},
		{"&only_venues=kraken,gemini", "kraken gemini", 2},
		{"&exclude_venues=kraken", "gemini bitstamp", 2},
		{"&only_venues=kraken,gemini&exclude_venues=gemini", "kraken", 5},
		{"&exclude_venues=kraken%2Cbitstamp", "gemini", 4},
	} {
		p := w.price(order + tt.query)
		for _, r := range p.Routes {
			for _, h := range r.Hops {
				if !strings.Contains(tt.used, h.Venue) {
					t.Errorf("%s: %s is used", tt.query, h.Venue)
				}
			}
		}
		excluded := 0
		for _, l := range p.LeftOut {
			if l.Reason == "excluded" && l.Detail == "the request excludes this venue" && !strings.Contains(tt.used, l.Venue) {
				excluded++
			}
		}
		if excluded > tt.left || excluded == 0 || excluded != len(p.LeftOut) {
			t.Errorf("%s: left out %+v", tt.query, p.LeftOut)
		}
		if rat(t, p.BuyAmount).Cmp(rat(t, all.BuyAmount)) > 0 {
			t.Errorf("%s gives %s, all venues %s", tt.query, p.BuyAmount, all.BuyAmount)
		}
	}
	p := w.problem(422, "/v1/price?"+order+"&exclude_venues=kraken,gemini,bitstamp")
	if p.Reason != "policy" || len(p.Explain) == 0 || !strings.HasPrefix(p.Explain[0].Why, "excluded: ") {
		t.Errorf("nothing left: %+v", p)
	}
	for _, tt := range []struct{ query, want string }{
		{"&only_venues=krakn", "/only_venues unknown_venue"},
		{"&exclude_venues=", "/exclude_venues unknown_venue"},
		{"&only_venues=kraken,,gemini", "/only_venues unknown_venue"},
		{"&only_venues=" + strings.Repeat("kraken,", 32) + "kraken", "/only_venues too_many"},
	} {
		p := w.problem(400, "/v1/price?"+order+tt.query)
		if got := fmt.Sprint(p.Errors[0].Pointer, " ", p.Errors[0].Code); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.query, got, tt.want)
		}
	}
}
