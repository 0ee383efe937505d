// Package book keeps the order book of one instrument at one venue.
//
// A Book has one writer, the goroutine that applies the venue's events in
// order; it has no lock. Readers take a View: an immutable copy that the writer
// publishes through an atomic pointer when it chooses to, usually once per batch
// of events.
//
// A Book that has missed a message is Gapped. It keeps its levels for inspection
// but is not usable until the venue's next snapshot. A newcomer would guess that
// a Book needs the instrument's tick size: it does not. Scales grow to the most
// decimals the venue has sent, so no digit is ever lost.
package book

import (
	"fmt"
	"sync/atomic"

	"chronos.dev/market"
	"chronos.dev/money"
)

// State says whether a book can be used.
type State uint8

// The states of a book. Only Live is usable. A Book has no clock and no fees, so
// it is never Stale or NoFee: package graph says so at the time of a request.
const (
	Awaiting State = iota // no snapshot yet
	Live
	Gapped  // a message was lost or contradicted; wait for a snapshot
	Stale   // nothing heard for too long
	Crossed // best bid at or above best ask; the next event that uncrosses revives it
	Halted  // taken out by an operator
	NoFee   // nobody knows the venue's fee
	numStates
)

var stateNames = [numStates]string{"awaiting_snapshot", "live", "gapped", "stale", "crossed", "halted", "no_fee"}

// String returns the state's name in the API: "awaiting_snapshot", "live", ...
func (s State) String() string {
	if s < numStates {
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// MaxLevels is the most levels a side may hold, a bound on memory far above the
// deepest book ever recorded (4,931). A book that grows beyond it is Gapped.
const MaxLevels = 50_000

// Level is one price level at the scales of its book.
type Level struct {
	Price money.Price
	Size  money.Size
	// PriceDec and SizeDec are the decimals the venue sent, for checksums.
	PriceDec, SizeDec uint8
}

// Counters count what a book has seen since it was made.
type Counters struct {
	Snapshots, Updates   int // applied
	Deletes              int // size zero, in deltas
	AbsentDeletes        int // of these, for a price not held
	DepthDropped         int // levels pushed out of the venue's depth
	Duplicates           int // events at or below the book's sequence or epoch, dropped
	Dropped              int // deltas while no snapshot was held, events while halted
	Gaps                 int // times the book became Gapped
	ChecksumsOK, BadSums int
}

// View is an immutable copy of a book.
type View struct {
	Bids, Asks            []Level // best first
	PriceScale, SizeScale uint8

	State     State
	Reason    string // why it is in this state
	ChangedAt int64  // when it entered it, Unix nanoseconds

	Version       uint64 // grows with every change of anything here
	Epoch, Seq    uint64
	VenueTime     int64 // venue's clock of the last event, 0 if unknown
	RecvTime      int64 // our clock of the last event or confirmation, 0 if unknown; age is counted from it
	VerifiedDepth int   // levels a side under the venue's own check; -1 all
	Gaps          int   // times the book has become Gapped since it was made

	Origin market.Origin // where the levels come from: the least real of all events since the snapshot
}

// Book is the book of one instrument at one venue.
type Book struct {
	rules      market.BookRules
	sides      [2]ladder // bids, asks
	priceScale uint8
	sizeScale  uint8

	state               State
	reason              string
	changedAt           int64
	version             uint64
	epoch, seq          uint64
	venueTime, recvTime int64
	origin              market.Origin
	counters            Counters

	top  [2][]market.Level // scratch for checksums
	view atomic.Pointer[View]
}

// New returns an empty book that awaits its first snapshot.
func New(rules market.BookRules) *Book {
	b := &Book{rules: rules, sides: [2]ladder{newLadder(market.Bid), newLadder(market.Ask)}}
	b.reason = "no snapshot yet"
	b.view.Store(&View{State: Awaiting, Reason: b.reason})
	return b
}

func (b *Book) bids() *ladder { return &b.sides[0] }
func (b *Book) asks() *ladder { return &b.sides[1] }

// State returns the state of the book and why it is in it. Writer only.
func (b *Book) State() (State, string) { return b.state, b.reason }

// Seq returns the epoch and sequence of the last applied event. Writer only.
func (b *Book) Seq() (epoch, seq uint64) { return b.epoch, b.seq }

// Counters returns what was counted so far. Writer only.
func (b *Book) Counters() Counters { return b.counters }

// Len returns the number of bids and asks. Writer only.
func (b *Book) Len() (bids, asks int) { return b.bids().len(), b.asks().len() }

// Best returns the best bid and ask at the book's Scales; false if a side is empty.
// Writer only.
func (b *Book) Best() (bid, ask Level, ok bool) {
	bid, some := b.bids().best()
	ask, ok = b.asks().best()
	return bid, ask, some && ok
}

// Scales returns the decimals of Price and Size. Writer only.
func (b *Book) Scales() (price, size uint8) { return b.priceScale, b.sizeScale }

// Version changes whenever anything that a View shows may have changed. Writer only.
func (b *Book) Version() uint64 { return b.version }

// View returns the last published view. Any goroutine.
func (b *Book) View() *View { return b.view.Load() }

// Publish copies the book into a new View and returns it. Writer only.
func (b *Book) Publish() *View {
	v := &View{
		PriceScale: b.priceScale, SizeScale: b.sizeScale,
		State: b.state, Reason: b.reason, ChangedAt: b.changedAt,
		Version: b.version, Epoch: b.epoch, Seq: b.seq,
		VenueTime: b.venueTime, RecvTime: b.recvTime,
		VerifiedDepth: b.rules.VerifiedDepth, Gaps: b.counters.Gaps, Origin: b.origin,
	}
	v.Bids = b.bids().appendTo(make([]Level, 0, b.bids().len()))
	v.Asks = b.asks().appendTo(make([]Level, 0, b.asks().len()))
	b.view.Store(v)
	return v
}

// Halt takes the book out, for a reason, until Resume. Writer only.
func (b *Book) Halt(reason string, now int64) { b.enter(Halted, reason, now) }

// Resume ends a Halt: the book awaits a snapshot. Writer only.
func (b *Book) Resume(now int64) {
	if b.state == Halted {
		b.enter(Awaiting, "resumed after a halt; no snapshot yet", now)
	}
}

// MarkGapped takes the book out until its next snapshot. Writer only.
func (b *Book) MarkGapped(reason string, now int64) {
	if b.state == Gapped {
		return
	}
	if b.state != Halted {
		b.counters.Gaps++
		b.enter(Gapped, reason, now)
	}
}

// enter notes the state after something changed, and that it did.
func (b *Book) enter(s State, reason string, now int64) {
	if b.state != s {
		b.changedAt = now
	}
	b.state, b.reason = s, reason
	b.version++
}
