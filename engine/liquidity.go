package engine

import (
	"fmt"

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
	market *graph.Market
	scales graph.Scales
	next   *graph.State // nil: what is published still holds
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
// It fails with *NameError, *graph.LimitError or *OwnerError.
func (w *LiquidityWriter) Admit(o *market.Offer) error {
	_, err := w.own(o.Key)
	return err
}

// Offer puts an offer, whose spreads are prices already, in the place of the one of
// the same key. The offer must not change any more. The result is not visible
// before Flush. It fails as Admit does.
func (w *LiquidityWriter) Offer(o *market.Offer) error {
	at, err := w.own(o.Key)
	if err != nil {
		return err
	}
	w.set(at, offerState(o))
	return nil
}

// Withdraw ends what is offered for key, for a reason, at now in Unix nanoseconds.
// The result is not visible before Flush.
func (w *LiquidityWriter) Withdraw(key market.Key, reason string, now int64) {
	if at := w.offers[key]; at != nil {
		w.set(at, &graph.State{View: &book.View{State: book.Awaiting, Reason: reason, ChangedAt: now}})
	}
}

func (w *LiquidityWriter) set(at *offered, s *graph.State) {
	if at.next == nil {
		w.dirty = append(w.dirty, at)
	}
	at.next = s
}

// Flush publishes what changed since the last Flush. An offer ends by itself: whoever
// reads its state looks at the clock.
func (w *LiquidityWriter) Flush() {
	if len(w.dirty) == 0 {
		return
	}
	for _, at := range w.dirty {
		at.market.Publish(at.next)
		at.next = nil
	}
	w.dirty = w.dirty[:0]
	w.e.graph.Bump()
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
	at := &offered{market: m, scales: w.e.scales(m)}
	w.offers[key] = at
	return at, nil
}

// States of an offer beside those of its provider's custody.
const (
	Expired   = "expired"
	Withdrawn = "withdrawn"
)

// OfferStatus is what is known of one provider and pair at one moment.
type OfferStatus struct {
	Key    market.Key
	State  string // of custody, or Expired or Withdrawn
	Usable bool
	Reason string        // why not, "" when usable
	Offer  *market.Offer // nil when withdrawn
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
		s := OfferStatus{Key: key, State: Withdrawn, Usable: ok, Reason: u.Reason, Offer: st.Offer}
		switch o := st.Offer; {
		case o == nil:
		case now >= o.ValidUntil:
			s.State = Expired
		default:
			s.State = o.Custody.String()
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

// offerState is the state of an offer. It has no sides yet.
func offerState(o *market.Offer) *graph.State {
	return &graph.State{Offer: o, View: &book.View{
		State: book.Live, Epoch: 1, Seq: o.Seq, VenueTime: o.Time, RecvTime: o.RecvTime, Origin: o.Origin,
	}}
}
