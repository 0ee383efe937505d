// Package hitbtc decodes the v2 order book of HitBTC.
//
// A subscription begins with snapshotOrderbook and goes on with updateOrderbook.
// Both carry a sequence of their symbol that grows by one, so a loss is noticed
// at the next update.
package hitbtc

import (
	"errors"
	"fmt"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

const name = "hitbtc"

// Spec describes HitBTC.
var Spec = venue.Spec{
	Venue: name, Format: name, Handler: name,
	New:    func() venue.Decoder { return New() },
	Rules:  func(string) market.BookRules { return market.BookRules{VerifiedDepth: -1} },
	Pair:   func(symbol string) (market.Pair, bool) { p, ok := pairs[symbol]; return p, ok },
	Checks: []string{"The sequence of a symbol grows by one; a loss is noticed at the next update of the symbol."},
	Blind:  []string{"The loss of a symbol's last updates is not noticed before the next one; only age shows it."},
}

// pairs are the symbols of the venue, which have no separator. What the venue
// calls USD has stood for dollars and for a stablecoin: no symbol of it is here.
var pairs = map[string]market.Pair{
	"ACDBTC": {Base: "ACD", Quote: "BTC"}, "BANCABTC": {Base: "BANCA", Quote: "BTC"},
	"BNBETH": {Base: "BNB", Quote: "ETH"}, "BTCUSDC": {Base: "BTC", Quote: "USDC"},
	"CELRBTC": {Base: "CELR", Quote: "BTC"}, "ETHBTC": {Base: "ETH", Quote: "BTC"},
	"ETHUSDC": {Base: "ETH", Quote: "USDC"}, "HEDGBTC": {Base: "HEDG", Quote: "BTC"},
	"MINBTC": {Base: "MIN", Quote: "BTC"}, "STORJBTC": {Base: "STORJ", Quote: "BTC"},
	"SUNBTC": {Base: "SUN", Quote: "BTC"}, "XTZBTC": {Base: "XTZ", Quote: "BTC"},
}

// Decoder decodes one session. New makes it.
type Decoder struct {
	scan   jscan.Scanner
	books  *session.Books[begun] // Seq is the venue's sequence
	symbol []byte
	seq    int64
}

// begun says that the last event of a book was its snapshot.
type begun bool

// New returns the decoder of a session.
func New() *Decoder { return &Decoder{books: session.New[begun](name)} }

// Quirks implements venue.Decoder.
func (d *Decoder) Quirks() venue.Quirks { return d.books.Quirks }

const (
	snapshot = "snapshotOrderbook"
	update   = "updateOrderbook"
)

// methods are the messages of the venue.
var methods = map[string]string{
	snapshot: snapshot, update: update, "ticker": "ticker", "snapshotTrades": "snapshotTrades",
	"updateTrades": "updateTrades", "snapshotCandles": "snapshotCandles", "updateCandles": "updateCandles",
}

// Decode implements venue.Decoder.
func (d *Decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	if ok, err := d.books.Begin(f, emit); !ok || f.Kind != venue.Stream {
		return "", err
	}
	var method string
	var params []byte
	reply := false
	s := &d.scan
	s.Reset(f.Body)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "method":
			method, err = session.Intern(s, methods)
		case "params":
			params, err = s.Raw()
		case "result", "error":
			reply = true
			err = s.Skip()
		default:
			err = s.Skip()
		}
		return err
	})
	switch err = errors.Join(err, s.End()); {
	case err != nil:
		return "", d.books.Malformed(err)
	case method == "" && reply:
		return "reply", nil
	case method == "":
		return "", d.books.Fail(venue.ReasonUnknown, "a method that is not known")
	case method != snapshot && method != update:
		return method, nil
	}
	return method, d.book(params, method)
}

// book reads a snapshot or an update and applies it.
func (d *Decoder) book(params []byte, method string) error {
	if err := d.read(params); err != nil {
		if bk := d.books.Known(d.symbol); bk != nil {
			return d.books.Misshapen(bk, err)
		}
		return d.books.Misread(err)
	}
	bk, err := d.books.Book(d.symbol)
	if err != nil {
		return d.books.Misread(err)
	}
	switch seq := uint64(d.seq); {
	case method == snapshot && bk.Live && seq == bk.Seq:
		d.books.Quirks.Add(bk.Symbol, venue.QuirkStale)
	case method == snapshot:
		if seq < bk.Seq {
			d.books.Gap(bk, fmt.Sprintf("a snapshot at sequence %d, the book is at %d", seq, bk.Seq))
		}
		d.books.Emit(bk, market.Snapshot, seq)
		bk.State = true
	case !bk.Live:
		d.books.Quirks.Add(bk.Symbol, venue.QuirkBeforeSnap)
	case seq <= bk.Seq && !bool(bk.State):
		d.books.Quirks.Add(bk.Symbol, venue.QuirkStale)
	case seq != bk.Seq+1:
		d.books.Gap(bk, fmt.Sprintf("sequence %d, the book is at %d", seq, bk.Seq))
	default:
		d.books.Emit(bk, market.Delta, seq)
		bk.State = false
	}
	return nil
}

func (d *Decoder) read(params []byte) error {
	d.symbol, d.seq = d.symbol[:0], -1
	var bids, asks bool
	s := &d.scan
	s.Reset(params)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "symbol":
			d.symbol, err = session.AppendText(d.symbol[:0], s)
		case "sequence":
			d.seq, err = s.Int()
		case "timestamp":
			d.books.Event.VenueTime, err = session.Clock(s)
		case "ask":
			asks = true
			err = d.levels(market.Ask)
		case "bid":
			bids = true
			err = d.levels(market.Bid)
		default:
			err = s.Skip()
		}
		return err
	})
	if err == nil && (!bids || !asks || d.seq < 0) {
		err = errors.New("hitbtc: a book message without a sequence, bids and asks")
	}
	return err
}

// levels reads an array of {"price", "size"}.
func (d *Decoder) levels(side market.Side) error {
	s := &d.scan
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
