package verify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"chronos.dev/dump"
	"chronos.dev/engine"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/verify"
)

// addProviders adds treasury providers to a random market, and times after which
// books and tiers settle.
func addProviders(r *rand.Rand, m object) {
	worth := map[string]float64{"BTC": 68000, "USD": 1, "ETH": 2600, "EUR": 1.08, "XMR": 150, "DAI": 1}
	seen, all := map[string]bool{}, []any{}
	for _, k := range m["markets"].([]any) {
		b := k.(object)
		b["settlement_ms"] = 1000 * r.IntN(4)
		base, quote := b["base"].(string), b["quote"].(string)
		if pair := base + quote; seen[pair] || r.IntN(4) == 0 {
			continue
		} else {
			seen[pair] = true
		}
		for i := range r.IntN(3) {
			mid := worth[base] / worth[quote] * (1 + 0.0005*r.NormFloat64())
			all = append(all, object{
				"provider": fmt.Sprint("vault", i), "asset": base, "quote": quote, "version": fmt.Sprint("1.", 1+r.IntN(99)),
				"sell": tierList(r, mid, -1, base, quote, worth), "buy": tierList(r, mid, 1, base, quote, worth),
			})
		}
	}
	m["providers"] = all
}

func tierList(r *rand.Rand, mid, sign float64, base, quote string, worth map[string]float64) []any {
	list, at := []any{}, 0.0
	if r.IntN(2) == 0 {
		at = 200 / worth[base]
	}
	price := mid
	for range r.IntN(4) {
		next := at + (100+60000*r.Float64())/worth[base]
		if r.IntN(3) == 0 {
			price = mid * (1 + sign*0.0004*r.NormFloat64())
		} else {
			price *= 1 + sign*0.0004*r.Float64()
		}
		t := object{
			"name": []string{"INSTANT", "FAST", "own name"}[r.IntN(3)], "min": fmt.Sprintf("%.6f", at), "max": fmt.Sprintf("%.6f", next),
			"price": fmt.Sprintf("%.8f", price), "mode": []string{"whole", "slice"}[r.IntN(2)],
			"fee_bps": []string{"0", "1", "2.5"}[r.IntN(3)], "settlement_ms": 1000 * r.IntN(5),
		}
		if r.IntN(12) == 0 { // what rests on it waits too
			delete(t, "price")
			t["spread_bps"], t["reference"] = "2.5", "BTC-CHF"
		}
		if r.IntN(2) == 0 {
			t["fixed_fee"] = object{"asset": quote, "amount": fmt.Sprintf("%.2f", 4*r.Float64()/worth[quote])}
		}
		if r.IntN(6) == 0 {
			t["fixed_fee"] = object{"asset": base, "amount": fmt.Sprintf("%.6f", 3*r.Float64()/worth[base])}
		}
		list, at = append(list, t), next
	}
	return list
}

// addTerms adds what some venues ask for beside their fee.
func addTerms(r *rand.Rand, m object) {
	for _, k := range m["markets"].([]any) {
		b := k.(object)
		if r.IntN(4) == 0 {
			b["min_size"] = fmt.Sprintf("%.8f", 0.2*r.Float64())
		}
		if r.IntN(4) == 0 {
			b["lot"] = fmt.Sprintf("%.8f", 1e-8+0.01*r.Float64()*r.Float64())
		}
		for _, end := range []string{"withdraw_base", "withdraw_quote"} {
			if r.IntN(4) == 0 {
				b[end] = fmt.Sprintf("%.12f", 0.01*r.Float64())
			}
		}
	}
}

// TestProviders: what the engine makes of a market file with providers, limits of
// settlement and terms of venues is accepted, as the answer to what was asked for.
func TestProviders(t *testing.T) {
	honest, tiers, leaves, all := 0, 0, 0, tampered{}
	for i := 0; honest < quotes(); i++ {
		r := rand.New(rand.NewPCG(uint64(i), 82))
		doc := randomMarket(r)
		if len(doc["markets"].([]any)) == 0 {
			continue
		}
		addProviders(r, doc)
		addTerms(r, doc)
		market := marshal(t, doc)
		req, asked, ok := randomRequest(t, r, market)
		if !ok {
			continue
		}
		quote := ask(market, req)
		if quote == nil {
			continue
		}
		honest++
		if bytes.Contains(quote, []byte(`"tier_index"`)) {
			tiers++
		}
		if bytes.Contains(quote, []byte(`"leaves"`)) {
			leaves++
		}
		if f := verify.Check(market, quote, asked).Failures; len(f) > 0 {
			t.Fatalf("case %d: %v\n%s\n%s", i, f, market, quote)
		}
		if i%8 == 0 { // as the engine itself writes its market down
			if f := verify.Check(snapshot(t, market), quote, asked).Failures; len(f) > 0 {
				t.Fatalf("case %d: %v\n%s\n%s", i, f, snapshot(t, market), quote)
			}
		}
		w := &tierWorld{r: r, limit: -1}
		if limit, ok := parse(t, quote)["certificate"].(object)["max_settlement_ms"].(json.Number); ok {
			w.limit, _ = limit.Int64() // the engine's, with another strategy
		}
		all.tamper(t, i, w, nil, market, quote)
	}
	t.Logf("%d honest quotes accepted, %d use tiers, %d have leaves; %v", honest, tiers, leaves, all)
	if tiers < honest/4 || leaves < honest/8 {
		t.Error("too few")
	}
}

// snapshot is the market file of an engine that has the market of another one.
func snapshot(t *testing.T, file []byte) []byte {
	d, err := dump.Read(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Engine()
	if err != nil {
		t.Fatal(err)
	}
	return dump.Append(nil, e, d.AsOf.UnixNano())
}

// randomRequest is a request to a market file, and what is known of it to whoever
// has asked. With another strategy than the cheapest the engine chooses the limit.
func randomRequest(t *testing.T, r *rand.Rand, file []byte) (req engine.Request, asked *verify.Request, ok bool) {
	d, err := dump.Read(bytes.NewReader(file))
	if err != nil {
		t.Fatalf("%v\n%s", err, file)
	}
	assets := map[string]market.Asset{}
	for _, a := range d.Assets {
		assets[a.Symbol] = a
	}
	sell, ok1 := assets[[]string{"BTC", "ETH"}[r.IntN(2)]]
	buy, ok2 := assets[[]string{"USD", "ETH"}[r.IntN(2)]]
	req = engine.Request{Sell: sell.Symbol, Buy: buy.Symbol, MaxHops: 1 + r.IntN(3)}
	asked = &verify.Request{SellAsset: sell.Symbol, BuyAsset: buy.Symbol, MaxHops: req.MaxHops, Venues: &verify.Venues{}}
	if amount := money.Amount(math.Exp(12 + 14*r.Float64())); r.IntN(2) == 0 {
		req.In, asked.SellAmount = amount, money.Num{Coef: int64(amount), Scale: sell.EngineScale}.String()
	} else {
		req.Out, asked.BuyAmount = amount, money.Num{Coef: int64(amount), Scale: buy.EngineScale}.String()
	}
	if r.IntN(4) == 0 {
		req.Exclude = []string{d.Markets[0].Key.Venue, "vault1"}[:1+r.IntN(2)]
		asked.Venues.Exclude = req.Exclude
	}
	asked.MaxSettle = new(int64)
	switch r.IntN(3) {
	case 0:
		req.MaxSettle = time.Duration(1+r.IntN(4)) * time.Second
		*asked.MaxSettle = req.MaxSettle.Milliseconds()
	case 1:
		req.Preset, asked.MaxSettle = engine.Preset(r.IntN(3)), nil
	}
	return req, asked, ok1 && ok2 && sell != buy
}
