package engine_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"chronos.dev/engine"
	"chronos.dev/engine/route"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

const unhad = -1 // cannot be had

// given is the most that a provider's tiers give for each amount up to limit, by the
// options that the graph makes of them.
func given(o *market.Offer, scale uint8, limit int) []int {
	all := make([]int, limit+1)
	for x := range all[1:] {
		all[x+1] = unhad
	}
	side := &graph.NewOffer(o, graph.Scales{Base: scale, Quote: scale}).Sell
	for _, opt := range side.Options {
		end := int(opt.Entry.In)
		for _, a := range opt.More {
			end += int(a.In)
		}
		for x := max(int(opt.Entry.In), 1); x <= min(end, limit); x++ {
			out, left := int(opt.Entry.Out), x-int(opt.Entry.In)
			for _, a := range opt.More {
				take := min(left, int(a.In))
				out, left = out+take*int(a.Out)/int(a.In), left-take
			}
			all[x] = max(all[x], out)
		}
	}
	return all
}

// both is the most of every way to share an amount.
func both(a, b []int) []int {
	sum := make([]int, len(a))
	for x := range sum {
		sum[x] = unhad
		for y := range x + 1 {
			if a[y] != unhad && b[x-y] != unhad {
				sum[x] = max(sum[x], a[y]+b[x-y])
			}
		}
	}
	return sum
}

// gapped is a provider whose tiers begin late and leave gaps.
func (r *rig) gapped(rnd *rand.Rand, venue string) *market.Offer {
	o := r.vaultOffer(venue+"|A-B", 1)
	o.Sell, o.Buy = nil, nil
	unit := func(n int) money.Num { return money.Num{Coef: int64(n), Scale: 8} }
	at := rnd.IntN(30)
	for n := range 1 + rnd.IntN(3) {
		size := 1 + rnd.IntN(40)
		tier := market.Tier{
			Min: unit(at), Max: unit(at + size), Whole: rnd.IntN(2) == 0,
			Price: money.Num{Coef: int64(20 + rnd.IntN(20)), Scale: 1},
		}
		if rnd.IntN(3) == 0 {
			tier.FixedFeeAsset, tier.FixedFee = "B", unit(rnd.IntN(40))
		}
		if gap := rnd.IntN(2) * rnd.IntN(30); tier.Whole && n > 0 { // a slice follows what is before it
			tier.Min.Coef, tier.Max.Coef = tier.Min.Coef+int64(gap), tier.Max.Coef+int64(gap)
			at += gap
		}
		o.Sell = append(o.Sell, tier)
		at += size
	}
	return o
}

// TestNamedAmounts: over providers whose sizes leave gaps, by trying every amount and
// every split: what is refused cannot be had without waste, the most that is named
// brings the most below, and the next is the first above that brings more.
func TestNamedAmounts(t *testing.T) {
	const limit = 260
	asked, refused, gaps, low := 0, 0, 0, 0
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 83))
		r := newRig(t, engine.Options{Assets: []market.Asset{{Symbol: "A", Scale: 8, EngineScale: 8}, {Symbol: "B", Scale: 8, EngineScale: 8}}})
		best := make([]int, limit+1)
		for x := range best[1:] {
			best[x+1] = unhad
		}
		w := r.e.Liquidity()
		for v := range 1 + rnd.IntN(2) {
			o := r.gapped(rnd, fmt.Sprint("vault", v))
			best = both(best, given(o, 8, limit))
			if err := w.Offer(o); err != nil {
				t.Fatal(err)
			}
		}
		w.Flush()
		for range 20 {
			x := 1 + rnd.IntN(limit)
			p, err := r.e.Price(engine.Request{Sell: "A", Buy: "B", In: money.Amount(x)}, r.now+int64(time.Millisecond))
			if asked++; err == nil {
				if int(p.Plan.Out) > best[x] {
					t.Errorf("market %d: %d gives %d, by trying all %d", seed, x, p.Plan.Out, best[x])
				}
				continue
			}
			refused++
			most, next := named(t, err)
			if next.In > 0 {
				gaps++
			}
			if most.In == 0 && next.In > 0 {
				low++
			}
			truth := slices.Max(best[:x+1])
			above := slices.IndexFunc(best, func(out int) bool { return out > int(most.Out) })
			if int(most.Out) != truth || most.In >= money.Amount(x) || most.In > 0 && best[most.In] != truth ||
				max(above, 0) != int(next.In) || next.In > 0 && int(next.Out) != best[next.In] {
				t.Errorf("market %d: %d refused with %v; up to it %d can be had, then %d", seed, x, err, truth, above)
			}
		}
	}
	t.Logf("%d asked, %d refused, %d with a larger amount, %d of these below every size", asked, refused, gaps, low)
	if refused*4 < asked || gaps*20 < asked || low*40 < asked {
		t.Error("too few of a kind")
	}
}

// named is what a refusal names.
func named(t *testing.T, err error) (most, next route.Amounts) {
	t.Helper()
	var depth *route.DepthError
	var none *route.NoRouteError
	switch {
	case errors.As(err, &depth):
		return depth.Most, depth.Next
	case errors.As(err, &none) && none.Reason == route.BelowMinimum:
		return most, none.Next
	}
	t.Fatal(err)
	return most, next
}
