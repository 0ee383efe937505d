package ticks

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"chronos.dev/bench/meter"
	"chronos.dev/engine"
	"chronos.dev/money"
)

// order is what is asked for, in whole units of what is sold.
type order struct {
	sell, buy string
	mean      float64
}

var orders = []order{
	{"BTC", "USD", 2.5}, {"USD", "BTC", 150_000}, {"ETH", "EUR", 40}, {"SOL", "GBP", 600}, {"LTC", "USDT", 900},
	{"EUR", "SOL", 80_000}, {"BTC", "ETH", 2}, {"USDC", "BTC", 100_000},
}

// ask asks for prices until ctx ends. It sleeps between them, for a processor that
// spins is one that the feed does not have. A price that is due while another is
// made counts from when it was due; by how much a sleep was too long is noted
// apart.
func (r *run) ask(ctx context.Context) {
	dice := rand.New(rand.NewPCG(r.opt.Seed, 3))
	units := map[string]float64{}
	for _, a := range r.market.Assets() {
		units[a.Symbol] = float64(money.Pow10(a.EngineScale))
	}
	pace := meter.NewPacer(time.Now(), r.opt.Quotes)
	for i := int64(0); ctx.Err() == nil; i++ {
		due, now := pace.At(i), time.Now()
		if d := due.Sub(now); d > 0 {
			time.Sleep(d)
			now = time.Now()
			r.result.QuoteLate.Add(now.Sub(due))
			due = now
		}
		o := orders[dice.IntN(len(orders))]
		amount := money.Amount(o.mean * (0.5 + dice.Float64()) * units[o.sell])
		_, err := r.engine.Price(engine.Request{Sell: o.sell, Buy: o.buy, In: amount}, now.UnixNano())
		if err != nil {
			r.result.Refused[fmt.Sprintf("%T", err)]++
			continue
		}
		r.result.Quote.Add(time.Since(due))
	}
}
