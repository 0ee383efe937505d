package kucoin

import (
	"errors"
	"fmt"
	"slices"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/market"
)

// Limits on what is kept of one symbol until its snapshot comes. Beyond them the
// keeping starts anew, and the snapshot has to be newer than that.
const (
	maxKept        = 10_000    // events of one symbol
	maxKeptChanges = 250_000   // changes of one symbol
	maxKeptSession = 2_000_000 // changes of all symbols, about 100 MB
)

type book = session.Book[state]

// state is where a live book stands, and what waits for one that is not.
type state struct {
	pending
	last  int64 // the first number of the last event, 0 if that was the snapshot
	since int64 // receive time of the snapshot
}

// change is one level with its sequence number; the zero Side means that the
// change only advances the sequence.
type change struct {
	seq   int64
	level market.Level
}

// span is one event: n changes of the numbers from start to end.
type span struct {
	start, end int64
	time       int64 // of the venue
	n          int
}

// update is one event with its changes.
type update struct {
	span
	changes []change
}

// pending are the events of one symbol that wait for a snapshot: an unbroken
// chain, oldest first.
type pending struct {
	spans   []span
	changes []change
}

// keep adds an event. One that does not follow the last starts the chain anew.
// One that the session has no room for is not kept: the changes that follow it
// then do not follow the snapshot either. kept counts the changes of all symbols.
func (p *pending) keep(u *update, kept *int) {
	u.n = len(u.changes)
	if n := len(p.spans); n > 0 {
		last := p.spans[n-1].end
		switch full := n == maxKept || len(p.changes)+u.n > maxKeptChanges; {
		case u.end <= last:
			return // came twice
		case u.start > last+1, full:
			p.clear(kept)
		}
	}
	if *kept+u.n > maxKeptSession {
		p.clear(kept)
		return
	}
	*kept += u.n
	p.spans = append(p.spans, u.span)
	p.changes = append(p.changes, u.changes...)
}

// reaches reports whether a snapshot at seq and the events kept leave no number
// out.
func (p *pending) reaches(seq int64) bool {
	for _, at := range p.spans {
		if at.end > seq {
			return at.start <= seq+1
		}
	}
	return true
}

// clear forgets everything, the memory too: a live book keeps nothing.
func (p *pending) clear(kept *int) {
	*kept -= len(p.changes)
	*p = pending{}
}

// readUpdate reads the data of an l2update of symbol.
func (d *decoder) readUpdate(symbol []byte) error {
	u, s := &d.update, &d.inner
	*u = update{changes: u.changes[:0]}
	s.Reset(d.data)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "symbol":
			var named []byte
			if named, err = s.Str(); err == nil && string(named) != string(symbol) {
				err = errors.New("kucoin: topic and data name different symbols")
			}
		case "sequenceStart":
			u.start, err = s.Int()
		case "sequenceEnd":
			u.end, err = s.Int()
		case "time":
			u.time, err = session.Millis(s)
		case "changes":
			err = d.readChanges()
		default:
			err = s.Skip()
		}
		return err
	})
	if err == nil && (u.start <= 0 || u.end < u.start || len(u.changes) == 0) {
		err = fmt.Errorf("kucoin: %d changes from %d to %d", len(u.changes), u.start, u.end)
	}
	if err == nil && slices.ContainsFunc(u.changes, u.outside) {
		err = errors.New("kucoin: a change outside its event")
	}
	return err
}

func (u *update) outside(c change) bool { return c.seq < u.start || c.seq > u.end }

func (d *decoder) readChanges() error {
	var sides session.Sides
	s := &d.inner
	err := s.Object(func(key []byte) error {
		switch string(key) {
		case "asks":
			sides.Ask = true
			return d.readSide(market.Ask)
		case "bids":
			sides.Bid = true
			return d.readSide(market.Bid)
		}
		return s.Skip()
	})
	return sides.Check(err)
}

// readSide reads an array of [price, size, sequence].
func (d *decoder) readSide(side market.Side) error {
	s := &d.inner
	return s.Array(func(int) error {
		var price, size []byte
		var c change
		err := s.Array(func(i int) (err error) {
			switch i {
			case 0:
				price, err = session.Plain(s)
			case 1:
				size, err = session.Plain(s)
			case 2:
				c.seq, err = s.Int()
			default:
				err = s.Skip()
			}
			return err
		})
		if err != nil {
			return err
		}
		if string(price) != "0" {
			if c.level, err = d.books.Parse(side, price, size); err != nil {
				return err
			}
		}
		if len(d.update.changes) == session.MaxLevels {
			return d.books.Fail(venue.ReasonOversize, "too many changes in one event")
		}
		d.update.changes = append(d.update.changes, c)
		return nil
	})
}

// readSnapshot reads the answer with a whole book into Event and returns its
// sequence.
func (d *decoder) readSnapshot(body []byte) (seq int64, err error) {
	s := &d.scan
	s.Reset(body)
	var ok bool
	var data []byte
	err = s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "code":
			var code []byte
			code, err = s.Str()
			ok = string(code) == codeOK
		case "data":
			data, err = s.Raw()
		default:
			err = s.Skip()
		}
		return err
	})
	if err = errors.Join(err, s.End()); err != nil {
		return 0, d.books.Fail(venue.ReasonMalformed, err.Error())
	}
	if !ok {
		return 0, errors.New("kucoin: the answer is a refusal")
	}
	return d.readBook(data)
}

func (d *decoder) readBook(data []byte) (seq int64, err error) {
	var sides session.Sides
	s, b := &d.inner, d.books
	s.Reset(data)
	err = s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "sequence":
			seq, err = s.Int()
		case "time":
			b.Event.VenueTime, err = session.Millis(s)
		case "asks":
			sides.Ask = true
			err = b.Pairs(s, market.Ask)
		case "bids":
			sides.Bid = true
			err = b.Pairs(s, market.Bid)
		default:
			err = s.Skip()
		}
		return err
	})
	if err = sides.Check(err); err == nil && seq <= 0 {
		err = fmt.Errorf("kucoin: a snapshot at sequence %d", seq)
	}
	return seq, err
}
