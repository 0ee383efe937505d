package api

import (
	"math"
	"slices"

	"chronos.dev/api/wire"
	"chronos.dev/engine"
	"chronos.dev/engine/plan"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/money/text"
)

// Ratios are for people. All are exact until they are written, and rounded then
// so that an answer never looks better than it is: rates down, inverse rates and
// costs up.
const (
	rateDigits = 12 // significant digits of a rate
	shareScale = 8  // decimals of a share
	bpsScale   = 2  // decimals of slippage and fee in basis points
	gapScale   = 4  // decimals of the gap in basis points
)

// rates appends what the plan is worth per unit, before and after fees.
func (s *pricer) rates(p *engine.Price, sell, buy int64) {
	w, pl := s.w, &p.Plan
	w.Key("rate")
	appendRate(w, buy, pl.Buy.Scale, sell, pl.Sell.Scale, money.Down)
	w.Key("inverse_rate")
	appendRate(w, sell, pl.Sell.Scale, buy, pl.Buy.Scale, money.Up)
	s.paths = appendPaths(s.paths[:0], pl)
	gross, net := planRates(pl, s.paths)
	mid := midRate(pl, s.paths, p.Mids)
	if mid.Valid() {
		w.Key("mid_rate").Str(mid.Significant(rateDigits))
		w.Key("slippage_bps").Str(costBps(mid, gross))
	} else {
		w.Key("mid_rate").Null()
		w.Key("slippage_bps").Null()
	}
	w.Key("fee_bps").Str(costBps(gross, net))
}

// costBps is how far below from to lies, in basis points of from, up.
func costBps(from, to text.Ratio) string {
	return from.Sub(to).Div(from).Bps().Ceil(bpsScale)
}

// path sums the routes of a plan that pass the same assets.
type path struct {
	hops [plan.MaxHops]hopSum
	n    int
}

// hopSum is what all legs of one hop of a path give and get, after the fees and
// before.
type hopSum struct {
	give, get                  market.Asset
	in, out, grossIn, grossOut money.Amount
}

// appendPaths appends the paths of a plan that carry something, in the order of
// their first routes.
func appendPaths(paths []path, pl *plan.Plan) []path {
	for i := range pl.Routes {
		r := &pl.Routes[i]
		at := slices.IndexFunc(paths, func(p path) bool { return p.carries(r) })
		if at < 0 {
			at = len(paths)
			paths = append(paths, path{n: len(r.Legs)})
		}
		for h := range r.Legs {
			l, sum := &r.Legs[h], &paths[at].hops[h]
			sum.give, sum.get = l.GiveAsset, l.GetAsset
			sum.in, sum.out = money.AddStop(sum.in, l.In), money.AddStop(sum.out, l.Out)
			sum.grossIn = money.AddStop(sum.grossIn, l.GrossIn())
			sum.grossOut = money.AddStop(sum.grossOut, l.GrossOut())
		}
	}
	return slices.DeleteFunc(paths, func(p path) bool {
		return slices.ContainsFunc(p.hops[:p.n], func(h hopSum) bool { return h.out == 0 || h.grossIn == 0 })
	})
}

func (p *path) carries(r *plan.Route) bool {
	if p.n != len(r.Legs) {
		return false
	}
	for h := range r.Legs {
		if p.hops[h].get.Symbol != r.Legs[h].GetAsset.Symbol {
			return false
		}
	}
	return true
}

// planRates are what the plan receives for what it gives: before the fees, the
// mean of its paths by what they take, each the product of its hops; and after.
func planRates(pl *plan.Plan, paths []path) (gross, net text.Ratio) {
	gross = meanRate(pl, paths, func(h *hopSum) text.Ratio {
		return perUnit(h.grossOut, h.get, h.grossIn, h.give)
	})
	return gross, perUnit(pl.Out, pl.Buy, pl.In, pl.Sell)
}

// midRate is what the plan's paths would receive at the middles of their hops,
// weighted as planRates weighs them; invalid where a middle is unknown.
func midRate(pl *plan.Plan, paths []path, mids []engine.Mid) text.Ratio {
	return meanRate(pl, paths, func(h *hopSum) text.Ratio { return midOf(mids, h) })
}

func meanRate(pl *plan.Plan, paths []path, of func(*hopSum) text.Ratio) (mean text.Ratio) {
	for i := range paths {
		p := &paths[i]
		rate := of(&p.hops[0])
		for h := 1; h < p.n; h++ {
			rate = rate.Mul(of(&p.hops[h]))
		}
		if len(paths) > 1 {
			in, all := money.Num{Coef: int64(p.hops[0].in)}, money.Num{Coef: int64(pl.In)}
			rate = rate.Mul(text.Per(in, all))
		}
		if i == 0 {
			mean = rate
		} else {
			mean = mean.Add(rate)
		}
	}
	return mean
}

// midOf is the middle of a hop, invalid if unknown.
func midOf(mids []engine.Mid, h *hopSum) text.Ratio {
	i := slices.IndexFunc(mids, func(m engine.Mid) bool {
		return m.Give == h.give.Symbol && m.Get == h.get.Symbol
	})
	if i < 0 || !mids[i].Known {
		return text.Ratio{}
	}
	mid := text.Per(mids[i].Bid, one).Mean(text.Per(mids[i].Ask, one))
	if mids[i].Inverse {
		mid = mid.Inverse()
	}
	return mid
}

var one = money.Num{Coef: 1}

func perUnit(out money.Amount, get market.Asset, in money.Amount, give market.Asset) text.Ratio {
	return text.Per(
		money.Num{Coef: int64(out), Scale: get.EngineScale},
		money.Num{Coef: int64(in), Scale: give.EngineScale},
	)
}

// appendRate appends num/den with rateDigits significant digits, at most
// money.MaxScale decimals; null if den is 0.
func appendRate(
	w *wire.Writer, num int64, numScale uint8, den int64, denScale uint8, r money.Rounding,
) {
	if den == 0 {
		w.Null()
		return
	}
	w.Begin()
	defer w.End()
	const least = 1e11 // the smallest integer of rateDigits digits
	pow := int(numScale) - int(denScale)
	for d := range uint8(money.MaxScale + 1) {
		v, err := money.Scaled(num, 1, money.Ratio{Num: 1, Den: den}, pow-int(d), money.Down)
		if err != nil {
			break // beyond int64 before the point
		}
		if v < least && d < money.MaxScale {
			continue
		}
		if r == money.Up {
			v, err = money.Scaled(num, 1, money.Ratio{Num: 1, Den: den}, pow-int(d), r)
		}
		if err == nil {
			w.B = money.AppendFixed(w.B, int64(v), d)
			return
		}
	}
	whole := text.Per(money.Num{Coef: num, Scale: numScale}, money.Num{Coef: den, Scale: denScale})
	if r == money.Up {
		w.B = append(w.B, whole.Ceil(0)...)
		return
	}
	w.B = append(w.B, whole.Floor(0)...)
}

// appendAvgPrice appends what a leg paid per base unit before the fee.
func appendAvgPrice(w *wire.Writer, l *plan.Leg) {
	base, quote := l.GrossOut(), l.GrossIn()
	baseScale, quoteScale := l.GetAsset.EngineScale, l.GiveAsset.EngineScale
	if l.Action == plan.Sell {
		base, quote = l.GrossIn(), l.GrossOut()
		baseScale, quoteScale = quoteScale, baseScale
	}
	appendRate(w, int64(quote), quoteScale, int64(base), baseScale, money.Down)
}

// share is part/whole at shareScale, down. part is at most whole.
func share(part, whole money.Amount) int64 {
	per := money.Ratio{Num: 1, Den: int64(whole)}
	v, err := money.Scaled(int64(part), 1, per, -shareScale, money.Down)
	if err != nil {
		panic("api: a route sells more than its plan")
	}
	return int64(v)
}

// appendBps appends over/base in basis points, up, and returns it in 10^-4 bps,
// at most MaxInt64.
func appendBps(w *wire.Writer, over, base int64) int64 {
	w.Begin()
	defer w.End()
	v, err := money.Scaled(over, 1, money.Ratio{Num: 1, Den: base}, -4-gapScale, money.Up)
	if err != nil {
		ratio := text.Per(money.Num{Coef: over}, money.Num{Coef: base})
		w.B = append(w.B, ratio.Bps().Ceil(gapScale)...)
		return math.MaxInt64
	}
	w.B = money.AppendFixed(w.B, int64(v), gapScale)
	return int64(v)
}
