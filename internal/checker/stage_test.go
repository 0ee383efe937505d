package checker_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"chronos.dev/api"
	"chronos.dev/book"
	"chronos.dev/dump"
	"chronos.dev/engine"
	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/internal/checker"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/sim"
	"chronos.dev/treasury"
	"chronos.dev/verify"
)

// epoch is market time zero.
var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).UnixNano()

// stage plays a market to a real engine and asks it for prices, each of which
// goes through the checker, and some through the verifier as JSON.
type stage struct {
	t          testing.TB
	e          *engine.Engine
	w          *engine.Writer
	fees       market.Fees
	settle     func(market.Key) market.Terms
	r          *rand.Rand
	check      *checker.Checker
	lost       map[market.Key]bool // as the events say
	desk       *treasury.Desk
	offers     map[market.Key]*market.Offer // of providers, priced
	perStep    int                          // orders
	verifyEach int                          // one in so many plans
	now        int64
	tally
}

// tally counts what a replay has seen.
type tally struct {
	events, gaps                int
	orders, plans, verified     int
	hops                        [4]int // routes by legs
	exactOut, excluding, shared int    // plans; shared: two routes over one side
	limited                     int    // plans that settle within a time
	tiered                      int    // plans that use a provider
	bound, inLots               int    // plans that use a venue with a least size or a withdrawal fee, with lots
	refused                     map[string]int
	stale                       map[string]bool // venues that were, at a time of an order
	worst                       float64         // certified gap of a plan of no dust that is near its bound, bps
	far                         int             // plans of no dust that are more than a basis point behind it
}

func newStage(t testing.TB, o engine.Options, seed uint64) *stage {
	e, err := engine.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, e: e, w: e.Writer(), fees: o.Fees, settle: o.Terms, r: rand.New(rand.NewPCG(seed, 5)), perStep: 1, verifyEach: 50}
	s.lost, s.desk, s.offers = map[market.Key]bool{}, treasury.New(), map[market.Key]*market.Offer{}
	s.refused, s.stale = map[string]int{}, map[string]bool{}
	return s
}

// event applies one event at the time of the stage and notes what it says of the
// book.
func (s *stage) event(key market.Key, ev *market.Event) {
	s.events++
	ev.RecvTime = s.now
	err := s.w.Apply(key, ev)
	switch {
	case err != nil, ev.Kind == market.Gap:
		s.lost[key] = true
		s.gaps++
	case ev.Kind == market.Snapshot:
		s.lost[key] = false
	}
}

// provide lets the treasury of a simulated market speak.
func (s *stage) provide(m *sim.Market, w *engine.LiquidityWriter) {
	s.t.Helper()
	put := func(priced []*market.Offer, err error) {
		for _, o := range priced {
			err = errors.Join(err, w.Offer(o))
			s.offers[o.Key] = o
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	for _, r := range m.References() {
		put(s.desk.Reference(*r, s.now))
	}
	for _, o := range m.Offers() {
		priced, err := s.desk.Offer(o, s.now)
		put([]*market.Offer{priced}, err)
	}
	w.Flush()
}

// markets returns the books and offers as they are published.
func (s *stage) markets() []checker.Market {
	var all []checker.Market
	for _, m := range s.e.Markets(s.now) {
		x := checker.Market{Key: m.Key, View: m.View, Lost: s.lost[m.Key]}
		if s.settle != nil {
			x.Terms = s.settle(m.Key)
		}
		if f, ok := s.fees.At(m.Key, time.Unix(0, s.now)); ok {
			x.Fee = &f
		}
		all = append(all, x)
	}
	for key, o := range s.offers {
		all = append(all, checker.Market{Key: key, View: &book.View{}, Offer: o})
	}
	slices.SortFunc(all[len(all)-len(s.offers):], func(a, b checker.Market) int {
		return strings.Compare(a.Key.String(), b.Key.String())
	})
	return all
}

// step publishes what was applied and asks for prices.
func (s *stage) step() {
	s.w.Flush(s.now)
	if s.check == nil || s.orders%997 == 0 {
		s.check = checker.New(s.e.Assets()) // also with nothing kept
	}
	all := s.markets()
	for _, m := range all {
		if m.View.State == book.Live && s.now-m.View.RecvTime > int64(s.e.StaleAfter()) {
			s.stale[m.Key.Venue] = true
		}
	}
	for range s.perStep {
		s.ask(all)
	}
}

func (s *stage) ask(all []checker.Market) {
	req, o := s.invent(all)
	s.orders++
	p, err := api.Indicate(s.e, req, s.now)
	if err != nil {
		s.refuse(req, err)
		return
	}
	s.plans++
	if req.Preset != engine.Cheapest { // it sets a limit of its own
		limit := p.Plan.Bound.MaxSettle
		if o.MaxSettle > 0 && (limit == 0 || limit > o.MaxSettle) {
			s.t.Fatalf("%+v: settles within %v", req, limit)
		}
		o.MaxSettle = limit
	}
	if faults := s.check.Check(o, all, &p.Plan); len(faults) > 0 {
		s.t.Fatalf("order %d, %+v at %v: %v\n%+v", s.orders, req, time.Duration(s.now-epoch), faults, p.Plan)
	}
	s.count(&p.Plan)
	if s.plans%s.verifyEach == 0 {
		s.verified++
		quote := api.AppendPrice(nil, p, api.Meta{Source: "replay"})
		if f := verify.Verify(dump.Append(nil, s.e, s.now), quote); len(f) > 0 {
			s.t.Fatalf("order %d, %+v: the verifier says %v\n%s", s.orders, req, f, quote)
		}
	}
}

// refuse counts an order that has no plan. Only the refusals that exist may come.
func (s *stage) refuse(req engine.Request, err error) {
	var (
		none  *route.NoRouteError
		stale *route.StaleError
		depth *route.DepthError
	)
	switch {
	case errors.As(err, &none):
		s.refused["no route: "+none.Reason]++
	case errors.As(err, &stale):
		s.refused["stale"]++
	case errors.As(err, &depth):
		s.refused["depth"]++
	default:
		s.t.Fatalf("%+v: %v", req, err)
	}
}

func (s *stage) count(p *plan.Plan) {
	sides, tiers, bound, lots := map[string]int{}, 0, 0, 0
	for _, r := range p.Routes {
		s.hops[len(r.Legs)]++
		for _, l := range r.Legs {
			sides[l.Key.String()+l.Action.String()]++
			if l.HasTier {
				tiers = 1
			} else if s.settle != nil {
				a := s.settle(l.Key)
				if a.Lot.Coef > 0 {
					lots = 1
				}
				if a.MinSize.Coef+a.WithdrawBase.Coef > 0 {
					bound = 1
				}
			}
		}
	}
	s.tiered, s.bound, s.inLots = s.tiered+tiers, s.bound+bound, s.inLots+lots
	for _, n := range sides {
		if n > 1 {
			s.shared++
			break
		}
	}
	gap := float64(p.Bound.Amount-p.Out) / float64(p.Out)
	if p.ExactOut {
		s.exactOut++
		gap = float64(p.In-p.Bound.Amount) / float64(p.In)
	}
	if p.Bound.MaxSettle > 0 {
		s.limited++
	}
	if len(p.Bound.Barred) > 0 {
		s.excluding++
	}
	switch {
	case min(p.In, p.Out) < 1_000_000_000: // where a unit is more than rounding
	case gap > 1e-4:
		s.far++
	default:
		s.worst = max(s.worst, gap*1e4)
	}
}

// invent makes an order between two assets that books connect: of dust, of any
// size, of about all depth, or of more.
func (s *stage) invent(all []checker.Market) (engine.Request, *checker.Order) {
	req := engine.Request{MaxHops: 1 + s.r.IntN(3)}
	sell, buy := s.ends(all, 1+s.r.IntN(req.MaxHops))
	req.Sell, req.Buy = sell, buy
	if s.r.IntN(3) == 0 {
		req.Out = s.amount(all, buy)
	} else {
		req.In = s.amount(all, sell)
	}
	for s.r.IntN(6) == 0 {
		if v := all[s.r.IntN(len(all))].Key.Venue; !slices.Contains(req.Exclude, v) {
			req.Exclude = append(req.Exclude, v)
		}
	}
	if s.settle != nil && s.r.IntN(5) == 0 {
		req.MaxSettle = time.Duration(1+s.r.IntN(6)) * time.Minute
	}
	if s.settle != nil && s.r.IntN(5) == 0 {
		req.Preset = []engine.Preset{engine.Fast, engine.Balanced}[s.r.IntN(2)]
	}
	return req, &checker.Order{
		Sell: sell, Buy: buy, In: req.In, Out: req.Out, MaxHops: req.MaxHops, Exclude: req.Exclude, MaxSettle: req.MaxSettle,
		Now: s.now, StaleAfter: s.e.StaleAfter(),
	}
}

// ends walks so many books from one asset to another.
func (s *stage) ends(all []checker.Market, books int) (sell, buy string) {
	for sell == buy {
		p := s.live(all)
		if s.r.IntN(2) == 0 {
			p.Base, p.Quote = p.Quote, p.Base
		}
		sell, buy = p.Base, p.Quote
		for n := 1; n < books; {
			q := s.live(all)
			switch buy {
			case q.Base:
				buy, n = q.Quote, n+1
			case q.Quote:
				buy, n = q.Base, n+1
			}
		}
	}
	return sell, buy
}

// live returns the pair of a book, most often of one that is live.
func (s *stage) live(all []checker.Market) market.Pair {
	for {
		m := all[s.r.IntN(len(all))]
		if m.View.State == book.Live && s.now-m.View.RecvTime <= int64(s.e.StaleAfter()) || s.r.IntN(20) == 0 {
			return m.Key.Pair
		}
	}
}

func (s *stage) amount(all []checker.Market, symbol string) money.Amount {
	a, _ := s.e.Asset(symbol)
	depth := depthOf(all, symbol) * math.Pow10(int(a.EngineScale))
	x := 0.0
	switch s.r.IntN(8) {
	case 0:
		x = math.Exp(s.r.Float64() * math.Log(1000))
	case 1:
		x = depth * (0.3 + s.r.Float64())
	case 2:
		x = depth * 30 * s.r.Float64()
	default:
		x = math.Exp(s.r.Float64() * math.Log(depth+2))
	}
	return money.Amount(min(max(x, 1), 9e18))
}

// depthOf is about how much of an asset the books hold within a third of the best
// prices.
func depthOf(all []checker.Market, symbol string) (sum float64) {
	for _, m := range all {
		base, quote := m.Key.Pair.Base == symbol, m.Key.Pair.Quote == symbol
		if !base && !quote {
			continue
		}
		v := m.View
		for _, side := range [][]book.Level{v.Bids, v.Asks} {
			for _, l := range side {
				if off := float64(l.Price) / float64(side[0].Price); off < 0.67 || off > 1.5 {
					break
				}
				x := float64(l.Size) / math.Pow10(int(v.SizeScale))
				if quote {
					x *= float64(l.Price) / math.Pow10(int(v.PriceScale))
				}
				sum += x / 2
			}
		}
	}
	return sum
}

func (c *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d events, %d gaps, %d venues stale at times; %d orders, %d plans checked (%d to buy, %d without a venue, "+
		"%d within a time, %d by providers, %d of least sizes or withdrawals, %d of lots, %d with two routes over one side; routes of 1, 2, 3 legs: %v), %d verified as JSON; worst gap %.5f bps, %d of more than 1",
		c.events, c.gaps, len(c.stale), c.orders, c.plans, c.exactOut, c.excluding, c.limited, c.tiered, c.bound, c.inLots, c.shared, c.hops[1:], c.verified, c.worst, c.far)
	fmt.Fprintf(&b, "; refused %v", c.refused)
	return b.String()
}
