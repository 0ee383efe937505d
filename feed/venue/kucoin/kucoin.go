// Package kucoin decodes the stream of KuCoin and the snapshots that belong to it.
//
// The stream sends changes only, each with a sequence number of its symbol: an
// l2update carries those from sequenceStart to sequenceEnd, and the next one
// begins at most one higher. A change of price "0" only advances the sequence.
// The book itself is a REST answer (orderbook/level2) at one sequence. Changes
// that come before it are kept and replayed: what the snapshot already has is
// dropped, change by change, and the first event left must reach back to it.
//
// A later answer that is newer than the book replaces it; an older one is
// ignored.
package kucoin

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

const name = "kucoin"

// Spec describes KuCoin.
var Spec = venue.Spec{
	Venue:   name,
	Format:  name,
	Handler: name,
	New:     func() venue.Decoder { return newDecoder() },
	Rules:   func(string) market.BookRules { return market.BookRules{VerifiedDepth: -1} },
	Pair:    pair,
	Checks: []string{
		"Every change of a symbol is numbered; a number left out voids its book until a newer snapshot.",
		"A snapshot that the kept changes do not reach back to is not used.",
	},
	Blind: []string{
		"There is no checksum: a number that is wrong but well-formed is not noticed.",
		"A message lost is noticed with the next one of its symbol, which may take long.",
	},
}

// kinds are the subjects of messages by name. Only changes are decoded.
var kinds = map[string]string{
	changes: changes, "trade.ticker": "trade.ticker", "trade.l3match": "trade.l3match",
	"trade.candles.add": "trade.candles.add", "trade.candles.update": "trade.candles.update",
	"trade.snapshot": "trade.snapshot",
}

// types are the types of messages by name; "message" has a subject.
var types = map[string]string{
	"message": message, "welcome": "welcome", "ack": "ack", "pong": "pong", "error": "error",
}

const (
	changes  = "trade.l2update"
	message  = "message"
	snapshot = "rest_level2"

	topicPrefix = "/market/level2:"
	answerPath  = "/market/orderbook/level2"
	codeOK      = "200000"
)

// decoder decodes one session.
type decoder struct {
	books *session.Books[state]
	scan  jscan.Scanner
	inner jscan.Scanner // of the data

	typ, subject string
	topic        []byte
	data         []byte
	update       update
	kept         int   // changes that wait, of all symbols
	now          int64 // receive time of the frame
}

func newDecoder() *decoder { return &decoder{books: session.New[state](name)} }

// Quirks implements venue.Decoder.
func (d *decoder) Quirks() venue.Quirks { return d.books.Quirks }

// Decode implements venue.Decoder.
func (d *decoder) Decode(f *venue.Frame, emit func(*market.Event)) (string, error) {
	d.now = f.Time
	ok, err := d.books.Begin(f, emit)
	switch {
	case !ok:
		return "", err
	case f.Kind == venue.Answer:
		return d.answer(f)
	}
	if err := d.envelope(f.Body); err != nil {
		return "", d.books.Malformed(err)
	}
	switch {
	case d.typ != message && d.typ != "":
		return d.typ, nil
	case d.subject == changes:
		return changes, d.changes()
	case d.typ == message && d.subject != "":
		return d.subject, nil
	}
	return "", d.books.Fail(venue.ReasonUnknown, "unknown type or subject")
}

// envelope reads the members around the data, and checks all of the frame.
func (d *decoder) envelope(body []byte) error {
	d.typ, d.subject, d.topic, d.data = "", "", d.topic[:0], nil
	s := &d.scan
	s.Reset(body)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "type":
			d.typ, err = session.Intern(s, types)
		case "subject":
			d.subject, err = session.Intern(s, kinds)
		case "topic":
			d.topic, err = session.AppendText(d.topic, s)
		case "data":
			d.data, err = s.Raw()
		default:
			err = s.Skip()
		}
		return err
	})
	return errors.Join(err, s.End())
}

// changes reads an l2update and applies or keeps it.
func (d *decoder) changes() error {
	symbol, ok := bytes.CutPrefix(d.topic, []byte(topicPrefix))
	if !ok {
		return d.books.Misread(errors.New("kucoin: changes of another topic"))
	}
	bk, err := d.books.Book(symbol)
	if err != nil {
		return d.books.Misread(err)
	}
	if err := d.readUpdate(symbol); err != nil {
		return d.books.Misshapen(bk, err)
	}
	if !bk.Live {
		bk.State.keep(&d.update, &d.kept)
		return nil
	}
	d.follow(bk, d.update.span, d.update.changes)
	return nil
}

// follow emits the changes that the snapshot does not have yet, or a Gap when
// some before them are missing. An event that overlaps the one before is emitted
// whole: sizes are absolute, and an end that is wrong must not hide its changes.
// For the same reason an event is old only if it begins no later than the last.
func (d *decoder) follow(bk *book, at span, list []change) {
	b, st := d.books, &bk.State
	switch have := int64(bk.Seq); {
	case st.last == 0 && at.end <= have && d.now-st.since > int64(session.MaxBehind):
		b.Gap(bk, fmt.Sprintf("sequence: %d long after the snapshot of %d", at.end, have))
		return
	case at.end <= have && (st.last == 0 || at.start <= st.last):
		b.Quirks.Add(bk.Symbol, venue.QuirkStale)
		return
	case at.end <= have:
		b.Gap(bk, fmt.Sprintf("sequence: %d to %d within an event from %d to %d", at.start, at.end, st.last, have))
		return
	case at.start > have+1:
		b.Gap(bk, fmt.Sprintf("sequence: want %d, got %d", have+1, at.start))
		st.keep(&update{span: at, changes: list}, &d.kept)
		return
	}
	b.Reset()
	for i := range list {
		c := &list[i]
		switch {
		case c.seq <= int64(bk.Seq) && st.last == 0: // in the snapshot
		case c.level.Side == 0:
			b.Quirks.Add(bk.Symbol, venue.QuirkSequenceOnly)
		default:
			b.Event.Levels = append(b.Event.Levels, c.level)
		}
	}
	st.last = at.start
	b.Event.VenueTime = at.time
	b.Emit(bk, market.Delta, uint64(at.end))
}

// answer reads the answer to a request for a snapshot. Answers to anything else
// are none of ours. A bad answer changes nothing: no change was lost.
func (d *decoder) answer(f *venue.Frame) (string, error) {
	symbol, ok := symbolOf(f.URL)
	if !ok {
		return "", nil
	}
	seq, err := d.readSnapshot(f.Body)
	if err != nil {
		var fe *venue.FrameError
		if !errors.As(err, &fe) {
			err = d.books.Fail(venue.ReasonShape, err.Error())
		}
		return snapshot, err
	}
	bk, err := d.books.Book([]byte(symbol))
	if err != nil {
		return snapshot, err
	}
	d.synchronise(bk, seq)
	return snapshot, nil
}

// synchronise starts a book from the snapshot in Event, unless that is too old.
func (d *decoder) synchronise(bk *book, seq int64) {
	p := &bk.State
	if bk.Live && seq <= int64(bk.Seq) || !p.reaches(seq) {
		return
	}
	p.last, p.since = 0, d.now
	d.books.Emit(bk, market.Snapshot, uint64(seq))
	from := 0
	for _, at := range p.spans {
		d.follow(bk, at, p.changes[from:from+at.n])
		from += at.n
	}
	p.clear(&d.kept)
}

// symbolOf returns the symbol that a request for a snapshot names.
func symbolOf(url string) (string, bool) {
	path, query, _ := strings.Cut(url, "?")
	if !strings.HasSuffix(path, answerPath) {
		return "", false
	}
	for arg := range strings.SplitSeq(query, "&") {
		if symbol, ok := strings.CutPrefix(arg, "symbol="); ok {
			return symbol, true
		}
	}
	return "", false
}

// Assets that the venue calls by a name of its own.
var aliases = map[string]string{"BCHSV": "BSV"}

// pair returns the spot market of a symbol: two assets and a dash.
func pair(symbol string) (market.Pair, bool) {
	p, err := market.ParsePair(symbol)
	if err != nil {
		return market.Pair{}, false
	}
	if a, ok := aliases[p.Base]; ok {
		p.Base = a
	}
	if a, ok := aliases[p.Quote]; ok {
		p.Quote = a
	}
	return p, p.Base != p.Quote
}
