// Package bitstamp decodes the diff_order_book channels of Bitstamp and the REST
// order books that belong to them.
//
// A diff carries the venue's time in microseconds, which grows with every diff of
// a symbol, and absolute sizes; the REST book carries such a time too. Diffs that
// come before the book are kept; those not younger than it are dropped. A book
// that is older than the first diff kept, or than anything known to be lost, is
// refused: a hole may be between. A later book that is newer than ours replaces
// it; any other changes nothing.
//
// Nothing says whether a diff was lost, so the decoder numbers the events itself.
package bitstamp

import (
	"bytes"
	"errors"
	"strings"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

const name = "bitstamp"

// Spec describes Bitstamp.
var Spec = venue.Spec{
	Venue: name, Format: name, Handler: name,
	New:   func() venue.Decoder { return New() },
	Rules: func(string) market.BookRules { return market.BookRules{} },
	Pair:  pair,
	Checks: []string{
		"Diffs not younger than the REST book, by the venue's microseconds, are dropped.",
		"Time that falls voids the book until a newer REST book; one that may be older than a loss is refused.",
		"A book that is crossed in itself is not used.",
	},
	Blind: []string{
		"There is neither sequence nor checksum: a lost diff is not noticed unless the book crosses.",
		"A REST book that comes before any diff of its symbol may be older than the subscription.",
	},
}

// Decoder decodes one session. New makes it.
type Decoder struct {
	scan    jscan.Scanner
	books   *session.Books[state]
	keeper  keeper
	channel []byte
	conn    int   // the last connection that was opened or spoke
	micros  int64 // of the diff or book being read
}

// New returns the decoder of a session.
func New() *Decoder { return &Decoder{books: session.New[state](name)} }

// Quirks implements venue.Decoder.
func (d *Decoder) Quirks() venue.Quirks { return d.books.Quirks }

const (
	diffs    = "diff_order_book"
	trades   = "live_trades"
	bookPath = "/api/v2/order_book/"
	restBook = "rest_order_book"

	subscribed   = "bts:subscription_succeeded"
	unsubscribed = "bts:unsubscription_succeeded"
)

// events are the messages of the venue.
var events = map[string]string{
	"data": "data", "trade": "trade", subscribed: subscribed, unsubscribed: unsubscribed,
	"bts:heartbeat":         "bts:heartbeat",
	"bts:request_reconnect": "bts:request_reconnect", "bts:error": "bts:error",
}

// Decode implements venue.Decoder.
func (d *Decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	ok, err := d.books.Begin(f, emit)
	switch {
	case f.Kind == venue.Answer && ok:
		return d.answer(f)
	case f.Kind == venue.Connect:
		d.conn = f.Conn
		d.books.Each(f.Conn, d.lost)
		return "", nil
	case f.Kind == venue.Stream && !ok:
		d.books.Each(f.Conn, d.lost)
		return "", err
	case !ok:
		return "", err
	}
	d.conn = f.Conn
	event, data, err := d.envelope(f.Body)
	if err != nil {
		d.books.Each(f.Conn, d.lost)
		return "", d.books.Malformed(err)
	}
	channel, symbol := split(d.channel)
	switch {
	case event == "":
		return "", d.unknown(channel, symbol)
	case channel == "" && event == "data":
		return "", d.books.Fail(venue.ReasonUnknown, "a channel that is not known")
	case channel == "":
		return event, nil
	case channel == diffs:
		err = d.book(f, event, symbol, data)
	}
	return event + ":" + channel, err
}

// unknown refuses an event that is not known, and voids the book that it is about,
// if it is.
func (d *Decoder) unknown(channel string, symbol []byte) error {
	err := d.books.Fail(venue.ReasonUnknown, "an event that is not known")
	if bk := d.books.Known(symbol); bk != nil && channel == diffs {
		d.lost(bk)
		return d.books.Misshapen(bk, err)
	}
	return err
}

// split cuts a channel into its kind and its symbol.
func split(channel []byte) (kind string, symbol []byte) {
	for _, k := range [...]string{diffs, trades} {
		if rest, ok := bytes.CutPrefix(channel, []byte(k+"_")); ok {
			return k, rest
		}
	}
	return "", nil
}

// envelope reads the members around the data, and checks all of the frame.
func (d *Decoder) envelope(body []byte) (event string, data []byte, err error) {
	d.channel = d.channel[:0]
	s := &d.scan
	s.Reset(body)
	err = s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "event":
			event, err = session.Intern(s, events)
		case "channel":
			d.channel, err = session.AppendText(d.channel[:0], s)
		case "data":
			data, err = s.Raw()
		default:
			err = s.Skip()
		}
		return err
	})
	return event, data, errors.Join(err, s.End())
}

// book reads a message of a diff channel. A book belongs to the connection of its
// diffs, not to that of its REST answer.
func (d *Decoder) book(f *venue.Frame, event string, symbol, data []byte) error {
	bk, err := d.books.Book(symbol)
	if err != nil {
		d.books.Each(f.Conn, d.lost)
		return d.books.Misread(err)
	}
	bk.Conn = f.Conn
	switch event {
	case "data":
		if err := d.read(data); err != nil {
			d.lost(bk)
			return d.books.Misshapen(bk, err)
		}
		d.diff(bk)
	case unsubscribed:
		d.lost(bk)
		d.books.Gap(bk, "the subscription ended")
	}
	return nil
}

// read reads a diff or a book: both have the same members.
func (d *Decoder) read(data []byte) error {
	d.micros = 0
	var bids, asks bool
	s := &d.scan
	s.Reset(data)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "microtimestamp":
			d.books.Event.VenueTime, err = session.Micros(s)
			d.micros = d.books.Event.VenueTime / 1000
		case "bids":
			bids = true
			err = d.books.Pairs(s, market.Bid)
		case "asks":
			asks = true
			err = d.books.Pairs(s, market.Ask)
		default:
			err = s.Skip()
		}
		return err
	})
	if err == nil && (!bids || !asks || d.micros == 0) {
		err = errors.New("bitstamp: a book message without microtimestamp, bids and asks")
	}
	return errors.Join(err, s.End())
}

// answer reads the answer to a request for a book; others are not ours. A bad
// one changes nothing: no diff was lost.
func (d *Decoder) answer(f *venue.Frame) (string, error) {
	path, _, _ := strings.Cut(f.URL, "?")
	_, symbol, ok := strings.Cut(path, bookPath)
	if !ok {
		return "", nil
	}
	if err := d.read(f.Body); err != nil {
		return restBook, d.books.Refuse(err)
	}
	name := []byte(strings.TrimSuffix(symbol, "/"))
	known := d.books.Known(name) != nil
	bk, err := d.books.Book(name)
	if err != nil {
		return restBook, err
	}
	if !known {
		bk.Conn = d.conn
	}
	d.snapshot(bk)
	return restBook, nil
}
