package verify_test

import (
	"encoding/json"
	"fmt"
	"maps"
)

// ratesMutations change what is worth a unit, when all is there, and what a venue
// asks for.
var ratesMutations = []mutation{
	{"a firm price", "shown", func(w *world) bool {
		w.quote["kind"] = "firm"
		return true
	}},
	{"another middle", "shown", func(w *world) bool { return bumpIn(w.quote, "mid_rate", 1) }},
	{"no middle, but a distance from it", "shown", func(w *world) bool {
		had := w.quote["mid_rate"] != nil
		w.quote["mid_rate"] = nil
		return had
	}},
	{"less slippage", "shown", func(w *world) bool {
		if w.shared() || w.quote["slippage_bps"] == nil || w.quote["slippage_bps"].(string)[0] == '-' {
			return false
		}
		return bumpIn(w.quote, "slippage_bps", -1)
	}},
	{"a lower fee rate", "shown", func(w *world) bool {
		return !w.shared() && w.quote["fee_bps"] != "0.00" && bumpIn(w.quote, "fee_bps", -1)
	}},
	{"no fee rate", "shown", func(w *world) bool {
		w.quote["fee_bps"] = ""
		return true
	}},
	{"another price of a hop", "shown", func(w *world) bool { return !w.shared() && bumpIn(w.hop, "avg_price", 1) }},
	{"a price of a hop far off", "shown", func(w *world) bool {
		w.hop["avg_price"] = "0.000000000000000001"
		return true
	}},
	{"a price of a hop that is no number", "shown", func(w *world) bool {
		w.hop["avg_price"] = "1/3"
		return true
	}},
	{"another time", "shown", func(w *world) bool {
		was, _ := w.quote["est_time_ms"].(json.Number) // null: no time is known
		n, _ := was.Int64()
		w.quote["est_time_ms"] = n + 1
		return true
	}},
	{"no time in place of one, or 0", "shown", func(w *world) bool {
		if w.quote["est_time_ms"] == nil {
			w.quote["est_time_ms"] = 0
		} else {
			w.quote["est_time_ms"] = nil
		}
		return true
	}},
	{"a book that settles later", "shown digest", func(w *world) bool {
		w.book["settlement_ms"] = 2_592_000_000
		return true
	}},
	{"a book that settles too late", "market", func(w *world) bool {
		w.cert["max_settlement_ms"], w.book["settlement_ms"] = 4000, 4001
		return true
	}},
	{"a least size", "digest market", func(w *world) bool {
		w.book["min_size"] = "0.00000001"
		return true
	}},
	{"a fee for withdrawals", "digest market", func(w *world) bool {
		w.book["withdraw_base"], w.book["withdraw_quote"] = "0.0001", "0.0001"
		return true
	}},
}

// shared reports whether some side has several legs, which share its fee in a way
// that only the engine knows.
func (w *world) shared() bool {
	legs := map[string]int{}
	for _, r := range w.routes {
		for _, h := range r.(object)["hops"].([]any) {
			o := h.(object)
			legs[fmt.Sprint(o["venue"], o["market"], o["side"])]++
		}
	}
	for n := range maps.Values(legs) {
		if n > 1 {
			return true
		}
	}
	return false
}
