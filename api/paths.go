package api

import (
	"chronos.dev/api/wire"
	"chronos.dev/engine"
	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
)

// routes answers GET /v1/routes: the price, and beside it over the same books the
// best single paths, what is faster, and what each venue is worth.
func (s *Server) routes(r *request) {
	req, ok := s.priceRequest(r, routesParams)
	n := route.MaxPaths
	if r.params.given[paramPaths] {
		n = r.intParam(paramPaths, "paths", 1, route.MaxPaths, "paths_range")
	}
	if !ok || len(r.invalid) > 0 {
		r.refuseInvalid()
		return
	}
	if !s.enter(r) {
		return
	}
	defer s.leave()
	begin := s.opts.Clock()
	all, err := s.opts.Engine.Alternatives(req, n, r.start.UnixNano())
	if err == nil && forNothing(all.Best) {
		err = refuseNothing(s.opts.Engine, req, all.Best, r.start.UnixNano())
	}
	took := s.opts.Clock().Sub(begin)
	if err != nil {
		s.noPrice(r, req, err)
		return
	}
	w, best := &r.out, all.Best
	w.Open('{')
	w.Key("sell_asset").Str(best.Plan.Sell.Symbol)
	w.Key("buy_asset").Str(best.Plan.Buy.Symbol)
	w.Key("optimum")
	r.pricer.append(w, best, Meta{Source: s.opts.Source, ComputedUS: took.Microseconds()})
	w.Key("data").Open('[')
	for _, p := range all.Paths {
		if _, buy := ends(&p.Plan); buy > 0 {
			r.pricer.path(w, p, best)
		}
	}
	w.Close(']')
	w.Key("tradeoffs").Open('[')
	for _, p := range all.Tradeoffs {
		if !forNothing(p) {
			r.pricer.append(w, p, Meta{Source: s.opts.Source, ComputedUS: took.Microseconds()})
		}
	}
	w.Close(']')
	appendRegrets(w, all)
	appendExplain(w, all)
	w.Close('}')
	r.cache = cachePrice
}

// appendRegrets appends what each venue is worth to the price: how far the best
// plan without it is behind, null if there is none.
func appendRegrets(w *wire.Writer, all *engine.Alternatives) {
	w.Key("venues").Open('[')
	for _, v := range all.Regrets {
		w.Open('{')
		w.Key("venue").Str(v.Venue)
		w.Key("regret_bps")
		if v.Without == nil {
			w.Null()
		} else {
			appendBehind(w, v.Without, &all.Best.Plan)
		}
		w.Close('}')
	}
	w.Close(']')
}

// path writes a single path and how far it is behind the best plan.
func (s *pricer) path(w *wire.Writer, p, best *engine.Price) {
	s.w = w
	defer func() { s.w = nil }()
	pl := &p.Plan
	w.Open('{')
	w.Key("path").Open('[')
	w.Str(pl.Sell.Symbol)
	for _, l := range pl.Routes[0].Legs {
		w.Str(l.GetAsset.Symbol)
	}
	w.Close(']')
	w.Key("behind_bps")
	appendBehind(w, &p.Plan, &best.Plan)
	s.plan(p)
	w.Close('}')
}

// appendBehind appends how far p is behind the best price, in basis points of
// the best, up.
func appendBehind(w *wire.Writer, p, best *plan.Plan) {
	// By rounding, less to choose from can bring a unit more.
	if p.ExactOut {
		appendBps(w, max(int64(p.In-best.In), 0), int64(best.In))
	} else {
		appendBps(w, max(int64(best.Out-p.Out), 0), int64(best.Out))
	}
}
