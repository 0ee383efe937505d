// Package coinbase decodes the level2 channel of Coinbase (Pro form).
//
// A subscription begins with a snapshot of the whole book and goes on with
// l2update messages: absolute sizes, zero deletes. Nothing numbers or sums the
// messages, so the decoder numbers the events itself. Updates carry the venue's
// time, which never falls within a product: that shows messages that come in the
// wrong order, but not a lost one.
package coinbase

import (
	"errors"
	"fmt"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

const name = "coinbase"

// Spec describes Coinbase.
var Spec = venue.Spec{
	Venue: name, Format: name, Handler: name,
	New:   func() venue.Decoder { return New() },
	Rules: func(string) market.BookRules { return market.BookRules{} },
	Pair:  pair,
	Checks: []string{
		"The venue's time of a product's updates never falls; an older update voids the book until a snapshot.",
		"A book that is crossed in itself is not used.",
	},
	Blind: []string{
		"level2 has neither sequence nor checksum: a lost update is not noticed unless the book crosses.",
	},
}

// clock is the venue's time of the last update of a book, Unix nanoseconds.
type clock int64

// Decoder decodes one session. New makes it.
type Decoder struct {
	scan   jscan.Scanner
	books  *session.Books[clock]
	symbol []byte
}

// New returns the decoder of a session.
func New() *Decoder { return &Decoder{books: session.New[clock](name)} }

// Quirks implements venue.Decoder.
func (d *Decoder) Quirks() venue.Quirks { return d.books.Quirks }

const (
	snapshot = "snapshot"
	update   = "l2update"
)

// kinds are the messages of the venue; snapshot and l2update are decoded.
var kinds = map[string]string{
	snapshot: snapshot, update: update, "subscriptions": "subscriptions",
	"ticker": "ticker", "match": "match", "last_match": "last_match", "heartbeat": "heartbeat",
	"status": "status", "error": "error",
}

// Decode implements venue.Decoder.
func (d *Decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	if ok, err := d.books.Begin(f, emit); !ok || f.Kind != venue.Stream {
		return "", err
	}
	kind, err := d.kind(f.Body)
	switch {
	case err != nil:
		return "", d.books.Malformed(err)
	case kind == "":
		return "", d.books.Fail(venue.ReasonUnknown, "a message type that is not known")
	case kind == snapshot || kind == update:
		return kind, d.book(f.Body, kind)
	}
	return kind, nil
}

// book reads a book message and applies it.
func (d *Decoder) book(body []byte, kind string) error {
	b := d.books
	bk, err := b.Book(d.symbol)
	if err != nil {
		return b.Misread(err)
	}
	if err := d.levels(body, kind); err != nil {
		return b.Misshapen(bk, err)
	}
	switch at := clock(b.Event.VenueTime); {
	case kind == snapshot:
		bk.State = at
		b.Emit(bk, market.Snapshot, bk.Seq+1)
	case !bk.Live:
		b.Quirks.Add(bk.Symbol, venue.QuirkBeforeSnap)
	case at < bk.State:
		b.Gap(bk, fmt.Sprintf("the venue's time fell by %d ns", bk.State-at))
	default:
		bk.State = at
		b.Emit(bk, market.Delta, bk.Seq+1)
	}
	return nil
}

// kind reads the type and the symbol of a message, and checks all of it.
func (d *Decoder) kind(body []byte) (kind string, err error) {
	d.symbol = d.symbol[:0]
	s := &d.scan
	s.Reset(body)
	err = s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "type":
			kind, err = session.Intern(s, kinds)
		case "product_id":
			d.symbol, err = session.AppendText(d.symbol[:0], s)
		default:
			err = s.Skip()
		}
		return err
	})
	return kind, errors.Join(err, s.End())
}

// levels reads the levels and the time of a book message.
func (d *Decoder) levels(body []byte, kind string) error {
	s, e := &d.scan, &d.books.Event
	var bids, asks, changes bool
	s.Reset(body)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "asks":
			asks = true
			err = d.books.Pairs(s, market.Ask)
		case "bids":
			bids = true
			err = d.books.Pairs(s, market.Bid)
		case "changes":
			changes = true
			err = d.books.Sided(s)
		case "time":
			e.VenueTime, err = session.Clock(s)
		default:
			err = s.Skip()
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case kind == snapshot && (!bids || !asks || changes):
		return errors.New("coinbase: a snapshot without bids and asks")
	case kind == update && (!changes || bids || asks || e.VenueTime == 0):
		return errors.New("coinbase: an update without changes and time")
	}
	return nil
}
