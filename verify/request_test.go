package verify_test

import (
	"strings"
	"testing"

	"chronos.dev/verify"
)

// TestRequest has a row for each thing that a customer may have asked for, and for
// the answer to something else. smallQuote sells 1 BTC in one hop, with no venue
// excluded and no limit of settlement.
func TestRequest(t *testing.T) {
	none, minute := int64(0), int64(60_000)
	two := strings.Replace(smallMarket, `"asks":[]}`,
		`"asks":[]},{"venue":"b","base":"BTC","quote":"USD","taker_fee_bps":"0"}`, 1)
	limited := strings.Replace(smallQuote, `"max_hops":1`, `"max_settlement_ms":60000,"max_hops":1`, 1)
	without := strings.Replace(smallQuote, `"venues_excluded":[]`, `"venues_excluded":["b"]`, 1)
	bought := strings.Replace(smallQuote, `"exact_out":false`, `"exact_out":true`, 1)
	bought = strings.Replace(bought, `"upper_bound_buy_amount":"1.00"`, `"lower_bound_sell_amount":"1.00000000"`, 1)
	bought = strings.Replace(bought, `"bound_units":"1000000"`, `"bound_units":"100000000"`, 1)
	for _, tt := range []struct {
		name, quote string
		asked       verify.Request
		want        string // "": accepted
	}{
		{"nothing said", smallQuote, verify.Request{}, ""},
		{"all said", smallQuote, verify.Request{
			SellAsset: "BTC", BuyAsset: "USD", SellAmount: "1.0", MaxHops: 1, Venues: &verify.Venues{}, MaxSettle: &none,
		}, ""},
		{"another asset sold", smallQuote, verify.Request{SellAsset: "ETH"}, "sell_asset"},
		{"another asset bought", smallQuote, verify.Request{BuyAsset: "EUR"}, "buy_asset"},
		{"less to be sold", smallQuote, verify.Request{SellAmount: "0.99999999"}, "are sold"},
		{"more to be sold", smallQuote, verify.Request{SellAmount: "1.00000001"}, "are sold"},
		{"an amount too fine", smallQuote, verify.Request{SellAmount: "1.000000001"}, "more than 8 decimals"},
		{"an amount that is none", smallQuote, verify.Request{SellAmount: "all"}, "no decimal"},
		{"an amount to be bought", smallQuote, verify.Request{BuyAmount: "1"}, "are bought"},
		{"bought", bought, verify.Request{BuyAmount: "1"}, ""},
		{"bought, and sold was asked", bought, verify.Request{SellAmount: "1"}, "are sold"},
		{"more to be bought", bought, verify.Request{BuyAmount: "1.000001"}, "are bought"},
		{"more hops", smallQuote, verify.Request{MaxHops: 3}, "3 were asked for"},
		{"a venue that was not excluded", without, verify.Request{Venues: &verify.Venues{}}, "b is excluded"},
		{"a venue excluded", without, verify.Request{Venues: &verify.Venues{Exclude: []string{"b"}}}, ""},
		{"all but one excluded", without, verify.Request{Venues: &verify.Venues{Only: []string{"a"}}}, ""},
		{"a venue that should be", smallQuote, verify.Request{Venues: &verify.Venues{Exclude: []string{"b"}}}, "b is not excluded"},
		{"others that should be", smallQuote, verify.Request{Venues: &verify.Venues{Only: []string{"a"}}}, "b is not excluded"},
		{"an unknown venue", smallQuote, verify.Request{Venues: &verify.Venues{Exclude: []string{"z"}}}, ""},
		{"a limit", limited, verify.Request{MaxSettle: &minute}, ""},
		{"a limit that was not asked for", limited, verify.Request{MaxSettle: &none}, "0 were asked for"},
		{"no limit", smallQuote, verify.Request{MaxSettle: &minute}, "60000 were asked for"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := verify.Check([]byte(two), []byte(tt.quote), &tt.asked).Failures
			switch {
			case tt.want == "" && len(f) > 0:
				t.Errorf("Check = %v; want none", f)
			case tt.want != "" && (len(f) != 1 || f[0].Code != verify.CodeRequest || !strings.Contains(f[0].Detail, tt.want)):
				t.Errorf("Check = %v; want one of %s: %q", f, verify.CodeRequest, tt.want)
			}
		})
	}
}

// TestScope: what the quote says of its bound is told.
func TestScope(t *testing.T) {
	quote := strings.Replace(smallQuote, `"venues_excluded":[]`, `"venues_excluded":["b"],"max_settlement_ms":9`, 1)
	r := verify.Check([]byte(smallMarket), []byte(quote), &verify.Request{})
	if s := r.Scope; len(r.Failures) > 0 || s.MaxHops != 1 || len(s.Excluded) != 1 || s.Excluded[0] != "b" || *s.MaxSettle != 9 {
		t.Errorf("Check = %+v", r)
	}
}
