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
	New:    func() venue.Decoder { return New() },
	Rules:  func(string) market.BookRules { return market.BookRules{VerifiedDepth: -1} },
	Pair:   pair,
	Checks: []string{"Every update names the id before it; a loss is noticed at the next update of the symbol."},
	Blind: []string{
		"The venue sends 20 levels a side; what lies deeper is unknown.",
		"A symbol that is no longer subscribed to falls silent; only the age of its book shows it.",
	},
}

// Decoder decodes one session. New makes it.
type Decoder struct {
	outer    jscan.Scanner         // of the frame and its array of books
	scan     jscan.Scanner         // of one book
	books    *session.Books[int64] // the venue's id of the last message
	symbol   []byte
	last, id int64
}

// New returns the decoder of a session.
func New() *Decoder { return &Decoder{books: session.New[int64](name)} }

// Quirks implements venue.Decoder.
func (d *Decoder) Quirks() venue.Quirks { return d.books.Quirks }

const books = "book_lv2"

// channels are the channels of the venue; book_lv2 is decoded.
var channels = map[string]string{
	books: books, "trades": "trades", "ticker": "ticker", "candles_minute_1": "candles_minute_1",
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
	s := &d.outer
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
	case channel == "" || channel == books && action == "" && event == "" && data == nil:
		return "", d.books.Fail(venue.ReasonUnknown, "a channel or an action that is not known")
	case channel != books || action == "" && data == nil:
		return channel + "/" + event + action, nil
	}
	return channel + "/" + action, d.data(data, action)
}

// data reads the books of a message. One that cannot be read voids itself and not
// those behind it; the first error is returned.
func (d *Decoder) data(data []byte, action string) error {
	var first error
	s := &d.outer
	s.Reset(data)
	err := s.Array(func(int) error {
		raw, err := s.Raw()
		if err != nil {
			return err
		}
		d.books.Reset()
		if err := d.book(raw, action); first == nil {
			first = err
		}
		return nil
	})
	if err != nil {
		return d.books.Misread(err)
	}
	return first
}

func (d *Decoder) book(raw []byte, action string) error {
	d.scan.Reset(raw)
	err := d.object()
	if err == nil {
		err = d.apply(action)
	}
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
	var bids, asks bool
	s := &d.scan
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "symbol":
			d.symbol, err = session.AppendText(d.symbol[:0], s)
		case "asks":
			asks = true
			err = d.books.Pairs(s, market.Ask)
		case "bids":
			bids = true
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
	if err == nil && (!bids || !asks || d.id < 0) {
		err = errors.New("poloniex: a book without an id, bids and asks")
	}
	return err
}

func (d *Decoder) apply(action string) error {
	bk, err := d.books.Book(d.symbol)
	if err != nil {
		return err
	}
	switch {
	case action != "snapshot" && action != "update":
		return errors.New("poloniex: a book that is neither a snapshot nor an update")
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

// aliases are assets that the venue calls by a name of its own.
var aliases = map[string]string{"BCHSV": "BSV"}

// pair returns the spot market of a symbol: two assets and an underscore. Futures
// have a third part (BTC_USDT_PERP).
func pair(symbol string) (market.Pair, bool) {
	base, quote, ok := strings.Cut(symbol, "_")
	if !ok {
		return market.Pair{}, false
	}
	if a, ok := aliases[base]; ok {
		base = a
	}
	p, err := market.ParsePair(base + "-" + quote)
	return p, err == nil
}
