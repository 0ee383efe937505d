package book

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"chronos.dev/market"
	"chronos.dev/money"
)

// twin is the dumb book: fractions in a slice that is sorted when looked at.
// Its rules are written down once more, by what they mean.
type twin struct {
	state      State
	epoch, seq uint64
	sides      [2][]market.Level // bids, asks; in no order
	depth      int
}

func value(n money.Num) *big.Rat { return new(big.Rat).SetFrac64(n.Coef, money.Pow10(n.Scale)) }

func (w *twin) sorted(side int) []market.Level {
	ls := slices.Clone(w.sides[side])
	slices.SortFunc(ls, func(a, b market.Level) int {
		c := value(a.Price).Cmp(value(b.Price))
		if side == 0 {
			return -c
		}
		return c
	})
	return ls
}

func (w *twin) set(l market.Level) {
	side := int(l.Side - market.Bid)
	w.sides[side] = slices.DeleteFunc(w.sides[side], func(o market.Level) bool {
		return value(o.Price).Cmp(value(l.Price)) == 0
	})
	if l.Size.Coef != 0 {
		w.sides[side] = append(w.sides[side], l)
	}
}

func (w *twin) crossed() bool {
	bids, asks := w.sorted(0), w.sorted(1)
	return len(bids) > 0 && len(asks) > 0 && value(bids[0].Price).Cmp(value(asks[0].Price)) >= 0
}

// take sets the levels of e, cuts, and settles the state.
func (w *twin) take(e *market.Event) {
	for _, l := range e.Levels {
		w.set(l)
	}
	for side := range w.sides {
		if ls := w.sorted(side); w.depth > 0 && len(ls) > w.depth {
			w.sides[side] = ls[:w.depth]
		}
	}
	w.state = Live
	if w.crossed() {
		w.state = Crossed
	}
	if e.HasChecksum && sumText.Sum(w.top(0), w.top(1)) != e.Checksum {
		w.state = Gapped
	}
}

func (w *twin) top(side int) []market.Level {
	ls := w.sorted(side)
	return ls[:min(len(ls), sumText.Depth)]
}

func (w *twin) apply(e *market.Event) {
	usable := w.state == Live || w.state == Crossed
	old := e.Epoch < w.epoch || w.state == Halted
	newer := e.Epoch > w.epoch
	follows := e.Unsequenced || e.PrevSeq == w.seq && (e.Seq > w.seq || e.Seq == w.seq && len(e.Levels) == 0)
	switch {
	case old:
	case e.Kind == market.Snapshot:
		if newer || !usable || e.Unsequenced || e.Seq > w.seq {
			w.epoch, w.seq, w.sides = e.Epoch, e.Seq, [2][]market.Level{}
			w.take(e)
		}
	case newer:
		w.epoch, w.seq, w.state = e.Epoch, 0, Awaiting
		if e.Kind == market.Gap {
			w.state = Gapped
		}
	case e.Kind == market.Gap:
		w.state = Gapped
	case !usable:
	case follows:
		w.seq = max(w.seq, e.Seq)
		w.take(e)
	case e.Seq > w.seq:
		w.state = Gapped
	}
}

func (w *twin) String() string {
	var parts []string
	for side, name := range []string{"b", "a"} {
		for _, l := range w.sorted(side) {
			parts = append(parts, fmt.Sprintf("%s %s %s", name,
				l.Price.AppendCanonical(nil), l.Size.AppendCanonical(nil)))
		}
	}
	return strings.Join(parts, ", ")
}

// level draws prices that meet again, in the same digits or others.
var level = rapid.Custom(func(t *rapid.T) market.Level {
	scale := rapid.Uint8Range(0, 3).Draw(t, "scale")
	pad := rapid.Uint8Range(0, 2).Draw(t, "pad")
	l := market.Level{
		Side: rapid.SampledFrom([]market.Side{market.Bid, market.Ask}).Draw(t, "side"),
		Size: money.Num{Coef: rapid.Int64Range(0, 30).Draw(t, "size"), Scale: rapid.Uint8Range(0, 4).Draw(t, "dec")},
	}
	between := rapid.Int64Range(0, money.Pow10(min(scale, 1))/5).Draw(t, "between")
	tick := rapid.Int64Range(1, 12).Draw(t, "tick")
	if l.Side == market.Ask && rapid.IntRange(0, 20).Draw(t, "cross") != 0 {
		tick += 12
	}
	l.Price = money.Num{Coef: (tick*money.Pow10(scale) + between) * money.Pow10(pad), Scale: scale + pad}
	return l
})

// event draws what may come after w: mostly what follows, sometimes not.
func (w *twin) event(t *rapid.T) *market.Event {
	e := &market.Event{Epoch: w.epoch, PrevSeq: w.seq, Seq: w.seq + 1}
	e.Levels = rapid.SliceOfN(level, 0, 6).Draw(t, "levels")
	e.Kind = rapid.SampledFrom([]market.EventKind{
		market.Delta, market.Delta, market.Delta, market.Delta, market.Snapshot, market.Gap,
	}).Draw(t, "kind")
	switch rapid.IntRange(0, 19).Draw(t, "turn") {
	case 0:
		e.Epoch++
	case 1:
		e.Epoch -= min(e.Epoch, 1)
	case 2:
		e.Seq = w.seq
	case 3:
		e.PrevSeq = w.seq + 1
		e.Seq = w.seq + 2
	case 4:
		e.Seq = w.seq - min(w.seq, 1)
	case 5:
		e.Unsequenced, e.Seq, e.PrevSeq = true, 0, 0
	case 6:
		e.Kind, e.Seq, e.Levels = market.Delta, w.seq, nil
	}
	if rapid.Bool().Draw(t, "sum") {
		e.HasChecksum = true
		after := *w
		after.sides = [2][]market.Level{slices.Clone(w.sides[0]), slices.Clone(w.sides[1])}
		after.apply(e)
		e.Checksum = sumText.Sum(after.top(0), after.top(1))
		if rapid.IntRange(0, 20).Draw(t, "bad") == 0 {
			e.Checksum++
		}
	}
	return e
}

// act does one thing to both.
func act(t *rapid.T, b *Book, w *twin) {
	switch rapid.IntRange(0, 40).Draw(t, "act") {
	case 0:
		b.Halt("halt", 1)
		w.state = Halted
	case 1, 2, 3:
		b.Resume(2)
		if w.state == Halted {
			w.state = Awaiting
		}
	case 4:
		b.MarkGapped("gap", 3)
		if w.state != Halted {
			w.state = Gapped
		}
	default:
		e := w.event(t)
		was := b.Counters().Gaps
		err := b.Apply(e)
		w.apply(e)
		if gaps := b.Counters().Gaps - was; gaps > 1 || (gaps == 1) != (err != nil) {
			t.Fatalf("error %v, but %d gaps were counted", err, gaps)
		}
		var sum *ChecksumError
		if errors.As(err, &sum) && sum.Got == sum.Want {
			t.Fatalf("checksum error of equal sums: %v", err)
		}
	}
}

func TestTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		depth := rapid.IntRange(0, 8).Draw(t, "depth")
		b, w := New(market.BookRules{Depth: depth, Checksum: sumText}), &twin{depth: depth}
		for range rapid.IntRange(1, 60).Draw(t, "acts") {
			version := b.Version()
			act(t, b, w)
			v := b.Publish()
			if v.State != w.state || v.Epoch != w.epoch || v.Seq != w.seq {
				t.Fatalf("%v (%s) at %d.%d, the twin is %v at %d.%d",
					v.State, v.Reason, v.Epoch, v.Seq, w.state, w.epoch, w.seq)
			}
			if show(v) != w.String() {
				t.Fatalf("book %s\ntwin %s", show(v), w)
			}
			if v.Version < version {
				t.Fatalf("version went from %d to %d", version, v.Version)
			}
			if why := inconsistent(v); why != "" {
				t.Fatal(why)
			}
		}
	})
}

// inconsistent says what is wrong with a view, "" if nothing is.
func inconsistent(v *View) string {
	for i := 1; i < len(v.Bids); i++ {
		if v.Bids[i].Price >= v.Bids[i-1].Price {
			return fmt.Sprintf("bid %d is not below the one before", i)
		}
	}
	for i := 1; i < len(v.Asks); i++ {
		if v.Asks[i].Price <= v.Asks[i-1].Price {
			return fmt.Sprintf("ask %d is not above the one before", i)
		}
	}
	for _, l := range append(slices.Clone(v.Bids), v.Asks...) {
		if l.Price <= 0 || l.Size <= 0 {
			return fmt.Sprintf("level %+v", l)
		}
	}
	cross := len(v.Bids) > 0 && len(v.Asks) > 0 && v.Bids[0].Price >= v.Asks[0].Price
	switch {
	case v.State == Live && cross:
		return "live, but crossed"
	case v.State == Crossed && !cross:
		return "crossed, but bid below ask"
	case (v.State == Live) != (v.Reason == ""):
		return fmt.Sprintf("%v for reason %q", v.State, v.Reason)
	}
	return ""
}
