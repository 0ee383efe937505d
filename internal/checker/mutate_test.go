package checker_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"chronos.dev/api"
	"chronos.dev/book"
	"chronos.dev/engine"
	"chronos.dev/engine/plan"
	"chronos.dev/internal/checker"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/sim"
)

// trial is an answer that can be tampered with: the plan is a copy, and the book of
// the first route's last leg.
type trial struct {
	order   checker.Order
	markets []checker.Market
	plan    plan.Plan
}

func newTrial(o *checker.Order, all []checker.Market, p *plan.Plan) *trial {
	w := &trial{*o, slices.Clone(all), *p}
	w.order.Exclude = slices.Clone(o.Exclude)
	w.plan.Routes = slices.Clone(p.Routes)
	for i := range w.plan.Routes {
		w.plan.Routes[i].Legs = slices.Clone(p.Routes[i].Legs)
	}
	w.plan.Bound.Barred = slices.Clone(p.Bound.Barred)
	m := w.used()
	v := *m.View
	v.Bids, v.Asks = slices.Clone(v.Bids), slices.Clone(v.Asks)
	m.View = &v
	return w
}

// leg is the last one of the first route, used the market that it is at, alone of
// all a copy.
func (w *trial) leg() *plan.Leg {
	legs := w.plan.Routes[0].Legs
	return &legs[len(legs)-1]
}

func (w *trial) used() *checker.Market {
	i := slices.IndexFunc(w.markets, func(m checker.Market) bool { return m.Key == w.leg().Key })
	return &w.markets[i]
}

// levels are those that the leg meets.
func (w *trial) levels() *[]book.Level {
	if w.leg().Action == plan.Sell {
		return &w.used().View.Bids
	}
	return &w.used().View.Asks
}

func (w *trial) single() bool { return len(w.plan.Routes) == 1 && len(w.plan.Routes[0].Legs) == 1 }

func does(f func(w *trial)) func(*trial) bool {
	return func(w *trial) bool { f(w); return true }
}

// mutations are what can be wrong with a plan, or with the books that it claims to
// be of, and the codes of which one must be told.
var mutations = []struct {
	name, codes string
	apply       func(w *trial) bool // false: it cannot be done to this plan
}{
	{"less is sold than was asked for", "order", does(func(w *trial) { w.order.In, w.order.Out = 2*w.order.In, 2*w.order.Out })},
	{"the other way round", "order chain", does(func(w *trial) { w.order.Sell, w.order.Buy = w.order.Buy, w.order.Sell })},
	{"of another asset", "order", does(func(w *trial) { w.plan.Sell.Symbol = "XYZ" })},
	{"of another scale", "order", does(func(w *trial) { w.plan.Buy.EngineScale++ })},
	{"an amount to sell answered as one to buy", "order", does(func(w *trial) { w.plan.ExactOut = !w.plan.ExactOut })},
	{"no routes", "order sum", does(func(w *trial) { w.plan.Routes = nil })},
	{"nothing for nothing", "order", does(func(w *trial) { w.plan = plan.Plan{Sell: w.plan.Sell, Buy: w.plan.Buy} })},
	{"a route without legs", "hops", does(func(w *trial) { w.plan.Routes = append(w.plan.Routes, plan.Route{}) })},
	{"a leg more than is allowed", "hops", func(w *trial) bool {
		w.order.MaxHops = len(w.plan.Routes[0].Legs) - 1
		w.plan.Bound.MaxHops = w.order.MaxHops
		return w.order.MaxHops > 0
	}},
	{"legs in another order", "chain", func(w *trial) bool {
		slices.Reverse(w.plan.Routes[0].Legs)
		return len(w.plan.Routes[0].Legs) > 1
	}},
	{"a route that ends too early", "chain", func(w *trial) bool {
		legs := w.plan.Routes[0].Legs
		w.plan.Routes[0].Legs = legs[:len(legs)-1]
		return len(legs) > 1
	}},
	{"a leg the wrong way", "chain", does(func(w *trial) { w.leg().Action = 3 - w.leg().Action })},
	{"a leg of no action", "chain", does(func(w *trial) { w.leg().Action = 0 })},
	{"a leg that names another asset", "chain", does(func(w *trial) { w.leg().GetAsset.Symbol = "XYZ" })},
	{"a leg that counts an asset finer", "chain", does(func(w *trial) { w.leg().GiveAsset.EngineScale++ })},
	{"there and back again", "twice", does(func(w *trial) {
		l := *w.leg()
		back, forth := l, l
		back.Action, back.In, back.Out = 3-l.Action, l.Out, l.In
		back.GiveAsset, back.GetAsset = l.GetAsset, l.GiveAsset
		w.order.MaxHops, w.plan.Bound.MaxHops = 3, 3
		w.plan.Routes = []plan.Route{{Legs: []plan.Leg{l, back, forth}}}
		w.plan.In, w.plan.Out, w.order.Sell, w.plan.Sell = l.In, l.Out, l.GiveAsset.Symbol, l.GiveAsset
		w.order.In, w.order.Out = min(w.order.In, 1)*l.In, min(w.order.Out, 1)*l.Out
	})},
	{"a leg gives more than came in", "sum", func(w *trial) bool {
		w.leg().In++
		return len(w.plan.Routes[0].Legs) > 1
	}},
	{"a plan of more than its routes", "sum", does(func(w *trial) { w.plan.Out++; w.order.Out += min(w.order.Out, 1) })},
	{"a plan that takes less than its routes", "sum", does(func(w *trial) { w.plan.In--; w.order.In -= min(w.order.In, 1) })},
	{"a route that takes less than nothing", "sum", does(func(w *trial) {
		r := w.plan.Routes[0]
		for _, sign := range []money.Amount{1, -1} {
			legs := slices.Clone(r.Legs)
			for j := range legs {
				legs[j].In, legs[j].Out = sign, sign
			}
			w.plan.Routes = append(w.plan.Routes, plan.Route{Legs: legs})
		}
	})},
	{"a market that does not exist", "venue", does(func(w *trial) {
		w.markets = slices.DeleteFunc(w.markets, func(m checker.Market) bool { return m.Key == w.leg().Key })
	})},
	{"a venue that does not list the pair", "venue", does(func(w *trial) { w.leg().Key.Venue = "nowhere" })},
	{"a stale book", "venue", does(func(w *trial) { w.used().View.RecvTime = w.order.Now - int64(w.order.StaleAfter) - 1 })},
	{"a book never heard of", "venue", does(func(w *trial) { w.used().View.RecvTime = 0 })},
	{"a book of the future", "venue", does(func(w *trial) { w.used().View.RecvTime = w.order.Now + int64(time.Second) })},
	{"a gapped book", "venue", does(func(w *trial) { w.used().View.State = book.Gapped })},
	{"a halted book", "venue", does(func(w *trial) { w.used().View.State = book.Halted })},
	{"a book that has missed a message and says nothing", "venue", does(func(w *trial) { w.used().Lost = true })},
	{"a book that is crossed in itself", "venue", func(w *trial) bool {
		v := w.used().View
		if len(v.Asks) == 0 || len(v.Bids) == 0 {
			return false
		}
		v.Asks[0].Price = v.Bids[0].Price
		return true
	}},
	{"a venue whose fee nobody knows", "venue", does(func(w *trial) { w.used().Fee = nil })},
	{"a venue that is excluded", "venue", does(func(w *trial) { w.order.Exclude = append(w.order.Exclude, w.leg().Key.Venue) })},
	{"a venue that settles too late", "venue", does(func(w *trial) {
		w.order.MaxSettle, w.used().Terms.Settle = time.Second, 2*time.Second
	})},
	{"the best level is gone", "fill depth", does(func(w *trial) { *w.levels() = (*w.levels())[1:] })},
	{"no level is left", "depth", does(func(w *trial) { *w.levels() = nil })},
	{"levels of one unit", "fill depth", func(w *trial) bool {
		ls := *w.levels()
		for i := range ls {
			ls[i].Size = 1
		}
		return min(w.leg().In, w.leg().Out) > 1_000_000_000
	}},
	{"a worse price", "fill depth", does(func(w *trial) {
		ls := *w.levels()
		for i := range ls {
			if w.leg().Action == plan.Sell {
				ls[i].Price -= ls[i].Price/50 + 1
			} else {
				ls[i].Price += ls[i].Price/50 + 1
			}
		}
	})},
	{"a higher fee", "fill", does(func(w *trial) {
		f := *w.used().Fee
		f.Rate += market.FeeUnit / 50
		w.used().Fee = &f
	})},
	{"the fee on the other asset", "fee fill", func(w *trial) bool {
		f := *w.used().Fee
		f.On = 1 - f.On
		w.used().Fee = &f
		return w.leg().Action == plan.Buy && w.leg().Fee > 10
	}},
	{"more out of a book, a part in a thousand", "fill", does(func(w *trial) {
		n := w.leg().Out/1000 + 1
		w.leg().Out += n
		w.plan.Out += n
		w.order.Out += min(w.order.Out, 1) * n
	})},
	{"a unit more out of a book", "fill", func(w *trial) bool {
		w.leg().Out++
		w.plan.Out++
		return w.single() && !w.plan.ExactOut
	}},
	{"a unit less into a book", "fill", func(w *trial) bool {
		w.leg().In--
		w.plan.In--
		return w.plan.ExactOut && len(w.plan.Routes[0].Legs) == 1 && w.leg().Out > 2*w.leg().In
	}},
	{"less than a venue trades", "least", does(func(w *trial) { w.used().Terms.MinSize.Coef = 1e9 })},
	{"lots of which those that are paid for are too few", "least", func(w *trial) bool {
		l := w.leg()
		given := func(x money.Amount) money.Num { return money.Num{Coef: int64(x), Scale: l.GiveAsset.EngineScale} }
		w.used().Terms.MinSize, w.used().Terms.Lot = given(l.In), given(l.In/2+1)
		return w.single() && l.Action == plan.Sell
	}},
	{"what is taken out costs", "fill", does(func(w *trial) {
		cent := money.Num{Coef: 1, Scale: 2}
		w.used().Terms.WithdrawBase, w.used().Terms.WithdrawQuote = cent, cent
	})},
	{"lots larger than all levels", "depth", does(func(w *trial) { w.used().Terms.Lot.Coef = 1e9 })},
	{"lots that leave a part of each level", "fill depth", does(func(w *trial) {
		w.used().Terms.Lot = money.Num{Coef: 1_234_567, Scale: 8}
	})},
	{"a fee that is not the venue's", "fee", does(func(w *trial) { w.leg().Fee += w.leg().In + w.leg().Out })},
	{"a fee below nothing", "fee", does(func(w *trial) { w.leg().Fee = -1 })},
	{"a fee of another asset", "fee", does(func(w *trial) { w.leg().FeeAsset.Symbol = "XYZ" })},
	{"a bound that is beaten", "bound", does(func(w *trial) {
		w.plan.Bound.Amount = w.plan.Out - 1
		if w.plan.ExactOut {
			w.plan.Bound.Amount = w.plan.In + 1
		}
	})},
	{"a bound over one book less", "bound", does(func(w *trial) { w.plan.Bound.Considered-- })},
	{"a bound of fewer hops", "bound", does(func(w *trial) { w.plan.Bound.MaxHops-- })},
	{"a bound without a venue", "bound", does(func(w *trial) { w.plan.Bound.Barred = append(w.plan.Bound.Barred, "zzz") })},
	{"a bound within a time", "bound", does(func(w *trial) { w.plan.Bound.MaxSettle = time.Second })},
	{"there sooner than it is", "settle", does(func(w *trial) { w.used().Terms.Settle, w.leg().Settle = time.Second, time.Second })},
	{"a leg that is there sooner", "settle", does(func(w *trial) { w.used().Terms.Settle = time.Second })},
	{"a tier of a book", "settle", does(func(w *trial) { w.leg().HasTier = true })},
}

// TestMutated: the checker accepts an answer and refuses it after every one of the
// mutations, for the right reason.
func TestMutated(t *testing.T) {
	m := sim.New(sim.Options{Seed: 21, Start: epoch})
	s := newStage(t, engine.Options{Assets: m.Assets(), Fees: m.Fees()}, 3)
	for range 3000 {
		at, key, ev := m.Next()
		s.now = epoch + at
		s.event(key, ev)
	}
	s.w.Flush(s.now)
	s.check = checker.New(s.e.Assets())
	all := s.markets()
	tried, total := map[string]int{}, 0
	for s.plans < 150 {
		req, o := s.invent(all)
		p, err := api.Indicate(s.e, req, s.now)
		if err != nil || min(p.Plan.In, p.Plan.Out) < 100_000_000 || !s.usual(all, &p.Plan) {
			continue
		}
		s.plans++
		if f := s.check.Check(o, all, &p.Plan); len(f) > 0 {
			t.Fatalf("%+v: %v", req, f)
		}
		for _, k := range mutations {
			w := newTrial(o, all, &p.Plan)
			if !k.apply(w) {
				continue
			}
			tried[k.name]++
			total++
			if f := s.check.Check(&w.order, w.markets, &w.plan); !told(f, k.codes) {
				t.Errorf("%+v: after %s: %v, want %s\n%+v", req, k.name, f, k.codes, w.plan)
			}
		}
	}
	for _, k := range mutations {
		if tried[k.name] < 3 {
			t.Errorf("%s was tried %d times", k.name, tried[k.name])
		}
	}
	t.Logf("%d plans accepted, %d mutated ones of %d kinds refused", s.plans, total, len(tried))
}

// usual reports whether a plan stays away from the end of the books, where prices
// do not matter any more.
func (s *stage) usual(all []checker.Market, p *plan.Plan) bool {
	near := func(x money.Amount, a market.Asset) bool {
		return float64(x) < depthOf(all, a.Symbol)*math.Pow10(int(a.EngineScale))/20
	}
	return near(p.In, p.Sell) && near(p.Out, p.Buy)
}

// told reports whether one of the codes is among faults.
func told(faults []checker.Fault, codes string) bool {
	return slices.ContainsFunc(faults, func(f checker.Fault) bool {
		return f.Detail != "" && slices.Contains(strings.Fields(codes), f.Code)
	})
}
