package api

import (
	"chronos.dev/api/wire"
	"chronos.dev/graph"
	"chronos.dev/market"
)

// Levels a side of a book.
const (
	defaultDepth = 20
	maxDepth     = 1000
)

// book answers GET /v1/book/{market}.
func (s *Server) book(r *request) {
	depth := defaultDepth
	if r.accept("depth") && r.params.given[0] {
		depth = r.intParam(0, "depth", 1, maxDepth, "depth_range")
	}
	if len(r.invalid) > 0 {
		r.refuseInvalid()
		return
	}
	pair, err := market.ParsePair(string(r.arg))
	if err != nil {
		p := newProblem("not-found")
		p.Detail = "A market is BASE-QUOTE in upper case, such as BTC-USD."
		r.problem(p)
		return
	}
	if !s.enter(r) {
		return
	}
	defer s.leave()
	b, version, ok := s.opts.Engine.Book(pair, depth, r.start.UnixNano())
	if !ok {
		p := newProblem("not-found")
		p.Detail = "Nobody trades " + pair.String() + "."
		r.problem(p)
		return
	}
	w := &r.out
	w.Open('{')
	w.Key("market").Str(pair.String())
	w.Key("base").Str(pair.Base)
	w.Key("quote").Str(pair.Quote)
	appendQuotes(w, "bids", b.Bids)
	appendQuotes(w, "asks", b.Asks)
	appendLeftOut(w, b.LeftOut)
	appendSource(w, b.Origin, s.opts.Source)
	w.Key("graph_version").Uint(version)
	w.Key("as_of")
	appendTime(w, r.start.UnixNano())
	w.Close('}')
}

// appendSource says where books come from: source for those that are a venue's
// own. One that is not makes the whole answer what it is.
func appendSource(w *wire.Writer, o market.Origin, source string) {
	switch o {
	case market.Venue:
	case market.Replay:
		source = "replay (time-aligned)"
	default:
		source = o.String()
	}
	w.Key("simulated").Bool(o == market.Simulated)
	w.Key("source").Str(source)
}

func appendQuotes(w *wire.Writer, key string, quotes []graph.Quote) {
	w.Key(key).Open('[')
	for _, q := range quotes {
		w.Open('{')
		w.Key("venue").Str(q.Venue)
		appendNum(w, "price", q.Price)
		appendNum(w, "size", q.Size)
		w.Close('}')
	}
	w.Close(']')
}
