package admin

import (
	"fmt"
	"net/http"

	"chronos.dev/market"
)

// maxReason is the longest reason of a halt, in bytes: it stands in every answer
// that leaves the market out.
const maxReason = 200

// halt answers POST /admin/halt?venue=kraken&market=BTC-USD&reason=...
func (s *Server) halt(w http.ResponseWriter, r *http.Request) {
	reason := r.URL.Query().Get("reason")
	if reason == "" || len(reason) > maxReason {
		why := fmt.Sprintf("reason: say why, in 1 to %d bytes; customers read it", maxReason)
		http.Error(w, why, http.StatusBadRequest)
		return
	}
	s.order(w, r, "halted", func(key market.Key) error { return s.opts.Feeds.Halt(key, reason) })
}

// resume answers POST /admin/resume?venue=kraken&market=BTC-USD: the book awaits
// its next snapshot.
func (s *Server) resume(w http.ResponseWriter, r *http.Request) {
	s.order(w, r, "resumed", func(key market.Key) error { return s.opts.Feeds.Resume(key) })
}

func (s *Server) order(w http.ResponseWriter, r *http.Request, done string, give func(market.Key) error) {
	if s.opts.Feeds == nil {
		http.Error(w, "no feed is read here", http.StatusNotFound)
		return
	}
	q := r.URL.Query()
	pair, err := market.ParsePair(q.Get("market"))
	if err != nil || !market.ValidVenue(q.Get("venue")) {
		http.Error(w, "want venue=NAME and market=BASE-QUOTE", http.StatusBadRequest)
		return
	}
	key := market.Key{Venue: q.Get("venue"), Pair: pair}
	if err := give(key); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	fmt.Fprintln(w, key, done)
}
