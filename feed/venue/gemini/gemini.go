// Package gemini decodes the v2 market data of Gemini.
//
// The first l2_updates of a symbol on a connection is the whole book; all later
// ones are changes of absolute sizes. The venue deletes levels it never sent.
// Nothing marks the snapshot but that it is the first, and that the last trades
// come with it. The decoder takes either for proof, the first only while every
// frame of the connection could be read: else changes behind an unreadable
// snapshot would pass for a book.
//
// Nothing numbers or sums the messages, so the decoder numbers the events itself.
// A book that was lost comes back with a new subscription.
package gemini

import (
	"errors"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

const name = "gemini"

// Spec describes Gemini.
var Spec = venue.Spec{
	Venue: name, Format: name, Handler: name,
	New:   func() venue.Decoder { return New() },
	Rules: func(string) market.BookRules { return market.BookRules{} },
	Pair:  pair,
	Checks: []string{
		"Behind an unreadable frame, changes are a snapshot only when trades come with them.",
		"A book that is crossed in itself is not used.",
	},
	Blind: []string{
		"l2 has neither sequence nor checksum: a lost update is not noticed unless the book crosses.",
		"The snapshot is not marked: a first message that never arrives makes the second one the book.",
	},
}

// begun says that the snapshot of a symbol came on this connection.
type begun bool

// Decoder decodes one session. New makes it.
type Decoder struct {
	scan   jscan.Scanner
	books  *session.Books[begun]
	symbol []byte
	// harmed are the connections on which a frame could not be read: it may have
	// been the first of any symbol.
	harmed map[int]bool
	trades bool // the last message read had trades
}

// New returns the decoder of a session.
func New() *Decoder {
	return &Decoder{books: session.New[begun](name), harmed: map[int]bool{}}
}

// Quirks implements venue.Decoder.
func (d *Decoder) Quirks() venue.Quirks { return d.books.Quirks }

const updates = "l2_updates"

// kinds are the messages of the venue; l2_updates are decoded.
var kinds = map[string]string{
	updates: updates, "trade": "trade", "heartbeat": "heartbeat", "candles": "candles",
	"auction_open": "auction_open", "auction_indicative": "auction_indicative",
	"auction_result": "auction_result", "subscription_ack": "subscription_ack",
}

// Decode implements venue.Decoder.
func (d *Decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	ok, err := d.books.Begin(f, emit)
	switch {
	case f.Kind == venue.Connect:
		delete(d.harmed, f.Conn)
		d.books.Each(f.Conn, func(bk *session.Book[begun]) { bk.State = false })
		return "", nil
	case f.Kind != venue.Stream:
		return "", err
	case !ok:
		d.harmed[f.Conn] = true
		return "", err
	}
	kind, err := d.kind(f.Body)
	switch {
	case err != nil:
		d.harmed[f.Conn] = true
		return "", d.books.Malformed(err)
	case kind == "":
		return "", d.books.Fail(venue.ReasonUnknown, "a message type that is not known")
	case kind == updates:
		return kind, d.updates(f)
	}
	return kind, nil
}

// updates reads a book message and applies it.
func (d *Decoder) updates(f *venue.Frame) error {
	bk, err := d.books.Book(d.symbol)
	if err != nil {
		d.harmed[f.Conn] = true
		return d.books.Misread(err)
	}
	first := !bool(bk.State) && !d.harmed[f.Conn]
	bk.State = true
	if err := d.changes(f.Body); err != nil {
		return d.books.Misshapen(bk, err)
	}
	switch {
	case first || d.trades:
		d.books.Emit(bk, market.Snapshot, bk.Seq+1)
	case !bk.Live:
		d.books.Quirks.Add(bk.Symbol, venue.QuirkBeforeSnap)
	default:
		d.books.Emit(bk, market.Delta, bk.Seq+1)
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
		case "symbol":
			d.symbol, err = session.AppendText(d.symbol[:0], s)
		default:
			err = s.Skip()
		}
		return err
	})
	return kind, errors.Join(err, s.End())
}

func (d *Decoder) changes(body []byte) error {
	s, seen := &d.scan, false
	d.trades = false
	s.Reset(body)
	err := s.Object(func(key []byte) error {
		switch string(key) {
		case "changes":
			seen = true
			return d.books.Sided(s)
		case "trades":
			d.trades = true
		}
		return s.Skip()
	})
	if err == nil && !seen {
		err = errors.New("gemini: l2_updates without changes")
	}
	return err
}
