package sim_test

import (
	"fmt"
	"math/big"
	"reflect"
	"testing"
	"time"

	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/sim"
)

// treasury collects what the providers of a market say within d.
func treasury(m *sim.Market, d time.Duration) (offers []*market.Offer, prices []*market.Reference) {
	for {
		at, _, _ := m.Next()
		if at > int64(d) {
			return offers, prices
		}
		offers, prices = append(offers, m.Offers()...), append(prices, m.References()...)
	}
}

func TestTreasuryIsFixedByTheSeed(t *testing.T) {
	opts := sim.Options{Seed: 7, Start: start, Troubles: true}
	offers, prices := treasury(sim.New(opts), 10*time.Second)
	again, pricesAgain := treasury(sim.New(opts), 10*time.Second)
	if !reflect.DeepEqual(offers, again) || !reflect.DeepEqual(prices, pricesAgain) {
		t.Error("two runs of one seed differ")
	}
	opts.Seed++
	if other, _ := treasury(sim.New(opts), 10*time.Second); reflect.DeepEqual(offers, other) {
		t.Error("another seed gives the same offers")
	}
}

// Who asks for offers changes nothing in the books, and the other way round.
func TestTreasuryLeavesTheBooksAlone(t *testing.T) {
	opts := sim.Options{Seed: 7, Start: start}
	alone, beside := sim.New(opts), sim.New(opts)
	for range 5000 {
		at, key, e := alone.Next()
		at2, key2, e2 := beside.Next()
		if at != at2 || key != key2 || !reflect.DeepEqual(e, e2) {
			t.Fatalf("%d: %s %+v, want %s %+v", at, key2, e2, key, e)
		}
		beside.Offers()
		beside.References()
	}
}

// Every offer is renewed well before it ends, under a higher number.
func TestOffersAreRenewed(t *testing.T) {
	for _, rate := range []int{sim.MinRate, sim.DefaultRate} {
		t.Run(fmt.Sprint("rate ", rate), func(t *testing.T) {
			offers, prices := treasury(sim.New(sim.Options{Seed: 3, Start: start, Rate: rate}), time.Minute)
			last := map[market.Key]*market.Offer{}
			count := map[market.Key]int{}
			for _, o := range offers {
				p := last[o.Key]
				if p != nil && (o.Seq <= p.Seq || o.Time >= p.ValidUntil || o.Time-p.Time > int64(time.Second)) {
					t.Fatalf("%+v after %+v", o, p)
				}
				if o.Time < start || o.RecvTime != o.Time || o.ValidUntil-o.Time != int64(2*time.Second) ||
					o.Origin != market.Simulated || o.Custody != market.Available {
					t.Fatalf("%+v", o)
				}
				last[o.Key], count[o.Key] = o, count[o.Key]+1
			}
			if len(count) != 4 {
				t.Errorf("%d offers: %v", len(count), count)
			}
			for key, n := range count {
				if n < 100 || n > 121 {
					t.Errorf("%s offered %d times in a minute", key, n)
				}
			}
			if len(prices) < 100 || prices[0].Pair.String() != "BTC-USD" || prices[0].Price.Coef < 3_400_000 ||
				prices[0].ValidUntil-prices[0].Time != int64(2*time.Second) {
				t.Errorf("%d prices, the first %+v", len(prices), prices[0])
			}
		})
	}
}

// TestOffersKeepTheRules: sizes follow each other, and a customer never gets
// a tier for more than the fair price, nor a larger part for less.
func TestOffersKeepTheRules(t *testing.T) {
	m := sim.New(sim.Options{Seed: 5, Start: start})
	offers, _ := treasury(m, 20*time.Second)
	known := map[string]bool{}
	for _, a := range m.Assets() {
		known[a.Symbol] = true
	}
	names := map[string]bool{}
	for _, o := range offers {
		names[o.Key.Venue] = true
		if !known[o.Key.Pair.Base] || !known[o.Key.Pair.Quote] || !market.ValidVenue(o.Key.Venue) {
			t.Fatalf("key %s", o.Key)
		}
		rules(t, o, o.Sell, -1)
		rules(t, o, o.Buy, 1)
		if s, b := o.Sell[0].Price, o.Buy[0].Price; s.Cmp(b) >= 0 && !s.IsZero() {
			t.Fatalf("%s sells for %s and buys for %s", o.Key, s, b)
		}
	}
	if len(names) != len(m.Providers()) {
		t.Errorf("providers %v, want %v", names, m.Providers())
	}
	for _, key := range m.Keys() {
		if names[key.Venue] {
			t.Errorf("%s has books and is a provider", key.Venue)
		}
	}
}

// rules checks one side; sign says where its prices go with the size.
func rules(t *testing.T, o *market.Offer, side []market.Tier, sign int) {
	t.Helper()
	for i, tier := range side {
		settles := tier.Settle > 0 && tier.Settle <= 30*24*time.Hour && (i == 0 || tier.Settle > side[i-1].Settle)
		sized := tier.Min.Cmp(tier.Max) < 0 && (i == 0 || side[i-1].Max.Cmp(tier.Min) == 0)
		priced := tier.Price.Coef > 0 != (tier.SpreadBps.Coef > 0 && tier.Reference == o.Key.Pair)
		paid := tier.FixedFee.IsZero() || tier.FixedFeeAsset == o.Key.Pair.Base || tier.FixedFeeAsset == o.Key.Pair.Quote
		if !settles || !sized || !priced || !paid || i > 0 && tier.Whole {
			t.Fatalf("%s tier %d: %+v", o.Key, i, tier)
		}
		if i > 0 && tier.Price.Coef > 0 && tier.Price.Cmp(side[i-1].Price) != sign {
			t.Fatalf("%s tier %d: price %s after %s", o.Key, i, tier.Price, side[i-1].Price)
		}
	}
}

// Off its reference price an offer is off by its spread, for both kinds of desk:
// the price of vault-a is that of the reference less about as much as it says.
func TestOffersAreNearTheFairPrice(t *testing.T) {
	offers, prices := treasury(sim.New(sim.Options{Seed: 9, Start: start}), 5*time.Second)
	fair := new(big.Rat)
	for _, o := range offers {
		for _, p := range prices {
			if p.Time <= o.Time {
				fair = rat(p.Price)
			}
		}
		if o.Key.String() != "vault-a|BTC-USD" || fair.Sign() == 0 {
			continue
		}
		off := new(big.Rat).Quo(rat(o.Sell[0].Price), fair)
		if low, high := big.NewRat(9985, 10000), big.NewRat(10003, 10000); off.Cmp(low) < 0 || off.Cmp(high) > 0 {
			t.Errorf("sold at %s of %s", off.FloatString(5), fair.FloatString(2))
		}
	}
}

func rat(n money.Num) *big.Rat { r, _ := new(big.Rat).SetString(n.String()); return r }

func TestTroublesLockOffers(t *testing.T) {
	offers, _ := treasury(sim.New(sim.Options{Seed: 5, Start: start, Troubles: true}), 2*time.Minute)
	degraded := 0
	for _, o := range offers {
		if o.Custody == market.Degraded {
			degraded++
		}
	}
	if degraded == 0 || degraded > len(offers)/10 {
		t.Errorf("%d of %d offers are degraded", degraded, len(offers))
	}
}
