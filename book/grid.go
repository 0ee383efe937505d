package book

import (
	"math"
	"math/bits"

	"chronos.dev/money"
)

// grid is a step between prices, and what tells its multiples without a division.
type grid struct {
	step    uint64 // 0: no grid
	twos    int    // how often two divides the step
	inverse uint64 // of the rest of it, modulo 2^64
	most    uint64 // the largest quotient
}

// noGrid has every price off it.
var noGrid = grid{inverse: 1}

func newGrid(step uint64) grid {
	twos := bits.TrailingZeros64(step)
	odd := step >> twos
	inverse := odd // in its lowest three bits, and each round doubles them
	for range 5 {
		inverse *= 2 - odd*inverse
	}
	return grid{step, twos, inverse, math.MaxUint64 / step}
}

// index returns a price by the step, false if it is off the grid. Prices are positive.
// The inverse maps multiples to their quotients and all others beyond them.
func (g *grid) index(p money.Price) (i int64, on bool) {
	q := bits.RotateLeft64(uint64(p)*g.inverse, -g.twos)
	return int64(q), q <= g.most
}
