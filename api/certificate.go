package api

import (
	"encoding/hex"
	"strconv"

	"chronos.dev/api/wire"
	"chronos.dev/engine/plan"
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
	appendNodes(w, b)
	appendSides(w, b)
	w.Key("sides_considered").Int(int64(b.Considered))
	w.Key("venues_excluded").Open('[')
	for _, v := range b.Barred {
		w.Str(v)
	}
	w.Close(']')
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

// appendNodes appends the node prices, if something is proven.
func appendNodes(w *wire.Writer, b *plan.Bound) {
	if b.Sell == 0 {
		return
	}
	w.Key("node_prices").Open('{')
	appendPrice(w, "sell", b.Sell)
	appendPrice(w, "buy", b.Buy)
	w.Key("assets").Open('[')
	for i := range b.Nodes {
		n := &b.Nodes[i]
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
		w.Key("market").Begin()
		w.B = append(append(append(w.B, d.Key.Pair.Base...), '-'), d.Key.Pair.Quote...)
		w.End()
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
