package route

import "chronos.dev/graph"

// Single returns the best single path with its bound, nil if there is none.
func (s *Solver) Single(snap *graph.Snapshot, req Request) *Answer {
	req.check()
	s.snap, s.req = snap, req
	s.mark()
	a := s.single()
	if a != nil {
		s.proof.reset(req.Out > 0)
		s.boundPath(a)
		a.LeftOut = s.leftOut()
		s.certify(a)
	}
	return a
}

// Kept returns how many networks a Solver keeps, and their weight.
func (s *Solver) Kept() (networks, weight int) {
	return len(s.young.of) + len(s.old.of), s.young.weight + s.old.weight
}

// GenerationWeight bounds the weight of each of two generations.
const GenerationWeight = generationWeight
