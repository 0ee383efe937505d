// Package session keeps what the decoder of one session must remember of the
// venue's books, and builds the events that it emits.
//
// A decoder begins every frame with Begin, finds a book with Book, adds what the
// venue says about it with Level, and ends with Emit or Gap. A book is live from
// its snapshot until something was lost; only live books are told of a Gap, in
// the order in which they were first seen, so that the same frames always give
// the same events.
//
// What must be remembered beyond that (a chain of ids, a buffer) is the type
// parameter S, one value a book. Everything here grows with what a venue sends
// and is bounded.
package session

import (
	"errors"
	"fmt"

	"chronos.dev/feed/venue"
	"chronos.dev/market"
)

// Limits on what a venue can make us remember.
const (
	MaxBooks  = 4096    // books of one session; venues list about 1,500 symbols
	MaxSymbol = 64      // bytes of a symbol; the longest seen has 16
	MaxLevels = 100_000 // levels of one event, twice what a book holds a side
)

// Book is one book of the session.
type Book[S any] struct {
	Symbol string
	Conn   int    // the streaming connection that last spoke of it
	Live   bool   // a snapshot was emitted and nothing was lost since
	Seq    uint64 // of the last event emitted, 0 before the first
	State  S      // what the venue's rules need
}

// Books are the books of one session. Not safe for concurrent use.
type Books[S any] struct {
	// Event is the event being built: its VenueTime and Checksum are for the
	// decoder to set, its Levels are added by Level. Emit fills in the rest.
	Event market.Event
	// Quirks are the counters of the session.
	Quirks venue.Quirks

	venue  string
	byName map[string]*Book[S]
	list   []*Book[S]
	gap    market.Event
	frame  *venue.Frame
	emit   func(*market.Event)
}

// New returns the empty session of the named venue.
func New[S any](name string) *Books[S] {
	return &Books[S]{Quirks: venue.Quirks{}, venue: name, byName: make(map[string]*Book[S])}
}

// Begin starts a frame: what is emitted until the next Begin goes to emit. A
// Connect frame voids the books of its connection. It returns false when there
// is nothing to decode, with a *venue.FrameError when the frame is too large.
func (b *Books[S]) Begin(f *venue.Frame, emit func(*market.Event)) (bool, error) {
	b.frame, b.emit = f, emit
	b.Reset()
	switch {
	case f.Kind == venue.Connect:
		b.GapAll("the connection was opened anew")
		return false, nil
	case f.Kind != venue.Stream && f.Kind != venue.Answer:
		return false, nil
	case len(f.Body) > venue.MaxFrame:
		b.GapAll("a frame was too large to read")
		return false, b.Fail(venue.ReasonOversize, fmt.Sprintf("%d bytes", len(f.Body)))
	}
	return true, nil
}

// Reset empties Event for the next one of the same frame.
func (b *Books[S]) Reset() { b.Event = market.Event{Levels: b.Event.Levels[:0]} }

// Book returns the book of a symbol, new if it was not seen before. It fails
// with a *venue.FrameError for a symbol that cannot be one, or one too many.
func (b *Books[S]) Book(symbol []byte) (*Book[S], error) {
	if bk := b.byName[string(symbol)]; bk != nil {
		if b.frame.Kind == venue.Stream {
			bk.Conn = b.frame.Conn
		}
		return bk, nil
	}
	if !validSymbol(symbol) {
		return nil, b.Fail(venue.ReasonSymbol, fmt.Sprintf("%.64q is no symbol", symbol))
	}
	if len(b.list) == MaxBooks {
		return nil, b.Fail(venue.ReasonSymbol, fmt.Sprintf("%q is one book too many", symbol))
	}
	bk := &Book[S]{Symbol: string(symbol), Conn: b.frame.Conn}
	b.byName[bk.Symbol] = bk
	b.list = append(b.list, bk)
	return bk, nil
}

// Known returns the book of a symbol, nil if it was not seen before.
func (b *Books[S]) Known(symbol []byte) *Book[S] { return b.byName[string(symbol)] }

func validSymbol(s []byte) bool {
	for _, c := range s {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= MaxSymbol
}

// Emit emits Event as a Snapshot or Delta of bk with number seq, and resets it.
// A Delta follows the last event that was emitted for bk.
func (b *Books[S]) Emit(bk *Book[S], kind market.EventKind, seq uint64) {
	e := &b.Event
	e.Kind, e.Symbol, e.RecvTime, e.Seq = kind, bk.Symbol, b.frame.Time, seq
	if kind == market.Delta {
		e.PrevSeq = bk.Seq
	} else {
		bk.Live = true
	}
	bk.Seq = seq
	b.emit(e)
	b.Reset()
}

// Gap emits a Gap for bk, unless it was not live.
func (b *Books[S]) Gap(bk *Book[S], reason string) {
	if !bk.Live {
		return
	}
	bk.Live = false
	b.gap = market.Event{Kind: market.Gap, Symbol: bk.Symbol, Reason: reason, RecvTime: b.frame.Time}
	b.gap.Seq, b.gap.PrevSeq = bk.Seq, bk.Seq
	b.emit(&b.gap)
}

// GapAll emits a Gap for every live book of the frame's connection.
func (b *Books[S]) GapAll(reason string) {
	for _, bk := range b.list {
		if bk.Conn == b.frame.Conn {
			b.Gap(bk, reason)
		}
	}
}

// Fail returns the *venue.FrameError of this venue.
func (b *Books[S]) Fail(reason, detail string) error {
	return &venue.FrameError{Venue: b.venue, Reason: reason, Detail: detail}
}

// Malformed voids all books of the frame's connection, because a frame that is
// not the JSON it should be may have carried part of any of them.
func (b *Books[S]) Malformed(err error) error {
	b.GapAll("a frame could not be read")
	return b.rejected(err, venue.ReasonMalformed)
}

// Misshapen voids bk, because a frame about it was JSON of another shape than
// the venue sends, or has numbers that are none.
func (b *Books[S]) Misshapen(bk *Book[S], err error) error {
	b.Gap(bk, "a message could not be read")
	return b.rejected(err, venue.ReasonShape)
}

// Misread voids all books of the frame's connection, because a message of a
// wrong shape was about a book, and nobody can tell which.
func (b *Books[S]) Misread(err error) error {
	b.GapAll("a book message could not be read")
	return b.rejected(err, venue.ReasonShape)
}

// Refuse voids nothing, because what was refused, a snapshot that we asked for,
// took nothing from any book.
func (b *Books[S]) Refuse(err error) error { return b.rejected(err, venue.ReasonShape) }

// rejected returns err as a *venue.FrameError, with the given reason unless it
// has one.
func (b *Books[S]) rejected(err error, reason string) error {
	var fe *venue.FrameError
	if errors.As(err, &fe) {
		return fe
	}
	return b.Fail(reason, err.Error())
}
