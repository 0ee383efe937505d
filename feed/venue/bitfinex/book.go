package bitfinex

import (
	"bytes"
	"errors"
	"fmt"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/market"
)

// bookMessage reads a payload of a book and emits it.
func (d *decoder) bookMessage(bk *book) error {
	s, seq := &d.inner, uint64(d.message.seq)
	s.Reset(d.message.payload)
	if isUpdate(d.message.payload) {
		if bytes.ContainsAny(d.message.payload, "eE") {
			d.books.Quirks.Add("", venue.QuirkExponent)
		}
		if err := d.triple(true); err != nil {
			return err
		}
		if !bk.Live {
			d.books.Quirks.Add(bk.Symbol, venue.QuirkBeforeSnap)
			return nil
		}
		d.books.Emit(bk, market.Delta, seq)
		return nil
	}
	if err := s.Array(func(int) error { return d.triple(false) }); err != nil {
		return err
	}
	d.books.Emit(bk, market.Snapshot, seq)
	return nil
}

// isUpdate reports whether a payload is one triple rather than an array of them.
func isUpdate(payload []byte) bool {
	rest := bytes.TrimLeft(payload[1:], " \t\r\n")
	return len(rest) > 0 && rest[0] != '[' && rest[0] != ']'
}

// triple reads [price, count, amount] as one level.
func (d *decoder) triple(mayDelete bool) error {
	s := &d.inner
	var price, amount []byte
	var count int64
	err := s.Array(func(i int) (err error) {
		switch i {
		case 0:
			price, err = s.Number()
		case 1:
			count, err = s.Int()
		case 2:
			amount, err = s.Number()
		default:
			err = s.Skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	side := market.Bid
	size, isAsk := bytes.CutPrefix(amount, []byte("-"))
	if isAsk {
		side = market.Ask
	}
	switch {
	case count > 0 && !isZero(size):
		return d.books.Level(side, price, size)
	case count == 0 && mayDelete && string(size) == "1":
		return d.books.Level(side, price, zero)
	}
	return fmt.Errorf("bitfinex: count %d with amount %.40q", count, amount)
}

// zero is the size of a level that is deleted.
var zero = []byte("0")

// isZero reports whether the text of a number has no digit but 0 before its
// exponent.
func isZero(n []byte) bool {
	if i := bytes.IndexAny(n, "eE"); i >= 0 {
		n = n[:i]
	}
	return len(bytes.Trim(n, "0.")) == 0
}

// note is an event message: an answer of the venue, or news of it.
type note struct {
	event, channel, prec string
	id, code             int64
	symbol               []byte
}

var events = map[string]string{
	"info": "info", "conf": "conf", "subscribed": subscribed, "unsubscribed": unsubscribed,
	"error": "error", "pong": "pong", "auth": "auth",
}

// channels are the kinds of channel. A heartbeat counts as a message of its
// channel and as a heartbeat.
var channels = map[string]channel{
	"book":    {kind: "book", heartbeat: "book hb"},
	"ticker":  {kind: "ticker", heartbeat: "ticker hb"},
	"trades":  {kind: "trades", heartbeat: "trades hb"},
	"candles": {kind: "candles", heartbeat: "candles hb"},
	"status":  {kind: "status", heartbeat: "status hb"},
}

var channelNames = map[string]string{
	"book": "book", "ticker": "ticker", "trades": "trades", "candles": "candles", "status": "status",
}

// precisions are those of the books we take; all others round or list orders.
var precisions = map[string]string{"P0": "P0"}

const (
	subscribed   = "subscribed"
	unsubscribed = "unsubscribed"
)

// Codes of info events after which what we hold of a connection is void.
const (
	codeRestart     = 20051
	codeMaintenance = 20060
)

// event reads an event message.
func (d *decoder) event(c *conn) (string, error) {
	if err := d.readNote(); err != nil {
		return "", d.books.Malformed(err)
	}
	n := &d.note
	switch n.event {
	case "":
		return "", d.books.Fail(venue.ReasonUnknown, "unknown event")
	case subscribed:
		return subscribed, d.subscribe(c)
	case unsubscribed:
		if bk := c.channels[n.id].book; bk != nil {
			d.books.Gap(bk, "unsubscribed")
		}
		delete(c.channels, n.id)
	}
	if n.code == codeRestart || n.code == codeMaintenance {
		d.books.GapAll("the venue restarts or is under maintenance")
	}
	return n.event, nil
}

func (d *decoder) readNote() error {
	d.note = note{symbol: d.note.symbol[:0]}
	n, s := &d.note, &d.scan
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "event":
			n.event, err = session.Intern(s, events)
		case "channel":
			n.channel, err = session.Intern(s, channelNames)
		case "prec":
			n.prec, err = session.Intern(s, precisions)
		case "chanId":
			n.id, err = s.Int()
		case "code":
			n.code, err = s.Int()
		case "symbol":
			n.symbol, err = session.AppendText(n.symbol, s)
		default:
			err = s.Skip()
		}
		return err
	})
	return errors.Join(err, s.End())
}

// subscribe notes what a channel number stands for.
func (d *decoder) subscribe(c *conn) error {
	n := &d.note
	ch, ok := channels[n.channel]
	old, held := c.channels[n.id]
	switch {
	case !ok:
		return d.books.Fail(venue.ReasonUnknown, "unknown channel")
	case !held && len(c.channels) == maxChannels:
		return d.books.Fail(venue.ReasonOversize, fmt.Sprintf("more than %d channels", maxChannels))
	case n.channel == "book" && n.prec != "P0":
		return d.books.Fail(venue.ReasonShape, "a book that is not of precision P0")
	}
	if n.channel == "book" {
		bk, err := d.books.Book(n.symbol)
		if err != nil {
			return err
		}
		ch.book = bk
	}
	if old.book != nil && old.book != ch.book {
		d.books.Gap(old.book, "its channel was given to another")
	}
	c.channels[n.id] = ch
	return nil
}
