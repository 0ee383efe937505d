package graph_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"chronos.dev/book"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

func level(price, size int64) book.Level {
	return book.Level{Price: money.Price(price), Size: money.Size(size)}
}

// TestArcsOfOneLevel writes the rules of rounding down, one by one.
func TestArcsOfOneLevel(t *testing.T) {
	bps := func(n int64, on market.FeeOn) *market.Fee { return &market.Fee{Rate: n * 10_000, On: on} }
	type arc struct{ in, out, gross money.Amount }
	tests := []struct {
		name      string
		lv        book.Level
		ps, ss    uint8
		sc        graph.Scales
		fee       *market.Fee
		sell, buy arc // zero: no arc
		floored   int
		feeOnIn   bool
	}{
		{"whole numbers, no fee", level(3, 7), 0, 0, graph.Scales{}, bps(0, 0), arc{7, 21, 21}, arc{21, 7, 7}, 0, false},
		{"a fee of one per cent is taken from what is received", level(3, 700), 0, 0, graph.Scales{}, bps(100, market.FeeReceived),
			arc{700, 2079, 2100}, arc{2100, 693, 700}, 0, false},
		{"a fee on the quote: the buyer pays more", level(3, 700), 0, 0, graph.Scales{}, bps(100, market.FeeQuote),
			arc{700, 2079, 2100}, arc{2121, 700, 2100}, 0, true},
		{"half a cent is kept from the seller and asked of the buyer", level(15, 1), 1, 0, graph.Scales{}, bps(0, 0),
			arc{1, 1, 1}, arc{2, 1, 1}, 0, false},
		{"part of a unit of fee is a unit", level(100, 1), 0, 0, graph.Scales{}, bps(1, market.FeeReceived),
			arc{1, 99, 100}, arc{}, 0, false},
		{"scales of assets and book", level(123456, 25), 2, 3, graph.Scales{Base: 8, Quote: 2}, bps(0, 0),
			arc{2_500_000, 3086, 3086}, arc{3087, 2_500_000, 2_500_000}, 0, false},
		{"a size finer than the asset is floored", level(2, 1999), 0, 3, graph.Scales{}, bps(0, 0), arc{1, 2, 2}, arc{2, 1, 1}, 1, false},
		{"a size below one unit is no arc", level(2, 999), 0, 3, graph.Scales{}, bps(0, 0), arc{}, arc{}, 1, false},
		{"a price worth nothing cannot be sold to", level(1, 1), 1, 0, graph.Scales{}, bps(0, 0), arc{}, arc{1, 1, 1}, 0, false},
		{"a size that does not fit is no arc", level(1, math.MaxInt64), 0, 0, graph.Scales{Base: 1}, bps(0, 0), arc{}, arc{}, 0, false},
		{"the largest that fits", level(1, math.MaxInt64), 0, 0, graph.Scales{}, bps(0, 0),
			arc{math.MaxInt64, math.MaxInt64, math.MaxInt64}, arc{math.MaxInt64, math.MaxInt64, math.MaxInt64}, 0, false},
		{"a cost that does not fit is no arc", level(2, math.MaxInt64), 0, 0, graph.Scales{}, bps(0, 0), arc{}, arc{}, 0, false},
		{"nor one that only its fee lifts above", level(1, math.MaxInt64), 0, 0, graph.Scales{}, bps(1, market.FeeQuote),
			arc{math.MaxInt64, math.MaxInt64 - math.MaxInt64/10_000 - 1, math.MaxInt64}, arc{}, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := &book.View{State: book.Live, PriceScale: tt.ps, SizeScale: tt.ss,
				Bids: []book.Level{tt.lv}, Asks: []book.Level{tt.lv}}
			s := graph.NewState(v, tt.sc, tt.fee)
			check := func(name string, side *graph.Side, want arc) {
				var got arc
				if len(side.Arcs) > 0 {
					got = arc{side.Arcs[0].In, side.Arcs[0].Out, side.Gross[0]}
				}
				dropped := 0
				if want == (arc{}) {
					dropped = 1
				}
				if got != want || side.Dropped != dropped || side.Floored != tt.floored ||
					side.SumIn != want.in || side.SumOut != want.out {
					t.Errorf("%s: %+v, want %+v", name, side, want)
				}
			}
			check("sell", &s.Sell, tt.sell)
			check("buy", &s.Buy, tt.buy)
			if s.Sell.FeeOnIn || s.Buy.FeeOnIn != tt.feeOnIn {
				t.Errorf("fee on in: sell %v, buy %v; want false, %v", s.Sell.FeeOnIn, s.Buy.FeeOnIn, tt.feeOnIn)
			}
		})
	}
}

// TestArcsEqualBigFractions compares the arcs of random books with fractions.
func TestArcsEqualBigFractions(t *testing.T) {
	arcs := 0
	for i := range 20_000 {
		r := rand.New(rand.NewPCG(uint64(i), 1))
		any := func(bits int) int64 { return 1 + r.Int64N(1<<(1+r.IntN(bits))) }
		ps, ss := uint8(r.IntN(19)), uint8(r.IntN(19))
		sc := graph.Scales{Base: uint8(r.IntN(19)), Quote: uint8(r.IntN(19))}
		fee := market.Fee{Rate: r.Int64N(market.FeeUnit), On: market.FeeOn(r.IntN(2))}
		price, size := any(61), any(61)
		lv := []book.Level{level(price, size)}
		s := graph.NewState(&book.View{State: book.Live, PriceScale: ps, SizeScale: ss, Bids: lv, Asks: lv}, sc, &fee)
		base := floorRat(frac(size, ss, sc.Base))
		cost := new(big.Rat).Mul(new(big.Rat).SetInt(base), frac(price, ps, sc.Quote))
		cost.Quo(cost, frac(1, 0, sc.Base))
		rate := big.NewRat(fee.Rate, market.FeeUnit)
		less, more := new(big.Rat).Sub(big.NewRat(1, 1), rate), new(big.Rat).Add(big.NewRat(1, 1), rate)
		out := floorRat(new(big.Rat).Mul(cost, less))
		arcs += checkArc(t, i, s.Sell, base, out, floorRat(cost))
		in, gross := ceilRat(cost), base
		out = floorRat(new(big.Rat).Mul(new(big.Rat).SetInt(base), less))
		if fee.On == market.FeeQuote {
			in, out, gross = ceilRat(new(big.Rat).Mul(cost, more)), base, ceilRat(cost)
		}
		arcs += checkArc(t, i, s.Buy, in, out, gross)
	}
	if arcs < 10_000 {
		t.Errorf("only %d arcs", arcs)
	}
}

func checkArc(t *testing.T, i int, s graph.Side, in, out, gross *big.Int) int {
	t.Helper()
	fits := in.Sign() > 0 && out.Sign() > 0 && in.IsInt64() && out.IsInt64() && gross.IsInt64()
	if fits != (len(s.Arcs) == 1) {
		t.Errorf("book %d: arcs %v, want %v -> %v", i, s.Arcs, in, out)
		return 0
	}
	if !fits {
		return 0
	}
	a := s.Arcs[0]
	if int64(a.In) != in.Int64() || int64(a.Out) != out.Int64() || int64(s.Gross[0]) != gross.Int64() {
		t.Errorf("book %d: arc %v gross %d, want %v -> %v gross %v", i, a, s.Gross[0], in, out, gross)
	}
	return 1
}

// frac is coef / 10^from in units of 10^-to.
func frac(coef int64, from, to uint8) *big.Rat {
	ten := func(n uint8) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
	return new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(coef), ten(to)), ten(from))
}

func floorRat(x *big.Rat) *big.Int { return new(big.Int).Div(x.Num(), x.Denom()) }

func ceilRat(x *big.Rat) *big.Int {
	n := new(big.Int).Neg(x.Num())
	return n.Neg(n.Div(n, x.Denom()))
}

// TestArcsAreSortedByRate has levels so small that rounding turns their order:
// the arcs are sorted, each with its own gross amount, equal rates as in the book.
func TestArcsAreSortedByRate(t *testing.T) {
	v := &book.View{State: book.Live, PriceScale: 1, Bids: []book.Level{
		level(19, 1), // one unit for 1.9: gives 1
		level(18, 5), // 9
		level(15, 2), // 3
		level(10, 3), // 3, as good as the first
	}}
	s := graph.NewState(v, graph.Scales{}, &market.Fee{})
	want := []graph.Arc{{In: 5, Out: 9}, {In: 2, Out: 3}, {In: 1, Out: 1}, {In: 3, Out: 3}}
	if !slices.Equal(s.Sell.Arcs, want) || !slices.Equal(s.Sell.Gross, []money.Amount{9, 3, 1, 3}) {
		t.Errorf("arcs %v gross %v, want %v", s.Sell.Arcs, s.Sell.Gross, want)
	}
	if s.Sell.SumIn != 11 || s.Sell.SumOut != 16 {
		t.Errorf("sums %d, %d", s.Sell.SumIn, s.Sell.SumOut)
	}
}

// TestSumsStop: a side deeper than an Amount can say is as deep as one can.
func TestSumsStop(t *testing.T) {
	v := &book.View{State: book.Live, Bids: []book.Level{level(2, 1<<61), level(1, math.MaxInt64)}}
	s := graph.NewState(v, graph.Scales{}, &market.Fee{})
	if len(s.Sell.Arcs) != 2 || s.Sell.SumIn != math.MaxInt64 || s.Sell.SumOut != math.MaxInt64 {
		t.Errorf("side %+v", s.Sell)
	}
}

// TestOnlyLiveBooksHaveArcs: nothing that is not live can get into a price by
// mistake.
func TestOnlyLiveBooksHaveArcs(t *testing.T) {
	for _, state := range []book.State{book.Awaiting, book.Gapped, book.Stale, book.Crossed, book.Halted, book.NoFee} {
		v := &book.View{State: state, Bids: []book.Level{level(2, 2)}, Asks: []book.Level{level(3, 3)}}
		s := graph.NewState(v, graph.Scales{}, &market.Fee{})
		if len(s.Sell.Arcs)+len(s.Buy.Arcs) != 0 || !s.HasFee || s.View != v {
			t.Errorf("%s: %+v", state, s)
		}
	}
	v := &book.View{State: book.Live, Bids: []book.Level{level(2, 2)}}
	if s := graph.NewState(v, graph.Scales{}, nil); s.HasFee || len(s.Sell.Arcs) != 0 {
		t.Errorf("without a fee: %+v", s)
	}
}

func TestUsable(t *testing.T) {
	const second, now = int64(1e9), int64(1e18)
	fee := &market.Fee{}
	tests := []struct {
		name   string
		view   book.View
		fee    *market.Fee
		want   graph.Usability
		usable bool
	}{
		{"heard just now", book.View{State: book.Live, RecvTime: now}, fee, graph.Usability{State: book.Live}, true},
		{"as old as allowed", book.View{State: book.Live, RecvTime: now - 2*second}, fee,
			graph.Usability{State: book.Live, Age: 2 * second}, true},
		{"a nanosecond older", book.View{State: book.Live, RecvTime: now - 2*second - 1}, fee,
			graph.Usability{State: book.Stale, Reason: "nothing heard within the stale bound", Age: 2*second + 1}, false},
		{"the venue's clock in the future does not help", book.View{State: book.Live, RecvTime: now - 3*second, VenueTime: now + second}, fee,
			graph.Usability{State: book.Stale, Reason: "nothing heard within the stale bound", Age: 3 * second}, false},
		{"nor does it harm", book.View{State: book.Live, RecvTime: now, VenueTime: now - 3600*second}, fee,
			graph.Usability{State: book.Live}, true},
		{"heard while the request was on its way: no negative age", book.View{State: book.Live, RecvTime: now + second/4}, fee,
			graph.Usability{State: book.Live}, true},
		{"our own clock went back: no age can be told", book.View{State: book.Live, RecvTime: now + second/4 + 1}, fee,
			graph.Usability{State: book.Stale, Reason: "heard in the future: the clock was set back", Age: 0}, false},
		{"live, but heard at no known time", book.View{State: book.Live}, fee,
			graph.Usability{State: book.Stale, Reason: "nothing heard within the stale bound", Age: -1}, false},
		{"gapped, with the book's reason", book.View{State: book.Gapped, Reason: "lost", RecvTime: now - second}, fee,
			graph.Usability{State: book.Gapped, Reason: "lost", Age: second}, false},
		{"halted without a reason", book.View{State: book.Halted, RecvTime: now}, fee,
			graph.Usability{State: book.Halted, Reason: "halted", Age: 0}, false},
		{"no fee schedule", book.View{State: book.Live, RecvTime: now}, nil,
			graph.Usability{State: book.NoFee, Reason: "no fee schedule covers this market now", Age: 0}, false},
		{"crossed in itself", book.View{State: book.Crossed, Reason: "best bid at or above best ask", RecvTime: now}, fee,
			graph.Usability{State: book.Crossed, Reason: "best bid at or above best ask", Age: 0}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := graph.NewState(&tt.view, graph.Scales{}, tt.fee).Usable(now, 2*second)
			if got != tt.want || ok != tt.usable {
				t.Errorf("Usable = %+v, %v; want %+v, %v", got, ok, tt.want, tt.usable)
			}
		})
	}
}

// TestFeeUntil: a fee is used up to its last nanosecond.
func TestFeeUntil(t *testing.T) {
	s := graph.NewState(&book.View{State: book.Live, RecvTime: 100}, graph.Scales{}, &market.Fee{})
	if _, ok := s.Usable(100, 10); !ok || s.FeeUntil != graph.Forever {
		t.Errorf("a fee ends at %d by itself", s.FeeUntil)
	}
	s.FeeUntil = 105
	if u, ok := s.Usable(104, 10); !ok {
		t.Errorf("before its end: %+v", u)
	}
	want := graph.Usability{State: book.NoFee, Reason: "the fee changes now", Age: 5}
	if u, ok := s.Usable(105, 10); ok || u != want {
		t.Errorf("at its end: %+v, %v; want %+v", u, ok, want)
	}
}

func TestSideByAsset(t *testing.T) {
	m := &graph.Market{Base: 1, Quote: 2}
	s := graph.NewState(&book.View{State: book.Live, Bids: []book.Level{level(2, 3)}, Asks: []book.Level{level(5, 7)}},
		graph.Scales{}, &market.Fee{})
	got := fmt.Sprint(s.Side(m, 1).Arcs, s.Side(m, 2).Arcs)
	if want := "[{3 6}] [{35 7}]"; got != want {
		t.Errorf("sides out of base and quote: %s, want %s", got, want)
	}
}
