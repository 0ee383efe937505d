package sim

import (
	"chronos.dev/market"
	"chronos.dev/money"
)

// act is what a quoter does at its due time.
type act uint8

const (
	openBook    act = iota // the first snapshot
	changeBook             // a delta
	confirmBook            // a delta without levels
	loseMessage            // a change that never arrives, and its discovery
	recoverBook            // the snapshot after a loss
)

// quoter keeps one book of one venue near the fair price and tells what it
// changed.
type quoter struct {
	key         market.Key
	symbol      string
	spec        *spec
	venue       *venue
	world       *world
	base, quote int // positions in assets
	dice        dice

	bids, asks side
	changed    []market.Level
	bias       int64 // how this venue differs from the fair price, parts per million
	seq        uint64
	sent       int64 // venue's time of its last message

	pause     int64 // usual time between changes, nanoseconds
	next, due int64 // virtual times of the next change and of whatever comes first
	act       act
	nextGap   int64
}

func newQuoter(s *spec, w *world, d dice) *quoter {
	q := &quoter{
		key:  market.Key{Venue: s.venue, Pair: market.Pair{Base: s.base, Quote: s.quote}},
		spec: s, venue: venueOf(s.venue), world: w, base: position(s.base), quote: position(s.quote), dice: d,
		bids: side{which: market.Bid, sign: -1}, asks: side{which: market.Ask, sign: 1},
	}
	q.symbol, q.seq = q.key.Pair.String(), q.venue.first
	return q
}

// wait returns how long it is until the next change: less while the book is off
// the price it should have.
func (q *quoter) wait() int64 {
	w := 1 + q.dice.below(2*q.pause)
	if bid, ask := q.targets(); off(&q.bids, bid) || off(&q.asks, ask) {
		w = w/4 + 1
	}
	return w
}

func off(s *side, target int64) bool {
	return s.best() < target-s.space/2 || s.best() > target+s.space
}

// stamp returns the venue's time of a message received at recv. It never falls.
func (q *quoter) stamp(recv int64) int64 {
	q.sent = max(q.sent, recv-q.venue.delay-q.dice.below(q.venue.delay))
	return q.sent
}

// advance gives the next message its number.
func (q *quoter) advance(recv int64) {
	switch q.venue.counts {
	case byMessage:
		q.seq++
	case byChange:
		q.seq += uint64(len(q.changed)) + uint64(q.dice.below(4))
	case byTime:
		q.seq = max(q.seq+1, uint64(max(recv, 0))/1000)
	}
}

// shifted returns the fair price in ticks, shifted by parts per million.
func (q *quoter) shifted(ppm int64) int64 {
	base := q.world.price[q.base] * money.Pow10(q.spec.tick)
	return ratio(base, million+ppm, q.world.price[q.quote]*million)
}

// targets returns the keys that the best bid and ask should have.
func (q *quoter) targets() (bid, ask int64) {
	b, a := q.shifted(q.bias-q.spec.half), q.shifted(q.bias+q.spec.half)+1
	return -b, a
}

// open builds the book.
func (q *quoter) open(recv int64) {
	bid, ask := q.targets()
	for _, s := range []*side{&q.bids, &q.asks} {
		s.space = max(q.shifted(0)*q.spec.space/million, 1)
		s.thin = q.spec.levels / 3
		s.reach = s.thin * s.space * 19 // where spaces that grow so have room for spec.levels
	}
	q.build(&q.bids, bid)
	q.build(&q.asks, ask)
	q.bids.levels = append(q.bids.levels, // a fiftieth of the price, and one tick
		level{-q.shifted(0) / 50, q.size(q.bids.reach)}, level{-1, q.units(1000)})
	q.asks.levels = append(q.asks.levels, // twenty times the price, and more than there is
		level{q.shifted(0) * 20, q.units(1)}, level{9_999_999_997 * money.Pow10(q.spec.tick), 1})
	q.bids.absurd, q.asks.absurd = 2, 2
	q.advance(recv)
}

func (q *quoter) build(s *side, target int64) {
	key := target
	for range q.spec.levels {
		s.levels = append(s.levels, level{key, q.size(key - target)})
		gap := s.spacing(key - target)
		key += max(gap/2+q.dice.below(gap+1), 1)
	}
}

// units returns n whole units of the base asset in lots.
func (q *quoter) units(n int64) int64 { return n * money.Pow10(q.spec.lot) }

// size invents the size of a level, in lots: skewed, growing away from the top,
// and now and then a round number.
func (q *quoter) size(distance int64) int64 {
	worth := q.spec.unit * 1000 // thousandths of a dollar
	worth += worth * 16 * max(distance, 0) / q.bids.reach
	skew := 5 + q.dice.below(100)
	lots := ratio(worth*skew*skew/3000, 1000*money.Pow10(q.spec.lot), q.world.price[q.base])
	if q.dice.percent(12) {
		lots = round(lots)
	}
	return max(lots, 1)
}

// round returns n with its first digit only.
func round(n int64) int64 {
	p := int64(1)
	for n/p >= 10 {
		p *= 10
	}
	return n / p * p
}

// appendBook appends every level.
func (q *quoter) appendBook(dst []market.Level) []market.Level {
	for _, s := range []*side{&q.bids, &q.asks} {
		for _, l := range s.levels {
			dst = append(dst, q.wire(s, l))
		}
	}
	return dst
}

// wire returns a level with the digits that this venue sends.
func (q *quoter) wire(s *side, l level) market.Level {
	out := market.Level{
		Side:  s.which,
		Price: money.Num{Coef: l.key * s.sign, Scale: q.spec.tick},
		Size:  money.Num{Coef: l.size, Scale: q.spec.lot},
	}
	if !q.venue.padded {
		out.Price, out.Size = out.Price.Trim(), out.Size.Trim()
	}
	return out
}
