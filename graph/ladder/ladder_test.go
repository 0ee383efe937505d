package ladder

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// oracle sorts by big.Rat and adds up in big.Int.
func oracle(levels []Level, amount money.Amount) (money.Amount, bool) {
	sorted := slices.Clone(levels)
	rate := func(l Level) *big.Rat { return big.NewRat(int64(l.Out), int64(l.In)) }
	slices.SortFunc(sorted, func(a, b Level) int {
		if c := rate(b).Cmp(rate(a)); c != 0 {
			return c
		}
		if a.Market != b.Market {
			return int(a.Market) - int(b.Market)
		}
		return big.NewInt(int64(a.In)).Cmp(big.NewInt(int64(b.In)))
	})
	left, out := big.NewInt(int64(amount)), new(big.Int)
	for _, l := range sorted {
		in := big.NewInt(int64(l.In))
		if left.Cmp(in) <= 0 {
			part := new(big.Int).Mul(left, big.NewInt(int64(l.Out)))
			return stop(out.Add(out, part.Div(part, in))), true
		}
		left.Sub(left, in)
		out.Add(out, big.NewInt(int64(l.Out)))
	}
	return stop(out), amount == 0
}

func stop(x *big.Int) money.Amount {
	if !x.IsInt64() {
		return math.MaxInt64
	}
	return money.Amount(x.Int64())
}

func TestOutIsThatOfSortedLevels(t *testing.T) {
	for _, most := range []int64{3, 1000, 1 << 40, math.MaxInt64} {
		r := rand.New(rand.NewPCG(1, uint64(most)))
		w, levels := New(), []Level(nil)
		for step := range 3000 {
			grow := 2 + step/1500 // of 5: it grows, and then shrinks
			if len(levels) == 0 || r.IntN(5) >= grow {
				l := Level{graph.Arc{In: amount(r, most), Out: amount(r, most)}, graph.MarketID(r.IntN(8))}
				w.Add(l)
				levels = append(levels, l)
			} else {
				i := r.IntN(len(levels))
				if !w.Remove(levels[i]) {
					t.Fatalf("step %d: %v is not there", step, levels[i])
				}
				levels = slices.Delete(levels, i, i+1)
			}
			if step%10 > 0 {
				continue
			}
			w.Publish()
			l := w.Load()
			total := l.sums[len(l.sums)-1].In
			for _, in := range []money.Amount{0, 1, amount(r, most), total, money.Amount(r.Uint64N(uint64(total) + 1)), math.MaxInt64} {
				got, ok := l.Out(in)
				if want, whole := oracle(levels, in); got != want || ok != whole {
					t.Fatalf("step %d: %d gives %d, %v; by sorting %d, %v", step, in, got, ok, want, whole)
				}
			}
		}
	}
}

func amount(r *rand.Rand, most int64) money.Amount { return money.Amount(1 + r.Int64N(most)) }

func TestPublishedLaddersStayAsTheyAre(t *testing.T) {
	w := New()
	for i := range 200 {
		w.Add(Level{graph.Arc{In: 10, Out: money.Amount(1000 - i)}, 1})
	}
	w.Publish()
	was := w.Load()
	want, _ := was.Out(1995)
	for i := range 200 {
		w.Remove(Level{graph.Arc{In: 10, Out: money.Amount(1000 - i)}, 1})
		w.Add(Level{graph.Arc{In: 1, Out: 1}, 2})
		if i%7 == 0 {
			w.Publish()
		}
	}
	if got, ok := was.Out(1995); got != want || !ok {
		t.Fatalf("a published ladder gave %d and now %d, %v", want, got, ok)
	}
	if got, _ := w.Load().Out(5); got == want {
		t.Fatal("a change was not published")
	}
}

func TestWhatIsNotThereIsNotRemoved(t *testing.T) {
	w, l := New(), Level{graph.Arc{In: 2, Out: 3}, 1}
	w.Add(l)
	for _, other := range []Level{{l.Arc, 0}, {l.Arc, 2}, {graph.Arc{In: 4, Out: 6}, 1}, {graph.Arc{In: 2, Out: 1}, 1}} {
		if w.Remove(other) {
			t.Errorf("%v was removed", other)
		}
	}
	if !w.Remove(l) || w.Remove(l) {
		t.Error("a level is removed once")
	}
	if out, whole := w.Load().Out(-1); out != 0 || whole {
		t.Errorf("less than nothing gives %d, %v", out, whole)
	}
}

func TestReadersSeeWholeChanges(t *testing.T) {
	w, done := New(), make(chan struct{})
	low, high := Level{graph.Arc{In: 10, Out: 10}, 1}, Level{graph.Arc{In: 10, Out: 20}, 1}
	w.Add(low)
	w.Publish()
	go func() {
		defer close(done)
		for range 2000 {
			w.Remove(low)
			w.Add(high)
			w.Publish()
			low, high = high, low
		}
	}()
	for {
		if out, ok := w.Load().Out(10); !ok || out != 10 && out != 20 {
			t.Fatalf("half a change was seen: %d, %v", out, ok)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func TestOutAllocatesNothing(t *testing.T) {
	w := New()
	for i := range 1500 {
		w.Add(Level{graph.Arc{In: 10, Out: money.Amount(10 + i)}, graph.MarketID(i % 30)})
	}
	w.Publish()
	l := w.Load()
	if n := testing.AllocsPerRun(100, func() { l.Out(7777) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
