package book

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"chronos.dev/market"
	"chronos.dev/money"

	"github.com/tidwall/btree"
)

// plain is one side of a book in an ordered map and nothing else.
type plain struct {
	side   market.Side
	levels btree.Map[money.Price, Level]
}

func (p *plain) best() (Level, bool) {
	if p.side == market.Bid {
		_, lv, ok := p.levels.Max()
		return lv, ok
	}
	_, lv, ok := p.levels.Min()
	return lv, ok
}

func (p *plain) dropWorst() {
	if p.side == market.Bid {
		p.levels.PopMin()
	} else {
		p.levels.PopMax()
	}
}

func (p *plain) appendTo(dst []Level) []Level {
	each := func(_ money.Price, lv Level) bool { dst = append(dst, lv); return true }
	if p.side == market.Bid {
		p.levels.Reverse(each)
	} else {
		p.levels.Scan(each)
	}
	return dst
}

// walk is a market that moves: prices around a middle on a grid, now and then a jump,
// a level far out, one off the grid, or all of them gone.
type walk struct {
	r          *rand.Rand
	mid, tick  int64
	width      float64
	restless   float64
	off, jumps float64
}

func newWalk(r *rand.Rand) *walk {
	return &walk{
		r: r, mid: 1 + r.Int64N(1<<(10+r.IntN(40))), tick: []int64{1, 1, 5, 10, 250, 1_000_000}[r.IntN(6)],
		width: math.Exp(1 + r.Float64()*9), restless: r.Float64() * 20,
		off: []float64{0, 0, 0.001, 0.3}[r.IntN(4)], jumps: []float64{0, 1e-5, 1e-3}[r.IntN(3)],
	}
}

// price is a price to change, on the side of the market that is a bid's or an ask's.
func (w *walk) price(side market.Side) money.Price {
	if w.r.Float64() < 0.01 {
		w.mid += int64(w.restless * w.r.NormFloat64())
	}
	away := int64(w.r.ExpFloat64() * w.width)
	if w.r.Float64() < w.jumps {
		if w.r.IntN(2) == 0 {
			w.mid *= 1 + w.r.Int64N(3)
		}
		away *= w.r.Int64N(100_000)
	}
	if w.mid < 1 || w.mid > 1<<52 {
		w.mid = 1 << 30
	}
	p := w.mid + away
	if side == market.Bid {
		p = w.mid - away
	}
	p = max(p/w.tick, 1) * w.tick
	if w.r.Float64() < w.off {
		p += w.r.Int64N(w.tick + 1)
	}
	return money.Price(max(p, 1))
}

// TestLadderEqualsMap changes a ladder and an ordered map alike, level by level, in
// markets of all kinds, and compares best prices after each and whole sides now
// and then. CHRONOS_LONG makes it a hundred million changes.
func TestLadderEqualsMap(t *testing.T) {
	markets, changes := 60, 20_000
	if testing.Short() {
		markets, changes = 30, 5_000
	}
	if os.Getenv("CHRONOS_LONG") != "" {
		markets, changes = 400, 250_000
	}
	far, grids := 0, map[uint64]bool{}
	for m := range markets {
		r := rand.New(rand.NewPCG(uint64(m), 61))
		side := market.Bid + market.Side(r.IntN(2))
		l, want, w := newLadder(side), &plain{side: side}, newWalk(r)
		most := 1 + r.IntN(6_000)
		var got, all []Level
		for i := range changes {
			switch p := w.price(side); {
			case r.IntN(20_000) == 0:
				l.reset()
				want.levels.Clear()
			case r.IntN(2_000) == 0 && l.len() > 0:
				for range r.IntN(l.len()) {
					l.dropWorst()
					want.dropWorst()
				}
			case r.IntN(3) == 0:
				_, had := want.levels.Delete(p)
				if l.delete(p) != had {
					t.Fatalf("market %d, change %d: delete of %d: %v", m, i, p, !had)
				}
			case r.IntN(8) == 0 && l.len() > 0: // the best trades away
				lv, _ := l.best()
				l.delete(lv.Price)
				want.levels.Delete(lv.Price)
			default:
				lv := Level{p, money.Size(1 + r.Int64N(1e9)), uint8(r.IntN(9)), uint8(r.IntN(9))}
				l.set(lv)
				want.levels.Set(p, lv)
			}
			for l.len() > most {
				l.dropWorst()
				want.dropWorst()
			}
			a, okA := l.best()
			b, okB := want.best()
			if a != b || okA != okB || l.len() != want.levels.Len() {
				t.Fatalf("market %d, change %d: best %+v %v of %d, want %+v %v of %d", m, i, a, okA, l.len(), b, okB, want.levels.Len())
			}
			if i%997 == 0 {
				got, all = l.appendTo(got[:0]), want.appendTo(all[:0])
				if fmt.Sprint(got) != fmt.Sprint(all) {
					t.Fatalf("market %d, change %d: %v\nwant %v", m, i, got, all)
				}
				n := r.IntN(len(all) + 2)
				if got = l.appendBest(got[:0], n); !slices.Equal(got, all[:min(n, len(all))]) {
					t.Fatalf("market %d, change %d: the best %d: %v\nwant %v", m, i, n, got, all)
				}
			}
		}
		far = max(far, l.far.n)
		grids[l.grid.step] = true
	}
	if far < 100 || len(grids) < 4 {
		t.Errorf("at most %d levels far, grids %v: the markets have lost their variety", far, grids)
	}
}

// TestNoLevelIsRounded: prices off the grid are kept as they are.
func TestNoLevelIsRounded(t *testing.T) {
	l := newLadder(market.Ask)
	for i := range int64(200) {
		l.set(Level{Price: money.Price(1_000_000 + 50*i), Size: 1})
	}
	for _, p := range []money.Price{1_000_001, 1_000_049, 999_999, 1} {
		l.set(Level{Price: p, Size: 7})
		if !l.delete(p) || l.delete(p) {
			t.Errorf("%d is not held as it is", p)
		}
	}
	if l.len() != 200 || l.grid.step != 50 {
		t.Errorf("%d levels on a grid of %d", l.len(), l.grid.step)
	}
}

// TestWindowFollows: the window is where the best prices are, after a slow rise, a
// slow fall, and a jump.
func TestWindowFollows(t *testing.T) {
	for _, side := range []market.Side{market.Bid, market.Ask} {
		l := newLadder(side)
		mid := int64(1 << 30)
		move := func(step int64, times int) {
			for range times {
				mid += step
				for k := range int64(100) {
					p := mid + k
					if side == market.Bid {
						p = mid - k
					}
					l.set(Level{Price: money.Price(p), Size: 1})
				}
				for l.len() > 100 {
					lv, _ := l.best()
					if side == market.Bid && int64(lv.Price) > mid || side == market.Ask && int64(lv.Price) < mid {
						l.delete(lv.Price)
					} else {
						l.dropWorst()
					}
				}
			}
		}
		for _, m := range []struct {
			name  string
			step  int64
			times int
		}{{"rise", 3, 30_000}, {"fall", -3, 30_000}, {"jump up", 10_000_000, 2}, {"jump down", -10_000_000, 2}} {
			move(m.step, m.times)
			lv, _ := l.best()
			if int64(lv.Price) != mid || l.near.n < 50 {
				t.Errorf("%s after a %s: best %d, want %d; %d of %d levels are in the window", side, m.name, lv.Price, mid, l.near.n, l.len())
			}
		}
	}
}

// TestLadderDoesNotAllocate: neither where it stands nor while it moves.
func TestLadderDoesNotAllocate(t *testing.T) {
	l := newLadder(market.Ask)
	mid := int64(1 << 30)
	step := func() {
		mid += 2
		for k := range int64(20) {
			l.set(Level{Price: money.Price(mid + 3*k), Size: 1})
		}
		for lv, ok := l.best(); ok && int64(lv.Price) < mid; lv, ok = l.best() {
			l.delete(lv.Price)
		}
		for l.len() > 500 {
			l.dropWorst()
		}
	}
	for range 50_000 {
		step()
	}
	if n := testing.AllocsPerRun(10_000, step); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// changes draws updates of a book of n levels: most near the best, half change a
// size, the others take a level away and put one back.
func changes(n int) []money.Price {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	ps := make([]money.Price, 1<<14)
	for i := range ps {
		k := r.IntN(10)
		if r.IntN(5) == 0 {
			k = r.IntN(n)
		}
		ps[i] = money.Price(1<<30 + 2*k)
	}
	return ps
}

// BenchmarkLadder is one change of 30 books of 100, 1,000 and 5,000 levels, in a
// ladder and in an ordered map.
func BenchmarkLadder(b *testing.B) {
	const books = 30
	for _, n := range []int{100, 1_000, 5_000} {
		ps := changes(n)
		fill := func(set func(book int, lv Level)) {
			for book := range books {
				for k := range n {
					set(book, Level{Price: money.Price(1<<30 + 2*k), Size: 1})
				}
			}
		}
		b.Run(fmt.Sprintf("window/%d", n), func(b *testing.B) {
			var ls [books]ladder
			for i := range ls {
				ls[i] = newLadder(market.Ask)
			}
			fill(func(book int, lv Level) { ls[book].set(lv) })
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				p, l := ps[i&(len(ps)-1)], &ls[i%books]
				if i&3 == 0 {
					l.delete(p)
				}
				l.set(Level{Price: p, Size: money.Size(i)})
				i++
			}
		})
		b.Run(fmt.Sprintf("map/%d", n), func(b *testing.B) {
			var ls [books]plain
			fill(func(book int, lv Level) { ls[book].levels.Set(lv.Price, lv) })
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				p, l := ps[i&(len(ps)-1)], &ls[i%books]
				if i&3 == 0 {
					l.levels.Delete(p)
				}
				l.levels.Set(p, Level{Price: p, Size: money.Size(i)})
				i++
			}
		})
	}
}
