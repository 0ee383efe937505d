package api

import (
	"math"
	"math/bits"
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
	s.means(p)
}

// means writes what the middles were and what was lost to them and to fees.
func (s *pricer) means(p *engine.Price) {
	pl, w, f, off := &p.Plan, s.w, &s.fracs, off(s.paths)
	gross := aboutMean(pl, s.paths, aboutGross)
	mid := aboutMean(pl, s.paths, func(h *hopSum) float64 { return aboutMid(p.Mids, h) })
	net := known(aboutPer(num(pl.Out, pl.Buy.EngineScale), num(pl.In, pl.Sell.EngineScale)))
	from := len(w.B)
	w.Key("mid_rate").Begin()
	var ok bool
	if w.B, ok = mid.appendSignificant(w.B, off); !ok && !f.midOf(p, s.paths) {
		w.B = w.B[:from]
		w.Key("mid_rate").Null()
		w.Key("slippage_bps").Null()
	} else {
		if !ok {
			w.B = f.mid.AppendSignificant(w.B, rateDigits)
		}
		w.End()
		s.loss("slippage_bps", mid, gross, off, func() {
			f.midOf(p, s.paths) // writing it has lost it
			f.grossOf(pl, s.paths)
			f.loss.SetLoss(&f.mid, &f.gross)
		})
	}
	s.loss("fee_bps", gross, net, off, func() {
		f.grossOf(pl, s.paths)
		setPerUnit(&f.net, pl.Out, pl.Buy, pl.In, pl.Sell)
		f.loss.SetLoss(&f.gross, &f.net)
	})
}

// midOf makes the fraction of the middles, and reports whether there is one.
func (f *fracs) midOf(p *engine.Price, paths []path) bool {
	f.mean(&f.mid, &p.Plan, paths, func(of *text.Frac, h *hopSum) { setMid(of, p.Mids, h) })
	return f.mid.Valid()
}

// grossOf makes the fraction of what the plan gives before fees.
func (f *fracs) grossOf(pl *plan.Plan, paths []path) {
	f.mean(&f.gross, pl, paths, func(of *text.Frac, h *hopSum) {
		setPerUnit(of, h.grossOut, h.get, h.grossIn, h.give)
	})
}

// loss appends by how many basis points to is below from, up. exact makes it of
// fractions, where it hangs on what the others are not sure of.
func (s *pricer) loss(key string, from, to about, off float64, exact func()) {
	w, ok := s.w, false
	w.Key(key).Begin()
	if w.B, ok = appendLoss(w.B, from, to, off); !ok {
		exact()
		s.fracs.loss.InBps()
		w.B = s.fracs.loss.AppendCeil(w.B, bpsScale)
	}
	w.End()
}

// fracs is the memory of rates: what the plan receives for what it gives, before
// the fees, at the middles of its hops, and after the fees.
type fracs struct{ gross, mid, net, loss, rate, hop text.Frac }

// mean makes to the mean of the paths of a plan by what they take, each the product
// of its hops; invalid where one is. of makes its argument the rate of a hop.
func (f *fracs) mean(to *text.Frac, pl *plan.Plan, paths []path, of func(*text.Frac, *hopSum)) {
	to.SetPer(money.Num{}, one)
	weighted := len(paths) != 1
	for i := range paths {
		p := &paths[i]
		f.rate.SetPer(one, one)
		if weighted {
			f.rate.SetPer(money.Num{Coef: int64(p.hops[0].in)}, one)
		}
		for h := range p.n {
			of(&f.hop, &p.hops[h])
			f.rate.Mul(&f.hop)
		}
		to.Add(&f.rate)
	}
	if weighted {
		f.hop.SetPer(one, money.Num{Coef: int64(pl.In)})
		to.Mul(&f.hop)
	}
	if len(paths) == 0 {
		to.SetPer(one, money.Num{})
	}
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
			// The engine refuses plans in which these do not fit.
			sum.in, sum.out = sum.in+l.In, sum.out+l.Out
			sum.grossIn, sum.grossOut = sum.grossIn+l.GrossIn(), sum.grossOut+l.GrossOut()
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

// setMid makes of the middle of a hop, invalid if unknown.
func setMid(of *text.Frac, mids []engine.Mid, h *hopSum) {
	for i := range mids {
		m := &mids[i]
		if m.Give != h.give.Symbol || m.Get != h.get.Symbol {
			continue
		}
		if !m.Known {
			break
		}
		if of.SetMean(m.Bid, m.Ask); m.Inverse {
			of.Invert()
		}
		return
	}
	of.SetPer(one, money.Num{})
}

var one = money.Num{Coef: 1}

func setPerUnit(
	of *text.Frac, out money.Amount, get market.Asset, in money.Amount, give market.Asset,
) {
	of.SetPer(
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
	for d := fewest(num, den, pow); d <= money.MaxScale; d++ {
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

// fewest is a number of decimals with which num/den*10^-pow has at most rateDigits
// digits, since it is below a power of two.
func fewest(num, den int64, pow int) uint8 {
	tens := money.TensAbove(bits.Len64(uint64(num)) - bits.Len64(uint64(den)) + 1)
	return uint8(min(max(rateDigits-1+pow-tens, 0), money.MaxScale))
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
