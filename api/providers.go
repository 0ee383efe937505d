package api

import (
	"maps"
	"slices"
	"strings"

	"chronos.dev/engine"
	"chronos.dev/market"
)

// providers answers GET /v1/providers: every treasury provider and how it stands.
func (s *Server) providers(r *request) {
	if !r.accept() {
		r.refuseInvalid()
		return
	}
	now := r.start.UnixNano()
	all := map[string][]engine.OfferStatus{}
	for _, o := range s.opts.Engine.Offers(now) {
		all[o.Key.Venue] = append(all[o.Key.Venue], o)
	}
	w := &r.out
	w.Open('{')
	w.Key("data").Open('[')
	for _, name := range slices.Sorted(maps.Keys(all)) {
		offers := all[name]
		slices.SortFunc(offers, func(a, b engine.OfferStatus) int {
			return strings.Compare(a.Key.Pair.String(), b.Key.Pair.String())
		})
		usable, simulated := 0, false
		for i := range offers {
			if offers[i].Usable {
				usable++
			}
			simulated = simulated || offers[i].Offer != nil && offers[i].Offer.Origin == market.Simulated
		}
		w.Open('{')
		w.Key("name").Str(name)
		w.Key("simulated").Bool(simulated)
		w.Key("usable").Int(int64(usable))
		w.Key("pairs").Open('[')
		for i := range offers {
			w.Open('{')
			appendPair(w, "market", offers[i].Key.Pair)
			appendStanding(w, &offers[i], now)
			w.Close('}')
		}
		w.Close(']')
		w.Close('}')
	}
	w.Close(']')
	w.Key("refused").Open('[')
	for _, name := range s.opts.Engine.RefusedProviders() {
		w.Open('{')
		w.Key("name").Str(name)
		w.Key("reason").Str("a venue with books has this name: offers need another")
		w.Close('}')
	}
	w.Close(']')
	w.Close('}')
}
