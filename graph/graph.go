// Package graph merges all books into who-turns-into-whom and publishes it
// without locks for readers.
//
// Assets are nodes. A Market is one instrument at one venue; its book gives two
// Sides, sell base for quote and buy base with quote, as integer Arcs after
// fees. An Edge is an ordered pair of assets with the Sides of all markets that
// trade it.
//
// A market's State has one writer, the goroutine that owns its book, and is
// replaced whole through an atomic pointer. A reader takes the states it needs
// once, through a Snapshot, and works on those: nothing it holds ever changes. The
// Topology (which assets, venues and markets exist) is immutable too and is
// replaced under a lock that only registration takes.
package graph

import (
	"fmt"
	"sync"
	"sync/atomic"

	"chronos.dev/market"
)

// AssetID, VenueID, MarketID and PairID are dense numbers, private to a process. A
// PairID is two assets that some market trades, whichever is its base.
type (
	AssetID  int32
	VenueID  int32
	MarketID int32
	PairID   int32
)

// Limits on what may be registered, bounds on memory against a feed that
// invents markets. A market without a book costs about 200 bytes; MaxMarkets are
// 1,000 assets against two others at 100 venues, and some.
const (
	MaxAssets  = 1024
	MaxVenues  = 256
	MaxMarkets = 1 << 18
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
	Pair        PairID
	slot        *slot
}

type slot struct {
	state atomic.Pointer[State]
	pair  *tally
}

// tally counts publications of a pair, on a cache line of its own: more are begun
// than done while a state is being replaced.
type tally struct {
	begun, done atomic.Uint64
	_           [48]byte
}

// Edge is an ordered pair of assets and the markets that trade it. A market
// appears in two edges: From its base (sell) and From its quote (buy).
type Edge struct {
	From, To AssetID
	Pair     PairID
	Markets  []MarketID // by venue and pair, so that ties have the same order in every process
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
	t := &Topology{assetIDs: map[string]AssetID{}, venueIDs: map[string]VenueID{}}
	d := &draft{t: t, named: true}
	for _, a := range assets {
		if err := d.addAsset(a); err != nil {
			return nil, err
		}
	}
	t.order()
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
	if err := g.RegisterAll([]market.Key{key}, asset); err != nil {
		return nil, err
	}
	return g.topo.Load().find(key), nil
}

// RegisterAll is Register of many markets at once, or of none if one of them is
// refused. What it costs beside is paid once, so it is for thousands of them.
func (g *Graph) RegisterAll(keys []market.Key, asset func(symbol string) (market.Asset, error)) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.topo.Load()
	d := old.draft()
	for _, key := range keys {
		if err := d.add(key, asset); err != nil {
			return err
		}
	}
	if len(d.t.Markets) > len(old.Markets) {
		d.t.order()
		g.topo.Store(d.t)
		g.version.Add(1)
	}
	return nil
}

// Publish makes s the state of m. Only the goroutine that owns the book of m
// may call it. Bump must follow once the batch is complete.
func (m *Market) Publish(s *State) {
	m.slot.pair.begun.Add(1)
	m.slot.state.Store(s)
	m.slot.pair.done.Add(1)
}

// Bump gives the graph a new version after a batch of Publish calls.
func (g *Graph) Bump() uint64 { return g.version.Add(1) }
