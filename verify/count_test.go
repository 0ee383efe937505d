package verify_test

import (
	"encoding/json"
	"slices"
	"strings"

	"chronos.dev/verify"
)

// counted reports whether a market has levels out of what is sold or into what is
// bought, that the bound is over.
func (w *world) counted(k object) bool {
	for half, ends := range map[string][2]any{"bids": {k["base"], k["quote"]}, "asks": {k["quote"], k["base"]}} {
		sells, buys := ends[0] == w.quote["sell_asset"], ends[1] == w.quote["buy_asset"]
		back := ends[0] == w.quote["buy_asset"] || ends[1] == w.quote["sell_asset"]
		hops, _ := w.cert["max_hops"].(json.Number).Int64()
		if len(k[half].([]any)) > 0 && !back && (sells && buys || hops > 1 && (sells || buys)) {
			return !slices.Contains(w.cert["venues_excluded"].([]any), k["venue"])
		}
	}
	return false
}

// recount claims as many sides as a path of max_hops could use, as who lies about
// max_hops would.
func (w *world) recount() bool {
	for n := range 100 {
		w.cert["sides_considered"] = n
		m, _ := json.Marshal(w.market)
		q, _ := json.Marshal(w.quote)
		if f := verify.Verify(m, q); len(f) == 0 || !strings.Contains(f[0].Error(), "books for this order") {
			return true
		}
	}
	return false
}
