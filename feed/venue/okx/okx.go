// Package okx decodes the v5 stream of OKX, which OKCoin speaks as well.
//
// A subscription of the channel "books" begins with action "snapshot", 400
// levels a side, and goes on with action "update", absolute sizes, zero deletes.
// Each message carries a CRC32 over the best 25 levels and, since 2023, the ids
// seqId and prevSeqId: an update follows the message whose seqId its prevSeqId
// names. Ids may fall when the venue restarts its numbering, so the decoder
// checks the chain and numbers the events itself. Recorded messages have the
// checksum only. Messages with ids may carry the checksum 0, which means none.
//
// A snapshot may come again at any time and replaces the book.
package okx

import (
	"errors"
	"strings"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

// Spec describes OKX.
var Spec = venue.Spec{
	Venue:   "okx",
	Format:  "okx",
	Handler: "okx",
	New:     func() venue.Decoder { return NewDecoder("okx") },
	Rules:   Rules,
	Pair:    Pair,
	Checks:  Checks,
	Blind:   Blind,
}

// CheckSum is the proof that all generations of the protocol have.
const CheckSum = "The CRC32 of the best 25 levels a side is compared whenever it is sent."

// Checks and Blind are what is proven and what is not, at every venue with
// books of this kind.
var (
	Checks = []string{
		CheckSum,
		"Where seqId and prevSeqId are sent, each update must follow the one before; " +
			"a doubled one is dropped.",
		"A message with neither proof is refused.",
	}
	Blind = []string{
		"Without ids, a lost update outside the best 25 levels is not noticed until they change.",
		"Without ids, a doubled update is applied twice, which changes nothing: sizes are absolute.",
	}
)

// Depth is how many levels a side the venue keeps up to date.
const Depth = 400

// Rules returns the rules of any book of OKX and OKCoin.
func Rules(string) market.BookRules {
	return market.BookRules{Depth: Depth, Checksum: newChecksum(), VerifiedDepth: sumDepth}
}

// kinds are the channels of the venue by name. Only "books" is decoded.
var kinds = map[string]string{
	"books": "books", "books5": "books5", "bbo-tbt": "bbo-tbt", "books-l2-tbt": "books-l2-tbt",
	"books50-l2-tbt": "books50-l2-tbt", "tickers": "tickers", "trades": "trades",
	"trades-all": "trades-all", "candle1m": "candle1m", "status": "status",
}

// events are the answers of the venue to what we sent.
var events = map[string]string{
	"subscribe": "event_subscribe", "unsubscribe": "event_unsubscribe", "error": "event_error",
	"notice": "event_notice", "login": "event_login", "channel-conn-count": "event_channel-conn-count",
}

const books = "books"

// Decoder decodes one session. NewDecoder makes it.
type Decoder struct {
	scan  jscan.Scanner
	depth *Reader

	event, channel string
	action         Action
	symbol         []byte
	data           []byte
}

// NewDecoder returns the decoder of a session with the named venue.
func NewDecoder(name string) *Decoder { return &Decoder{depth: NewReader(name)} }

// Quirks implements venue.Decoder.
func (d *Decoder) Quirks() venue.Quirks { return d.depth.Books.Quirks }

// Decode implements venue.Decoder.
func (d *Decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	b := d.depth.Books
	if ok, err := b.Begin(f, emit); !ok || f.Kind != venue.Stream {
		return "", err
	}
	if string(f.Body) == "pong" {
		return "pong", nil
	}
	if err := d.envelope(f.Body); err != nil {
		return "", b.Malformed(err)
	}
	switch {
	case d.event != "":
		return d.answer()
	case d.channel == books:
		return books, d.depth.Read(d.data, d.symbol, d.action)
	case d.channel != "":
		return d.channel, nil
	}
	return "", b.Fail(venue.ReasonUnknown, "neither a known event nor a known channel")
}

// envelope reads the members around the data, and checks all of the frame.
func (d *Decoder) envelope(body []byte) error {
	d.event, d.channel, d.action, d.symbol, d.data = "", "", 0, d.symbol[:0], nil
	s := &d.scan
	s.Reset(body)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "event":
			d.event, err = session.Intern(s, events)
		case "action":
			d.action, err = ReadAction(s)
		case "arg":
			err = d.arg()
		case "data":
			d.data, err = s.Raw()
		default:
			err = s.Skip()
		}
		return err
	})
	return errors.Join(err, s.End())
}

func (d *Decoder) arg() error {
	s := &d.scan
	return s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "channel":
			d.channel, err = session.Intern(s, kinds)
		case "instId":
			d.symbol, err = session.AppendText(d.symbol[:0], s)
		default:
			err = s.Skip()
		}
		return err
	})
}

// answer returns the kind of an answer. A book that is no longer subscribed to
// is no longer kept up to date.
func (d *Decoder) answer() (string, error) {
	if d.event == "event_unsubscribe" && d.channel == books {
		if bk := d.depth.Books.Known(d.symbol); bk != nil {
			d.depth.Books.Gap(bk, "unsubscribed")
		}
	}
	return d.event, nil
}

// Pair returns the spot market of a symbol: two assets and a dash. Derivatives
// have a third part (BTC-USD-220527, UNI-USD-SWAP).
func Pair(symbol string) (market.Pair, bool) {
	if strings.Count(symbol, "-") != 1 {
		return market.Pair{}, false
	}
	p, err := market.ParsePair(symbol)
	return p, err == nil
}
