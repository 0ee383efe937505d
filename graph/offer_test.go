package graph_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"chronos.dev/book"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

func dec(coef int64, scale uint8) money.Num { return money.Num{Coef: coef, Scale: scale} }

// vault offers what the example of the liquidity topic does.
func vault() *market.Offer {
	return &market.Offer{
		Key: key("vault-a|BTC-USD"), Seq: 42, Time: 900, RecvTime: 1000, ValidUntil: 6000,
		Custody: market.Available, Origin: market.Simulated,
		Sell: []market.Tier{
			{Name: "INSTANT", Min: dec(10000000, 8), Max: dec(5, 0), Price: dec(680010, 1), Whole: true,
				FeeBps: dec(10, 0), FixedFee: dec(2500, 2), FixedFeeAsset: "USD", Settle: time.Minute},
			{Name: "STANDARD", Min: dec(5, 0), Max: dec(50, 0), Price: dec(679800, 1), FeeBps: dec(10, 0), Settle: time.Hour},
		},
		Buy: []market.Tier{{Min: dec(1, 1), Max: dec(5, 0), Price: dec(680250, 1), Whole: true}},
	}
}

// TestOfferByHand has figures worked out on paper, in cents and satoshi.
func TestOfferByHand(t *testing.T) {
	s := graph.NewOffer(vault(), graph.Scales{Base: 8, Quote: 2})
	// 0.1 x 68,001 x 0.999 = 6,793.2999; 5 x 68,001 x 0.999 = 339,664.995;
	// 45 x 67,980 x 0.999 = 3,056,040.90 more; 25 of fee on both.
	sell := []graph.Option{
		{Tier: 0, Name: "INSTANT", Settle: time.Minute, Entry: graph.Arc{In: 10_000_000, Out: 676_829},
			More: []graph.Arc{{In: 490_000_000, Out: 33_287_170}}},
		{Tier: 1, Name: "STANDARD", Settle: time.Hour, Entry: graph.Arc{In: 500_000_000, Out: 33_963_999},
			More: []graph.Arc{{In: 4_500_000_000, Out: 305_604_090}}},
	}
	// 0.1 x 68,025 = 6,802.50; 5 x 68,025 = 340,125.
	buy := []graph.Option{{Entry: graph.Arc{In: 680_250, Out: 10_000_000}, More: []graph.Arc{{In: 33_332_250, Out: 490_000_000}}}}
	if !reflect.DeepEqual(s.Sell, graph.Side{Options: sell}) || !reflect.DeepEqual(s.Buy, graph.Side{Options: buy}) {
		t.Errorf("sell %+v\nbuy %+v", s.Sell, s.Buy)
	}
	want := book.View{State: book.Live, ChangedAt: 1000, Version: 42, Epoch: 1, Seq: 42, VenueTime: 900, RecvTime: 1000, Origin: market.Simulated}
	if !reflect.DeepEqual(*s.View, want) || !s.HasFee || s.FeeUntil != graph.Forever || s.Offer.Seq != 42 {
		t.Errorf("view %+v of %+v", s.View, s)
	}
}

// quoted is a tier as the provider understands it, in fractions.
type quoted struct {
	*market.Tier
	before *quoted
	sc     graph.Scales
	sell   bool
}

func (q *quoted) units(n money.Num) *big.Int { return floorRat(frac(n.Coef, n.Scale, q.sc.Base)) }

// value is what x minor units of base cost, or bring, in minor units of quote.
func (q *quoted) value(x *big.Int) *big.Rat {
	fee := new(big.Rat).Quo(frac(q.FeeBps.Coef, q.FeeBps.Scale, 0), big.NewRat(10_000, 1))
	if q.sell {
		fee.Neg(fee)
	}
	p := frac(q.Price.Coef, q.Price.Scale, q.sc.Quote)
	p.Quo(p, frac(1, 0, q.sc.Base))
	p.Mul(p, fee.Add(fee, big.NewRat(1, 1)))
	if q.Whole || q.before == nil {
		return p.Mul(p, new(big.Rat).SetInt(x))
	}
	lower := q.units(q.Min)
	p.Mul(p, new(big.Rat).SetInt(new(big.Int).Sub(x, lower)))
	return p.Add(p, q.before.value(lower))
}

// fixed are the fixed fees in minor units of one asset of A-B.
func (q *quoted) fixed(asset string, scale uint8) *big.Int {
	sum := new(big.Int)
	if q.FixedFeeAsset == asset {
		sum = floorRat(frac(q.FixedFee.Coef, q.FixedFee.Scale, scale))
	}
	if !q.Whole && q.before != nil {
		sum.Add(sum, q.before.fixed(asset, scale))
	}
	return sum
}

// deal is what a customer gives and gets for x of base.
func (q *quoted) deal(x *big.Int) (in, out *big.Int) {
	fb, fq := q.fixed("A", q.sc.Base), q.fixed("B", q.sc.Quote)
	if q.sell {
		return fb.Add(fb, x), new(big.Int).Sub(floorRat(q.value(x)), fq)
	}
	return fq.Add(fq, ceilRat(q.value(x))), new(big.Int).Sub(x, fb)
}

// free reports whether any amount is dealt in, however small.
func (q *quoted) free() bool {
	return q.Min.IsZero() && q.fixed("A", q.sc.Base).Sign() == 0 && q.fixed("B", q.sc.Quote).Sign() == 0
}

// takes is what an option gives for in.
func takes(o *graph.Option, in money.Amount) money.Amount {
	out := o.Entry.Out
	for _, a := range o.More {
		part, err := money.MulDiv(in-o.Entry.In, a.Out, a.In, money.Down)
		if err != nil {
			panic(err)
		}
		out += part
	}
	return out
}

// honest reports whether the provider gives that much for in.
func (q *quoted) honest(in, out money.Amount) bool {
	i, o := big.NewInt(int64(in)), big.NewInt(int64(out))
	if q.sell {
		_, got := q.deal(i.Sub(i, q.fixed("A", q.sc.Base)))
		return got.Cmp(o) >= 0
	}
	paid, _ := q.deal(o.Add(o, q.fixed("A", q.sc.Base)))
	return paid.Cmp(i) <= 0
}

// end is where an option ends.
func end(o *graph.Option) graph.Arc {
	e := o.Entry
	for _, a := range o.More {
		e.In, e.Out = e.In+a.In, e.Out+a.Out
	}
	return e
}

// checkEnds compares beginning and end of an option with the provider's deals.
func (q *quoted) checkEnds(o *graph.Option) error {
	lower, upper := q.units(q.Min), q.units(q.Max)
	in, out := q.deal(upper)
	full := graph.Arc{In: money.Amount(in.Int64()), Out: money.Amount(out.Int64())}
	if e := end(o); e != full && (len(o.More) > 0 || e.In != full.In && e.Out != full.Out) {
		return fmt.Errorf("ends at %v, want %v", e, full)
	}
	if len(o.More) > 1 || len(o.More) == 1 && (o.More[0].In <= 0 || o.More[0].Out <= 0) {
		return fmt.Errorf("arcs %v", o.More)
	}
	if q.free() {
		if o.Entry != (graph.Arc{}) {
			return fmt.Errorf("begins at %v, want any amount", o.Entry)
		}
		return nil
	}
	x := big.NewInt(int64(o.Entry.In))
	if x.Sub(x, q.fixed("A", q.sc.Base)); !q.sell {
		x = big.NewInt(int64(o.Entry.Out))
		x.Add(x, q.fixed("A", q.sc.Base))
	}
	in, out = q.deal(x)
	_, less := q.deal(new(big.Int).Sub(x, big.NewInt(1)))
	switch {
	case x.Cmp(lower) < 0 || x.Cmp(upper) > 0 || out.Sign() <= 0:
		return fmt.Errorf("begins with %v of base, outside the tier", x)
	case in.Int64() != int64(o.Entry.In) || out.Int64() != int64(o.Entry.Out):
		return fmt.Errorf("begins at %v, want %v for %v", o.Entry, out, in)
	case x.Cmp(lower) > 0 && less.Sign() > 0:
		return fmt.Errorf("begins with %v of base, less gives %v", x, less)
	}
	return nil
}

// chain is a list of tiers as the provider understands it.
func chain(tiers []market.Tier, sc graph.Scales, sell bool) (all []*quoted) {
	var before *quoted
	for i := range tiers {
		before = &quoted{&tiers[i], before, sc, sell}
		all = append(all, before)
	}
	return all
}

// randomTiers returns tiers that keep all rules, of sizes up to about n units.
func randomTiers(r *rand.Rand, sc graph.Scales, n int64) (tiers []market.Tier) {
	at := r.Int64N(3) * r.Int64N(n)
	for range 1 + r.IntN(4) {
		t := market.Tier{
			Price: dec(1+r.Int64N(1<<(1+r.IntN(7))), uint8(r.IntN(4))), FeeBps: dec(r.Int64N(2)*r.Int64N(1e8), 4),
			Whole: r.IntN(2) == 0, Settle: time.Duration(r.IntN(9)) * time.Millisecond,
		}
		switch r.IntN(4) {
		case 0:
			t.FixedFee, t.FixedFeeAsset = dec(r.Int64N(n/2), sc.Base), "A"
		case 1:
			t.FixedFee, t.FixedFeeAsset = dec(r.Int64N(n), sc.Quote), "B"
		}
		if t.Whole {
			at += r.Int64N(2) * r.Int64N(n)
		}
		t.Min = dec(at, sc.Base)
		if at += r.Int64N(n); at == t.Min.Coef && (!t.Whole || at == 0) {
			at++
		}
		t.Max = dec(at, sc.Base)
		tiers = append(tiers, t)
	}
	return tiers
}

func offer(sell, buy []market.Tier) *market.Offer {
	return &market.Offer{Key: key("vault-a|A-B"), Sell: sell, Buy: buy, Custody: market.Available, ValidUntil: math.MaxInt64}
}

// TestOfferAtEveryAmount: at every amount of tiny tiers, or 200 of them, an option gives no more
// than the provider would for the same, and hardly less; it begins with the least
// that gives anything and is exact at both ends.
func TestOfferAtEveryAmount(t *testing.T) {
	var amounts, options, dropped, exact int
	for i := range 1500 {
		r := rand.New(rand.NewPCG(uint64(i), 77))
		sc := graph.Scales{Base: uint8(r.IntN(3)), Quote: uint8(r.IntN(3))}
		tiers := randomTiers(r, sc, 40)
		o := offer(tiers, tiers)
		if err := o.Check(market.Asset{Symbol: "A", EngineScale: sc.Base}, market.Asset{Symbol: "B", EngineScale: sc.Quote}); err != nil {
			t.Fatal(err)
		}
		s := graph.NewOffer(o, sc)
		for sell, side := range map[bool]*graph.Side{true: &s.Sell, false: &s.Buy} {
			var found int
			for k, q := range chain(tiers, sc, sell) {
				at := slices.IndexFunc(side.Options, func(o graph.Option) bool { return o.Tier == k })
				if _, out := q.deal(q.units(q.Max)); at < 0 {
					if out.Sign() > 0 {
						t.Fatalf("offer %d, sell %v: tier %d is dropped, gives %v", i, sell, k, out)
					}
					dropped++
					continue
				}
				found++
				o := &side.Options[at]
				if err := q.checkEnds(o); err != nil || o.Settle != q.Settle {
					t.Fatalf("offer %d, sell %v, tier %d: %v\n%+v", i, sell, k, err, o)
				}
				for in := o.Entry.In; in <= end(o).In; in += 1 + (end(o).In-o.Entry.In)/200 {
					out := takes(o, in)
					if !q.honest(in, out) {
						t.Fatalf("offer %d, sell %v, tier %d: %d for %d, more than offered\n%+v", i, sell, k, out, in, o)
					}
					if sell && q.honest(in, out+3) {
						t.Fatalf("offer %d, tier %d: %d for %d, 3 more are offered\n%+v", i, k, out, in, o)
					}
					if !q.honest(in, out+1) {
						exact++
					}
					amounts++
				}
			}
			options += found
			if found != len(side.Options) || side.Dropped != len(tiers)-found {
				t.Fatalf("offer %d: %d options of %d tiers, %d dropped", i, len(side.Options), len(tiers), side.Dropped)
			}
		}
	}
	t.Logf("%d amounts of %d options, %d exact, %d dropped", amounts, options, exact, dropped)
	if options < 5_000 || dropped < 1_000 || amounts < 100_000 || exact < amounts/2 {
		t.Error("too few to mean anything")
	}
}

// FuzzOffer compares options of tiers of any size with the provider's deals.
func FuzzOffer(f *testing.F) {
	f.Add([]byte{8, 2, 0}, uint64(1))
	f.Add([]byte{0, 0, 1, 5, 5, 5, 5, 5, 5, 5, 5, 0, 0, 0, 0, 0, 0, 0, 1}, uint64(2))
	f.Add(binary.BigEndian.AppendUint64([]byte{18, 18, 255}, math.MaxInt64), uint64(3))
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		take := func() (n int64) {
			var b [8]byte
			in = in[copy(b[:], in):]
			return int64(binary.BigEndian.Uint64(b[:]) >> 1)
		}
		if len(in) < 3 {
			return
		}
		sc, kinds := graph.Scales{Base: in[0] % 19, Quote: in[1] % 19}, in[2]
		in = in[3:]
		var tiers []market.Tier
		for at := int64(0); len(in) > 0 && len(tiers) < 8 && at < math.MaxInt64; kinds >>= 1 {
			tier := market.Tier{Min: dec(at, sc.Base), Price: dec(take(), uint8(take()%19)), FeeBps: dec(take()%1e8, 4), Whole: kinds&1 == 1}
			if tier.FixedFee.Coef = take(); kinds&2 == 0 {
				tier.FixedFee.Scale, tier.FixedFeeAsset = sc.Base, "A"
			} else {
				tier.FixedFee.Scale, tier.FixedFeeAsset = sc.Quote, "B"
			}
			at += take() % (math.MaxInt64 - at)
			tier.Max = dec(at, sc.Base)
			tiers = append(tiers, tier)
		}
		o := offer(tiers, tiers)
		if o.Check(market.Asset{Symbol: "A", EngineScale: sc.Base}, market.Asset{Symbol: "B", EngineScale: sc.Quote}) != nil {
			return
		}
		s, r := graph.NewOffer(o, sc), rand.New(rand.NewPCG(seed, 1))
		for sell, side := range map[bool]*graph.Side{true: &s.Sell, false: &s.Buy} {
			if len(side.Options)+side.Dropped != len(tiers) {
				t.Fatalf("%d options and %d dropped of %d tiers", len(side.Options), side.Dropped, len(tiers))
			}
			all, kept := chain(tiers, sc, sell), make([]bool, len(tiers))
			for k := range side.Options {
				o := &side.Options[k]
				q := all[o.Tier]
				kept[o.Tier] = true
				if err := q.checkEnds(o); err != nil {
					t.Fatalf("tier %d: %v\n%+v", o.Tier, err, o)
				}
				for range 4 {
					in := o.Entry.In + money.Amount(r.Int64N(int64(end(o).In-o.Entry.In)+1))
					if out := takes(o, in); !q.honest(in, out) {
						t.Fatalf("tier %d: %d for %d, more than offered\n%+v", o.Tier, out, in, o)
					}
				}
			}
			for k, q := range all {
				in, out := q.deal(q.units(q.Max))
				if !kept[k] && in.IsInt64() && out.IsInt64() && out.Sign() > 0 {
					t.Fatalf("tier %d is dropped, gives %v for %v", k, out, in)
				}
			}
		}
	})
}

// TestOffersOfNothing: what is no use, and what does not fit.
func TestOffersOfNothing(t *testing.T) {
	all := func(tier market.Tier) []market.Tier { return []market.Tier{tier} }
	tests := []struct {
		name      string
		tier      market.Tier
		sell, buy int // dropped
	}{
		{"a fee that eats all of a sale", market.Tier{Max: dec(9, 0), Price: dec(1, 0), FixedFee: dec(9, 0), FixedFeeAsset: "B"}, 1, 0},
		{"and all but a unit", market.Tier{Max: dec(9, 0), Price: dec(1, 0), FixedFee: dec(8, 0), FixedFeeAsset: "B"}, 0, 0},
		{"a fee that eats all that is bought", market.Tier{Max: dec(9, 0), Price: dec(1, 0), FixedFee: dec(9, 0), FixedFeeAsset: "A"}, 0, 1},
		{"a value that does not fit", market.Tier{Max: dec(math.MaxInt64, 0), Price: dec(2, 0)}, 1, 1},
		{"the largest that does", market.Tier{Max: dec(math.MaxInt64, 0), Price: dec(1, 0)}, 0, 0},
		{"but not with a fee in base", market.Tier{Max: dec(math.MaxInt64, 0), Price: dec(1, 0), FixedFee: dec(1, 0), FixedFeeAsset: "A"}, 1, 0},
		{"nor with one in quote", market.Tier{Max: dec(math.MaxInt64, 0), Price: dec(1, 0), FixedFee: dec(1, 0), FixedFeeAsset: "B"}, 0, 1},
		{"a price that rounds to nothing", market.Tier{Max: dec(9, 0), Min: dec(1, 0), Price: dec(1, 1)}, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := graph.NewOffer(offer(all(tt.tier), all(tt.tier)), graph.Scales{})
			if s.Sell.Dropped != tt.sell || s.Buy.Dropped != tt.buy ||
				len(s.Sell.Options) != 1-tt.sell || len(s.Buy.Options) != 1-tt.buy {
				t.Errorf("sell %+v, buy %+v; want %d, %d dropped", s.Sell, s.Buy, tt.sell, tt.buy)
			}
		})
	}
	defer func() {
		if recover() == nil {
			t.Error("an offer that breaks the rules was taken")
		}
	}()
	graph.NewOffer(offer(all(market.Tier{Max: dec(1, 1), Price: dec(1, 0)}), nil), graph.Scales{})
}

// TestOfferUsable: custody and the provider's own end decide, not the stale bound,
// and Span says the same as Usable at every moment.
func TestOfferUsable(t *testing.T) {
	const slack = int64(250 * time.Millisecond)
	const now = int64(1e18)
	tests := []struct {
		name   string
		change func(*market.Offer)
		want   graph.Usability
		usable bool
	}{
		{"available", func(*market.Offer) {}, graph.Usability{State: book.Live}, true},
		{"silent for a day", func(o *market.Offer) { o.RecvTime -= 86400e9 }, graph.Usability{State: book.Live, Age: 86400e9}, true},
		{"heard at no known time", func(o *market.Offer) { o.RecvTime = 0 }, graph.Usability{State: book.Live, Age: -1}, true},
		{"the last nanosecond", func(o *market.Offer) { o.ValidUntil = now + 1 }, graph.Usability{State: book.Live}, true},
		{"its end", func(o *market.Offer) { o.ValidUntil = now }, graph.Usability{State: book.Stale, Reason: "the offer has expired", Why: graph.WhyExpired}, false},
		{"no end at all", func(o *market.Offer) { o.ValidUntil = math.MaxInt64 }, graph.Usability{State: book.Live}, true},
		{"ended always", func(o *market.Offer) { o.ValidUntil = math.MinInt64 },
			graph.Usability{State: book.Stale, Reason: "the offer has expired", Why: graph.WhyExpired}, false},
		{"heard while the request was on its way", func(o *market.Offer) { o.RecvTime = now + slack }, graph.Usability{State: book.Live}, true},
		{"our clock went back", func(o *market.Offer) { o.RecvTime = now + slack + 1 },
			graph.Usability{State: book.Stale, Reason: "heard in the future: the clock was set back"}, false},
		{"locked", func(o *market.Offer) { o.Custody = market.Locked }, graph.Usability{State: book.Halted, Reason: "custody status locked", Why: graph.WhyCustody}, false},
		{"degraded", func(o *market.Offer) { o.Custody = market.Degraded },
			graph.Usability{State: book.Halted, Reason: "custody status degraded", Why: graph.WhyCustody}, false},
		{"nobody knows of its custody", func(o *market.Offer) { o.Custody = market.CustodyUnknown },
			graph.Usability{State: book.Halted, Reason: "custody status unknown", Why: graph.WhyCustody}, false},
		{"no tier has a price yet", func(o *market.Offer) {
			o.Sell = nil
			for i := range o.Buy {
				o.Buy[i].Reference = market.Pair{Base: "EUR", Quote: "USD"}
			}
		}, graph.Usability{State: book.Awaiting, Reason: "no reference price of EUR-USD", Why: graph.WhyUnpriced}, false},
		{"one tier has no price yet", func(o *market.Offer) { o.Buy[0].Reference = market.Pair{Base: "EUR", Quote: "USD"} },
			graph.Usability{State: book.Live}, true},
		{"no tiers", func(o *market.Offer) { o.Sell, o.Buy = nil, nil },
			graph.Usability{State: book.Awaiting, Reason: "no tier can be used", Why: graph.WhyEmpty}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := vault()
			o.RecvTime, o.ValidUntil = now, now+int64(time.Second)
			tt.change(o)
			s := graph.NewOffer(o, graph.Scales{Base: 8, Quote: 2})
			got, ok := s.Usable(now, 0)
			if got != tt.want || ok != tt.usable {
				t.Errorf("Usable = %+v, %v; want %+v, %v", got, ok, tt.want, tt.usable)
			}
			if shut := s.View.State != book.Live; shut != (len(s.Sell.Options) == 0) {
				t.Errorf("%s, with options %+v", s.View.State, s.Sell.Options)
			}
			from, until := s.Span(0)
			edges := []int64{now, from, until}
			for _, at := range []int64{o.RecvTime - slack, o.ValidUntil} {
				edges = append(edges, at-1, at, at+1)
			}
			for _, at := range edges {
				if _, ok := s.Usable(at, 0); ok != (from <= at && at <= until) && at != math.MinInt64 {
					t.Errorf("Span = %d to %d, at %d usable: %v", from, until, at, ok)
				}
			}
		})
	}
}

// TestOffersAreNoBooks: a provider is neither in a consolidated book nor missing
// from it, nor does it make one less real.
func TestOffersAreNoBooks(t *testing.T) {
	g := newGraph(t, "kraken|BTC-USD", "vault-a|BTC-USD", "vault-b|BTC-USD")
	publish := func(name string, s *graph.State) {
		id, _ := g.Topology().Market(key(name))
		g.Topology().Markets[id].Publish(s)
	}
	locked := vault()
	locked.Custody = market.Locked
	publish("vault-a|BTC-USD", graph.NewOffer(vault(), graph.Scales{Base: 8, Quote: 2}))
	publish("vault-b|BTC-USD", graph.NewOffer(locked, graph.Scales{Base: 8, Quote: 2}))
	v := &book.View{State: book.Live, RecvTime: 1000, Bids: []book.Level{level(2, 3)}, Asks: []book.Level{level(5, 7)}}
	publish("kraken|BTC-USD", graph.NewState(v, graph.Scales{}, &market.Fee{}))
	var snap graph.Snapshot
	g.Load(&snap)
	c := snap.Consolidate(market.Pair{Base: "BTC", Quote: "USD"}, 0, 1000, 1000)
	if len(c.Bids) != 1 || len(c.Asks) != 1 || len(c.LeftOut) != 0 || c.Origin != market.Venue {
		t.Errorf("%+v", c)
	}
}

// TestDigestOfOptions is computed from the rule's own words, and from outside:
//
//	printf 'chronos-options-v1\nvault-a\nBTC-USD\nbuy\n' and the numbers | sha256sum
func TestDigestOfOptions(t *testing.T) {
	s := graph.NewOffer(vault(), graph.Scales{Base: 8, Quote: 2})
	k := key("vault-a|BTC-USD")
	for sell, want := range map[bool]string{true: "c22aa61cc5b0f914091d0adb54d60f22d0704654abe22ebcb2b1c50d25272b4f", false: "3882c487c2ef78524f0f05aa5a35cf0e5c20fa5b33d3891901a05bfaf7544676"} {
		if got := fmt.Sprintf("%x", *s.Digest(k, sell)); got != want {
			t.Errorf("sell %v: %s, want %s", sell, got, want)
		}
	}
	seen := map[graph.Digest]bool{*s.Digest(k, true): true}
	for _, change := range []func(*market.Offer){
		func(o *market.Offer) { o.Sell[1].Settle += time.Millisecond },
		func(o *market.Offer) { o.Sell[1].Max.Coef++ },
		func(o *market.Offer) { o.Sell[0].FixedFee.Coef++ },
		func(o *market.Offer) { o.Sell = o.Sell[:1] },
		func(o *market.Offer) { o.Sell[1].Min = o.Sell[1].Max; o.Sell[1].Whole = true },
		func(o *market.Offer) { o.Sell[0].Price.Coef++ },
	} {
		o := vault()
		change(o)
		d := *graph.NewOffer(o, graph.Scales{Base: 8, Quote: 2}).Digest(k, true)
		if seen[d] {
			t.Errorf("another offer of the same digest: %+v", o.Sell)
		}
		seen[d] = true
	}
}
