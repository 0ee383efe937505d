package feed

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"chronos.dev/broker"
	"chronos.dev/market"
	"chronos.dev/money"

	"pgregory.net/rapid"
)

const sampleOffer = `{"v":1,"provider":"vault-a","asset":"BTC","quote":"USD","seq":42,"ts":"2026-11-23T02:55:07.000000000Z","valid_until":"2026-11-23T02:55:12.000000000Z",
 "sell":[{"name":"INSTANT","min":"0.10000000","max":"5.00000000","price":"68001.0","mode":"whole","fee_bps":"10","fixed_fee":{"asset":"USD","amount":"25.00"},"settlement_ms":60000},
         {"name":"STANDARD","min":"5.00000000","max":"50.00000000","price":"67980.0","mode":"slice","fee_bps":"10","settlement_ms":3600000}],
 "buy":[{"min":"0.10000000","max":"5.00000000","price":"68025.0","mode":"whole"}],
 "settlement_ms":1500,"last_look":false,"custody_status":"available"}`

// num reads a decimal that is known to be one.
func num(s string) money.Num {
	whole, frac, _ := strings.Cut(s, ".")
	n := money.Num{Scale: uint8(len(frac))}
	for _, c := range whole + frac {
		n.Coef = 10*n.Coef + int64(c-'0')
	}
	return n
}

func TestDecodeLiquidity(t *testing.T) {
	var d LiquidityDecoder
	var l Liquidity
	if err := d.Decode(&l, []byte(sampleOffer), sinceTime, recvTime); err != nil {
		t.Fatal(err)
	}
	ts := at("2026-11-23T02:55:07Z")
	want := &market.Offer{
		Key: market.Key{Venue: "vault-a", Pair: market.Pair{Base: "BTC", Quote: "USD"}},
		Seq: 42, Time: ts, RecvTime: ts, ValidUntil: at("2026-11-23T02:55:12Z"), Custody: market.Available,
		Sell: []market.Tier{
			{Name: "INSTANT", Min: num("0.10000000"), Max: num("5.00000000"), Price: num("68001.0"), Whole: true,
				FeeBps: num("10"), FixedFee: num("25.00"), FixedFeeAsset: "USD", Settle: time.Minute},
			{Name: "STANDARD", Min: num("5.00000000"), Max: num("50.00000000"), Price: num("67980.0"),
				FeeBps: num("10"), Settle: time.Hour},
		},
		Buy: []market.Tier{
			{Min: num("0.10000000"), Max: num("5.00000000"), Price: num("68025.0"), Whole: true, Settle: 1500 * time.Millisecond},
		},
	}
	if !reflect.DeepEqual(l.Offer, want) {
		t.Errorf("Decode =\n%+v\nwant\n%+v", l.Offer, want)
	}
	if home := broker.Partition([]byte("vault-a|BTC"), 6); l.Home != home || !l.Timed || l.Short || l.Unknown != 0 {
		t.Errorf("Decode = %+v, want partition %d", l, home)
	}
}

// A record in the short form is the record in the long form that the table says.
func TestShortForm(t *testing.T) {
	const in = `{"provider":"vault-b","asset":"ETH","tiers":[{"size":"1.5","price":"2500"},{"size":"10","price":"2490.5"},
		{"size":"0.25","price":"2480"}],"valid_until":"2026-11-23T02:55:12Z","custody_status":"degraded"}`
	var d LiquidityDecoder
	var l Liquidity
	if err := d.Decode(&l, []byte(in), sinceTime, recvTime); err != nil {
		t.Fatal(err)
	}
	side := []market.Tier{
		{Min: num("0"), Max: num("1.5"), Price: num("2500")},
		{Min: num("1.5"), Max: num("11.5"), Price: num("2490.5")},
		{Min: num("11.5"), Max: num("11.75"), Price: num("2480")},
	}
	want := &market.Offer{
		Key:      market.Key{Venue: "vault-b", Pair: market.Pair{Base: "ETH", Quote: "USD"}},
		RecvTime: sinceTime, ValidUntil: at("2026-11-23T02:55:12Z"), Custody: market.Degraded, Sell: side, Buy: side,
	}
	if !reflect.DeepEqual(l.Offer, want) || !l.Short || l.Timed {
		t.Errorf("Decode =\n%+v\nwant\n%+v", l.Offer, want)
	}
	if &l.Offer.Sell[0] == &l.Offer.Buy[0] {
		t.Error("both sides are one list: who changes one changes the other")
	}
}

// offer returns a record in the long form that is good but for what is added or
// replaced: pairs of old and new text.
func offer(replace ...string) string {
	const good = `{"v":1,"provider":"lab","asset":"BTC","quote":"USD","seq":1,"valid_until":"2030-01-01T00:00:00Z",` +
		`"sell":[{"min":"0","max":"1","price":"5","mode":"slice"}],"custody_status":"available"}`
	return strings.NewReplacer(replace...).Replace(good)
}

const shortOffer = `{"provider":"lab","asset":"BTC","tiers":[{"size":"1","price":"5"}],"valid_until":"2030-01-01T00:00:00Z"}`

func TestLiquidityRules(t *testing.T) {
	tests := []struct {
		name, in string
		ok       func(l *Liquidity) bool
	}{
		{"a record without a time may be as old as the last look", offer(),
			func(l *Liquidity) bool { return l.Offer.RecvTime == sinceTime && !l.Timed && l.Offer.Time == 0 }},
		{"a time far in the future says nothing", offer(`"seq":1`, `"seq":1,"ts":"2199-01-01T00:00:00Z"`),
			func(l *Liquidity) bool { return l.Offer.RecvTime == sinceTime && l.Timed }},
		{"a clock that is a little ahead is ours", offer(`"seq":1`, `"seq":1,"ts":"2027-01-15T08:00:00.25Z"`),
			func(l *Liquidity) bool { return l.Offer.RecvTime == recvTime }},
		{"but no more than that", offer(`"seq":1`, `"seq":1,"ts":"2027-01-15T08:00:00.250000001Z"`),
			func(l *Liquidity) bool { return l.Offer.RecvTime == sinceTime }},
		{"unknown keys are ignored and counted, in tiers too", offer(`"mode"`, `"x":[{}],"mode"`, `"seq"`, `"y":null,"seq"`),
			func(l *Liquidity) bool { return l.Unknown == 2 }},
		{"an offer says its origin", offer(`"seq"`, `"origin":"simulated","seq"`),
			func(l *Liquidity) bool { return l.Offer.Origin == market.Simulated }},
		{"custody that is not named is unknown", offer(`,"custody_status":"available"`, ``),
			func(l *Liquidity) bool { return l.Offer.Custody == market.CustodyUnknown }},
		{"a side may be missing, and both may be empty", offer(`"sell":[{"min":"0","max":"1","price":"5","mode":"slice"}]`, `"buy":[]`),
			func(l *Liquidity) bool { return len(l.Offer.Sell)+len(l.Offer.Buy) == 0 }},
		{"the settlement of the record comes after the tiers", offer(`,"custody`, `,"settlement_ms":2592000000,"custody`),
			func(l *Liquidity) bool { return l.Offer.Sell[0].Settle == 30*24*time.Hour }},
		{"a tier that settles at once says so", offer(`"mode"`, `"settlement_ms":0,"mode"`, `,"custody`, `,"settlement_ms":9,"custody`),
			func(l *Liquidity) bool { return l.Offer.Sell[0].Settle == 0 }},
		{"a spread off a reference", offer(`"price":"5"`, `"spread_bps":"2.5","reference":"BTC-EUR"`),
			func(l *Liquidity) bool {
				s := l.Offer.Sell[0]
				return s.SpreadBps == num("2.5") && s.Reference == market.Pair{Base: "BTC", Quote: "EUR"} && s.Price.IsZero()
			}},
		{"min is 0 where it is missing", offer(`"min":"0",`, ``),
			func(l *Liquidity) bool { return l.Offer.Sell[0].Min.IsZero() }},
		{"the short form may name a quote, a number and a time",
			strings.Replace(shortOffer, `{`, `{"v":1,"quote":"EUR","seq":7,"ts":"2027-01-15T07:59:59Z",`, 1),
			func(l *Liquidity) bool {
				return l.Offer.Key.Pair.Quote == "EUR" && l.Offer.Seq == 7 && l.Offer.RecvTime == recvTime-int64(time.Second)
			}},
		{"what fits no asset's scale is not the decoder's to know", offer(`"max":"1"`, `"max":"0.123456789012345678"`),
			func(l *Liquidity) bool { return l.Offer.Sell[0].Max == num("0.123456789012345678") }},
	}
	var d LiquidityDecoder
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l Liquidity
			if err := d.Decode(&l, []byte(tt.in), sinceTime, recvTime); err != nil || !tt.ok(&l) {
				t.Errorf("Decode(%s) = %+v, %v", tt.in, l.Offer, err)
			}
		})
	}
}

func TestLiquidityRefuses(t *testing.T) {
	tier := func(s string) string { return offer(`{"min":"0","max":"1","price":"5","mode":"slice"}`, s) }
	tests := []struct {
		name, in, code string
		known          bool // the error names the provider and the asset
	}{
		{"nothing", ``, CodeBadJSON, false},
		{"half a record", `{"provider":"lab","asset":"BTC","seq":`, CodeBadJSON, true},
		{"trailing bytes", offer() + `x`, CodeBadJSON, true},
		{"a duplicate key", offer(`"seq":1`, `"seq":1,"seq":2`), CodeBadJSON, true},
		{"a duplicate key of a tier", offer(`"min":"0"`, `"min":"0","min":"0"`), CodeBadJSON, true},
		{"another major", offer(`"v":1,`, ``, `"seq":1`, `"seq":1,"v":2`), CodeUnknownMajor, true},
		{"no major in the long form", offer(`"v":1,`, ``), CodeUnknownMajor, true},
		{"another major in the short form", shortOffer[:len(shortOffer)-1] + `,"v":2}`, CodeUnknownMajor, true},
		{"no provider", offer(`"provider":"lab",`, ``), CodeBadKey, false},
		{"a provider in capitals", offer(`lab`, `Lab`), CodeBadKey, false},
		{"no asset", offer(`"asset":"BTC",`, ``), CodeBadKey, false},
		{"an asset in small letters", offer(`BTC`, `btc`), CodeBadKey, false},
		{"no quote in the long form", offer(`"quote":"USD",`, ``), CodeBadKey, true},
		{"an asset against itself", offer(`"USD"`, `"BTC"`), CodeBadKey, true},
		{"USD in the short form", strings.Replace(shortOffer, "BTC", "USD", 1), CodeBadKey, true},
		{"no number", offer(`"seq":1,`, ``), CodeUnsequenced, true},
		{"a negative number", offer(`"seq":1,`, `"seq":-1,`), CodeRefusedNumber, true},
		{"a number with a point", offer(`"seq":1,`, `"seq":1.0,`), CodeRefusedNumber, true},
		{"no end", offer(`"valid_until":"2030-01-01T00:00:00Z",`, ``), CodeBadTime, true},
		{"no end in the short form", strings.Replace(shortOffer, "valid_until", "until", 1), CodeBadTime, true},
		{"a local time", offer(`00Z`, `00+01:00`), CodeBadTime, true},
		{"a time of no day", offer(`2030-01-01`, `2030-02-30`), CodeBadTime, true},
		{"another origin", offer(`"seq"`, `"origin":"dream","seq"`), CodeBadType, true},
		{"another custody", offer(`available`, `frozen`), CodeBadType, true},
		{"an amount that is a number", offer(`"max":"1"`, `"max":1`), CodeRefusedNumber, true},
		{"an exponent", offer(`"max":"1"`, `"max":"1e3"`), CodeRefusedNumber, true},
		{"a sign", offer(`"price":"5"`, `"price":"-5"`), CodeRefusedNumber, true},
		{"NaN", offer(`"price":"5"`, `"price":"NaN"`), CodeRefusedNumber, true},
		{"an amount beyond 64 bits", offer(`"max":"1"`, `"max":"9999999999999999999"`), CodeRefusedNumber, true},
		{"a fee that is a number", offer(`"mode"`, `"fee_bps":10,"mode"`), CodeRefusedNumber, true},
		{"a settlement of more than 30 days", offer(`"mode"`, `"settlement_ms":2592000001,"mode"`), CodeRefusedNumber, true},
		{"a settlement beyond 64 bits of nanoseconds", offer(`"mode"`, `"settlement_ms":18446744073709551615,"mode"`), CodeRefusedNumber, true},
		{"a side that is no list", tier(`1`)[:0] + offer(`[{"min":"0","max":"1","price":"5","mode":"slice"}]`, `{}`), CodeBadJSON, true},
		{"a tier that is no object", tier(`1`), CodeBadJSON, true},
		{"a tier without max", tier(`{"price":"5","mode":"slice"}`), CodeBadOffer, true},
		{"a tier without mode", tier(`{"max":"1","price":"5"}`), CodeBadOffer, true},
		{"another mode", tier(`{"max":"1","price":"5","mode":"half"}`), CodeBadOffer, true},
		{"a tier without price", tier(`{"max":"1","mode":"slice"}`), CodeBadOffer, true},
		{"a price and a spread", tier(`{"max":"1","price":"5","spread_bps":"1","reference":"A-B","mode":"slice"}`), CodeBadOffer, true},
		{"a price and a reference", tier(`{"max":"1","price":"5","reference":"A-B","mode":"slice"}`), CodeBadOffer, true},
		{"a spread off nothing", tier(`{"max":"1","spread_bps":"1","mode":"slice"}`), CodeBadOffer, true},
		{"a reference that is no market", tier(`{"max":"1","spread_bps":"1","reference":"BTC","mode":"slice"}`), CodeBadKey, true},
		{"a fixed fee without amount", offer(`"mode"`, `"fixed_fee":{"asset":"USD"},"mode"`), CodeBadOffer, true},
		{"a fixed fee without asset", offer(`"mode"`, `"fixed_fee":{"amount":"1"},"mode"`), CodeBadOffer, true},
		{"a fixed fee that is null", offer(`"mode"`, `"fixed_fee":null,"mode"`), CodeBadJSON, true},
		{"a name that needs escapes", offer(`"mode"`, `"name":"a\"b","mode"`), CodeBadOffer, true},
		{"a name that is not ASCII", offer(`"mode"`, `"name":"é","mode"`), CodeBadOffer, true},
		{"a name of 33 letters", offer(`"mode"`, `"name":"`+strings.Repeat("x", 33)+`","mode"`), CodeBadOffer, true},
		{"65 tiers", tier(strings.Repeat(`{"max":"1","price":"5","mode":"slice"},`, 64) + `{}`), CodeOversize, true},
		{"65 sizes", strings.Replace(shortOffer, `[`, `[`+strings.Repeat(`{"size":"1","price":"5"},`, 64), 1), CodeOversize, true},
		{"a size without price", strings.Replace(shortOffer, `"price"`, `"prize"`, 1), CodeBadOffer, true},
		{"sizes whose sum does not fit", strings.Replace(shortOffer, `[`, `[`+strings.Repeat(`{"size":"9000000000000000000","price":"5"},`, 2), 1), CodeRefusedNumber, true},
		{"sizes that have no scale in common", strings.Replace(shortOffer, `[`, `[{"size":"0.000000000000000001","price":"5"},{"size":"10","price":"5"},`, 1), CodeRefusedNumber, true},
		{"both forms", shortOffer[:len(shortOffer)-1] + `,"sell":[]}`, CodeBadOffer, true},
		{"too many bytes", offer(`"seq"`, `"x":"`+strings.Repeat("x", MaxRecord)+`","seq"`), CodeOversize, false},
	}
	var d LiquidityDecoder
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l Liquidity
			err := d.Decode(&l, []byte(tt.in), sinceTime, recvTime)
			var re *RecordError
			if !errors.As(err, &re) || re.Code != tt.code || (re.Key != market.Key{}) != tt.known || l.Offer != nil {
				t.Fatalf("Decode = %v; want code %s, provider known %t", err, tt.code, tt.known)
			}
			if !slices.Contains(LiquidityCodes[:], re.Code) {
				t.Errorf("code %s is not in LiquidityCodes", re.Code)
			}
		})
	}
}

func TestDecodeReference(t *testing.T) {
	const in = `{"v":1,"source":"ecb","market":"EUR-USD","price":"1.0871","ts":"2026-11-23T02:55:00.000000000Z",` +
		`"valid_until":"2026-11-24T15:00:00.000000000Z"}`
	var d ReferenceDecoder
	var r Reference
	ts := at("2026-11-23T02:55:00Z")
	want := Reference{
		Price: market.Reference{
			Source: "ecb", Pair: market.Pair{Base: "EUR", Quote: "USD"}, Price: num("1.0871"),
			Time: ts, RecvTime: ts, ValidUntil: at("2026-11-24T15:00:00Z"),
		},
		Timed: true, Home: broker.Partition([]byte("ecb|EUR-USD"), 3),
	}
	if err := d.Decode(&r, []byte(in), sinceTime, recvTime); err != nil || r != want {
		t.Errorf("Decode = %+v, %v; want %+v", r, err, want)
	}
	if again := AppendReference(nil, &r.Price); string(again) != in {
		t.Errorf("AppendReference = %s, want %s", again, in)
	}
	tests := []struct {
		name, old, new, code string
		known                bool
	}{
		{"no major", `"v":1,`, ``, CodeUnknownMajor, true},
		{"another major", `"v":1,`, `"v":2,`, CodeUnknownMajor, false},
		{"no source", `"source":"ecb",`, ``, CodeBadKey, false},
		{"a source in capitals", `ecb`, `ECB`, CodeBadKey, false},
		{"no market", `EUR-USD`, `EUR`, CodeBadKey, false},
		{"a market without end", `EUR-USD`, strings.Repeat("E", 99) + "-USD", CodeBadKey, false},
		{"a price of nothing", `1.0871`, `0.0`, CodeRefusedNumber, true},
		{"no price", `"price":"1.0871",`, ``, CodeRefusedNumber, true},
		{"a price that is a number", `"1.0871"`, `1.0871`, CodeRefusedNumber, true},
		{"no end", `,"valid_until":"2026-11-24T15:00:00.000000000Z"`, ``, CodeBadTime, true},
		{"a duplicate key", `"v":1,`, `"v":1,"v":1,`, CodeBadJSON, false},
		{"another origin", `}`, `,"origin":"dream"}`, CodeBadType, true},
		{"trailing bytes", `}`, `}]`, CodeBadJSON, true},
		{"too many bytes", `}`, strings.Repeat(" ", MaxRecord) + `}`, CodeOversize, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var re *RecordError
			err := d.Decode(&r, []byte(strings.Replace(in, tt.old, tt.new, 1)), sinceTime, recvTime)
			if !errors.As(err, &re) || re.Code != tt.code || (re.Key != market.Key{}) != tt.known {
				t.Errorf("Decode = %v; want code %s, source known %t", err, tt.code, tt.known)
			}
		})
	}
}

// genOffer draws offers of the form that AppendOffer writes.
func genOffer(t *rapid.T) *market.Offer {
	amount := func(name string) money.Num {
		return money.Num{Coef: rapid.Int64Min(0).Draw(t, name), Scale: rapid.Uint8Max(money.MaxScale).Draw(t, name+" scale")}
	}
	symbol := rapid.StringMatching(`[A-Y][A-Z0-9]{0,31}`)
	genTier := func() market.Tier {
		tier := market.Tier{
			Name: rapid.StringMatching(`[ !#-\[\]-~]{0,32}`).Draw(t, "name"),
			Min:  amount("min"), Max: amount("max"), Whole: rapid.Bool().Draw(t, "whole"),
			Settle: time.Duration(rapid.Int64Range(0, 2592000000).Draw(t, "settle")) * time.Millisecond,
		}
		if tier.FeeBps = amount("fee"); tier.FeeBps.IsZero() {
			tier.FeeBps = money.Num{}
		}
		if rapid.Bool().Draw(t, "fixed") {
			tier.FixedFee, tier.FixedFeeAsset = amount("fixed fee"), symbol.Draw(t, "fee asset")
		}
		if rapid.Bool().Draw(t, "spread") {
			tier.SpreadBps, tier.Reference = amount("bps"), market.Pair{Base: symbol.Draw(t, "of"), Quote: "ZZ"}
		} else {
			tier.Price = amount("price")
		}
		return tier
	}
	o := &market.Offer{
		Key: market.Key{
			Venue: rapid.StringMatching(`[a-z][a-z0-9_-]{0,31}`).Draw(t, "provider"),
			Pair:  market.Pair{Base: symbol.Draw(t, "base"), Quote: "Z"},
		},
		Seq: rapid.Uint64().Draw(t, "seq"), Time: rapid.Int64Range(1, recvTime).Draw(t, "time"),
		ValidUntil: rapid.Int64Range(0, 2*recvTime).Draw(t, "until"), LastLook: rapid.Bool().Draw(t, "last look"),
		Custody: market.Custody(rapid.IntRange(0, 3).Draw(t, "custody")), Origin: market.Origin(rapid.IntRange(0, 2).Draw(t, "origin")),
	}
	o.RecvTime = o.Time
	for range rapid.IntRange(0, 4).Draw(t, "sell") {
		o.Sell = append(o.Sell, genTier())
	}
	for range rapid.IntRange(0, 4).Draw(t, "buy") {
		o.Buy = append(o.Buy, genTier())
	}
	return o
}

// What is written is read again digit for digit.
func TestOfferRoundTrip(t *testing.T) {
	var d LiquidityDecoder
	rapid.Check(t, func(t *rapid.T) {
		want := genOffer(t)
		text := AppendOffer(nil, want)
		var got Liquidity
		if err := d.Decode(&got, text, sinceTime, recvTime); err != nil {
			t.Fatalf("Decode(%s): %v", text, err)
		}
		if !reflect.DeepEqual(got.Offer, want) {
			t.Fatalf("%s\ngot  %+v\nwant %+v", text, got.Offer, want)
		}
	})
}

// The records of the documentation are read, each by the decoder of its kind.
func TestDocumentedRecords(t *testing.T) {
	text, err := os.ReadFile("../docs/records.md")
	if err != nil {
		t.Fatal(err)
	}
	var book, offers, refs int
	for _, block := range strings.Split(string(text), "```json\n")[1:] {
		in, _, _ := strings.Cut(block, "```")
		err, unknown := error(nil), 0
		switch {
		case strings.Contains(in, `"provider"`):
			var l Liquidity
			err, offers = new(LiquidityDecoder).Decode(&l, []byte(in), 0, recvTime), offers+1
			unknown = l.Unknown
		case strings.Contains(in, `"source"`):
			var r Reference
			err, refs = new(ReferenceDecoder).Decode(&r, []byte(in), 0, recvTime), refs+1
			unknown = r.Unknown
		default:
			var r Record
			err, book = new(Decoder).Decode(&r, []byte(in), 0, recvTime), book+1
			unknown = r.Unknown
		}
		if err != nil || unknown != 0 {
			t.Errorf("%s\n%v, %d unknown keys", in, err, unknown)
		}
	}
	if book < 1 || offers < 2 || refs < 1 {
		t.Errorf("%d book records, %d offers, %d references", book, offers, refs)
	}
}
