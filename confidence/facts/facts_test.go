package facts_test

import (
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"chronos.dev/confidence"
	"chronos.dev/confidence/facts"
	"chronos.dev/dump"
	"chronos.dev/engine"
	"chronos.dev/engine/plan"
	"chronos.dev/market"
	"chronos.dev/money"
)

const start = int64(1_800_000_000_000_000_000)

// lab is an engine whose books a test sets.
type lab struct {
	t   *testing.T
	e   *engine.Engine
	w   *engine.Writer
	now int64
}

func newLab(t *testing.T) *lab {
	t.Helper()
	e, err := engine.New(engine.Options{Describe: dump.Describe, DefaultFee: &market.Fee{On: market.FeeReceived}})
	if err != nil {
		t.Fatal(err)
	}
	return &lab{t, e, e.Writer(), start}
}

// set makes the book of a pair one deep level a side, prices in hundredths.
func (l *lab) set(base, quote string, bid, ask int64, origin market.Origin) {
	l.t.Helper()
	level := func(side market.Side, price int64) market.Level {
		return market.Level{Side: side, Price: money.Num{Coef: price, Scale: 2}, Size: money.Num{Coef: 1_000_000}}
	}
	err := l.w.Apply(market.Key{Venue: "lab", Pair: market.Pair{Base: base, Quote: quote}}, &market.Event{
		Kind: market.Snapshot, Unsequenced: true, RecvTime: l.now, Origin: origin,
		Levels: []market.Level{level(market.Bid, bid), level(market.Ask, ask)},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.w.Flush(l.now)
}

func (l *lab) price(sell, buy string, in float64) *engine.Price {
	l.t.Helper()
	a, _ := l.e.Asset(sell)
	p, err := l.e.Price(engine.Request{
		Sell: sell, Buy: buy, In: money.Amount(in * math.Pow10(int(a.EngineScale))),
	}, l.now)
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

// TestOf: every fact of a price, against what the books were made to be.
func TestOf(t *testing.T) {
	l, w := newLab(t), facts.NewWatch()
	// The middle of BTC-USD goes up and down by one thousandth every second.
	var f confidence.Facts
	for i := range 30 {
		mid := int64(1_000_000 + 1000*(i%2))
		l.now = start + int64(i)*int64(facts.Every)
		l.set("BTC", "USD", mid-50, mid+50, market.Venue)
		l.set("ETH", "BTC", 4, 6, market.Venue)
		f = w.Of(l.price("ETH", "USD", 10), 5*time.Second)
		if known := i >= 11; known != f.VolatilityKnown {
			t.Fatalf("look %d: volatility known: %t", i, f.VolatilityKnown)
		}
		w.Tick(l.e, l.now)
	}
	// A spread of 2 over 5 is 40 %; 10 ETH at 0.05 BTC at 10,010 dollars are 5005;
	// changes of a thousandth a second are 0.1 % sqrt(60) = 77.5 bps a minute.
	if f.Hubs != 2 || f.Hops != 2 || f.Horizon != 5*time.Second || f.Dollars != 5000 && f.Dollars != 5005 {
		t.Errorf("%+v", f)
	}
	if !f.SpreadKnown || f.Spread != 4000*confidence.BP {
		t.Errorf("spread %s, want 4000 bps", f.Spread)
	}
	if got := float64(f.Volatility) / float64(confidence.BP); math.Abs(got-77.5) > 0.2 {
		t.Errorf("volatility %g bps, want 77.5", got)
	}
	if f = w.Of(l.price("BTC", "USD", 1), time.Second); f.Hops != 1 || f.Spread > confidence.BP || f.Dollars < 10_000 {
		t.Errorf("one hop: %+v", f)
	}
}

// TestUnknowns: what nobody can know is unknown and not zero.
func TestUnknowns(t *testing.T) {
	l, w := newLab(t), facts.NewWatch()
	l.set("SNX", "BSV", 300, 302, market.Venue)
	p := l.price("SNX", "BSV", 1)
	for range 20 {
		f := w.Of(p, time.Second)
		if f.Dollars >= 0 || f.VolatilityKnown && l.now < start+int64(10*facts.Every) {
			t.Fatalf("%+v", f)
		}
		l.now += int64(facts.Every)
		l.set("SNX", "BSV", 300, 302, market.Venue)
		w.Tick(l.e, l.now)
	}
	if f := w.Of(p, time.Second); !f.VolatilityKnown || f.Volatility != 0 || f.Hubs != 0 {
		t.Errorf("a market that stands still: %+v", f)
	}
	if f := w.Of(&engine.Price{Mids: []engine.Mid{{}}}, 0); f.SpreadKnown || f.VolatilityKnown {
		t.Errorf("a hop without a middle: %+v", f)
	}
}

// TestWorth: dollars are one, others go by their own pair, its inverse, or BTC.
func TestWorth(t *testing.T) {
	l := newLab(t)
	l.set("BTC", "USD", 4_000_000, 4_000_000+2, market.Venue)
	l.set("BTC", "EUR", 3_200_000, 3_200_000+2, market.Venue)
	l.set("USDC", "SGD", 150, 152, market.Venue)
	l.set("SOL", "BTC", 1, 3, market.Venue)
	for symbol, want := range map[string]float64{
		"USD": 1, "USDT": 1, "BTC": 40_000.01, "EUR": 1.25, "SGD": 1 / 1.51, "SOL": 800.0002, "XYZ": 0,
	} {
		if got := facts.Worths(l.e, []string{symbol}, l.now)[symbol]; math.Abs(got-want) > want*1e-6 {
			t.Errorf("%s is worth %g, want %g", symbol, got, want)
		}
	}
}

// TestWatchIsBounded: however many pairs are asked for, a look stays small and
// the request does not wait.
func TestWatchIsBounded(t *testing.T) {
	l, w := newLab(t), facts.NewWatch()
	for i := range 3000 {
		name := string([]byte{'A' + byte(i%26), 'A' + byte(i/26%26), 'A' + byte(i/676)})
		w.Of(&engine.Price{
			Mids: []engine.Mid{{Pair: market.Pair{Base: name, Quote: "USD"}}},
			Plan: plan.Plan{Sell: market.Asset{Symbol: name}, Buy: market.Asset{Symbol: "X" + name}},
		}, time.Second)
		if i%10 == 0 {
			w.Tick(l.e, l.now)
		}
	}
	if pairs, assets := w.Follows(); pairs != 512 || assets != 512 {
		t.Errorf("%d pairs and %d assets are followed, want 512", pairs, assets)
	}
}

// table has n samples of the bucket of f, of which held of ten survive.
func table(t *testing.T, source confidence.Source, f confidence.Facts, n, held int) *confidence.Table {
	t.Helper()
	tab, err := confidence.NewTable(confidence.Options{Source: source})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		o := confidence.Observation{At: start + int64(i), Bucket: confidence.Classify(f), Source: source}
		if i%10 >= held {
			o.Change = -confidence.BP
		}
		if err := tab.Learn(&o); err != nil {
			t.Fatal(err)
		}
	}
	tab.Publish()
	return tab
}

func TestTell(t *testing.T) {
	l, w := newLab(t), facts.NewWatch()
	l.set("BTC", "USD", 999_900, 1_000_100, market.Venue)
	l.set("BTC", "EUR", 999_900, 1_000_100, market.Simulated)
	real, invented := l.price("BTC", "USD", 1), l.price("BTC", "EUR", 1)
	w.Of(real, time.Second)
	w.Tick(l.e, l.now)
	f := w.Of(real, time.Second)
	tiered := *real
	tiered.Plan.Routes = []plan.Route{{Legs: []plan.Leg{{
		Key: market.Key{Venue: "vault"}, HasTier: true, Tier: "INSTANT",
	}}}}
	longer := table(t, confidence.Replay, f, 300, 7)
	for _, tt := range []struct {
		name    string
		table   *confidence.Table
		p       *engine.Price
		horizon time.Duration
		want    confidence.PPM
		why     facts.Reason
	}{
		{"seven of ten", longer, real, time.Second, 700_000, ""},
		{"too few", table(t, confidence.Replay, f, 199, 7), real, time.Second, 0, facts.TooFew},
		{"enough", table(t, confidence.Replay, f, 200, 10), real, time.Second, 1_000_000, ""},
		{"a real table, an invented book", longer, invented, time.Second, 0, facts.OtherSource},
		{"an invented table, a real book", table(t, confidence.Simulated, f, 300, 7), real, time.Second, 0, facts.OtherSource},
		{"another horizon", longer, real, 30 * time.Second, 0, facts.NoSamples},
		{"a horizon beyond all", longer, real, time.Hour, 0, facts.NoHorizon},
		{"a provider nobody counted", longer, &tiered, time.Second, 0, facts.Unmeasured},
	} {
		t.Run(tt.name, func(t *testing.T) {
			teller := facts.NewTeller(tt.table, w, tt.horizon)
			if p, why := teller.Tell(tt.p); p != tt.want || why != tt.why {
				t.Errorf("%s %q, want %s %q", p, why, tt.want, tt.why)
			}
			if why := tt.why; why != "" && !slices.Contains(facts.Reasons, why) {
				t.Errorf("%q is no listed reason", why)
			}
		})
	}
	// With the provider's answers counted both are combined: 0.7 less 1 - 0.9.
	for i := range 1000 {
		if err := longer.Answered("vault", "INSTANT", i%10 != 0); err != nil {
			t.Fatal(err)
		}
	}
	longer.Publish()
	p, why := facts.NewTeller(longer, w, time.Second).Tell(&tiered)
	if why != "" || p < 599_000 || p > 600_500 {
		t.Errorf("with a provider of 0.9: %s %q, want 0.6", p, why)
	}
}

// TestTellCosts: an answer takes no memory and no lock, also while a Watch looks.
func TestTellCosts(t *testing.T) {
	l, w := newLab(t), facts.NewWatch()
	l.set("BTC", "USD", 999_900, 1_000_100, market.Venue)
	p := l.price("BTC", "USD", 1)
	w.Of(p, time.Second)
	w.Tick(l.e, l.now)
	teller := facts.NewTeller(table(t, confidence.Replay, w.Of(p, time.Second), 300, 7), w, time.Second)
	if n := testing.AllocsPerRun(1000, func() { teller.Tell(p) }); n > 0 {
		t.Errorf("%g allocations an answer", n)
	}
	var group sync.WaitGroup
	done := make(chan struct{})
	group.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				w.Tick(l.e, l.now)
			}
		}
	})
	for range 4 {
		group.Go(func() {
			for range 5000 {
				teller.Tell(p)
			}
		})
	}
	time.Sleep(10 * time.Millisecond)
	close(done)
	group.Wait()
}

func BenchmarkTell(b *testing.B) {
	l, w := newLab(&testing.T{}), facts.NewWatch()
	l.set("BTC", "USD", 999_900, 1_000_100, market.Venue)
	p := l.price("BTC", "USD", 1)
	w.Of(p, time.Second)
	w.Tick(l.e, l.now)
	teller := facts.NewTeller(table(&testing.T{}, confidence.Replay, w.Of(p, time.Second), 5000, 7), w, time.Second)
	b.ReportAllocs()
	for b.Loop() {
		teller.Tell(p)
	}
}
