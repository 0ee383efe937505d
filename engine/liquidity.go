package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"chronos.dev/book"
	"chronos.dev/graph"
	"chronos.dev/market"
)

// LiquidityWriter publishes the offers of treasury providers. It belongs to one
// goroutine, or to several that take turns. An engine has one.
type LiquidityWriter struct {
	e      *Engine
	offers map[market.Key]*offered
	dirty  []*offered
}

// offered is what one provider offers for one pair, and where it is published.
type offered struct {
	market      *graph.Market
	base, quote market.Asset

	offer  *market.Offer // nil: none
	reason string        // why none
	since  int64
	halt   string // why an operator has taken it out, "" is not
	halted int64  // since when

	dirty bool
}

// NameError reports a provider with the name of a venue that has books, or a book
// of a venue with the name of a provider. The cure is another name for one of them:
// a request that leaves out a venue by its name must not leave out two.
type NameError struct {
	Name     string
	Provider bool // the name is a provider's, and the book was refused
}

func (e *NameError) Error() string {
	if e.Provider {
		return fmt.Sprintf("engine: %s is a treasury provider, so no venue of this name can have books", e.Name)
	}
	return fmt.Sprintf("engine: %s is a venue with books, so no treasury provider can have this name", e.Name)
}

// Liquidity returns the writer of offers.
func (e *Engine) Liquidity() *LiquidityWriter {
	return &LiquidityWriter{e: e, offers: make(map[market.Key]*offered)}
}

// Admit makes the market of an offer known and says whether the offer can be kept.
// It fails with *market.TierError, *NameError, *graph.LimitError or *OwnerError.
func (w *LiquidityWriter) Admit(o *market.Offer) error {
	at, err := w.own(o.Key)
	if err != nil {
		return err
	}
	err = o.Check(at.base, at.quote)
	if err != nil && at.offer == nil {
		// Or nobody would see why there is none.
		at.reason, at.since = "refused: "+strings.TrimPrefix(err.Error(), "market: "), o.RecvTime
		w.touch(at)
	}
	return err
}

// Offer puts an offer in the place of the one of the same key. It was admitted, and
// must not change any more. The result is not visible before Flush. It fails as
// Admit does.
func (w *LiquidityWriter) Offer(o *market.Offer) error {
	if err := w.Admit(o); err != nil {
		return err
	}
	at := w.offers[o.Key]
	at.offer = o
	w.touch(at)
	return nil
}

// Withdraw ends what is offered for key, for a reason, at now in Unix nanoseconds.
// The result is not visible before Flush.
func (w *LiquidityWriter) Withdraw(key market.Key, reason string, now int64) {
	if at := w.offers[key]; at != nil {
		at.offer, at.reason, at.since = nil, reason, now
		w.touch(at)
	}
}

// Halt takes the offers for key out until Resume, for a reason, and reports false
// if there never was one. The result is not visible before Flush.
func (w *LiquidityWriter) Halt(key market.Key, reason string, now int64) bool {
	at := w.offers[key]
	if at != nil {
		at.halt, at.halted = reason, now
		w.touch(at)
	}
	return at != nil
}

// Resume ends a Halt: the newest offer is used again. It reports what Halt does. The
// result is not visible before Flush.
func (w *LiquidityWriter) Resume(key market.Key) bool {
	at := w.offers[key]
	if at != nil && at.halt != "" {
		at.halt = ""
		w.touch(at)
	}
	return at != nil
}

func (w *LiquidityWriter) touch(at *offered) {
	if !at.dirty {
		at.dirty = true
		w.dirty = append(w.dirty, at)
	}
}

// Flush publishes what changed since the last Flush. An offer ends by itself: whoever
// reads its state looks at the clock.
func (w *LiquidityWriter) Flush() {
	if len(w.dirty) == 0 {
		return
	}
	for _, at := range w.dirty {
		at.dirty = false
		at.market.Publish(at.state())
	}
	w.dirty = w.dirty[:0]
	w.e.graph.Bump()
}

// state is what is published of an offer.
func (at *offered) state() *graph.State {
	switch {
	case at.halt != "":
		return &graph.State{View: &book.View{State: book.Halted, Reason: at.halt, ChangedAt: at.halted}}
	case at.offer == nil:
		v := &book.View{State: book.Awaiting, Reason: at.reason, ChangedAt: at.since}
		return &graph.State{View: v, Why: graph.WhyWithdrawn}
	}
	return graph.NewOffer(at.offer, graph.Scales{Base: at.base.EngineScale, Quote: at.quote.EngineScale})
}

func (w *LiquidityWriter) own(key market.Key) (*offered, error) {
	if at := w.offers[key]; at != nil {
		return at, nil
	}
	m, err := w.e.register(key, w, true)
	if err != nil {
		w.e.stats.refused.Add(1)
		return nil, err
	}
	t := w.e.graph.Topology()
	at := &offered{market: m, base: t.Assets[m.Base], quote: t.Assets[m.Quote]}
	w.offers[key] = at
	return at, nil
}

// States of an offer beside those of its provider's custody.
const (
	Expired   = graph.WhyExpired
	Halted    = "halted" // by an operator
	Unpriced  = graph.WhyUnpriced
	Empty     = graph.WhyEmpty
	Withdrawn = graph.WhyWithdrawn
)

// OfferStatus is what is known of one provider and pair at one moment.
type OfferStatus struct {
	Key    market.Key
	State  string // of custody, or one of the constants above
	Usable bool
	Reason string        // why not, "" when usable
	Offer  *market.Offer // nil when withdrawn or halted

	state *graph.State
}

// Tier says why tier i of Sell, or of Buy, is in no price, "" if it is in prices or
// if the offer is in none.
func (s *OfferStatus) Tier(sell bool, i int) string {
	if !s.Usable {
		return ""
	}
	tiers, side := s.Offer.Buy, &s.state.Buy
	if sell {
		tiers, side = s.Offer.Sell, &s.state.Sell
	}
	pair, waits := market.Waits(tiers, i)
	switch {
	case waits:
		return graph.NoReference(pair)
	case !slices.ContainsFunc(side.Options, func(o graph.Option) bool { return o.Tier == i }):
		return "nothing is left of it after its fees, or it is too large to be counted"
	}
	return ""
}

// Offers returns the status of every provider and pair at now, in the order of
// registration.
func (e *Engine) Offers(now int64) []OfferStatus {
	var snap graph.Snapshot
	e.graph.Load(&snap)
	var all []OfferStatus
	providers := e.providers()
	for i := range snap.Markets {
		key := snap.Markets[i].Key
		if !providers[key.Venue] {
			continue
		}
		st := snap.State(graph.MarketID(i))
		u, ok := st.Usable(now, int64(e.opts.StaleAfter))
		s := OfferStatus{Key: key, State: Withdrawn, Usable: ok, Reason: u.Reason, state: st}
		switch o := st.Offer; {
		case o != nil:
			s.Offer, s.State = o, o.Custody.String()
			if u.Why != "" && u.Why != graph.WhyCustody {
				s.State = u.Why
			}
		case u.State == book.Halted:
			s.State = Halted
		}
		all = append(all, s)
	}
	return all
}

// register makes a market known and w its owner: a Writer, or for a provider a
// LiquidityWriter.
func (e *Engine) register(key market.Key, w any, provider bool) (*graph.Market, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if is, ok := e.kinds[key.Venue]; ok && is != provider {
		if provider {
			e.taken[key.Venue] = true // at most one a venue
		}
		return nil, &NameError{Name: key.Venue, Provider: is}
	}
	m, err := e.graph.Register(key, e.describe)
	if err != nil {
		return nil, err
	}
	e.kinds[key.Venue] = provider
	switch {
	case w == nil:
	case e.owners[m.ID] == nil:
		e.owners[m.ID] = w
	case e.owners[m.ID] != w:
		return nil, &OwnerError{key}
	}
	return m, nil
}

// RefusedProviders returns the names, in order, under which offers came that are those
// of venues with books. See NameError.
func (e *Engine) RefusedProviders() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Sorted(maps.Keys(e.taken))
}

// providers returns the names of the treasury providers.
func (e *Engine) providers() map[string]bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	names := map[string]bool{}
	for name, provider := range e.kinds {
		if provider {
			names[name] = true
		}
	}
	return names
}

// scales returns the engine scales of a market's assets.
func (e *Engine) scales(m *graph.Market) graph.Scales {
	t := e.graph.Topology()
	return graph.Scales{Base: t.Assets[m.Base].EngineScale, Quote: t.Assets[m.Quote].EngineScale}
}
