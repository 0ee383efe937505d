// Package bitstamp decodes the diff_order_book channels of Bitstamp and the REST
// order books that belong to them.
//
// A diff carries the venue's time in microseconds and absolute sizes; the REST
// book carries such a time too. Diffs that come before the book wait; those not
// younger than it are dropped. Nothing says whether a diff was lost, so the
// decoder numbers the events itself.
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
	Pair:  func(symbol string) (market.Pair, bool) { p, ok := pairs[symbol]; return p, ok },
	Checks: []string{
		"Diffs not younger than the REST book, by the venue's microseconds, are dropped; time must not run backwards.",
		"A book that is crossed in itself is not used.",
	},
	Blind: []string{
		"There is neither sequence nor checksum: a lost diff is not noticed unless the book crosses. All depth is unverified.",
	},
}

// rules order diffs by the venue's time. Two may bear the same one.
var rules = session.ChainRules{
	Stale: func(u *session.Diff, at int64, first bool) bool {
		return u.Last < at || first && u.Last == at
	},
	Follows:    func(*session.Diff, int64, bool) string { return "" },
	StaleQuirk: venue.QuirkOlderDiff,
}

// Decoder decodes one session. New makes it.
type Decoder struct {
	scan    jscan.Scanner
	books   *session.Chained
	channel []byte
	micros  int64
}

// New returns the decoder of a session.
func New() *Decoder { return &Decoder{books: session.NewChained(name, rules)} }

// Quirks implements venue.Decoder.
func (d *Decoder) Quirks() venue.Quirks { return d.books.Quirks }

const (
	diffs    = "diff_order_book"
	trades   = "live_trades"
	bookPath = "/order_book/"
)

// events are the messages of the venue.
var events = map[string]string{
	"data": "data", "trade": "trade", "bts:subscription_succeeded": "bts:subscription_succeeded",
	"bts:unsubscription_succeeded": "bts:unsubscription_succeeded", "bts:heartbeat": "bts:heartbeat",
	"bts:request_reconnect": "bts:request_reconnect", "bts:error": "bts:error",
}

// Decode implements venue.Decoder.
func (d *Decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	if ok, err := d.books.Begin(f, emit); !ok {
		return "", err
	}
	if f.Kind == venue.Answer {
		return d.answer(f)
	}
	event, data, err := d.envelope(f.Body)
	if err != nil {
		return "", d.books.Malformed(err)
	}
	if event == "" {
		return "", d.books.Fail(venue.ReasonUnknown, "an event that is not known")
	}
	if event == "bts:request_reconnect" {
		d.books.GapAll("the venue asks to connect anew")
	}
	channel, symbol := split(d.channel)
	if channel == "" {
		return event, nil
	}
	kind := event + ":" + channel
	if event != "data" || channel != diffs {
		return kind, nil
	}
	return kind, d.update(symbol, data)
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

// update reads a diff and applies it, or lets it wait for the book.
func (d *Decoder) update(symbol, data []byte) error {
	bk, err := d.books.Book(symbol)
	if err != nil {
		return d.books.Misread(err)
	}
	if err := d.read(data); err != nil {
		d.books.Void(bk)
		return d.books.Misshapen(bk, err)
	}
	return d.books.Update(bk, session.Diff{
		First: d.micros, Last: d.micros, VenueTime: d.books.Event.VenueTime,
	})
}

// read reads a diff or a book: both have the same members.
func (d *Decoder) read(data []byte) error {
	d.micros = 0
	s := &d.scan
	s.Reset(data)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "microtimestamp":
			d.books.Event.VenueTime, err = session.Micros(s)
			d.micros = d.books.Event.VenueTime / 1000
		case "bids":
			err = d.books.Pairs(s, market.Bid)
		case "asks":
			err = d.books.Pairs(s, market.Ask)
		default:
			err = s.Skip()
		}
		return err
	})
	if err == nil && d.micros == 0 {
		err = errors.New("bitstamp: no microtimestamp")
	}
	return errors.Join(err, s.End())
}

// answer reads the answer to a request for a book; others are not ours.
func (d *Decoder) answer(f *venue.Frame) (string, error) {
	i := strings.LastIndex(f.URL, bookPath)
	if i < 0 {
		return "", nil
	}
	symbol, _, _ := strings.Cut(strings.Trim(f.URL[i+len(bookPath):], "/"), "?")
	if err := d.read(f.Body); err != nil {
		return "", d.books.Fail(venue.ReasonMalformed, err.Error())
	}
	bk, err := d.books.Book([]byte(symbol))
	if err != nil {
		return "", err
	}
	d.books.Snapshot(bk, d.micros)
	return "rest_order_book", nil
}
