package api

import (
	"chronos.dev/api/wire"
	"chronos.dev/engine"
)

// markets answers GET /v1/markets.
func (s *Server) markets(r *request) {
	if !r.accept() {
		r.refuseInvalid()
		return
	}
	version := s.opts.Engine.Version() // before the books, so that it is never ahead of them
	all := s.opts.Engine.Markets(r.start.UnixNano())
	w := &r.out
	w.Open('{')
	w.Key("data").Open('[')
	for i := range all {
		appendMarket(w, &all[i])
	}
	w.Close(']')
	w.Key("graph_version").Uint(version)
	w.Close('}')
}

func appendMarket(w *wire.Writer, m *engine.MarketStatus) {
	v := m.View
	w.Open('{')
	w.Key("venue").Str(m.Key.Venue)
	w.Key("market").Str(m.Key.Pair.String())
	w.Key("base").Str(m.Key.Pair.Base)
	w.Key("quote").Str(m.Key.Pair.Quote)
	w.Key("state").Str(m.Usability.State.String())
	w.Key("usable").Bool(m.Usable)
	w.Key("reason").Str(m.Usability.Reason)
	w.Key("changed_at")
	if v.ChangedAt == 0 {
		w.Null()
	} else {
		appendTime(w, v.ChangedAt)
	}
	w.Key("age_ms").IntOrNull(ageMs(m.Usability))
	w.Key("price_scale").Int(int64(v.PriceScale))
	w.Key("size_scale").Int(int64(v.SizeScale))
	appendFee(w, m.Fee, m.HasFee)
	w.Key("bids").Int(int64(len(v.Bids)))
	w.Key("asks").Int(int64(len(v.Asks)))
	w.Key("verified_depth").Int(int64(v.VerifiedDepth))
	w.Key("version").Uint(v.Version)
	w.Close('}')
}
