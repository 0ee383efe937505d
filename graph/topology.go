package graph

import (
	"cmp"
	"slices"

	"chronos.dev/market"
)

// Topology says what exists. It is immutable: a later one shares its memory as far
// as they are the same.
type Topology struct {
	Assets  []market.Asset
	Venues  []string
	Markets []Market

	assetIDs map[string]AssetID
	venueIDs map[string]VenueID
	edges    [][]Edge // by From, ascending To
	tallies  []*tally // by PairID
	slots    []*slot  // by MarketID
	byName   []AssetID
	rank     []int32 // of assets in byName
	venues   []int32 // rank by name, by VenueID
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
	if m := t.find(key); m != nil {
		return m.ID, true
	}
	return 0, false
}

// Rank returns the place of an asset among all by name, which is the same in
// every process that knows the same assets.
func (t *Topology) Rank(a AssetID) int32 { return t.rank[a] }

// MarketRank orders markets as CmpKey does.
func (t *Topology) MarketRank(id MarketID) uint64 {
	m := &t.Markets[id]
	return uint64(t.venues[m.Venue])<<32 | uint64(t.rank[m.Base])<<16 | uint64(t.rank[m.Quote])
}

// ByName returns all assets by name: the asset of each Rank.
func (t *Topology) ByName() []AssetID { return t.byName }

// From returns the edges out of an asset, ascending by To.
func (t *Topology) From(a AssetID) []Edge { return t.edges[a] }

// Pairs returns the number of pairs that some market trades: a PairID is below it.
func (t *Topology) Pairs() int { return len(t.tallies) }

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

// CmpKey orders markets by venue, then by pair.
func CmpKey(a, b market.Key) int {
	return cmp.Or(
		cmp.Compare(a.Venue, b.Venue),
		cmp.Compare(a.Pair.Base, b.Pair.Base),
		cmp.Compare(a.Pair.Quote, b.Pair.Quote),
	)
}

// find looks a market up in the edge of its assets.
func (t *Topology) find(key market.Key) *Market {
	base, okBase := t.assetIDs[key.Pair.Base]
	quote, okQuote := t.assetIDs[key.Pair.Quote]
	if !okBase || !okQuote {
		return nil
	}
	e := t.Edge(base, quote)
	if e == nil {
		return nil
	}
	if at, ok := t.place(e.Markets, key); ok {
		return &t.Markets[e.Markets[at]]
	}
	return nil
}

// place is where a key stands among the markets of an edge.
func (t *Topology) place(markets []MarketID, key market.Key) (at int, ok bool) {
	return slices.BinarySearchFunc(markets, key, func(id MarketID, key market.Key) int {
		return CmpKey(t.Markets[id].Key, key)
	})
}

// order ranks assets and venues by name, if there are new ones. The old topology's
// ranks are not written to.
func (t *Topology) order() {
	if len(t.rank) != len(t.Assets) {
		t.byName, t.rank = ranked[AssetID](len(t.Assets), func(a AssetID) string { return t.Assets[a].Symbol })
	}
	if len(t.venues) != len(t.Venues) {
		_, t.venues = ranked[VenueID](len(t.Venues), func(v VenueID) string { return t.Venues[v] })
	}
}

// ranked returns n numbers by their names, and the rank of each.
func ranked[ID ~int32](n int, name func(ID) string) (byName []ID, rank []int32) {
	byName, rank = make([]ID, n), make([]int32, n)
	for i := range byName {
		byName[i] = ID(i)
	}
	slices.SortFunc(byName, func(a, b ID) int { return cmp.Compare(name(a), name(b)) })
	for i, id := range byName {
		rank[id] = int32(i)
	}
	return byName, rank
}
