package verify_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// tierTamper is a quote and its market file, to be tampered with; of a plan in a
// tierWorld, or of the router's, where p is nil and the world has no sides.
type tierTamper struct {
	*tierWorld
	p             *testPlan
	market, quote object
}

func (m *tierTamper) cert() object { return m.quote["certificate"].(object) }

// leaf returns one of at least n leaves with that many decisions, nil if there is none.
func (m *tierTamper) leaf(decisions int) object {
	list, _ := m.cert()["leaves"].([]any)
	var all []object
	for _, l := range list {
		if len(l.(object)["decisions"].([]any)) >= decisions {
			all = append(all, l.(object))
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[m.r.IntN(len(all))]
}

// hop returns a hop that uses a tier, or that uses none; nil if there is none.
func (m *tierTamper) hop(tier bool) object {
	for _, r := range m.quote["routes"].([]any) {
		for _, h := range r.(object)["hops"].([]any) {
			if _, ok := h.(object)["tier"]; ok == tier {
				return h.(object)
			}
		}
	}
	return nil
}

// usedTier returns the tier in the file that some hop uses, and its list.
func (m *tierTamper) usedTier() (object, []any) {
	h := m.hop(true)
	if h == nil {
		return nil, nil
	}
	for _, p := range m.market["providers"].([]any) {
		o := p.(object)
		if o["provider"] == h["venue"] && fmt.Sprint(o["asset"], "-", o["quote"]) == h["market"] {
			list := o[h["side"].(string)].([]any)
			n, _ := h["tier_index"].(json.Number).Int64()
			return list[n].(object), list
		}
	}
	return nil, nil
}

type tierMutation struct {
	name, code string
	apply      func(m *tierTamper) bool
}

var tierMutations = []tierMutation{
	{"a hop names no tier", "fill", func(m *tierTamper) bool {
		h := m.hop(true)
		delete(h, "tier")
		return h != nil
	}},
	{"a hop names no place of its tier", "fill", func(m *tierTamper) bool {
		h := m.hop(true)
		delete(h, "tier_index")
		return h != nil
	}},
	{"a hop names another tier", "fill", func(m *tierTamper) bool {
		h := m.hop(true)
		if h != nil {
			h["tier"] = "OTHER"
		}
		return h != nil
	}},
	{"a hop names a tier that is not there", "fill", func(m *tierTamper) bool {
		h := m.hop(true)
		if h != nil {
			h["tier_index"] = 64
		}
		return h != nil
	}},
	{"a book with a tier", "fill", func(m *tierTamper) bool {
		h := m.hop(false)
		if h != nil {
			h["tier"], h["tier_index"] = "FAST", 0
		}
		return h != nil
	}},
	{"two tiers of one side", "fill", func(m *tierTamper) bool { return m.second() }},
	{"less than the entry of a tier", "fill", func(m *tierTamper) bool { return m.thin() }},
	{"a price of a tier", "digest market", func(m *tierTamper) bool {
		t, _ := m.usedTier()
		if t != nil {
			t["price"] = "0.000001"
		}
		return t != nil
	}},
	{"a fee of a tier", "digest market", func(m *tierTamper) bool {
		t, _ := m.usedTier()
		if t == nil || width(t) < 20 { // of a few units it may not matter
			return false
		}
		t["fee_bps"] = "9000"
		return true
	}},
	{"a fixed fee of a tier", "digest market format", func(m *tierTamper) bool {
		t, _ := m.usedTier()
		if t != nil {
			t["fixed_fee"] = object{"asset": strings.Split(m.hop(true)["market"].(string), "-")[1], "amount": "37"}
		}
		return t != nil
	}},
	{"a larger tier", "digest format market", func(m *tierTamper) bool {
		t, _ := m.usedTier()
		if t != nil {
			t["max"] = "1000"
		}
		return t != nil
	}},
	{"a tier that settles at another time", "digest", func(m *tierTamper) bool {
		t, _ := m.usedTier()
		if t == nil || m.limit >= 0 {
			return false
		}
		t["settlement_ms"] = 7
		return true
	}},
	{"a tier that settles too late", "market digest fill", func(m *tierTamper) bool {
		t, _ := m.usedTier()
		if t == nil || m.limit < 0 {
			return false
		}
		t["settlement_ms"] = m.limit + 1
		return true
	}},
	{"a tier out of order", "format", func(m *tierTamper) bool {
		_, list := m.usedTier()
		slices.Reverse(list)
		return len(list) > 1
	}},
	{"an offer that has moved on", "version", func(m *tierTamper) bool {
		for _, u := range m.cert()["sides"].([]any) {
			u.(object)["version"] = "1.100"
		}
		return true
	}},
	{"an offer left out", "market", func(m *tierTamper) bool {
		if h := m.hop(true); h == nil {
			return false
		}
		m.market["providers"] = []any{}
		return true
	}},
	{"another limit of settlement", "market fill bound cover", func(m *tierTamper) bool {
		if m.limit < 0 {
			return false
		}
		m.cert()["max_settlement_ms"] = 100_000
		return m.limit < 1000 && m.slower()
	}},
	{"leaves and node prices", "cover", func(m *tierTamper) bool {
		if m.leaf(0) == nil {
			return false
		}
		m.cert()["node_prices"] = m.leaf(0)["node_prices"]
		return true
	}},
	{"no leaves", "cover", func(m *tierTamper) bool {
		if m.leaf(0) == nil {
			return false
		}
		m.cert()["leaves"] = []any{}
		return true
	}},
	{"a leaf left out", "cover", func(m *tierTamper) bool {
		list, _ := m.cert()["leaves"].([]any)
		if len(list) < 2 {
			return false
		}
		at := m.r.IntN(len(list))
		m.cert()["leaves"] = slices.Delete(list, at, at+1)
		return true
	}},
	{"a leaf twice", "cover", func(m *tierTamper) bool {
		list, _ := m.cert()["leaves"].([]any)
		if len(list) == 0 {
			return false
		}
		m.cert()["leaves"] = append(list, list[m.r.IntN(len(list))])
		return true
	}},
	{"a decision left out", "cover", func(m *tierTamper) bool {
		l := m.leaf(1)
		if l == nil {
			return false
		}
		d := l["decisions"].([]any)
		l["decisions"] = d[:len(d)-1]
		return true
	}},
	{"a decision twice", "cover", func(m *tierTamper) bool {
		l := m.leaf(1)
		if l == nil {
			return false
		}
		d := l["decisions"].([]any)
		l["decisions"] = append(d, d[0])
		return true
	}},
	{"a decision that says nothing", "cover", func(m *tierTamper) bool {
		l := m.leaf(1)
		if l == nil {
			return false
		}
		delete(l["decisions"].([]any)[0].(object), "tier")
		return true
	}},
	{"a decision on a tier that is none", "cover", func(m *tierTamper) bool {
		l := m.leaf(1)
		if l == nil {
			return false
		}
		l["decisions"].([]any)[0].(object)["tier"] = 64
		return true
	}},
	{"a decision on a tier below none", "format", func(m *tierTamper) bool {
		l := m.leaf(1)
		if l == nil {
			return false
		}
		l["decisions"].([]any)[0].(object)["tier"] = -1
		return true
	}},
	{"another decision", "cover bound", func(m *tierTamper) bool {
		l := m.leaf(1)
		if l == nil {
			return false
		}
		d := l["decisions"].([]any)[0].(object)
		if d["tier"] != nil {
			d["tier"] = nil
			return true
		}
		d["tier"] = 0
		return true
	}},
	{"a decision on nobody's side", "cover", func(m *tierTamper) bool {
		l := m.leaf(1)
		if l == nil {
			return false
		}
		l["decisions"].([]any)[0].(object)["venue"] = "nobody"
		return true
	}},
	{"a decision on a book", "cover", func(m *tierTamper) bool {
		l := m.leaf(0)
		at := slices.IndexFunc(m.sides, func(s *tierSide) bool { return len(s.levels) > 0 && m.counts(s) })
		if l == nil || at < 0 {
			return false
		}
		s := m.sides[at]
		l["decisions"] = append(l["decisions"].([]any),
			object{"venue": s.venue, "market": s.market, "side": s.action, "tier": nil})
		return true
	}},
	{"a leaf without prices", "bound", func(m *tierTamper) bool {
		l := m.leaf(0)
		delete(l, "node_prices")
		return l != nil
	}},
	{"the best of the leaves' bounds", "bound", func(m *tierTamper) bool {
		by := map[bool]int64{true: 1, false: -1}[m.cert()["exact_out"].(bool)]
		return m.cert()["bound_units"] != "0" && bumpIn(m.cert(), "bound_units", by)
	}},
}

// width is how many units of the last digit a tier is wide.
func width(t object) int {
	least, _ := t["min"].(string)
	units := func(s string) (n int) {
		fmt.Sscan(strings.TrimLeft(strings.Replace(s, ".", "", 1), "0"), &n)
		return n
	}
	return units(t["max"].(string)) - units(least)
}

// slower reports whether something on a path is too slow for the limit.
func (m *tierTamper) slower() bool {
	n := len(m.onPath())
	w := *m.tierWorld
	w.limit = 100_000
	return len(w.onPath()) != n
}

// second gives one of two hops of a side another of its tiers.
func (m *tierTamper) second() bool {
	if m.p == nil {
		return false
	}
	for s, o := range m.p.chosen {
		var hops []object
		for i, sides := range m.p.routes {
			for j := range sides {
				if sides[j] == s {
					hops = append(hops, m.quote["routes"].([]any)[i].(object)["hops"].([]any)[j].(object))
				}
			}
		}
		for _, other := range m.allowed(s) {
			if len(hops) > 1 && other.tier != o.tier {
				hops[1]["tier"], hops[1]["tier_index"] = other.name, other.tier
				return true
			}
		}
	}
	return false
}

// thin takes the only use of a tier, on the first hop of a plan's only route, to one
// unit less than it is there for, with what is bought as it was.
func (m *tierTamper) thin() bool {
	if m.p == nil || len(m.p.routes) > 1 {
		return false
	}
	o, ok := m.p.chosen[m.p.routes[0][0]]
	if !ok || o.entry[0] < 2 {
		return false
	}
	less := fmt.Sprint(o.entry[0] - 1)
	m.cert()["sell_units"] = less
	m.cert()["route_units"].([]any)[0].([]any)[0] = less
	return true
}
