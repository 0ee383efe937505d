package sim_test

import (
	"testing"
	"time"

	"chronos.dev/book"
	"chronos.dev/market"
	"chronos.dev/sim"
)

func TestTheMarketIsComplete(t *testing.T) {
	m := sim.New(sim.Options{})
	keys, venues, assets := m.Keys(), map[string]bool{}, map[string]market.Asset{}
	for _, v := range m.Venues() {
		venues[v] = market.ValidVenue(v)
	}
	for _, a := range m.Assets() {
		if assets[a.Symbol] = a; a.Hub != (a.Symbol == "BTC") || a.EngineScale < a.Scale || !market.ValidSymbol(a.Symbol) {
			t.Errorf("asset %+v", a)
		}
	}
	if usd := assets["USD"]; usd.Scale != 2 || usd.EngineScale != 6 {
		t.Errorf("USD is %+v", usd)
	}
	seen := map[market.Key]bool{}
	for _, k := range keys {
		seen[k] = true
		_, base := assets[k.Pair.Base]
		_, quote := assets[k.Pair.Quote]
		if !venues[k.Venue] || !base || !quote {
			t.Errorf("%v names something unknown", k)
		}
		if fee, ok := m.Fees().At(k, time.Unix(0, start)); !ok || fee.Rate <= 0 || fee.Rate > market.FeeUnit/100 {
			t.Errorf("%v: fee %v, %v", k, fee, ok)
		}
	}
	if len(venues) != 6 || len(assets) != 9 || len(keys) != 24 || len(seen) != 24 {
		t.Errorf("%d venues, %d assets, %d markets, %d different", len(venues), len(assets), len(keys), len(seen))
	}
	if !seen[market.Key{Venue: "kraken", Pair: market.Pair{Base: "BTC", Quote: "USD"}}] {
		t.Error("kraken has no BTC-USD")
	}
}

// TestPathsOfOneToThreeHops holds that every asset can become every other one,
// that this takes one, two or three hops, and that BTC is next to most.
func TestPathsOfOneToThreeHops(t *testing.T) {
	m := sim.New(sim.Options{})
	next := map[string]map[string]int{}
	for _, a := range m.Assets() {
		next[a.Symbol] = map[string]int{}
	}
	for _, k := range m.Keys() {
		next[k.Pair.Base][k.Pair.Quote]++
		next[k.Pair.Quote][k.Pair.Base]++
	}
	var hops [4]int
	for from := range next {
		reached := map[string]int{from: 0}
		for d := 1; d <= 3; d++ {
			for a, at := range reached {
				for b := range next[a] {
					if _, ok := reached[b]; !ok && at == d-1 {
						reached[b] = d
						hops[d]++
					}
				}
			}
		}
		if len(reached) != len(next) {
			t.Errorf("from %s only %v can be reached in three hops", from, reached)
		}
	}
	if hops[1] == 0 || hops[2] == 0 || hops[3] == 0 {
		t.Errorf("pairs at distance 1, 2, 3: %v", hops[1:])
	}
	if next["BTC"]["USD"] < 4 || len(next["SOL"]) != 1 || len(next["LTC"]) != 1 || len(next["BTC"]) < 6 {
		t.Errorf("markets of BTC: %v, SOL: %v, LTC: %v", next["BTC"], next["SOL"], next["LTC"])
	}
}

// TestVenuesAgree holds that nobody can buy at one venue and sell at another with
// a gain after fees, and that before fees the chance is small.
func TestVenuesAgree(t *testing.T) {
	m := sim.New(sim.Options{Seed: 6, Start: start})
	w := newWatch(t, m)
	looks, crossed := 0, 0
	for next, at := int64(time.Second), int64(0); at < int64(2*time.Minute); {
		var key market.Key
		var e *market.Event
		at, key, e = m.Next()
		w.apply(at, key, e)
		if at < next {
			continue
		}
		next += int64(time.Second)
		views := map[market.Key]*book.View{}
		for k, b := range w.books {
			views[k] = b.Publish()
		}
		for a, bidder := range views {
			for b, asker := range views {
				if a.Venue == b.Venue || a.Pair != b.Pair {
					continue
				}
				gain := gainPPM(bidder, asker)
				looks++
				crossed += count(gain > 0)
				if fees := feePPM(t, m, a) + feePPM(t, m, b); gain > fees {
					t.Fatalf("at %v: buy at %v, sell at %v: %d ppm, fees %d ppm", time.Duration(at), b, a, gain, fees)
				}
			}
		}
	}
	if crossed*10 > looks {
		t.Errorf("%d of %d pairs of books crossed before fees", crossed, looks)
	}
}

// gainPPM returns how far the best bid of one book is above the best ask of the
// other, in millionths.
func gainPPM(bidder, asker *book.View) int64 {
	bid, ask := int64(bidder.Bids[0].Price), int64(asker.Asks[0].Price)
	for s := bidder.PriceScale; s < asker.PriceScale; s++ {
		bid *= 10
	}
	for s := asker.PriceScale; s < bidder.PriceScale; s++ {
		ask *= 10
	}
	return (bid - ask) * 1_000_000 / ask
}

func feePPM(t *testing.T, m *sim.Market, k market.Key) int64 {
	t.Helper()
	fee, ok := m.Fees().At(k, time.Unix(0, start))
	if !ok {
		t.Fatalf("no fee for %v", k)
	}
	return fee.Rate * 1_000_000 / market.FeeUnit
}

// TestNumbersAreOfTheVenue checks the digits and the numbering of each venue.
func TestNumbersAreOfTheVenue(t *testing.T) {
	priceDecimals := map[string]uint8{
		"kraken|BTC-USD": 1, "coinbase|BTC-USD": 2, "bitstamp|BTC-USD": 0, "gemini|BTC-USD": 2,
		"binance|BTC-USDT": 2, "okx|SOL-BTC": 7, "kraken|ETH-BTC": 5, "kraken|USDC-USD": 4,
	}
	sizeDecimals := map[string]uint8{
		"kraken|BTC-USD": 8, "coinbase|BTC-USD": 8, "bitstamp|BTC-USD": 8, "gemini|BTC-USD": 8,
		"binance|BTC-USDT": 5, "okx|SOL-BTC": 6, "kraken|ETH-BTC": 8, "kraken|USDC-USD": 8,
	}
	padded := map[string]bool{"kraken": true, "bitstamp": true, "binance": true}
	m := sim.New(sim.Options{Seed: 9, Start: start})
	steps := map[string]map[uint64]int{}
	for range 30_000 {
		_, key, e := m.Next()
		if e.Kind == market.Delta && len(e.Levels) > 0 {
			if steps[key.Venue] == nil {
				steps[key.Venue] = map[uint64]int{}
			}
			steps[key.Venue][e.Seq-e.PrevSeq]++
		}
		decimals, ok := priceDecimals[key.String()]
		if !ok {
			continue
		}
		for _, l := range e.Levels {
			p, s := l.Price.Scale, l.Size.Scale
			if l.Price.Coef <= 0 || p > decimals || s > sizeDecimals[key.String()] {
				t.Fatalf("%v: level %s at %s", key, l.Size, l.Price)
			}
			if padded[key.Venue] && (p != decimals || s != sizeDecimals[key.String()]) {
				t.Fatalf("%v does not pad %s at %s", key, l.Size, l.Price)
			}
			if !padded[key.Venue] && (l.Price != l.Price.Trim() || l.Size != l.Size.Trim()) {
				t.Fatalf("%v pads %s at %s", key, l.Size, l.Price)
			}
		}
	}
	for venue, seen := range steps {
		byOne := len(seen) == 1 && seen[1] > 0
		if want := venue == "kraken" || venue == "coinbase" || venue == "gemini"; byOne != want {
			t.Errorf("%s steps by one: %v, want %v", venue, byOne, want)
		}
	}
	if len(steps) != 6 {
		t.Errorf("only %d venues spoke", len(steps))
	}
}

// TestRateIsBounded holds that a rate beyond the bounds is the bound.
func TestRateIsBounded(t *testing.T) {
	tests := []struct {
		name      string
		got, want int
	}{
		{"zero is the default", 0, sim.DefaultRate},
		{"below the least", -5, sim.MinRate},
		{"above the most", sim.MaxRate + 1, sim.MaxRate},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if digest(sim.Options{Rate: tt.got}, 2000) != digest(sim.Options{Rate: tt.want}, 2000) {
				t.Errorf("rate %d is not as rate %d", tt.got, tt.want)
			}
		})
	}
}

// TestBooksHoldAbsurdLevels wants the far levels that real books have.
func TestBooksHoldAbsurdLevels(t *testing.T) {
	m := sim.New(sim.Options{Start: start})
	w := newWatch(t, m)
	for range 5000 {
		w.apply(m.Next())
	}
	for key, b := range w.books {
		v := b.Publish()
		lastBid, lastAsk := v.Bids[len(v.Bids)-1], v.Asks[len(v.Asks)-1]
		if lastBid.Price != 1 || int64(lastAsk.Price) < 1000*int64(v.Asks[0].Price) {
			t.Errorf("%v: last bid %d, last ask %d", key, lastBid.Price, lastAsk.Price)
		}
	}
}

// BenchmarkNext is one event of a warm market.
func BenchmarkNext(b *testing.B) {
	m := sim.New(sim.Options{Troubles: true})
	for range 1000 {
		m.Next()
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Next()
	}
}
