package graph

import (
	"fmt"
	"maps"
	"slices"

	"chronos.dev/market"
	"chronos.dev/money"
)

// draft is a topology in the making. It shares what it can with the one before:
// lists that only grow are appended to beyond what that one sees, which nobody
// else does, for registration is under a lock; maps and the edges of an asset are
// cloned before they are written to.
type draft struct {
	t     *Topology
	own   []bool // by AssetID: whether its edges are cloned
	named bool   // whether assetIDs and venueIDs are cloned
}

func (t *Topology) draft() *draft {
	c := *t
	c.edges = slices.Clone(t.edges)
	return &draft{t: &c, own: make([]bool, len(t.Assets))}
}

// add adds a market, if it is not there yet.
func (d *draft) add(key market.Key, asset func(string) (market.Asset, error)) error {
	t := d.t
	switch {
	case t.find(key) != nil:
		return nil
	case key.Pair.Base == key.Pair.Quote:
		return fmt.Errorf("graph: register %s: an asset against itself", key)
	case len(t.Markets) == MaxMarkets:
		return &LimitError{"markets", MaxMarkets}
	}
	base, err := d.assetFor(key.Pair.Base, asset)
	if err != nil {
		return err
	}
	quote, err := d.assetFor(key.Pair.Quote, asset)
	if err != nil {
		return err
	}
	v, err := d.venueFor(key.Venue)
	if err != nil {
		return err
	}
	pair := PairID(len(t.tallies))
	if e := t.Edge(base, quote); e != nil {
		pair = e.Pair
	} else {
		t.tallies = append(t.tallies, new(tally))
	}
	m := Market{
		ID: MarketID(len(t.Markets)), Key: key, Venue: v, Base: base, Quote: quote, Pair: pair,
		slot: &slot{pair: t.tallies[pair]},
	}
	m.slot.state.Store(awaiting)
	t.Markets, t.slots = append(t.Markets, m), append(t.slots, m.slot)
	d.link(base, quote, &m)
	d.link(quote, base, &m)
	return nil
}

// link adds a market to the edge from -> to, at its place.
func (d *draft) link(from, to AssetID, m *Market) {
	t := d.t
	if !d.own[from] {
		d.own[from], t.edges[from] = true, slices.Clone(t.edges[from])
	}
	out := t.edges[from]
	i, ok := slices.BinarySearchFunc(out, to, func(e Edge, to AssetID) int { return int(e.To - to) })
	if !ok {
		t.edges[from] = slices.Insert(out, i, Edge{from, to, m.Pair, []MarketID{m.ID}})
		return
	}
	at, _ := t.place(out[i].Markets, m.Key)
	old := out[i].Markets
	more := append(make([]MarketID, 0, len(old)+1), old[:at]...)
	out[i].Markets = append(append(more, m.ID), old[at:]...)
}

// names makes the maps of names the draft's own.
func (d *draft) names() {
	if !d.named {
		d.named = true
		d.t.assetIDs, d.t.venueIDs = maps.Clone(d.t.assetIDs), maps.Clone(d.t.venueIDs)
	}
}

func (d *draft) assetFor(symbol string, asset func(string) (market.Asset, error)) (AssetID, error) {
	if id, ok := d.t.assetIDs[symbol]; ok {
		return id, nil
	}
	a, err := asset(symbol)
	if err != nil {
		return 0, err
	}
	if a.Symbol != symbol {
		return 0, fmt.Errorf("graph: asked for asset %s, told of %q", symbol, a.Symbol)
	}
	if err := d.addAsset(a); err != nil {
		return 0, err
	}
	return d.t.assetIDs[symbol], nil
}

func (d *draft) addAsset(a market.Asset) error {
	t := d.t
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
	d.names()
	t.assetIDs[a.Symbol] = AssetID(len(t.Assets))
	t.Assets = append(t.Assets, a)
	t.edges = append(t.edges, nil)
	d.own = append(d.own, true)
	return nil
}

func (d *draft) venueFor(name string) (VenueID, error) {
	if id, ok := d.t.venueIDs[name]; ok {
		return id, nil
	}
	if len(d.t.Venues) == MaxVenues {
		return 0, &LimitError{"venues", MaxVenues}
	}
	d.names()
	id := VenueID(len(d.t.Venues))
	d.t.Venues = append(d.t.Venues, name)
	d.t.venueIDs[name] = id
	return id, nil
}
