package verify_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"

	"chronos.dev/engine"
)

// world is a market file and a quote to be tampered with, and places in them.
type world struct {
	r             *rand.Rand
	market, quote object
	cert          object
	exactOut      bool
	routes        []any
	at            int    // one of the routes
	route, hop    object // it, and one of its hops
	hops, units   []any  // all its hops and the units along it
	used, book    object // one of the sides named, and its book in the file
	half          string // of that book, what was used
}

// newWorld is nil if no book is used.
func newWorld(r *rand.Rand, market, quote object) *world {
	w := &world{r: r, market: market, quote: quote, cert: quote["certificate"].(object)}
	w.exactOut = w.cert["exact_out"].(bool)
	w.routes = quote["routes"].([]any)
	w.at = r.IntN(len(w.routes))
	w.route = w.routes[w.at].(object)
	w.hops, w.units = w.route["hops"].([]any), w.along(w.at)
	w.hop = w.hops[r.IntN(len(w.hops))].(object)
	sides := w.cert["sides"].([]any)
	for _, i := range r.Perm(len(sides)) {
		w.used = sides[i].(object)
		for _, k := range market["markets"].([]any) {
			b := k.(object)
			if b["venue"] == w.used["venue"] && fmt.Sprint(b["base"], "-", b["quote"]) == w.used["market"] {
				w.book = b
			}
		}
		if w.book != nil {
			break
		}
	}
	if w.book == nil {
		return nil
	}
	w.half = map[bool]string{true: "bids", false: "asks"}[w.used["side"] == "sell"]
	return w
}

func (w *world) along(route int) []any {
	return w.cert["route_units"].([]any)[route].([]any)
}

// mutation changes a quote, or the books, in one way that must be noticed, for
// one of the codes; it reports whether it could.
type mutation struct {
	name, code string
	apply      func(w *world) bool
}

var mutations = append(ratesMutations, []mutation{
	{"a digit of an amount", "shown sum route fill bound", func(w *world) bool { return w.digit() }},
	{"a better amount", "shown", func(w *world) bool { return bumpIn(w.quote, "buy_amount", 1) }},
	{"a lower price", "shown", func(w *world) bool { return bumpIn(w.quote, "sell_amount", -1) }},
	{"more units bought", "sum", func(w *world) bool { return bumpIn(w.cert, "buy_units", 1) }},
	{"fewer units sold", "sum", func(w *world) bool { return bumpIn(w.cert, "sell_units", -1) }},
	{"a bound too tight, shown too", "bound", func(w *world) bool {
		by := map[bool]int64{true: 1, false: -1}[w.exactOut]
		return bumpIn(w.cert, "bound_units", by) && bumpIn(w.cert, w.boundKey(), by)
	}},
	{"a looser bound", "bound", func(w *world) bool {
		if w.exactOut && w.cert["bound_units"] == "0" {
			return false
		}
		return bumpIn(w.cert, "bound_units", map[bool]int64{true: -1, false: 1}[w.exactOut])
	}},
	{"a bound of the wrong end", "bound", func(w *world) bool {
		w.cert["exact_out"] = !w.exactOut
		return true
	}},
	{"a second bound", "shown", func(w *world) bool {
		other := map[bool]string{true: "upper_bound_buy_amount", false: "lower_bound_sell_amount"}[w.exactOut]
		w.cert[other] = w.cert[w.boundKey()]
		return true
	}},
	{"a bound shown tighter", "shown", func(w *world) bool {
		return bumpIn(w.cert, w.boundKey(), map[bool]int64{true: 1, false: -1}[w.exactOut])
	}},
	{"another gap", "shown", func(w *world) bool { return bumpIn(w.cert, "gap_bps", 1) }},
	{"no gap", "shown", func(w *world) bool {
		had := w.cert["gap_bps"] != nil
		w.cert["gap_bps"] = nil
		return had
	}},
	{"exact, or not", "shown", func(w *world) bool {
		w.quote["status"] = map[bool]string{true: "bounded", false: "exact"}[w.quote["status"] == "exact"]
		return true
	}},
	{"a target worth twice as much", "bound", func(w *world) bool { return w.price("buy", 2, 1) }},
	{"a source worth half", "bound", func(w *world) bool { return w.price("sell", 1, 2) }},
	{"a source worth nothing", "bound", func(w *world) bool { return w.price("sell", 0, 1) }},
	{"a target worth nothing", "bound", func(w *world) bool {
		return w.cert["bound_units"] != "0" && w.price("buy", 0, 1)
	}},
	{"an asset worth more after a hop", "bound", func(w *world) bool {
		n := w.nodes()
		if len(n) == 0 {
			return false
		}
		o := n[w.r.IntN(len(n))].(object)
		o["two"] = bump(o["one"].(string), 1)
		return true
	}},
	{"an asset priced twice", "bound", func(w *world) bool {
		n := w.nodes()
		if len(n) > 0 {
			w.cert["node_prices"].(object)["assets"] = append(n, n[0])
		}
		return len(n) > 0
	}},
	{"no node prices", "bound", func(w *world) bool {
		had := w.cert["node_prices"] != nil
		delete(w.cert, "node_prices")
		return had
	}},
	{"another digest", "digest", func(w *world) bool {
		d := []byte(w.used["digest"].(string))
		i := 7 + w.r.IntN(64)
		d[i] = map[bool]byte{true: '1', false: '0'}[d[i] == '0']
		w.used["digest"] = string(d)
		return true
	}},
	{"a book that has moved on", "version", func(w *world) bool {
		w.book["version"] = "99.1"
		return true
	}},
	{"a quote of an older book", "version", func(w *world) bool {
		w.used["version"] = "0.7"
		return true
	}},
	{"a side left out of the books", "market", func(w *world) bool {
		w.book[w.half] = []any{}
		return true
	}},
	{"a market left out of the books", "market", func(w *world) bool { return w.drop(w.book) }},
	{"an unused market left out of the books", "market", func(w *world) bool {
		all := w.market["markets"].([]any)
		k := all[w.r.IntN(len(all))].(object)
		return w.counted(k) && w.drop(k)
	}},
	{"a crossed book", "market", func(w *world) bool {
		other := map[string]string{"bids": "asks", "asks": "bids"}[w.half]
		w.book[other] = w.book[w.half]
		return true
	}},
	{"a level that was lowered", "digest market", func(w *world) bool {
		w.book[w.half].([]any)[0].([]any)[1] = "0.00000001"
		return true
	}},
	{"a fee that was raised", "digest market", func(w *world) bool {
		w.book["taker_fee_bps"] = "900"
		return true
	}},
	{"a better book, admitted to the count", "bound", func(w *world) bool {
		k := object{
			"venue": "zz", "base": w.quote["sell_asset"], "quote": w.quote["buy_asset"],
			"taker_fee_bps": "0", "bids": []any{[]any{"1000000", "1"}}, "asks": []any{},
		}
		w.market["markets"] = append(w.market["markets"].([]any), k)
		return w.consider(1)
	}},
	{"a bound over more books", "market", func(w *world) bool { return w.consider(1) }},
	{"a used venue excluded", "market", func(w *world) bool {
		w.cert["venues_excluded"] = []any{w.used["venue"]}
		return true
	}},
	{"a used venue excluded, and not counted", "market", func(w *world) bool {
		w.cert["venues_excluded"] = append(w.cert["venues_excluded"].([]any), w.used["venue"])
		less := int64(0)
		for _, k := range w.market["markets"].([]any) {
			if b := k.(object); b["venue"] == w.used["venue"] {
				less += int64(min(1, len(b["bids"].([]any))) + min(1, len(b["asks"].([]any))))
			}
		}
		return w.consider(-less)
	}},
	{"a side not named", "route", func(w *world) bool {
		w.cert["sides"] = without(w.cert["sides"].([]any), w.used)
		return true
	}},
	{"a hop at nobody's", "route", func(w *world) bool {
		w.hop["venue"] = "nobody"
		return true
	}},
	{"a hop at a market that is none", "route", func(w *world) bool {
		w.hop["market"] = "XAU-XAG"
		return true
	}},
	{"a hop the other way", "route", func(w *world) bool {
		w.hop["side"] = map[bool]string{true: "buy", false: "sell"}[w.hop["side"] == "sell"]
		return true
	}},
	{"a hop into another asset", "route", func(w *world) bool {
		w.hop["buy_asset"] = w.hop["sell_asset"]
		return true
	}},
	{"sides swapped between routes", "digest route fill shown", func(w *world) bool {
		other := w.routes[(w.at+1)%len(w.routes)].(object)["hops"].([]any)
		a, b := w.hops[0].(object), other[0].(object)
		a["venue"], b["venue"] = b["venue"], a["venue"]
		return a["venue"] != b["venue"] && w.cert["route_units"].([]any)[w.at].([]any)[1] != "0"
	}},
	{"hops in another order", "route", func(w *world) bool {
		slices.Reverse(w.hops)
		return len(w.hops) > 1
	}},
	{"a route that visits an asset twice", "route", func(w *world) bool { return w.detour() }},
	{"a route of no hops", "route", func(w *world) bool {
		w.route["hops"] = []any{}
		return true
	}},
	{"a route left out", "route", func(w *world) bool {
		w.quote["routes"] = w.routes[1:]
		return true
	}},
	{"a route of too many hops", "route", func(w *world) bool {
		w.cert["max_hops"] = len(w.hops) - 1
		return w.recount()
	}},
	{"routes of four hops allowed", "route", func(w *world) bool {
		w.cert["max_hops"] = 4
		return w.recount()
	}},
	{"a place of a route with far more", "fill sum", func(w *world) bool {
		i := w.r.IntN(len(w.units))
		w.units[i] = bump(w.units[i].(string), 1<<60)
		return true
	}},
	{"more sold than a book takes", "fill", func(w *world) bool {
		w.units[0] = bump(w.units[0].(string), 1<<60)
		return bumpIn(w.cert, "sell_units", 1<<60)
	}},
	{"a place of a route left out", "route", func(w *world) bool {
		w.cert["route_units"].([]any)[w.at] = w.units[1:]
		return true
	}},
	{"a book that gives more than it has", "fill", func(w *world) bool { return w.shift() }},
	{"a hop shown as more", "shown", func(w *world) bool { return bumpIn(w.hop, "buy_amount", 1) }},
	{"another amount between two hops", "shown", func(w *world) bool {
		if len(w.hops) < 2 {
			return false
		}
		i := w.r.IntN(len(w.hops) - 1)
		return bumpIn(w.hops[i].(object), "buy_amount", 1) && bumpIn(w.hops[i+1].(object), "sell_amount", 1)
	}},
	{"an amount shown with another route", "shown", func(w *world) bool {
		other := w.routes[(w.at+1)%len(w.routes)].(object)
		for o, by := range map[*object]int64{&w.route: 1, &other: -1} {
			hops := (*o)["hops"].([]any)
			if bumpIn(*o, "buy_amount", by); !bumpIn(hops[len(hops)-1].(object), "buy_amount", by) {
				return false
			}
		}
		return len(w.routes) > 1
	}},
	{"another rate", "shown", func(w *world) bool { return bumpIn(w.quote, "rate", 1) }},
	{"another inverse rate", "shown", func(w *world) bool { return bumpIn(w.quote, "inverse_rate", -1) }},
	{"another share", "shown", func(w *world) bool { return bumpIn(w.route, "share", 1) }},
	{"a fee that is not shown", "shown", func(w *world) bool {
		fees := w.quote["fees"].([]any)
		if len(fees) > 0 {
			w.quote["fees"] = fees[1:]
		}
		return len(fees) > 0
	}},
	{"a fee shown twice", "shown", func(w *world) bool {
		fees := w.quote["fees"].([]any)
		if len(fees) > 0 {
			w.quote["fees"] = append(fees, fees[0])
		}
		return len(fees) > 0
	}},
	{"a fee of nobody's", "shown", func(w *world) bool {
		w.quote["fees"] = append(w.quote["fees"].([]any), object{"kind": "venue", "venue": "nobody", "asset": "USD", "amount": "0.00"})
		return true
	}},
	{"a member read in two ways", "format", func(w *world) bool {
		w.quote["Buy_Amount"] = w.quote["buy_amount"]
		return true
	}},
	{"an asset shown with fewer decimals", "shown market digest bound", func(w *world) bool {
		w.market["assets"] = append(w.market["assets"].([]any), object{"symbol": w.quote["buy_asset"], "scale": 1, "engine_scale": 8})
		return true
	}},
	{"books of other names", "format market", func(w *world) bool {
		w.market["book"] = w.market["markets"]
		return true
	}},
}...)

func (w *world) boundKey() string {
	if w.exactOut {
		return "lower_bound_sell_amount"
	}
	return "upper_bound_buy_amount"
}

// price multiplies a node price of one of the ends.
func (w *world) price(end string, mul, div int64) bool {
	p, ok := w.cert["node_prices"].(object)
	if ok {
		v, _ := new(big.Int).SetString(p[end].(string), 10)
		v.Mul(v, big.NewInt(mul))
		p[end] = v.Quo(v, big.NewInt(div)).String()
	}
	return ok
}

func (w *world) nodes() []any {
	p, ok := w.cert["node_prices"].(object)
	if !ok {
		return nil
	}
	return p["assets"].([]any)
}

func (w *world) drop(k object) bool {
	w.market["markets"] = without(w.market["markets"].([]any), k)
	return true
}

func (w *world) consider(more int64) bool {
	n, _ := w.cert["sides_considered"].(json.Number).Int64()
	w.cert["sides_considered"] = json.Number(fmt.Sprint(n + more))
	return true
}

// detour goes from the source to another asset and back before a route begins,
// at a book that has both sides, and names them as an honest quote would.
func (w *world) detour() bool {
	for _, k := range w.market["markets"].([]any) {
		b := k.(object)
		if b["base"] != w.quote["sell_asset"] || len(b["asks"].([]any)) == 0 || len(b["bids"].([]any)) == 0 {
			continue
		}
		there, back := w.direct(b, "base", "quote"), w.direct(b, "quote", "base")
		if there == nil || back == nil {
			continue
		}
		w.cert["sides"] = append(w.cert["sides"].([]any),
			there["certificate"].(object)["sides"].([]any)[0], back["certificate"].(object)["sides"].([]any)[0])
		first := func(q object) any { return q["routes"].([]any)[0].(object)["hops"].([]any)[0] }
		w.route["hops"] = append([]any{first(there), first(back)}, w.hops...)[:min(3, 2+len(w.hops))]
		w.cert["max_hops"] = 3
		w.recount()
		w.cert["route_units"].([]any)[w.at] = append([]any{w.units[0], w.units[0]}, w.units...)[:min(4, 2+len(w.units))]
		return !slices.Contains(w.cert["venues_excluded"].([]any), b["venue"])
	}
	return false
}

// direct is a quote at one book alone; nil if there is none.
func (w *world) direct(b object, sell, buy string) object {
	text, err := json.Marshal(w.market)
	if err != nil {
		return nil
	}
	req := engine.Request{
		Sell: b[sell].(string), Buy: b[buy].(string), In: 1_000_000, MaxHops: 1, Only: []string{b["venue"].(string)},
	}
	quote := ask(text, req)
	if quote == nil {
		return nil
	}
	var q object
	if json.Unmarshal(quote, &q) != nil {
		return nil
	}
	return q
}

// shift moves half of what another route's book gives to this one's, so that the
// sum stays.
func (w *world) shift() bool {
	if len(w.routes) < 2 || len(w.hops) > 1 {
		return false
	}
	next := (w.at + 1) % len(w.routes)
	other := w.along(next)
	hops := w.routes[next].(object)["hops"].([]any)
	end := hops[len(hops)-1].(object)
	v, _ := new(big.Int).SetString(other[len(other)-1].(string), 10)
	by := v.Quo(v, big.NewInt(2)).Int64()
	if by < 1000 || end["venue"] == w.hop["venue"] && end["market"] == w.hop["market"] {
		return false
	}
	other[len(other)-1] = bump(other[len(other)-1].(string), -by)
	w.units[len(w.units)-1] = bump(w.units[len(w.units)-1].(string), by)
	return true
}

// digit changes one digit of one amount of the quote: of what is shown, or of the
// certificate's units but those between two hops, where a book may give less than
// it could.
func (w *world) digit() bool {
	members := map[string]bool{
		"sell_amount": true, "buy_amount": true, "amount": true, "rate": true, "inverse_rate": true, "share": true,
		"sell_units": true, "buy_units": true, "bound_units": true, "gap_bps": true, w.boundKey(): true,
	}
	var places []func(string) string // each swaps a text for another
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case object:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				if s, ok := v[key].(string); ok && members[key] {
					places = append(places, func(to string) string { v[key] = to; return s })
				}
				walk(v[key])
			}
		}
	}
	walk(w.quote)
	for i := range w.routes {
		u := w.along(i)
		for _, j := range []int{0, len(u) - 1} {
			s := u[j].(string)
			places = append(places, func(to string) string { u[j] = to; return s })
		}
	}
	swap := places[w.r.IntN(len(places))]
	text := []byte(swap(""))
	i := w.r.IntN(len(text))
	if text[i] == '.' {
		i--
	}
	text[i] = '0' + (text[i]-'0'+byte(1+w.r.IntN(9)))%10
	swap(string(text))
	return true
}

// bump changes a whole number or decimal given as text by so much in its last
// digit.
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

func without(all []any, one object) (rest []any) {
	for _, k := range all {
		if fmt.Sprintf("%p", k) != fmt.Sprintf("%p", one) {
			rest = append(rest, k)
		}
	}
	return rest
}
