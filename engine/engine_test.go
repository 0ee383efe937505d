package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"chronos.dev/book"
	"chronos.dev/engine"
	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// rig is an engine with one writer and a clock.
type rig struct {
	t *testing.T
	e *engine.Engine
	w *engine.Writer

	now int64
	seq map[market.Key]uint64
}

func newRig(t *testing.T, o engine.Options) *rig {
	t.Helper()
	if o.Fees == nil && o.DefaultFee == nil {
		o.DefaultFee = &market.Fee{}
	}
	e, err := engine.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{t, e, e.Writer(), noon.UnixNano(), map[market.Key]uint64{}}
}

func key(s string) market.Key {
	venue, pair, _ := strings.Cut(s, "|")
	p, err := market.ParsePair(pair)
	if err != nil {
		panic(err)
	}
	return market.Key{Venue: venue, Pair: p}
}

func levels(bids, asks [][2]int64) []market.Level {
	var ls []market.Level
	add := func(side market.Side, from [][2]int64) {
		for _, l := range from {
			ls = append(ls, market.Level{Side: side, Price: money.Num{Coef: l[0]}, Size: money.Num{Coef: l[1]}})
		}
	}
	add(market.Bid, bids)
	add(market.Ask, asks)
	return ls
}

// apply applies the next event of a book, at the rig's clock.
func (r *rig) apply(k string, kind market.EventKind, bids, asks [][2]int64) error {
	id := key(k)
	prev := r.seq[id]
	r.seq[id]++
	return r.w.Apply(id, &market.Event{
		Kind: kind, Seq: r.seq[id], PrevSeq: prev, RecvTime: r.now, Levels: levels(bids, asks), Reason: "said the venue",
	})
}

// show applies a snapshot of one level a side and publishes it.
func (r *rig) show(k string, bid, ask int64) {
	r.t.Helper()
	if err := r.apply(k, market.Snapshot, [][2]int64{{bid, 100}}, [][2]int64{{ask, 100}}); err != nil {
		r.t.Fatal(err)
	}
	r.w.Flush(r.now)
}

// sold is what one unit of A gives of B and by which venues, or the error.
func (r *rig) sold(in int64) string {
	p, err := r.e.Price(engine.Request{Sell: "A", Buy: "B", In: money.Amount(in * 1e8)}, r.now)
	if err != nil {
		return err.Error()
	}
	s := fmt.Sprint(money.Num{Coef: int64(p.Plan.Out), Scale: 8}.Trim())
	for _, x := range p.Plan.Routes {
		s += " " + x.Legs[0].Key.Venue
	}
	for _, l := range p.LeftOut {
		s += " without " + l.Key.Venue + ": " + l.Reason
	}
	return s
}

func (r *rig) wantSold(in int64, want string) {
	r.t.Helper()
	if got := r.sold(in); got != want {
		r.t.Errorf("sold %d: %s, want %s", in, got, want)
	}
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name string
		o    engine.Options
		want string
	}{
		{"more hops than a route has", engine.Options{MaxHops: plan.MaxHops + 1}, "engine: max hops 4: want 1 to 3"},
		{"hops below none", engine.Options{MaxHops: -1}, "engine: max hops -1: want 1 to 3"},
		{"a negative bound", engine.Options{StaleAfter: -1}, "engine: stale bound -1ns is negative"},
		{"an asset without a name", engine.Options{Assets: []market.Asset{{}}}, `graph: "" is no asset symbol`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := engine.New(tt.o); err == nil || err.Error() != tt.want {
				t.Errorf("New = %v, want %s", err, tt.want)
			}
		})
	}
	e, err := engine.New(engine.Options{})
	if err != nil || e.MaxHops() != plan.MaxHops || e.StaleAfter() != engine.DefaultStaleAfter {
		t.Errorf("defaults: %v, %d hops, %v", err, e.MaxHops(), e.StaleAfter())
	}
}

func TestFlushMakesVisible(t *testing.T) {
	r := newRig(t, engine.Options{})
	if err := r.e.Register(key("u|A-B")); err != nil {
		t.Fatal(err)
	}
	const none = "route: no usable book on any path; 1 left out"
	r.wantSold(1, none)
	if err := r.apply("u|A-B", market.Snapshot, [][2]int64{{10, 5}}, nil); err != nil {
		t.Fatal(err)
	}
	r.wantSold(1, none)
	version := r.e.Version()
	r.w.Flush(r.now)
	r.wantSold(1, "10 u")
	if r.e.Version() != version+1 {
		t.Errorf("version %d after %d", r.e.Version(), version)
	}
	r.w.Flush(r.now)
	if r.e.Version() != version+1 {
		t.Error("a flush of nothing counts as a change")
	}
	if err := r.apply("u|A-B", market.Delta, [][2]int64{{11, 5}}, nil); err != nil {
		t.Fatal(err)
	}
	r.wantSold(1, "10 u")
	r.w.Flush(r.now)
	r.wantSold(1, "11 u")
	if epoch, seq := r.w.Seq(key("u|A-B")); epoch != 0 || seq != 2 {
		t.Errorf("Seq = %d, %d", epoch, seq)
	}
	if epoch, seq := r.w.Seq(key("v|A-B")); epoch != 0 || seq != 0 {
		t.Errorf("Seq of a book never heard of = %d, %d", epoch, seq)
	}
}

// TestGappedIsInNoPrice loses messages of the better book in every way there is:
// it is in no price until its next snapshot.
func TestGappedIsInNoPrice(t *testing.T) {
	tests := []struct {
		name   string
		lose   func(r *rig) error
		reason string
		gaps   uint64
	}{
		{"a sequence gap", func(r *rig) error {
			r.seq[key("u|A-B")] += 3
			return r.apply("u|A-B", market.Delta, [][2]int64{{11, 5}}, nil)
		}, "book: sequence gap: event follows 4, book is at 1", 1},
		{"the decoder's word", func(r *rig) error { return r.apply("u|A-B", market.Gap, nil, nil) },
			"book: decoder reports a gap: said the venue", 1},
		{"an impossible level", func(r *rig) error { return r.apply("u|A-B", market.Delta, [][2]int64{{-1, 5}}, nil) },
			"book: bid level 5 at -1: want a price above and a size not below zero", 1},
		{"records lost for this book", func(r *rig) error {
			r.w.Invalidate(key("u|A-B"), "record unreadable", r.now)
			r.w.Invalidate(key("x|A-B"), "of a book never heard of", r.now)
			return errors.New("")
		}, "record unreadable", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, engine.Options{})
			r.show("u|A-B", 12, 14)
			r.show("v|A-B", 10, 15)
			r.wantSold(1, "12 u")
			if tt.lose(r) == nil {
				t.Error("the loss gave no error")
			}
			r.w.Flush(r.now)
			r.wantSold(1, "10 v without u: "+tt.reason)
			_ = r.apply("u|A-B", market.Delta, [][2]int64{{13, 5}}, nil) // a gapped book drops it
			r.w.Flush(r.now)
			r.wantSold(1, "10 v without u: "+tt.reason)
			if got := r.e.Stats().Gaps; got != tt.gaps {
				t.Errorf("%d gaps counted, want %d", got, tt.gaps)
			}
			r.show("u|A-B", 11, 16)
			r.wantSold(1, "11 u")
		})
	}
}

func TestInvalidateAll(t *testing.T) {
	r := newRig(t, engine.Options{})
	r.show("u|A-B", 12, 14)
	r.show("v|A-B", 10, 15)
	r.w.InvalidateAll("partition reset", r.now)
	r.wantSold(1, "12 u")
	r.w.Flush(r.now)
	r.wantSold(1, "route: no usable book on any path; 2 left out")
	r.w.InvalidateAll("partition reset again", r.now)
	if s := r.e.Stats(); s.Gaps != 2 || s.Events != 2 || s.Refused != 0 {
		t.Errorf("stats %+v", s)
	}
	r.show("v|A-B", 10, 15)
	r.wantSold(1, "10 v without u: partition reset")
}

func TestStaleByReceiveClock(t *testing.T) {
	r := newRig(t, engine.Options{StaleAfter: time.Second})
	r.show("u|A-B", 12, 14)
	r.now += int64(time.Second)
	r.wantSold(1, "12 u")
	r.now++
	_, err := r.e.Price(engine.Request{Sell: "A", Buy: "B", In: 1}, r.now)
	var stale *route.StaleError
	if !errors.As(err, &stale) || len(stale.Stale) != 1 || stale.Stale[0].Age != int64(time.Second)+1 {
		t.Errorf("Price = %v, want *route.StaleError of one book", err)
	}
	// A confirmation, a delta without levels, is enough to revive it.
	id := key("u|A-B")
	err = r.w.Apply(id, &market.Event{Kind: market.Delta, Seq: 1, PrevSeq: 1, RecvTime: r.now})
	if err != nil {
		t.Fatal(err)
	}
	r.w.Flush(r.now)
	r.wantSold(1, "12 u")
}

// TestFeeChangesAtItsDate: the fee is another one from the first instant of its
// line on, even of a book that has said nothing since.
func TestFeeChangesAtItsDate(t *testing.T) {
	bps := func(n int64) market.Fee { return market.Fee{Rate: n * 10_000} }
	second := noon.Add(time.Second)
	r := newRig(t, engine.Options{Fees: market.Fees{
		{Venue: "u", Fee: bps(100), Until: second},
		{Venue: "u", Fee: bps(200), From: second, Until: second.Add(time.Second / 2)},
		{Venue: "w", Fee: bps(1), From: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, // beyond a nanosecond clock
	}})
	r.show("u|A-B", 100, 200)
	r.wantSold(1, "99 u")
	r.now = second.UnixNano() - 1
	r.w.Flush(r.now)
	r.wantSold(1, "99 u")
	r.now++
	r.wantNoFee("before the new fee is flushed")
	r.w.Flush(r.now)
	r.wantSold(1, "98 u")
	r.now += int64(time.Second / 2)
	r.wantNoFee("before the end is flushed")
	r.w.Flush(r.now)
	r.wantNoFee("after the last line")
}

// wantNoFee wants u left out for its fee.
func (r *rig) wantNoFee(when string) {
	r.t.Helper()
	_, err := r.e.Price(engine.Request{Sell: "A", Buy: "B", In: 1}, r.now)
	var stale *route.StaleError
	if !errors.As(err, &stale) || stale.Stale[0].State != book.NoFee {
		r.t.Errorf("%s: %v", when, err)
	}
}

// TestOneOwner: the first writer that hears of a book keeps it; another's events
// of it are refused, counted, and change nothing.
func TestOneOwner(t *testing.T) {
	r := newRig(t, engine.Options{})
	r.show("u|A-B", 12, 14)
	second := r.e.Writer()
	ev := market.Event{Kind: market.Snapshot, Seq: 9, RecvTime: r.now, Levels: levels([][2]int64{{20, 100}}, nil)}
	var owner *engine.OwnerError
	if err := second.Apply(key("u|A-B"), &ev); !errors.As(err, &owner) || owner.Key != key("u|A-B") {
		t.Errorf("a second owner: %v", err)
	}
	if err := second.Halt(key("u|A-B"), "no", r.now); !errors.As(err, &owner) {
		t.Errorf("a second owner halts: %v", err)
	}
	second.InvalidateAll("lost", r.now)
	second.Flush(r.now)
	r.wantSold(1, "12 u")
	if n := r.e.Stats().Refused; n != 1 {
		t.Errorf("%d events refused", n)
	}
}

// TestHalt: a halted market is out with its reason, whatever is heard of it, and
// after the halt waits for a snapshot.
func TestHalt(t *testing.T) {
	r := newRig(t, engine.Options{})
	r.show("u|A-B", 12, 14)
	r.show("v|A-B", 10, 15)
	for _, k := range []string{"u|A-B", "w|A-B"} { // one of them never heard of
		if err := r.w.Halt(key(k), "by hand", r.now); err != nil {
			t.Fatal(err)
		}
	}
	r.w.Flush(r.now)
	r.wantSold(1, "10 v without u: by hand without w: by hand")
	r.show("u|A-B", 13, 14)
	r.wantSold(1, "10 v without u: by hand without w: by hand")
	r.w.Resume(key("u|A-B"), r.now)
	r.w.Flush(r.now)
	r.wantSold(1, "10 v without u: resumed after a halt; no snapshot yet without w: by hand")
	r.show("u|A-B", 13, 14)
	r.wantSold(1, "13 u without w: by hand")
	if !r.e.Knows(key("w|A-B")) || r.e.Knows(key("x|A-B")) {
		t.Error("Knows is wrong")
	}
}

func TestWithoutFeeLeftOut(t *testing.T) {
	r := newRig(t, engine.Options{Fees: market.Fees{{Venue: "v", Fee: market.Fee{}}}})
	r.show("u|A-B", 12, 14)
	r.show("v|A-B", 10, 15)
	r.wantSold(1, "10 v without u: no fee schedule covers this market now")
	all := r.e.Markets(r.now)
	if len(all) != 2 || all[0].Usable || all[0].HasFee || !all[1].Usable || !all[1].HasFee ||
		all[0].Key != key("u|A-B") || all[0].View.State != book.Live || all[0].Usability.State != book.NoFee {
		t.Errorf("Markets = %+v", all)
	}
}

func TestAssets(t *testing.T) {
	usd := market.Asset{Symbol: "USD", Scale: 2, EngineScale: 6}
	r := newRig(t, engine.Options{Assets: []market.Asset{usd}, Describe: func(s string) market.Asset {
		return market.Asset{Symbol: s, Scale: 1, EngineScale: 3}
	}})
	r.show("u|BTC-USD", 10, 20)
	if a, ok := r.e.Asset("USD"); !ok || a != usd {
		t.Errorf("USD = %+v, %v", a, ok)
	}
	if a, ok := r.e.Asset("BTC"); !ok || a.EngineScale != 3 {
		t.Errorf("BTC = %+v, %v", a, ok)
	}
	if _, ok := r.e.Asset("ETH"); ok || len(r.e.Assets()) != 2 {
		t.Errorf("assets %v", r.e.Assets())
	}
	p, err := r.e.Price(engine.Request{Sell: "BTC", Buy: "USD", In: 1_000}, r.now)
	if err != nil || p.Plan.Out != 10_000_000 || p.Plan.Buy != usd {
		t.Errorf("Price = %+v, %v", p, err)
	}
	var unknown *engine.UnknownAssetError
	for _, req := range []engine.Request{{Sell: "ETH", Buy: "USD", In: 1}, {Sell: "USD", Buy: "ETH", In: 1}} {
		if _, err := r.e.Price(req, r.now); !errors.As(err, &unknown) || err.Error() != "engine: unknown asset ETH" {
			t.Errorf("Price(%+v) = %v", req, err)
		}
	}
}

// TestRefusedMarket: an event of a market that passes a limit is lost, counted,
// and harms nobody.
func TestRefusedMarket(t *testing.T) {
	r := newRig(t, engine.Options{})
	for i := range graph.MaxVenues {
		if err := r.e.Register(key(fmt.Sprintf("v%d|A-B", i))); err != nil {
			t.Fatal(err)
		}
	}
	var limit *graph.LimitError
	if err := r.apply("w|A-B", market.Snapshot, nil, nil); !errors.As(err, &limit) {
		t.Errorf("Apply = %v, want a limit", err)
	}
	if s := r.e.Stats(); s.Refused != 1 || s.Events != 0 {
		t.Errorf("stats %+v", s)
	}
	r.show("v7|A-B", 10, 11)
	if p, err := r.e.Price(engine.Request{Sell: "A", Buy: "B", In: 1e8}, r.now); err != nil || p.Plan.Out != 10e8 {
		t.Errorf("Price = %+v, %v", p, err)
	}
}

// TestRulesReachTheBook: a venue of two levels a side keeps two.
func TestRulesReachTheBook(t *testing.T) {
	r := newRig(t, engine.Options{Rules: func(k market.Key) market.BookRules {
		return market.BookRules{Depth: 2, VerifiedDepth: len(k.Venue)}
	}})
	err := r.apply("kraken|A-B", market.Snapshot, [][2]int64{{10, 1}, {9, 1}, {8, 1}}, [][2]int64{{11, 1}})
	if err != nil {
		t.Fatal(err)
	}
	r.w.Flush(r.now)
	c, version, ok := r.e.Book(market.Pair{Base: "A", Quote: "B"}, 0, r.now)
	if !ok || len(c.Bids) != 2 || len(c.Asks) != 1 || version != r.e.Version() {
		t.Errorf("Book = %+v, %d, %v", c, version, ok)
	}
	if v := r.e.Markets(r.now)[0].View.VerifiedDepth; v != 6 {
		t.Errorf("verified depth %d, want 6", v)
	}
	if _, _, ok := r.e.Book(market.Pair{Base: "B", Quote: "A"}, 0, r.now); ok {
		t.Error("the inverse of a pair has a book")
	}
}

func TestMids(t *testing.T) {
	r := newRig(t, engine.Options{})
	r.show("u|A-C", 10, 12)
	r.show("v|A-C", 11, 13)
	r.show("w|C-A", 1, 2)
	r.show("u|B-C", 4, 5)
	if err := r.apply("u|D-B", market.Snapshot, nil, [][2]int64{{2, 50}}); err != nil {
		t.Fatal(err)
	}
	r.now += 5
	r.w.Flush(r.now)
	p, err := r.e.Price(engine.Request{Sell: "A", Buy: "D", In: 1e8, MaxHops: 3}, r.now)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range p.Mids {
		got = append(got, fmt.Sprintf("%s %s %s known %v inverse %v", m.Pair, m.Bid, m.Ask, m.Known, m.Inverse))
	}
	want := "A-C 11 12 known true inverse false, B-C 4 5 known true inverse true, D-B 0 0 known false inverse true"
	if g := strings.Join(got, ", "); g != want {
		t.Errorf("mids %s, want %s", g, want)
	}
	if p.OldestBook != 5 || p.AsOf != r.now || p.GraphVersion != r.e.Version() {
		t.Errorf("oldest %d, as of %d, version %d", p.OldestBook, p.AsOf, p.GraphVersion)
	}
	if _, err := r.e.Price(engine.Request{Sell: "A", Buy: "D", In: 1e8, MaxHops: 2}, r.now); err == nil {
		t.Error("three hops are found where two are allowed")
	}
}
