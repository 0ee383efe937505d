package bench

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"chronos.dev/bench/meter"
	"chronos.dev/engine"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/sim"
)

// feedRate is how many messages a second are applied and published while prices
// are asked for.
const feedRate = 20_000

// underFeed measures prices over up to three hops of the simulator's market while
// messages are applied and published, against the same while nothing is written.
func underFeed(seed uint64, times int) (Figure, error) {
	m := sim.New(sim.Options{Seed: seed, Rate: sim.MaxRate})
	e, err := engine.New(engine.Options{
		Assets: m.Assets(), Fees: m.Fees(), StaleAfter: time.Hour,
		Rules: func(market.Key) market.BookRules { return m.Rules() },
	})
	if err != nil {
		return Figure{}, err
	}
	w := e.Writer()
	write := func() {
		_, key, ev := m.Next()
		ev.RecvTime = time.Now().UnixNano()
		if err := w.Apply(key, ev); err != nil {
			panic(err) // the simulator contradicts itself
		}
		w.Flush(ev.RecvTime)
	}
	for range 5000 { // every book is open long before
		write()
	}
	var writing, over atomic.Bool
	var wrote atomic.Int64
	var group sync.WaitGroup
	group.Go(func() {
		for began := time.Now(); !over.Load(); time.Sleep(200 * time.Microsecond) {
			if !writing.Load() {
				began, _ = time.Now(), wrote.Swap(0)
				continue
			}
			for float64(wrote.Load()) < time.Since(began).Seconds()*feedRate && writing.Load() {
				write()
				wrote.Add(1)
			}
		}
	})
	defer func() { over.Store(true); group.Wait() }()
	ask := asker(e, seed)
	f := against(fmt.Sprintf("price of three hops, %d messages/s published", feedRate), times/Rounds+1,
		func(busy bool) { writing.Store(busy) }, ask)
	return f, nil
}

// against measures each of so many calls a round while something is done beside and
// while it is not, taking turns.
func against(what string, times int, beside func(on bool), call func()) Figure {
	var took [2]*meter.Times
	var half [Rounds]float64
	for i := range took {
		took[i] = meter.NewTimes()
	}
	for round := range Rounds {
		for i := range took {
			beside(i == 0)
			one := meter.NewTimes()
			for range times {
				begin := time.Now()
				call()
				one.Add(time.Since(begin))
			}
			beside(false)
			if took[i].Merge(one); i == 0 {
				half[round] = float64(one.Quantile(0.5))
			}
		}
	}
	at := func(i int, q float64) float64 { return float64(took[i].Quantile(q)) }
	f := Figure{Name: "quote/feed", What: what, NS: at(0, 0.5), P99: at(0, 0.99)}
	f.Spread = f.NS / max(slices.Min(half[:]), 1)
	f.Allocs, f.Bytes = allocations(times, func(n int) {
		for range n {
			call()
		}
	})
	f.Ratios = []Ratio{
		{Baseline: "nothing is written, median", NS: at(1, 0.5), Ratio: f.NS / at(1, 0.5), OK: true},
		{Baseline: "nothing is written, p99", NS: at(1, 0.99), Ratio: f.P99 / at(1, 0.99), OK: true},
	}
	return f
}

// asker asks for prices of a few orders in turn, amounts at random.
func asker(e *engine.Engine, seed uint64) func() {
	dice := rand.New(rand.NewPCG(seed, 5))
	type order struct {
		sell, buy string
		units     float64
	}
	var orders []order
	for _, o := range []struct {
		sell, buy string
		mean      float64
	}{{"BTC", "USD", 2.5}, {"USD", "BTC", 150_000}, {"ETH", "EUR", 40}, {"SOL", "GBP", 600}, {"LTC", "USDT", 900}} {
		a, _ := e.Asset(o.sell)
		orders = append(orders, order{o.sell, o.buy, o.mean * float64(money.Pow10(a.EngineScale))})
	}
	return func() {
		o := orders[dice.IntN(len(orders))]
		in := money.Amount(o.units * (0.5 + dice.Float64()))
		if _, err := e.Price(engine.Request{Sell: o.sell, Buy: o.buy, In: in}, time.Now().UnixNano()); err != nil {
			panic(fmt.Sprintf("bench: %d of %s in %s: %v", in, o.sell, o.buy, err))
		}
	}
}
