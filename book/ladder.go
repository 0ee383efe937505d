package book

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"chronos.dev/market"
	"chronos.dev/money"
)

// ladder is one side of a book, ordered by price. The rest of the package uses its
// methods only.
//
// Levels near the best price stand in a window of prices on a grid: the greatest
// step that most prices are multiples of. All others stand on a shelf: far from the
// market, or off the grid. No price is ever rounded to fit.
//
// Both go by keys: a price or its index on the grid for asks, and all bits of that
// turned for bids. So the best level has the least key on either side.
type ladder struct {
	near window
	grid grid
	top  Level // the best; of price 0 if there is none
	side market.Side
	flip int64 // -1 for bids
	far  shelf
	off  int // levels of far that are off the grid

	room  int     // levels off the grid before another one is looked for
	moved []Level // scratch of center
	all   []Level // scratch of renew
}

func newLadder(side market.Side) ladder {
	l := ladder{side: side, grid: noGrid, room: leastRoom}
	if side == market.Bid {
		l.flip = -1
	}
	return l
}

// leastRoom is how many levels may be far, or off the grid, before it matters.
const leastRoom = 32

func (l *ladder) len() int { return l.near.n + l.far.n }

func (l *ladder) reset() {
	l.near.clear()
	l.far.clear()
	l.grid, l.off, l.room, l.top = noGrid, 0, leastRoom, Level{}
}

// key is the key of a price; of a larger one if it is worse.
func (l *ladder) key(p money.Price) int64 { return int64(p) ^ l.flip }

// price is the price of a key in the window.
func (l *ladder) price(k int64) money.Price { return money.Price((k ^ l.flip) * int64(l.grid.step)) }

// set sets a level.
func (l *ladder) set(lv Level) {
	i, on := l.grid.index(lv.Price)
	if k := i ^ l.flip; on && l.near.covers(k) {
		l.near.put(k, slot{lv.Size, lv.PriceDec, lv.SizeDec})
		l.offer(&lv)
		return
	}
	if !l.place(lv) {
		l.settle()
	}
}

// offer makes a level that was set the best one, if it is.
func (l *ladder) offer(lv *Level) {
	if l.top.Price == 0 || l.key(lv.Price) <= l.key(l.top.Price) {
		l.top = *lv
	}
}

// place sets a level and reports whether the window took it, moved there if need be.
func (l *ladder) place(lv Level) bool {
	if l.grid.step == 0 {
		l.grid = newGrid(uint64(lv.Price))
	}
	i, on := l.grid.index(lv.Price)
	k := i ^ l.flip
	switch {
	case !on || l.near.covers(k):
	case l.near.n == 0 || l.ahead(k):
		l.center(k)
	case l.lags():
		best, _ := l.near.first()
		l.center(best)
	}
	l.offer(&lv)
	if on && l.near.covers(k) {
		l.near.put(k, slot{lv.Size, lv.PriceDec, lv.SizeDec})
		return true
	}
	if !l.far.set(l.key(lv.Price), &lv) && !on {
		l.off++
	}
	return false
}

// settle lays another grid, or makes the window larger, if too many levels are far.
// While they are few, none is left off the grid.
func (l *ladder) settle() {
	deep := l.far.n - l.off // on the grid, but out of the window
	size := len(l.near.slots)
	switch {
	case l.off > 0 && l.len() <= leastRoom:
		l.renew(l.common(), size)
	case deep > leastRoom && 4*deep > l.near.n && size < maxWindow:
		l.renew(l.grid.step, 4*size)
	case l.off > l.room && 8*l.off > l.near.n:
		l.room = 2 * l.off
		l.renew(l.common(), size)
	}
}

// lags reports whether the best price has come near the worse end of the window.
func (l *ladder) lags() bool {
	i, on := l.grid.index(l.top.Price)
	k := i ^ l.flip
	return on && l.near.covers(k) && k-l.near.base > l.near.size()/4*3
}

// ahead reports whether k is better than all that the window covers, but so near that
// it is worth moving there. A single level far out would drive all others out of the
// window; it is far until those that the window holds are gone.
func (l *ladder) ahead(k int64) bool {
	return k < l.near.base && k >= l.near.base-l.near.size()/2
}

// delete removes the level at a price and reports whether there was one.
func (l *ladder) delete(p money.Price) bool {
	i, on := l.grid.index(p)
	k, had := i^l.flip, false
	if on && l.near.covers(k) {
		if had = l.near.take(k); had && l.near.n == 0 {
			l.follow()
		}
	} else if had = l.far.delete(l.key(p)); had && !on {
		l.off--
	}
	if had && p == l.top.Price {
		l.findTop()
	}
	return had
}

// follow moves an empty window to the best far level on the grid, if it is the best.
func (l *ladder) follow() {
	if l.far.n == 0 {
		return
	}
	if i, on := l.grid.index(l.far.min().Price); on {
		l.center(i ^ l.flip)
	}
}

// findTop looks for the best level.
func (l *ladder) findTop() {
	l.top = Level{}
	k, ok := l.near.first()
	if ok {
		l.top = l.level(k)
	}
	if l.far.n == 0 {
		return
	}
	if lv := l.far.min(); !ok || l.key(lv.Price) < l.key(l.top.Price) {
		l.top = *lv
	}
}

// level is the level at a key in the window.
func (l *ladder) level(k int64) Level {
	s := &l.near.slots[l.near.at(k)]
	return Level{Price: l.price(k), Size: s.size, PriceDec: s.priceDec, SizeDec: s.sizeDec}
}

// center moves the window so that k stands about a quarter from its better end. What
// leaves the range goes to far, and what comes into it comes from there.
func (l *ladder) center(k int64) {
	w := &l.near
	if len(w.slots) == 0 {
		*w = newWindow(minWindow)
	}
	base := min(max(k, math.MinInt64+w.size())-w.size()/4, math.MaxInt64-w.size()+1) &^ 63
	for at, ok := w.first(); ok; at, ok = w.after(at) {
		if uint64(at-base) >= uint64(w.size()) {
			lv := l.level(at)
			l.far.set(l.key(lv.Price), &lv)
			w.take(at)
		}
	}
	w.base = base
	if l.far.n == 0 {
		return
	}
	l.moved = l.moved[:0]
	last := l.edge(base + w.size() - 1)
	l.far.ascend(l.edge(base), func(key int64, lv *Level) bool {
		if i, on := l.grid.index(lv.Price); on && w.covers(i^l.flip) {
			l.moved = append(l.moved, *lv)
		}
		return key <= last
	})
	for _, lv := range l.moved {
		l.far.delete(l.key(lv.Price))
		i, _ := l.grid.index(lv.Price)
		w.put(i^l.flip, slot{lv.Size, lv.PriceDec, lv.SizeDec})
	}
}

// edge is the key of the price at key k of the grid, or of the nearest price there is.
func (l *ladder) edge(k int64) int64 {
	i := min(max(k^l.flip, 0), math.MaxInt64/int64(l.grid.step))
	return l.key(money.Price(i * int64(l.grid.step)))
}

// renew makes the window anew, on another grid or larger.
func (l *ladder) renew(step uint64, size int) {
	if step == l.grid.step && size == len(l.near.slots) {
		return
	}
	l.all = l.appendTo(l.all[:0])
	if size != len(l.near.slots) {
		l.near = newWindow(size)
	}
	l.refill(step)
}

// refill sets all levels of the scratch, and no others, on a grid; 0: that of the
// first of them.
func (l *ladder) refill(step uint64) {
	room := l.room
	l.reset()
	l.room = room
	if step > 0 {
		l.grid = newGrid(step)
	}
	for _, lv := range l.all {
		l.place(lv)
	}
	if len(l.all) > mostScratch {
		l.all = nil
	}
}

// mostScratch is how many levels of scratch a ladder keeps.
const mostScratch = 1024

// common is the greatest step that all prices are multiples of.
func (l *ladder) common() uint64 {
	step := l.grid.step
	l.scan(func(lv Level) bool { step = gcd(step, uint64(lv.Price)); return step > 1 })
	return step
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// best returns the highest bid or the lowest ask.
func (l *ladder) best() (Level, bool) { return l.top, l.top.Price != 0 }

// dropWorst removes the lowest bid or the highest ask.
func (l *ladder) dropWorst() {
	k, ok := l.near.last()
	if l.far.n > 0 {
		if p := l.far.max().Price; !ok || l.key(p) > l.key(l.price(k)) {
			l.delete(p)
			return
		}
	}
	if ok {
		l.delete(l.price(k))
	}
}

// scan calls f for every level, best first, until it returns false.
func (l *ladder) scan(f func(Level) bool) {
	k, ok := l.near.first()
	on := true
	if l.far.n > 0 {
		l.far.ascend(math.MinInt64, func(key int64, lv *Level) bool {
			for ok && on && l.key(l.price(k)) < key {
				on = f(l.level(k))
				k, ok = l.near.after(k)
			}
			on = on && f(*lv)
			return on
		})
	}
	for ok && on {
		on = f(l.level(k))
		k, ok = l.near.after(k)
	}
}

// appendTo appends all levels, best first.
func (l *ladder) appendTo(dst []Level) []Level { return l.appendBest(dst, l.len()) }

// appendBest appends the best n levels, best first.
func (l *ladder) appendBest(dst []Level, n int) []Level {
	if l.far.n > 0 {
		l.scan(func(lv Level) bool {
			if n--; n >= 0 {
				dst = append(dst, lv)
			}
			return n > 0
		})
		return dst
	}
	if n = min(n, l.near.n); n == 0 {
		return dst
	}
	dst = slices.Grow(dst, n)[:len(dst)+n]
	l.fill(dst[len(dst)-n:])
	return dst
}

// fill fills dst, which is not empty, with the best levels of the window. It has as
// many.
func (l *ladder) fill(dst []Level) {
	w, flip, step := &l.near, l.flip, int64(l.grid.step)
	for k, ok := w.first(); ok; k, ok = w.after(k + 63) {
		at := w.at(k) &^ 63
		slots := w.slots[at : at+64] // those of a word
		k &^= 63
		for m := w.words[at>>6]; m != 0; m &= m - 1 {
			i := bits.TrailingZeros64(m) & 63
			s := &slots[i]
			to := &dst[0]
			to.Price, to.Size = money.Price((k+int64(i)^flip)*step), s.size
			to.PriceDec, to.SizeDec = s.priceDec, s.sizeDec
			if dst = dst[1:]; len(dst) == 0 {
				return
			}
		}
	}
}

// appendSent appends the best n levels with the digits the venue sent.
func (l *ladder) appendSent(dst []market.Level, n int, priceScale, sizeScale uint8) []market.Level {
	l.scan(func(lv Level) bool {
		if n == 0 {
			return false
		}
		n--
		dst = append(dst, market.Level{
			Side:  l.side,
			Price: sent(int64(lv.Price), priceScale, lv.PriceDec),
			Size:  sent(int64(lv.Size), sizeScale, lv.SizeDec),
		})
		return true
	})
	return dst
}

// sent returns v / 10^scale as a Num with dec decimals. It cannot fail: the
// value came from a Num of that form.
func sent(v int64, scale, dec uint8) money.Num {
	n := money.Num{Coef: v, Scale: scale}
	c, err := n.At(dec)
	if err != nil {
		panic("book: a level lost the digits it was sent with: " + err.Error())
	}
	return money.Num{Coef: c, Scale: dec}
}

// fits returns an error if a price or a size times a power of ten is too large.
func (l *ladder) fits(price, size uint8) (err error) {
	l.scan(func(lv Level) bool {
		_, errPrice := money.Num{Coef: int64(lv.Price)}.At(price)
		_, errSize := money.Num{Coef: int64(lv.Size)}.At(size)
		err = cmp.Or(errPrice, errSize)
		return err == nil
	})
	return err
}

// rescale multiplies all prices and sizes by powers of ten, which fits says they can
// bear.
func (l *ladder) rescale(price, size uint8) {
	if price == 0 {
		l.resize(money.Size(money.Pow10(size)))
		return
	}
	l.all = l.appendTo(l.all[:0])
	for i := range l.all {
		l.all[i].Price *= money.Price(money.Pow10(price))
		l.all[i].Size *= money.Size(money.Pow10(size))
	}
	step, err := money.Num{Coef: int64(l.grid.step)}.At(price)
	if err != nil {
		step = 0 // nothing is left of what it was laid for
	}
	l.refill(uint64(step))
}

// resize multiplies all sizes.
func (l *ladder) resize(by money.Size) {
	for k, ok := l.near.first(); ok; k, ok = l.near.after(k) {
		l.near.slots[l.near.at(k)].size *= by
	}
	l.far.resize(by)
	l.top.Size *= by
}
