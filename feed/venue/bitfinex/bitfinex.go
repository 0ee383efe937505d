// Package bitfinex decodes the v2 stream of Bitfinex.
//
// A channel message is an array: the channel's number, a payload, and, since
// every connection is set to SEQ_ALL (flag 65536), a sequence number that counts
// all channel messages of the connection, heartbeats too. A number left out
// therefore voids every book of the connection: nobody can tell whose it was.
//
// The event "subscribed" gives a channel its number. Messages may come before
// it; they count in the sequence and are otherwise ignored. The first payload of
// a book is an array of [price, count, amount]; then one such triple a message.
// Amount's sign is the side. Count 0 deletes, with amount 1 for a bid and -1 for
// an ask. Numbers are JSON numbers and may have exponents (1.1e-7).
package bitfinex

import (
	"errors"
	"fmt"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

const name = "bitfinex"

// Spec describes Bitfinex.
var Spec = venue.Spec{
	Venue:   name,
	Format:  name,
	Handler: name,
	New:     func() venue.Decoder { return newDecoder() },
	Rules:   func(string) market.BookRules { return market.BookRules{VerifiedDepth: -1} },
	Pair:    pair,
	Checks: []string{
		"The sequence over all channels of a connection must not leave out a number; " +
			"if it does, every book of the connection is void. A doubled message is dropped.",
	},
	Blind: []string{
		"A message lost before a connection's first is not noticed; no book is live then.",
		"Checksum frames (cs) are not compared: a wrong but well-formed number is not noticed.",
		"Book messages carry no time of the venue.",
	},
}

// maxChannels bounds the channels of one connection; the venue allows 25.
const maxChannels = 1024

// conn is the state of one connection.
type conn struct {
	seq      int64 // of the last channel message, 0 before the first
	channels map[int64]channel
}

// channel is what a channel number stands for.
type channel struct {
	kind, heartbeat string // kinds of its messages
	book            *book  // nil unless kind is "book"
}

type book = session.Book[struct{}]

// decoder decodes one session.
type decoder struct {
	books *session.Books[struct{}]
	conns map[int]*conn
	scan  jscan.Scanner
	inner jscan.Scanner // of a payload

	note    note
	message message
}

func newDecoder() *decoder {
	return &decoder{books: session.New[struct{}](name), conns: make(map[int]*conn)}
}

// Quirks implements venue.Decoder.
func (d *decoder) Quirks() venue.Quirks { return d.books.Quirks }

// Decode implements venue.Decoder.
func (d *decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	ok, err := d.books.Begin(f, emit)
	if f.Kind == venue.Connect {
		delete(d.conns, f.Conn)
	}
	if !ok || f.Kind != venue.Stream {
		return "", err
	}
	c := d.conns[f.Conn]
	if c == nil {
		c = &conn{channels: make(map[int64]channel)}
		d.conns[f.Conn] = c
	}
	d.scan.Reset(f.Body)
	if d.scan.Peek() == jscan.Object {
		return d.event(c)
	}
	return d.channelMessage(c)
}

// message is a channel message in parts.
type message struct {
	channel int64
	word    string // payload "hb", "cs", "te", ...; "" when it is an array
	payload []byte // payload when it is an array
	seq     int64  // 0 if there was none
}

// words are the payloads that are no array. All but the heartbeat have a member
// more before the sequence.
var words = map[string]string{"hb": "hb", "cs": "cs", "te": "te", "tu": "tu"}

func (d *decoder) channelMessage(c *conn) (string, error) {
	if err := d.parts(); err != nil {
		return "", d.books.Malformed(err)
	}
	m := &d.message
	if m.seq <= 0 {
		d.books.GapAll("a message had no sequence number")
		return "", d.books.Fail(venue.ReasonShape, "no sequence number: SEQ_ALL is not set")
	}
	ch, known := c.channels[m.channel]
	kind := ch.kind
	if m.word == "hb" {
		kind = ch.heartbeat
	}
	if !d.inSequence(c) {
		return kind, nil
	}
	switch {
	case !known:
		d.books.Quirks.Add("", venue.QuirkUnconfirmed)
		return "", nil
	case ch.book == nil || m.word != "":
		return kind, nil
	}
	if err := d.bookMessage(ch.book); err != nil {
		return kind, d.books.Misshapen(ch.book, err)
	}
	return kind, nil
}

// parts takes the frame apart. What a message has beyond the parts it must have
// is ignored, as the venue asks of its clients.
func (d *decoder) parts() error {
	d.message = message{}
	m, s := &d.message, &d.scan
	err := s.Array(func(i int) (err error) {
		switch {
		case i == 0:
			m.channel, err = s.Int()
		case i == 1 && s.Peek() == jscan.String:
			if m.word, err = session.Intern(s, words); err == nil && m.word == "" {
				err = errors.New("bitfinex: unknown payload")
			}
		case i == 1:
			m.payload, err = s.Raw()
		case i == 2 && (m.word == "" || m.word == "hb"), i == 3 && m.seq == 0:
			m.seq, err = s.Int()
		default:
			err = s.Skip()
		}
		return err
	})
	return errors.Join(err, s.End())
}

// inSequence reports whether the message is new, and voids all books when
// messages before it are missing.
func (d *decoder) inSequence(c *conn) bool {
	got, want := d.message.seq, c.seq+1
	if c.seq != 0 && got < want {
		d.books.Quirks.Add("", venue.QuirkStale)
		return false
	}
	if c.seq != 0 && got > want {
		d.books.GapAll(fmt.Sprintf("stream sequence: want %d, got %d", want, got))
	}
	c.seq = got
	return true
}
