// Package binance decodes the depth streams of Binance: spot, Binance US, USD-M
// and COIN-M futures.
//
// A stream of diffs has no beginning: a REST snapshot gives it one. Diffs that
// come before the snapshot wait in a buffer. Spot diffs carry the ids of their
// first and last update (U, u): those with u at or below the snapshot's
// lastUpdateId are dropped, the first that counts must span lastUpdateId + 1, and
// from then on U must be the u before plus one. Futures diffs name the u before
// themselves (pu), and the first that counts must span lastUpdateId.
//
// Every loss breaks that chain and is noticed at the next diff of the symbol.
package binance

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

// Specs describe the markets of Binance.
var Specs = []venue.Spec{
	spec("binance_coinm", "binance_coinm", "binance_futures", futuresRules, noPair),
	spec("binance", "binance_spot", "binance", spotRules, spotPair),
	spec("binance_us", "binance_us", "binance", spotRules, usPair),
	spec("binance_usdm", "binance_usdm", "binance_futures", futuresRules, noPair),
}

func spec(
	name, format, handler string, rules session.ChainRules, pair func(string) (market.Pair, bool),
) venue.Spec {
	return venue.Spec{
		Venue: name, Format: format, Handler: handler,
		New:   func() venue.Decoder { return New(name, rules) },
		Rules: func(string) market.BookRules { return market.BookRules{VerifiedDepth: -1} },
		Pair:  pair,
		Checks: []string{
			"Every diff must follow the one before by its update ids; a loss is noticed at the symbol's next diff.",
			"The first diff must span the snapshot; an older snapshot is refused.",
		},
		Blind: []string{
			"Levels beyond the depth of the snapshot (1,000 a side) are unknown until a diff names them.",
			"The loss of a symbol's last diffs is not noticed before the next one; silence makes the book stale.",
		},
	}
}

// The rules of synchronisation. A diff with ids that contradict each other
// follows nothing.
var (
	spotRules = session.ChainRules{
		Stale: func(u *session.Diff, at int64, _ bool) bool { return u.Last <= at },
		Follows: func(u *session.Diff, at int64, first bool) string {
			if 0 <= u.First && u.First <= u.Last && (u.First == at+1 || first && u.First <= at) {
				return ""
			}
			return fmt.Sprintf("a diff of ids %d to %d, the book is at %d", u.First, u.Last, at)
		},
		StaleQuirk: venue.QuirkStale, FirstQuirk: venue.QuirkSpans,
	}
	futuresRules = session.ChainRules{
		Stale: func(u *session.Diff, at int64, first bool) bool {
			return u.Last < at || u.Last == at && !first
		},
		Follows: func(u *session.Diff, at int64, first bool) string {
			if 0 <= u.First && u.First <= u.Last && (u.Prev == at || first && u.First <= at) {
				return ""
			}
			return fmt.Sprintf("a diff of ids %d to %d after %d, the book is at %d", u.First, u.Last, u.Prev, at)
		},
		StaleQuirk: venue.QuirkStale, FirstQuirk: venue.QuirkSpans,
	}
)

// Decoder decodes one session. New makes it.
type Decoder struct {
	scan   jscan.Scanner
	books  *session.Chained
	symbol []byte
	at     session.Diff // the message being read; its levels are in books.Event
}

// New returns the decoder of a session with the named market.
func New(name string, rules session.ChainRules) *Decoder {
	return &Decoder{books: session.NewChained(name, rules)}
}

// Quirks implements venue.Decoder.
func (d *Decoder) Quirks() venue.Quirks { return d.books.Quirks }

// Decode implements venue.Decoder.
func (d *Decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	if ok, err := d.books.Begin(f, emit); !ok {
		return "", err
	}
	if f.Kind == venue.Answer {
		return d.answer(f)
	}
	return d.stream(f)
}

// kinds are the streams of the venue; those that begin with depth are decoded.
var kinds = map[string]string{
	"depth": "depth", "depth@0ms": "depth@0ms", "depth@100ms": "depth@100ms",
	"depth@250ms": "depth@250ms", "depth@500ms": "depth@500ms",
	"bookTicker": "bookTicker", "trade": "trade", "aggTrade": "aggTrade", "ticker": "ticker",
	"miniTicker": "miniTicker", "markPrice": "markPrice", "forceOrder": "forceOrder",
}

func (d *Decoder) stream(f *venue.Frame) (string, error) {
	var kind string
	var data []byte
	var reply, named bool
	s := &d.scan
	s.Reset(f.Body)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "stream":
			named = true
			var t []byte
			if t, err = s.Str(); err == nil {
				_, after, _ := bytes.Cut(t, []byte("@"))
				kind = kinds[string(after)]
			}
		case "data":
			data, err = s.Raw()
		case "result", "error", "id":
			reply = true
			err = s.Skip()
		default:
			err = s.Skip()
		}
		return err
	})
	if err = errors.Join(err, s.End()); err != nil {
		return "", d.books.Malformed(err)
	}
	switch {
	case !named && reply:
		return "reply", nil
	case kind == "":
		return "", d.books.Fail(venue.ReasonUnknown, "a stream that is not known")
	case !strings.HasPrefix(kind, "depth"):
		return kind, nil
	}
	return kind, d.update(data)
}

// update reads a diff and applies it, or lets it wait for a snapshot.
func (d *Decoder) update(data []byte) error {
	if err := d.read(data); err != nil {
		return d.refuse(err)
	}
	bk, err := d.books.Book(d.symbol)
	if err != nil {
		return d.books.Misread(err)
	}
	d.at.VenueTime = d.books.Event.VenueTime
	return d.books.Update(bk, d.at)
}

// refuse voids the book that a bad diff is about, or all if that is not known.
func (d *Decoder) refuse(err error) error {
	if bk := d.books.Known(d.symbol); bk != nil {
		d.books.Void(bk)
		return d.books.Misshapen(bk, err)
	}
	return d.books.Misread(err)
}

// read reads the members of a diff or of a snapshot.
func (d *Decoder) read(data []byte) error {
	d.symbol, d.at = d.symbol[:0], session.Diff{First: -1, Last: -1, Prev: -1}
	var bids, asks bool
	s := &d.scan
	s.Reset(data)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "s", "symbol":
			d.symbol, err = session.AppendText(d.symbol[:0], s)
		case "U":
			d.at.First, err = s.Int()
		case "u", "lastUpdateId":
			d.at.Last, err = s.Int()
		case "pu":
			d.at.Prev, err = s.Int()
		case "E":
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
		err = errors.New("a book message without an id, bids and asks")
	}
	return errors.Join(err, s.End())
}

// answer reads the answer to a request for a snapshot; others are not ours. A
// bad one changes nothing: no diff was lost.
func (d *Decoder) answer(f *venue.Frame) (string, error) {
	path, query, _ := strings.Cut(f.URL, "?")
	if f.URL != "" && !strings.HasSuffix(path, "/depth") {
		return "", nil
	}
	if err := d.read(f.Body); err != nil {
		return snapshot, d.books.Refuse(err)
	}
	if v, err := url.ParseQuery(query); err == nil && v.Get("symbol") != "" {
		d.symbol = append(d.symbol[:0], v.Get("symbol")...)
	}
	bk, err := d.asked()
	if err != nil {
		return snapshot, err
	}
	d.books.Snapshot(bk, d.at.Last)
	return snapshot, nil
}

const snapshot = "rest_depth"

// asked returns the book of a snapshot. One that names no symbol, in a recording
// of a single symbol, is that symbol's.
func (d *Decoder) asked() (*session.Book[session.Chain], error) {
	if len(d.symbol) > 0 {
		return d.books.Book(d.symbol)
	}
	if bk := d.books.Only(); bk != nil {
		return bk, nil
	}
	return nil, d.books.Fail(venue.ReasonSymbol, "a snapshot that names no symbol")
}
