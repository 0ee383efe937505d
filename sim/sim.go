// Package sim invents a market from a seed.
//
// A Market is an endless, ordered stream of the events that connectors to six
// venues would emit: snapshots, deltas, confirmations of quiet books and, if
// wanted, lost messages and silent venues. The venues bear the names of real
// exchanges; their prices, fees and habits are invented. Beside them stand a few
// treasury providers, whose offers and reference prices are renewed as that time
// passes.
//
// It has no clock. Virtual time runs from 0 and is whatever Next returns; who
// shows the stream to others decides how fast that passes. The same Options give
// the same events in every run, on every machine: all randomness comes from the
// seed, and all arithmetic is of integers.
package sim

import (
	"cmp"
	"slices"
	"time"

	"chronos.dev/market"
)

// Bounds of Options.Rate, in changes of books per virtual second. A slow market
// lags behind its own prices, so that books of different venues drift apart;
// below about 200 that is plain to see.
const (
	MinRate     = 1
	DefaultRate = 500
	MaxRate     = 100_000
)

// Options say which market to invent.
type Options struct {
	Seed     uint64
	Rate     int   // changes per virtual second, all books together; 0 means DefaultRate
	Troubles bool  // lose a message or fall silent now and then
	Start    int64 // what virtual time 0 is, Unix nanoseconds; the times of events count from it
}

// Rhythm of the stream, in virtual nanoseconds.
const (
	openWithin   = int64(200 * time.Millisecond) // every book has had its first snapshot by then
	confirmAfter = int64(500 * time.Millisecond) // a book quiet for so long is confirmed
)

// Market is one invented market. It is not safe for concurrent use.
type Market struct {
	opts    Options
	world   world
	quoters []*quoter
	outage  outage
	dice    dice // of troubles
	now     int64
	event   market.Event

	treasury treasury
}

// New returns the market of opts at virtual time 0. A Rate out of bounds is taken
// to the nearest bound.
func New(opts Options) *Market {
	if opts.Rate == 0 {
		opts.Rate = DefaultRate
	}
	opts.Rate = min(max(opts.Rate, MinRate), MaxRate)
	m := &Market{opts: opts, world: newWorld(opts.Seed), dice: newDice(opts.Seed, 1), treasury: newTreasury(opts.Seed)}
	weights := int64(0)
	for i := range markets {
		weights += markets[i].weight
	}
	for i := range markets {
		q := newQuoter(&markets[i], &m.world, newDice(opts.Seed, uint64(i)+2))
		q.pause = max(weights*int64(time.Second)/(int64(opts.Rate)*q.spec.weight), 1)
		q.due, q.act = 1+q.dice.below(openWithin-1), openBook
		q.nextGap = m.dice.span(gapEvery)
		m.quoters = append(m.quoters, q)
	}
	m.outage = m.planOutage()
	return m
}

// Assets returns the assets of the market, the hub marked.
func (m *Market) Assets() []market.Asset {
	out := make([]market.Asset, len(assets))
	for i := range assets {
		out[i] = assets[i].Asset
	}
	return out
}

// Venues returns the names of the venues.
func (m *Market) Venues() []string {
	out := make([]string, len(venues))
	for i := range venues {
		out[i] = venues[i].name
	}
	return out
}

// Keys returns the markets, in a fixed order.
func (m *Market) Keys() []market.Key {
	out := make([]market.Key, len(m.quoters))
	for i, q := range m.quoters {
		out[i] = q.key
	}
	return out
}

// Rules returns what a book of this market must know: all levels are kept up to
// date, and the chain of sequence numbers vouches for every one of them.
func (m *Market) Rules() market.BookRules { return market.BookRules{VerifiedDepth: -1} }

// Alive reports whether the venue speaks at the present virtual time. While it
// does not, nobody may confirm its books.
func (m *Market) Alive(venue string) bool { return !m.outage.covers(venue, m.now) }

// Next returns the next event of the stream, the market it belongs to, and its
// virtual time in nanoseconds, which never falls. The event and its levels are
// the caller's until the next call. Its Symbol is the market's name; its Epoch is
// 0, for the publisher counts subscriptions.
func (m *Market) Next() (at int64, key market.Key, ev *market.Event) {
	q := slices.MinFunc(m.quoters, func(a, b *quoter) int { return cmp.Compare(a.due, b.due) })
	m.now = q.due
	m.world.advance(m.now)
	if m.now >= m.outage.until {
		m.outage = m.planOutage()
	}
	m.fill(q)
	m.schedule(q)
	return m.now, q.key, &m.event
}

// fill makes m.event what q does now.
func (m *Market) fill(q *quoter) {
	recv := m.opts.Start + m.now
	sent := q.stamp(recv)
	e := &m.event
	*e = market.Event{Symbol: q.symbol, VenueTime: sent, RecvTime: recv, Levels: e.Levels[:0]}
	e.PrevSeq = q.seq
	switch q.act {
	case openBook:
		e.Kind, e.PrevSeq = market.Snapshot, 0
		q.open(recv)
		e.Levels = q.appendBook(e.Levels)
	case changeBook:
		e.Kind = market.Delta
		e.Levels = append(e.Levels, q.requote(recv)...)
	case confirmBook:
		e.Kind = market.Delta
	case loseMessage:
		q.requote(recv)
		e.Kind, e.Reason = market.Gap, "simulated loss of one message"
	case recoverBook:
		q.catchUp(recv)
		e.Kind, e.PrevSeq = market.Snapshot, 0
		e.Levels = q.appendBook(e.Levels)
	}
	e.Seq = q.seq
}

// schedule decides what q does next, and when.
func (m *Market) schedule(q *quoter) {
	if q.act == loseMessage {
		q.act, q.due = recoverBook, m.now+m.dice.span(gapLasts)
	} else {
		m.scheduleChange(q)
	}
	if m.outage.covers(q.key.Venue, q.due) {
		q.due = m.outage.until + q.dice.below(int64(50*time.Millisecond))
	}
}

func (m *Market) scheduleChange(q *quoter) {
	if q.act != confirmBook {
		q.next = m.now + q.wait()
	}
	q.act, q.due = changeBook, max(q.next, m.now+1)
	if q.due > m.now+confirmAfter {
		q.act, q.due = confirmBook, m.now+confirmAfter
	}
	if m.opts.Troubles && q.due >= q.nextGap {
		q.nextGap = q.due + m.dice.span(gapEvery)
		if !m.pairInTrouble(q) {
			q.act = loseMessage
		}
	}
}
