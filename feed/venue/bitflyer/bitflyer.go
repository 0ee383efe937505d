// Package bitflyer decodes the JSON-RPC stream of bitFlyer.
//
// Channel lightning_board_snapshot_SYMBOL sends the whole board about every five
// seconds; lightning_board_SYMBOL sends the levels that changed, absolute sizes,
// zero deletes, in no order. The two are not tied by any number: a change that
// comes before the first snapshot is ignored and counted, and each snapshot
// replaces the book. Numbers are JSON numbers.
package bitflyer

import (
	"bytes"
	"errors"
	"strings"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

const name = "bitflyer"

// Spec describes bitFlyer.
var Spec = venue.Spec{
	Venue:   name,
	Format:  name,
	Handler: name,
	New:     func() venue.Decoder { return &decoder{books: session.New[struct{}](name)} },
	Rules:   func(string) market.BookRules { return market.BookRules{} },
	Pair:    pair,
	Checks: []string{
		"A change before the first snapshot is dropped.",
	},
	Blind: []string{
		"There is neither a number nor a checksum: a lost or doubled message is not noticed. " +
			"The next snapshot, about five seconds later, repairs the book.",
		"Board messages carry no time of the venue.",
	},
}

// The channels of the venue; a symbol follows. A longer name stands before one
// that it begins with.
var channels = []struct {
	prefix, kind string
	event        market.EventKind // 0: no board
}{
	{"lightning_board_snapshot_", "lightning_board_snapshot", market.Snapshot},
	{"lightning_board_", "lightning_board", market.Delta},
	{"lightning_ticker_", "lightning_ticker", 0},
	{"lightning_executions_", "lightning_executions", 0},
}

type book = session.Book[struct{}]

// decoder decodes one session.
type decoder struct {
	books *session.Books[struct{}]
	scan  jscan.Scanner
	inner jscan.Scanner // of the message

	isReply bool
	channel []byte
	message []byte
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
	for _, c := range channels {
		symbol, ok := bytes.CutPrefix(d.channel, []byte(c.prefix))
		switch {
		case !ok:
			continue
		case c.event == 0:
			return c.kind, nil
		}
		bk, err := d.books.Book(symbol)
		if err != nil {
			return c.kind, d.books.Misread(err)
		}
		if err := d.board(bk, c.event); err != nil {
			return c.kind, d.books.Misshapen(bk, err)
		}
		return c.kind, nil
	}
	return "", d.books.Fail(venue.ReasonUnknown, "unknown channel")
}

// envelope reads the members around the message, and checks all of the frame.
func (d *decoder) envelope(body []byte) error {
	d.isReply, d.channel, d.message = false, d.channel[:0], nil
	s := &d.scan
	s.Reset(body)
	err := s.Object(func(key []byte) error {
		switch string(key) {
		case "result", "error":
			d.isReply = true
		case "params":
			return d.params()
		}
		return s.Skip()
	})
	return errors.Join(err, s.End())
}

func (d *decoder) params() error {
	s := &d.scan
	return s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "channel":
			d.channel, err = session.AppendText(d.channel, s)
		case "message":
			d.message, err = s.Raw()
		default:
			err = s.Skip()
		}
		return err
	})
}

// board reads a board and emits it.
func (d *decoder) board(bk *book, kind market.EventKind) error {
	var sides session.Sides
	s := &d.inner
	s.Reset(d.message)
	err := s.Object(func(key []byte) error {
		switch string(key) {
		case "bids":
			sides.Bid = true
			return d.side(market.Bid)
		case "asks":
			sides.Ask = true
			return d.side(market.Ask)
		}
		return s.Skip()
	})
	switch err = sides.Check(err); {
	case err != nil:
		return err
	case kind == market.Delta && !bk.Live:
		d.books.Quirks.Add(bk.Symbol, venue.QuirkBeforeSnap)
		return nil
	}
	d.books.Emit(bk, kind, bk.Seq+1)
	return nil
}

// side reads an array of {"price", "size"}.
func (d *decoder) side(side market.Side) error {
	s := &d.inner
	return s.Array(func(int) error {
		var price, size []byte
		err := s.Object(func(key []byte) (err error) {
			switch string(key) {
			case "price":
				price, err = session.Plain(s)
			case "size":
				size, err = session.Plain(s)
			default:
				err = s.Skip()
			}
			return err
		})
		if err != nil {
			return err
		}
		return d.books.Level(side, price, size)
	})
}

// pair returns the spot market of a symbol: two assets and an underscore.
// FX_BTC_JPY and futures such as BTCJPY23APR2021 have another form.
func pair(symbol string) (market.Pair, bool) {
	base, quote, ok := strings.Cut(symbol, "_")
	if !ok || strings.Contains(quote, "_") {
		return market.Pair{}, false
	}
	p, err := market.ParsePair(base + "-" + quote)
	return p, err == nil
}
