// Package kraken decodes the WebSocket v1 stream of Kraken.
//
// A subscription of "book-N" begins with a snapshot ("as", "bs") of N levels a
// side and goes on with updates ("a", "b") of absolute sizes; zero deletes. An
// update may come as two objects in one message; its checksum is over the book
// after both. The venue keeps N levels: what falls out of them is dropped by
// both sides, and comes back with the mark "r" when it returns.
//
// There are no sequence numbers. The CRC32 over the best ten levels a side is all
// the proof there is, so the decoder numbers the events itself.
package kraken

import (
	"bytes"
	"errors"
	"fmt"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

// Spec describes Kraken.
var Spec = venue.Spec{
	Venue:   "kraken",
	Format:  "kraken",
	Handler: "kraken",
	New:     func() venue.Decoder { return New() },
	Rules:   Rules,
	Pair:    Pair,
	Checks: []string{
		"The CRC32 of the best 10 levels a side is compared after every update.",
		"The book is cut to the subscribed depth after every message, as the venue cuts its own.",
	},
	Blind: []string{
		"A lost update below the best 10 levels is not noticed until it gets there; deeper levels are unverified.",
		"A snapshot carries no checksum.",
	},
}

// Depth is the subscription that is decoded, in levels a side. A book of another
// depth would have to be cut at that depth, so its channel is unknown here.
const Depth = 1000

const channel = "book-1000"

// Rules returns the rules of any book of Kraken.
func Rules(string) market.BookRules {
	return market.BookRules{Depth: Depth, Checksum: newChecksum(), VerifiedDepth: sumDepth}
}

// Decoder decodes one session. New makes it.
type Decoder struct {
	scan  jscan.Scanner
	books *session.Books[struct{}]
	parts [maxParts][]byte
	n     int
	held  members // what the payloads of a book message held
}

// members are the members of book payloads, each a bit.
type members uint8

const (
	bidSnapshot members = 1 << iota // "bs"
	askSnapshot                     // "as"
	bidUpdate                       // "b"
	askUpdate                       // "a"

	wholeBook = bidSnapshot | askSnapshot
	anyUpdate = bidUpdate | askUpdate
)

// A data message has as elements the channel, one or two payloads, the name of
// the channel and the pair.
const minParts, maxParts = 4, 5

// New returns the decoder of a session.
func New() *Decoder { return &Decoder{books: session.New[struct{}]("kraken")} }

// Quirks implements venue.Decoder.
func (d *Decoder) Quirks() venue.Quirks { return d.books.Quirks }

// Decode implements venue.Decoder.
func (d *Decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	if ok, err := d.books.Begin(f, emit); !ok || f.Kind != venue.Stream {
		return "", err
	}
	d.scan.Reset(f.Body)
	if d.scan.Peek() == jscan.Object {
		return d.event()
	}
	if err := d.split(); err != nil {
		return "", d.books.Malformed(err)
	}
	if d.n < minParts {
		return "", d.books.Misread(fmt.Errorf("a message of %d parts", d.n))
	}
	switch name := d.parts[d.n-2]; {
	case string(name) == `"`+channel+`"`:
		return channel, d.book(d.parts[d.n-1])
	case bytes.HasPrefix(name, []byte(`"ohlc-`)):
		return "ohlc", nil
	default:
		return d.other(name)
	}
}

// channels are those without a book.
var channels = map[string]string{"ticker": "ticker", "trade": "trade", "spread": "spread"}

// other names the channel of a message that holds no book.
func (d *Decoder) other(name []byte) (string, error) {
	d.scan.Reset(name)
	kind, err := session.Intern(&d.scan, channels)
	if err != nil {
		return "", d.books.Misread(err)
	}
	if kind == "" {
		return "", d.books.Fail(venue.ReasonUnknown, fmt.Sprintf("channel %.32q", name))
	}
	return kind, nil
}

// event reads a message that is an object: the state of the connection.
func (d *Decoder) event() (string, error) {
	var kind, status, name string
	var pair []byte
	s := &d.scan
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "event":
			kind, err = session.Intern(s, events)
		case "status":
			status, err = session.Intern(s, statuses)
		case "channelName":
			name, err = session.Intern(s, bookChannel)
		case "pair":
			pair, err = session.AppendText(nil, s)
		default:
			err = s.Skip()
		}
		return err
	})
	if err = errors.Join(err, s.End()); err != nil {
		return "", d.books.Malformed(err)
	}
	if kind == "" {
		return "", d.books.Fail(venue.ReasonUnknown, "an event that is not known")
	}
	if kind == "subscriptionStatus" && name == channel && status != "subscribed" {
		if bk := d.books.Known(pair); bk != nil {
			d.books.Gap(bk, "the subscription ended")
		}
	}
	if kind == "systemStatus" && status != "online" {
		d.books.GapAll("the venue is not online")
	}
	return kind, nil
}

var events = map[string]string{
	"systemStatus": "systemStatus", "subscriptionStatus": "subscriptionStatus",
	"heartbeat": "heartbeat", "pong": "pong", "error": "error",
}

// statuses and channels that matter; any other is "".
var (
	statuses    = map[string]string{"online": "online", "subscribed": "subscribed"}
	bookChannel = map[string]string{channel: channel}
)

// split finds the elements of a data message and checks all of it.
func (d *Decoder) split() error {
	d.n = 0
	err := d.scan.Array(func(i int) error {
		raw, err := d.scan.Raw()
		if err == nil && i == maxParts {
			err = fmt.Errorf("a message of more than %d parts", maxParts)
		}
		if err == nil {
			d.parts[i] = raw
			d.n++
		}
		return err
	})
	return errors.Join(err, d.scan.End())
}

// book reads a book message: one or two payloads.
func (d *Decoder) book(pair []byte) error {
	d.scan.Reset(pair)
	symbol, err := d.scan.Str()
	if err != nil {
		return d.books.Misread(err)
	}
	bk, err := d.books.Book(symbol)
	if err != nil {
		return d.books.Misread(err)
	}
	d.held = 0
	for _, payload := range d.parts[1 : d.n-2] {
		if err := d.payload(payload, bk); err != nil {
			return d.books.Misshapen(bk, err)
		}
	}
	switch {
	case d.held == wholeBook:
		d.books.Emit(bk, market.Snapshot, bk.Seq+1)
		return nil
	case d.held == 0 || d.held&^anyUpdate != 0:
		return d.books.Misshapen(bk, errors.New("neither a whole book nor an update"))
	case !bk.Live:
		d.books.Quirks.Add(bk.Symbol, venue.QuirkBeforeSnap)
		return nil
	case !d.books.Event.HasChecksum:
		return d.books.Misshapen(bk, errors.New("an update without a checksum"))
	}
	if d.n == maxParts {
		d.books.Quirks.Add("", venue.QuirkTwoPayloads)
	}
	d.books.Emit(bk, market.Delta, bk.Seq+1)
	return nil
}

func (d *Decoder) payload(raw []byte, bk *session.Book[struct{}]) error {
	s := &d.scan
	s.Reset(raw)
	return s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "bs":
			d.held |= bidSnapshot
			err = d.levels(market.Bid, bk)
		case "as":
			d.held |= askSnapshot
			err = d.levels(market.Ask, bk)
		case "b":
			d.held |= bidUpdate
			err = d.levels(market.Bid, bk)
		case "a":
			d.held |= askUpdate
			err = d.levels(market.Ask, bk)
		case "c":
			d.books.Event.HasChecksum = true
			d.books.Event.Checksum, err = session.Sum32(s)
		default:
			err = s.Skip()
		}
		return err
	})
}

// levels reads [price, size, time] and [price, size, time, "r"]. The time of the
// message is the latest of its levels.
func (d *Decoder) levels(side market.Side, bk *session.Book[struct{}]) error {
	s := &d.scan
	return s.Array(func(int) error {
		var price, size []byte
		n := 0
		err := s.Array(func(i int) (err error) {
			n++
			switch i {
			case 0:
				price, err = session.Plain(s)
			case 1:
				size, err = session.Plain(s)
			case 2:
				var t int64
				if t, err = seconds(s); err == nil {
					d.books.Event.VenueTime = max(d.books.Event.VenueTime, t)
				}
			case 3:
				if err = s.Skip(); err == nil {
					d.books.Quirks.Add(bk.Symbol, venue.QuirkRepublished)
				}
			default:
				err = s.Skip()
			}
			return err
		})
		switch {
		case err != nil:
			return err
		case n < 3:
			return errLevel
		}
		return d.books.Level(side, price, size)
	})
}

var errLevel = errors.New("a level of less than price, size and time")
