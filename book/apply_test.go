package book

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"chronos.dev/market"
	"chronos.dev/money"
)

// sumText is a checksum in the manner of venues: over the digits as sent.
var sumText = &market.Checksum{Depth: 2, Sum: func(bids, asks []market.Level) uint32 {
	return crc32.ChecksumIEEE([]byte(summed(bids, asks)))
}}

func summed(bids, asks []market.Level) string {
	var b strings.Builder
	for _, l := range append(append([]market.Level(nil), bids...), asks...) {
		fmt.Fprintf(&b, "%s:%s:%s,", l.Side, l.Price, l.Size)
	}
	return b.String()
}

// checked adds the sum over levels, which stand as sum sees them, to an event.
func checked(e market.Event, bids, asks string) market.Event {
	e.HasChecksum, e.Checksum = true, sumText.Sum(levels(bids), levels(asks))
	return e
}

func epoch(n uint64, e market.Event) market.Event { e.Epoch = n; return e }
func unsequenced(e market.Event) market.Event     { e.Unsequenced = true; return e }
func badly(e market.Event) market.Event           { e.Checksum++; return e }

func TestApply(t *testing.T) {
	far := "b 1 1, a 9 1"
	tests := []struct {
		name   string
		rules  market.BookRules
		events []market.Event // the first are applied, the last is what is looked at
		book   string
		state  State
		err    error
		count  Counters
	}{
		{name: "a snapshot is sorted, whatever its order",
			events: []market.Event{snapshot(1, "a 12 1, b 9 1, a 11 1, b 10 1")},
			book:   "b 10 1, b 9 1, a 11 1, a 12 1", state: Live, count: Counters{Snapshots: 1}},
		{name: "a later entry for a price wins",
			events: []market.Event{snapshot(1, "b 1 1, b 1.0 2, a 9 1")},
			book:   "b 1 2, a 9 1", state: Live, count: Counters{Snapshots: 1}},
		{name: "size zero in a snapshot is no level and no delete",
			events: []market.Event{snapshot(1, far+", b 2 0")},
			book:   far, state: Live, count: Counters{Snapshots: 1}},
		{name: "a snapshot replaces all levels",
			events: []market.Event{snapshot(1, "b 3 1.5, a 9 1"), snapshot(2, "a 8 1")},
			book:   "a 8 1", state: Live, count: Counters{Snapshots: 2}},
		{name: "a snapshot of the same sequence changes nothing",
			events: []market.Event{snapshot(2, far), snapshot(2, "b 5 5")},
			book:   far, state: Live, count: Counters{Snapshots: 1, Duplicates: 1}},
		{name: "an older snapshot does not undo deltas",
			events: []market.Event{snapshot(1, far), delta(1, 2, "b 2 1"), snapshot(1, far)},
			book:   "b 2 1, " + far, state: Live, count: Counters{Snapshots: 1, Updates: 1, Duplicates: 1}},
		{name: "a snapshot without sequence always counts",
			events: []market.Event{snapshot(5, far), unsequenced(snapshot(0, "b 2 1"))},
			book:   "b 2 1", state: Live, count: Counters{Snapshots: 2}},

		{name: "a delta sets absolute sizes",
			events: []market.Event{snapshot(1, far), delta(1, 2, "b 1 7, a 8 2")},
			book:   "b 1 7, a 8 2, a 9 1", state: Live, count: Counters{Snapshots: 1, Updates: 1}},
		{name: "size zero deletes",
			events: []market.Event{snapshot(1, far), delta(1, 2, "b 1.00 0.00")},
			book:   "a 9 1", state: Live, count: Counters{Snapshots: 1, Updates: 1, Deletes: 1}},
		{name: "a delete of what is not held is counted",
			events: []market.Event{snapshot(1, far), delta(1, 2, "b 5 0, a 1 0")},
			book:   far, state: Live, count: Counters{Snapshots: 1, Updates: 1, Deletes: 2, AbsentDeletes: 2}},
		{name: "a delete between the ticks widens nothing",
			events: []market.Event{snapshot(1, far), delta(1, 2, "b 1.000000000000000001 0")},
			book:   far, state: Live, count: Counters{Snapshots: 1, Updates: 1, Deletes: 1, AbsentDeletes: 1}},
		{name: "a delete out of range is not held",
			events: []market.Event{snapshot(1, "b 0.00001 1"), delta(1, 2, "b 9223372036854775807 0")},
			book:   "b 0.00001 1", state: Live,
			count: Counters{Snapshots: 1, Updates: 1, Deletes: 1, AbsentDeletes: 1}},
		{name: "a delta may leave numbers out",
			events: []market.Event{snapshot(1, far), delta(1, 9, "b 2 1"), delta(9, 12, "b 2 0")},
			book:   far, state: Live, count: Counters{Snapshots: 1, Updates: 2, Deletes: 1}},
		{name: "a delta of the book's sequence is a duplicate",
			events: []market.Event{snapshot(2, far), delta(1, 2, "b 1 0")},
			book:   far, state: Live, count: Counters{Snapshots: 1, Duplicates: 1}},
		{name: "one that does not follow is a gap",
			events: []market.Event{snapshot(2, far), delta(3, 4, "b 1 0")},
			book:   far, state: Gapped, err: &GapError{Want: 2, Got: 3}, count: Counters{Snapshots: 1, Gaps: 1}},
		{name: "one that follows an older one is a gap too",
			events: []market.Event{snapshot(2, far), delta(1, 3, "b 1 0")},
			book:   far, state: Gapped, err: &GapError{Want: 2, Got: 1}, count: Counters{Snapshots: 1, Gaps: 1}},
		{name: "deltas after a gap are dropped, not counted as gaps",
			events: []market.Event{snapshot(2, far), delta(3, 4, ""), delta(4, 5, "b 1 0")},
			book:   far, state: Gapped, count: Counters{Snapshots: 1, Gaps: 1, Dropped: 1}},
		{name: "a delta without sequence comes in order of arrival",
			events: []market.Event{snapshot(2, far), unsequenced(delta(0, 0, "b 2 1"))},
			book:   "b 2 1, " + far, state: Live, count: Counters{Snapshots: 1, Updates: 1}},
		{name: "a confirmation is no update",
			events: []market.Event{snapshot(2, far), delta(2, 2, "")},
			book:   far, state: Live, count: Counters{Snapshots: 1}},
		{name: "a confirmation of another sequence is a gap",
			events: []market.Event{snapshot(2, far), delta(3, 3, "")},
			book:   far, state: Gapped, err: &GapError{Want: 2, Got: 3}, count: Counters{Snapshots: 1, Gaps: 1}},
		{name: "an older confirmation is a duplicate",
			events: []market.Event{snapshot(2, far), delta(1, 1, "")},
			book:   far, state: Live, count: Counters{Snapshots: 1, Duplicates: 1}},

		{name: "an older epoch is nobody's",
			events: []market.Event{epoch(2, snapshot(5, far)), epoch(1, delta(5, 6, "b 1 0"))},
			book:   far, state: Live, count: Counters{Snapshots: 1, Duplicates: 1}},
		{name: "nor is its gap",
			events: []market.Event{epoch(2, snapshot(5, far)), epoch(1, market.Event{Kind: market.Gap})},
			book:   far, state: Live, count: Counters{Snapshots: 1, Duplicates: 1}},
		{name: "a delta of a newer epoch ends the old book",
			events: []market.Event{snapshot(5, far), epoch(1, delta(5, 6, "b 1 0"))},
			book:   far, state: Awaiting, count: Counters{Snapshots: 1, Dropped: 1}},
		{name: "a snapshot of a newer epoch counts from anywhere",
			events: []market.Event{snapshot(5, far), epoch(1, snapshot(1, "b 2 1"))},
			book:   "b 2 1", state: Live, count: Counters{Snapshots: 2}},
		{name: "a decoder's gap keeps the levels",
			events: []market.Event{snapshot(5, far), {Kind: market.Gap, Reason: "cut"}},
			book:   far, state: Gapped, err: &VenueGapError{"cut"}, count: Counters{Snapshots: 1, Gaps: 1}},

		{name: "the venue's depth cuts the worst",
			rules:  market.BookRules{Depth: 2},
			events: []market.Event{snapshot(1, "b 1 1, b 2 1, b 3 1, a 7 1, a 8 1, a 9 1")},
			book:   "b 3 1, b 2 1, a 7 1, a 8 1", state: Live, count: Counters{Snapshots: 1, DepthDropped: 2}},
		{name: "the cut comes after all of an event",
			rules:  market.BookRules{Depth: 2},
			events: []market.Event{snapshot(1, "b 1 1, b 2 1"), delta(1, 2, "b 3 1, b 2 0")},
			book:   "b 3 1, b 1 1", state: Live, count: Counters{Snapshots: 1, Updates: 1, Deletes: 1}},

		{name: "a right checksum counts",
			rules:  market.BookRules{Checksum: sumText},
			events: []market.Event{checked(snapshot(1, "b 1.10 1, a 9 0.50"), "b 1.10 1", "a 9 0.50")},
			book:   "b 1.1 1, a 9 0.5", state: Live, count: Counters{Snapshots: 1, ChecksumsOK: 1}},
		{name: "the sum sees the digits of the last that was sent",
			rules: market.BookRules{Checksum: sumText},
			events: []market.Event{snapshot(1, far),
				checked(delta(1, 2, "b 1.000 1.0, a 8.12345 1"), "b 1.000 1.0", "a 8.12345 1, a 9 1")},
			book: "b 1 1, a 8.12345 1, a 9 1", state: Live,
			count: Counters{Snapshots: 1, Updates: 1, ChecksumsOK: 1}},
		{name: "the sum sees its depth, best first",
			rules:  market.BookRules{Checksum: sumText},
			events: []market.Event{checked(snapshot(1, "b 1 1, b 2 1, b 3 1, a 9 1"), "b 3 1, b 2 1", "a 9 1")},
			book:   "b 3 1, b 2 1, b 1 1, a 9 1", state: Live, count: Counters{Snapshots: 1, ChecksumsOK: 1}},
		{name: "the sum is over the cut book",
			rules:  market.BookRules{Checksum: sumText, Depth: 1},
			events: []market.Event{checked(snapshot(1, "b 1 1, b 2 1"), "b 2 1", "")},
			book:   "b 2 1", state: Live, count: Counters{Snapshots: 1, DepthDropped: 1, ChecksumsOK: 1}},
		{name: "a wrong checksum is a gap",
			rules:  market.BookRules{Checksum: sumText},
			events: []market.Event{snapshot(1, far), badly(checked(delta(1, 2, "b 1 2"), "b 1 2", "a 9 1"))},
			book:   "b 1 2, a 9 1", state: Gapped, err: &ChecksumError{},
			count: Counters{Snapshots: 1, Updates: 1, Gaps: 1, BadSums: 1}},
		{name: "a wrong checksum of a snapshot is a gap too",
			rules:  market.BookRules{Checksum: sumText},
			events: []market.Event{badly(checked(snapshot(1, far), "b 1 1", "a 9 1"))},
			book:   far, state: Gapped, err: &ChecksumError{}, count: Counters{Snapshots: 1, Gaps: 1, BadSums: 1}},
		{name: "a confirmation's checksum is compared",
			rules:  market.BookRules{Checksum: sumText},
			events: []market.Event{snapshot(1, far), badly(checked(delta(1, 1, ""), "b 1 1", "a 9 1"))},
			book:   far, state: Gapped, err: &ChecksumError{}, count: Counters{Snapshots: 1, Gaps: 1, BadSums: 1}},
		{name: "without a rule for it a checksum is not looked at",
			events: []market.Event{badly(checked(snapshot(1, far), "", ""))},
			book:   far, state: Live, count: Counters{Snapshots: 1}},

		{name: "a level without a side", events: []market.Event{snapshot(1, far), delta(1, 2, "x 1 1")},
			book: far, state: Gapped, err: &LevelError{}, count: Counters{Snapshots: 1, Updates: 1, Gaps: 1}},
		{name: "a price of zero", events: []market.Event{snapshot(1, far), delta(1, 2, "b 0 1")},
			book: far, state: Gapped, err: &LevelError{}, count: Counters{Snapshots: 1, Updates: 1, Gaps: 1}},
		{name: "a price below zero", events: []market.Event{snapshot(1, far), delta(1, 2, "b -1 1")},
			book: far, state: Gapped, err: &LevelError{}, count: Counters{Snapshots: 1, Updates: 1, Gaps: 1}},
		{name: "a size below zero", events: []market.Event{snapshot(1, far), delta(1, 2, "b 1 -1")},
			book: far, state: Gapped, err: &LevelError{}, count: Counters{Snapshots: 1, Updates: 1, Gaps: 1}},
		{name: "a bad level in a snapshot", events: []market.Event{snapshot(1, "b 0 1")},
			state: Gapped, err: &LevelError{}, count: Counters{Snapshots: 1, Gaps: 1}},
		{name: "more decimals than a number has",
			events: []market.Event{snapshot(1, far), {Kind: market.Delta, PrevSeq: 1, Seq: 2, Levels: []market.Level{
				{Side: market.Bid, Price: money.Num{Coef: 1, Scale: 255}, Size: money.Num{Coef: 1}}}}},
			book: far, state: Gapped, err: &LevelError{}, count: Counters{Snapshots: 1, Updates: 1, Gaps: 1}},

		{name: "scales grow to what is sent",
			events: []market.Event{snapshot(1, far), delta(1, 2, "a 8.125 0.0001")},
			book:   "b 1 1, a 8.125 0.0001, a 9 1", state: Live, count: Counters{Snapshots: 1, Updates: 1}},
		{name: "zeros do not count as decimals",
			events: []market.Event{snapshot(1, "b 9000000000000000000 1"),
				delta(1, 2, "b 1.000000000000000000 1.000000000000000000")},
			book: "b 9000000000000000000 1, b 1 1", state: Live, count: Counters{Snapshots: 1, Updates: 1}},
		{name: "a bid that the new scale cannot hold",
			events: []market.Event{snapshot(1, "b 9e17 1, a 9.1e17 1"), delta(1, 2, "b 0.001 1")},
			book:   "b 900000000000000000 1, a 910000000000000000 1", state: Gapped, err: &LevelError{},
			count: Counters{Snapshots: 1, Updates: 1, Gaps: 1}},
		{name: "an ask that the new scale cannot hold leaves the bids alone",
			events: []market.Event{snapshot(1, "b 1 1, a 9e17 1"), delta(1, 2, "b 0.001 1")},
			book:   "b 1 1, a 900000000000000000 1", state: Gapped, err: &LevelError{},
			count: Counters{Snapshots: 1, Updates: 1, Gaps: 1}},
		{name: "a size that the new scale cannot hold",
			events: []market.Event{snapshot(1, "b 1 1, a 9 9e17"), delta(1, 2, "b 1 0.001")},
			book:   "b 1 1, a 9 900000000000000000", state: Gapped, err: &LevelError{},
			count: Counters{Snapshots: 1, Updates: 1, Gaps: 1}},
		{name: "a price that the book's scale cannot hold",
			events: []market.Event{snapshot(1, "b 0.001 1"), delta(1, 2, "a 9e17 1")},
			book:   "b 0.001 1", state: Gapped, err: &LevelError{}, count: Counters{Snapshots: 1, Updates: 1, Gaps: 1}},
		{name: "a size that the book's scale cannot hold",
			events: []market.Event{snapshot(1, "b 1 0.001"), delta(1, 2, "a 9 9e17")},
			book:   "b 1 0.001", state: Gapped, err: &LevelError{}, count: Counters{Snapshots: 1, Updates: 1, Gaps: 1}},
		{name: "a snapshot begins with scales of its own",
			events: []market.Event{snapshot(1, "b 0.000000000000000001 1"), snapshot(2, "b 9e18 1")},
			book:   "b 9000000000000000000 1", state: Live, count: Counters{Snapshots: 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := New(tt.rules)
			var err error
			for i := range tt.events {
				err = b.Apply(&tt.events[i])
			}
			if !sameKind(err, tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
			if got := show(b.Publish()); got != tt.book {
				t.Errorf("book %s, want %s", got, tt.book)
			}
			if got, why := b.State(); got != tt.state {
				t.Errorf("state %v (%s), want %v", got, why, tt.state)
			}
			if got := b.Counters(); got != tt.count {
				t.Errorf("counted %+v, want %+v", got, tt.count)
			}
		})
	}
}

// sameKind reports whether got is of the type of want; a GapError and a
// VenueGapError must be equal besides.
func sameKind(got, want error) bool {
	if want == nil || got == nil {
		return got == want
	}
	if !strings.HasPrefix(got.Error(), "book: ") {
		return false
	}
	switch w := want.(type) {
	case *GapError:
		var g *GapError
		return errors.As(got, &g) && *g == *w && strings.Contains(g.Error(), fmt.Sprint(w.Got))
	case *VenueGapError:
		var g *VenueGapError
		return errors.As(got, &g) && *g == *w
	case *ChecksumError:
		var g *ChecksumError
		return errors.As(got, &g) && g.Want == g.Got+1
	case *LevelError:
		var g *LevelError
		return errors.As(got, &g) && g.Why != ""
	}
	return false
}

// TestSequenceAfterEpoch: a book that lost its epoch forgets where it was.
func TestSequenceAfterEpoch(t *testing.T) {
	for _, e := range []market.Event{epoch(4, delta(8, 9, "")), {Kind: market.Gap, Epoch: 4}} {
		b := New(market.BookRules{})
		first := snapshot(8, two)
		if err := b.Apply(&first); err != nil {
			t.Fatal(err)
		}
		_ = b.Apply(&e)
		if ep, seq := b.Seq(); ep != 4 || seq != 0 {
			t.Errorf("after kind %d of epoch 4: epoch %d, sequence %d", e.Kind, ep, seq)
		}
	}
}

// TestTimes: the age of a book is counted from the last event that was applied
// or confirmed it, not from duplicates.
func TestTimes(t *testing.T) {
	tests := []struct {
		name        string
		e           market.Event
		recv, venue int64
	}{
		{"a delta", market.Event{Kind: market.Delta, PrevSeq: 1, Seq: 2, RecvTime: 70, VenueTime: 60}, 70, 60},
		{"a confirmation", market.Event{Kind: market.Delta, PrevSeq: 1, Seq: 1, RecvTime: 70}, 70, 0},
		{"a duplicate", market.Event{Kind: market.Delta, Seq: 1, RecvTime: 70, VenueTime: 60}, 10, 5},
		{"a snapshot sent again", market.Event{Kind: market.Snapshot, Seq: 1, RecvTime: 70, VenueTime: 60}, 10, 5},
		{"a gap", market.Event{Kind: market.Gap, Seq: 1, RecvTime: 70, VenueTime: 60}, 10, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := New(market.BookRules{})
			first := market.Event{Kind: market.Snapshot, Seq: 1, RecvTime: 10, VenueTime: 5}
			if err := b.Apply(&first); err != nil {
				t.Fatal(err)
			}
			_ = b.Apply(&tt.e)
			if v := b.Publish(); v.RecvTime != tt.recv || v.VenueTime != tt.venue {
				t.Errorf("received %d, venue %d; want %d, %d", v.RecvTime, v.VenueTime, tt.recv, tt.venue)
			}
		})
	}
}

func TestMaxLevels(t *testing.T) {
	b := New(market.BookRules{})
	e := market.Event{Kind: market.Snapshot, Seq: 1}
	for i := range int64(MaxLevels) {
		e.Levels = append(e.Levels, market.Level{
			Side: market.Ask, Price: money.Num{Coef: i + 1}, Size: money.Num{Coef: 1},
		})
	}
	if err := b.Apply(&e); err != nil {
		t.Fatalf("%d levels: %v", MaxLevels, err)
	}
	more := delta(1, 2, "a 1 9, a 2 0, a 60000 1")
	if err := b.Apply(&more); err != nil {
		t.Fatalf("one less, one more: %v", err)
	}
	more = delta(2, 3, "a 60001 1")
	if err := b.Apply(&more); !sameKind(err, &LevelError{}) {
		t.Errorf("%d levels: %v, want a LevelError", MaxLevels+1, err)
	}
	if s, _ := b.State(); s != Gapped {
		t.Errorf("state %v, want gapped", s)
	}
}
