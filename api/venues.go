package api

import (
	"maps"
	"slices"

	"chronos.dev/api/wire"
	"chronos.dev/engine"
	"chronos.dev/market"
	"chronos.dev/money"
)

// venue is what the markets of one venue have in common.
type venue struct {
	markets []string
	states  map[string]int
	usable  int
	fee     market.Fee
	hasFee  bool          // all markets have this fee
	origin  market.Origin // of the least real book
}

// venues answers GET /v1/venues.
func (s *Server) venues(r *request) {
	if !r.accept() {
		r.refuseInvalid()
		return
	}
	all := byVenue(s.opts.Engine.Markets(r.start.UnixNano()))
	w := &r.out
	w.Open('{')
	w.Key("data").Open('[')
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s.appendVenue(w, name, all[name])
	}
	w.Close(']')
	w.Close('}')
}

func byVenue(markets []engine.MarketStatus) map[string]*venue {
	all := map[string]*venue{}
	for i := range markets {
		m := &markets[i]
		v := all[m.Key.Venue]
		if v == nil {
			v = &venue{states: map[string]int{}, fee: m.Fee, hasFee: m.HasFee}
			all[m.Key.Venue] = v
		}
		v.markets = append(v.markets, m.Key.Pair.String())
		v.states[m.Usability.State.String()]++
		if m.Usable {
			v.usable++
		}
		v.origin = max(v.origin, m.View.Origin)
		v.hasFee = v.hasFee && m.HasFee && m.Fee == v.fee
	}
	return all
}

func (s *Server) appendVenue(w *wire.Writer, name string, v *venue) {
	slices.Sort(v.markets)
	w.Open('{')
	w.Key("name").Str(name)
	w.Key("simulated").Bool(v.origin == market.Simulated)
	w.Key("markets").Open('[')
	for _, m := range v.markets {
		w.Str(m)
	}
	w.Close(']')
	w.Key("usable").Int(int64(v.usable))
	w.Key("states").Open('{')
	for _, state := range slices.Sorted(maps.Keys(v.states)) {
		w.Key(state).Int(int64(v.states[state]))
	}
	w.Close('}')
	appendFee(w, v.fee, v.hasFee)
	w.Close('}')
}

func appendFee(w *wire.Writer, fee market.Fee, known bool) {
	if !known {
		w.Key("taker_fee_bps").Null()
		w.Key("fee_on").Null()
		return
	}
	w.Key("taker_fee_bps").Begin()
	w.B = money.Num{Coef: fee.Rate, Scale: 4}.AppendCanonical(w.B)
	w.End()
	w.Key("fee_on").Str(fee.On.String())
}
