package api

import (
	"slices"
	"sync"
	"time"

	"chronos.dev/api/wire"
	"chronos.dev/engine"
	"chronos.dev/engine/plan"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Meta is what a price body says that is not in the plan.
type Meta struct {
	Source     string // of books that are a venue's own
	ComputedUS int64  // microseconds
}

var pricers = sync.Pool{New: func() any { return new(pricer) }}

// AppendPrice appends the body of GET /v1/price. The same p and m always give
// the same bytes.
func AppendPrice(dst []byte, p *engine.Price, m Meta) []byte {
	s := pricers.Get().(*pricer)
	defer pricers.Put(s)
	var w wire.Writer
	w.Reset(dst)
	s.append(&w, p, m)
	return w.B
}

// pricer writes price bodies. Amounts inside are finer than those shown. So that
// shown amounts chain from hop to hop and sum to the total, each stage of the
// plan (what is sold, what stands between, what is bought) has a running total,
// and a part is shown as the difference that it makes to the total as shown.
type pricer struct {
	w      *wire.Writer
	stages []stage
	fees   []feeSum
	paths  []path
	fracs  fracs
	sold   money.Amount // by the routes so far
	gap    int64        // of the last body, 10^-4 bps; -1 if it says nothing

	confidence Confidence // nil: no table
}

// stage is a place between hops where amounts of one asset pass.
type stage struct {
	at    int // 0 sold, n after hop n, last bought
	asset string
	total money.Amount
}

const last = -1

// feeSum is what one venue keeps of one asset.
type feeSum struct {
	venue  string
	asset  market.Asset
	amount money.Amount
}

// shown is an engine amount at the scale of the API.
func shown(v money.Amount, a market.Asset, r money.Rounding) int64 {
	n, err := money.Num{Coef: int64(v), Scale: a.EngineScale}.AtRounded(a.Scale, r)
	if err != nil {
		panic("api: an asset whose engine scale is below its scale")
	}
	return n
}

func appendShown(dst []byte, v money.Amount, a market.Asset, r money.Rounding) []byte {
	return money.AppendFixed(dst, shown(v, a, r), a.Scale)
}

func (s *pricer) amount(key string, v int64, scale uint8) {
	s.w.Key(key).Begin()
	s.w.B = money.AppendFixed(s.w.B, v, scale)
	s.w.End()
}

func (s *pricer) append(w *wire.Writer, p *engine.Price, m Meta) {
	s.w, s.gap = w, -1
	defer func() { s.w = nil }()
	pl := &p.Plan
	bound := s.bound(pl)
	sell, buy := ends(pl)
	w.Open('{')
	w.Key("kind").Str("indicative")
	w.Key("status").Str(status(pl, bound, sell, buy))
	if pl.Degraded {
		w.Key("degraded").Bool(true)
	}
	w.Key("sell_asset").Str(pl.Sell.Symbol)
	w.Key("buy_asset").Str(pl.Buy.Symbol)
	s.plan(p)
	s.certificate(pl, bound, sell, buy)
	appendLeftOut(w, p.LeftOut)
	appendSource(w, p.Origin, m.Source)
	w.Key("graph_version").Uint(p.GraphVersion)
	w.Key("as_of")
	appendTime(w, p.AsOf-p.OldestBook)
	w.Key("oldest_book_age_ms").Int(p.OldestBook / 1e6)
	w.Key("computed_us").Int(m.ComputedUS)
	w.Close('}')
}

// ends are the amounts of a plan as shown.
func ends(pl *plan.Plan) (sell, buy int64) {
	return shown(pl.In, pl.Sell, money.Up), shown(pl.Out, pl.Buy, money.Down)
}

// plan writes the members that say what a plan gives and how.
func (s *pricer) plan(p *engine.Price) {
	s.stages, s.fees, s.sold = s.stages[:0], s.fees[:0], 0
	w, pl := s.w, &p.Plan
	sell, buy := ends(pl)
	s.amount("sell_amount", sell, pl.Sell.Scale)
	s.amount("buy_amount", buy, pl.Buy.Scale)
	s.rates(p, sell, buy)
	s.appendFees(pl)
	w.Key("est_time_ms")
	if ms := pl.Settle.Milliseconds(); ms > 0 {
		w.Int(ms)
	} else {
		w.Null()
	}
	s.appendConfidence(p)
	s.routes(pl)
}

// bound is the plan's bound as shown. What a customer receives is shown rounded
// down and what he pays rounded up, so rounding the bound the same way still
// bounds whatever could be shown to him.
func (s *pricer) bound(pl *plan.Plan) int64 {
	if pl.ExactOut {
		return shown(pl.Bound.Amount, pl.Sell, money.Up)
	}
	return shown(pl.Bound.Amount, pl.Buy, money.Down)
}

func status(pl *plan.Plan, bound, sell, buy int64) string {
	if pl.ExactOut && bound == sell || !pl.ExactOut && bound == buy {
		return "exact"
	}
	return "bounded"
}

// appendFees sums what each venue keeps of each asset.
func (s *pricer) appendFees(pl *plan.Plan) {
	for i := range pl.Routes {
		for j := range pl.Routes[i].Legs {
			if l := &pl.Routes[i].Legs[j]; l.Fee > 0 {
				s.addFee(l)
			}
		}
	}
	w := s.w
	w.Key("fees").Open('[')
	for _, f := range s.fees {
		w.Open('{')
		w.Key("kind").Str("venue")
		w.Key("venue").Str(f.venue)
		w.Key("asset").Str(f.asset.Symbol)
		s.amount("amount", shown(f.amount, f.asset, money.Up), f.asset.Scale)
		w.Close('}')
	}
	w.Close(']')
}

func (s *pricer) addFee(l *plan.Leg) {
	i := slices.IndexFunc(s.fees, func(f feeSum) bool {
		return f.venue == l.Key.Venue && f.asset.Symbol == l.FeeAsset.Symbol
	})
	if i < 0 {
		s.fees = append(s.fees, feeSum{venue: l.Key.Venue, asset: l.FeeAsset})
		i = len(s.fees) - 1
	}
	s.fees[i].amount += l.Fee // the engine refuses plans in which it does not fit
}

func (s *pricer) routes(pl *plan.Plan) {
	w := s.w
	w.Key("routes").Open('[')
	for i := range pl.Routes {
		r := &pl.Routes[i]
		w.Open('{')
		w.Key("share").Begin()
		before := share(s.sold, pl.In)
		s.sold += r.In()
		w.B = money.AppendFixed(w.B, share(s.sold, pl.In)-before, shareScale)
		w.End()
		in := s.step(0, pl.Sell, r.In(), money.Up)
		s.amount("sell_amount", in, pl.Sell.Scale)
		out := s.peek(last, pl.Buy, r.Out(), money.Down)
		s.amount("buy_amount", out, pl.Buy.Scale)
		s.hops(r, in)
		w.Close('}')
	}
	w.Close(']')
}

func (s *pricer) hops(r *plan.Route, in int64) {
	w := s.w
	w.Key("hops").Open('[')
	for i := range r.Legs {
		l := &r.Legs[i]
		at := i + 1
		if at == len(r.Legs) {
			at = last
		}
		out := s.step(at, l.GetAsset, l.Out, money.Down)
		w.Open('{')
		w.Key("venue").Str(l.Key.Venue)
		appendPair(w, "market", l.Key.Pair)
		w.Key("side").Str(l.Action.String())
		w.Key("sell_asset").Str(l.GiveAsset.Symbol)
		w.Key("buy_asset").Str(l.GetAsset.Symbol)
		s.amount("sell_amount", in, l.GiveAsset.Scale)
		s.amount("buy_amount", out, l.GetAsset.Scale)
		w.Key("avg_price")
		appendAvgPrice(w, l)
		if l.HasTier {
			w.Key("tier").Str(l.Tier)
			w.Key("tier_index").Int(int64(l.TierIndex))
		}
		w.Close('}')
		in = out
	}
	w.Close(']')
}

// step adds v to a stage and returns the difference it makes to what is shown.
func (s *pricer) step(at int, a market.Asset, v money.Amount, r money.Rounding) int64 {
	st := s.stage(at, a)
	before := shown(st.total, a, r)
	st.total += v
	return shown(st.total, a, r) - before
}

// peek is step without adding.
func (s *pricer) peek(at int, a market.Asset, v money.Amount, r money.Rounding) int64 {
	total := s.stage(at, a).total
	return shown(total+v, a, r) - shown(total, a, r)
}

func (s *pricer) stage(at int, a market.Asset) *stage {
	for i := range s.stages {
		if st := &s.stages[i]; st.at == at && st.asset == a.Symbol {
			return st
		}
	}
	s.stages = append(s.stages, stage{at: at, asset: a.Symbol})
	return &s.stages[len(s.stages)-1]
}

func appendLeftOut(w *wire.Writer, left []graph.LeftOut) {
	w.Key("left_out").Open('[')
	for i := range left {
		l := &left[i]
		w.Open('{')
		w.Key("venue").Str(l.Key.Venue)
		w.Key("market").Str(l.Key.Pair.String())
		reason, detail := whyNot(l)
		w.Key("reason").Str(reason)
		w.Key("detail").Str(detail)
		w.Key("age_ms")
		if l.Age < 0 {
			w.Null()
		} else {
			w.Int(l.Age / 1e6)
		}
		w.Close('}')
	}
	w.Close(']')
}

// whyNot says why a market was left out, in a word and a sentence.
func whyNot(l *graph.LeftOut) (reason, detail string) {
	switch {
	case l.Slow:
		return "too_slow", "it settles later than the request allows"
	case l.Barred:
		return "excluded", "the request excludes this venue"
	}
	if l.Why != "" {
		return l.Why, l.Reason
	}
	return l.State.String(), l.Reason
}

// appendTime appends Unix nanoseconds as RFC 3339 in UTC with nine digits: the last
// digit of the seconds is written again, with all that follows it.
func appendTime(w *wire.Writer, nanos int64) {
	t := time.Unix(0, nanos).UTC()
	w.Begin()
	w.B = t.AppendFormat(w.B, time.RFC3339) // has a path of its own, unlike one with digits
	last := len(w.B) - len("0Z")
	w.B = money.AppendFixed(w.B[:last], int64(t.Second()%10)*1e9+int64(t.Nanosecond()), 9)
	w.B = append(w.B, 'Z')
	w.End()
}
