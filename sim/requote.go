package sim

import (
	"slices"

	"chronos.dev/market"
)

// maxBias is how far a venue's price may differ from the fair one, and
// structural how many changes of a hundred add or remove a level when the price
// stands still; the others resize one.
const (
	maxBias    = 60 // parts per million
	structural = 25
)

// requote changes one to six levels and returns them, valid until the next call.
func (q *quoter) requote(recv int64) []market.Level {
	q.changed = q.changed[:0]
	q.bias = min(max(q.bias+q.dice.within(1), -maxBias), maxBias)
	bid, ask := q.targets()
	n := 1 + q.dice.below(6)/3 + q.dice.below(6)/4
	if off(&q.bids, bid) || off(&q.asks, ask) {
		n = 3
	}
	for range n {
		if q.dice.percent(50) {
			q.change(&q.bids, bid, -q.asks.best())
		} else {
			q.change(&q.asks, ask, -q.bids.best())
		}
	}
	q.advance(recv)
	return q.changed
}

// catchUp lets the book live on unseen for a while.
func (q *quoter) catchUp(recv int64) {
	for range 10 {
		q.requote(recv)
	}
}

// change makes one change, or two that belong together. Keys above limit do not
// cross the other side.
func (q *quoter) change(s *side, target, limit int64) {
	switch best := s.best(); {
	case best < target-s.space/2: // the market moved through this level
		q.drop(s, 0)
		q.extend(s)
	case best > target+s.space && best-1 > limit: // the market moved away
		from := max(target, limit+1)
		q.set(s, level{from + q.dice.below(min(best-from, s.space+1)), q.size(0)})
		q.shorten(s)
	case q.dice.percent(structural):
		q.reshape(s)
	default:
		q.resize(s)
	}
}

// pick returns the position of a living level, mostly one near the top.
func (q *quoter) pick(s *side) int {
	n := int64(len(s.living()))
	r := q.dice.below(n)
	return int(r * r / n * r / n)
}

// reshape removes a level where they stand close, adds one where they stand far
// apart, and keeps the side about as deep as it was meant to be.
func (q *quoter) reshape(s *side) {
	lv := s.living()
	i := max(q.pick(s), 1)
	if i+1 >= len(lv) {
		q.resize(s)
		return
	}
	here, behind := lv[i].key, lv[i+1].key
	want := 2 * s.spacing(here-s.best())
	depth := lv[len(lv)-1].key - s.best()
	switch between := (here + behind) / 2; {
	case depth < s.reach*9/10:
		q.extend(s)
	case depth > s.reach*11/10 && len(s.levels) > minLevels:
		q.drop(s, len(lv)-1)
	case behind-lv[i-1].key < want*(50+q.dice.below(100))/100 && len(s.levels) > minLevels:
		q.drop(s, i)
	case between > here && len(s.levels) < maxLevels:
		q.set(s, level{between, q.size(between - s.best())})
	default:
		q.resize(s)
	}
}

// resize gives a level another size.
func (q *quoter) resize(s *side) {
	i := q.pick(s)
	l := s.levels[i]
	size := q.size(l.key - s.best())
	if size == l.size {
		size++
	}
	q.set(s, level{l.key, size})
}

// extend adds a level behind the last living one, if the side has room for it.
func (q *quoter) extend(s *side) {
	lv := s.living()
	last := lv[len(lv)-1].key
	gap := s.spacing(last - s.best())
	key := last + max(gap/2+q.dice.below(gap+1), 1)
	if len(s.levels) < maxLevels && s.room(key) {
		q.set(s, level{key, q.size(key - s.best())})
	}
}

// shorten removes the last living level, if the side can spare it.
func (q *quoter) shorten(s *side) {
	if len(s.levels) > minLevels {
		q.drop(s, len(s.living())-1)
	}
}

func (q *quoter) set(s *side, l level) {
	s.insert(l)
	q.note(q.wire(s, l))
}

func (q *quoter) drop(s *side, i int) {
	key := s.levels[i].key
	s.remove(i)
	q.note(q.wire(s, level{key, 0}))
}

// note records a change; the last one of a price counts.
func (q *quoter) note(l market.Level) {
	i := slices.IndexFunc(q.changed, func(o market.Level) bool { return o.Side == l.Side && o.Price == l.Price })
	if i >= 0 {
		q.changed[i] = l
		return
	}
	q.changed = append(q.changed, l)
}
