package verify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"chronos.dev/api"
	"chronos.dev/dump"
	"chronos.dev/engine"
	"chronos.dev/money"
	"chronos.dev/verify"
)

type object = map[string]any

// randomMarket is a market file around prices that agree, with fees of both
// kinds, venues that cross, and assets of several scales.
func randomMarket(r *rand.Rand) object {
	symbols := []string{"BTC", "USD", "ETH", "EUR", "XMR", "DAI"}[:3+r.IntN(4)]
	worth := map[string]float64{"BTC": 68000, "USD": 1, "ETH": 2600, "EUR": 1.08, "XMR": 150, "DAI": 1}
	venues := []string{"a", "b", "c", "d", "e"}[:1+r.IntN(5)]
	m := object{"as_of": "2026-11-23T12:00:00Z", "assets": []any{object{"symbol": "DAI", "scale": 6, "engine_scale": 6 + r.IntN(7)}}}
	var markets []any
	for i, base := range symbols {
		for _, quote := range symbols[i+1:] {
			for _, v := range venues {
				if r.IntN(3) == 0 {
					continue
				}
				mid := worth[base] / worth[quote] * (1 + 0.0008*r.NormFloat64())
				k := object{
					"venue": v, "base": base, "quote": quote,
					"taker_fee_bps": []string{"0", "2.6", "10", "25"}[r.IntN(4)],
					"fee_on":        []string{"received", "quote"}[r.IntN(2)],
					"version":       fmt.Sprintf("%d.%d", 1+r.IntN(9), r.IntN(1000)),
					"bids":          side(r, mid, -1, worth[base]), "asks": side(r, mid, 1, worth[base]),
				}
				markets = append(markets, k)
			}
		}
	}
	m["markets"] = markets
	return m
}

func side(r *rand.Rand, mid, sign, worth float64) []any {
	levels := []any{}
	p := mid
	for range r.IntN(8) {
		p *= 1 + sign*0.0005*(0.1+r.Float64())
		levels = append(levels, []any{fmt.Sprintf("%.8f", p), fmt.Sprintf("%.6f", 0.000001+20000/worth*r.Float64())})
	}
	return levels
}

func marshal(t *testing.T, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// quoteOf asks the real engine for a price over a market file; nil if it has none.
func quoteOf(t *testing.T, r *rand.Rand, market []byte) []byte {
	d, err := dump.Read(bytes.NewReader(market))
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Engine()
	if err != nil {
		t.Fatal(err)
	}
	sell, okSell := e.Asset([]string{"BTC", "ETH"}[r.IntN(2)])
	buy, okBuy := e.Asset([]string{"USD", "ETH"}[r.IntN(2)])
	if !okSell || !okBuy || sell.Symbol == buy.Symbol {
		return nil
	}
	req := engine.Request{Sell: sell.Symbol, Buy: buy.Symbol, MaxHops: 1 + r.IntN(3)}
	amount := money.Amount(math.Exp(12 + 14*r.Float64()))
	if r.IntN(2) == 0 {
		req.In = amount
	} else {
		req.Out = amount
	}
	if r.IntN(4) == 0 {
		req.Exclude = []string{d.Markets[r.IntN(len(d.Markets))].Key.Venue}
	}
	return price(e, req, d.AsOf)
}

// ask is quoteOf for a request.
func ask(market []byte, req engine.Request) []byte {
	d, err := dump.Read(bytes.NewReader(market))
	if err != nil {
		return nil
	}
	e, err := d.Engine()
	if err != nil {
		return nil
	}
	return price(e, req, d.AsOf)
}

func price(e *engine.Engine, req engine.Request, at time.Time) []byte {
	p, err := api.Indicate(e, req, at.UnixNano())
	if err != nil {
		return nil
	}
	return api.AppendPrice(nil, p, api.Meta{Source: "file"})
}

func parse(t *testing.T, b []byte) object {
	var v object
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// quotes is how many honest quotes a test asks for.
func quotes() int {
	switch {
	case testing.Short():
		return 100
	case os.Getenv("CHRONOS_LONG") != "":
		return 10_000
	}
	return 600
}

// TestHonestAndMutated: every quote of the engine is accepted, and every one that
// was tampered with, or whose books were, is refused for the right reason.
func TestHonestAndMutated(t *testing.T) {
	const each = 4 // mutations of a quote
	honest, refused, kinds := 0, 0, map[string]int{}
	for i := 0; honest < quotes(); i++ {
		r := rand.New(rand.NewPCG(uint64(i), 77))
		doc := randomMarket(r)
		if len(doc["markets"].([]any)) == 0 {
			continue
		}
		if r.IntN(2) == 0 {
			addProviders(r, doc)
		}
		market := marshal(t, doc)
		quote := quoteOf(t, r, market)
		if quote == nil {
			continue
		}
		honest++
		if f := verify.Verify(market, quote); len(f) > 0 {
			t.Fatalf("case %d: an honest quote is refused: %v\n%s\n%s", i, f, market, quote)
		}
		for range each {
			w := newWorld(r, parse(t, market), parse(t, quote))
			if w == nil {
				continue // only providers are used, see TestProviders
			}
			k := mutations[r.IntN(len(mutations))]
			if !k.apply(w) {
				continue
			}
			kinds[k.name]++
			refused++
			m, q := marshal(t, w.market), marshal(t, w.quote)
			if f := verify.Verify(m, q); !refusedFor(f, k.code) {
				t.Fatalf("case %d: after %s: %v, want %s\n%s\n%s", i, k.name, f, k.code, m, q)
			}
		}
	}
	for _, k := range mutations {
		if kinds[k.name] == 0 && !testing.Short() {
			t.Errorf("%s was never tried", k.name)
		}
	}
	t.Logf("%d honest quotes accepted, %d mutated ones of %d kinds refused", honest, refused, len(kinds))
	if refused < 2*honest {
		t.Errorf("%d mutations of %d quotes", refused, honest)
	}
}

func refusedFor(fails []verify.Failure, code string) bool {
	return slices.ContainsFunc(fails, func(f verify.Failure) bool {
		return f.Detail != "" && slices.Contains(strings.Fields(code), f.Code)
	})
}

// TestWild: books of any scale and size, up to what fits 63 bits, are read as the
// engine reads them.
func TestWild(t *testing.T) {
	asked := 0
	for i := range 5 * quotes() {
		r := rand.New(rand.NewPCG(uint64(i), 78))
		market := marshal(t, wildMarket(r))
		d, err := dump.Read(bytes.NewReader(market))
		if err != nil {
			continue // a price twice, as it is rounded
		}
		e, err := d.Engine()
		if err != nil {
			continue // prices and sizes that no book can hold together
		}
		req := engine.Request{Sell: "A", Buy: "B", MaxHops: 1 + r.IntN(3)}
		if amount := money.Amount(math.Exp(43 * r.Float64())); r.IntN(2) == 0 {
			req.In = amount
		} else {
			req.Out = amount
		}
		p, err := api.Indicate(e, req, d.AsOf.UnixNano())
		if err != nil {
			continue
		}
		asked++
		quote := api.AppendPrice(nil, p, api.Meta{Source: "file"})
		if f := verify.Verify(market, quote); len(f) > 0 {
			t.Fatalf("case %d: %v\n%s\n%s", i, f, market, quote)
		}
	}
	t.Logf("%d quotes accepted", asked)
	if asked < quotes()/2 {
		t.Errorf("only %d quotes", asked)
	}
}

// wildMarket is a market of three assets whose scales, prices and sizes have
// nothing to do with each other.
func wildMarket(r *rand.Rand) object {
	var assets, markets []any
	for _, s := range []string{"A", "B", "C"} {
		scale := r.IntN(19)
		assets = append(assets, object{"symbol": s, "scale": scale, "engine_scale": scale + r.IntN(19-scale)})
	}
	for i, pair := range [][2]string{{"A", "B"}, {"B", "A"}, {"A", "C"}, {"C", "B"}} {
		levels := func(up float64) []any {
			all := []any{}
			price := math.Exp(8 * r.NormFloat64() / float64(1+r.IntN(4)))
			for range r.IntN(5) {
				price *= up
				all = append(all, []any{wildNumber(price), wildNumber(math.Exp(12 * r.NormFloat64()))})
			}
			return all
		}
		k := object{
			"venue": fmt.Sprint("v", i), "base": pair[0], "quote": pair[1],
			"taker_fee_bps": []string{"0", "0.0001", "25", "9999.9999"}[r.IntN(4)],
			"fee_on":        []string{"received", "quote"}[r.IntN(2)],
			"bids":          []any{}, "asks": []any{},
		}
		if r.IntN(2) == 0 {
			k["bids"] = levels(0.9)
		} else {
			k["asks"] = levels(1.1)
		}
		markets = append(markets, k)
	}
	return object{"as_of": "2026-11-23T12:00:00Z", "assets": assets, "markets": markets}
}

// wildNumber writes a number with a few digits that it takes to tell it.
func wildNumber(v float64) string {
	if v < 1e-12 {
		v = 1e-12
	}
	return fmt.Sprintf("%.*f", max(0, 3-int(math.Floor(math.Log10(v)))), v)
}
