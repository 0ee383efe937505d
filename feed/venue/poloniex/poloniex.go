// Package poloniex decodes the book_lv2 channel of Poloniex.
//
// A subscription begins with action "snapshot", 20 levels a side, and goes on
// with action "update". Every message has an id and names the one before
// (lastId), so a loss is noticed at the next message of the symbol.
package poloniex

import (
	"errors"
	"fmt"
	"strings"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

const name = "poloniex"

// Spec describes Poloniex.
var Spec = venue.Spec{
	Venue: name, Format: "poloniex_v2", Handler: name,
	New:   func() venue.Decoder { return New() },
	Rules: func(string) market.BookRules { return market.BookRules{VerifiedDepth: -1} },
	Pair: func(symbol string) (market.Pair, bool) {
		p, err := market.ParsePair(strings.Replace(symbol, "_", "-", 1))
		return p, err == nil
	},
	Checks: []string{"Every update names the id before it; a loss is noticed at the next update of the symbol."},
	Blind:  []string{"The venue sends 20 levels a side; what lies deeper is unknown."},
}

// Decoder decodes one session. New makes it.
type Decoder struct {
	scan     jscan.Scanner
	books    *session.Books[int64] // the venue's id of the last message
	symbol   []byte
	last, id int64
}

// New returns the decoder of a session.
func New() *Decoder { return &Decoder{books: session.New[int64](name)} }

// Quirks implements venue.Decoder.
func (d *Decoder) Quirks() venue.Quirks { return d.books.Quirks }

// channels are the channels of the venue; book_lv2 is decoded.
var channels = map[string]string{
	"book_lv2": "book_lv2", "trades": "trades", "ticker": "ticker", "candles_minute_1": "candles_minute_1",
}

var words = map[string]string{
	"subscribe": "subscribe", "unsubscribe": "unsubscribe", "snapshot": "snapshot",
	"update": "update", "pong": "pong", "error": "error",
}

// Decode implements venue.Decoder.
func (d *Decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	if ok, err := d.books.Begin(f, emit); !ok || f.Kind != venue.Stream {
		return "", err
	}
	var channel, action, event string
	var data []byte
	s := &d.scan
	s.Reset(f.Body)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "channel":
			channel, err = session.Intern(s, channels)
		case "action":
			action, err = session.Intern(s, words)
		case "event":
			event, err = session.Intern(s, words)
		case "data":
			data, err = s.Raw()
		default:
			err = s.Skip()
		}
		return err
	})
	switch err = errors.Join(err, s.End()); {
	case err != nil:
		return "", d.books.Malformed(err)
	case channel == "" && event != "":
		return event, nil
	case channel == "":
		return "", d.books.Fail(venue.ReasonUnknown, "a channel that is not known")
	case channel != "book_lv2" || data == nil:
		return channel + "/" + event + action, nil
	}
	return channel + "/" + action, d.data(data, action)
}

// data reads the books of a message.
func (d *Decoder) data(data []byte, action string) error {
	s := &d.scan
	s.Reset(data)
	err := s.Array(func(int) error {
		d.books.Reset()
		if err := d.object(); err != nil {
			return err
		}
		return d.apply(action)
	})
	if err == nil {
		return nil
	}
	if bk := d.books.Known(d.symbol); bk != nil {
		return d.books.Misshapen(bk, err)
	}
	return d.books.Misread(err)
}

func (d *Decoder) object() error {
	d.symbol, d.last, d.id = d.symbol[:0], -1, -1
	s := &d.scan
	return s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "symbol":
			d.symbol, err = session.AppendText(d.symbol[:0], s)
		case "asks":
			err = d.books.Pairs(s, market.Ask)
		case "bids":
			err = d.books.Pairs(s, market.Bid)
		case "lastId":
			d.last, err = s.Int()
		case "id":
			d.id, err = s.Int()
		case "ts":
			d.books.Event.VenueTime, err = session.Millis(s)
		default:
			err = s.Skip()
		}
		return err
	})
}

func (d *Decoder) apply(action string) error {
	bk, err := d.books.Book(d.symbol)
	if err != nil {
		return err
	}
	switch {
	case d.id < 0 || action != "snapshot" && action != "update":
		return errors.New("poloniex: a book message without id or action")
	case action == "snapshot":
		bk.State = d.id
		d.books.Emit(bk, market.Snapshot, bk.Seq+1)
	case !bk.Live:
		d.books.Quirks.Add(bk.Symbol, venue.QuirkBeforeSnap)
	case d.id <= bk.State:
		d.books.Quirks.Add(bk.Symbol, venue.QuirkStale)
	case d.last != bk.State:
		d.books.Gap(bk, fmt.Sprintf("an update follows id %d, the book is at %d", d.last, bk.State))
	default:
		bk.State = d.id
		d.books.Emit(bk, market.Delta, bk.Seq+1)
	}
	return nil
}
