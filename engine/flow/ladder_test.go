package flow

import (
	"math/rand/v2"
	"testing"
)

// TestLadderIsEveryOrder: V between two corners is the straight line, which is what
// an order of that size brings by itself; and its slope never rises.
func TestLadderIsEveryOrder(t *testing.T) {
	var s, one Solver
	var points []Point
	checked := 0
	for i := range 1_500 {
		r, p := exactIn(i, 31)
		var whole bool
		points, whole = s.Ladder(p, points[:0])
		if res := one.Solve(p); whole == res.Partial && float64(res.In) < float64(p.In)*(1-near) {
			t.Fatalf("case %d: the ladder is whole: %v, the order partial: %v", i, whole, res.Partial)
		}
		for k, at := range points {
			from := Point{Rate: at.Rate}
			if k > 0 {
				from = points[k-1]
			}
			if at.Rate > from.Rate || at.In < from.In || at.Out < from.Out {
				t.Fatalf("case %d: corner %d is %+v after %+v", i, k, at, from)
			}
			if at.In <= from.In+2 || checked%3 > 0 && r.IntN(5) > 0 {
				continue
			}
			checked++
			q := *p
			q.In = from.In + 1 + (at.In-from.In)/2
			want := float64(from.Out) + float64(q.In-from.In)*at.Rate
			if v, ok := value(&one, &q); ok && (v > want*(1+near)+1+2*at.Rate || v < want*(1-near)-1-2*at.Rate) {
				t.Fatalf("case %d: %d brings %v by itself, %v on the ladder %+v", i, q.In, v, want, points)
			}
		}
	}
	if checked < 1_500 {
		t.Errorf("only %d corners", checked)
	}
}

// TestLadderOfAnAmountWanted ends where the order does.
func TestLadderOfAnAmountWanted(t *testing.T) {
	var s, one Solver
	checked := 0
	for i := range 2_000 {
		p := randomProblem(rand.New(rand.NewPCG(uint64(i), 32)))
		res := one.Solve(p)
		points, whole := s.Ladder(p, nil)
		if p.In > 0 || !whole || res.Partial || res.Value < 1e6 || res.Out < 1e6 {
			continue
		}
		checked++
		if at := points[len(points)-1]; float64(at.In) > res.Value*(1+near)+1 || float64(at.In) < res.Value*(1-near) ||
			at.Out > p.Out || float64(at.Out) < float64(p.Out)*(1-near)-1 {
			t.Fatalf("case %d: the ladder ends at %+v, the order at %v for %d", i, at, res.Value, p.Out)
		}
	}
	if checked < 100 {
		t.Errorf("only %d cases", checked)
	}
}
