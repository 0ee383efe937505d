package book

import (
	"cmp"

	"chronos.dev/market"
	"chronos.dev/money"

	"github.com/tidwall/btree"
)

// ladder is one side of a book, ordered by price. It is the seam behind which a
// faster structure can stand: the rest of the package uses these methods only.
type ladder struct {
	side   market.Side
	levels *btree.Map[money.Price, Level]
}

func newLadder(side market.Side) ladder {
	return ladder{side: side, levels: new(btree.Map[money.Price, Level])}
}

func (l *ladder) len() int                  { return l.levels.Len() }
func (l *ladder) reset()                    { l.levels.Clear() }
func (l *ladder) set(lv Level)              { l.levels.Set(lv.Price, lv) }
func (l *ladder) delete(p money.Price) bool { _, ok := l.levels.Delete(p); return ok }

// best returns the highest bid or the lowest ask.
func (l *ladder) best() (Level, bool) {
	if l.side == market.Bid {
		_, lv, ok := l.levels.Max()
		return lv, ok
	}
	_, lv, ok := l.levels.Min()
	return lv, ok
}

// dropWorst removes the lowest bid or the highest ask.
func (l *ladder) dropWorst() {
	if l.side == market.Bid {
		l.levels.PopMin()
	} else {
		l.levels.PopMax()
	}
}

// scan calls f for every level, best first, until it returns false.
func (l *ladder) scan(f func(Level) bool) {
	each := func(_ money.Price, lv Level) bool { return f(lv) }
	if l.side == market.Bid {
		l.levels.Reverse(each)
	} else {
		l.levels.Scan(each)
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
		wide.set(lv)
		err = cmp.Or(errPrice, errSize)
		return err == nil
	})
	return wide, err
}
