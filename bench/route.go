// Package bench measures the engine beside plainer ways to do the same, in one
// run on the same books, so that ratios mean something where times do not.
package bench

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"chronos.dev/book"
	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Shape is the size of a simulated market.
type Shape struct{ Assets, Venues, Levels int }

// Sizes are the orders that are measured, in dollars.
var Sizes = []int64{10_000, 100_000, 1_000_000, 10_000_000}

// Row is what was measured of one size.
type Row struct {
	Dollars  int64         `json:"dollars"`
	P50      time.Duration `json:"p50_ns"` // the optimal split with its certificate
	P99      time.Duration `json:"p99_ns"`
	PathsP50 time.Duration `json:"paths_p50_ns"` // every single path, each swept over its venues
	PathsP99 time.Duration `json:"paths_p99_ns"`
	Routes   float64       `json:"routes_mean"`     // routes of a plan, mean
	Behind   float64       `json:"path_behind_bps"` // the best single path behind the split, mean
	GapBps   float64       `json:"gap_bps_max"`     // from plan to bound, worst
	Orders   int           `json:"orders"`
	Refused  int           `json:"refused"` // beyond the depth of the market, or without a chain
}

// scale is the decimals of every asset of the market.
const scale = 8

// now is the moment of the market.
const now = int64(1e18)

// Route measures orders of every size between random pairs of assets, shuffled, so
// that no query is repeated while it is warm.
func Route(shape Shape, orders int, seed uint64) ([]Row, error) {
	r := rand.New(rand.NewPCG(seed, 1))
	worth := worths(r, shape.Assets)
	snap, err := simulate(r, shape, worth)
	if err != nil {
		return nil, err
	}
	var requests []route.Request
	var class []int
	for i := range orders * len(Sizes) {
		sell, buy := r.IntN(shape.Assets), r.IntN(shape.Assets-1)
		if buy >= sell {
			buy++
		}
		k := i % len(Sizes)
		amount := float64(Sizes[k]) / worth[sell] * float64(money.Pow10(scale)) * (0.9 + 0.2*r.Float64())
		requests = append(requests, route.Request{
			Sell: graph.AssetID(sell), Buy: graph.AssetID(buy), In: money.Amount(amount),
			MaxHops: plan.MaxHops, Now: now, StaleAfter: int64(time.Second),
		})
		class = append(class, k)
	}
	order := r.Perm(len(requests))
	split, paths := make([][]time.Duration, len(Sizes)), make([][]time.Duration, len(Sizes))
	rows := make([]Row, len(Sizes))
	var s route.Solver
	for _, i := range order {
		k, row := class[i], &rows[class[i]]
		begin := time.Now()
		a, err := s.Solve(snap, requests[i])
		took := time.Since(begin)
		var deep *route.DepthError
		var none *route.NoRouteError
		if errors.As(err, &deep) || errors.As(err, &none) { // more than the market holds, or no way at all
			row.Refused++
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("bench: an order of $%d: %w", Sizes[k], err)
		}
		split[k] = append(split[k], took)
		p := a.Plan
		begin = time.Now()
		best := s.Paths(snap, requests[i], 1)
		paths[k] = append(paths[k], time.Since(begin))
		row.Orders++
		row.Routes += float64(len(p.Routes))
		row.GapBps = max(row.GapBps, bps(p.Bound.Amount, p.Out))
		if len(best) > 0 {
			row.Behind += bps(p.Out, best[0].Plan.Out)
		}
	}
	for k := range rows {
		row := &rows[k]
		if row.Dollars = Sizes[k]; row.Orders == 0 {
			continue
		}
		row.P50, row.P99 = percentiles(split[k])
		row.PathsP50, row.PathsP99 = percentiles(paths[k])
		row.Routes /= float64(row.Orders)
		row.Behind /= float64(row.Orders)
	}
	return rows, nil
}

func bps(more, less money.Amount) float64 { return (float64(more)/float64(less) - 1) * 1e4 }

func percentiles(d []time.Duration) (p50, p99 time.Duration) {
	slices.Sort(d)
	return d[len(d)/2], d[len(d)*99/100]
}

// worths draws what assets are worth in dollars; the first is the hub.
func worths(r *rand.Rand, n int) []float64 {
	w := []float64{68_000, 1, 2_600, 1.08}
	for len(w) < n {
		w = append(w, 0.5+200*r.Float64())
	}
	return w[:n]
}

// simulate makes a market: five hubs paired with each other and with all, at as
// many of the venues as a graph holds; venue middles within about a basis point,
// fees of 0 to 10.
func simulate(r *rand.Rand, shape Shape, worth []float64) (*graph.Snapshot, error) {
	var assets []market.Asset
	for i := range worth {
		assets = append(assets, market.Asset{Symbol: fmt.Sprintf("A%04d", i), Scale: scale, EngineScale: scale})
	}
	g, err := graph.New(assets)
	if err != nil {
		return nil, err
	}
	known := func(symbol string) (market.Asset, error) { return market.Asset{}, fmt.Errorf("no asset %s", symbol) }
	listed := 0.95 * graph.MaxMarkets / float64(5*len(worth)*shape.Venues)
	for i := range min(5, len(worth)) {
		for j := i + 1; j < len(worth); j++ {
			for v := range shape.Venues {
				if r.Float64() > listed { // not every venue lists everything
					continue
				}
				key := market.Key{
					Venue: fmt.Sprintf("v%03d", v),
					Pair:  market.Pair{Base: assets[i].Symbol, Quote: assets[j].Symbol},
				}
				m, err := g.Register(key, known)
				if err != nil {
					return nil, err
				}
				fee := market.Fee{Rate: int64(r.IntN(11)) * market.FeeUnit / 10_000}
				view := simulateBook(r, worth[i], worth[j], shape.Levels)
				m.Publish(graph.NewState(view, graph.Scales{Base: scale, Quote: scale}, &fee))
			}
		}
	}
	s := &graph.Snapshot{}
	g.Load(s)
	return s, nil
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
