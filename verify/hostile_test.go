package verify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"chronos.dev/verify"
)

const (
	smallMarket = `{"markets":[{"venue":"a","base":"BTC","quote":"USD","taker_fee_bps":"0","bids":[["1","1"]],"asks":[]}]}`
	// smallQuote takes all of it; its digest was computed elsewhere.
	smallQuote = `{"kind":"indicative","status":"exact","sell_asset":"BTC","buy_asset":"USD","sell_amount":"1.00000000","buy_amount":"1.00",` +
		`"rate":"1.00000000000","inverse_rate":"1.00000000000","mid_rate":null,"slippage_bps":null,"fee_bps":"0.00","est_time_ms":null,"fees":[],` +
		`"routes":[{"share":"1.00000000","sell_amount":"1.00000000","buy_amount":"1.00",` +
		`"hops":[{"venue":"a","market":"BTC-USD","side":"sell","sell_asset":"BTC","buy_asset":"USD",` +
		`"sell_amount":"1.00000000","buy_amount":"1.00","avg_price":"1.00000000000"}]}],` +
		`"certificate":{"upper_bound_buy_amount":"1.00","gap_bps":"0.0000","exact_out":false,"max_hops":1,` +
		`"sell_units":"100000000","buy_units":"1000000","bound_units":"1000000","route_units":[["100000000","1000000"]],` +
		`"node_prices":{"sell":"1","buy":"100","assets":[]},"sides":[{"venue":"a","market":"BTC-USD","side":"sell","version":"1.1",` +
		`"digest":"sha256:d7b6ec0a09a56b5fea7411bbbf1ed42566eba0f127e06b479cff17f5ca60edff"}],"sides_considered":1,"venues_excluded":[]}}`
)

// TestFiles: what cannot be read is said, and nothing panics.
func TestFiles(t *testing.T) {
	if f := verify.Verify([]byte(smallMarket), []byte(smallQuote)); len(f) > 0 {
		t.Fatalf("a quote written by hand: %v", f)
	}
	for _, same := range []string{`"1e0","1"`, `"10e-1","0.1E+1"`, `"1.000","1"`} {
		m := strings.Replace(smallMarket, `"1","1"`, same, 1)
		if f := verify.Verify([]byte(m), []byte(smallQuote)); len(f) > 0 {
			t.Errorf("a level %s: %v", same, f)
		}
	}
	inMarket := func(old, to string) [2]string { return [2]string{strings.Replace(smallMarket, old, to, 1), smallQuote} }
	inQuote := func(old, to string) [2]string { return [2]string{smallMarket, strings.Replace(smallQuote, old, to, 1)} }
	for _, tt := range []struct {
		files [2]string
		want  string
	}{
		{[2]string{``, smallQuote}, "market file: EOF"},
		{[2]string{smallMarket, ``}, "quote: EOF"},
		{[2]string{smallMarket, smallQuote + `{}`}, "quote: more than one value"},
		{[2]string{smallMarket, `[]`}, "quote: json"},
		{[2]string{smallMarket, `{"a":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`}, "quote: nested too deep"},
		{[2]string{smallMarket, `{}`}, "0 routes"},
		{[2]string{smallMarket, strings.Repeat(" ", verify.MaxBytes+1)}, "more than 67108864 bytes"},
		{inQuote(`"BTC"`, "\"B\xff\""), "UTF-8"},
		{inQuote(`"buy_amount":"1.00"`, `"buy_amount":"9.00","buy_amount":"1.00"`), "given twice"},
		{inQuote(`"status"`, `"BUY_AMOUNT":"9.00","status"`), "not in lower case"},
		{inQuote(`"status"`, `"\u017ftatus"`), "not in lower case"},
		{inQuote(`"1000000"`, `1000000`), "quote: json"},
		{inQuote(`"1000000"`, `"-5"`), "is no whole number"},
		{inQuote(`"1000000"`, `"123456789012345678901"`), "is no whole number"},
		{inQuote(`"1000000"`, `null`), "is no whole number"},
		{inQuote(`["100000000","1000000"]`, ``), "1 routes, units of 0"},
		{inQuote(`["100000000","1000000"]`, `[]`), "units of 0 places"},
		{inQuote(`"gap_bps":"0.0000"`, `"gap_bps":"null"`), "gap_bps"},
		{inQuote(`"buy_asset":"USD"`, `"buy_asset":"BTC"`), "0 sides of books for this order"},
		{inQuote(`"buy_asset":"USD"`, `"buy_asset":"EUR"`), "for this order"},
		{inQuote(`"kind":"indicative"`, `"kind":"firm"`), "kind"},
		{inQuote(`"venues_excluded":[]`, `"venues_excluded":["a\u0007"]`), "venues_excluded"},
		{inQuote(`"max_hops":1`, `"max_hops":4`), "at most 4 hops"},
		{inQuote(`"max_hops":1`, `"max_settlement_ms":-1,"max_hops":1`), "settlement"},
		{inQuote(`"max_hops":1`, `"max_settlement_ms":"1","max_hops":1`), "quote: json"},
		{inMarket(`"1","1"`, `"1p9","1"`), "level"},
		{inMarket(`"1","1"`, `"1","1","1"`), "level"},
		{inMarket(`"1","1"`, `"1"`), "level"},
		{inMarket(`"1","1"`, `"1e","1"`), "level"},
		{inMarket(`"1","1"`, `"1e999","1"`), "too large"},
		{inMarket(`"1","1"`, `"1","1e-99999999"`), "too fine"},
		{inMarket(`"1","1"`, `"-1","1"`), "level"},
		{inMarket(`"bids"`, `"origin":"x","bids"`), "origin"},
		{inMarket(`"bids"`, `"settlement_ms":-1,"bids"`), "settlement_ms"},
		{inMarket(`"1","1"`, `"0.0","1"`), "of nothing"},
		{inMarket(`["1","1"]`, `["1","1"],["1.0","1"]`), "price is listed twice"},
		{inMarket(`"taker_fee_bps":"0"`, `"taker_fee_bps":"10000"`), "taker_fee_bps"},
		{inMarket(`"taker_fee_bps":"0"`, `"taker_fee_bps":"0x1"`), "taker_fee_bps"},
		{inMarket(`"taker_fee_bps":"0"`, `"taker_fee_bps":"1p999999999"`), "taker_fee_bps"},
		{inMarket(`"taker_fee_bps":"0",`, ``), "taker_fee_bps"},
		{inMarket(`"bids"`, `"fee_on":"base","bids"`), "fee_on"},
		{inMarket(`"a"`, `"a\nb"`), "names"},
		{inMarket(`"USD"`, `"BTC"`), "names"},
		{inMarket(`"bids"`, `"bid":[],"bids"`), "unknown field"},
		{inMarket(`[{`, `[{"venue":"a","base":"BTC","quote":"USD","taker_fee_bps":"0"},{`), "listed twice"},
		{inMarket(`{"`, `{"assets":[{"symbol":"BTC","scale":99}],"`), "scales 99"},
		{inMarket(`{"`, `{"assets":[{"symbol":"BTC"}],"`), "a scale"},
		{inMarket(`{"`, `{"assets":[{"symbol":"BTC","scale":9},{"symbol":"BTC","scale":8}],"`), "once"},
		{inMarket(`{"`, `{"assets":[{"symbol":"BTC","scale":8,"engine_scale":2}],"`), "scales 8 and 2"},
	} {
		f := verify.Verify([]byte(tt.files[0]), []byte(tt.files[1]))
		if len(f) == 0 || !strings.Contains(f[0].Error(), tt.want) {
			t.Errorf("%.300s\n%.300s\n%v, want %s", tt.files[0], tt.files[1], f, tt.want)
		}
	}
}

// TestLargeFiles: what is done with each market and each venue that is excluded does
// not grow with their number. If each met each, this would take longer than a test may.
func TestLargeFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("reads large files")
	}
	const markets, venues = 50_000, 300_000
	var m, q strings.Builder
	m.WriteString(`{"markets":[`)
	q.WriteString(`{"certificate":{"venues_excluded":["x"`)
	for i := range markets {
		fmt.Fprintf(&m, `{"venue":"v%d","base":"A%d","quote":"BTC","taker_fee_bps":"0","bids":[["1","1"]]},`, i, i)
	}
	for i := range venues {
		fmt.Fprintf(&q, `,"y%d"`, i)
	}
	m.WriteString(`{"venue":"v","base":"ETH","quote":"BTC","taker_fee_bps":"0"}]}`)
	q.WriteString(`]}}`)
	f := verify.Verify([]byte(m.String()), []byte(q.String()))
	if len(f) == 0 || f[0].Code != verify.CodeRoute {
		t.Errorf("%v, want no route", f)
	}
}

// FuzzVerify: hostile files are refused, never a panic, and never accepted.
func FuzzVerify(f *testing.F) {
	f.Add([]byte(smallMarket), []byte(smallQuote))
	f.Add([]byte(smallMarket), []byte(strings.Replace(smallQuote, `["100000000","1000000"]`, ``, 1)))
	for i, n := uint64(0), 0; n < 8; i++ {
		w := newTierWorld(rand.New(rand.NewPCG(i, 83)))
		if p := w.plan(); p != nil {
			market, _ := json.Marshal(w.market)
			quote, _ := json.Marshal(w.quote(p, w.leaves(testLeaf{}, 1)))
			f.Add(market, quote)
			n++
		}
	}
	f.Fuzz(func(t *testing.T, market, quote []byte) {
		if len(market) > 4096 || len(quote) > 4096 {
			return
		}
		fails := verify.Verify(market, quote)
		if len(fails) == 0 && (!bytes.Contains(quote, []byte("node_prices")) || !bytes.Contains(quote, []byte("sha256:"))) {
			t.Errorf("accepted without a proof: %s", quote)
		}
		for _, f := range fails {
			if f.Code == "" || f.Detail == "" {
				t.Errorf("a failure that says nothing: %+v", f)
			}
		}
	})
}
