package route_test

import (
	"cmp"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"chronos.dev/engine"
	"chronos.dev/engine/plan"
	"chronos.dev/market"
	"chronos.dev/money"
)

// A world is a random market, kept twice: in the engine under test, and as plain
// levels for oracles that share no code with it.
type world struct {
	engine *engine.Engine
	assets []market.Asset
	books  []dumbBook
}

type dumbBook struct {
	key        market.Key
	fee        market.Fee
	bids, asks []market.Level // best first
	usable     bool
}

const now = int64(1_700_000_000_000_000_000)

func (w *world) scale(symbol string) uint8 {
	for _, a := range w.assets {
		if a.Symbol == symbol {
			return a.EngineScale
		}
	}
	panic("no such asset")
}

// build puts the books into an engine, in the order given.
func (w *world) build(t testing.TB, order []int) {
	t.Helper()
	var fees market.Fees
	for _, b := range w.books {
		pair := b.key.Pair
		fees = append(fees, market.FeeSchedule{Venue: b.key.Venue, Pair: &pair, Fee: b.fee})
	}
	e, err := engine.New(engine.Options{Assets: w.assets, Fees: fees})
	if err != nil {
		t.Fatal(err)
	}
	writer := e.Writer()
	for _, i := range order {
		b := &w.books[i]
		ev := market.Event{Kind: market.Snapshot, Seq: 1, RecvTime: now}
		if !b.usable {
			ev.RecvTime = now - int64(engine.DefaultStaleAfter) - 1
		}
		ev.Levels = append(append(ev.Levels, b.bids...), b.asks...)
		if err := writer.Apply(b.key, &ev); err != nil {
			t.Fatal(err)
		}
	}
	writer.Flush(now)
	w.engine = e
}

func inOrder(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// bigArc is a level after fees, exactly as docs/money.md says.
type bigArc struct {
	in, out *big.Int
	venue   string
	at      int
}

var maxAmount = big.NewInt(math.MaxInt64)

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func floorDiv(a, b *big.Int) *big.Int { return new(big.Int).Quo(a, b) }

func ceilDiv(a, b *big.Int) *big.Int {
	return new(big.Int).Quo(new(big.Int).Sub(new(big.Int).Add(a, b), big.NewInt(1)), b)
}

// arcs are what one book offers out of from, in the book's order.
func (w *world) arcs(b *dumbBook, from string) []bigArc {
	levels, sell := b.asks, false
	if from == b.key.Pair.Base {
		levels, sell = b.bids, true
	}
	base, quote := w.scale(b.key.Pair.Base), w.scale(b.key.Pair.Quote)
	unit := big.NewInt(market.FeeUnit)
	var arcs []bigArc
	for i, l := range levels {
		// Size in minor units, down.
		size := floorDiv(new(big.Int).Mul(big.NewInt(l.Size.Coef), pow10(int(base))), pow10(int(l.Size.Scale)))
		if size.Cmp(maxAmount) > 0 {
			continue // no Amount holds it
		}
		// size x price in quote minor units is num/den.
		num := new(big.Int).Mul(new(big.Int).Mul(size, big.NewInt(l.Price.Coef)), pow10(int(quote)))
		den := pow10(int(base) + int(l.Price.Scale))
		keep := new(big.Int).Sub(unit, big.NewInt(b.fee.Rate))
		more := new(big.Int).Add(unit, big.NewInt(b.fee.Rate))
		var in, out *big.Int
		switch {
		case sell:
			in = size
			out = floorDiv(new(big.Int).Mul(num, keep), new(big.Int).Mul(den, unit))
		case b.fee.On == market.FeeQuote:
			in = ceilDiv(new(big.Int).Mul(num, more), new(big.Int).Mul(den, unit))
			out = size
		default:
			in = ceilDiv(num, den)
			out = floorDiv(new(big.Int).Mul(size, keep), unit)
		}
		gross := ceilDiv(num, den) // must fit as well: it is what the fee is reported of
		if sell {
			gross = floorDiv(num, den)
		}
		if in.Sign() <= 0 || out.Sign() <= 0 || in.Cmp(maxAmount) > 0 || out.Cmp(maxAmount) > 0 ||
			gross.Cmp(maxAmount) > 0 {
			continue
		}
		arcs = append(arcs, bigArc{in, out, b.key.Venue, i})
	}
	return arcs
}

// offers are all arcs of an ordered pair over usable books, best first; ties by
// venue, then by the book's order.
func (w *world) offers(from, to string) []bigArc {
	var all []bigArc
	for i := range w.books {
		b := &w.books[i]
		p := b.key.Pair
		if b.usable && (p.Base == from && p.Quote == to || p.Base == to && p.Quote == from) {
			all = append(all, w.arcs(b, from)...)
		}
	}
	slices.SortStableFunc(all, func(a, b bigArc) int {
		x := new(big.Int).Mul(a.out, b.in)
		y := new(big.Int).Mul(b.out, a.in)
		return cmp.Or(y.Cmp(x), cmp.Compare(a.venue, b.venue), cmp.Compare(a.at, b.at))
	})
	return all
}

// split is an oracle's answer for one pair.
type split struct {
	in, out map[string]*big.Int // by venue
	total   *big.Int
	ok      bool
}

// sweepIn gives x over the offers.
func sweepIn(offers []bigArc, x *big.Int) split {
	s := split{in: map[string]*big.Int{}, out: map[string]*big.Int{}, total: new(big.Int)}
	x = new(big.Int).Set(x)
	for _, a := range offers {
		if x.Sign() == 0 {
			break
		}
		in, out := a.in, a.out
		if in.Cmp(x) > 0 {
			in, out = new(big.Int).Set(x), floorDiv(new(big.Int).Mul(x, a.out), a.in)
		}
		s.add(a.venue, in, out)
		x.Sub(x, in)
		s.total.Add(s.total, out)
	}
	s.ok = x.Sign() == 0 && s.total.Cmp(maxAmount) <= 0
	return s
}

// sweepOut wants y from the offers.
func sweepOut(offers []bigArc, y *big.Int) split {
	s := split{in: map[string]*big.Int{}, out: map[string]*big.Int{}, total: new(big.Int)}
	y = new(big.Int).Set(y)
	for _, a := range offers {
		if y.Sign() == 0 {
			break
		}
		in, out := a.in, a.out
		if out.Cmp(y) > 0 {
			in, out = ceilDiv(new(big.Int).Mul(y, a.in), a.out), new(big.Int).Set(y)
		}
		s.add(a.venue, in, out)
		y.Sub(y, out)
		s.total.Add(s.total, in)
	}
	s.ok = y.Sign() == 0 && s.total.Cmp(maxAmount) <= 0
	return s
}

func (s *split) add(venue string, in, out *big.Int) {
	if s.in[venue] == nil {
		s.in[venue], s.out[venue] = new(big.Int), new(big.Int)
	}
	s.in[venue].Add(s.in[venue], in)
	s.out[venue].Add(s.out[venue], out)
}

// randomBook makes a book whose prices are around mid ticks.
func randomBook(r *rand.Rand, key market.Key, levels int, extreme bool) dumbBook {
	b := dumbBook{key: key, usable: true}
	b.fee = market.Fee{Rate: []int64{0, 0, 250_000, 1, 99_999_999, int64(r.IntN(5_000_000))}[r.IntN(6)]}
	if r.IntN(3) == 0 {
		b.fee.On = market.FeeQuote
	}
	ps, ss := uint8(r.IntN(6)), uint8(r.IntN(11))
	mid := int64(50 + r.IntN(100_000))
	size := func() int64 {
		switch r.IntN(6) {
		case 0:
			return 1
		case 1:
			return 1 + int64(r.IntN(9))
		case 2:
			if extreme {
				return 1 + r.Int64N(math.MaxInt64>>uint(r.IntN(40)))
			}
		}
		return 1 + r.Int64N(1_000_000)
	}
	bid, ask := mid, mid+1+int64(r.IntN(3))
	for range levels {
		if bid > 0 {
			b.bids = append(b.bids, market.Level{
				Side: market.Bid, Price: money.Num{Coef: bid, Scale: ps}, Size: money.Num{Coef: size(), Scale: ss},
			})
		}
		b.asks = append(b.asks, market.Level{
			Side: market.Ask, Price: money.Num{Coef: ask, Scale: ps}, Size: money.Num{Coef: size(), Scale: ss},
		})
		bid -= 1 + int64(r.IntN(3))
		ask += 1 + int64(r.IntN(3))
	}
	return b
}

// byVenue sums the legs of a plan of one hop by venue.
func byVenue(p *plan.Plan) (in, out map[string]*big.Int) {
	in, out = map[string]*big.Int{}, map[string]*big.Int{}
	for _, r := range p.Routes {
		for _, l := range r.Legs {
			if in[l.Key.Venue] == nil {
				in[l.Key.Venue], out[l.Key.Venue] = new(big.Int), new(big.Int)
			}
			in[l.Key.Venue].Add(in[l.Key.Venue], big.NewInt(int64(l.In)))
			out[l.Key.Venue].Add(out[l.Key.Venue], big.NewInt(int64(l.Out)))
		}
	}
	return in, out
}

func sameSums(a, b map[string]*big.Int) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] == nil || b[k].Cmp(v) != 0 {
			return false
		}
	}
	return true
}

// amountOf picks an amount for offers: tiny, about the depth, or beyond it.
func amountOf(r *rand.Rand, offers []bigArc, out bool) money.Amount {
	depth := new(big.Int)
	for _, a := range offers {
		if out {
			depth.Add(depth, a.out)
		} else {
			depth.Add(depth, a.in)
		}
	}
	if depth.Sign() == 0 || depth.Cmp(maxAmount) > 0 {
		depth.Set(maxAmount)
	}
	d := depth.Int64()
	switch r.IntN(8) {
	case 0:
		return money.Amount(1 + r.IntN(3))
	case 1:
		return money.Amount(d)
	case 2:
		if d < math.MaxInt64 {
			return money.Amount(d + 1)
		}
	}
	return money.Amount(1 + r.Int64N(d))
}
