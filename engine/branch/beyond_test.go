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

// TestEnvelopeBeyondAllAmounts: where the arcs of an option sum to more than fits, the
// envelope ends on its curve, and the bound with it.
func TestEnvelopeBeyondAllAmounts(t *testing.T) {
	const half = 1 << 62
	o := graph.Option{Entry: graph.Arc{In: 10, Out: 20}, More: []graph.Arc{{In: half / 4, Out: half}, {In: half, Out: 3 * half / 2}}}
	arcs := Envelope(&graph.Side{Options: []graph.Option{o}}, 0)
	in, out := money.Amount(0), money.Amount(0)
	for _, a := range arcs {
		in, out = in+a.In, out+a.Out
	}
	if want := money.Amount(half/4 + (half-20)/3*2); out != 1<<63-1 || in < want || in > want+20 {
		t.Errorf("%v: ends at %d into %d, want about %d", arcs, in, out, want)
	}
	var s Solver
	p := flow.Problem{Assets: 2, Source: 0, Target: 1, MaxHops: 1, Out: 1<<63 - 3_000_000, Sides: []flow.Side{
		{From: 0, To: 1, Books: []*graph.Side{{Options: []graph.Option{o}}}},
	}}
	if r := s.Solve(&p, 0); r.Bound > r.In || r.In > in-1_990_000 || r.Bound < in-2_010_000 {
		t.Errorf("costs %d, bound %d, want about %d", r.In, r.Bound, in-2_000_000)
	}
}
