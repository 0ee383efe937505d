package api

import (
	"math"

	"chronos.dev/engine"
	"chronos.dev/engine/plan"
	"chronos.dev/money"
	"chronos.dev/money/text"
)

// Rates are fractions whose integers grow with every hop and path. A float64 tells
// nearly always which digits they are written with, for it is known how far it can be
// off: where all numbers that the exact one can be give the same digits, those are
// written, and else, as where a loss is exactly nothing, the fraction is made.

// about is a number above zero, within off of its value; 0 if nothing is known of it.
type about float64

// off bounds what the roundings of a rate come to, by its value: six for each of
// plan.MaxHops hops, seven for the weights, and one for each path that is added, each
// half a bit. Twice as much is taken.
func off(paths []path) float64 {
	const bit = 1.0 / (1 << 53)
	return float64(2*(6*plan.MaxHops+7+len(paths))) * bit
}

// tensAbout are the powers of ten that a float64 holds exactly.
var tensAbout = [...]float64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

func aboutNum(n money.Num) float64 {
	if int(n.Scale) >= len(tensAbout) {
		return 0
	}
	return float64(n.Coef) / tensAbout[n.Scale]
}

func aboutPer(out, in money.Num) float64 {
	if in.Coef == 0 {
		return 0
	}
	return aboutNum(out) / aboutNum(in)
}

// aboutMean is about what fracs.mean makes.
func aboutMean(pl *plan.Plan, paths []path, of func(h *hopSum) float64) about {
	sum := 0.0
	for i := range paths {
		p := &paths[i]
		rate := float64(p.hops[0].in)
		for h := range p.n {
			x := of(&p.hops[h])
			if !(x > 0) {
				return 0
			}
			rate *= x
		}
		sum += rate
	}
	weight := float64(pl.In)
	if len(paths) == 1 {
		weight = float64(paths[0].hops[0].in)
	}
	return known(sum / weight)
}

// known is v, or 0 if it is beyond what is reckoned with here.
func known(v float64) about {
	if v > 1e-30 && v < 1e30 {
		return about(v)
	}
	return 0
}

func aboutGross(h *hopSum) float64 {
	return aboutPer(num(h.grossOut, h.get.EngineScale), num(h.grossIn, h.give.EngineScale))
}

// aboutMid is about what setMid makes.
func aboutMid(mids []engine.Mid, h *hopSum) float64 {
	for i := range mids {
		m := &mids[i]
		if m.Give != h.give.Symbol || m.Get != h.get.Symbol {
			continue
		}
		if !m.Known {
			break
		}
		mid := (aboutNum(m.Bid) + aboutNum(m.Ask)) / 2
		if m.Inverse {
			mid = 1 / mid
		}
		return mid
	}
	return 0
}

func num(v money.Amount, scale uint8) money.Num { return money.Num{Coef: int64(v), Scale: scale} }

// appendSignificant appends what text.Frac.AppendSignificant gives, if that is known.
func (a about) appendSignificant(dst []byte, off float64) ([]byte, bool) {
	const least = 1e11 // the smallest integer of rateDigits digits
	if a == 0 {
		return dst, false
	}
	decimals := rateDigits - 1 - int(math.Floor(math.Log10(float64(a))))
	if decimals < 0 || decimals > text.MaxFraction || decimals >= len(tensAbout) {
		return dst, false
	}
	v := float64(a) * tensAbout[decimals]
	from, to := math.Floor(v-v*2*off), math.Floor(v+v*2*off)
	if from != to || from < least || from >= 10*least {
		return dst, false
	}
	return money.AppendFixed(dst, int64(from), uint8(decimals)), true
}

// appendLoss appends by how many basis points to is below from, up, if that is known.
func appendLoss(dst []byte, from, to about, off float64) ([]byte, bool) {
	if from == 0 || to == 0 {
		return dst, false
	}
	const hundredths = 1e4 * 100 // bpsScale
	kept := float64(to) / float64(from)
	wrong := hundredths * 4 * off * max(kept, 1)
	v := hundredths * (1 - kept)
	low, high := math.Ceil(v-wrong), math.Ceil(v+wrong)
	if low != high || math.Abs(v) > 1e15 {
		return dst, false
	}
	return money.AppendFixed(dst, int64(low), bpsScale), true
}
