// Package coinbase decodes the level2 channel of Coinbase (Pro form).
//
// A subscription begins with a snapshot of the whole book and goes on with
// l2update messages: absolute sizes, zero deletes. Nothing numbers or sums the
// messages, so the decoder numbers the events itself.
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
	New:    func() venue.Decoder { return New() },
	Rules:  func(string) market.BookRules { return market.BookRules{} },
	Pair:   pair,
	Checks: []string{"A book that is crossed in itself is not used."},
	Blind: []string{
		"level2 has neither sequence nor checksum: a lost update is not noticed unless the book crosses. All depth is unverified.",
	},
}

// Decoder decodes one session. New makes it.
type Decoder struct {
	scan   jscan.Scanner
	books  *session.Books[struct{}]
	symbol []byte
}

// New returns the decoder of a session.
func New() *Decoder { return &Decoder{books: session.New[struct{}](name)} }

// Quirks implements venue.Decoder.
func (d *Decoder) Quirks() venue.Quirks { return d.books.Quirks }

// kinds are the messages of the venue; snapshot and l2update are decoded.
var kinds = map[string]string{
	"snapshot": "snapshot", "l2update": "l2update", "subscriptions": "subscriptions",
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
	case kind != "snapshot" && kind != "l2update":
		return kind, nil
	}
	bk, err := d.books.Book(d.symbol)
	if err != nil {
		return kind, d.books.Misread(err)
	}
	if err := d.levels(f.Body); err != nil {
		return kind, d.books.Misshapen(bk, err)
	}
	switch {
	case kind == "snapshot":
		d.books.Emit(bk, market.Snapshot, bk.Seq+1)
	case !bk.Live:
		d.books.Quirks.Add(bk.Symbol, venue.QuirkBeforeSnap)
	default:
		d.books.Emit(bk, market.Delta, bk.Seq+1)
	}
	return kind, nil
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

// levels reads what a book message says of levels.
func (d *Decoder) levels(body []byte) error {
	s, seen := &d.scan, false
	s.Reset(body)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "asks":
			seen = true
			err = d.books.Pairs(s, market.Ask)
		case "bids":
			seen = true
			err = d.books.Pairs(s, market.Bid)
		case "changes":
			seen = true
			err = d.books.Sided(s)
		case "time":
			d.books.Event.VenueTime, err = session.Clock(s)
		default:
			err = s.Skip()
		}
		return err
	})
	if err == nil && !seen {
		err = fmt.Errorf("%s: a book message without levels", name)
	}
	return err
}
