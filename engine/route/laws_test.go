package route_test

import (
	"math/big"
	"testing"

	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/market"
)

// checkPlan checks the laws that hold for every plan.
func checkPlan(t *testing.T, seed uint64, w *fair, a *route.Answer) {
	t.Helper()
	p := &a.Plan
	var in, out int64
	for i := range p.Routes {
		r := &p.Routes[i]
		in += int64(r.In())
		out += int64(r.Out())
		checkChain(t, seed, p, r)
		for j := range r.Legs {
			checkFee(t, seed, w, &r.Legs[j])
		}
	}
	if in != int64(p.In) || out != int64(p.Out) {
		t.Errorf("seed %d: routes give %d -> %d, plan says %d -> %d", seed, in, out, p.In, p.Out)
	}
	if !p.ExactOut && p.Bound.Amount < p.Out || p.ExactOut && p.Bound.Amount > p.In {
		t.Errorf("seed %d: plan %d -> %d beats its bound %d", seed, p.In, p.Out, p.Bound.Amount)
	}
	if p.Bound.Method != route.Method {
		t.Errorf("seed %d: bound by %q", seed, p.Bound.Method)
	}
	checkDepth(t, seed, w, p)
}

func checkChain(t *testing.T, seed uint64, p *plan.Plan, r *plan.Route) {
	t.Helper()
	asset, amount := p.Sell.Symbol, r.In()
	for i := range r.Legs {
		l := &r.Legs[i]
		pair := market.Pair{Base: l.GiveAsset.Symbol, Quote: l.GetAsset.Symbol}
		if l.Action == plan.Buy {
			pair.Base, pair.Quote = pair.Quote, pair.Base
		}
		if l.GiveAsset.Symbol != asset || l.In != amount || l.Key.Pair != pair {
			t.Errorf("seed %d: leg %d does not go on from %d %s: %+v", seed, i, amount, asset, l)
		}
		if l.In < 0 || l.Out < 0 || l.Fee < 0 {
			t.Errorf("seed %d: leg %d is negative: %+v", seed, i, l)
		}
		asset, amount = l.GetAsset.Symbol, l.Out
	}
	if asset != p.Buy.Symbol || len(r.Legs) > plan.MaxHops {
		t.Errorf("seed %d: a route of %d legs ends in %s", seed, len(r.Legs), asset)
	}
}

// checkFee checks where a fee is taken from, and that it is the venue's rate to
// within the rounding of the levels, for fees up to one per cent.
func checkFee(t *testing.T, seed uint64, w *fair, l *plan.Leg) {
	t.Helper()
	li := w.listingOf(l.Key)
	onIn := l.Action == plan.Buy && li.fee.On == market.FeeQuote
	asset, base := l.GetAsset, l.GrossOut()
	if onIn {
		asset, base = l.GiveAsset, l.GrossIn()
	}
	if l.FeeAsset.Symbol != asset.Symbol {
		t.Errorf("seed %d: the fee of %+v is in %s, want %s", seed, l, l.FeeAsset.Symbol, asset.Symbol)
	}
	if l.GrossIn() > l.In || l.GrossOut() < l.Out || l.GrossIn() < 0 ||
		onIn && l.GrossIn()+l.Fee != l.In || !onIn && (l.GrossIn() != l.In || l.GrossOut()-l.Fee != l.Out) {
		t.Errorf("seed %d: gross %d -> %d, net %d -> %d, fee %d", seed, l.GrossIn(), l.GrossOut(), l.In, l.Out, l.Fee)
	}
	if l.In == 0 && l.Out == 0 && l.Fee != 0 {
		t.Errorf("seed %d: a fee for nothing: %+v", seed, l)
	}
	if li.fee.Rate > 1_000_000 || base > 1<<60 || l.In < 2 || l.Out < 2 {
		return
	}
	due := floor(new(big.Rat).SetFrac(
		new(big.Int).Mul(big.NewInt(int64(base)), big.NewInt(li.fee.Rate)), big.NewInt(market.FeeUnit)))
	slack := int64(2*(len(li.bids)+len(li.asks)) + 2)
	if d := due.Int64() - int64(l.Fee); d > slack || d < -slack {
		t.Errorf("seed %d: fee %d of %d, want %v: %+v", seed, l.Fee, base, due, l)
	}
}

// checkDepth checks that no market gives more than it holds.
func checkDepth(t *testing.T, seed uint64, w *fair, p *plan.Plan) {
	t.Helper()
	used := map[market.Key]fill{}
	for _, r := range p.Routes {
		for _, l := range r.Legs {
			note(used, l.Key, big.NewInt(int64(l.In)), big.NewInt(int64(l.Out)))
		}
	}
	for _, r := range p.Routes {
		for _, l := range r.Legs {
			held := fill{new(big.Int), new(big.Int)}
			for _, s := range w.slices(l.GiveAsset.Symbol, l.GetAsset.Symbol) {
				if s.key == l.Key {
					held.in.Add(held.in, s.in)
					held.out.Add(held.out, s.out)
				}
			}
			if u := used[l.Key]; u.in.Cmp(held.in) > 0 || u.out.Cmp(held.out) > 0 {
				t.Errorf("seed %d: %s gives %v and holds %v", seed, l.Key, u, held)
			}
		}
	}
}

func (w *fair) listingOf(k market.Key) *listing {
	for i := range w.listings {
		if w.listings[i].key == k {
			return &w.listings[i]
		}
	}
	return nil
}
