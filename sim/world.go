package sim

import (
	"math/bits"
	"time"

	"chronos.dev/market"
)

// asset is an asset and how its fair price walks.
type asset struct {
	market.Asset
	price   int64 // at first and in the long run, micro-dollars
	follows int64 // percent of the market's move that this one makes too
	own     int64 // its own move a step, at most, parts per million
	pull    uint  // of the distance to the first price, 1/2^pull is undone a step
}

var assets = []asset{
	{market.Asset{Symbol: "BTC", Scale: 8, EngineScale: 8, Hub: true}, 68_000_000_000, 100, 8, 16},
	{market.Asset{Symbol: "ETH", Scale: 8, EngineScale: 8}, 2_500_000_000, 110, 30, 16},
	{market.Asset{Symbol: "SOL", Scale: 8, EngineScale: 8}, 150_000_000, 130, 50, 16},
	{market.Asset{Symbol: "LTC", Scale: 8, EngineScale: 8}, 85_000_000, 90, 40, 16},
	{market.Asset{Symbol: "USDT", Scale: 6, EngineScale: 6}, 999_800, 0, 3, 8},
	{market.Asset{Symbol: "USDC", Scale: 6, EngineScale: 6}, 1_000_000, 0, 2, 7},
	{market.Asset{Symbol: "USD", Scale: 2, EngineScale: 6}, 1_000_000, 0, 0, 0},
	{market.Asset{Symbol: "EUR", Scale: 2, EngineScale: 6}, 1_087_100, 0, 4, 14},
	{market.Asset{Symbol: "GBP", Scale: 2, EngineScale: 6}, 1_268_400, 0, 4, 14},
}

// A step of the walk. marketMoves is the most that all coins move together in
// one, in parts per million: a fair coin walk of it is about 1 bps a second.
const (
	walkStep    = int64(100 * time.Millisecond)
	marketMoves = 50
	million     = 1_000_000
)

// world holds the fair price of every asset, one process for all venues.
type world struct {
	dice  dice
	price []int64 // micro-dollars, by position in assets
	next  int64   // virtual time of the next step
}

func newWorld(seed uint64) world {
	w := world{dice: newDice(seed, 0), next: walkStep}
	for i := range assets {
		w.price = append(w.price, assets[i].price)
	}
	return w
}

// advance walks up to virtual time at.
func (w *world) advance(at int64) {
	for ; w.next <= at; w.next += walkStep {
		together := w.dice.within(marketMoves)
		for i := range assets {
			w.step(i, together)
		}
	}
}

func (w *world) step(i int, together int64) {
	a, p := &assets[i], w.price[i]
	ppm := together*a.follows/100 + w.dice.within(a.own)
	p += p*ppm/million + (a.price-p)/(1<<a.pull)
	w.price[i] = min(max(p, a.price/2), a.price*2)
}

// ratio returns a*b/c rounded down, for positive a, b and c; the product is
// formed in 128 bits. All its uses stay far below 2^63.
func ratio(a, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	q, _ := bits.Div64(hi, lo, uint64(c))
	return int64(q)
}

func position(symbol string) int {
	for i := range assets {
		if assets[i].Symbol == symbol {
			return i
		}
	}
	panic("sim: no asset " + symbol)
}
