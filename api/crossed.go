package api

import (
	"chronos.dev/api/wire"
	"chronos.dev/graph"
	"chronos.dev/money"
	"chronos.dev/money/text"
)

// crossed answers GET /v1/crossed: the pairs that cross between venues.
func (s *Server) crossed(r *request) {
	if !r.accept() {
		r.refuseInvalid()
		return
	}
	if !s.enter(r) {
		return
	}
	defer s.leave()
	w := &r.out
	w.Open('{')
	w.Key("data").Open('[')
	for _, c := range s.opts.Engine.Crossed(r.start.UnixNano()) {
		w.Open('{')
		w.Key("market").Str(c.Pair.String())
		appendTop(w, "bid", c.Bid)
		appendTop(w, "ask", c.Ask)
		bid, ask := text.Per(c.Bid.Price, one), text.Per(c.Ask.Price, one)
		w.Key("crossed_bps").Str(bid.Sub(ask).Div(ask).Bps().Floor(bpsScale))
		w.Key("after_fees").Bool(c.Net)
		w.Close('}')
	}
	w.Close(']')
	w.Key("graph_version").Uint(s.opts.Engine.Version())
	w.Key("as_of")
	appendTime(w, r.start.UnixNano())
	w.Close('}')
}

func appendTop(w *wire.Writer, key string, q graph.Quote) {
	w.Key(key).Open('{')
	w.Key("venue").Str(q.Venue)
	appendNum(w, "price", q.Price)
	appendNum(w, "size", q.Size)
	w.Close('}')
}

func appendNum(w *wire.Writer, key string, n money.Num) {
	w.Key(key).Begin()
	w.B = n.AppendText(w.B)
	w.End()
}
