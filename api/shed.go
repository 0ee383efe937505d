package api

// enter takes one of the places for work that costs more than reading a few
// fields, without waiting; false means that the answer, overloaded, is written.
// A queue would only make everybody late: who is told at once can go elsewhere.
func (s *Server) enter(r *request) bool {
	select {
	case s.slots <- struct{}{}:
		return true
	default:
		s.metrics.shed.Add(1)
		r.problem(newProblem("overloaded"))
		return false
	}
}

func (s *Server) leave() { <-s.slots }
