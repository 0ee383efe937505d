// Package ftx decodes the order book channel of FTX US, as it was recorded; the
// venue is closed.
//
// A subscription begins with type "partial", 100 levels a side, and goes on with
// "update". Numbers are JSON numbers. Every message carries a CRC32 over the best
// 100 levels, in the shortest text of a float, which is made from the decimal
// digits here: no float holds an amount.
package ftx

import (
	"errors"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

const name = "ftx_us"

// Spec describes FTX US.
var Spec = venue.Spec{
	Venue: name, Format: name, Handler: "ftx",
	New: func() venue.Decoder { return New() },
	Rules: func(string) market.BookRules {
		return market.BookRules{Checksum: newChecksum(), VerifiedDepth: sumDepth}
	},
	Pair:   pair,
	Checks: []string{"The CRC32 of the best 100 levels a side, all there are, is compared after every message."},
	Blind:  []string{"A lost message that the next one has undone is not noticed, and does no harm."},
}

// Decoder decodes one session. New makes it.
type Decoder struct {
	scan   jscan.Scanner
	books  *session.Books[struct{}]
	symbol []byte
}

// New returns the decoder of a session.
func New() *Decoder { return &Decoder{books: session.New[struct{}](name)} }

// Quirks implements venue.Decoder.
func (d *Decoder) Quirks() venue.Quirks { return d.books.Quirks }

var channels = map[string]string{
	"orderbook": "orderbook", "ticker": "ticker", "trades": "trades", "markets": "markets",
}

var types = map[string]string{
	"partial": "partial", "update": "update", "subscribed": "subscribed",
	"unsubscribed": "unsubscribed", "error": "error", "info": "info", "pong": "pong",
}

// Decode implements venue.Decoder.
func (d *Decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	if ok, err := d.books.Begin(f, emit); !ok || f.Kind != venue.Stream {
		return "", err
	}
	channel, typ, data, err := d.envelope(f.Body)
	switch {
	case err != nil:
		return "", d.books.Malformed(err)
	case typ == "":
		return "", d.unknown(channel)
	case channel == "" && (typ == "partial" || typ == "update"):
		return "", d.books.Fail(venue.ReasonUnknown, "a channel that is not known")
	case channel == "":
		return typ, nil
	case channel != "orderbook":
	case typ == "partial" || typ == "update":
		err = d.book(data, typ)
	case typ == "unsubscribed":
		if bk := d.books.Known(d.symbol); bk != nil {
			d.books.Gap(bk, "the subscription ended")
		}
	}
	return channel + "/" + typ, err
}

// unknown refuses a message of a type that is not known, and voids the book that
// it is about, if it is.
func (d *Decoder) unknown(channel string) error {
	err := d.books.Fail(venue.ReasonUnknown, "a type that is not known")
	if bk := d.books.Known(d.symbol); bk != nil && channel == "orderbook" {
		return d.books.Misshapen(bk, err)
	}
	return err
}

// envelope reads the members around the data, and checks all of the frame.
func (d *Decoder) envelope(body []byte) (channel, typ string, data []byte, err error) {
	d.symbol = d.symbol[:0]
	s := &d.scan
	s.Reset(body)
	err = s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "channel":
			channel, err = session.Intern(s, channels)
		case "type":
			typ, err = session.Intern(s, types)
		case "market":
			d.symbol, err = session.AppendText(d.symbol[:0], s)
		case "data":
			data, err = s.Raw()
		default:
			err = s.Skip()
		}
		return err
	})
	return channel, typ, data, errors.Join(err, s.End())
}

func (d *Decoder) book(data []byte, typ string) error {
	bk, err := d.books.Book(d.symbol)
	if err != nil {
		return d.books.Misread(err)
	}
	if err := d.read(data); err != nil {
		return d.books.Misshapen(bk, err)
	}
	switch {
	case typ == "partial":
		d.books.Emit(bk, market.Snapshot, bk.Seq+1)
	case !bk.Live:
		d.books.Quirks.Add(bk.Symbol, venue.QuirkBeforeSnap)
	default:
		d.books.Emit(bk, market.Delta, bk.Seq+1)
	}
	return nil
}

func (d *Decoder) read(data []byte) error {
	s, e := &d.scan, &d.books.Event
	var bids, asks bool
	s.Reset(data)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "checksum":
			e.HasChecksum = true
			e.Checksum, err = session.Sum32(s)
		case "time":
			e.VenueTime, err = seconds(s)
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
	if err == nil && (!bids || !asks || !e.HasChecksum) {
		err = errors.New("ftx: a book message without a checksum, bids and asks")
	}
	return err
}
