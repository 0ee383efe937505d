package bench

import (
	"fmt"
	"math/rand/v2"

	"chronos.dev/book"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Shape is the size of a simulated market.
type Shape struct {
	Assets, Venues, Levels int
	Hubs                   int // assets that trade with all others
	// Updates is how many books are published anew before each order, of random
	// markets; 0: the market stands still.
	Updates int
	// Spokes takes orders only between assets that are no hubs.
	Spokes bool
}

// simulated is a market in motion.
type simulated struct {
	shape Shape
	rand  *rand.Rand
	worth []float64 // dollars, by asset
	graph *graph.Graph
}

// mostMarkets bounds the memory of a simulated market: each costs some 40 bytes a
// level.
const mostMarkets = 200_000

// worths draws what assets are worth in dollars; the first is the hub.
func worths(r *rand.Rand, n int) []float64 {
	w := []float64{68_000, 1, 2_600, 1.08}
	for len(w) < n {
		w = append(w, 0.5+200*r.Float64())
	}
	return w[:n]
}

// simulate makes a market: hubs paired with each other and with all, at as many of
// the venues as mostMarkets allows; venue middles within about a basis point, fees
// of 0 to 10.
func simulate(r *rand.Rand, shape Shape) (*simulated, error) {
	s := &simulated{shape: shape, rand: r, worth: worths(r, shape.Assets)}
	var assets []market.Asset
	for i := range s.worth {
		assets = append(assets, market.Asset{Symbol: fmt.Sprintf("A%04d", i), Scale: scale, EngineScale: scale})
	}
	var err error
	if s.graph, err = graph.New(assets); err != nil {
		return nil, err
	}
	var keys []market.Key
	listed := mostMarkets / float64(shape.Hubs*shape.Assets*shape.Venues)
	for i := range shape.Hubs {
		for j := i + 1; j < shape.Assets; j++ {
			for v := range shape.Venues {
				if r.Float64() <= listed { // not every venue lists everything
					pair := market.Pair{Base: assets[i].Symbol, Quote: assets[j].Symbol}
					keys = append(keys, market.Key{Venue: fmt.Sprintf("v%03d", v), Pair: pair})
				}
			}
		}
	}
	if err := s.graph.RegisterAll(keys, nil); err != nil {
		return nil, err
	}
	for i := range keys {
		s.publish(i)
	}
	s.graph.Bump()
	return s, nil
}

// publish gives the i-th market a book.
func (s *simulated) publish(i int) {
	m := &s.graph.Topology().Markets[i]
	fee := market.Fee{Rate: int64(s.rand.IntN(11)) * market.FeeUnit / 10_000}
	view := simulateBook(s.rand, s.worth[m.Base], s.worth[m.Quote], s.shape.Levels)
	state := graph.NewState(view, graph.Scales{Base: scale, Quote: scale}, &fee)
	view.Bids, view.Asks = nil, nil // a route is made of arcs
	m.Publish(state)
}

// move publishes some books anew.
func (s *simulated) move() {
	for range s.shape.Updates {
		s.publish(s.rand.IntN(len(s.graph.Topology().Markets)))
	}
	s.graph.Bump()
}

// pick draws the ends of an order.
func (s *simulated) pick() (sell, buy int) {
	first := 0
	if s.shape.Spokes {
		first = s.shape.Hubs
	}
	n := s.shape.Assets - first
	sell, buy = s.rand.IntN(n), s.rand.IntN(n-1)
	if buy >= sell {
		buy++
	}
	return first + sell, first + buy
}

// simulateBook makes levels of some $20,000, a basis point apart.
func simulateBook(r *rand.Rand, base, quote float64, levels int) *book.View {
	const priceScale = 8
	v := &book.View{State: book.Live, RecvTime: now, PriceScale: priceScale, SizeScale: scale}
	mid := base / quote * (1 + 1e-4*r.NormFloat64())
	for _, side := range []struct {
		to   *[]book.Level
		sign float64
	}{{&v.Bids, -1}, {&v.Asks, 1}} {
		price := mid * (1 + side.sign*5e-5)
		for range levels {
			price *= 1 + side.sign*1e-4*r.Float64()
			size := 20_000 * (0.2 + 1.6*r.Float64()) / base
			*side.to = append(*side.to, book.Level{
				Price: money.Price(price * 1e8), Size: money.Size(size * 1e8), PriceDec: priceScale, SizeDec: scale,
			})
		}
	}
	return v
}
