package flow

import (
	"math"

	"chronos.dev/money"
)

// Point is a corner of V, the best output for an input, which is concave and made
// of straight pieces: from the point before up to In, a unit of input brings Rate.
// Amounts are of the optimum before a plan rounds it, In up and Out down.
type Point struct {
	In, Out money.Amount
	Rate    float64
}

// Ladder appends the corners of V from nothing up to the order of p, all of one
// run, and reports whether they reach it. Where they do not, the last point is the
// most that the market holds, or the budget has ended the run.
func (s *Solver) Ladder(p *Problem, points []Point) (_ []Point, whole bool) {
	s.begin(p)
	s.corners, s.cornered = points, true
	whole = s.augment() || s.complete()
	points, s.corners, s.cornered = s.corners, nil, false
	return points, whole
}

// corner notes where the walks have come to, in the place of a point before of the
// same rate.
func (s *Solver) corner(rate float64, first bool) {
	at := Point{units(math.Ceil(s.in)), units(s.out), rate}
	if last := len(s.corners) - 1; !first && s.corners[last].Rate <= rate*(1+slack) {
		s.corners[last].In, s.corners[last].Out = at.In, at.Out
		return
	}
	s.corners = append(s.corners, at)
}
