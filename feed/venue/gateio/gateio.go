// Package gateio decodes the v4 order_book_update channel of Gate and the REST
// order books that belong to it.
//
// A diff carries the ids of its first and last update (U, u); the REST book, asked
// for with its id, begins the chain: diffs at or below it are dropped, the first
// that counts must span id + 1, and each begins right after the one before.
package gateio

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

const name = "gateio"

// Spec describes Gate.
var Spec = venue.Spec{
	Venue: name, Format: name, Handler: name,
	New:   func() venue.Decoder { return New() },
	Rules: func(string) market.BookRules { return market.BookRules{VerifiedDepth: -1} },
	Pair:  pair,
	Checks: []string{
		"Every diff must begin right after the one before; a loss is noticed at the next diff of the symbol.",
		"The first diff must span the REST book; an older one is refused.",
	},
	Blind: []string{
		"Levels beyond the depth of the REST book are unknown until a diff names them.",
		"A symbol that is no longer subscribed to falls silent; only the age of its book shows it.",
	},
}

var rules = session.ChainRules{
	Stale: func(u *session.Diff, at int64, _ bool) bool { return u.Last <= at },
	Follows: func(u *session.Diff, at int64, first bool) string {
		if 0 <= u.First && u.First <= u.Last && (u.First == at+1 || first && u.First <= at) {
			return ""
		}
		return fmt.Sprintf("a diff of ids %d to %d, the book is at %d", u.First, u.Last, at)
	},
	StaleQuirk: venue.QuirkStale, FirstQuirk: venue.QuirkSpans,
}

// Decoder decodes one session. New makes it.
type Decoder struct {
	scan   jscan.Scanner
	books  *session.Chained
	symbol []byte
	at     session.Diff
}

// New returns the decoder of a session.
func New() *Decoder { return &Decoder{books: session.NewChained(name, rules)} }

// Quirks implements venue.Decoder.
func (d *Decoder) Quirks() venue.Quirks { return d.books.Quirks }

const (
	updates = "spot.order_book_update"
	answer  = "rest_order_book"
)

// channels are the channels of the venue; order_book_update is decoded.
var channels = map[string]string{
	updates: updates, "spot.trades": "spot.trades", "spot.tickers": "spot.tickers",
	"spot.candlesticks": "spot.candlesticks", "spot.book_ticker": "spot.book_ticker",
	"spot.order_book": "spot.order_book", "spot.ping": "spot.ping", "spot.pong": "spot.pong",
}

var events = map[string]string{
	"subscribe": "subscribe", "unsubscribe": "unsubscribe", "update": "update",
}

// Decode implements venue.Decoder.
func (d *Decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	if ok, err := d.books.Begin(f, emit); !ok {
		return "", err
	}
	if f.Kind == venue.Answer {
		return d.answer(f)
	}
	var channel, event string
	var result []byte
	s := &d.scan
	s.Reset(f.Body)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "channel":
			channel, err = session.Intern(s, channels)
		case "event":
			event, err = session.Intern(s, events)
		case "result":
			result, err = s.Raw()
		default:
			err = s.Skip()
		}
		return err
	})
	if err = errors.Join(err, s.End()); err != nil {
		return "", d.books.Malformed(err)
	}
	if channel == "" || channel == updates && event == "" {
		return "", d.books.Fail(venue.ReasonUnknown, "a channel or an event that is not known")
	}
	kind := channel + "/" + event
	if channel != updates || event != "update" {
		return kind, nil
	}
	return kind, d.update(result)
}

// update reads a diff and applies it, or lets it wait for the book.
func (d *Decoder) update(data []byte) error {
	if err := d.read(data); err != nil {
		if bk := d.books.Known(d.symbol); bk != nil {
			d.books.Void(bk)
			return d.books.Misshapen(bk, err)
		}
		return d.books.Misread(err)
	}
	bk, err := d.books.Book(d.symbol)
	if err != nil {
		return d.books.Misread(err)
	}
	d.at.VenueTime = d.books.Event.VenueTime
	return d.books.Update(bk, d.at)
}

// read reads the members of a diff or of a REST book.
func (d *Decoder) read(data []byte) error {
	d.symbol, d.at = d.symbol[:0], session.Diff{First: -1, Last: -1}
	var bids, asks bool
	s := &d.scan
	s.Reset(data)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "s":
			d.symbol, err = session.AppendText(d.symbol[:0], s)
		case "U":
			d.at.First, err = s.Int()
		case "u", "id":
			d.at.Last, err = s.Int()
		case "t":
			d.books.Event.VenueTime, err = session.Millis(s)
		case "b", "bids":
			bids = true
			err = d.books.Pairs(s, market.Bid)
		case "a", "asks":
			asks = true
			err = d.books.Pairs(s, market.Ask)
		default:
			err = s.Skip()
		}
		return err
	})
	if err == nil && (!bids || !asks || d.at.Last < 0) {
		err = errors.New("gateio: a book message without an id, bids and asks")
	}
	return errors.Join(err, s.End())
}

// answer reads the answer to a request for a book; others are not ours. A bad
// one changes nothing: no diff was lost.
func (d *Decoder) answer(f *venue.Frame) (string, error) {
	path, query, _ := strings.Cut(f.URL, "?")
	if !strings.HasSuffix(path, "/spot/order_book") {
		return "", nil
	}
	if err := d.read(f.Body); err != nil {
		return answer, d.books.Refuse(err)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return answer, d.books.Refuse(err)
	}
	bk, err := d.books.Book([]byte(values.Get("currency_pair")))
	if err != nil {
		return answer, err
	}
	d.books.Snapshot(bk, d.at.Last)
	return answer, nil
}

// pair returns the spot market of a symbol: two assets and an underscore.
func pair(symbol string) (market.Pair, bool) {
	base, quote, ok := strings.Cut(symbol, "_")
	if !ok {
		return market.Pair{}, false
	}
	p, err := market.ParsePair(base + "-" + quote)
	return p, err == nil
}
