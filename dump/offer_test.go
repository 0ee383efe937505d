package dump_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chronos.dev/dump"
	"chronos.dev/engine"
	"chronos.dev/engine/plan"
	"chronos.dev/market"
	"chronos.dev/money"
)

// vault is a file with a provider of whole and slice tiers beside a book.
const vault = `{"as_of":"2026-11-23T12:00:00Z",
"providers":[
{"provider":"vault-a","asset":"BTC","quote":"USD","version":"1.42","origin":"simulated",
 "sell":[{"name":"INSTANT","min":"0.10","max":"5.000","price":"68001.0","mode":"whole","fee_bps":"10","fixed_fee":{"asset":"USD","amount":"25.00"},"settlement_ms":60000},
         {"max":"50","price":"67980","mode":"slice","min":"5","settlement_ms":3600000}],
 "buy":[{"max":"5","price":"68025.0","mode":"slice"}]},
{"provider":"vault-b","asset":"BTC","quote":"EUR","buy":[{"max":"1","price":"60000","mode":"whole","fixed_fee":{"asset":"BTC","amount":"0.0001"}}]}],
"markets":[
{"venue":"kraken","base":"BTC","quote":"USD","taker_fee_bps":"0","settlement_ms":2500,"bids":[["67990","1"],["67000","3"]],"asks":[]}]}`

func TestReadProviders(t *testing.T) {
	d, _ := open(t, vault)
	num := func(coef int64, scale uint8) money.Num { return money.Num{Coef: coef, Scale: scale} }
	want := []market.Offer{{
		Key: market.Key{Venue: "vault-a", Pair: market.Pair{Base: "BTC", Quote: "USD"}}, Seq: 42,
		Custody: market.Available, Origin: market.Simulated,
		Sell: []market.Tier{
			{
				Name: "INSTANT", Min: num(10, 2), Max: num(5000, 3), Price: num(680010, 1), Whole: true, FeeBps: num(10, 0),
				FixedFee: num(2500, 2), FixedFeeAsset: "USD", Settle: time.Minute,
			},
			{Min: num(5, 0), Max: num(50, 0), Price: num(67980, 0), Settle: time.Hour},
		},
		Buy: []market.Tier{{Max: num(5, 0), Price: num(680250, 1)}},
	}, {
		Key: market.Key{Venue: "vault-b", Pair: market.Pair{Base: "BTC", Quote: "EUR"}}, Seq: 1, Custody: market.Available,
		Buy: []market.Tier{{
			Max: num(1, 0), Price: num(60000, 0), Whole: true, FixedFee: num(1, 4), FixedFeeAsset: "BTC",
		}},
	}}
	if !reflect.DeepEqual(d.Offers, want) {
		t.Errorf("offers %+v\nwant   %+v", d.Offers, want)
	}
	if d.Markets[0].Terms != (market.Terms{Settle: 2500 * time.Millisecond}) || fmt.Sprint(d.Assets) !=
		"[{BTC 8 8 true} {USD 2 6 false} {EUR 2 6 false}]" {
		t.Errorf("terms %+v, assets %v", d.Markets[0].Terms, d.Assets)
	}
}

func TestReadRefusesProviders(t *testing.T) {
	file := func(providers string) string {
		return `{"as_of":"2026-11-23T12:00:00Z","markets":[{"venue":"kraken","base":"BTC","quote":"USD","taker_fee_bps":"0"}],` +
			`"providers":[` + providers + `]}`
	}
	const ids = `"provider":"v","asset":"BTC","quote":"USD"`
	tier := func(fields string) string { return file(`{` + ids + `,"sell":[{` + fields + `}]}`) }
	const full = `"max":"1","price":"2","mode":"slice"`
	tests := []struct{ name, in, want string }{
		{"an object for the list", `{"providers":{}}`, "want an array"},
		{"a list twice", `{"providers":[],"providers":[]}`, "duplicate key"},
		{"neither books nor providers", `{"as_of":"2026-11-23T12:00:00Z","markets":[],"providers":[]}`, "no markets"},
		{"an unknown key of a provider", file(`{"venue":"v"}`), `unknown key "venue"`},
		{"a provider without name", file(`{"asset":"BTC","quote":"USD"}`), "needs provider, asset and quote"},
		{"a provider without asset", file(`{"provider":"v","quote":"USD"}`), "needs provider, asset and quote"},
		{"a provider without quote", file(`{"provider":"v","asset":"BTC"}`), "needs provider, asset and quote"},
		{"a provider of no name", file(`{"provider":"V A"}`), "is no provider name"},
		{"an asset against itself", file(`{"provider":"v","asset":"BTC","quote":"BTC"}`), "against itself"},
		{"a provider twice", file(`{` + ids + `},{` + ids + `}`), "v|BTC-USD is listed twice"},
		{"a provider with the name of a venue", file(`{"provider":"kraken","asset":"ETH","quote":"USD"}`), "kraken is a venue with books"},
		{"another epoch", file(`{` + ids + `,"version":"2.7"}`), "the epoch of an offer is 1"},
		{"a version that is none", file(`{` + ids + `,"version":"1.-7"}`), "want epoch and sequence"},
		{"an origin of nowhere", file(`{` + ids + `,"origin":"dream"}`), "want venue, replay or simulated"},
		{"a tier that is a list", file(`{` + ids + `,"buy":[[]]}`), "want an object"},
		{"an unknown key of a tier", tier(`"spread":"1"`), `unknown key "spread"`},
		{"a spread beside a price", tier(full + `,"spread_bps":"1"`), "a tier needs max, mode, and a price"},
		{"a spread off nothing", tier(`"max":"1","mode":"slice","spread_bps":"1"`), "a tier needs max, mode, and a price"},
		{"a reference beside a price", tier(full + `,"reference":"BTC-USD"`), "a tier needs max, mode, and a price"},
		{"a reference that is none", tier(`"reference":"BTC"`), `reference "BTC"`},
		{"a tier without max", tier(`"price":"2","mode":"slice"`), "a tier needs max, mode, and a price"},
		{"a tier without price", tier(`"max":"2","mode":"slice"`), "a tier needs max, mode, and a price"},
		{"a tier without mode", tier(`"max":"2","price":"2"`), "a tier needs max, mode, and a price"},
		{"a mode that is none", tier(`"mode":"half"`), "want whole or slice"},
		{"a mode that is no text", tier(`"mode":true`), "want a string"},
		{"a size that is no text", tier(`"max":5`), "want a string"},
		{"a size that is no number", tier(`"max":"NaN"`), "want a decimal that is not negative"},
		{"a size below zero", tier(`"min":"-1"`), "want a decimal that is not negative"},
		{"1e400", tier(`"price":"1e400"`), "want a decimal that is not negative"},
		{"a name that needs escapes", tier(`"name":"a\"b"`), "is no tier name"},
		{"a name too long", tier(`"name":"` + strings.Repeat("x", 33) + `"`), "is no tier name"},
		{"a fee that is no text", tier(`"fee_bps":10`), "want a string"},
		{"a fee of five decimals", tier(full + `,"fee_bps":"0.00001"`), "sell tier 0: fee"},
		{"a fixed fee without amount", tier(`"fixed_fee":{"asset":"USD"}`), "needs asset and amount"},
		{"a fixed fee without asset", tier(`"fixed_fee":{"amount":"1"}`), "needs asset and amount"},
		{"an unknown key of a fixed fee", tier(`"fixed_fee":{"of":"1"}`), `unknown key "of"`},
		{"a time as text", tier(`"settlement_ms":"5"`), "settlement_ms is a number"},
		{"a time below zero", tier(`"settlement_ms":-1`), "want 0 to 2592000000"},
		{"a time above 30 days", tier(`"settlement_ms":2592000001`), "want 0 to 2592000000"},
		{"too many tiers", file(`{` + ids + `,"buy":[` + strings.Repeat(`{`+full+`},`, 64) + `{` + full + `}]}`), "more than 64 tiers a side"},
		{"a fee of everything", tier(full + `,"fee_bps":"10000"`), "v|BTC-USD: market: sell tier 0: fee"},
		{"a size finer than the asset", tier(`"max":"0.000000001","price":"2","mode":"whole"`), "tier 0: size"},
		{"a price of zero", tier(`"max":"1","price":"0.0","mode":"whole"`), "tier 0: price"},
		{"a fixed fee in another asset", tier(full + `,"fixed_fee":{"asset":"EUR","amount":"1"}`), "tier 0: fixed_fee"},
		{"an overlap", tier(full + `},{"min":"0.5",` + full), "tier 1: overlap"},
		{"a gap below a slice", tier(full + `},{"min":"1.5","max":"2","price":"2","mode":"slice"`), "tier 1: gap"},
		{"a market that settles never", `{"markets":[{"settlement_ms":1e30}]}`, "want a whole number"},
		{"a lot below zero", `{"markets":[{"lot":"-1"}]}`, "lot"},
		{"a minimum below zero", `{"markets":[{"min_size":"-1"}]}`, "min_size"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := dump.Read(strings.NewReader(tt.in))
			var format *dump.FormatError
			if !errors.As(err, &format) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// A rule between tiers is seen when all assets are known; the place is the offer's.
func TestPlaceOfABrokenRule(t *testing.T) {
	in := "{\"as_of\":\"2026-11-23T12:00:00Z\",\n\"providers\":[\n" +
		"{\"provider\":\"v\",\"asset\":\"BTC\",\"quote\":\"USD\",\"sell\":[{\"max\":\"1\",\"price\":\"0\",\"mode\":\"whole\"}]},\n" +
		"{\"provider\":\"w\",\"asset\":\"BTC\",\"quote\":\"USD\"}]}"
	_, err := dump.Read(strings.NewReader(in))
	var format *dump.FormatError
	if !errors.As(err, &format) || format.Line != 3 {
		t.Errorf("error %v, want one of line 3", err)
	}
}

// What an offer in a file gives, by hand: an order of 2 BTC to the vault, since
// 67990 and 67000 of the book are less than 68001 after 10 bps and 25 dollars.
func TestEngineUsesOffersOfTheFile(t *testing.T) {
	d, e := open(t, vault)
	now := d.AsOf.UnixNano()
	p, err := e.Price(engine.Request{Sell: "BTC", Buy: "USD", In: 2_00000000}, now)
	if err != nil {
		t.Fatal(err)
	}
	// At most 1 BTC to the book for 67990; the vault's first BTC costs the 25 dollars.
	vaultOnly := new(big.Rat).Mul(big.NewRat(2*68001, 1), big.NewRat(9990, 10000))
	both := new(big.Rat).Mul(big.NewRat(68001, 1), big.NewRat(9990, 10000))
	both.Add(both, big.NewRat(67990, 1))
	want := new(big.Rat).Sub(both, big.NewRat(25, 1))
	if alone := vaultOnly.Sub(vaultOnly, big.NewRat(25, 1)); alone.Cmp(want) > 0 {
		t.Fatal("this is no longer what the test is about")
	}
	want.Mul(want, big.NewRat(1e6, 1))
	floor := new(big.Int).Quo(want.Num(), want.Denom()).Int64()
	if int64(p.Plan.Out) != floor || p.Plan.Settle != time.Minute || p.Origin != market.Simulated {
		t.Errorf("2 BTC give %d micro-dollars in %v, want %d in a minute", p.Plan.Out, p.Plan.Settle, floor)
	}
	tiers := 0
	for _, r := range p.Plan.Routes {
		if l := r.Legs[0]; l.HasTier {
			tiers++
			if l.Key.Venue != "vault-a" || l.Tier != "INSTANT" || l.TierIndex != 0 {
				t.Errorf("leg %+v", l)
			}
		} else if l.Settle != 2500*time.Millisecond {
			t.Errorf("the book settles in %v", l.Settle)
		}
	}
	if tiers != 1 {
		t.Errorf("%d routes use a tier: %+v", tiers, p.Plan.Routes)
	}
}

func TestAppendKeepsOffersAndTerms(t *testing.T) {
	in := strings.Replace(vault, `"settlement_ms":2500,`,
		`"settlement_ms":2500,"min_size":"0.010","lot":"0.005","withdraw_base":"0.0002","withdraw_quote":"1.50",`, 1)
	d, live := open(t, in)
	now := d.AsOf.UnixNano()
	text := dump.Append(nil, live, now)
	if !json.Valid(text) {
		t.Fatalf("not JSON: %s", text)
	}
	again, e := open(t, string(text))
	if !reflect.DeepEqual(again.Offers, d.Offers) || !reflect.DeepEqual(again.Markets[0].Terms, d.Markets[0].Terms) {
		t.Errorf("offers %+v, terms %+v\nwere   %+v, %+v", again.Offers, again.Markets[0].Terms, d.Offers, d.Markets[0].Terms)
	}
	for _, r := range []engine.Request{
		{Sell: "BTC", Buy: "USD", In: 2_50000000}, {Sell: "USD", Buy: "BTC", Out: 1_00000000}, {Sell: "EUR", Buy: "USD", In: 900_000000},
		{Sell: "BTC", Buy: "USD", In: 50_00000000, MaxSettle: time.Hour},
	} {
		a, errA := live.Price(r, now)
		b, errB := e.Price(r, now)
		if errA != nil || errB != nil || fmt.Sprint(a.Plan) != fmt.Sprint(b.Plan) {
			t.Errorf("%+v: %v %v\n%v %v", r, a, errA, b, errB)
		}
	}
	if twice := dump.Append(nil, e, now); string(twice) != string(text) {
		t.Errorf("written again it is another file:\n%s\n%s", text, twice)
	}
}

// Offers that may not be used are not written: nor are they when they have ended.
func TestAppendLeavesOutWhatCannotBeUsed(t *testing.T) {
	d, e := open(t, vault)
	now := d.AsOf.UnixNano()
	w := e.Liquidity()
	locked := d.Offers[0]
	locked.Key.Venue, locked.Custody, locked.RecvTime, locked.ValidUntil = "vault-c", market.Locked, now, now+1e9
	if err := w.Offer(&locked); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	if again, _ := open(t, string(dump.Append(nil, e, now))); len(again.Offers) != 2 {
		t.Errorf("%d offers, want 2", len(again.Offers))
	}
	later := dump.Append(nil, e, now+int64(engine.DefaultStaleAfter))
	if again, _ := open(t, string(later)); again.Offers != nil || len(again.Markets) != 1 {
		t.Errorf("offers that have ended: %+v", again.Offers)
	}
}

// Whatever tiers a provider may have, they are read back as they were written.
func TestOffersRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := dump.Dump{AsOf: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Assets: []market.Asset{dump.Describe("BTC"), dump.Describe("USD")}}
		for i := range rapid.IntRange(1, 3).Draw(t, "providers") {
			d.Offers = append(d.Offers, market.Offer{
				Key: market.Key{Venue: fmt.Sprint("v", i), Pair: market.Pair{Base: "BTC", Quote: "USD"}},
				Seq: rapid.Uint64().Draw(t, "seq"), Custody: market.Available, Origin: market.Origin(rapid.IntRange(0, 2).Draw(t, "origin")),
				Sell: drawTiers(t), Buy: drawTiers(t),
			})
			if err := d.Offers[i].Check(d.Assets[0], d.Assets[1]); err != nil {
				t.Fatal(err)
			}
		}
		e, err := d.Engine()
		if err != nil {
			t.Fatal(err)
		}
		var want []market.Offer // those of which a tier can be used
		for i, o := range e.Offers(d.AsOf.UnixNano()) {
			if o.Usable {
				want = append(want, d.Offers[i])
			}
		}
		text := dump.Append(nil, e, d.AsOf.UnixNano())
		again, err := dump.Read(strings.NewReader(string(text)))
		switch {
		case len(want) == 0 && err != nil:
			return // a file of nothing is refused
		case err != nil:
			t.Fatalf("%v in %s", err, text)
		}
		if !reflect.DeepEqual(again.Offers, want) {
			t.Fatalf("offers %+v\nwere   %+v", again.Offers, want)
		}
	})
}

// drawTiers draws a list that keeps the rules.
func drawTiers(t *rapid.T) (side []market.Tier) {
	at := rapid.Int64Range(0, 3).Draw(t, "from")
	for range rapid.IntRange(0, 5).Draw(t, "tiers") {
		tier := market.Tier{
			Name:   rapid.StringMatching(`[ !#-\[\]-~]{0,32}`).Draw(t, "name"),
			Whole:  rapid.Bool().Draw(t, "whole"),
			Price:  money.Num{Coef: rapid.Int64Range(1, 1e15).Draw(t, "price"), Scale: uint8(rapid.IntRange(0, 18).Draw(t, "scale"))},
			Settle: time.Duration(rapid.Int64Range(0, 30*24*3600*1000).Draw(t, "settle")) * time.Millisecond,
		}
		if rapid.IntRange(0, 3).Draw(t, "waits") == 0 {
			tier.Price, tier.Reference = money.Num{}, market.Pair{Base: "BTC", Quote: "EUR"}
		}
		if n := rapid.Int64Range(0, 99_999_999).Draw(t, "fee"); n > 0 {
			tier.FeeBps = money.Num{Coef: n, Scale: 4}
		}
		if in := rapid.SampledFrom([]string{"", "BTC", "USD"}).Draw(t, "fixed"); in != "" {
			tier.FixedFeeAsset, tier.FixedFee = in, money.Num{Coef: rapid.Int64Range(0, 1000).Draw(t, "amount"), Scale: 3}
		}
		if len(side) > 0 && tier.Whole {
			at += rapid.Int64Range(0, 2).Draw(t, "gap")
		}
		if at > 0 {
			tier.Min = money.Num{Coef: at, Scale: 2}
		}
		at += rapid.Int64Range(1, 1e9).Draw(t, "size")
		tier.Max = money.Num{Coef: at, Scale: 2}
		side = append(side, tier)
	}
	return side
}

// A plan over a file of offers says which of them it used, and how.
func TestSidesOfAnOffer(t *testing.T) {
	d, e := open(t, vault)
	p, err := e.Price(engine.Request{Sell: "BTC", Buy: "USD", In: 10_00000000}, d.AsOf.UnixNano())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range p.Plan.Bound.Sides {
		if s.Key.Venue == "vault-a" && (s.Epoch != 1 || s.Seq != 42 || s.Action != plan.Sell) {
			t.Errorf("side %+v", s)
		}
	}
	if used := p.Plan.Venues(); !strings.Contains(fmt.Sprint(used), "vault-a") {
		t.Errorf("10 BTC go to %v", used)
	}
}
