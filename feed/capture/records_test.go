package capture_test

import (
	"fmt"
	"slices"
	"testing"

	"chronos.dev/book"
	"chronos.dev/feed"
	"chronos.dev/feed/capture"
	"chronos.dev/feed/venue"
	"chronos.dev/market"
)

// topic carries events of a session as records, and keeps the books of a reader.
type topic struct {
	spec    *venue.Spec
	decoder feed.Decoder
	books   map[string]*book.Book // by the venue's symbol
	epochs  map[string]uint64
	keys    map[string]market.Key
}

func newTopic(spec *venue.Spec) *topic {
	return &topic{spec: spec, books: map[string]*book.Book{}, epochs: map[string]uint64{},
		keys: map[string]market.Key{}}
}

// key returns the key of a symbol. Not every symbol recorded is of a spot market,
// so they are numbered.
func (p *topic) key(symbol string) market.Key {
	k, ok := p.keys[symbol]
	if !ok {
		k = market.Key{Venue: p.spec.Venue, Pair: market.Pair{Base: fmt.Sprintf("S%d", len(p.keys)), Quote: "USD"}}
		p.keys[symbol] = k
		p.books[symbol] = book.New(p.spec.Rules(symbol))
	}
	return k
}

// carry writes an event as a record, reads it, and applies what was read.
func (p *topic) carry(e *market.Event) error {
	sent := feed.Record{Key: p.key(e.Symbol), Event: *e, VerifiedDepth: p.spec.Rules(e.Symbol).VerifiedDepth}
	if e.Kind != market.Delta {
		p.epochs[e.Symbol]++
	}
	sent.Event.Epoch = p.epochs[e.Symbol]
	value := sent.Append(nil)
	var got feed.Record
	if err := p.decoder.Decode(&got, value, 0, e.RecvTime); err != nil {
		return err
	}
	if again := got.Append(nil); string(again) != string(value) || got.Unknown != 0 {
		return fmt.Errorf("record %.200s is written again as %.200s", value, again)
	}
	var same feed.Record
	if err := p.decoder.Decode(&same, got.AppendBinary(nil), 0, e.RecvTime); err != nil {
		return fmt.Errorf("in binary: %w", err)
	}
	if again := same.Append(nil); string(again) != string(value) {
		return fmt.Errorf("record %.200s is in binary %.200s", value, again)
	}
	ev := &got.Event
	if got.Key != sent.Key || got.VerifiedDepth != sent.VerifiedDepth || ev.Epoch != sent.Event.Epoch ||
		ev.Seq != e.Seq || e.Kind == market.Delta && ev.PrevSeq != e.PrevSeq || ev.VenueTime != e.VenueTime ||
		ev.RecvTime != e.RecvTime || ev.Checksum != e.Checksum || ev.HasChecksum != e.HasChecksum ||
		len(ev.Levels) != len(e.Levels) {
		return fmt.Errorf("record %.200s is read as %+v", value, ev)
	}
	return p.books[e.Symbol].Apply(ev)
}

// The records of the book topic lose nothing: a reader has the same books as the
// connector, digit by digit, and the venue's sums agree with them.
func TestRecordsCarryTheSameBooks(t *testing.T) {
	eachCapture(t, func(t *testing.T, f *capture.Folder, e *capture.Entry, spec *venue.Spec) {
		frames, err := f.Load(e)
		if err != nil {
			t.Fatal(err)
		}
		s, reader := capture.NewSession(spec), newTopic(spec)
		events := 0
		s.OnEvent = func(e *market.Event, err error) {
			events++
			if carried := reader.carry(e); carried != nil && err == nil {
				t.Errorf("%s %d: %v", e.Symbol, e.Seq, carried)
			}
		}
		play(s, frames)
		if events == 0 || len(reader.books) != len(s.Books) {
			t.Fatalf("%d events of %d books, %d books behind the records", events, len(s.Books), len(reader.books))
		}
		for symbol, want := range s.Books {
			got := reader.books[symbol]
			a, b := got.Publish(), want.Publish()
			if capture.Hash(a) != capture.Hash(b) || !slices.Equal(a.Bids, b.Bids) || !slices.Equal(a.Asks, b.Asks) {
				t.Errorf("%s: another book behind the records", symbol)
			}
			stateGot, _ := got.State()
			stateWant, _ := want.State()
			if stateGot != stateWant || got.Counters() != want.Counters() {
				t.Errorf("%s: %s, %+v; want %s, %+v", symbol, stateGot, got.Counters(), stateWant, want.Counters())
			}
		}
	})
}
