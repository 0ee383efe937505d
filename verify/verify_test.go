package verify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

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

func text(t *testing.T, v any) []byte {
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
	p, err := api.Indicate(e, req, d.AsOf.UnixNano())
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

// TestHonestAndMutated: every quote of the engine is accepted, and every one that
// was tampered with, or whose books were, is refused.
func TestHonestAndMutated(t *testing.T) {
	quotes := 3_000
	switch {
	case testing.Short():
		quotes = 400
	case os.Getenv("CHRONOS_LONG") != "":
		quotes = 10_000
	}
	honest, mutated := 0, map[string]int{}
	for i := 0; honest < quotes; i++ {
		r := rand.New(rand.NewPCG(uint64(i), 77))
		doc := randomMarket(r)
		if len(doc["markets"].([]any)) == 0 {
			continue
		}
		market := text(t, doc)
		quote := quoteOf(t, r, market)
		if quote == nil {
			continue
		}
		honest++
		if f := verify.Verify(market, quote); len(f) > 0 {
			t.Fatalf("case %d: an honest quote is refused: %v\n%s\n%s", i, f, market, quote)
		}
		m, q := parse(t, market), parse(t, quote)
		kind := mutate(r, m, q)
		if kind == "" {
			continue
		}
		mutated[kind]++
		if f := verify.Verify(text(t, m), text(t, q)); len(f) == 0 {
			t.Fatalf("case %d: accepted after %s:\n%s\n%s", i, kind, text(t, m), text(t, q))
		}
	}
	sum := 0
	for kind, n := range mutated {
		sum += n
		if n < quotes/400 {
			t.Errorf("%s only %d times", kind, n)
		}
	}
	t.Logf("%d honest quotes accepted, %d mutated ones refused: %v", honest, sum, mutated)
	if len(mutated) < 20 || sum < quotes*3/4 {
		t.Error("too few mutations to show anything")
	}
}

// bump changes a whole number or decimal given as text by one in its last digit.
func bump(s string, by int64) string {
	dot := strings.IndexByte(s, '.')
	v, _ := new(big.Int).SetString(strings.Replace(s, ".", "", 1), 10)
	v.Add(v, big.NewInt(by))
	if v.Sign() < 0 {
		v.SetInt64(1)
	}
	out := v.String()
	if dot < 0 {
		return out
	}
	dec := len(s) - dot - 1
	out = strings.Repeat("0", max(0, dec+1-len(out))) + out
	return out[:len(out)-dec] + "." + out[len(out)-dec:]
}

func bumpIn(o object, key string, by int64) bool {
	s, ok := o[key].(string)
	if ok {
		o[key] = bump(s, by)
	}
	return ok
}

// mutate changes a quote, or the books, in one way that must be noticed, and says
// how; "" if that way does not apply.
func mutate(r *rand.Rand, m, q object) string {
	c := q["certificate"].(object)
	routes := q["routes"].([]any)
	units := c["route_units"].([]any)
	at := r.IntN(len(routes))
	hops := routes[at].(object)["hops"].([]any)
	hop := hops[r.IntN(len(hops))].(object)
	along := units[at].([]any)
	sides := c["sides"].([]any)
	used := sides[r.IntN(len(sides))].(object)
	exactOut := c["exact_out"].(bool)
	book := bookOf(m, used)
	half := map[bool]string{true: "bids", false: "asks"}[used["side"] == "sell"]
	is := func(kind string, done bool) string {
		if done {
			return kind
		}
		return ""
	}
	switch r.IntN(24) {
	case 0:
		return is("a better amount", bumpIn(q, "buy_amount", 1))
	case 1:
		return is("a lower price", bumpIn(q, "sell_amount", -1))
	case 2:
		return is("more units bought", bumpIn(c, "buy_units", 1))
	case 3:
		return is("fewer units sold", bumpIn(c, "sell_units", -1))
	case 4: // and the bound as it is shown with it
		key := map[bool]string{true: "lower_bound_sell_amount", false: "upper_bound_buy_amount"}[exactOut]
		by := map[bool]int64{true: 1, false: -1}[exactOut]
		return is("a bound too tight", bumpIn(c, "bound_units", by) && bumpIn(c, key, by))
	case 5:
		return is("a looser bound", bumpIn(c, "bound_units", map[bool]int64{true: -1, false: 1}[exactOut]))
	case 6:
		g, ok := c["gap_bps"].(string)
		c["gap_bps"] = bump(g+"0", 10)
		return is("another gap", ok)
	case 7:
		i := r.IntN(len(along))
		along[i] = bump(along[i].(string), 1<<40)
		return "a place of a route with more"
	case 8:
		p, ok := c["node_prices"].(object)
		if ok {
			v, _ := new(big.Int).SetString(p["buy"].(string), 10)
			p["buy"] = v.Mul(v, big.NewInt(2)).String()
		}
		return is("a target worth twice as much", ok)
	case 9:
		p, ok := c["node_prices"].(object)
		if ok {
			v, _ := new(big.Int).SetString(p["sell"].(string), 10)
			p["sell"] = v.Quo(v, big.NewInt(2)).String()
		}
		return is("a source worth half", ok)
	case 10:
		delete(c, "node_prices")
		return "no node prices"
	case 11:
		used["digest"] = used["digest"].(string)[:60] + "0000" + used["digest"].(string)[64:]
		return "another digest"
	case 12:
		book["version"] = "99.1"
		return "a book that has moved on"
	case 13:
		used["version"] = "0.7"
		return "a quote of an older book"
	case 14:
		book[half] = []any{}
		return "a side left out of the books"
	case 15:
		m["markets"] = without(m["markets"].([]any), book)
		return "a market left out of the books"
	case 16:
		l := book[half].([]any)[0].([]any)
		l[1] = "0.00000001"
		return "a level that was lowered"
	case 17:
		hop["venue"] = "nobody"
		return "a hop at nobody's"
	case 18:
		hop["side"] = map[bool]string{true: "buy", false: "sell"}[hop["side"] == "sell"]
		return "a hop the other way"
	case 19:
		routes[at].(object)["hops"] = append(hops, hops[0])
		units[at] = append(along, along[len(along)-1])
		return "a route that goes on"
	case 20:
		c["max_hops"] = len(hops) - 1
		return "a route of too many hops"
	case 21:
		c["sides_considered"] = json.Number(fmt.Sprint(1 + num(c["sides_considered"])))
		return "a bound over more books"
	case 22:
		return is("a hop shown as more", bumpIn(hop, "buy_amount", 1))
	default: // out of one book and into another, the sum the same
		if len(routes) < 2 || len(hops) > 1 {
			return ""
		}
		other := units[(at+1)%len(units)].([]any)
		v, _ := new(big.Int).SetString(other[len(other)-1].(string), 10)
		by := v.Quo(v, big.NewInt(2)).Int64()
		if by < 1000 {
			return ""
		}
		other[len(other)-1] = bump(other[len(other)-1].(string), -by)
		along[len(along)-1] = bump(along[len(along)-1].(string), by)
		return "a book that gives more than it has"
	}
}

func num(v any) int64 {
	n, _ := v.(json.Number).Int64()
	return n
}

func bookOf(m, used object) object {
	for _, k := range m["markets"].([]any) {
		b := k.(object)
		if b["venue"] == used["venue"] && fmt.Sprint(b["base"], "-", b["quote"]) == used["market"] {
			return b
		}
	}
	return nil
}

func without(all []any, one object) (rest []any) {
	for _, k := range all {
		if fmt.Sprintf("%p", k) != fmt.Sprintf("%p", one) {
			rest = append(rest, k)
		}
	}
	return rest
}

// TestFiles: what cannot be read is said, and nothing panics.
func TestFiles(t *testing.T) {
	const market = `{"markets":[{"venue":"a","base":"BTC","quote":"USD","taker_fee_bps":"0","bids":[["1","1"]],"asks":[]}]}`
	for _, tt := range []struct{ market, quote, want string }{
		{``, `{}`, "market file: EOF"},
		{market, ``, "quote: EOF"},
		{market, `{} {}`, "quote: more than one value"},
		{market, `[]`, "quote: json"},
		{market, `{"certificate":{"sell_units":5}}`, "quote: json"},
		{market, `{"certificate":{"sell_units":"-5"}}`, "is no whole number"},
		{market, `{"certificate":{"sell_units":"123456789012345678901"}}`, "is no whole number"},
		{strings.Replace(market, `"1","1"`, `"1e9","1"`, 1), `{}`, "level"},
		{strings.Replace(market, `"taker_fee_bps":"0"`, `"taker_fee_bps":"10000"`, 1), `{}`, "taker_fee_bps"},
		{`{"assets":[{"symbol":"BTC","scale":99}],"markets":[]}`, `{}`, "scales 99"},
		{market, `{}`, "is sold for itself"},
		{market, `{"sell_asset":"BTC","buy_asset":"USD"}`, "is over 0"},
		{market, `{"sell_asset":"BTC","buy_asset":"USD","certificate":{"sides_considered":1}}`, "0 routes"},
	} {
		f := verify.Verify([]byte(tt.market), []byte(tt.quote))
		if len(f) == 0 || !strings.Contains(f[0].Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.quote, f, tt.want)
		}
	}
}

// FuzzVerify: hostile files are refused, never a panic, and never accepted.
func FuzzVerify(f *testing.F) {
	market := []byte(`{"markets":[{"venue":"a","base":"BTC","quote":"USD","taker_fee_bps":"0","bids":[["1","1"]],"asks":[]}]}`)
	f.Add(market, []byte(`{"sell_asset":"BTC","buy_asset":"USD","routes":[{"hops":[{"venue":"a","market":"BTC-USD","side":"sell"}]}],`+
		`"certificate":{"max_hops":1,"sides_considered":1,"route_units":[["1","1"]],"node_prices":{"sell":"1","buy":"1","assets":[]}}}`))
	f.Fuzz(func(t *testing.T, market, quote []byte) {
		if len(market) > 4096 || len(quote) > 4096 {
			return
		}
		if fails := verify.Verify(market, quote); len(fails) == 0 && !bytes.Contains(quote, []byte("node_prices")) {
			t.Errorf("accepted without a proof: %s", quote)
		}
	})
}
