package book

import (
	"fmt"
	"strings"
	"testing"

	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/money/text"
)

// levels reads "b 100.5 2, a 101 0.10": sides, prices and sizes as sent.
func levels(s string) []market.Level {
	var ls []market.Level
	for part := range strings.SplitSeq(s, ",") {
		f := strings.Fields(part)
		if len(f) == 0 {
			continue
		}
		price, err := text.ParseNum(f[1])
		if err != nil {
			panic(err)
		}
		size, err := text.ParseNum(f[2])
		if err != nil {
			panic(err)
		}
		side := map[string]market.Side{"b": market.Bid, "a": market.Ask}[f[0]]
		ls = append(ls, market.Level{Side: side, Price: price, Size: size})
	}
	return ls
}

// show writes a view the way levels reads it, numbers canonical.
func show(v *View) string {
	var parts []string
	for _, side := range []struct {
		name   string
		levels []Level
	}{{"b", v.Bids}, {"a", v.Asks}} {
		for _, l := range side.levels {
			price := sent(int64(l.Price), v.PriceScale, v.PriceScale)
			size := sent(int64(l.Size), v.SizeScale, v.SizeScale)
			parts = append(parts, fmt.Sprintf("%s %s %s", side.name,
				price.AppendCanonical(nil), size.AppendCanonical(nil)))
		}
	}
	return strings.Join(parts, ", ")
}

func snapshot(seq uint64, ls string) market.Event {
	return market.Event{Kind: market.Snapshot, Seq: seq, Levels: levels(ls), RecvTime: int64(seq)}
}

func delta(prev, seq uint64, ls string) market.Event {
	return market.Event{Kind: market.Delta, PrevSeq: prev, Seq: seq, Levels: levels(ls), RecvTime: int64(seq)}
}

const two = "b 100 1, a 101 2"

func TestStateNames(t *testing.T) {
	want := []string{"awaiting_snapshot", "live", "gapped", "stale", "crossed", "halted", "no_fee", "state(7)"}
	for s, name := range want {
		if got := State(s).String(); got != name {
			t.Errorf("State(%d) is %q, want %q", s, got, name)
		}
	}
}

func TestNew(t *testing.T) {
	b := New(market.BookRules{VerifiedDepth: 10})
	if v := b.View(); v.State != Awaiting || v.Reason == "" || len(v.Bids)+len(v.Asks) != 0 {
		t.Errorf("a new book shows %+v", v)
	}
	if s, why := b.State(); s != Awaiting || why == "" {
		t.Errorf("a new book is %v, %q", s, why)
	}
	if got := b.Publish().VerifiedDepth; got != 10 {
		t.Errorf("VerifiedDepth %d, want the rule's 10", got)
	}
}

// TestView: a view shows all that the book knows, and stays as it is.
func TestView(t *testing.T) {
	b := New(market.BookRules{})
	e := snapshot(7, "b 100.5 1, b 99 2, a 101 0.25")
	e.Epoch, e.VenueTime, e.RecvTime = 3, 50, 60
	if err := b.Apply(&e); err != nil {
		t.Fatal(err)
	}
	v := b.Publish()
	if b.View() != v {
		t.Error("View is not what Publish returned")
	}
	want := View{
		Bids:       []Level{{1005, 100, 1, 0}, {990, 200, 0, 0}},
		Asks:       []Level{{1010, 25, 0, 2}},
		PriceScale: 1, SizeScale: 2, State: Live, ChangedAt: 60,
		Version: b.Version(), Epoch: 3, Seq: 7, VenueTime: 50, RecvTime: 60,
	}
	if fmt.Sprint(*v) != fmt.Sprint(want) {
		t.Errorf("view %+v, want %+v", *v, want)
	}
	d := delta(7, 8, "b 100.5 0, a 101 3, a 102.125 1")
	d.Epoch = 3
	if err := b.Apply(&d); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(*v) != fmt.Sprint(want) || b.View() != v {
		t.Errorf("a published view changed to %+v", *v)
	}
	bids, asks := b.Len()
	price, size := b.Scales()
	epoch, seq := b.Seq()
	if got := fmt.Sprint(bids, asks, price, size, epoch, seq); got != "1 2 3 2 3 8" {
		t.Errorf("Len, Scales, Seq = %s", got)
	}
	if b.Version() == v.Version {
		t.Error("a delta did not change the version")
	}
}

// TestOrigin: a book is as real as the least real event since its snapshot, and
// the time of an event that has none changes nothing.
func TestOrigin(t *testing.T) {
	b := New(market.BookRules{})
	origin := func(e market.Event, o market.Origin, recv int64) market.Event {
		e.Origin, e.RecvTime = o, recv
		return e
	}
	steps := []struct {
		e    market.Event
		want market.Origin
		recv int64
	}{
		{origin(snapshot(1, two), market.Venue, 10), market.Venue, 10},
		{origin(delta(1, 2, "b 99 1"), market.Simulated, 11), market.Simulated, 11},
		{origin(delta(2, 3, "b 98 1"), market.Venue, 0), market.Simulated, 11},
		{origin(snapshot(4, two), market.Replay, 12), market.Replay, 12},
		{origin(snapshot(5, two), market.Venue, 0), market.Venue, 12},
	}
	for i, s := range steps {
		if err := b.Apply(&s.e); err != nil {
			t.Fatal(err)
		}
		if v := b.Publish(); v.Origin != s.want || v.RecvTime != s.recv {
			t.Errorf("step %d: origin %v, heard at %d; want %v, %d", i, v.Origin, v.RecvTime, s.want, s.recv)
		}
	}
}

// TestStates walks a book through each act and names the state it ends in.
func TestStates(t *testing.T) {
	apply := func(e market.Event) func(*Book) {
		return func(b *Book) { _ = b.Apply(&e) }
	}
	gapped := func(b *Book) { b.MarkGapped("lag", 91) }
	halt := func(b *Book) { b.Halt("maintenance", 92) }
	resume := func(b *Book) { b.Resume(93) }
	snap, crossed := apply(snapshot(5, two)), apply(delta(5, 6, "b 101 1"))
	gap := apply(market.Event{Kind: market.Gap, Reason: "venue says so"})
	tests := []struct {
		name string
		acts []func(*Book)
		want State
		why  string
	}{
		{"a snapshot makes it live", []func(*Book){snap}, Live, ""},
		{"an empty snapshot is a live book too", []func(*Book){apply(snapshot(1, ""))}, Live, ""},
		{"a delta alone does not", []func(*Book){apply(delta(0, 1, two))}, Awaiting, "no snapshot"},
		{"a locked book is crossed", []func(*Book){snap, crossed}, Crossed, "best bid at or above"},
		{"uncrossing revives", []func(*Book){snap, crossed, apply(delta(6, 7, "b 101 0"))}, Live, ""},
		{"a crossed snapshot is crossed", []func(*Book){apply(snapshot(1, "b 2 1, a 1 1"))}, Crossed, ""},
		{"its owner may gap it", []func(*Book){snap, gapped}, Gapped, "lag"},
		{"a first reason stays", []func(*Book){snap, gap, gapped}, Gapped, "venue says so"},
		{"a decoder's gap needs no snapshot before", []func(*Book){gap}, Gapped, "venue says so"},
		{"no delta revives a gapped book", []func(*Book){snap, gap, apply(delta(5, 6, two))}, Gapped, "venue"},
		{"no confirmation either", []func(*Book){snap, gap, apply(delta(5, 5, ""))}, Gapped, "venue"},
		{"an older snapshot does", []func(*Book){snap, gap, apply(snapshot(1, two))}, Live, ""},
		{"an event of no kind is a gap", []func(*Book){snap, apply(market.Event{Seq: 6, PrevSeq: 5})}, Gapped, ""},
		{"a halted book hears nothing", []func(*Book){snap, halt, apply(snapshot(9, two)), gap, gapped},
			Halted, "maintenance"},
		{"a resumed book awaits a snapshot", []func(*Book){snap, halt, resume, apply(delta(5, 6, two))},
			Awaiting, "resumed"},
		{"and takes any", []func(*Book){snap, halt, resume, apply(snapshot(1, two))}, Live, ""},
		{"resuming what was not halted means nothing", []func(*Book){snap, resume}, Live, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := New(market.BookRules{})
			for _, act := range tt.acts {
				before, _ := b.State()
				changed, version := b.changedAt, b.Version()
				act(b)
				after, _ := b.State()
				if before != after && b.Version() == version {
					t.Errorf("%v became %v at the same version", before, after)
				}
				if before == after && b.changedAt != changed {
					t.Errorf("stayed %v, but ChangedAt moved", after)
				}
			}
			got, why := b.State()
			if got != tt.want || !strings.Contains(why, tt.why) || (got == Live) != (why == "") {
				t.Errorf("state %v, %q; want %v, %q", got, why, tt.want, tt.why)
			}
			if v := b.Publish(); v.State != got || v.Reason != why || v.ChangedAt != b.changedAt {
				t.Errorf("view says %v, %q", v.State, v.Reason)
			}
		})
	}
}

// TestBest: the best prices are those of a View, and there are none of an empty side.
func TestBest(t *testing.T) {
	b := New(market.BookRules{VerifiedDepth: -1})
	if _, _, ok := b.Best(); ok {
		t.Error("an empty book has best prices")
	}
	e := market.Event{Kind: market.Snapshot, Seq: 1, Levels: []market.Level{
		{Side: market.Bid, Price: money.Num{Coef: 99}, Size: money.Num{Coef: 1}},
		{Side: market.Bid, Price: money.Num{Coef: 100}, Size: money.Num{Coef: 2}},
		{Side: market.Ask, Price: money.Num{Coef: 102}, Size: money.Num{Coef: 3}},
		{Side: market.Ask, Price: money.Num{Coef: 101}, Size: money.Num{Coef: 4}},
	}}
	if err := b.Apply(&e); err != nil {
		t.Fatal(err)
	}
	v := b.Publish()
	if bid, ask, ok := b.Best(); !ok || bid != v.Bids[0] || ask != v.Asks[0] || ask.Price != 101 {
		t.Errorf("best %v %v %v, want %v %v", bid, ask, ok, v.Bids[0], v.Asks[0])
	}
}
