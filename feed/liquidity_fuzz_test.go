package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"chronos.dev/market"
	"chronos.dev/money"
)

// FuzzDecodeLiquidity compares the decoder with a dumb twin on encoding/json:
// they must agree on what is a record and on every number in it.
func FuzzDecodeLiquidity(f *testing.F) {
	f.Add([]byte(sampleOffer))
	f.Add([]byte(shortOffer))
	f.Add([]byte(offer(`"price":"5"`, `"spread_bps":"2.50","reference":"BTC-EUR"`, `"seq"`, `"origin":"replay","seq"`)))
	f.Add([]byte(offer(`"mode"`, `"fixed_fee":{"asset":"USD","amount":"1","x":[]},"mode"`, `"seq":1`, `"seq":1,"seq":1`)))
	f.Add([]byte(strings.Replace(shortOffer, `[`, `[{"size":"0.00000000000000000001","price":"1e3"},`, 1)))
	f.Fuzz(func(t *testing.T, in []byte) {
		var d LiquidityDecoder
		var l Liquidity
		err := d.Decode(&l, in, sinceTime, recvTime)
		if re := (*RecordError)(nil); err != nil && !errors.As(err, &re) {
			t.Fatalf("error of type %T", err)
		}
		if bytes.ContainsRune(in, '\\') || len(in) > MaxRecord {
			return // escapes are the scanner's own fuzz test's
		}
		twin, ok := twinOffer(in)
		if ok != (err == nil) {
			t.Fatalf("Decode: %v, twin: %t", err, ok)
		}
		if !ok {
			return
		}
		got := AppendOffer(nil, l.Offer)
		if want := AppendOffer(nil, twin); !bytes.Equal(got, want) || l.Offer.RecvTime != twin.RecvTime {
			t.Fatalf("Decode %s\ntwin   %s", got, want)
		}
		if err := d.Decode(&l, got, sinceTime, recvTime); err != nil {
			t.Fatalf("cannot read back %s: %v", got, err)
		}
	})
}

var twinName = regexp.MustCompile(`^[ -!#-\[\]-~]{0,32}$`)

// twin reads the members of objects and remembers whether one was bad.
type twin struct{ bad bool }

func (w *twin) str(m map[string]any, key, pattern string) string {
	v, ok := m[key]
	s, isString := v.(string)
	w.bad = w.bad || ok && (!isString || !regexp.MustCompile(pattern).MatchString(s))
	return s
}

func (w *twin) whole(m map[string]any, key string, def, most uint64) uint64 {
	v, ok := m[key]
	if !ok {
		return def
	}
	n, ok := v.(json.Number)
	i, good := new(big.Int).SetString(string(n), 10)
	if !ok || !good || n[0] == '-' || !i.IsUint64() || i.Uint64() > most {
		w.bad = true
		return 0
	}
	return i.Uint64()
}

func (w *twin) when(m map[string]any, key string, def int64) int64 {
	s := w.str(m, key, `Z$`)
	if _, ok := m[key]; !ok {
		return def
	}
	var at time.Time
	err := at.UnmarshalText([]byte(s))
	w.bad = w.bad || err != nil || at.Year() < 1970 || at.Year() > 2200
	return at.UnixNano()
}

func (w *twin) amount(m map[string]any, key string) money.Num {
	if _, ok := m[key]; !ok {
		return money.Num{}
	}
	whole, frac, _ := strings.Cut(w.str(m, key, twinAmount.String()), ".")
	for len(frac) > 18 && strings.HasSuffix(frac, "0") {
		frac = frac[:len(frac)-1]
	}
	n, ok := new(big.Int).SetString(whole+frac, 10)
	if !ok || !n.IsInt64() || len(frac) > 18 {
		w.bad = true
		return money.Num{}
	}
	return money.Num{Coef: n.Int64(), Scale: uint8(len(frac))}
}

func (w *twin) list(m map[string]any, key string, each func(m map[string]any) market.Tier) (side []market.Tier) {
	v, ok := m[key]
	list, isList := v.([]any)
	w.bad = w.bad || ok && !isList || len(list) > 64
	for _, v := range list {
		m, ok := v.(map[string]any)
		w.bad = w.bad || !ok
		side = append(side, each(m))
	}
	return side
}

// twinOffer follows the rules of the format without regard to speed.
func twinOffer(in []byte) (*market.Offer, bool) {
	dec := json.NewDecoder(bytes.NewReader(in))
	dec.UseNumber()
	if !json.Valid(in) || !utf8.Valid(in) {
		return nil, false
	}
	v, err := tree(dec, 1)
	m, ok := v.(map[string]any)
	if err != nil || !ok {
		return nil, false
	}
	const symbol = `^[A-Z0-9]{1,32}$`
	w := &twin{}
	has := func(key string) bool { _, ok := m[key]; return ok }
	short := has("tiers")
	o := &market.Offer{
		Seq: w.whole(m, "seq", 0, 1<<64-1), Time: w.when(m, "ts", 0), ValidUntil: w.when(m, "valid_until", 0),
		RecvTime: sinceTime,
	}
	o.Key.Venue, o.Key.Pair.Base = w.str(m, "provider", twinVenue.String()), w.str(m, "asset", symbol)
	o.Key.Pair.Quote = w.str(m, "quote", symbol)
	if has("ts") && o.Time <= recvTime+int64(time.Second/4) {
		o.RecvTime = min(o.Time, recvTime)
	}
	if short && !has("quote") {
		o.Key.Pair.Quote = "USD"
	}
	o.Origin, _ = market.ParseOrigin([]byte(w.str(m, "origin", `^(venue|replay|simulated)$`)))
	o.Custody, _ = market.ParseCustody(w.str(m, "custody_status", `^(unknown|available|degraded|locked)$`))
	if v, ok := m["last_look"]; ok {
		yes, isBool := v.(bool)
		w.bad, o.LastLook = w.bad || !isBool, yes
	}
	settle := w.whole(m, "settlement_ms", 0, 30*24*3600*1000)
	o.Sell, o.Buy = w.tiers(m, "sell", settle), w.tiers(m, "buy", settle)
	if short {
		o.Sell = w.steps(m, settle)
		o.Buy = o.Sell
		w.bad = w.bad || has("sell") || has("buy")
	} else {
		w.bad = w.bad || !has("v") || !has("seq")
	}
	w.bad = w.whole(m, "v", 1, 1) != 1 || w.bad || !has("valid_until") || !has("provider") || !has("asset") ||
		o.Key.Pair.Quote == "" || o.Key.Pair.Quote == o.Key.Pair.Base
	return o, !w.bad
}

func (w *twin) tiers(m map[string]any, key string, settle uint64) []market.Tier {
	return w.list(m, key, func(m map[string]any) market.Tier {
		has := func(key string) bool { _, ok := m[key]; return ok }
		t := market.Tier{
			Name: w.str(m, "name", twinName.String()), Min: w.amount(m, "min"), Max: w.amount(m, "max"),
			Price: w.amount(m, "price"), SpreadBps: w.amount(m, "spread_bps"), FeeBps: w.amount(m, "fee_bps"),
			Whole:  w.str(m, "mode", `^(whole|slice)$`) == "whole",
			Settle: time.Duration(w.whole(m, "settlement_ms", settle, 30*24*3600*1000)) * time.Millisecond,
		}
		if pair := twinMarket.FindStringSubmatch(w.str(m, "reference", twinMarket.String())); pair != nil {
			t.Reference = market.Pair{Base: pair[1], Quote: pair[2]}
			w.bad = w.bad || pair[1] == pair[2]
		}
		w.bad = w.bad || !has("max") || !has("mode") || has("price") == has("spread_bps") ||
			has("spread_bps") != has("reference")
		if v, ok := m["fixed_fee"]; ok {
			fee, isObject := v.(map[string]any)
			t.FixedFeeAsset, t.FixedFee = w.str(fee, "asset", `^[A-Z0-9]{1,32}$`), w.amount(fee, "amount")
			_, paid := fee["amount"]
			w.bad = w.bad || !isObject || t.FixedFeeAsset == "" || !paid
		}
		return t
	})
}

func (w *twin) steps(m map[string]any, settle uint64) []market.Tier {
	from := money.Num{}
	return w.list(m, "tiers", func(m map[string]any) market.Tier {
		_, size := m["size"]
		_, price := m["price"]
		w.bad = w.bad || !size || !price
		n := w.amount(m, "size")
		scale := max(n.Scale, from.Scale)
		ten := func(n money.Num) *big.Int {
			p := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale-n.Scale)), nil)
			return p.Mul(p, big.NewInt(n.Coef))
		}
		t := market.Tier{Min: from, Price: w.amount(m, "price"), Settle: time.Duration(settle) * time.Millisecond}
		a, b := ten(from), ten(n)
		sum := new(big.Int).Add(a, b)
		w.bad = w.bad || !sum.IsInt64()
		t.Max = money.Num{Coef: sum.Int64(), Scale: scale}
		from = t.Max
		return t
	})
}
