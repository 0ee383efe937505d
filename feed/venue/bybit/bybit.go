// Package bybit decodes two generations of Bybit: v5 ("bybit_v5") and the
// inverse contracts of v2 ("bybit_inverse_v2").
//
// v5: topic orderbook.DEPTH.SYMBOL begins with a snapshot and goes on with
// deltas, absolute sizes, zero deletes. The update id u rises by one with every
// message; a snapshot may come again, with u = 1 after the venue restarted.
//
// v2: topic orderBookL2_25.SYMBOL sends a snapshot of 25 levels a side, then
// deltas that list levels to delete, update and insert. cross_seq counts more
// than this topic, so it rises by any amount: a message that comes twice is
// seen, one that is lost is not.
package bybit

import (
	"bytes"
	"errors"
	"fmt"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

const name = "bybit"

// Specs describe Bybit by generation.
var Specs = []venue.Spec{
	{
		Venue: name, Format: "bybit_inverse_v2", Handler: name,
		New:   func() venue.Decoder { return newDecoder(inverse) },
		Rules: func(string) market.BookRules { return market.BookRules{Depth: 25} },
		Pair:  pair,
		Checks: []string{
			"cross_seq must rise: a doubled message is dropped, one that falls back voids the book.",
		},
		Blind: []string{
			"A lost message is not noticed: cross_seq skips numbers by nature, and nothing sums up.",
		},
	},
	{
		Venue: name, Format: "bybit_v5", Handler: name,
		New:   func() venue.Decoder { return newDecoder(unified) },
		Rules: func(string) market.BookRules { return market.BookRules{VerifiedDepth: -1} },
		Pair:  pair,
		Checks: []string{
			"The update id of each delta must be one above the last: another one voids the book " +
				"until a snapshot, a doubled message is dropped.",
		},
		Blind: []string{
			"There is no checksum: a number that is wrong but well-formed is not noticed.",
			"A topic does not say whether its symbol is spot or a perpetual, so none is taken for spot.",
		},
	},
}

// pair returns false: contracts of v2 are not spot, and a topic of v5 has the
// same symbol at the spot and at the perpetual end point.
func pair(string) (market.Pair, bool) { return market.Pair{}, false }

// generation is what differs between v2 and v5.
type generation struct {
	prefix          string // of the topics of books
	snapshot, delta string // kinds
	chained         bool   // sequence rises by one
	read            func(*decoder) error
}

// breaks reports whether a message of number got contradicts a book at have. A
// snapshot may begin the numbers again only where a chain shows whether it was
// the newest.
func (g *generation) breaks(isDelta bool, have, got int64) bool {
	if g.chained {
		return isDelta && got != have+1
	}
	return got < have
}

var (
	inverse = &generation{
		prefix: "orderBookL2_25.", snapshot: "orderBookL2_25/snapshot", delta: "orderBookL2_25/delta",
		read: (*decoder).readInverse,
	}
	unified = &generation{
		prefix: "orderbook.", snapshot: "orderbook/snapshot", delta: "orderbook/delta",
		chained: true, read: (*decoder).readUnified,
	}
)

// others are the topics that are no books, by the part before the first point.
var others = map[string]string{
	"trade": "trade/", "publicTrade": "publicTrade/", "tickers": "tickers/", "kline": "kline/",
	"instrument_info": "instrument_info/", "klineV2": "klineV2/", "insurance": "insurance/",
}

var actions = map[string]string{"snapshot": "snapshot", "delta": "delta"}

// place is where a book stands in the venue's numbers.
type place struct{ seq int64 }

type book = session.Book[place]

// decoder decodes one session.
type decoder struct {
	gen   *generation
	books *session.Books[place]
	scan  jscan.Scanner
	inner jscan.Scanner // of the data

	isReply bool
	topic   []byte
	action  string
	data    []byte
	time    int64
	seq     int64 // cross_seq in v2, u in v5
}

func newDecoder(g *generation) *decoder {
	return &decoder{gen: g, books: session.New[place](name)}
}

// Quirks implements venue.Decoder.
func (d *decoder) Quirks() venue.Quirks { return d.books.Quirks }

// Decode implements venue.Decoder.
func (d *decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	if ok, err := d.books.Begin(f, emit); !ok || f.Kind != venue.Stream {
		return "", err
	}
	if err := d.envelope(f.Body); err != nil {
		return "", d.books.Malformed(err)
	}
	if d.isReply {
		return "reply", nil
	}
	if symbol, ok := bytes.CutPrefix(d.topic, []byte(d.gen.prefix)); ok {
		return d.book(symbol)
	}
	first, _, _ := bytes.Cut(d.topic, []byte("."))
	if kind := others[string(first)]; kind != "" {
		return kind, nil
	}
	return "", d.books.Fail(venue.ReasonUnknown, "unknown topic")
}

// envelope reads the members around the data, and checks all of the frame.
func (d *decoder) envelope(body []byte) error {
	d.isReply, d.topic, d.action, d.data, d.time, d.seq = false, d.topic[:0], "", nil, 0, 0
	s := &d.scan
	s.Reset(body)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "success", "op":
			d.isReply = true
			err = s.Skip()
		case "topic":
			d.topic, err = session.AppendText(d.topic, s)
		case "type":
			d.action, err = session.Intern(s, actions)
		case "data":
			d.data, err = s.Raw()
		case "cross_seq":
			d.seq, err = s.Int()
		case "timestamp_e6":
			d.time, err = session.Micros(s)
		case "ts":
			d.time, err = session.Millis(s)
		default:
			err = s.Skip()
		}
		return err
	})
	return errors.Join(err, s.End())
}

// book reads a message about a book and emits it.
func (d *decoder) book(symbol []byte) (string, error) {
	kind := d.gen.delta
	if d.action == "snapshot" {
		kind = d.gen.snapshot
	}
	if d.gen.chained { // DEPTH.SYMBOL
		_, symbol, _ = bytes.Cut(symbol, []byte("."))
	}
	bk, err := d.books.Book(symbol)
	if err != nil {
		return kind, d.books.Misread(err)
	}
	err = d.gen.read(d)
	if err == nil && (d.action == "" || d.seq <= 0) {
		err = fmt.Errorf("bybit: action %q with sequence %d", d.action, d.seq)
	}
	if err != nil {
		return kind, d.books.Misshapen(bk, err)
	}
	d.apply(bk)
	return kind, nil
}

// apply emits what was read, if it follows what came before. Events are numbered
// by us, for the venue's numbers begin again when it restarts.
func (d *decoder) apply(bk *book) {
	b, have := d.books, bk.State.seq
	b.Event.VenueTime = d.time
	isDelta := d.action == "delta"
	switch {
	case isDelta && !bk.Live:
		b.Quirks.Add(bk.Symbol, venue.QuirkBeforeSnap)
		return
	case bk.Live && d.seq == have:
		b.Quirks.Add(bk.Symbol, venue.QuirkStale)
		return
	case bk.Live && d.gen.breaks(isDelta, have, d.seq):
		b.Gap(bk, fmt.Sprintf("sequence: book is at %d, got %d", have, d.seq))
		return
	}
	bk.State.seq = d.seq
	if isDelta {
		b.Emit(bk, market.Delta, bk.Seq+1)
		return
	}
	b.Emit(bk, market.Snapshot, bk.Seq+1)
}
