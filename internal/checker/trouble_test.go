package checker_test

import (
	"time"

	"chronos.dev/market"
)

// trouble takes messages away: single ones, and all of a venue for a while. A
// book notices by the next message, and has a snapshot a second later, made of
// what a copy that missed nothing holds.
type trouble struct {
	copies   map[market.Key]*copied
	mute     string // venue
	until    int64  // market time
	next     int64  // when a venue falls silent next
	swallows int
}

// copied is a book that missed nothing.
type copied struct {
	levels  map[string]market.Level // by side and price
	seq     uint64
	recover int64 // market time of a snapshot; 0: none is due
}

// note keeps the copy of a book.
func (tr *trouble) note(key market.Key, ev *market.Event) *copied {
	c := tr.copies[key]
	if c == nil {
		c = &copied{}
		tr.copies[key] = c
	}
	if c.levels == nil || ev.Kind == market.Snapshot {
		c.levels = map[string]market.Level{}
	}
	for _, l := range ev.Levels {
		at := l.Side.String() + l.Price.Trim().String()
		if c.levels[at] = l; l.Size.IsZero() {
			delete(c.levels, at)
		}
	}
	c.seq = ev.Seq
	return c
}

// trouble applies an event, or not.
func (s *stage) trouble(tr *trouble, key market.Key, ev *market.Event) {
	at := s.now - epoch
	c := tr.note(key, ev)
	if at >= tr.next {
		tr.mute, tr.until = key.Venue, at+int64(time.Duration(1+s.r.IntN(4))*time.Second)
		tr.next = tr.until + int64(time.Duration(5+s.r.IntN(10))*time.Second)
	}
	switch {
	case key.Venue == tr.mute && at < tr.until, ev.Kind == market.Delta && s.r.IntN(1000) == 0:
		tr.swallows++
		return
	case c.recover != 0 && at >= c.recover:
		c.recover = 0
		again := market.Event{Kind: market.Snapshot, Seq: c.seq, VenueTime: ev.VenueTime}
		for _, l := range c.levels {
			again.Levels = append(again.Levels, l)
		}
		s.event(key, &again)
		return
	}
	s.event(key, ev)
	if s.lost[key] && c.recover == 0 {
		c.recover = at + int64(time.Second)
	}
}
