package api

import (
	"math"

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
	gross, net := planRates(pl)
	mid, known := midRate(p.Mids)
	if known {
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

// midRate is the product of the mids along the path, false where one is unknown.
func midRate(mids []engine.Mid) (text.Ratio, bool) {
	rate := text.Per(one, one)
	for i := range mids {
		m := &mids[i]
		if !m.Known {
			return rate, false
		}
		mid := text.Per(m.Bid, one).Mean(text.Per(m.Ask, one))
		if m.Inverse {
			mid = mid.Inverse()
		}
		rate = rate.Mul(mid)
	}
	return rate, rate.Valid()
}

var one = money.Num{Coef: 1}

// planRates are the products over the hops of the path of what all its legs
// received for what they gave: before the fees, and after.
func planRates(pl *plan.Plan) (gross, net text.Ratio) {
	gross, net = text.Per(one, one), text.Per(one, one)
	for h := range pl.Routes[0].Legs {
		var in, out, grossIn, grossOut money.Amount
		for i := range pl.Routes {
			l := &pl.Routes[i].Legs[h]
			in, out = money.AddStop(in, l.In), money.AddStop(out, l.Out)
			grossIn, grossOut = money.AddStop(grossIn, l.GrossIn()), money.AddStop(grossOut, l.GrossOut())
		}
		l := &pl.Routes[0].Legs[h]
		gross = gross.Mul(perUnit(grossOut, l.GetAsset, grossIn, l.GiveAsset))
		net = net.Mul(perUnit(out, l.GetAsset, in, l.GiveAsset))
	}
	return gross, net
}

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
