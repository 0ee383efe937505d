package graph

import (
	"math"
	"slices"
	"time"

	"chronos.dev/book"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Arc is one level of a Side: give In, get Out, both positive minor units. The
// taker fee is taken already and both are rounded against the customer.
type Arc struct{ In, Out money.Amount }

// Side is what one market offers from one asset into another, best rate first.
// It is immutable.
type Side struct {
	Arcs []Arc
	// Gross is, for each arc, the amount before the fee in the asset that the fee
	// is taken from: of Out, or of In where FeeOnIn says so.
	Gross   []money.Amount
	FeeOnIn bool
	// SumIn and SumOut are the depth of the side; they stop at MaxInt64.
	SumIn, SumOut money.Amount
	// Dropped counts levels left out since they round to nothing or do not fit,
	// Floored those whose size was finer than the asset's minor unit.
	Dropped, Floored int
	// Options are what a side offers that is no plain book: at most one of them can
	// be used. A side has Arcs or Options.
	Options []Option

	sums []Arc // of all arcs before every sumRun-th, of a deep side

	// Lot is what the base is traded in whole numbers of, in minor units; 0: any amount.
	Lot  money.Amount
	sold bool // the base is given, see Lot

	moved bool // arcs are not in the order of the book's levels

	book  *Side        // what an option was made of, see Book
	fee   money.Amount // that it takes beside
	least money.Amount // the least that it gives, with that fee
}

// Option is to be taken from its beginning: all of Entry, and then any part of
// More, in order.
type Option struct {
	Tier   int    // place in the Offer's tiers of that side
	Name   string // of the tier
	Entry  Arc    // the least that can be had; zero: any amount
	More   []Arc  // best rate first
	Settle time.Duration
}

// State is all that readers know of a market. It is immutable.
type State struct {
	View   *book.View
	Fee    market.Fee
	HasFee bool
	// FeeUntil is when the fee may be another one, Unix nanoseconds.
	FeeUntil int64
	Sell     Side // base into quote: the bids
	Buy      Side // quote into base: the asks
	// Offer is what the sides were made of where a provider stands for the venue;
	// nil for a book.
	Offer *market.Offer
	Why   string // why an offer cannot be used at any time, one of the constants; "" of a book
	// Settle is how long a book takes until the customer has what was bought.
	Settle time.Duration

	digests digests
}

// awaiting is the state of a market that has never been published.
var awaiting = &State{View: &book.View{State: book.Awaiting, Reason: "no snapshot yet"}}

// Usability says whether a market may be used in a price, and if not, why.
type Usability struct {
	State  book.State
	Reason string // "" when usable
	Age    int64  // nanoseconds since anything was heard, -1 if never
	Why    string // of an offer that cannot be used: one of the constants, or ""
}

// Why an offer cannot be used, beside the states that it shares with books.
const (
	WhyCustody   = "custody"   // nothing of it can be moved now
	WhyEmpty     = "empty"     // no tier gives anything
	WhyExpired   = "expired"   // its ValidUntil is over
	WhyUnpriced  = "unpriced"  // all tiers wait for reference prices
	WhyWithdrawn = "withdrawn" // by the provider, by us, or nothing was offered yet
)

// clockSlack is how far ahead of now a receive time may be: as long as a reader
// that took the time may have slept before it looked. Beyond it the clock was
// set back, and the age of no book is known.
const clockSlack = int64(250 * time.Millisecond)

// Usable reports whether a market in state s may be used at time now (Unix
// nanoseconds) when staleAfter nanoseconds of silence make a book stale. The
// receive clock decides; a venue's clock that runs ahead does not help. Nor does
// a fee that has ended while the next one is not in the arcs yet. An offer holds
// until its ValidUntil, whatever staleAfter is.
func (s *State) Usable(now, staleAfter int64) (Usability, bool) {
	if s.Offer != nil {
		return s.usableOffer(now)
	}
	v := s.View
	u := Usability{State: v.State, Reason: v.Reason, Age: -1, Why: s.Why}
	if v.RecvTime != 0 {
		u.Age = max(now-v.RecvTime, 0)
	}
	switch {
	case v.State != book.Live:
		if u.Reason == "" {
			u.Reason = v.State.String()
		}
	case u.Age < 0 || u.Age > staleAfter:
		u.State, u.Reason = book.Stale, "nothing heard within the stale bound"
	case v.RecvTime-now > clockSlack:
		u.State, u.Reason = book.Stale, "heard in the future: the clock was set back"
	case !s.HasFee:
		u.State, u.Reason = book.NoFee, "no fee schedule covers this market now"
	case now >= s.FeeUntil:
		u.State, u.Reason = book.NoFee, "the fee changes now"
	default:
		u.Reason = ""
		return u, true
	}
	return u, false
}

// Side returns what the market m offers out of from.
func (s *State) Side(m *Market, from AssetID) *Side {
	if from == m.Base {
		return &s.Sell
	}
	return &s.Buy
}

// Scales are the engine scales of a market's assets.
type Scales struct{ Base, Quote uint8 }

// Forever is the FeeUntil of a fee that does not end.
const Forever = math.MaxInt64

// NewState turns a view into arcs. A view that is not Live gets no arcs. fee is
// nil where no schedule covers the market, which makes it unusable. It holds
// Forever unless the caller sets FeeUntil.
func NewState(v *book.View, sc Scales, fee *market.Fee) *State {
	return new(Builder).State(v, sc, fee)
}

// arcFunc turns size minor units of base at a price into an arc and its gross
// amount. pow is the power of ten that takes size x price to quote units.
type arcFunc func(size money.Amount, price money.Price, pow int, fee market.Fee) (Arc, money.Amount, error)

// newSide makes a side of the levels of a view, and of old what it has of them.
func newSide(v *book.View, levels []book.Level, sc Scales, fee market.Fee, arc arcFunc, old *taken) Side {
	if old.all(levels) {
		return *old.side
	}
	s := Side{
		Arcs:  make([]Arc, 0, len(levels)+len(levels)/sumRun+1),
		Gross: make([]money.Amount, 0, len(levels)),
	}
	pow := int(sc.Base) + int(v.PriceScale) - int(sc.Quote)
	for i := range levels {
		l := &levels[i]
		if a, gross, ok := old.of(l); ok {
			s.add(a, gross)
			continue
		}
		size, floored, err := baseAmount(l.Size, v.SizeScale, sc.Base)
		if floored {
			s.Floored++
		}
		if err != nil || size == 0 {
			s.Dropped++
			continue
		}
		a, gross, err := arc(size, l.Price, pow, fee)
		if err != nil || a.In == 0 || a.Out == 0 {
			s.Dropped++
			continue
		}
		s.add(a, gross)
	}
	s.order()
	return s
}

func (s *Side) add(a Arc, gross money.Amount) {
	s.Arcs, s.Gross = append(s.Arcs, a), append(s.Gross, gross)
	s.SumIn, s.SumOut = money.AddStop(s.SumIn, a.In), money.AddStop(s.SumOut, a.Out)
}

// baseAmount takes a book's size to minor units of the asset, down.
func baseAmount(size money.Size, from, to uint8) (a money.Amount, floored bool, err error) {
	n := money.Num{Coef: int64(size), Scale: from}
	c, err := n.AtRounded(to, money.Down)
	if err != nil {
		return 0, false, err
	}
	_, exact := n.At(to)
	return money.Amount(c), exact != nil, nil
}

// sellArc gives size base for size x price x (1 - fee) quote, down.
func sellArc(size money.Amount, price money.Price, pow int, fee market.Fee) (Arc, money.Amount, error) {
	keep := money.Ratio{Num: market.FeeUnit - fee.Rate, Den: market.FeeUnit}
	out, err := money.Scaled(int64(size), int64(price), keep, pow, money.Down)
	if err != nil {
		return Arc{}, 0, err
	}
	gross, err := money.Scaled(int64(size), int64(price), money.Ratio{Num: 1, Den: 1}, pow, money.Down)
	return Arc{In: size, Out: out}, gross, err
}

// buyArc gives size x price quote, up, for size x (1 - fee) base, down; or, with
// the fee on the quote side, size x price x (1 + fee) for size.
func buyArc(size money.Amount, price money.Price, pow int, fee market.Fee) (Arc, money.Amount, error) {
	cost, err := money.Scaled(int64(size), int64(price), money.Ratio{Num: 1, Den: 1}, pow, money.Up)
	if err != nil {
		return Arc{}, 0, err
	}
	if fee.On == market.FeeQuote {
		more := money.Ratio{Num: market.FeeUnit + fee.Rate, Den: market.FeeUnit}
		in, err := money.Scaled(int64(size), int64(price), more, pow, money.Up)
		return Arc{In: in, Out: size}, cost, err
	}
	out, err := money.MulDiv(size, money.Amount(market.FeeUnit-fee.Rate), market.FeeUnit, money.Down)
	return Arc{In: cost, Out: out}, size, err
}

// order sorts the arcs by rate, best first. The book's order is that already but
// for levels of a few units, whose rounding may cost them their place.
func (s *Side) order() {
	sorted := true
	for i := 1; i < len(s.Arcs) && sorted; i++ {
		sorted = s.Arcs[i-1].Cmp(s.Arcs[i]) >= 0
	}
	if !sorted {
		s.sort()
	}
	s.sum()
}

func (s *Side) sort() {
	s.moved = true
	index := make([]int, len(s.Arcs))
	for i := range index {
		index[i] = i
	}
	slices.SortStableFunc(index, func(i, j int) int { return s.Arcs[j].Cmp(s.Arcs[i]) })
	arcs, gross := slices.Clone(s.Arcs), slices.Clone(s.Gross)
	for to, from := range index {
		s.Arcs[to], s.Gross[to] = arcs[from], gross[from]
	}
}

// Cmp compares the rates Out/In of two arcs exactly: 1 if a's is better.
func (a Arc) Cmp(b Arc) int { return money.CmpRate(a.Out, a.In, b.Out, b.In) }
