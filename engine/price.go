package engine

import (
	"fmt"
	"slices"
	"time"

	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Request asks for a price. Exactly one of In and Out is positive, in engine
// minor units.
type Request struct {
	Sell, Buy string // asset symbols that the engine knows, not the same
	In, Out   money.Amount
	MaxHops   int // 0: the engine's
	// Only are the venues to be used, Exclude those that are not; nil: all, none.
	Only, Exclude []string
	Preset        Preset
	MaxSettle     time.Duration // nothing that settles later is used; 0: no limit
}

// Price is an answer: a plan over books as they were, and how good it is.
type Price struct {
	Plan         plan.Plan
	Mids         []Mid // of each hop of the routes, once
	LeftOut      []graph.LeftOut
	GraphVersion uint64
	AsOf         int64         // Unix nanoseconds
	OldestBook   int64         // age of the oldest book used, nanoseconds
	Origin       market.Origin // of the least real book used
}

// Mid is the middle of the best bid and the best ask of one hop over the venues
// that may be used, before fees. Known is false where one of the two is missing.
type Mid struct {
	Give, Get string // symbols of the hop
	Pair      market.Pair
	Bid, Ask  money.Num
	Known     bool
	Inverse   bool // the hop buys the base of Pair: its rate is one over the mid
}

// UnknownAssetError reports a symbol that no market trades and no configuration
// names.
type UnknownAssetError struct{ Symbol string }

func (e *UnknownAssetError) Error() string { return "engine: unknown asset " + e.Symbol }

// UnknownVenueError reports a venue that has no market.
type UnknownVenueError struct{ Venue string }

func (e *UnknownVenueError) Error() string { return "engine: unknown venue " + e.Venue }

// barred returns which venues a request excludes.
func (r *Request) barred(t *graph.Topology) ([]bool, error) {
	if len(r.Only) == 0 && len(r.Exclude) == 0 {
		return nil, nil
	}
	barred := make([]bool, len(t.Venues))
	for i := range barred {
		barred[i] = len(r.Only) > 0
	}
	for _, names := range []struct {
		list []string
		bar  bool
	}{{r.Only, false}, {r.Exclude, true}} {
		for _, name := range names.list {
			id, ok := t.Venue(name)
			if !ok {
				return nil, &UnknownVenueError{name}
			}
			barred[id] = names.bar
		}
	}
	return barred, nil
}

// Price answers r at now. It fails with *UnknownAssetError, *UnknownVenueError
// or the errors of route.Solver.Solve.
func (e *Engine) Price(r Request, now int64) (*Price, error) {
	return e.PriceIn(new(Memory), r, now)
}

// Memory is where a price is written. What it holds is valid until it is used
// again. Its zero value is ready.
type Memory struct {
	price  Price
	answer route.Memory
}

// PriceIn is Price with the answer in m. It allocates nothing once m has held
// answers as large, where the preset is Cheapest and r names no venues.
func (e *Engine) PriceIn(m *Memory, r Request, now int64) (*Price, error) {
	s := e.solvers.Get().(*scratch)
	defer e.solvers.Put(s)
	req, err := e.request(s, &r, now)
	if err != nil {
		return nil, err
	}
	a, err := s.solve(&m.answer, req, r.Preset)
	if err != nil {
		return nil, err
	}
	m.price = Price{Mids: m.price.Mids[:0]}
	e.fill(&m.price, s, a, now)
	return &m.price, nil
}

// Regret is what one venue is worth to a plan: without it, the best plan is Without,
// nil if there is none.
type Regret struct {
	Venue   string
	Without *plan.Plan
}

// Alternatives are what else could be done over the same books.
type Alternatives struct {
	Best  *Price
	Paths []*Price // the best single paths, best first, without bounds
	// Tradeoffs are what is faster, see Engine.Tradeoffs; the first is the cheapest.
	Tradeoffs []*Price
	// Uses are what Best does with each side, Margin what its next unit would bring.
	Uses    []route.Use
	Margin  route.Margin
	Regrets []Regret // of the venues that Best uses, by name
}

// Alternatives answers as Price does and adds the best single paths, at most n,
// and what each venue used is worth. There are no paths where only several
// together can carry r.
func (e *Engine) Alternatives(r Request, n int, now int64) (*Alternatives, error) {
	s := e.solvers.Get().(*scratch)
	defer e.solvers.Put(s)
	req, err := e.request(s, &r, now)
	if err != nil {
		return nil, err
	}
	a, err := s.solve(new(route.Memory), req, r.Preset)
	if err != nil {
		return nil, err
	}
	all := &Alternatives{Best: e.price(s, a, now)}
	if r.Preset != Cheapest { // others were solved after it
		req.MaxSettle = a.Plan.Bound.MaxSettle
		if a, err = s.solver.Solve(&s.snap, req); err != nil {
			return nil, err
		}
	}
	all.Uses, all.Margin = s.solver.Explain(a)
	if all.Tradeoffs, err = e.tradeoffs(s, req, now); err != nil {
		return nil, err
	}
	for _, a := range s.solver.Paths(&s.snap, req, n) {
		all.Paths = append(all.Paths, e.price(s, a, now))
	}
	for _, venue := range all.Best.Plan.Venues() {
		all.Regrets = append(all.Regrets, Regret{venue, s.without(req, venue)})
	}
	return all, nil
}

// without is the best plan that does without a venue, nil if there is none.
func (s *scratch) without(req route.Request, venue string) *plan.Plan {
	barred := make([]bool, len(s.snap.Venues))
	copy(barred, req.Barred)
	if id, ok := s.snap.Venue(venue); ok {
		barred[id] = true
	}
	req.Barred = barred
	a, err := s.solver.Solve(&s.snap, req)
	if err != nil {
		return nil
	}
	return &a.Plan
}

// ChainError reports a route whose hop does not continue the one before: Want is
// the asset at hand there. At the end of the route, where Hop is its length, the
// asset at hand is Want and not the one to buy.
type ChainError struct {
	Hop  int
	Want string
}

func (e *ChainError) Error() string {
	return fmt.Sprintf("engine: hop %d of the route does not continue from %s", e.Hop+1, e.Want)
}

// UnknownMarketError reports a market of a route that nobody trades.
type UnknownMarketError struct {
	Hop int
	Key market.Key
}

func (e *UnknownMarketError) Error() string { return "engine: unknown market " + e.Key.String() }

// Evaluate answers r along a route of the caller's own, one market a hop, and
// beside it as Price does, over the same books. It fails with
// *UnknownMarketError, *ChainError, or the errors of Price.
func (e *Engine) Evaluate(r Request, hops []market.Key, now int64) (own, best *Price, err error) {
	s := e.solvers.Get().(*scratch)
	defer e.solvers.Put(s)
	req, err := e.request(s, &r, now)
	if err != nil {
		return nil, nil, err
	}
	markets, err := chain(&s.snap, req, hops)
	if err != nil {
		return nil, nil, err
	}
	a, err := s.solver.Follow(&s.snap, req, markets)
	if err != nil {
		return nil, nil, err
	}
	own = e.price(s, a, now)
	if a, err = s.solver.Solve(&s.snap, req); err != nil {
		return nil, nil, err
	}
	sides := own.Plan.Bound.Sides
	own.Plan.Bound = a.Plan.Bound // of every plan over these books, however slow
	own.Plan.Bound.Sides = sides
	if r.Preset != Cheapest {
		if a, err = s.solve(new(route.Memory), req, r.Preset); err != nil {
			return nil, nil, err
		}
	}
	return own, e.price(s, a, now), nil
}

// chain finds the markets of a route and checks that they lead from one end of
// the request to the other, to no asset twice.
func chain(snap *graph.Snapshot, req route.Request, hops []market.Key) ([]graph.MarketID, error) {
	at := req.Sell
	been := []graph.AssetID{at}
	var ids []graph.MarketID
	for i, key := range hops {
		id, ok := snap.Market(key)
		if !ok {
			return nil, &UnknownMarketError{i, key}
		}
		m := &snap.Markets[id]
		next := m.Quote
		if at == m.Quote {
			next = m.Base
		}
		if at != m.Base && at != m.Quote || slices.Contains(been, next) {
			return nil, &ChainError{i, snap.Assets[at].Symbol}
		}
		at, been, ids = next, append(been, next), append(ids, id)
	}
	if at != req.Buy || len(hops) > plan.MaxHops {
		return nil, &ChainError{len(hops), snap.Assets[at].Symbol}
	}
	return ids, nil
}

// request pins the books and puts r in their terms.
func (e *Engine) request(s *scratch, r *Request, now int64) (req route.Request, err error) {
	e.graph.Load(&s.snap)
	sell, ok := s.snap.Asset(r.Sell)
	if !ok {
		return req, &UnknownAssetError{r.Sell}
	}
	buy, ok := s.snap.Asset(r.Buy)
	if !ok {
		return req, &UnknownAssetError{r.Buy}
	}
	barred, err := r.barred(s.snap.Topology)
	if err != nil {
		return req, err
	}
	hops := r.MaxHops
	if hops == 0 {
		hops = e.opts.MaxHops
	}
	return route.Request{
		Sell: sell, Buy: buy, In: r.In, Out: r.Out, MaxHops: hops,
		Now: now, StaleAfter: int64(e.opts.StaleAfter), Barred: barred, MaxSettle: r.MaxSettle, Budget: e.opts.Budget,
	}, nil
}

// price says what stood behind an answer.
func (e *Engine) price(s *scratch, a *route.Answer, now int64) *Price {
	p := new(Price)
	e.fill(p, s, a, now)
	return p
}

// fill says it in p.
func (e *Engine) fill(p *Price, s *scratch, a *route.Answer, now int64) {
	p.Plan, p.LeftOut, p.GraphVersion, p.AsOf = a.Plan, a.LeftOut, s.snap.Version, now
	p.Mids = slices.Grow(p.Mids, len(a.Hops))
	for _, h := range a.Hops {
		p.Mids = append(p.Mids, e.mid(&s.snap, h, now))
	}
	for _, id := range a.Used {
		v := s.snap.State(id).View
		p.OldestBook, p.Origin = max(p.OldestBook, now-v.RecvTime), max(p.Origin, v.Origin)
	}
}

// mid finds the best bid and ask of one hop. Markets of the pair's inverse are
// not mixed in: the pair is the one most markets of the hop trade, on a tie the
// one whose base the hop sells.
func (e *Engine) mid(snap *graph.Snapshot, h route.Hop, now int64) Mid {
	markets := snap.Edge(h.From, h.To).Markets
	sells := 0
	for _, id := range markets {
		if snap.Markets[id].Base == h.From {
			sells++
		}
	}
	give, get := snap.Assets[h.From].Symbol, snap.Assets[h.To].Symbol
	m, base := Mid{Give: give, Get: get, Pair: market.Pair{Base: give, Quote: get}}, h.From
	if 2*sells < len(markets) {
		m.Pair.Base, m.Pair.Quote, m.Inverse, base = m.Pair.Quote, m.Pair.Base, true, h.To
	}
	bids, asks := false, false
	for _, id := range markets {
		st := snap.State(id)
		from, until := st.Span(int64(e.opts.StaleAfter))
		if snap.Markets[id].Base != base || now < from || now > until {
			continue
		}
		if v := st.View; len(v.Bids) > 0 {
			bid := money.Num{Coef: int64(v.Bids[0].Price), Scale: v.PriceScale}
			if !bids || bid.Cmp(m.Bid) > 0 {
				m.Bid, bids = bid, true
			}
		}
		if v := st.View; len(v.Asks) > 0 {
			ask := money.Num{Coef: int64(v.Asks[0].Price), Scale: v.PriceScale}
			if !asks || ask.Cmp(m.Ask) < 0 {
				m.Ask, asks = ask, true
			}
		}
	}
	if m.Known = bids && asks; !m.Known {
		m.Bid, m.Ask = money.Num{}, money.Num{}
	}
	return m
}
