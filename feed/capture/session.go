package capture

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"chronos.dev/book"
	"chronos.dev/feed/venue"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Session is a venue's decoder and the books it keeps.
type Session struct {
	Spec  *venue.Spec
	Books map[string]*book.Book // by the venue's symbol
	Kinds map[string]int        // messages by kind
	// Messages counts those that came on a stream, or in one file with it.
	Messages int
	// Rejected counts frames that the decoder refused, by reason.
	Rejected map[string]int
	// OnEvent, if set, sees every event after its book has applied it, with the
	// error of the book.
	OnEvent func(e *market.Event, err error)

	decoder venue.Decoder
}

// NewSession starts a session with a venue.
func NewSession(spec *venue.Spec) *Session {
	return &Session{
		Spec: spec, decoder: spec.New(),
		Books: map[string]*book.Book{}, Kinds: map[string]int{}, Rejected: map[string]int{},
	}
}

// Play feeds one frame to the decoder and its events to the books. Errors of
// books show in their state; a refused frame is counted and returned.
func (s *Session) Play(f *venue.Frame) error {
	kind, err := s.decoder.Decode(f, s.apply)
	for name := range strings.FieldsSeq(kind) {
		s.Kinds[name]++
	}
	if f.Kind == venue.Stream || kind != "" && f.URL == "" {
		s.Messages++
	}
	var fe *venue.FrameError
	if errors.As(err, &fe) {
		s.Rejected[fe.Reason]++
	}
	return err
}

func (s *Session) apply(e *market.Event) {
	b := s.Books[e.Symbol]
	if b == nil {
		b = book.New(s.Spec.Rules(e.Symbol))
		s.Books[e.Symbol] = b
	}
	err := b.Apply(e)
	if s.OnEvent != nil {
		s.OnEvent(e, err)
	}
}

// Quirks returns the decoder's counters.
func (s *Session) Quirks() venue.Quirks { return s.decoder.Quirks() }

// Hash is the canonical hash of a whole book: SHA-256 over "b,PRICE,SIZE\n" for
// every bid and "a,PRICE,SIZE\n" for every ask, best first, in plain decimal.
func Hash(v *book.View) string {
	h := sha256.New()
	var buf []byte
	side := func(mark byte, levels []book.Level) {
		for _, l := range levels {
			buf = append(buf[:0], mark, ',')
			buf = money.Num{Coef: int64(l.Price), Scale: v.PriceScale}.AppendCanonical(buf)
			buf = append(buf, ',')
			buf = money.Num{Coef: int64(l.Size), Scale: v.SizeScale}.AppendCanonical(buf)
			h.Write(append(buf, '\n'))
		}
	}
	side('b', v.Bids)
	side('a', v.Asks)
	return hex.EncodeToString(h.Sum(nil))
}

// ViewsAt plays frames up to and including time t and returns the view of every
// book then, by the venue's symbol.
func ViewsAt(spec *venue.Spec, frames []venue.Frame, t int64) map[string]*book.View {
	s := NewSession(spec)
	for i := range frames {
		if frames[i].Time > t {
			break
		}
		_ = s.Play(&frames[i]) // refused frames show in what is missing
	}
	views := make(map[string]*book.View, len(s.Books))
	for symbol, b := range s.Books {
		views[symbol] = b.Publish()
	}
	return views
}
