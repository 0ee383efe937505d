package api

import (
	"encoding/hex"
	"strconv"

	"chronos.dev/api/wire"
	"chronos.dev/engine/plan"
	"chronos.dev/market"
	"chronos.dev/money"
)

// certificate says what no plan over the same books can beat, and how anybody can
// check that: the plan in engine minor units, the node prices, and the books.
func (s *pricer) certificate(pl *plan.Plan, bound, sell, buy int64) {
	w, b := s.w, &pl.Bound
	w.Key("certificate").Open('{')
	w.Key("method").Str(b.Method)
	over, base := bound-buy, buy
	if pl.ExactOut {
		s.amount("lower_bound_sell_amount", bound, pl.Sell.Scale)
		over, base = sell-bound, bound
	} else {
		s.amount("upper_bound_buy_amount", bound, pl.Buy.Scale)
	}
	w.Key("gap_bps")
	if base <= 0 {
		w.Null()
	} else {
		s.gap = appendBps(w, max(over, 0), base)
	}
	w.Key("exact_out").Bool(pl.ExactOut)
	w.Key("max_hops").Int(int64(b.MaxHops))
	w.Key("sell_units").Begin()
	s.units(pl.In)
	w.Key("buy_units").Begin()
	s.units(pl.Out)
	w.Key("bound_units").Begin()
	s.units(b.Amount)
	s.routeUnits(pl)
	appendProof(w, b)
	appendSides(w, b)
	w.Key("sides_considered").Int(int64(b.Considered))
	w.Key("venues_excluded").Open('[')
	for _, v := range b.Barred {
		w.Str(v)
	}
	w.Close(']')
	w.Key("max_settlement_ms")
	if b.MaxSettle == 0 {
		w.Null()
	} else {
		w.Int(b.MaxSettle.Milliseconds()) // below one: only what settles at once
	}
	w.Close('}')
}

// units ends a string that Begin has begun.
func (s *pricer) units(v money.Amount) {
	s.w.B = strconv.AppendInt(s.w.B, int64(v), 10)
	s.w.End()
}

// routeUnits writes what passes along each route, in minor units of each asset.
func (s *pricer) routeUnits(pl *plan.Plan) {
	w := s.w
	w.Key("route_units").Open('[')
	for i := range pl.Routes {
		r := &pl.Routes[i]
		w.Open('[')
		w.Begin()
		s.units(r.In())
		for j := range r.Legs {
			w.Begin()
			s.units(r.Legs[j].Out)
		}
		w.Close(']')
	}
	w.Close(']')
}

// appendProof appends what proves the bound, if something does: node prices, or
// some for each case where choices between options had to be told apart.
func appendProof(w *wire.Writer, b *plan.Bound) {
	if len(b.Leaves) == 0 {
		if b.Sell != 0 {
			appendNodes(w, b.Sell, b.Buy, b.Nodes)
		}
		return
	}
	w.Key("leaves").Open('[')
	for i := range b.Leaves {
		l := &b.Leaves[i]
		w.Open('{')
		w.Key("decisions").Open('[')
		for j := range l.Choices {
			appendChoice(w, &l.Choices[j])
		}
		w.Close(']')
		appendNodes(w, l.Sell, l.Buy, l.Nodes)
		w.Close('}')
	}
	w.Close(']')
}

// appendChoice appends which tier of a side is used, null for none of them.
func appendChoice(w *wire.Writer, c *plan.Choice) {
	w.Open('{')
	w.Key("venue").Str(c.Key.Venue)
	appendPair(w, "market", c.Key.Pair)
	w.Key("side").Str(c.Action.String())
	w.Key("tier")
	if c.Tier < 0 {
		w.Null()
	} else {
		w.Int(int64(c.Tier))
	}
	w.Close('}')
}

// appendPair appends a pair, without the garbage of its String.
func appendPair(w *wire.Writer, key string, p market.Pair) {
	w.Key(key).Begin()
	w.B = append(append(append(w.B, p.Base...), '-'), p.Quote...)
	w.End()
}

func appendNodes(w *wire.Writer, sell, buy uint64, nodes []plan.Node) {
	w.Key("node_prices").Open('{')
	appendPrice(w, "sell", sell)
	appendPrice(w, "buy", buy)
	w.Key("assets").Open('[')
	for i := range nodes {
		n := &nodes[i]
		w.Open('{')
		w.Key("asset").Str(n.Asset)
		appendPrice(w, "one", n.One)
		appendPrice(w, "two", n.Two)
		w.Close('}')
	}
	w.Close(']')
	w.Close('}')
}

func appendPrice(w *wire.Writer, key string, v uint64) {
	w.Key(key).Begin()
	w.B = strconv.AppendUint(w.B, v, 10)
	w.End()
}

// appendSides appends the sides that the plan uses, as they were.
func appendSides(w *wire.Writer, b *plan.Bound) {
	w.Key("sides").Open('[')
	for i := range b.Sides {
		d := &b.Sides[i]
		w.Open('{')
		w.Key("venue").Str(d.Key.Venue)
		appendPair(w, "market", d.Key.Pair)
		w.Key("side").Str(d.Action.String())
		w.Key("version").Begin()
		w.B = strconv.AppendUint(w.B, d.Epoch, 10)
		w.B = strconv.AppendUint(append(w.B, '.'), d.Seq, 10)
		w.End()
		w.Key("digest").Begin()
		w.B = hex.AppendEncode(append(w.B, "sha256:"...), d.Digest[:])
		w.End()
		w.Close('}')
	}
	w.Close(']')
}
