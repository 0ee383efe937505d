package book

import (
	"cmp"
	"math"
	"math/bits"

	"chronos.dev/market"
	"chronos.dev/money"

	"github.com/tidwall/btree"
)

// ladder is one side of a book, ordered by price. The rest of the package uses its
// methods only.
//
// Levels near the best price stand in a window of prices on a grid: the greatest
// step that most prices are multiples of. All others stand in an ordered map: far
// from the market, or off the grid. No price is ever rounded to fit.
type ladder struct {
	side market.Side
	near window
	step uint64 // of the grid; 0: no level was set yet
	inv  uint64 // 2^64 / step, down
	far  *btree.Map[money.Price, Level]
	off  int // levels of far that are off the grid

	room  int     // levels off the grid before another one is looked for
	moved []Level // scratch
}

func newLadder(side market.Side) ladder {
	return ladder{side: side, near: newWindow(minWindow), far: new(btree.Map[money.Price, Level]), room: leastRoom}
}

// leastRoom is how many levels may be far, or off the grid, before it matters.
const leastRoom = 32

func (l *ladder) len() int { return l.near.n + l.far.Len() }

func (l *ladder) reset() {
	l.near.clear()
	l.far.Clear()
	l.step, l.off, l.room = 0, 0, leastRoom
}

// index returns the grid index of a price, false if it is off the grid. Prices are
// positive.
func (l *ladder) index(p money.Price) (i int64, ok bool) {
	if l.step == 1 {
		return int64(p), true
	}
	if l.step == 0 {
		return 0, false
	}
	hi, _ := bits.Mul64(uint64(p), l.inv) // at most two below the quotient
	rest := uint64(p) - hi*l.step
	for rest >= l.step {
		hi, rest = hi+1, rest-l.step
	}
	return int64(hi), rest == 0
}

// price is the price of a grid index.
func (l *ladder) price(i int64) money.Price { return money.Price(i * int64(l.step)) }

// set sets a level.
func (l *ladder) set(lv Level) {
	if l.step == 0 {
		l.lay(uint64(lv.Price))
	}
	i, on := l.index(lv.Price)
	switch {
	case on && l.near.covers(i):
	case on && (l.near.n == 0 || l.ahead(i)):
		l.center(i)
	case on && l.lags():
		best, _ := l.bestNear()
		if l.center(best); !l.near.covers(i) {
			l.setFar(lv, on)
			return
		}
	default:
		l.setFar(lv, on)
		return
	}
	l.near.put(i, slot{lv.Size, lv.PriceDec, lv.SizeDec})
}

// setFar sets a level that the window does not cover.
func (l *ladder) setFar(lv Level, on bool) {
	_, had := l.far.Set(lv.Price, lv)
	if !had && !on {
		l.off++
	}
	deep := l.far.Len() - l.off // on the grid, but out of the window
	switch {
	case deep > leastRoom && 4*deep > l.near.n && len(l.near.slots) < maxWindow:
		l.renew(l.step, 4*len(l.near.slots))
	case l.off > l.room && 8*l.off > l.near.n:
		l.room = 2 * l.off
		l.renew(l.common(), len(l.near.slots))
	}
}

// lags reports whether the best price has come near the worse end of the window.
func (l *ladder) lags() bool {
	i, _ := l.bestNear()
	ahead := i - l.near.base
	if l.side == market.Bid {
		ahead = l.near.size() - 1 - ahead
	}
	return ahead > l.near.size()/4*3
}

// lay lays the grid of a step.
func (l *ladder) lay(step uint64) {
	l.step, l.inv = step, math.MaxUint64/step
}

// ahead reports whether i is better than all that the window covers, but so near that
// it is worth moving there. A single level far out would drive all others out of the
// window; it is far until those that the window holds are gone.
func (l *ladder) ahead(i int64) bool {
	base, size := l.near.base, l.near.size()
	if l.side == market.Bid {
		return i >= base+size && i < base+size+size/2
	}
	return i < base && i >= base-size/2
}

// delete removes the level at a price and reports whether there was one.
func (l *ladder) delete(p money.Price) bool {
	i, on := l.index(p)
	if on && l.near.covers(i) {
		had := l.near.take(i)
		if had && l.near.n == 0 {
			l.follow()
		}
		return had
	}
	_, had := l.far.Delete(p)
	if had && !on {
		l.off--
	}
	return had
}

// follow moves an empty window to the best far level on the grid, if it is the best.
func (l *ladder) follow() {
	if lv, ok := l.bestFar(); ok {
		if i, on := l.index(lv.Price); on {
			l.center(i)
		}
	}
}

// level is the level at a grid index.
func (l *ladder) level(i int64) Level {
	s := &l.near.slots[l.near.at(i)]
	return Level{Price: l.price(i), Size: s.size, PriceDec: s.priceDec, SizeDec: s.sizeDec}
}

// center moves the window so that i, the best, stands a quarter from its better end.
// What leaves the range goes to far, and what comes into it comes from there.
func (l *ladder) center(i int64) {
	w := &l.near
	base := i - w.size()/4
	if l.side == market.Bid {
		base = i - w.size() + 1 + w.size()/4
	}
	old := w.base
	for at, ok := w.up(old); ok; {
		next, more := int64(0), false
		if at+1 < old+w.size() {
			next, more = w.up(at + 1)
		}
		if uint64(at-base) >= uint64(w.size()) {
			l.far.Set(l.price(at), l.level(at))
			w.take(at)
		}
		at, ok = next, more
	}
	w.base = base
	l.moved = l.moved[:0]
	from := l.price(max(base, 0))
	l.far.Ascend(from, func(p money.Price, lv Level) bool {
		k, on := l.index(p)
		if on && w.covers(k) {
			l.moved = append(l.moved, lv)
		}
		return k < base+w.size()
	})
	for _, lv := range l.moved {
		l.far.Delete(lv.Price)
		k, _ := l.index(lv.Price)
		w.put(k, slot{lv.Size, lv.PriceDec, lv.SizeDec})
	}
}

// renew makes the window anew, on another grid or larger.
func (l *ladder) renew(step uint64, size int) {
	if step == l.step && size == len(l.near.slots) {
		return
	}
	all, room := l.appendTo(make([]Level, 0, l.len())), l.room
	l.near = newWindow(size)
	l.far.Clear()
	l.lay(step)
	l.off, l.room = 0, math.MaxInt
	for _, lv := range all {
		l.set(lv)
	}
	l.room = room
}

// common is the greatest step that all prices are multiples of.
func (l *ladder) common() uint64 {
	step := l.step
	l.scan(func(lv Level) bool { step = gcd(step, uint64(lv.Price)); return step > 1 })
	return step
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// bestNear is the best grid index in the window.
func (l *ladder) bestNear() (i int64, ok bool) {
	if l.near.n == 0 {
		return 0, false
	}
	if l.side == market.Bid {
		return l.near.down(l.near.base + l.near.size() - 1)
	}
	return l.near.up(l.near.base)
}

// worse is the next grid index in the window that is worse than i.
func (l *ladder) worse(i int64) (int64, bool) {
	if l.side == market.Bid {
		if i == l.near.base {
			return 0, false
		}
		return l.near.down(i - 1)
	}
	if i+1 == l.near.base+l.near.size() {
		return 0, false
	}
	return l.near.up(i + 1)
}

func (l *ladder) bestFar() (Level, bool) {
	if l.side == market.Bid {
		_, lv, ok := l.far.Max()
		return lv, ok
	}
	_, lv, ok := l.far.Min()
	return lv, ok
}

// better reports whether price a is better than b.
func (l *ladder) better(a, b money.Price) bool {
	if l.side == market.Bid {
		return a > b
	}
	return a < b
}

// best returns the highest bid or the lowest ask.
func (l *ladder) best() (Level, bool) {
	i, ok := l.bestNear()
	if l.far.Len() == 0 {
		if !ok {
			return Level{}, false
		}
		return l.level(i), true
	}
	if far, _ := l.bestFar(); !ok || l.better(far.Price, l.price(i)) {
		return far, true
	}
	return l.level(i), true
}

// dropWorst removes the lowest bid or the highest ask.
func (l *ladder) dropWorst() {
	w := &l.near
	var i int64
	ok := false
	if w.n > 0 {
		if l.side == market.Bid {
			i, ok = w.up(w.base)
		} else {
			i, ok = w.down(w.base + w.size() - 1)
		}
	}
	far, some := Level{}, false
	if l.side == market.Bid {
		_, far, some = l.far.Min()
	} else {
		_, far, some = l.far.Max()
	}
	switch {
	case some && (!ok || l.better(l.price(i), far.Price)):
		l.delete(far.Price)
	case ok:
		l.delete(l.price(i))
	}
}

// scan calls f for every level, best first, until it returns false.
func (l *ladder) scan(f func(Level) bool) {
	i, ok := l.bestNear()
	on := true
	if l.far.Len() > 0 {
		each := func(p money.Price, lv Level) bool {
			for ok && on && l.better(l.price(i), p) {
				on = f(l.level(i))
				i, ok = l.worse(i)
			}
			on = on && f(lv)
			return on
		}
		if l.side == market.Bid {
			l.far.Reverse(each)
		} else {
			l.far.Scan(each)
		}
	}
	for ok && on {
		on = f(l.level(i))
		i, ok = l.worse(i)
	}
}

// appendTo appends all levels, best first.
func (l *ladder) appendTo(dst []Level) []Level {
	l.scan(func(lv Level) bool { dst = append(dst, lv); return true })
	return dst
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

// rescaled returns the ladder with all prices and sizes multiplied by powers of
// ten. The ladder itself does not change.
func (l *ladder) rescaled(price, size uint8) (ladder, error) {
	wide := newLadder(l.side)
	var err error
	l.scan(func(lv Level) bool {
		p, errPrice := money.Num{Coef: int64(lv.Price)}.At(price)
		s, errSize := money.Num{Coef: int64(lv.Size)}.At(size)
		lv.Price, lv.Size = money.Price(p), money.Size(s)
		if err = cmp.Or(errPrice, errSize); err == nil {
			wide.set(lv)
		}
		return err == nil
	})
	return wide, err
}
