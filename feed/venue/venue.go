// Package venue is what all venue decoders share: a Spec that describes a
// venue, the Decoder that turns its frames into events, and the counters that
// both keep.
//
// Each venue has a folder of its own below this one. A decoder is a small state
// machine over the bytes that one venue sends; it does no I/O, reads no clock,
// and holds no book. What it cannot prove it says in its Spec.
package venue

import (
	"fmt"

	"chronos.dev/market"
)

// FrameKind says how a frame came to us.
type FrameKind uint8

// The zero FrameKind is invalid.
const (
	Stream  FrameKind = 1 + iota // a message received on a streaming connection
	Answer                       // the body of a REST answer; URL says to what
	Sent                         // what we sent: subscriptions
	Connect                      // a connection was opened: what came before on it is void
)

// Frame is one unit from the wire. Body is valid during Decode only.
type Frame struct {
	Kind FrameKind
	Conn int    // which connection or file, from 0
	URL  string // of an Answer, Sent or Connect
	Time int64  // receive time, Unix nanoseconds
	Body []byte
}

// MaxFrame is the largest frame a decoder accepts, inflated.
const MaxFrame = 16 << 20

// Decoder turns the frames of one session with a venue into events. It is not
// safe for concurrent use.
type Decoder interface {
	// Decode reads one frame and calls emit for every event in it, in order. The
	// Event and its Levels are valid only during the call. It returns the kind of
	// the message as the venue calls it ("book-1000", "heartbeat"), "" when the
	// frame is no message or of no kind yet. A message that counts as two kinds
	// gives both, with a space between ("book hb").
	//
	// A frame that cannot be understood gives a *FrameError: it is to be counted,
	// and the session goes on. When the frame may have carried part of a known
	// book, Decode has emitted a Gap for that book before it returns the error;
	// when it may have carried part of any book, a Gap for every live one.
	Decode(f *Frame, emit func(*market.Event)) (kind string, err error)
	// Quirks are the counters of this session.
	Quirks() Quirks
}

// FrameError reports a frame that was rejected. Reason is one of the Reason
// constants, for counting; Detail is for people.
type FrameError struct {
	Venue, Reason, Detail string
}

func (e *FrameError) Error() string {
	return fmt.Sprintf("%s: frame rejected (%s): %s", e.Venue, e.Reason, e.Detail)
}

// Reasons of a FrameError.
const (
	ReasonMalformed = "malformed"      // not the JSON or compression it should be
	ReasonShape     = "shape"          // JSON of a shape this venue does not send
	ReasonNumber    = "number"         // a price, size or sequence that is no number we accept
	ReasonUnknown   = "unknown_kind"   // a message kind never seen
	ReasonSymbol    = "unknown_symbol" // a book nobody subscribed to
	ReasonOversize  = "oversize"       // above MaxFrame or a level limit
)

// Quirks counts what a venue did that is allowed but worth counting, by the
// venue's symbol ("" when no symbol is known) and the quirk's name.
type Quirks map[string]map[string]int

// Add counts one quirk.
func (q Quirks) Add(symbol, name string) {
	m := q[symbol]
	if m == nil {
		m = make(map[string]int)
		q[symbol] = m
	}
	m[name]++
}

// Names of quirks that decoders count. A book counts its own: deletes, deletes
// of absent levels, levels cut by depth.
const (
	QuirkStale        = "stale_event_dropped"
	QuirkSpans        = "first_event_spans_snapshot"
	QuirkOlderDiff    = "diff_older_than_snapshot_dropped"
	QuirkBeforeSnap   = "update_before_snapshot"
	QuirkRepublished  = "republished_r_flag"
	QuirkTwoPayloads  = "two_payload_update_a_and_b"
	QuirkSequenceOnly = "price_zero_sequence_only"
	QuirkExponent     = "exponent_notation"
	QuirkUnconfirmed  = "message_for_channel_not_yet_subscribed"
)

// Spec describes one venue in one wire format.
type Spec struct {
	Venue   string // Chronos's name of the venue: "kraken", "binance_us"
	Format  string // the wire format, unique: "kraken", "okcoin_v3"; also how capture ids begin
	Handler string // the family name used by recorded captures: "binance"

	New func() Decoder
	// Rules returns what a book of this symbol must know.
	Rules func(symbol string) market.BookRules
	// Pair returns the spot market of a symbol, and false for anything that is
	// not spot or not in the venue's table.
	Pair func(symbol string) (market.Pair, bool)

	Checks []string // what the decoder and the book prove about this venue, a sentence each
	Blind  []string // what cannot be noticed, a sentence each
}
