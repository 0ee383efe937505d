// Package bench measures the engine beside plainer ways to do the same, in one
// run on the same books, so that ratios mean something where times do not.
package bench

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"chronos.dev/engine/flow"
	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// Sizes are the orders that are measured, in dollars.
var Sizes = []int64{10_000, 100_000, 1_000_000, 10_000_000}

// Row is what was measured of one size. A kernel alone is given the problem stated
// and finds amounts and bound; an answer takes the books, states the problem, and
// has routes and certificate.
type Row struct {
	Dollars   int64         `json:"dollars"`
	P50       time.Duration `json:"p50_ns"` // whole answers
	P99       time.Duration `json:"p99_ns"`
	KernelP50 time.Duration `json:"kernel_p50_ns"`
	KernelP99 time.Duration `json:"kernel_p99_ns"`
	AfreshP50 time.Duration `json:"afresh_p50_ns"` // the kernel with labels from scratch for every walk
	AfreshP99 time.Duration `json:"afresh_p99_ns"`
	GreedyP50 time.Duration `json:"greedy_p50_ns"` // every path evaluated for each of Chunks parts
	GreedyP99 time.Duration `json:"greedy_p99_ns"`
	Routes    float64       `json:"routes_mean"`       // routes of a plan, mean
	Behind    float64       `json:"path_behind_bps"`   // the best single path behind the split, mean
	Greedy    float64       `json:"greedy_behind_bps"` // the greedy split behind the optimal one, mean
	GapBps    float64       `json:"gap_bps_max"`       // from plan to bound, worst
	Orders    int           `json:"orders"`
	Refused   int           `json:"refused"` // beyond the depth of the market, or without a chain
	Results   string        `json:"results"` // digest of all amounts bought: the same for equal shapes and seeds

	greedy int // orders that the baseline could do
}

// scale is the decimals of every asset of the market.
const scale = 8

// now is the moment of the market.
const now = int64(1e18)

// order is a request and what came of it.
type order struct {
	req  route.Request
	size int // index of Sizes
	out  money.Amount
	took [4][]time.Duration // by answers, kernel, greedy and kernel afresh, in each pass that was measured
}

// run is one measurement.
type run struct {
	market *simulated
	snap   graph.Snapshot
	orders []order
	rows   []Row

	answers, paths route.Solver
	kernel, afresh flow.Solver
	greedy         greedy
}

// passes is how many measured passes there are over a market that stands still.
const passes = 5

// Route measures orders of every size between random pairs of assets. Each way to
// do them goes through all orders again and again, shuffled anew, taking turns with
// the others, so that no query is repeated while it is warm. The first pass merges
// what is kept of the books and is not measured. Of an order in a market that
// stands still the least time of some passes counts, which leaves out what else the
// machine did; in a market that moves there is one pass, and all it does counts.
func Route(shape Shape, orders int, seed uint64) ([]Row, error) {
	r := rand.New(rand.NewPCG(seed, 1))
	if shape.Hubs = min(shape.Hubs, shape.Assets); shape.Spokes && shape.Assets-shape.Hubs < 2 {
		return nil, fmt.Errorf("bench: orders between spokes need two of them: %d assets, %d hubs",
			shape.Assets, shape.Hubs)
	}
	m, err := simulate(r, shape)
	if err != nil {
		return nil, err
	}
	b := &run{market: m, rows: make([]Row, len(Sizes)), afresh: flow.Solver{Afresh: true}}
	for i := range orders * len(Sizes) {
		b.orders = append(b.orders, m.order(i%len(Sizes)))
	}
	n := passes
	if shape.Updates > 0 {
		n = 1
	}
	for i := range 1 + n {
		if err := b.pass(r, i); err != nil {
			return nil, err
		}
	}
	for k := range b.rows {
		b.sum(k)
	}
	return b.rows, nil
}

// order draws an order of a size.
func (s *simulated) order(size int) order {
	return order{size: size, req: s.request(float64(Sizes[size]))}
}

// request draws an order for about so many dollars.
func (s *simulated) request(dollars float64) route.Request {
	sell, buy := s.pick()
	amount := dollars / s.worth[sell] * float64(money.Pow10(scale)) * (0.9 + 0.2*s.rand.Float64())
	return route.Request{
		Sell: graph.AssetID(sell), Buy: graph.AssetID(buy), In: money.Amount(amount),
		MaxHops: plan.MaxHops, Now: now, StaleAfter: int64(time.Second),
	}
}

// pass goes through all orders with each way to do them.
func (b *run) pass(r *rand.Rand, pass int) error {
	one, two, three, four := r.Perm(len(b.orders)), r.Perm(len(b.orders)), r.Perm(len(b.orders)), r.Perm(len(b.orders))
	for i := range b.orders {
		b.market.move()
		if err := b.answer(&b.orders[one[i]], pass); err != nil {
			return err
		}
		b.alone(&b.kernel, 1, &b.orders[two[i]], pass)
		b.plainly(&b.orders[three[i]], pass)
		b.alone(&b.afresh, 3, &b.orders[four[i]], pass)
	}
	return nil
}

// note notes how long a way to do an order has taken, unless it is the first pass.
func (o *order) note(way, pass int, begin time.Time) {
	if took := time.Since(begin); pass > 0 {
		o.took[way] = append(o.took[way], took)
	}
}

// answer measures a whole answer.
func (b *run) answer(o *order, pass int) error {
	begin := time.Now()
	b.market.graph.Load(&b.snap)
	a, err := b.answers.Solve(&b.snap, o.req)
	var deep *route.DepthError
	var none *route.NoRouteError
	row := &b.rows[o.size]
	switch {
	case errors.As(err, &deep) || errors.As(err, &none): // more than the market holds, or no way at all
		if pass == 1 {
			row.Refused++
		}
		return nil
	case err != nil:
		return fmt.Errorf("bench: an order of $%d: %w", Sizes[o.size], err)
	}
	o.note(0, pass, begin)
	if o.out = a.Plan.Out; pass != 1 {
		return nil
	}
	row.Orders++
	row.Routes += float64(len(a.Plan.Routes))
	row.GapBps = max(row.GapBps, bps(float64(a.Plan.Bound.Amount), float64(o.out)))
	if best := b.paths.Paths(&b.snap, o.req, 1); len(best) > 0 {
		row.Behind += bps(float64(o.out), float64(best[0].Plan.Out))
	}
	return nil
}

// alone measures a kernel with its bound.
func (b *run) alone(kernel *flow.Solver, way int, o *order, pass int) {
	b.market.graph.Load(&b.snap)
	p := b.paths.Problem(&b.snap, o.req)
	begin := time.Now()
	if r := kernel.Solve(p); !r.Partial {
		o.note(way, pass, begin)
	}
}

// plainly measures the baseline.
func (b *run) plainly(o *order, pass int) {
	b.market.graph.Load(&b.snap)
	p := b.paths.Problem(&b.snap, o.req)
	begin := time.Now()
	if out, ok := b.greedy.solve(p); ok {
		if o.note(2, pass, begin); pass == 1 && o.out > 0 && b.market.shape.Updates == 0 {
			b.rows[o.size].Greedy += bps(float64(o.out), out)
			b.rows[o.size].greedy++
		}
	}
}

// sum sums a size up.
func (b *run) sum(k int) {
	row := &b.rows[k]
	row.Results = b.digest(k)
	if row.Dollars = Sizes[k]; row.Orders == 0 {
		return
	}
	row.P50, row.P99 = b.percentiles(0, k)
	row.KernelP50, row.KernelP99 = b.percentiles(1, k)
	row.GreedyP50, row.GreedyP99 = b.percentiles(2, k)
	row.AfreshP50, row.AfreshP99 = b.percentiles(3, k)
	row.Routes /= float64(row.Orders)
	row.Behind /= float64(row.Orders)
	row.Greedy /= float64(max(row.greedy, 1))
}

// digest is one of what the orders of a size have brought.
func (b *run) digest(size int) string {
	sum := sha256.New()
	for i := range b.orders {
		if o := &b.orders[i]; o.size == size {
			_ = binary.Write(sum, binary.BigEndian, int64(o.out)) // a hash takes all
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// percentiles are those of the orders of a size.
func (b *run) percentiles(way, size int) (p50, p99 time.Duration) {
	var all []time.Duration
	for i := range b.orders {
		if o := &b.orders[i]; o.size == size && len(o.took[way]) > 0 {
			all = append(all, slices.Min(o.took[way]))
		}
	}
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)*99/100]
}

func bps(more, less float64) float64 { return (more/less - 1) * 1e4 }
