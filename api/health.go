package api

import (
	"chronos.dev/book"
	"chronos.dev/engine"
	"chronos.dev/market"
)

// livez answers GET /livez: the process runs and answers.
func (s *Server) livez(r *request) { s.health(r, "ok") }

// readyz answers GET /readyz. At a start it waits until every required book has
// been live; after that a server with one good book left is worth more than none,
// so it fails only when all are bad at once.
func (s *Server) readyz(r *request) {
	failing := s.failing(r.start.UnixNano())
	if len(failing) == 0 && !s.wasReady.Load() && s.opts.Waiting != nil {
		failing = s.opts.Waiting()
	}
	if len(failing) == 0 {
		s.wasReady.Store(true)
	}
	lost := len(failing) > 0 && len(failing) == len(s.opts.Required)
	switch {
	case s.draining.Load():
		s.notReady(r, []string{"shutdown"})
	case !s.wasReady.Load() || lost:
		s.notReady(r, failing)
	default:
		s.health(r, "ready")
	}
}

// failing names the required books that cannot be used at now.
func (s *Server) failing(now int64) []string {
	usable := map[market.Key]bool{}
	for _, m := range s.opts.Engine.Markets(now) {
		usable[m.Key] = live(&m)
	}
	var failing []string
	for _, k := range s.opts.Required {
		if !usable[k] {
			failing = append(failing, "book:"+k.Venue+":"+k.Pair.String())
		}
	}
	return failing
}

// live reports whether a book can be used, but for its fee: a market without a
// fee schedule is a matter of configuration that waiting does not mend.
func live(m *engine.MarketStatus) bool {
	return m.Usable || m.Usability.State == book.NoFee
}

func (s *Server) notReady(r *request, failing []string) {
	p := newProblem("not-ready")
	p.Failing = failing
	r.problem(p)
}

func (s *Server) health(r *request, status string) {
	if !r.accept() {
		r.refuseInvalid()
		return
	}
	w := &r.out
	w.Open('{')
	w.Key("status").Str(status)
	w.Close('}')
}
