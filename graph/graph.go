// Package graph merges all books into who-turns-into-whom and publishes it
// without locks for readers.
//
// Assets are nodes. A Market is one instrument at one venue; its book gives two
// Sides, sell base for quote and buy base with quote, as integer Arcs after
// fees. An Edge is an ordered pair of assets with the Sides of all markets that
// trade it.
//
// A market's State has one writer, the goroutine that owns its book, and is
// replaced whole through an atomic pointer. A reader loads the states it needs
// once, into a Snapshot, and works on that: nothing it holds ever changes. The
// Topology (which assets, venues and markets exist) is immutable too and is
// replaced under a lock that only registration takes.
package graph

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"chronos.dev/market"
	"chronos.dev/money"
)

// AssetID, VenueID and MarketID are dense numbers, private to a process.
type (
	AssetID  int32
	VenueID  int32
	MarketID int32
)

// Limits on what may be registered, bounds on memory against a feed that
// invents markets.
const (
	MaxAssets  = 1024
	MaxVenues  = 256
	MaxMarkets = 4096
)

// LimitError reports that a registration would pass a limit. The cure is to
// remove markets from the feed, or to raise the limit and rebuild.
type LimitError struct {
	What  string
	Limit int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("graph: more than %d %s", e.Limit, e.What)
}

// Market is one instrument at one venue.
type Market struct {
	ID          MarketID
	Key         market.Key
	Venue       VenueID
	Base, Quote AssetID
	slot        *slot
}

type slot struct{ state atomic.Pointer[State] }

// Edge is an ordered pair of assets and the markets that trade it. A market
// appears in two edges: From its base (sell) and From its quote (buy).
type Edge struct {
	From, To AssetID
	Markets  []MarketID // by venue and pair, so that ties have the same order in every process
}

// Topology says what exists. It is immutable.
type Topology struct {
	Assets  []market.Asset
	Venues  []string
	Markets []Market

	assetIDs  map[string]AssetID
	venueIDs  map[string]VenueID
	marketIDs map[market.Key]MarketID
	edges     [][]Edge // by From, ascending To
	byName    []AssetID
	rank      []int32 // of assets in byName
}

// Asset returns the id of a symbol.
func (t *Topology) Asset(symbol string) (AssetID, bool) {
	id, ok := t.assetIDs[symbol]
	return id, ok
}

// Venue returns the id of a venue by its name.
func (t *Topology) Venue(name string) (VenueID, bool) {
	id, ok := t.venueIDs[name]
	return id, ok
}

// Market returns the id of a book.
func (t *Topology) Market(key market.Key) (MarketID, bool) {
	id, ok := t.marketIDs[key]
	return id, ok
}

// Rank returns the place of an asset among all by name, which is the same in
// every process that knows the same assets.
func (t *Topology) Rank(a AssetID) int32 { return t.rank[a] }

// ByName returns all assets by name: the asset of each Rank.
func (t *Topology) ByName() []AssetID { return t.byName }

// From returns the edges out of an asset, ascending by To.
func (t *Topology) From(a AssetID) []Edge { return t.edges[a] }

// Edge returns the edge between two assets, nil if nobody trades it.
func (t *Topology) Edge(from, to AssetID) *Edge {
	out := t.edges[from]
	lo, hi := 0, len(out)
	for lo < hi {
		mid := (lo + hi) / 2
		if out[mid].To < to {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(out) && out[lo].To == to {
		return &out[lo]
	}
	return nil
}

// Graph is the merged market.
type Graph struct {
	mu      sync.Mutex // serialises registration only
	topo    atomic.Pointer[Topology]
	version atomic.Uint64
}

// New returns a graph of the given assets and no markets.
func New(assets []market.Asset) (*Graph, error) {
	g := &Graph{}
	t := &Topology{
		assetIDs:  map[string]AssetID{},
		venueIDs:  map[string]VenueID{},
		marketIDs: map[market.Key]MarketID{},
	}
	for _, a := range assets {
		if err := t.addAsset(a); err != nil {
			return nil, err
		}
	}
	t.rankAssets()
	g.topo.Store(t)
	return g, nil
}

// Topology returns what exists now.
func (g *Graph) Topology() *Topology { return g.topo.Load() }

// Version counts publications and registrations.
func (g *Graph) Version() uint64 { return g.version.Load() }

// Register returns the market of key, made if it does not exist. asset is asked
// for assets that are not known yet. It fails with *LimitError, with the error of
// asset, or when key trades an asset against itself. Any goroutine.
func (g *Graph) Register(key market.Key, asset func(symbol string) (market.Asset, error)) (*Market, error) {
	if m := g.topo.Load().find(key); m != nil {
		return m, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.topo.Load()
	if m := old.find(key); m != nil {
		return m, nil
	}
	switch {
	case key.Pair.Base == key.Pair.Quote:
		return nil, fmt.Errorf("graph: register %s: an asset against itself", key)
	case len(old.Markets) == MaxMarkets:
		return nil, &LimitError{"markets", MaxMarkets}
	}
	t := old.clone()
	base, err := t.assetFor(key.Pair.Base, asset)
	if err != nil {
		return nil, err
	}
	quote, err := t.assetFor(key.Pair.Quote, asset)
	if err != nil {
		return nil, err
	}
	v, err := t.venueFor(key.Venue)
	if err != nil {
		return nil, err
	}
	m := Market{
		ID: MarketID(len(t.Markets)), Key: key, Venue: v, Base: base, Quote: quote,
		slot: new(slot),
	}
	m.slot.state.Store(awaiting)
	t.Markets = append(t.Markets, m)
	t.marketIDs[key] = m.ID
	t.link(base, quote, m.ID)
	t.link(quote, base, m.ID)
	t.rankAssets()
	g.topo.Store(t)
	g.version.Add(1)
	return &t.Markets[m.ID], nil
}

// Publish makes s the state of m. Only the goroutine that owns the book of m
// may call it. Bump must follow once the batch is complete.
func (m *Market) Publish(s *State) { m.slot.state.Store(s) }

// Bump gives the graph a new version after a batch of Publish calls.
func (g *Graph) Bump() uint64 { return g.version.Add(1) }

// Snapshot is a set of states that never change.
type Snapshot struct {
	*Topology
	Version uint64   // of the graph, read before the states
	States  []*State // by MarketID
}

// Load fills s with what is published now, reusing its memory. Each state is
// whole; states of different markets may be of slightly different moments, as
// the venues' messages are.
func (g *Graph) Load(s *Snapshot) {
	s.Version = g.version.Load()
	s.Topology = g.topo.Load()
	s.States = s.States[:0]
	for i := range s.Markets {
		s.States = append(s.States, s.Markets[i].slot.state.Load())
	}
}

// CmpKey orders markets by venue, then by pair.
func CmpKey(a, b market.Key) int {
	return cmp.Or(
		cmp.Compare(a.Venue, b.Venue),
		cmp.Compare(a.Pair.Base, b.Pair.Base),
		cmp.Compare(a.Pair.Quote, b.Pair.Quote),
	)
}

func (t *Topology) find(key market.Key) *Market {
	if id, ok := t.marketIDs[key]; ok {
		return &t.Markets[id]
	}
	return nil
}

func (t *Topology) clone() *Topology {
	c := &Topology{
		Assets:    slices.Clone(t.Assets),
		Venues:    slices.Clone(t.Venues),
		Markets:   slices.Clone(t.Markets),
		assetIDs:  maps.Clone(t.assetIDs),
		venueIDs:  maps.Clone(t.venueIDs),
		marketIDs: maps.Clone(t.marketIDs),
		edges:     make([][]Edge, len(t.edges)),
		byName:    t.byName,
		rank:      t.rank,
	}
	for i, out := range t.edges {
		c.edges[i] = slices.Clone(out)
	}
	return c
}

func (t *Topology) addAsset(a market.Asset) error {
	switch {
	case !market.ValidSymbol(a.Symbol):
		return fmt.Errorf("graph: %q is no asset symbol", a.Symbol)
	case len(t.Assets) == MaxAssets:
		return &LimitError{"assets", MaxAssets}
	case a.EngineScale < a.Scale || a.EngineScale > money.MaxScale:
		return fmt.Errorf("graph: asset %s: engine scale %d: want %d to %d",
			a.Symbol, a.EngineScale, a.Scale, money.MaxScale)
	}
	if _, ok := t.assetIDs[a.Symbol]; ok {
		return fmt.Errorf("graph: asset %s is listed twice", a.Symbol)
	}
	t.assetIDs[a.Symbol] = AssetID(len(t.Assets))
	t.Assets = append(t.Assets, a)
	t.edges = append(t.edges, nil)
	return nil
}

// rankAssets orders the assets by name. The old topology's ranks are not written
// to.
func (t *Topology) rankAssets() {
	if len(t.rank) == len(t.Assets) {
		return
	}
	ids := make([]AssetID, len(t.Assets))
	for i := range ids {
		ids[i] = AssetID(i)
	}
	slices.SortFunc(ids, func(a, b AssetID) int { return cmp.Compare(t.Assets[a].Symbol, t.Assets[b].Symbol) })
	t.byName, t.rank = ids, make([]int32, len(ids))
	for i, id := range ids {
		t.rank[id] = int32(i)
	}
}

func (t *Topology) assetFor(symbol string, asset func(string) (market.Asset, error)) (AssetID, error) {
	if id, ok := t.assetIDs[symbol]; ok {
		return id, nil
	}
	a, err := asset(symbol)
	if err != nil {
		return 0, err
	}
	if a.Symbol != symbol {
		return 0, fmt.Errorf("graph: asked for asset %s, told of %q", symbol, a.Symbol)
	}
	if err := t.addAsset(a); err != nil {
		return 0, err
	}
	return t.assetIDs[symbol], nil
}

func (t *Topology) venueFor(name string) (VenueID, error) {
	if id, ok := t.venueIDs[name]; ok {
		return id, nil
	}
	if len(t.Venues) == MaxVenues {
		return 0, &LimitError{"venues", MaxVenues}
	}
	id := VenueID(len(t.Venues))
	t.Venues = append(t.Venues, name)
	t.venueIDs[name] = id
	return id, nil
}

// link adds market m to the edge from -> to, at its place. Slices of the old
// topology are not written to.
func (t *Topology) link(from, to AssetID, m MarketID) {
	out := t.edges[from]
	i := 0
	for i < len(out) && out[i].To < to {
		i++
	}
	if i < len(out) && out[i].To == to {
		at, _ := slices.BinarySearchFunc(out[i].Markets, m, func(a, b MarketID) int {
			return CmpKey(t.Markets[a].Key, t.Markets[b].Key)
		})
		out[i].Markets = slices.Insert(slices.Clone(out[i].Markets), at, m)
		return
	}
	t.edges[from] = slices.Insert(out, i, Edge{From: from, To: to, Markets: []MarketID{m}})
}
