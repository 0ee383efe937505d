package market

import "chronos.dev/money"

// Level is one price level as the venue sent it. Size is the absolute quantity
// at that price; zero deletes the level.
type Level struct {
	Side        Side
	Price, Size money.Num
}

// EventKind says what an Event does to a book.
type EventKind uint8

// The zero EventKind is invalid.
const (
	Snapshot EventKind = 1 + iota // replaces the whole book
	Delta                         // sets the levels it names
	Gap                           // the venue contradicted itself: the book is unusable until a Snapshot
)

// Event is one venue message, normalised: any number of levels of one book.
type Event struct {
	Kind   EventKind
	Symbol string // the venue's own symbol ("XBT/USD"), the key of the book at the venue

	// Epoch counts the subscriptions of the source; a decoder leaves it 0.
	Epoch uint64
	// Seq is the number of this event and PrevSeq of the one it follows, as far
	// as the venue's rules prove it. Decoders of venues without numbers count
	// themselves. Seq never falls within an epoch but after a Gap. A Delta with
	// Seq == PrevSeq and no levels confirms the book unchanged.
	Seq, PrevSeq uint64
	Unsequenced  bool // Seq and PrevSeq say nothing; accept in order of arrival

	VenueTime int64 // venue's clock, Unix nanoseconds; 0 if it gave none
	RecvTime  int64 // our clock when the venue was heard, Unix nanoseconds; 0 if unknown

	Origin Origin

	Levels []Level // order means nothing; a later entry for a price wins

	// Checksum is the venue's own sum over the book after this event.
	Checksum    uint32
	HasChecksum bool

	Reason string // why, for a Gap
}

// Checksum is a venue's way to sum up the top of a book.
type Checksum struct {
	Depth int // levels a side that the sum covers
	// Sum returns the sum over the best levels, best first, each at most Depth
	// long, with the digits the venue sent.
	Sum func(bids, asks []Level) uint32
}

// BookRules are what a book must know of its venue.
type BookRules struct {
	Depth    int       // levels a side that the venue keeps up to date; 0 = all
	Checksum *Checksum // nil: the venue sends none
	// VerifiedDepth is how many levels a side the venue's own check covers:
	// -1 all (a chained sequence), 0 none.
	VerifiedDepth int
}
