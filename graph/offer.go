package graph

import (
	"fmt"
	"math"
	"math/big"

	"chronos.dev/book"
	"chronos.dev/market"
	"chronos.dev/money"
)

// NewOffer turns a provider's offer, which was checked, into one option a tier. A
// tier whose amounts do not fit, of which nothing is left after its fees, or that
// waits for a reference price is Dropped. An offer whose custody is not available
// has no options, and one without options cannot be used.
//
// With p the price of a tier after its fee and x an amount of base, value(x) is
// p*x, or for a slice that is not the first the value at which the tier before
// ends and p for the rest. A customer who sells gives x and the fixed fees in base
// for value(x), down, less the fixed fees in quote; one who buys gives value(x),
// up, and the fixed fees in quote for x less those in base. An option is the least
// such x that gives anything, and one arc from there to the end of the tier, which
// nowhere gives more than that.
func NewOffer(o *market.Offer, sc Scales) *State {
	v := &book.View{
		State: book.Live, ChangedAt: o.RecvTime,
		Version: o.Seq, Epoch: 1, Seq: o.Seq, VenueTime: o.Time, RecvTime: o.RecvTime, Origin: o.Origin,
	}
	s := &State{View: v, HasFee: true, FeeUntil: Forever, Offer: o}
	if o.Custody != market.Available {
		v.State, v.Reason, s.Why = book.Halted, "custody status "+o.Custody.String(), WhyCustody
		return s
	}
	s.Sell = newTiers(o.Sell, o.Key.Pair, sc, true)
	s.Buy = newTiers(o.Buy, o.Key.Pair, sc, false)
	if len(s.Sell.Options)+len(s.Buy.Options) > 0 {
		return s
	}
	v.State, v.Reason, s.Why = book.Awaiting, "no tier can be used", WhyEmpty
	if pair, waits := o.Unpriced(); waits {
		v.Reason, s.Why = NoReference(pair), WhyUnpriced
	}
	return s
}

// NoReference says that a tier waits for the price of a pair.
func NoReference(pair market.Pair) string { return "no reference price of " + pair.String() }

// usableOffer is Usable of an offer: how long it holds is the provider's word, and
// silence ends it no sooner.
func (s *State) usableOffer(now int64) (Usability, bool) {
	v := s.View
	u := Usability{State: v.State, Reason: v.Reason, Age: -1, Why: s.Why}
	if v.RecvTime != 0 {
		u.Age = max(now-v.RecvTime, 0)
	}
	switch {
	case now >= s.Offer.ValidUntil:
		u.State, u.Reason, u.Why = book.Stale, "the offer has expired", WhyExpired
	case v.State != book.Live:
	case v.RecvTime-now > clockSlack:
		u.State, u.Reason = book.Stale, "heard in the future: the clock was set back"
	default:
		return u, true
	}
	return u, false
}

// spanOffer is Span of an offer.
func (s *State) spanOffer() (from, until int64) {
	v := s.View
	if v.State != book.Live || s.Offer.ValidUntil == math.MinInt64 {
		return math.MaxInt64, math.MinInt64
	}
	if from = v.RecvTime - clockSlack; from > v.RecvTime {
		from = math.MinInt64
	}
	return from, s.Offer.ValidUntil - 1
}

// tiers computes the options of one side. Values are exact: whole numbers of
// 1/unit of a minor unit of quote.
type tiers struct {
	pair market.Pair
	sc   Scales
	sell bool
	unit *big.Int

	value    *big.Int // at the end of the tier before
	fb, fq   *big.Int // fixed fees of the tiers that a slice rests on
	min, max *big.Int // of the tier
	start    *big.Int // value at min
	price    *big.Int // value of one more minor unit of base
}

func newTiers(list []market.Tier, pair market.Pair, sc Scales, sell bool) (side Side) {
	b := tiers{
		pair: pair, sc: sc, sell: sell,
		unit:  mul(big.NewInt(market.FeeUnit), ten(int(sc.Base)+money.MaxScale)),
		value: new(big.Int), fb: new(big.Int), fq: new(big.Int),
	}
	for i := range list {
		b.next(&list[i], i == 0) // of a tier without a price too: what rests on it waits as well
		var o Option
		_, waits := market.Waits(list, i)
		ok := !waits
		if ok {
			o, ok = b.option()
		}
		if !ok {
			side.Dropped++
			continue
		}
		o.Tier, o.Name, o.Settle = i, list[i].Name, list[i].Settle
		side.Options = append(side.Options, o)
	}
	return side
}

// next goes on to the next tier.
func (b *tiers) next(t *market.Tier, first bool) {
	fee, _ := market.FeeBps(t.FeeBps, market.FeeQuote)
	keep := market.FeeUnit + fee.Rate
	if b.sell {
		keep = market.FeeUnit - fee.Rate
	}
	b.price = mul(big.NewInt(t.Price.Coef), big.NewInt(keep))
	b.price.Mul(b.price, ten(int(b.sc.Quote)+money.MaxScale-int(t.Price.Scale)))
	b.min, b.max = units(t.Min, b.sc.Base), units(t.Max, b.sc.Base)
	b.start = b.value
	if t.Whole || first {
		b.start = mul(b.price, b.min)
		b.fb, b.fq = new(big.Int), new(big.Int)
	}
	b.value = b.at(b.max)
	if t.FixedFeeAsset == b.pair.Base {
		b.fb = new(big.Int).Add(b.fb, units(t.FixedFee, b.sc.Base))
	} else {
		b.fq = new(big.Int).Add(b.fq, units(t.FixedFee, b.sc.Quote))
	}
}

// option is what the tier is to a customer, false if nothing that fits.
func (b *tiers) option() (o Option, ok bool) {
	least := b.least()
	if least.Cmp(b.max) > 0 {
		return o, false
	}
	entry, ok1 := b.arc(least)
	end, ok2 := b.arc(b.max)
	if more := (Arc{In: end.In - entry.In, Out: end.Out - entry.Out}); more.In > 0 && more.Out > 0 {
		o.More = []Arc{more}
	}
	o.Entry = entry
	return o, ok1 && ok2
}

// least is the least amount of base within the tier, or beyond it, that gives
// anything; 0 where there is no least.
func (b *tiers) least() *big.Int {
	one := big.NewInt(1)
	if b.min.Sign() == 0 && b.fb.Sign() == 0 && b.fq.Sign() == 0 {
		return b.min
	}
	x := new(big.Int)
	if b.sell {
		x.Sub(mul(x.Add(b.fq, one), b.unit), b.start)
		x.Add(ceil(x, b.price), b.min)
	} else {
		x.Add(b.fb, one)
	}
	if x.Cmp(b.min) < 0 {
		return b.min
	}
	return x
}

// at is the value of x.
func (b *tiers) at(x *big.Int) *big.Int {
	v := mul(b.price, new(big.Int).Sub(x, b.min))
	return v.Add(v, b.start)
}

// arc is what x of base is to a customer, false if that does not fit.
func (b *tiers) arc(x *big.Int) (a Arc, ok bool) {
	in, out := new(big.Int), new(big.Int)
	if b.sell {
		in.Add(x, b.fb)
		out.Sub(out.Div(b.at(x), b.unit), b.fq)
	} else {
		in.Add(ceil(b.at(x), b.unit), b.fq)
		out.Sub(x, b.fb)
	}
	return Arc{money.Amount(in.Int64()), money.Amount(out.Int64())}, in.IsInt64() && out.IsInt64()
}

func mul(a, b *big.Int) *big.Int { return new(big.Int).Mul(a, b) }

func ten(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// ceil is a/d, up, where d is positive.
func ceil(a, d *big.Int) *big.Int {
	q := new(big.Int).Neg(a)
	return q.Neg(q.Div(q, d))
}

// units is n in minor units.
func units(n money.Num, scale uint8) *big.Int {
	v, err := n.At(scale)
	if err != nil {
		panic(fmt.Sprintf("graph: %s of an offer that was not checked", n))
	}
	return big.NewInt(v)
}
