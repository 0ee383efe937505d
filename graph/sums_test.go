package graph

import (
	"math"
	"math/rand/v2"
	"testing"

	"chronos.dev/money"
)

// TestSumsChangeNothing: a side gives and costs the same with sums and without, for
// amounts at the edges of arcs and between, with lots, and where sums stop.
func TestSumsChangeNothing(t *testing.T) {
	deep := 0
	for round := range 200 {
		r := rand.New(rand.NewPCG(uint64(round), 64))
		most := int64(1) << (4 + r.IntN(55))
		d := Side{}
		for range r.IntN(600) {
			a := Arc{In: money.Amount(1 + r.Int64N(most)), Out: money.Amount(1 + r.Int64N(most))}
			d.add(a, a.Out)
		}
		d.order()
		if round%3 == 0 {
			d.inLots(money.Amount(1+r.Int64N(most)/16), true)
		}
		deep = max(deep, len(d.sums))
		plain := d
		plain.sums = nil
		in, out := money.Amount(0), money.Amount(0) // of the arcs so far
		for i := range len(d.Arcs) + 1 {
			for _, more := range []money.Amount{0, 1, money.Amount(r.Int64N(most))} {
				x, y := money.AddStop(in, more), money.AddStop(out, more)
				if got, want := d.Gives(x), plain.Gives(x); got != want {
					t.Fatalf("round %d: %d gives %d, want %d", round, x, got, want)
				}
				if got, want := d.Costs(y), plain.Costs(y); got != want {
					t.Fatalf("round %d: %d costs %d, want %d", round, y, got, want)
				}
			}
			if i < len(d.Arcs) {
				in, out = money.AddStop(in, d.Arcs[i].In), money.AddStop(out, d.Arcs[i].Out)
			}
		}
		if d.Gives(math.MaxInt64) != plain.Gives(math.MaxInt64) {
			t.Fatalf("round %d: everything gives another amount", round)
		}
	}
	if deep < 30 {
		t.Errorf("no side had more than %d sums", deep)
	}
}
