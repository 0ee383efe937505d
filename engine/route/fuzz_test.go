package route_test

import (
	"encoding/binary"
	"math/big"
	"slices"
	"testing"

	"chronos.dev/book"
	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/market"
	"chronos.dev/money"
)

// tape reads numbers from bytes, zeros once they have run out.
type tape []byte

func (b *tape) byte() int {
	if len(*b) == 0 {
		return 0
	}
	x := (*b)[0]
	*b = (*b)[1:]
	return int(x)
}

// number is one of 1 to MaxInt64, of any size.
func (b *tape) number() int64 {
	var buf [8]byte
	n := b.byte() % 9
	for i := range n {
		buf[i] = byte(b.byte())
	}
	return max(int64(binary.LittleEndian.Uint64(buf[:])>>1), 1)
}

// fairOf turns bytes into a market of four assets.
func fairOf(b *tape) *fair {
	w := &fair{assets: symbols("A", "B", "C", "D")}
	for i := range w.assets {
		w.assets[i].EngineScale = uint8(b.byte() % (money.MaxScale + 1))
	}
	for k := b.byte() % 10; k > 0; k-- {
		base := b.byte() % 4
		quote := (base + 1 + b.byte()%3) % 4
		l := listing{
			key: market.Key{Venue: venueNames[b.byte()%3], Pair: market.Pair{
				Base: w.assets[base].Symbol, Quote: w.assets[quote].Symbol}},
			ps: uint8(b.byte() % (money.MaxScale + 1)), ss: uint8(b.byte() % (money.MaxScale + 1)),
			state: book.Live, recv: now,
			fee: &market.Fee{Rate: b.number() % market.FeeUnit, On: market.FeeOn(b.byte() % 2)},
		}
		if b.byte()%8 == 1 {
			l.state = book.Gapped
		}
		bid, ask := int64(1<<62), int64(0)
		for n := b.byte() % 5; n > 0; n-- {
			bid -= min(b.number(), bid-1)
			ask += min(b.number(), 1<<62)
			l.bids = append(l.bids, book.Level{Price: money.Price(bid), Size: money.Size(b.number())})
			l.asks = append(l.asks, book.Level{Price: money.Price(ask), Size: money.Size(b.number())})
			if bid == 1 || ask >= 1<<62 {
				break
			}
		}
		if w.listingOf(l.key) == nil {
			w.listings = append(w.listings, l)
		}
	}
	return w
}

// FuzzSolve turns bytes into a market and a request: no panic, and the answer is
// the oracle's.
func FuzzSolve(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x08\x08\x08\x08\x05" + "\x00\x00\x00\x02\x03\x02\x10\x20\x00\x00\x03\x02\x01\x01\x02\x05\x05\x02\x09\x09"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := tape(data)
		in, out := b.number(), int64(0)
		hops := 1 + b.byte()%plan.MaxHops
		if b.byte()%2 == 0 {
			in, out = 0, in
		}
		w := fairOf(&b)
		all := w.ways("A", "B", in, out, hops)
		snap := w.snapshot(t)
		var s route.Solver
		one := s.Single(snap, request(snap, "A", "B", in, out, hops))
		if one == nil && len(all) > 0 && w.tooLarge(best(all, out > 0).fills) {
			return
		}
		if (one != nil) != (len(all) > 0) {
			t.Fatalf("in %d out %d: a single path %v, and %d paths fill", in, out, one != nil, len(all))
		}
		a, err := s.Solve(snap, request(snap, "A", "B", in, out, hops))
		if err == nil {
			checkPlan(t, 0, w, a)
		}
		if one == nil {
			return
		}
		if err != nil || behind(&a.Plan, &one.Plan) > 1e-6 { // as near as Solve looks
			t.Fatalf("in %d out %d: %v, %+v, a single path %+v", in, out, err, a, one)
		}
		a = one
		want := best(all, out > 0)
		if want.value().Cmp(big.NewInt(int64(a.Plan.Out))) != 0 ||
			want.amounts[0].Cmp(big.NewInt(int64(a.Plan.In))) != 0 {
			t.Errorf("in %d out %d: %d -> %d, want %v", in, out, a.Plan.In, a.Plan.Out, want.amounts)
		}
		checkFills(t, 0, &a.Plan, want.fills)
		checkPlan(t, 0, w, a)
	})
}

// tooLarge reports that what a path trades before fees cannot be counted, but for a
// unit of each fill.
func (w *fair) tooLarge(hops []map[market.Key]fill) bool {
	return slices.ContainsFunc(hops, func(fills map[market.Key]fill) bool {
		sum := w.beforeFees(fills)
		return sum.Add(sum, big.NewInt(int64(len(fills)))).Cmp(most) >= 0
	})
}

// behind is how far p is behind q, as a part of q.
func behind(p, q *plan.Plan) float64 {
	if p.ExactOut {
		return float64(p.In-q.In) / float64(q.In)
	}
	return float64(q.Out-p.Out) / float64(q.Out)
}
