package graph_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"chronos.dev/book"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

func key(s string) market.Key {
	venue, pair, _ := strings.Cut(s, "|")
	p, err := market.ParsePair(pair)
	if err != nil {
		panic(err)
	}
	return market.Key{Venue: venue, Pair: p}
}

func plain(symbol string) (market.Asset, error) { return market.Asset{Symbol: symbol}, nil }

func newGraph(t *testing.T, keys ...string) *graph.Graph {
	t.Helper()
	g, err := graph.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if _, err := g.Register(key(k), plain); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name   string
		assets []market.Asset
		want   string
	}{
		{"no symbol", []market.Asset{{}}, `graph: "" is no asset symbol`},
		{"an asset twice", []market.Asset{{Symbol: "A"}, {Symbol: "A"}}, "graph: asset A is listed twice"},
		{"an engine coarser than the customer", []market.Asset{{Symbol: "A", Scale: 3, EngineScale: 2}},
			"graph: asset A: engine scale 2: want 3 to 18"},
		{"a power of ten that nothing holds", []market.Asset{{Symbol: "A", EngineScale: money.MaxScale + 1}},
			"graph: asset A: engine scale 19: want 0 to 18"},
		{"too many", make1025(), "graph: more than 1024 assets"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := graph.New(tt.assets); err == nil || err.Error() != tt.want {
				t.Errorf("New = %v, want %s", err, tt.want)
			}
		})
	}
}

func TestFinestScale(t *testing.T) {
	g, err := graph.New([]market.Asset{{Symbol: "A", Scale: money.MaxScale, EngineScale: money.MaxScale}})
	if err != nil || g.Version() != 0 {
		t.Errorf("New = %v, want the finest scale to be taken", err)
	}
}

func make1025() []market.Asset {
	var all []market.Asset
	for i := range graph.MaxAssets + 1 {
		all = append(all, market.Asset{Symbol: fmt.Sprintf("A%d", i)})
	}
	return all
}

func TestRegister(t *testing.T) {
	g := newGraph(t, "v|A-B")
	version := g.Version()
	t.Run("a new market is a new version", func(t *testing.T) {
		if version != 1 {
			t.Errorf("version %d after one market, want 1", version)
		}
	})
	t.Run("a market that exists is returned", func(t *testing.T) {
		m, err := g.Register(key("v|A-B"), nil)
		if err != nil || m.ID != 0 || g.Version() != version {
			t.Errorf("Register = %+v, %v; version %d", m, err, g.Version())
		}
	})
	broken := errors.New("nobody knows")
	tests := []struct {
		name  string
		key   market.Key
		asset func(string) (market.Asset, error)
		want  string
	}{
		{"an asset against itself", market.Key{Venue: "v", Pair: market.Pair{Base: "A", Quote: "A"}}, plain,
			"graph: register v|A-A: an asset against itself"},
		{"an asset nobody describes", key("v|A-C"), func(string) (market.Asset, error) { return market.Asset{}, broken }, "nobody knows"},
		{"another asset than asked for", key("v|C-A"), func(string) (market.Asset, error) { return market.Asset{Symbol: "D"}, nil },
			`graph: asked for asset C, told of "D"`},
		{"a description that is refused", key("v|A-C"), func(s string) (market.Asset, error) {
			return market.Asset{Symbol: s, Scale: 9, EngineScale: 8}, nil
		}, "graph: asset C: engine scale 8: want 9 to 18"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := g.Register(tt.key, tt.asset); err == nil || err.Error() != tt.want {
				t.Errorf("Register(%s) = %v, want %s", tt.key, err, tt.want)
			}
			topo := g.Topology()
			if len(topo.Markets) != 1 || len(topo.Assets) != 2 || len(topo.Venues) != 1 || g.Version() != version {
				t.Errorf("a refused market left something behind: %+v", topo)
			}
		})
	}
}

// TestLimits fills the graph to each of its limits: the last one fits, the next
// is a *LimitError and changes nothing.
func TestLimits(t *testing.T) {
	fill := func(name, what string, limit int, key func(i int) market.Key) {
		t.Run(name, func(t *testing.T) {
			g := newGraph(t)
			var keys []market.Key
			for i := range limit {
				keys = append(keys, key(i))
			}
			if err := g.RegisterAll(keys, plain); err != nil {
				t.Fatal(err)
			}
			topo := g.Topology()
			var le *graph.LimitError
			_, err := g.Register(key(limit), plain)
			if !errors.As(err, &le) || le.What != what {
				t.Errorf("one above: %v, want a limit of %s", err, what)
			}
			if g.Topology() != topo {
				t.Error("a refused market changed the topology")
			}
		})
	}
	venue := func(v int, base, quote string) market.Key {
		return market.Key{Venue: fmt.Sprintf("v%d", v), Pair: market.Pair{Base: base, Quote: quote}}
	}
	fill("venues", "venues", graph.MaxVenues, func(i int) market.Key { return venue(i, "A", "B") })
	fill("markets", "markets", graph.MaxMarkets, func(i int) market.Key {
		return venue(i%256, fmt.Sprintf("A%d", i/256/2), string("BC"[i/256%2]))
	})
	fill("assets by base", "assets", graph.MaxAssets-1, func(i int) market.Key { return venue(0, fmt.Sprintf("A%d", i), "B") })
	fill("assets by quote", "assets", graph.MaxAssets-1, func(i int) market.Key { return venue(0, "B", fmt.Sprintf("A%d", i)) })
}

// TestTopology registers markets in two orders: edges list the same names in the
// same order, and what was handed out before does not change.
func TestTopology(t *testing.T) {
	keys := []string{"w|B-A", "v|A-B", "w|A-B", "u|A-C", "u|A-B"}
	slices.Sort(keys)
	var early *graph.Topology
	for range 2 {
		g := newGraph(t, keys[:2]...)
		early = g.Topology()
		before := describe(early)
		for _, k := range keys[2:] {
			if _, err := g.Register(key(k), plain); err != nil {
				t.Fatal(err)
			}
		}
		if after := describe(early); after != before {
			t.Errorf("an old topology changed:\n%s\n%s", before, after)
		}
		want := "A>B u|A-B v|A-B w|A-B w|B-A\nA>C u|A-C\nB>A u|A-B v|A-B w|A-B w|B-A\nC>A u|A-C"
		if got := describe(g.Topology()); got != want {
			t.Errorf("registered as %v:\n%s\nwant\n%s", keys, got, want)
		}
		slices.Reverse(keys)
	}
	id, ok := early.Market(key(keys[len(keys)-1]))
	if _, none := early.Market(key("x|A-B")); !ok || id != 0 && id != 1 || none {
		t.Errorf("Market = %d, %v; of an unknown one %v", id, ok, none)
	}
	if _, ok := early.Asset("Z"); ok {
		t.Error("an unknown asset is known")
	}
}

// describe lists the edges of a topology, by name.
func describe(topo *graph.Topology) string {
	var lines []string
	for from := range topo.Assets {
		for to := range topo.Assets {
			e := topo.Edge(graph.AssetID(from), graph.AssetID(to))
			if e == nil {
				continue
			}
			line := topo.Assets[from].Symbol + ">" + topo.Assets[to].Symbol
			for _, m := range e.Markets {
				line += " " + topo.Markets[m].Key.String()
			}
			lines = append(lines, line)
		}
		out := topo.From(graph.AssetID(from))
		if !slices.IsSortedFunc(out, func(a, b graph.Edge) int { return int(a.To - b.To) }) {
			lines = append(lines, "unsorted")
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestLoad(t *testing.T) {
	g := newGraph(t, "u|A-B", "v|A-B")
	var s graph.Snapshot
	g.Load(&s)
	if u, ok := s.State(0).Usable(1, 1); ok || u.State != book.Awaiting || u.Age != -1 || u.Reason != "no snapshot yet" {
		t.Errorf("a market never heard of: %+v, %v", u, ok)
	}
	before, version := s.State(1), s.Version
	state := graph.NewState(&book.View{State: book.Live, RecvTime: 1}, graph.Scales{}, &market.Fee{})
	g.Topology().Markets[1].Publish(state)
	if v := g.Bump(); v != version+1 {
		t.Errorf("version %d after %d", v, version)
	}
	if s.State(1) != before {
		t.Error("a snapshot changed")
	}
	g.Load(&s)
	if s.State(1) != state || s.State(0) != before || s.Version != version+1 {
		t.Errorf("loaded %v, %v at version %d", s.State(0), s.State(1), s.Version)
	}
}

func TestConsolidate(t *testing.T) {
	g := newGraph(t, "v|A-B", "u|A-B", "w|A-B", "x|B-A", "y|A-B", "v|C-B")
	publish := func(k string, v book.View, fee *market.Fee) {
		id, _ := g.Topology().Market(key(k))
		g.Topology().Markets[id].Publish(graph.NewState(&v, graph.Scales{}, fee))
	}
	fee := &market.Fee{Rate: 250_000} // consolidated books are before fees
	publish("v|A-B", book.View{State: book.Live, RecvTime: 9, PriceScale: 1,
		Bids: []book.Level{level(100, 1), level(90, 2), level(80, 3)}, Asks: []book.Level{level(110, 4)}}, fee)
	publish("u|A-B", book.View{State: book.Live, RecvTime: 9, SizeScale: 2,
		Bids: []book.Level{level(10, 500), level(8, 600)}, Asks: []book.Level{level(10, 700), level(12, 800)}}, fee)
	publish("w|A-B", book.View{State: book.Gapped, Reason: "lost", RecvTime: 9, Bids: []book.Level{level(99, 9)}}, fee)
	publish("x|B-A", book.View{State: book.Live, RecvTime: 9, Bids: []book.Level{level(99, 9)}}, fee)
	publish("y|A-B", book.View{State: book.Live, RecvTime: 9, Bids: []book.Level{level(99, 9)}}, nil)
	var s graph.Snapshot
	g.Load(&s)
	tests := []struct {
		depth int
		want  string
	}{
		{0, "bids u 10 5.00, v 10.0 1, v 9.0 2, u 8 6.00, v 8.0 3, asks u 10 7.00, v 11.0 4, u 12 8.00, out w|A-B lost, y|A-B no fee schedule covers this market now"},
		{2, "bids u 10 5.00, v 10.0 1, asks u 10 7.00, v 11.0 4, out w|A-B lost, y|A-B no fee schedule covers this market now"},
	}
	for _, tt := range tests {
		c := s.Consolidate(market.Pair{Base: "A", Quote: "B"}, tt.depth, 10, 5)
		if got := written(c); got != tt.want {
			t.Errorf("depth %d:\n%s\nwant\n%s", tt.depth, got, tt.want)
		}
	}
	for pair, want := range map[string]bool{"A-B": true, "B-A": true, "C-A": false, "A-Z": false, "Z-A": false, "B-C": false} {
		p, _ := market.ParsePair(pair)
		if got := s.Trades(p); got != want {
			t.Errorf("Trades(%s) = %v", pair, got)
		}
	}
}

func written(c graph.Consolidated) string {
	var parts []string
	quotes := func(name string, qs []graph.Quote) {
		for i, q := range qs {
			p := fmt.Sprintf("%s %s %s", q.Venue, q.Price, q.Size)
			if i == 0 {
				p = name + " " + p
			}
			parts = append(parts, p)
		}
	}
	quotes("bids", c.Bids)
	quotes("asks", c.Asks)
	for i, l := range c.LeftOut {
		p := l.Key.String() + " " + l.Reason
		if i == 0 {
			p = "out " + p
		}
		parts = append(parts, p)
	}
	return strings.Join(parts, ", ")
}

// TestReadersAndWriters registers, publishes and loads at once. Readers find whole
// states only, versions that never fall, and books that never go back.
func TestReadersAndWriters(t *testing.T) {
	g := newGraph(t)
	const rounds, writers = 300, 4
	done := make(chan struct{})
	var write, read sync.WaitGroup
	for w := range writers {
		write.Go(func() {
			m, err := g.Register(key(fmt.Sprintf("v%d|A-B", w)), plain)
			if err != nil {
				t.Error(err)
				return
			}
			for i := range int64(rounds) {
				v := &book.View{State: book.Live, RecvTime: i + 1, Version: uint64(i), Bids: []book.Level{level(i+1, i+1)}}
				m.Publish(graph.NewState(v, graph.Scales{}, &market.Fee{}))
				g.Bump()
				if i%16 == 0 { // others register meanwhile
					_, _ = g.Register(key(fmt.Sprintf("v%d|C%d-B", w, i)), plain)
				}
			}
		})
	}
	for range 4 {
		read.Go(func() {
			var s graph.Snapshot
			last := map[market.Key]uint64{}
			for version := uint64(0); ; {
				select {
				case <-done:
					return
				default:
				}
				g.Load(&s)
				if s.Version < version {
					t.Errorf("version %d after %d", s.Version, version)
				}
				version = s.Version
				for i := range s.Markets {
					k, st := s.Markets[i].Key, s.State(graph.MarketID(i))
					if s.State(graph.MarketID(i)) != st {
						t.Errorf("%s: two states in one snapshot", k)
					}
					if n := len(st.View.Bids); n == 1 && (len(st.Sell.Arcs) != 1 || int64(st.Sell.Arcs[0].In) != st.View.RecvTime) {
						t.Errorf("%s: a state that is not whole: %+v", k, st)
					}
					if st.View.Version < last[k] {
						t.Errorf("%s went back from %d to %d", k, last[k], st.View.Version)
					}
					last[k] = st.View.Version
				}
			}
		})
	}
	write.Wait()
	close(done)
	read.Wait()
	if topo := g.Topology(); len(topo.Markets) != writers+writers*((rounds+15)/16) {
		t.Errorf("%d markets", len(topo.Markets))
	}
}
