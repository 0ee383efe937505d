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
	"hash/crc32"
	"strings"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
	"chronos.dev/money"
)

const name = "ftx_us"

// Spec describes FTX US.
var Spec = venue.Spec{
	Venue: name, Format: name, Handler: "ftx",
	New: func() venue.Decoder { return New() },
	Rules: func(string) market.BookRules {
		return market.BookRules{Checksum: newChecksum(), VerifiedDepth: sumDepth}
	},
	Pair: func(symbol string) (market.Pair, bool) {
		p, err := market.ParsePair(strings.Replace(symbol, "/", "-", 1))
		return p, err == nil
	},
	Checks: []string{"The CRC32 of the best 100 levels a side is compared after every message: all that the venue sends."},
	Blind:  []string{"A lost message that changed nothing by the time of the next one is not noticed, and does no harm."},
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
		return "", d.books.Fail(venue.ReasonUnknown, "a type that is not known")
	case channel == "":
		return typ, nil
	case channel != "orderbook" || typ != "partial" && typ != "update":
		return channel + "/" + typ, nil
	}
	return channel + "/" + typ, d.book(data, typ)
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
	s.Reset(data)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "checksum":
			e.HasChecksum = true
			e.Checksum, err = session.Sum32(s)
		case "bids":
			err = d.books.Pairs(s, market.Bid)
		case "asks":
			err = d.books.Pairs(s, market.Ask)
		default:
			err = s.Skip()
		}
		return err
	})
	if err == nil && !e.HasChecksum {
		err = errors.New("ftx: a book message without a checksum")
	}
	return err
}

// sumDepth is how many levels a side the checksum covers.
const sumDepth = 100

// newChecksum returns the venue's checksum with scratch of its own, for one book.
func newChecksum() *market.Checksum {
	var buf []byte
	return &market.Checksum{Depth: sumDepth, Sum: func(bids, asks []market.Level) uint32 {
		buf = buf[:0]
		for i := range max(len(bids), len(asks)) {
			for _, side := range [2][]market.Level{bids, asks} {
				if i >= len(side) {
					continue
				}
				if len(buf) > 0 {
					buf = append(buf, ':')
				}
				buf = appendFloat(buf, side[i].Price)
				buf = append(buf, ':')
				buf = appendFloat(buf, side[i].Size)
			}
		}
		return crc32.ChecksumIEEE(buf)
	}}
}

// appendFloat appends the shortest text of a number as Python writes a float:
// at least one digit behind the point, and an exponent below 0.0001.
func appendFloat(dst []byte, n money.Num) []byte {
	n = n.Trim()
	digits := money.AppendFixed(nil, n.Coef, 0)
	exp := len(digits) - int(n.Scale) - 1 // of the first digit
	if n.Coef != 0 && exp < -4 {
		dst = append(dst, digits[0])
		if len(digits) > 1 {
			dst = append(append(dst, '.'), digits[1:]...)
		}
		dst = append(dst, "e-"...)
		return append(dst, byte('0'+-exp/10), byte('0'+-exp%10))
	}
	dst = n.AppendText(dst)
	if n.Scale == 0 {
		dst = append(dst, ".0"...)
	}
	return dst
}
