// Package engine holds books and graph, applies events and answers requests.
//
// Events come in through Writers, one for each goroutine that owns books (a
// partition of the feed). Requests may come from any goroutine at any time and
// never wait for a writer: they work on what was published last.
//
// The engine does no I/O and reads no clock; every call that needs the time
// takes it, in Unix nanoseconds. The same events and times give the same answers.
package engine

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"chronos.dev/book"
	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/graph"
	"chronos.dev/market"
)

// Defaults of Options.
const (
	DefaultStaleAfter = 2 * time.Second // of silence; a venue that confirms its books does so more often
	DefaultScale      = 8               // decimals of an asset nobody has described
)

// Options say what an engine is to know. The zero value of a field means its
// default.
type Options struct {
	Assets     []market.Asset
	Fees       market.Fees
	DefaultFee *market.Fee   // for markets without a line in Fees; nil: they are not used
	StaleAfter time.Duration // DefaultStaleAfter
	MaxHops    int           // plan.MaxHops
	Budget     int           // of one search, in walks; flow.DefaultBudget

	// Rules returns what books of a venue must know; nil: no checksums, no depth.
	Rules func(key market.Key) market.BookRules
	// Terms returns what a book's venue asks for beside its fee; nil: nothing.
	Terms func(key market.Key) market.Terms
	// Describe returns an asset that is not in Assets, by its symbol; nil:
	// DefaultScale inside and outside.
	Describe func(symbol string) market.Asset
}

// Engine is safe for concurrent use.
type Engine struct {
	opts    Options
	graph   *graph.Graph
	solvers sync.Pool // of *scratch
	stats   stats

	mu     sync.Mutex // guards what follows; writers take it once a book
	owners map[graph.MarketID]any
	kinds  map[string]bool // names of venues; true: a treasury provider
	taken  map[string]bool // names of venues that somebody tried to offer under
}

// stats are counted by writers and read by metrics.
type stats struct {
	events, refused, gaps atomic.Uint64
}

// Stats are counters since the engine was made.
type Stats struct {
	Events  uint64 // applied or dropped by rule
	Refused uint64 // of markets beyond a limit, or of another Writer
	Gaps    uint64 // times a book became gapped
}

// New returns an engine without markets. It fails when the options contradict
// themselves.
func New(opts Options) (*Engine, error) {
	if opts.StaleAfter == 0 {
		opts.StaleAfter = DefaultStaleAfter
	}
	if opts.MaxHops == 0 {
		opts.MaxHops = plan.MaxHops
	}
	if opts.MaxHops < 1 || opts.MaxHops > plan.MaxHops {
		return nil, fmt.Errorf("engine: max hops %d: want 1 to %d", opts.MaxHops, plan.MaxHops)
	}
	if opts.StaleAfter < 0 {
		return nil, fmt.Errorf("engine: stale bound %v is negative", opts.StaleAfter)
	}
	if opts.Describe == nil {
		opts.Describe = func(symbol string) market.Asset {
			return market.Asset{Symbol: symbol, Scale: DefaultScale, EngineScale: DefaultScale}
		}
	}
	g, err := graph.New(opts.Assets)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		opts: opts, graph: g,
		owners: map[graph.MarketID]any{}, kinds: map[string]bool{}, taken: map[string]bool{},
	}
	e.solvers.New = func() any { return new(scratch) }
	return e, nil
}

// scratch is the memory of one request.
type scratch struct {
	solver route.Solver
	snap   graph.Snapshot
}

// Stats returns the counters.
func (e *Engine) Stats() Stats {
	return Stats{e.stats.events.Load(), e.stats.refused.Load(), e.stats.gaps.Load()}
}

// StaleAfter returns the bound of silence.
func (e *Engine) StaleAfter() time.Duration { return e.opts.StaleAfter }

// MaxHops returns the most hops a path may have.
func (e *Engine) MaxHops() int { return e.opts.MaxHops }

// Version returns the version of the graph.
func (e *Engine) Version() uint64 { return e.graph.Version() }

// Register makes the book of key known before anything is heard of it. It fails as
// Writer.Apply does.
func (e *Engine) Register(key market.Key) error {
	_, err := e.register(key, nil, false)
	return err
}

// Knows reports whether the market of key was registered or heard of.
func (e *Engine) Knows(key market.Key) bool {
	_, ok := e.graph.Topology().Market(key)
	return ok
}

// KnowsVenue reports whether a venue has a market.
func (e *Engine) KnowsVenue(name string) bool {
	_, ok := e.graph.Topology().Venue(name)
	return ok
}

// describe returns an asset that no configuration describes.
func (e *Engine) describe(symbol string) (market.Asset, error) {
	return e.opts.Describe(symbol), nil
}

// Asset returns an asset by its symbol.
func (e *Engine) Asset(symbol string) (market.Asset, bool) {
	t := e.graph.Topology()
	id, ok := t.Asset(symbol)
	if !ok {
		return market.Asset{}, false
	}
	return t.Assets[id], true
}

// Assets returns all assets in the order of registration.
func (e *Engine) Assets() []market.Asset { return e.graph.Topology().Assets }

// MarketStatus is what is known of one market at one moment.
type MarketStatus struct {
	Key       market.Key
	Usability graph.Usability
	Usable    bool
	Fee       market.Fee
	HasFee    bool
	View      *book.View
}

// Markets returns the status of every book at now, in the order of registration.
// See Offers for treasury providers.
func (e *Engine) Markets(now int64) []MarketStatus {
	var snap graph.Snapshot
	e.graph.Load(&snap)
	all := make([]MarketStatus, 0, len(snap.Markets))
	providers := e.providers()
	for i := range snap.Markets {
		if providers[snap.Markets[i].Key.Venue] {
			continue
		}
		st := snap.State(graph.MarketID(i))
		u, ok := st.Usable(now, int64(e.opts.StaleAfter))
		all = append(all, MarketStatus{snap.Markets[i].Key, u, ok, st.Fee, st.HasFee, st.View})
	}
	return all
}

// Terms returns what a book's venue asks for beside its fee.
func (e *Engine) Terms(key market.Key) market.Terms {
	if e.opts.Terms == nil {
		return market.Terms{}
	}
	return e.opts.Terms(key)
}

// Book returns the consolidated book of a pair at now, depth levels a side, and
// false when nobody trades exactly this pair.
func (e *Engine) Book(pair market.Pair, depth int, now int64) (graph.Consolidated, uint64, bool) {
	var snap graph.Snapshot
	e.graph.Load(&snap)
	if !snap.Trades(pair) {
		return graph.Consolidated{}, 0, false
	}
	return snap.Consolidate(pair, depth, now, int64(e.opts.StaleAfter)), snap.Version, true
}
