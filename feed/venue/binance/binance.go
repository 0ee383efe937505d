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
	spec("binance_coinm", "binance_coinm", "binance_futures", true, noPair),
	spec("binance", "binance_spot", "binance", false, spotPair),
	spec("binance_us", "binance_us", "binance", false, usPair),
	spec("binance_usdm", "binance_usdm", "binance_futures", true, noPair),
}

func spec(name, format, handler string, futures bool, pair func(string) (market.Pair, bool)) venue.Spec {
	return venue.Spec{
		Venue: name, Format: format, Handler: handler,
		New:   func() venue.Decoder { return New(name, futures) },
		Rules: func(string) market.BookRules { return market.BookRules{VerifiedDepth: -1} },
		Pair:  pair,
		Checks: []string{
			"Every diff must follow the one before by its update ids; a loss is noticed at the next diff of the symbol.",
			"The first diff must span the snapshot; an older snapshot is refused.",
		},
		Blind: []string{
			"Levels beyond the depth of the snapshot (1,000 a side) are unknown until a diff names them.",
			"The loss of a symbol's last diffs is not noticed before the next one; silence makes the book stale.",
		},
	}
}

// Limits of the buffer of one symbol that waits for its snapshot.
const (
	maxWaiting = 10_000
	maxLevels  = 500_000
)

// sync is where a symbol stands. Events are numbered by the session, since the
// first diff of a futures symbol may end at the very id of its snapshot.
type sync struct {
	at      int64 // id of the last update in the book
	first   bool  // the next diff is the first after a snapshot
	waiting []diff
	levels  int // in waiting
}

// diff is a depth update.
type diff struct {
	first, last, prev int64 // U, u, pu
	venueTime         int64
	levels            []market.Level
}

// Decoder decodes one session. New makes it.
type Decoder struct {
	scan    jscan.Scanner
	books   *session.Books[sync]
	futures bool
	symbol  []byte
	at      diff // the message being read; its levels are in books.Event
}

// New returns the decoder of a session with the named market.
func New(name string, futures bool) *Decoder {
	return &Decoder{books: session.New[sync](name), futures: futures}
}

// Quirks implements venue.Decoder.
func (d *Decoder) Quirks() venue.Quirks { return d.books.Quirks }

// Decode implements venue.Decoder.
func (d *Decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	ok, err := d.books.Begin(f, emit)
	if f.Kind == venue.Connect {
		d.books.Each(f.Conn, func(bk *session.Book[sync]) { bk.State = sync{} })
	}
	switch {
	case !ok:
		return "", err
	case f.Kind == venue.Answer:
		return d.answer(f)
	default:
		return d.stream(f)
	}
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
	return kind, d.update(f, data)
}

// update reads a diff and applies it, or lets it wait for a snapshot. A book
// belongs to the connection of its diffs, not to that of its snapshot.
func (d *Decoder) update(f *venue.Frame, data []byte) error {
	if err := d.read(data); err != nil {
		return d.refuse(err)
	}
	bk, err := d.books.Book(d.symbol)
	if err != nil {
		return err
	}
	bk.Conn = f.Conn
	d.at.venueTime = d.books.Event.VenueTime
	if !bk.Live {
		return d.wait(bk)
	}
	d.apply(bk, d.at)
	return nil
}

// refuse voids the book that a bad diff is about, or all if that is not known.
func (d *Decoder) refuse(err error) error {
	if bk := d.books.Known(d.symbol); bk != nil {
		bk.State = sync{}
		return d.books.Misshapen(bk, err)
	}
	return d.books.Misread(err)
}

// read reads the members of a diff or of a snapshot.
func (d *Decoder) read(data []byte) error {
	d.symbol, d.at = d.symbol[:0], diff{first: -1, last: -1, prev: -1}
	s := &d.scan
	s.Reset(data)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "s", "symbol":
			d.symbol, err = session.AppendText(d.symbol[:0], s)
		case "U":
			d.at.first, err = s.Int()
		case "u", "lastUpdateId":
			d.at.last, err = s.Int()
		case "pu":
			d.at.prev, err = s.Int()
		case "E":
			d.books.Event.VenueTime, err = session.Millis(s)
		case "b", "bids":
			err = d.books.Pairs(s, market.Bid)
		case "a", "asks":
			err = d.books.Pairs(s, market.Ask)
		default:
			err = s.Skip()
		}
		return err
	})
	return errors.Join(err, s.End())
}

// apply emits a diff if it follows what came before. It reports whether the book
// is still live.
func (d *Decoder) apply(bk *session.Book[sync], u diff) bool {
	at := bk.State.at
	stale := u.last <= at
	if d.futures && bk.State.first {
		stale = u.last < at
	}
	if stale {
		d.books.Quirks.Add(bk.Symbol, venue.QuirkStale)
		return true
	}
	if err := d.follows(bk, u); err != nil {
		d.books.Gap(bk, err.Error())
		bk.State = sync{}
		return false
	}
	if bk.State.first {
		bk.State.first = false
		d.books.Quirks.Add(bk.Symbol, venue.QuirkSpans)
	}
	d.books.Event.VenueTime = u.venueTime
	bk.State.at = u.last
	d.books.Emit(bk, market.Delta, bk.Seq+1)
	return true
}

// follows checks the venue's rule of synchronisation.
func (d *Decoder) follows(bk *session.Book[sync], u diff) error {
	at := bk.State.at
	switch {
	case u.first < 0 || u.last < u.first || d.futures && u.prev < 0:
		return fmt.Errorf("a diff with ids %d to %d after %d", u.first, u.last, u.prev)
	case bk.State.first && d.futures && u.first > at:
		return fmt.Errorf("the first diff begins at %d and does not span the snapshot at %d", u.first, at)
	case bk.State.first && !d.futures && u.first > at+1:
		return fmt.Errorf("the first diff begins at %d and does not span the snapshot at %d", u.first, at)
	case bk.State.first:
		return nil
	case d.futures && u.prev != at:
		return fmt.Errorf("a diff follows %d, the book is at %d", u.prev, at)
	case !d.futures && u.first != at+1:
		return fmt.Errorf("a diff begins at %d, the book is at %d", u.first, at)
	}
	return nil
}

// wait keeps a diff until the snapshot comes. A buffer that is full is void, as
// its beginning could not be told from a loss.
func (d *Decoder) wait(bk *session.Book[sync]) error {
	st := &bk.State
	n := len(d.books.Event.Levels)
	if len(st.waiting) == maxWaiting || st.levels+n > maxLevels {
		*st = sync{}
		return d.books.Fail(venue.ReasonOversize, bk.Symbol+": too many diffs wait for a snapshot")
	}
	u := d.at
	u.levels = append([]market.Level(nil), d.books.Event.Levels...)
	st.waiting = append(st.waiting, u)
	st.levels += n
	return nil
}

// answer reads the answer to a request for a snapshot; others are not ours.
func (d *Decoder) answer(f *venue.Frame) (string, error) {
	path, query, _ := strings.Cut(f.URL, "?")
	if f.URL != "" && !strings.HasSuffix(path, "/depth") {
		return "", nil
	}
	if err := d.read(f.Body); err != nil {
		return "", d.books.Fail(venue.ReasonMalformed, err.Error())
	}
	if d.at.last < 0 {
		return "", d.books.Fail(venue.ReasonShape, "a snapshot without lastUpdateId")
	}
	if v, err := url.ParseQuery(query); err == nil && v.Get("symbol") != "" {
		d.symbol = append(d.symbol[:0], v.Get("symbol")...)
	}
	bk, err := d.asked()
	if err != nil {
		return "", err
	}
	d.snapshot(bk)
	return "rest_depth", nil
}

// asked returns the book of a snapshot. One that names no symbol, in a recording
// of a single symbol, is that symbol's.
func (d *Decoder) asked() (*session.Book[sync], error) {
	if len(d.symbol) > 0 {
		return d.books.Book(d.symbol)
	}
	if bk := d.books.Only(); bk != nil {
		return bk, nil
	}
	return nil, d.books.Fail(venue.ReasonSymbol, "a snapshot that names no symbol")
}

// snapshot begins a book anew and applies what has waited for it. One that is
// not newer than a live book changes nothing.
func (d *Decoder) snapshot(bk *session.Book[sync]) {
	if bk.Live && d.at.last <= bk.State.at {
		return
	}
	waiting, conn := bk.State.waiting, bk.Conn
	bk.State = sync{at: d.at.last, first: true}
	d.books.Emit(bk, market.Snapshot, bk.Seq+1)
	bk.Conn = conn
	for i, u := range waiting {
		d.books.Event.Levels = append(d.books.Event.Levels[:0], u.levels...)
		if !d.apply(bk, u) {
			// The snapshot is older than the buffer: a newer one may still fit.
			bk.State.waiting = waiting[i:]
			for _, w := range bk.State.waiting {
				bk.State.levels += len(w.levels)
			}
			return
		}
	}
}
