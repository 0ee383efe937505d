package okx

import (
	"errors"
	"fmt"
	"hash/crc32"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

// Action says what a book message does.
type Action uint8

// The zero Action is invalid.
const (
	Replace Action = 1 + iota // "snapshot" in v5, "partial" in v3
	Update
)

// ReadAction reads an action; one that is not known is 0.
func ReadAction(s *jscan.Scanner) (Action, error) {
	t, err := s.Str()
	switch {
	case err != nil:
		return 0, err
	case string(t) == "snapshot", string(t) == "partial":
		return Replace, nil
	case string(t) == "update":
		return Update, nil
	}
	return 0, nil
}

// chain is where a book stands in the venue's ids.
type chain struct {
	id, prev int64
	has      bool // the message carried both
}

// Reader turns the book objects that all generations of this venue have in
// common into events.
type Reader struct {
	Books *session.Books[chain]

	scan   jscan.Scanner
	symbol []byte
	link   chain
}

// NewReader returns the Reader of a session with the named venue.
func NewReader(name string) *Reader { return &Reader{Books: session.New[chain](name)} }

// Read reads the data of a book message: an array of book objects of symbol.
// Objects of v3 name their symbol themselves.
func (r *Reader) Read(data, symbol []byte, action Action) error {
	if action != Replace && action != Update {
		return r.reject(symbol, r.Books.Fail(venue.ReasonShape, "unknown action"))
	}
	r.scan.Reset(data)
	err := r.scan.Array(func(int) error {
		r.Books.Reset()
		r.symbol = append(r.symbol[:0], symbol...)
		if err := r.object(); err != nil {
			return err
		}
		return r.apply(action)
	})
	if err != nil {
		return r.reject(r.symbol, err)
	}
	return nil
}

// reject voids the book that a bad message is about, or all where that is not
// known.
func (r *Reader) reject(symbol []byte, err error) error {
	if bk := r.Books.Known(symbol); bk != nil {
		return r.Books.Misshapen(bk, err)
	}
	return r.Books.Misread(err)
}

func (r *Reader) object() error {
	s, e := &r.scan, &r.Books.Event
	r.link = chain{}
	var hasID, hasPrev bool
	var sides session.Sides
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "asks":
			sides.Ask = true
			err = r.Books.Pairs(s, market.Ask)
		case "bids":
			sides.Bid = true
			err = r.Books.Pairs(s, market.Bid)
		case "checksum":
			e.HasChecksum = true
			e.Checksum, err = session.Sum32(s)
		case "seqId":
			hasID = true
			r.link.id, err = s.Int()
		case "prevSeqId":
			hasPrev = true
			r.link.prev, err = s.Int()
		case "ts":
			e.VenueTime, err = session.Millis(s)
		case "timestamp":
			e.VenueTime, err = session.Clock(s)
		case "instrument_id":
			r.symbol, err = session.AppendText(r.symbol[:0], s)
		default:
			err = s.Skip()
		}
		return err
	})
	if r.link.has = hasID && hasPrev; !r.link.has {
		r.link = chain{}
	}
	if r.link.has && e.Checksum == 0 {
		e.HasChecksum = false
	}
	if err = sides.Check(err); err == nil && !r.link.has && !e.HasChecksum {
		return errors.New("neither a checksum nor sequence ids")
	}
	return err
}

// apply emits what was read, if it follows what came before.
func (r *Reader) apply(action Action) error {
	b := r.Books
	bk, err := b.Book(r.symbol)
	if err != nil {
		return err
	}
	switch at := bk.State; {
	case action == Replace:
		bk.State = r.link
		b.Emit(bk, market.Snapshot, bk.Seq+1)
		return nil
	case !bk.Live:
		b.Quirks.Add(bk.Symbol, venue.QuirkBeforeSnap)
		return nil
	case r.link.has != at.has:
		b.Gap(bk, "sequence ids came or went within a subscription")
		return nil
	case r.link.has && r.link == at && at.id != at.prev:
		b.Quirks.Add(bk.Symbol, venue.QuirkStale)
		return nil
	case r.link.prev != at.id: // both are 0 without ids
		b.Gap(bk, fmt.Sprintf("update follows id %d, book is at %d", r.link.prev, at.id))
		return nil
	}
	seq := bk.Seq + 1
	if r.link.has && r.link.id == r.link.prev && len(b.Event.Levels) == 0 {
		seq = bk.Seq // says that nothing has changed
	}
	bk.State = r.link
	b.Emit(bk, market.Delta, seq)
	return nil
}

// sumDepth is how many levels a side the checksum covers.
const sumDepth = 25

// newChecksum returns the venue's checksum with scratch of its own, for one book.
func newChecksum() *market.Checksum {
	var buf []byte
	return &market.Checksum{Depth: sumDepth, Sum: func(bids, asks []market.Level) uint32 {
		buf = appendSummed(buf[:0], bids, asks)
		return crc32.ChecksumIEEE(buf)
	}}
}

// appendSummed appends the text that the checksum is over: price:size of bid and
// ask in turn, as sent, joined by colons. A side that ends leaves no mark.
func appendSummed(dst []byte, bids, asks []market.Level) []byte {
	for i := range max(len(bids), len(asks)) {
		for _, side := range [2][]market.Level{bids, asks} {
			if i >= len(side) {
				continue
			}
			if len(dst) > 0 {
				dst = append(dst, ':')
			}
			dst = side[i].Price.AppendText(dst)
			dst = append(dst, ':')
			dst = side[i].Size.AppendText(dst)
		}
	}
	return dst
}
