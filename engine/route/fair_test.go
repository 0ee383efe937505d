package route_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"chronos.dev/book"
	"chronos.dev/engine/route"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// staleAfter is the bound of silence of every test.
const staleAfter = int64(2_000_000_000)

// listing is one book as a test writes it down.
type listing struct {
	key   market.Key
	ps    uint8 // price scale
	ss    uint8 // size scale
	bids  []book.Level
	asks  []book.Level
	fee   *market.Fee
	state book.State
	recv  int64
}

// fair is a market before it becomes a graph.
type fair struct {
	assets   []market.Asset
	listings []listing
}

func (w *fair) scale(symbol string) uint8 {
	i := slices.IndexFunc(w.assets, func(a market.Asset) bool { return a.Symbol == symbol })
	return w.assets[i].EngineScale
}

// usable is the rule of data.md and routing.md, section 1, in one line.
func (l *listing) usable() bool {
	return l.state == book.Live && l.fee != nil && l.recv > 0 && now-l.recv <= staleAfter
}

// graph registers the listings in the given order and publishes them.
func (w *fair) graph(t testing.TB, order []int) *graph.Graph {
	t.Helper()
	g, err := graph.New(w.assets)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range order {
		w.publish(t, g, &w.listings[i])
	}
	return g
}

func (w *fair) publish(t testing.TB, g *graph.Graph, l *listing) {
	t.Helper()
	m, err := g.Register(l.key, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &book.View{
		Bids: l.bids, Asks: l.asks, PriceScale: l.ps, SizeScale: l.ss,
		State: l.state, RecvTime: l.recv, VerifiedDepth: -1,
	}
	sc := graph.Scales{Base: w.scale(l.key.Pair.Base), Quote: w.scale(l.key.Pair.Quote)}
	m.Publish(graph.NewState(v, sc, l.fee))
	g.Bump()
}

func (w *fair) snapshot(t testing.TB) *graph.Snapshot {
	t.Helper()
	order := make([]int, len(w.listings))
	for i := range order {
		order[i] = i
	}
	s := new(graph.Snapshot)
	w.graph(t, order).Load(s)
	return s
}

// request asks for a trade between two symbols.
func request(s *graph.Snapshot, sell, buy string, in, out int64, hops int) route.Request {
	a, okA := s.Asset(sell)
	b, okB := s.Asset(buy)
	if !okA || !okB {
		panic("a test asks for an asset that its world has not")
	}
	return route.Request{
		Sell: a, Buy: b, In: money.Amount(in), Out: money.Amount(out),
		MaxHops: hops, Now: now, StaleAfter: staleAfter,
	}
}

// taste says what numbers a random market has.
type snapshot = graph.Snapshot

type taste struct {
	maxPrice, maxSize int64
	prices            int // 0: any; else so few different prices that rates tie
	maxFee            int64
	fixedScales       bool
}

var tastes = []taste{
	{maxPrice: 100_000, maxSize: 1_000_000, maxFee: 1_000_000},
	{maxPrice: 20, maxSize: 1_000, prices: 2, maxFee: 0},
	{maxPrice: 9, maxSize: 3, prices: 3, maxFee: 200_000},
	{maxPrice: 9, maxSize: 1, maxFee: 100_000_000 - 1},
	{maxPrice: 1 << 40, maxSize: math.MaxInt64, maxFee: 300_000},
	{maxPrice: math.MaxInt64, maxSize: math.MaxInt64, maxFee: 100_000_000 - 1},
	{maxPrice: 1_000_000_000, maxSize: 1_000_000_000_000_000_000, maxFee: 250_000, fixedScales: true},
}

// upTo returns 1 to limit, small and large ones alike.
func upTo(r *rand.Rand, limit int64) int64 {
	n := limit
	for k := r.IntN(40); k > 0 && n > 1; k-- {
		n /= 2
	}
	return 1 + r.Int64N(n)
}

func (ta *taste) levels(r *rand.Rand, mid int64, side market.Side) []book.Level {
	n := r.IntN(7)
	ls := make([]book.Level, 0, n)
	for range n {
		p := upTo(r, ta.maxPrice)
		if ta.prices > 0 {
			p = mid + int64(r.IntN(ta.prices))
		}
		if slices.ContainsFunc(ls, func(l book.Level) bool { return l.Price == money.Price(p) }) {
			continue
		}
		ls = append(ls, book.Level{Price: money.Price(p), Size: money.Size(upTo(r, ta.maxSize))})
	}
	slices.SortFunc(ls, func(a, b book.Level) int {
		if side == market.Bid {
			a, b = b, a
		}
		return cmp.Compare(a.Price, b.Price)
	})
	return ls
}

func (ta *taste) listing(r *rand.Rand, venue string, pair market.Pair, mid int64) listing {
	l := listing{
		key: market.Key{Venue: venue, Pair: pair}, state: book.Live, recv: now - r.Int64N(staleAfter+1),
		bids: ta.levels(r, mid, market.Bid), asks: ta.levels(r, mid, market.Ask),
		fee: &market.Fee{},
	}
	if r.IntN(3) > 0 && ta.maxFee > 0 {
		l.fee.Rate = r.Int64N(ta.maxFee + 1)
	}
	if r.IntN(3) == 0 {
		l.fee.On = market.FeeQuote
	}
	if !ta.fixedScales {
		l.ps, l.ss = uint8(r.IntN(4)), uint8(r.IntN(12))
	}
	return l
}

// spoil makes some listings unusable, each in one of the ways there are.
func spoil(r *rand.Rand, l *listing) {
	switch r.IntN(12) {
	case 0:
		l.state = []book.State{book.Awaiting, book.Gapped, book.Stale, book.Crossed, book.Halted}[r.IntN(5)]
	case 1:
		l.recv = now - staleAfter - 1 - r.Int64N(1e12)
	case 2:
		l.fee = nil
	}
}

var venueNames = []string{"delta", "alpha", "echo", "bravo", "charlie", "foxtrot", "golf", "hotel"}

// randomPair is a market of one pair, some books of it listed the other way round.
func randomPair(r *rand.Rand) *fair {
	ta := &tastes[r.IntN(len(tastes))]
	w := &fair{assets: []market.Asset{
		{Symbol: "A", EngineScale: uint8(r.IntN(11))}, {Symbol: "B", EngineScale: uint8(r.IntN(11))},
	}}
	if ta.fixedScales {
		w.assets[0].EngineScale, w.assets[1].EngineScale = 8, 8
	}
	mid := upTo(r, min(ta.maxPrice, 1<<40))
	for _, v := range venueNames[:1+r.IntN(5)] {
		pair := market.Pair{Base: "A", Quote: "B"}
		if r.IntN(4) == 0 {
			pair = market.Pair{Base: "B", Quote: "A"}
		}
		l := ta.listing(r, v, pair, mid)
		spoil(r, &l)
		w.listings = append(w.listings, l)
	}
	return w
}

// randomMarket has 3 to 8 assets, each worth a random number of units, and books
// around these values, so that long ways are sometimes the best.
func randomMarket(r *rand.Rand) *fair {
	w := &fair{}
	n := 3 + r.IntN(6)
	worth, names := make([]float64, n), strings.Split("ABCDEFGH"[:n], "")
	r.Shuffle(n, func(i, j int) { names[i], names[j] = names[j], names[i] })
	for i := range n {
		w.assets = append(w.assets, market.Asset{Symbol: names[i], EngineScale: 4})
		worth[i] = math.Exp(r.Float64()*6 - 3)
	}
	density, deep := 1+r.IntN(9), r.IntN(3) == 0
	noise := []float64{0.001, 0.005, 0.04}[r.IntN(3)]
	for i := range n {
		for j := range n {
			if i == j || r.IntN(14) > density {
				continue
			}
			for _, v := range venueNames[:1+r.IntN(4)] {
				pair := market.Pair{Base: w.assets[i].Symbol, Quote: w.assets[j].Symbol}
				l := around(r, worth[i]/worth[j], noise, deep)
				l.key = market.Key{Venue: v, Pair: pair}
				spoil(r, &l)
				w.listings = append(w.listings, l)
			}
		}
	}
	return w
}

// around is a book about a price.
func around(r *rand.Rand, price, noise float64, deep bool) listing {
	l := listing{ps: 5, ss: 4, state: book.Live, recv: now}
	l.fee = &market.Fee{Rate: r.Int64N(int64(noise * market.FeeUnit))}
	if r.IntN(4) == 0 {
		l.fee.On = market.FeeQuote
	}
	size := func() money.Size {
		if deep {
			return money.Size(1_000_000 + r.Int64N(100_000_000))
		}
		return money.Size(upTo(r, 1_000_000))
	}
	mid := price * (1 + noise*(r.Float64()-0.5)) * 100_000
	for k := range 1 + r.IntN(4) {
		step := mid * noise * 0.1 * float64(k+1)
		if p := money.Price(mid - step); p > 0 {
			l.bids = append(l.bids, book.Level{Price: p, Size: size()})
		}
		l.asks = append(l.asks, book.Level{Price: money.Price(mid+step) + 1, Size: size()})
	}
	return l
}
