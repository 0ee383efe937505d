package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chronos.dev/book"
	"chronos.dev/engine"
	"chronos.dev/feed/capture"
	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/all"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/money/text"
)

// captures opens the recorded sessions, or skips.
func captures(t *testing.T) (dir string, f *capture.Folder) {
	t.Helper()
	dir = os.Getenv("CHRONOS_CAPTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err != nil {
		t.Skipf("no recorded captures in %s; set CHRONOS_CAPTURES", dir)
	}
	f, err := capture.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return dir, f
}

// load returns the frames of one session and its venue.
func load(t *testing.T, f *capture.Folder, id string) ([]venue.Frame, *venue.Spec) {
	t.Helper()
	e, ok := f.Entry(id)
	if !ok {
		t.Fatalf("no capture %s", id)
	}
	spec, ok := capture.Match(all.Specs, e)
	if !ok {
		t.Fatalf("no decoder for %s", id)
	}
	frames, err := f.Load(e)
	if err != nil {
		t.Fatal(err)
	}
	return frames, spec
}

// consolidated is one entry of expected/consolidated.json.
type consolidated struct {
	Name    string `json:"name"`
	Members []struct {
		Venue, Capture, Symbol string
		Instant                json.Number
	} `json:"members"`
	Bids   [][3]string `json:"bids"`
	Asks   [][3]string `json:"asks"`
	Depth  int         `json:"depth_per_member"`
	Sweeps []struct {
		Side   string            `json:"side"`
		Base   string            `json:"base_qty"`
		Filled string            `json:"filled"`
		Total  string            `json:"quote_total"`
		By     map[string]string `json:"by_venue"`
	} `json:"sweeps"`
}

// TestConsolidated puts recorded books together and sweeps them, without fees: all
// that an independent program found comes out to the last digit, venue by venue.
// The books of one entry are of different moments, so that a price over them means
// nothing: only the mechanics are compared.
func TestConsolidated(t *testing.T) {
	dir, f := captures(t)
	raw, err := os.ReadFile(filepath.Join(dir, "expected", "consolidated.json"))
	if err != nil {
		t.Fatal(err)
	}
	var books []consolidated
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&books); err != nil {
		t.Fatal(err)
	}
	sweeps := 0
	for i := range books {
		sweeps += len(books[i].Sweeps)
		t.Run(strings.NewReplacer("/", "-", " ", "_").Replace(books[i].Name), func(t *testing.T) {
			checkConsolidated(t, f, &books[i])
		})
	}
	if len(books) != 6 || sweeps != 38 {
		t.Errorf("%d books and %d sweeps, want 6 and 38", len(books), sweeps)
	}
}

func checkConsolidated(t *testing.T, f *capture.Folder, c *consolidated) {
	name, _, _ := strings.Cut(c.Name, " ")
	base, quote, _ := strings.Cut(name, "/")
	pair := market.Pair{Base: base, Quote: quote}
	// Scales that hold every product of a price and a size.
	var ps, ss uint8
	events := map[string]*market.Event{}
	for _, m := range c.Members {
		frames, spec := load(t, f, m.Capture)
		v := capture.ViewsAt(spec, frames, nanos(t, m.Instant))[m.Symbol]
		if v == nil || v.State != book.Live {
			t.Fatalf("%s %s is not live", m.Capture, m.Symbol)
		}
		ps, ss = max(ps, v.PriceScale), max(ss, v.SizeScale)
		events[m.Venue] = topOf(v, c.Depth)
	}
	r := newRig(t, engine.Options{Assets: []market.Asset{
		{Symbol: base, EngineScale: ss}, {Symbol: quote, EngineScale: ps + ss},
	}})
	for v, e := range events {
		e.RecvTime = r.now
		if err := r.w.Apply(market.Key{Venue: v, Pair: pair}, e); err != nil {
			t.Fatal(err)
		}
	}
	r.w.Flush(r.now)
	merged, _, ok := r.e.Book(pair, c.Depth, r.now)
	if !ok || len(merged.LeftOut) > 0 {
		t.Fatalf("Book: %v, left out %v", ok, merged.LeftOut)
	}
	compareQuotes(t, "bids", merged.Bids, c.Bids)
	compareQuotes(t, "asks", merged.Asks, c.Asks)
	for _, s := range c.Sweeps {
		total, by := sweep(t, r, pair, s.Side, s.Base, ss, ps+ss)
		if total != s.Total || !mapsEqual(by, s.By) || s.Filled != s.Base {
			t.Errorf("%s %s: %s by %v, want %s by %v", s.Side, s.Base, total, by, s.Total, s.By)
		}
	}
}

// nanos reads seconds with decimals.
func nanos(t *testing.T, seconds json.Number) int64 {
	t.Helper()
	n, err := text.ParseNum(seconds.String())
	if err != nil {
		t.Fatal(err)
	}
	ns, err := n.At(9)
	if err != nil {
		t.Fatal(err)
	}
	return ns
}

// topOf is the best of a book as a snapshot.
func topOf(v *book.View, depth int) *market.Event {
	e := &market.Event{Kind: market.Snapshot, Seq: 1}
	add := func(side market.Side, levels []book.Level) {
		for _, l := range levels[:min(depth, len(levels))] {
			e.Levels = append(e.Levels, market.Level{
				Side:  side,
				Price: money.Num{Coef: int64(l.Price), Scale: v.PriceScale},
				Size:  money.Num{Coef: int64(l.Size), Scale: v.SizeScale},
			})
		}
	}
	add(market.Bid, v.Bids)
	add(market.Ask, v.Asks)
	return e
}

func compareQuotes(t *testing.T, name string, got []graph.Quote, want [][3]string) {
	t.Helper()
	if len(got) < len(want) || len(want) == 0 {
		t.Fatalf("%d %s, want at least %d", len(got), name, len(want))
	}
	for i, w := range want {
		g := [3]string{string(got[i].Price.AppendCanonical(nil)), string(got[i].Size.AppendCanonical(nil)), got[i].Venue}
		if g != w {
			t.Errorf("%s %d: %v, want %v", name, i, g, w)
		}
	}
}

// sweep buys or sells an amount of the base and returns what it costs or gives, and
// how much of the base each venue has of it.
func sweep(t *testing.T, r *rig, pair market.Pair, side, amount string, baseScale, quoteScale uint8) (string, map[string]string) {
	t.Helper()
	n, err := text.ParseNum(amount)
	if err != nil {
		t.Fatal(err)
	}
	x, err := n.At(baseScale)
	if err != nil {
		t.Fatal(err)
	}
	req := engine.Request{Sell: pair.Base, Buy: pair.Quote, In: money.Amount(x), MaxHops: 1}
	if side == "buy" {
		req = engine.Request{Sell: pair.Quote, Buy: pair.Base, Out: money.Amount(x), MaxHops: 1}
	}
	p, err := r.e.Price(req, r.now)
	if err != nil {
		t.Fatalf("%s %s: %v", side, amount, err)
	}
	write := func(a money.Amount, scale uint8) string {
		return string(money.Num{Coef: int64(a), Scale: scale}.AppendCanonical(nil))
	}
	total, by := p.Plan.Out, map[string]string{}
	gap := p.Plan.Bound.Amount - p.Plan.Out
	if side == "buy" {
		total = p.Plan.In
		gap = p.Plan.In - p.Plan.Bound.Amount
	}
	if gap < 0 || gap > 1+total/1e9 { // 0.00001 bps
		t.Errorf("%s %s: %d, bound %d", side, amount, total, p.Plan.Bound.Amount)
	}
	for _, route := range p.Plan.Routes {
		l := route.Legs[0]
		part := l.In
		if side == "buy" {
			part = l.Out
		}
		if l.Fee != 0 {
			t.Errorf("a fee of %d at fee 0", l.Fee)
		}
		by[l.Key.Venue] = write(part, baseScale)
	}
	return write(total, quoteScale), by
}

func mapsEqual(a, b map[string]string) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// TestNoticedLossIsInNoPrice takes one message out of recorded sessions. From the
// moment the loss is noticed until the next snapshot of that book, here of a new
// connection that plays the session again, the market is in no price.
func TestNoticedLossIsInNoPrice(t *testing.T) {
	_, f := captures(t)
	shown := 0
	for _, id := range []string{
		"2021-04-17/binance_us", "2021-04-25/kucoin", "2021-04-17/kraken", "2021-04-17/okcoin", "2021-04-17/ftx_us",
	} {
		t.Run(strings.ReplaceAll(id, "/", "_"), func(t *testing.T) {
			frames, spec := load(t, f, id)
			drops, err := capture.DropEach(t.Context(), id, frames, spec, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
			if err != nil {
				t.Fatal(err)
			}
			here := 0
			for _, d := range drops {
				pair, spot := spec.Pair(d.Symbol)
				if here < 3 && spot && (d.By == "sequence" || d.By == "checksum" || d.By == "decoder") {
					here++
					newLoss(t, spec, d, pair).play(frames)
				}
			}
			shown += here
			if here == 0 {
				t.Errorf("of %d losses none was noticed at a spot market", len(drops))
			}
		})
	}
	if shown < 10 {
		t.Errorf("only %d losses", shown)
	}
}

// loss follows one market through a session that lacks a message.
type loss struct {
	*rig
	spec    *venue.Spec
	drop    capture.Drop
	pair    market.Pair
	epoch   uint64
	lost    bool // noticed, and no snapshot since
	noticed int
	revived int
	prices  int // asked for after each frame while it was lost
}

func newLoss(t *testing.T, spec *venue.Spec, d capture.Drop, pair market.Pair) *loss {
	rules := func(market.Key) market.BookRules { return spec.Rules(d.Symbol) }
	return &loss{rig: newRig(t, engine.Options{Rules: rules}), spec: spec, drop: d, pair: pair}
}

// play plays the session without the message, then a second time whole, as a
// client that connects anew.
func (l *loss) play(frames []venue.Frame) {
	l.t.Helper()
	without := slices.Concat(frames[:l.drop.Frame], frames[l.drop.Frame+1:])
	l.session(without)
	if l.noticed != 1 || !l.lost {
		l.t.Errorf("%+v: noticed %d times, lost at the end: %v", l.drop, l.noticed, l.lost)
	}
	l.epoch++
	l.session(frames)
	if l.lost || l.revived != 1 || l.prices < 10 {
		l.t.Errorf("%+v: lost %v, revived %d times, %d prices asked for", l.drop, l.lost, l.revived, l.prices)
	}
}

func (l *loss) session(frames []venue.Frame) {
	s := capture.NewSession(l.spec)
	s.OnEvent = func(e *market.Event, _ error) {
		if e.Symbol == l.drop.Symbol {
			l.event(*e)
		}
	}
	for i := range frames {
		l.now = max(l.now, frames[i].Time)
		_ = s.Play(&frames[i]) // a session without a message may be refused in places
		l.w.Flush(l.now)
		if l.lost {
			l.prices++
			if l.inPrice() {
				l.t.Fatalf("%+v: in a price after its loss was noticed", l.drop)
			}
		}
	}
}

func (l *loss) event(e market.Event) {
	e.Epoch, e.RecvTime = l.epoch, l.now
	err := l.w.Apply(market.Key{Venue: l.spec.Venue, Pair: l.pair}, &e)
	switch {
	case err != nil && !l.lost:
		l.lost = true
		l.noticed++
	case err == nil && e.Kind == market.Snapshot && l.lost:
		l.lost = false
		l.revived++
		l.w.Flush(l.now)
		if !l.inPrice() {
			l.t.Errorf("%+v: in no price after its snapshot", l.drop)
		}
	}
}

// inPrice asks for one unit either way and reports whether the market answers.
func (l *loss) inPrice() bool {
	for _, req := range []engine.Request{
		{Sell: l.pair.Base, Buy: l.pair.Quote, In: 1e6},
		{Sell: l.pair.Quote, Buy: l.pair.Base, Out: 1e6},
	} {
		if _, err := l.e.Price(req, l.now); err == nil {
			return true
		}
	}
	return false
}
