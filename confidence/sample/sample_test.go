package sample_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chronos.dev/confidence"
	"chronos.dev/confidence/sample"
	"chronos.dev/dump"
	"chronos.dev/engine"
	"chronos.dev/feed/capture"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/sim"
)

// scripted is a market whose best bid and ask move as a function of the second.
type scripted struct {
	bid   func(second int64) int64 // cents of BTC-USD, 0: the book is gone
	until int64
	seq   uint64
}

const begin = int64(1_800_000_000_000_000_000)

var btcUSD = market.Key{Venue: "lab", Pair: market.Pair{Base: "BTC", Quote: "USD"}}

func (s *scripted) Name() string              { return "scripted" }
func (s *scripted) Source() confidence.Source { return confidence.Replay }
func (s *scripted) Span() (from, until int64) { return begin, s.until }

func (s *scripted) Options() engine.Options {
	return engine.Options{Describe: dump.Describe, DefaultFee: &market.Fee{On: market.FeeReceived}}
}

func (s *scripted) Play(w *engine.Writer, now int64) {
	bid := s.bid((now - begin) / int64(time.Second))
	if bid == 0 {
		w.Invalidate(btcUSD, "gone", now)
	} else {
		level := func(side market.Side, price int64) market.Level {
			return market.Level{Side: side, Price: money.Num{Coef: price, Scale: 2}, Size: money.Num{Coef: 1e6}}
		}
		s.seq++
		_ = w.Apply(btcUSD, &market.Event{
			Kind: market.Snapshot, Seq: s.seq, RecvTime: now, Origin: market.Replay,
			Levels: []market.Level{level(market.Bid, bid), level(market.Ask, bid+2)},
		})
	}
	w.Flush(now)
}

// collect plays a session and returns what became of its prices.
func collect(t *testing.T, s sample.Session, o sample.Options) ([]confidence.Observation, sample.Stats) {
	t.Helper()
	var all []confidence.Observation
	st, err := sample.Run(t.Context(), s, o, func(o *confidence.Observation) error {
		all = append(all, *o)
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all, st
}

// TestChanges: what a sell gains and a buy loses when a price goes up by one
// percent every second is known without an engine.
func TestChanges(t *testing.T) {
	price := func(s int64) int64 { return 1_000_000 + 10_000*s }
	s := &scripted{bid: price, until: begin + int64(20*time.Second)}
	all, st := collect(t, s, sample.Options{Every: time.Second, Horizons: []time.Duration{time.Second, 5 * time.Second}})
	// 21 looks at 8 orders; those of the last second and the last five are cut off.
	if st.Orders != 8 || st.Quotes != 21*8*2 || st.Outcomes != 8*(20+16) || st.Unsettled != 8*(1+5) || st.Lost != 0 {
		t.Errorf("%+v", st)
	}
	if len(all) != st.Outcomes {
		t.Fatalf("%d observations of %d outcomes", len(all), st.Outcomes)
	}
	ups := 0
	for i, o := range all {
		if i > 0 && o.At < all[i-1].At {
			t.Fatal("observations are out of order")
		}
		at := (o.At - begin) / int64(time.Second)
		then := at + int64(o.Bucket.Horizon()/time.Second)
		up := float64(price(then))/float64(price(at)) - 1
		down := float64(price(at)+2)/float64(price(then)+2) - 1
		got := float64(o.Change) / float64(confidence.Whole)
		switch near := 2e-6; {
		case got > up-near && got < up+near:
			ups++
		case got < down-near || got > down+near:
			t.Fatalf("at %d to %d: %g, want %g or %g", at, then, got, up, down)
		}
		if o.Source != confidence.Replay || o.Bucket.Step() != 0 {
			t.Fatalf("%+v", o)
		}
	}
	if 2*ups != len(all) {
		t.Errorf("%d of %d gained", ups, len(all))
	}
}

// TestNothingLeft: when the book is gone at the end of the horizon, all is lost,
// and nothing is priced while it is.
func TestNothingLeft(t *testing.T) {
	s := &scripted{until: begin + int64(9*time.Second), bid: func(s int64) int64 {
		if s == 3 || s == 4 {
			return 0
		}
		return 1_000_000
	}}
	all, st := collect(t, s, sample.Options{Every: time.Second, Horizons: []time.Duration{time.Second}})
	// Of looks 0 to 9, 3 and 4 give no price; that of 2 is lost.
	if st.Quotes != 8*8 || st.Refused != 2*8 || st.Lost != 8 || st.Outcomes != 7*8 {
		t.Errorf("%+v", st)
	}
	lost := 0
	for _, o := range all {
		if o.Change == confidence.Lost {
			lost++
		} else if o.Change != 0 {
			t.Errorf("a change of %s in a still book", o.Change)
		}
	}
	if lost != 8 {
		t.Errorf("%d lost", lost)
	}
}

func TestOptionsRefused(t *testing.T) {
	for _, o := range []sample.Options{
		{Every: -1}, {Every: 300 * time.Millisecond}, {Every: 1500 * time.Millisecond},
		{Horizons: []time.Duration{3 * time.Second}},
		{Every: time.Second, Horizons: []time.Duration{500 * time.Millisecond}},
		{Every: 2 * time.Second, Horizons: []time.Duration{5 * time.Second}},
	} {
		s := &scripted{bid: func(int64) int64 { return 1 }, until: begin}
		if _, err := sample.Run(t.Context(), s, o, nil, nil); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

// TestEnds: an emitter that fails and a context that ends stop a run.
func TestEnds(t *testing.T) {
	s := &scripted{bid: func(int64) int64 { return 1_000_000 }, until: begin + int64(90*time.Second)}
	full := errors.New("full")
	o := sample.Options{Every: time.Second, Horizons: []time.Duration{time.Second}}
	_, err := sample.Run(t.Context(), s, o, func(*confidence.Observation) error { return full }, nil)
	if !errors.Is(err, full) {
		t.Errorf("the emitter's error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = sample.Run(ctx, s, o, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	for name, run := range map[string]func() error{
		"fit":  func() error { _, err := sample.Fit(t.Context(), nil, &sample.Look{}, 0); return err },
		"walk": func() error { _, err := sample.Walk(t.Context(), nil, &sample.Look{}, 0, nil); return err },
		"judge": func() error {
			_, err := sample.Judge(t.Context(), &confidence.Table{}, nil, &sample.Look{}, nil)
			return err
		},
	} {
		if err := run(); err == nil {
			t.Errorf("%s of nothing", name)
		}
	}
}

// simulated are days of an invented market.
func simulated(minutes int, seeds ...uint64) (all []sample.Session) {
	for day, seed := range seeds {
		o := sim.Options{Seed: seed, Troubles: true}
		all = append(all, sample.Simulated(o, day, time.Duration(minutes)*time.Minute))
	}
	return all
}

// TestSimulatedIsCalibrated: fitted on two invented days, the table is within 3
// points on the third, in every bin with enough samples, and better than a
// constant. The same markets give the same bytes.
func TestSimulatedIsCalibrated(t *testing.T) {
	if testing.Short() {
		t.Skip("plays an hour of a market")
	}
	l := &sample.Look{Options: sample.Options{Every: time.Second, Horizons: []time.Duration{time.Second, 5 * time.Second}}}
	days := simulated(20, 1, 2, 3)
	table, err := sample.Fit(t.Context(), days[:2], l, 0)
	if err != nil {
		t.Fatal(err)
	}
	r, err := sample.Judge(t.Context(), table, days[2:], l, nil)
	if err != nil {
		t.Fatal(err)
	}
	within := 0
	for _, b := range r.Bins {
		if b.Verdict == confidence.Within {
			within++
		}
	}
	if r.Verdict() != confidence.Within || within < 3 || !r.Better() || r.Source != confidence.Simulated {
		var b strings.Builder
		_ = r.WriteText(&b)
		t.Errorf("%d bins within 3 points:\n%s", within, b.String())
	}
}

// TestFitUntil: a table knows nothing that was known later, and what it does not
// know is tested.
func TestFitUntil(t *testing.T) {
	l := &sample.Look{Options: sample.Options{Every: time.Second, Horizons: []time.Duration{time.Second}}}
	from, until := simulated(1, 1)[0].Span()
	middle := (from + until) / 2
	write := func() string {
		table, err := sample.Fit(t.Context(), simulated(1, 1, 2), l, middle)
		if err != nil {
			t.Fatal(err)
		}
		if _, last := table.Span(); last > middle || last < middle-int64(2*time.Second) {
			t.Errorf("the last outcome is %v from the limit", time.Duration(last-middle))
		}
		var b strings.Builder
		if _, err := table.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	text := write()
	if text != write() {
		t.Error("the same markets give other tables")
	}
	table, err := confidence.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r, err := sample.Judge(t.Context(), table, simulated(1, 1), l, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.TestFrom < middle-int64(2*time.Second) || r.Tested == 0 || r.Skipped == 0 {
		t.Errorf("%d tested from %v after the middle, %d skipped", r.Tested, time.Duration(r.TestFrom-middle), r.Skipped)
	}
}

// recordings opens the recorded captures, or skips.
func recordings(t *testing.T, keep func(id string) bool) []sample.Session {
	t.Helper()
	dir := os.Getenv("CHRONOS_CAPTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err != nil {
		t.Skipf("no recorded captures in %s; set CHRONOS_CAPTURES", dir)
	}
	f, err := capture.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var chosen []*capture.Entry
	for i := range f.Entries {
		if keep(f.Entries[i].ID) {
			chosen = append(chosen, &f.Entries[i])
		}
	}
	sessions, _, err := sample.Recorded(f, chosen)
	if err != nil {
		t.Fatal(err)
	}
	return sessions
}

func every(string) bool { return true }

// TestSessions: captures are put together only where they were recorded at one
// time, and come in the order of time.
func TestSessions(t *testing.T) {
	var names []string
	last := int64(0)
	for _, s := range recordings(t, every) {
		from, until := s.Span()
		if from <= last || until <= from || until-from > int64(63*time.Second) {
			t.Errorf("%s: from %d to %d after %d", s.Name(), from, until, last)
		}
		last = until
		names = append(names, s.Name())
	}
	if len(names) != 20 || names[0] != "2021-04-05/binance_us" ||
		!slices.Contains(names, "2024-08-08/binance_spot_btcusdt+2024-08-08/binance_spot_ethusdt") {
		t.Errorf("%d sessions: %v", len(names), names)
	}
}

// TestRecordedSupports: the recordings, learned in the first part of each and
// tested on the rest. They support few verdicts: asked without a margin, none;
// over all margins the sure forecasts are within 3 points, and those of an even
// chance may be off, as docs/confidence.md says. Either way the table knows more
// than a constant.
func TestRecordedSupports(t *testing.T) {
	if testing.Short() {
		t.Skip("plays all captures twice")
	}
	for name, tt := range map[string]struct {
		margins []confidence.Change
		within  int // the bin that must be, -1: none need
		off     int // the bin that may be, -1: none
	}{
		"without a margin": {[]confidence.Change{0}, -1, -1},
		"all margins":      {nil, 9, 4},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := sample.Walk(t.Context(), recordings(t, every), &sample.Look{}, 0.6, tt.margins)
			if err != nil {
				t.Fatal(err)
			}
			for i, b := range r.Bins {
				if b.Verdict == confidence.Off && i != tt.off || b.Verdict != confidence.Within && i == tt.within {
					t.Errorf("bin %d: %s", i, b.Verdict)
				}
			}
			if !r.Better() || r.Source != confidence.Replay || r.All.N < 100_000 || r.Parts != 20 {
				t.Errorf("better %t, %d forecasts, %d parts", r.Better(), r.All.N, r.Parts)
			}
			for _, row := range r.Rows {
				if h := row.Bucket.Horizon(); h > 5*time.Second {
					t.Errorf("horizon %v was learned and tested in captures of a minute", h)
				}
			}
			if t.Failed() {
				var text strings.Builder
				_ = r.WriteText(&text)
				t.Log(text.String())
			}
		})
	}
}

// TestRecordedChanges holds observations against prices that are made anew: the
// session is played to the two moments only.
func TestRecordedChanges(t *testing.T) {
	gemini := func() sample.Session {
		return recordings(t, func(id string) bool { return id == "2021-04-17/gemini" })[0]
	}
	all, _ := collect(t, gemini(), sample.Options{Horizons: []time.Duration{5 * time.Second}})
	from, _ := gemini().Span()
	at := from + int64(12*time.Second)
	var want []confidence.Change
	for _, o := range all {
		if o.At == at {
			want = append(want, o.Change)
		}
	}
	s := gemini()
	e, err := engine.New(s.Options())
	if err != nil {
		t.Fatal(err)
	}
	w := e.Writer()
	out := func(now int64) (outs []money.Amount) {
		s.Play(w, now)
		for _, r := range []engine.Request{
			{Sell: "BTC", Buy: "USD", In: 1_000_000}, {Sell: "USD", Buy: "ETH", In: 800_000_000},
		} {
			p, err := e.Price(r, now)
			if err != nil {
				t.Fatal(err)
			}
			outs = append(outs, p.Plan.Out)
		}
		return outs
	}
	before, after := out(at), out(at+int64(5*time.Second))
	for i := range before {
		z := confidence.Between(before[i], after[i])
		near := func(c confidence.Change) bool { return c-z < 3000 && z-c < 3000 } // sizes are not quite the same
		if !slices.ContainsFunc(want, near) {
			t.Errorf("order %d changed by %s, seen were %v", i, z, want)
		}
	}
	if len(want) < 20 {
		t.Errorf("%d observations at one moment", len(want))
	}
}
