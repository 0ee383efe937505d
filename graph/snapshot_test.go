package graph_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"chronos.dev/book"
	"chronos.dev/graph"
	"chronos.dev/market"
)

// TestSpan: a market may be used exactly at the times of its span.
func TestSpan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	pick := func(of ...int64) int64 { return of[r.IntN(len(of))] + r.Int64N(3) - 1 }
	for range 200_000 {
		recv := pick(1, 0, 1e9, 1e18)
		s := &graph.State{
			View:     &book.View{State: book.State(r.IntN(6)), RecvTime: recv},
			HasFee:   r.IntN(4) > 0,
			FeeUntil: pick(recv, recv+1e9, graph.Forever-1, 5e17),
		}
		if r.IntN(2) == 0 {
			s.View.State = book.Live
		}
		stale := pick(1, 2e9, 5e8, math.MaxInt64/4)
		from, until := s.Span(stale)
		for range 4 {
			now := pick(recv, recv+stale, recv-250_000_000, s.FeeUntil-1, from, max(until, 1)-1, 2e18)
			if _, ok := s.Usable(now, stale); ok != (from <= now && now <= until) {
				t.Fatalf("received %d, fee until %d, stale after %d: usable at %d is %v, span %d to %d",
					recv, s.FeeUntil, stale, now, ok, from, until)
			}
		}
	}
	for _, tt := range []struct{ recv, stale, from, until int64 }{
		{math.MaxInt64 - 1, 9, math.MaxInt64 - 250_000_001, math.MaxInt64 - 1}, // Forever is the last moment
		{math.MinInt64 + 5, 9, math.MinInt64, math.MinInt64 + 14},
	} {
		s := &graph.State{View: &book.View{State: book.Live, RecvTime: tt.recv}, HasFee: true, FeeUntil: graph.Forever}
		if from, until := s.Span(tt.stale); from != tt.from || until != tt.until {
			t.Errorf("received %d: %d to %d, want %d to %d", tt.recv, from, until, tt.from, tt.until)
		}
	}
}

// TestStamp: a snapshot takes the states of a pair when it is asked for them first,
// keeps them until the next Load, and has another stamp for others. A market that
// is registered later is of its pair at once.
func TestStamp(t *testing.T) {
	g := newGraph(t, "u|A-B", "v|B-A", "u|A-C")
	var s graph.Snapshot
	state := func(n int64) *graph.State {
		return graph.NewState(&book.View{State: book.Live, RecvTime: n}, graph.Scales{}, &market.Fee{})
	}
	publish := func(k string, st *graph.State) {
		id, ok := g.Topology().Market(key(k))
		if !ok {
			t.Fatal(k)
		}
		g.Topology().Markets[id].Publish(st)
	}
	at := func(k string) *graph.State { id, _ := s.Market(key(k)); return s.State(id) }
	stamp := func(from, to string) uint64 {
		a, _ := s.Asset(from)
		b, _ := s.Asset(to)
		return s.Stamp(s.Edge(a, b))
	}
	g.Load(&s)
	one, two := state(1), state(2)
	publish("v|B-A", one)
	if at("u|A-B"); at("v|B-A") != one {
		t.Error("a pair that nobody has asked for is of the moment of Load")
	}
	ab, ac := stamp("A", "B"), stamp("A", "C")
	if ab == 0 || ab != stamp("B", "A") || ac == 0 {
		t.Errorf("stamps %d, %d of a pair, %d of another", ab, stamp("B", "A"), ac)
	}
	publish("v|B-A", two)
	if at("v|B-A") != one || stamp("A", "B") != ab {
		t.Error("a state was taken twice")
	}
	g.Load(&s)
	if stamp("A", "B") == ab || stamp("A", "C") != ac || at("v|B-A") != two {
		t.Errorf("after a publication: stamp %d after %d, of another pair %d after %d", stamp("A", "B"), ab, stamp("A", "C"), ac)
	}
	ab = stamp("A", "B")
	if _, err := g.Register(key("t|A-B"), plain); err != nil {
		t.Fatal(err)
	}
	if g.Load(&s); stamp("A", "B") == ab || at("t|A-B") == nil || at("v|B-A") != two {
		t.Error("a new market is not of its pair")
	}
	if s.Pairs() != 2 {
		t.Errorf("%d pairs", s.Pairs())
	}
	other := newGraph(t, "x|C-B") // a snapshot can go to another graph
	if other.Load(&s); at("x|C-B") == nil || s.Pairs() != 1 {
		t.Error("the states are of another graph")
	}
}

// TestRegisterAll: many at once give the topology that one after the other gives,
// and all of them or none.
func TestRegisterAll(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	var keys []market.Key
	for range 300 {
		a, b := r.IntN(9), r.IntN(9)
		if a != b {
			keys = append(keys, key(fmt.Sprintf("v%d|A%d-A%d", r.IntN(5), a, b)))
		}
	}
	one, many := newGraph(t), newGraph(t)
	for _, k := range keys {
		if _, err := one.Register(k, plain); err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range [][]market.Key{keys[:100], keys[50:], keys} {
		if err := many.RegisterAll(part, plain); err != nil {
			t.Fatal(err)
		}
	}
	if describe(one.Topology()) != describe(many.Topology()) {
		t.Errorf("one by one:\n%s\nat once:\n%s", describe(one.Topology()), describe(many.Topology()))
	}
	for i := range many.Topology().Markets {
		for j := range i {
			a, b, topo := graph.MarketID(i), graph.MarketID(j), many.Topology()
			if cmp.Compare(topo.MarketRank(a), topo.MarketRank(b)) != graph.CmpKey(topo.Markets[a].Key, topo.Markets[b].Key) {
				t.Fatalf("%v and %v are ranked %d and %d", topo.Markets[a].Key, topo.Markets[b].Key,
					topo.MarketRank(a), topo.MarketRank(b))
			}
		}
	}
	if many.Version() != 2 {
		t.Errorf("version %d, want one for each time that something was new", many.Version())
	}
	before, want := many.Topology(), describe(many.Topology())
	broken := errors.New("nobody knows")
	err := many.RegisterAll([]market.Key{key("new|A1-A2"), key("v1|A1-X")}, func(string) (market.Asset, error) {
		return market.Asset{}, broken
	})
	if !errors.Is(err, broken) || many.Topology() != before || many.Version() != 2 {
		t.Errorf("%v: the markets before the refused one are registered", err)
	}
	if _, err := many.Register(key("w|A1-A3"), plain); err != nil || describe(before) != want {
		t.Errorf("%v: an old topology changed", err)
	}
}

// TestRegisterIsCheap: what one more market costs does not grow with the markets
// there are, but for the edges of its assets.
func TestRegisterIsCheap(t *testing.T) {
	g := newGraph(t)
	var keys []market.Key
	for i := range 40_000 {
		keys = append(keys, key(fmt.Sprintf("v%d|A%d-USD", i%200, i/200)))
	}
	if err := g.RegisterAll(keys, plain); err != nil {
		t.Fatal(err)
	}
	const more = 500
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range more {
		if _, err := g.Register(key(fmt.Sprintf("w%d|A%d-USD", i%50, i/50)), plain); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	// All markets are some 4 MB; the list of them doubles its room once.
	if bytes := (after.TotalAlloc - before.TotalAlloc) / more; bytes > 100_000 {
		t.Errorf("one more than 40,000 markets costs %d bytes", bytes)
	}
}
