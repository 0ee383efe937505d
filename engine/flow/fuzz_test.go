package flow

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// FuzzSolve turns bytes into a market of any numbers: it ends within its budget,
// what it fills can be filled, and no plan beats the bound of its prices.
func FuzzSolve(f *testing.F) {
	f.Add([]byte("\x03\x03\x40\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13"))
	f.Fuzz(func(t *testing.T, data []byte) {
		next := func() int {
			if len(data) == 0 {
				return 0
			}
			b := data[0]
			data = data[1:]
			return int(b)
		}
		number := func() money.Amount { // small ones and powers of two and near
			b := next()
			return max(1, money.Amount(b&15)<<(b>>4*4)+money.Amount(next()&3)-1)
		}
		p := &Problem{Assets: 2 + next()%5, Source: 0, Target: 1, MaxHops: 1 + next()%3, Budget: 5_000}
		if p.In = number(); next()%2 == 0 {
			p.In, p.Out = 0, p.In
		}
		seen := map[[2]int32]bool{}
		for len(data) > 3 {
			k := [2]int32{int32(next() % p.Assets), int32(next() % p.Assets)}
			if k[0] == k[1] || seen[k] {
				continue
			}
			seen[k] = true
			side := Side{From: k[0], To: k[1]}
			for range 1 + next()%2 {
				b := &graph.Side{}
				for range next() % 4 {
					b.Arcs = append(b.Arcs, graph.Arc{In: number(), Out: number()})
				}
				slices.SortStableFunc(b.Arcs, func(x, y graph.Arc) int { return y.Cmp(x) })
				side.Books = append(side.Books, b)
			}
			p.Sides = append(p.Sides, side)
		}
		r := new(Solver).Solve(p)
		if r.Failed || r.Partial {
			return
		}
		if err := feasible(p, r); err != nil {
			t.Fatalf("%v\n%+v\n%+v", err, *p, *r)
		}
		if r.Prices.Target == 0 {
			return
		}
		// Where rates are a billion apart, the last digits of what has come out are
		// large against the last units that went in.
		b, _ := bound(p, &r.Prices).Float64()
		worth := r.Prices.Source / r.Prices.Target
		over, slack := r.Value-b, 1e-9*max(r.Value, float64(p.In)*worth)
		if p.Out > 0 {
			over, slack = b-r.Value, 1e-9*max(r.Value, float64(p.Out)/worth)
		}
		if over > slack || math.IsNaN(over) {
			t.Fatalf("value %v beats its bound %v: %v\n%+v", r.Value, b, dump(p), *r)
		}
	})
}

// dump shows the levels of a market.
func dump(p *Problem) (text string) {
	for _, d := range p.Sides {
		text += fmt.Sprintf("\n%d>%d", d.From, d.To)
		for _, b := range d.Books {
			text += fmt.Sprint(" ", b.Arcs)
		}
	}
	return text
}
