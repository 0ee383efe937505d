package route

import "chronos.dev/graph"

// Single returns the best single path with its bound, nil if there is none.
func (s *Solver) Single(snap *graph.Snapshot, req Request) *Answer {
	req.check()
	s.snap, s.req, s.memory = snap, req, new(Memory)
	s.mark()
	a := s.single()
	if a != nil {
		s.proof.reset(req.Out > 0)
		s.boundPath(a)
		a.LeftOut = s.leftOut(nil)
		s.certify(a)
	}
	return a
}

// Kept returns how many networks a Solver keeps, and how many sides they have.
func (s *Solver) Kept() (networks, sides int) {
	return len(s.young.of) + len(s.old.of), s.young.sides + s.old.sides
}

// GenerationSides bounds the sides of each of two generations.
const GenerationSides = generationSides
