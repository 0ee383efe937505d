package branch

import (
	"testing"

	"chronos.dev/engine/flow"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// TestEntryBeyondTheOrder: an option that the order cannot pay, or need not have,
// leaves no gap: what proves it is that nothing brings enough for its entry.
func TestEntryBeyondTheOrder(t *testing.T) {
	tier := func(min, max, price money.Amount) graph.Option {
		o := graph.Option{More: []graph.Arc{{In: max - min, Out: (max - min) * price}}}
		if min > 0 {
			o.Entry = graph.Arc{In: min, Out: min * price}
		}
		return o
	}
	vault := &graph.Side{Options: []graph.Option{tier(0, 500_000, 67), tier(500_000, 5_000_000, 69)}}
	even := &graph.Side{Arcs: []graph.Arc{{In: 1e9, Out: 1e9}}}
	var s Solver
	for before := range int32(3) { // hops to the vault, at one to one
		for after := range 3 - before { // and on from it
			p := flow.Problem{Assets: 4, Source: 0, Target: before + after + 1, MaxHops: 3}
			for at := range p.Target {
				d := flow.Side{From: at, To: at + 1, Books: []*graph.Side{even}}
				if at == before {
					d.Books = []*graph.Side{vault}
				}
				p.Sides = append(p.Sides, d)
			}
			sell, buy := p, p
			sell.In, buy.Out = 300_000, 300_000*67
			if r := s.Solve(&sell, 0); r.Out != 300_000*67 || r.Bound > r.Out+1 || r.Cut {
				t.Errorf("%d hops before, %d after: sold for %d, bound %d", before, after, r.Out, r.Bound)
			}
			if r := s.Solve(&buy, 0); r.In != 300_000 || r.Bound < r.In-1 || r.Cut {
				t.Errorf("%d hops before, %d after: bought for %d, bound %d", before, after, r.In, r.Bound)
			}
			buy.Out = 499_990 * 69 // the entry of the second gives more
			if r := s.Solve(&buy, 0); r.In != 500_000 || r.Out != buy.Out || r.Bound < r.In-1 {
				t.Errorf("%d hops before, %d after: %d bought for %d, bound %d", before, after, r.Out, r.In, r.Bound)
			}
		}
	}
}
