// Package okcoin decodes OKCoin in both of its generations.
//
// OKCoin speaks the v5 protocol of OKX (format "okcoin_v5", see package okx).
// Before 2022 it spoke v3 (format "okcoin"): each message is raw deflate without
// a header, names a table and carries book objects that name their own symbol.
// Table "spot/depth_l2_tbt" begins with action "partial", 400 levels a side, and
// goes on with action "update"; each message carries the CRC32 over the best 25
// levels that v5 kept.
package okcoin

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/okx"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

const name = "okcoin"

// Specs describe OKCoin by generation.
var Specs = []venue.Spec{
	{
		Venue: name, Format: "okcoin", Handler: name,
		New:   func() venue.Decoder { return newDecoder() },
		Rules: okx.Rules, Pair: okx.Pair,
		Checks: []string{okx.CheckSum},
		Blind:  okx.Blind,
	},
	{
		Venue: name, Format: "okcoin_v5", Handler: name,
		New:   func() venue.Decoder { return okx.NewDecoder(name) },
		Rules: okx.Rules, Pair: okx.Pair,
		Checks: okx.Checks,
		Blind:  okx.Blind,
	},
}

// tables are the tables of v3 by name. Only the book's is decoded.
var tables = map[string]string{
	books: books, "spot/depth": "spot/depth", "spot/depth5": "spot/depth5",
	"spot/ticker": "spot/ticker", "spot/trade": "spot/trade", "spot/candle60s": "spot/candle60s",
}

// events are the answers of the venue to what we sent.
var events = map[string]string{
	"subscribe": "event_subscribe", "unsubscribe": "event_unsubscribe",
	"error": "event_error", "login": "event_login",
}

const books = "spot/depth_l2_tbt"

// decoder decodes one v3 session.
type decoder struct {
	in   bytes.Reader
	out  bytes.Buffer
	raw  io.ReadCloser
	cap  io.LimitedReader
	scan jscan.Scanner
	read *okx.Reader

	event, table string
	action       okx.Action
	channel      []byte // of an answer: table:symbol
	data         []byte
}

func newDecoder() *decoder { return &decoder{read: okx.NewReader(name)} }

// Quirks implements venue.Decoder.
func (d *decoder) Quirks() venue.Quirks { return d.read.Books.Quirks }

// Decode implements venue.Decoder.
func (d *decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	b := d.read.Books
	if ok, err := b.Begin(f, emit); !ok || f.Kind != venue.Stream {
		return "", err
	}
	body, err := d.inflate(f.Body)
	if err == nil {
		err = d.envelope(body)
	}
	if err != nil {
		return "", b.Malformed(err)
	}
	switch {
	case d.event != "":
		d.ended()
		return d.event, nil
	case d.table == books:
		return books, d.read.Read(d.data, nil, d.action)
	case d.table != "":
		return d.table, nil
	case string(body) == "pong":
		return "pong", nil
	}
	return "", b.Fail(venue.ReasonUnknown, "neither a known event nor a known table")
}

// ended voids the book that an answer says is no longer subscribed to.
func (d *decoder) ended() {
	symbol, ok := bytes.CutPrefix(d.channel, []byte(books+":"))
	if bk := d.read.Books.Known(symbol); ok && bk != nil && d.event == "event_unsubscribe" {
		d.read.Books.Gap(bk, "unsubscribed")
	}
}

// inflate returns the message within a frame, valid until the next call.
func (d *decoder) inflate(body []byte) ([]byte, error) {
	d.in.Reset(body)
	if d.raw == nil {
		d.raw = flate.NewReader(&d.in)
	} else if err := d.raw.(flate.Resetter).Reset(&d.in, nil); err != nil {
		return nil, fmt.Errorf("okcoin: reset inflater: %w", err)
	}
	d.out.Reset()
	d.cap = io.LimitedReader{R: d.raw, N: venue.MaxFrame + 1}
	n, err := d.out.ReadFrom(&d.cap)
	switch {
	case err != nil:
		return nil, fmt.Errorf("okcoin: inflate: %w", err)
	case n > venue.MaxFrame:
		return nil, d.read.Books.Fail(venue.ReasonOversize, "the inflated frame is too large")
	case d.in.Len() > 0:
		return nil, errors.New("okcoin: bytes after the deflated message")
	}
	return d.out.Bytes(), nil
}

// envelope reads the members around the data, and checks all of the message.
func (d *decoder) envelope(body []byte) error {
	d.event, d.table, d.action, d.channel, d.data = "", "", 0, d.channel[:0], nil
	if string(body) == "pong" {
		return nil
	}
	s := &d.scan
	s.Reset(body)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "event":
			d.event, err = session.Intern(s, events)
		case "table":
			d.table, err = session.Intern(s, tables)
		case "channel":
			d.channel, err = session.AppendText(d.channel[:0], s)
		case "action":
			d.action, err = okx.ReadAction(s)
		case "data":
			d.data, err = s.Raw()
		default:
			err = s.Skip()
		}
		return err
	})
	return errors.Join(err, s.End())
}
