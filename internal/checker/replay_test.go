package checker_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"chronos.dev/dump"
	"chronos.dev/engine"
	"chronos.dev/feed/capture"
	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/all"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/sim"
)

// marketTime is how much of it a replay plays.
func marketTime() time.Duration {
	switch {
	case testing.Short():
		return 30 * time.Second
	case os.Getenv("CHRONOS_LONG") != "":
		return 10 * time.Minute
	}
	return time.Minute
}

// TestSimulated: no plan over a simulated market exceeds visible depth, uses a
// level twice or visits an asset twice, at every tenth of a second, through lost
// messages and silent venues.
func TestSimulated(t *testing.T) {
	simulated(t, settling, 3).enough(t)
}

// TestSimulatedTerms is TestSimulated with venues that ask for least sizes, whole lots
// and fees for what is taken out.
func TestSimulatedTerms(t *testing.T) {
	s := simulated(t, asking, 1)
	if s.bound*3 < s.plans || s.inLots*4 < s.plans {
		t.Errorf("too few plans under terms: %v", &s.tally)
	}
}

func simulated(t *testing.T, asks func(market.Key) market.Terms, perStep int) *stage {
	t.Helper()
	m := sim.New(sim.Options{Seed: 20, Troubles: true, Start: epoch})
	s := newStage(t, engine.Options{
		Assets: m.Assets(), Fees: changing(m.Fees()), Rules: func(market.Key) market.BookRules { return m.Rules() },
		Terms: asks,
	}, 1)
	s.perStep = perStep
	providers := s.e.Liquidity()
	tr := &trouble{copies: map[market.Key]*copied{}, next: int64(3 * time.Second)}
	const every = int64(100 * time.Millisecond)
	for next := every; next <= int64(marketTime()); {
		at, key, ev := m.Next()
		for ; at >= next && next <= int64(marketTime()); next += every {
			s.now = epoch + next
			s.provide(m, providers)
			s.step()
		}
		s.now = epoch + at
		s.trouble(tr, key, ev)
	}
	t.Log(s.tally.String(), tr.swallows, "messages taken away")
	if s.tiered*20 < s.plans {
		t.Errorf("only %d plans by providers", s.tiered)
	}
	return s
}

// settling is how long a venue takes, by the length of its name.
func settling(key market.Key) market.Terms {
	return market.Terms{Settle: time.Duration(len(key.Venue)-3) * time.Minute}
}

// asking is what venues ask for beside fees: a least size, a fee for what is taken out,
// whole lots, or more than one of these; one asks for nothing.
func asking(key market.Key) market.Terms {
	t, cent := settling(key), money.Num{Coef: 1, Scale: 2}
	switch key.Venue {
	case "binance":
		t.Lot = cent
	case "coinbase":
		t.MinSize = cent
	case "bitstamp":
		t.WithdrawBase, t.WithdrawQuote = money.Num{Coef: 4, Scale: 4}, money.Num{Coef: 2, Scale: 4}
	case "kraken":
	default:
		t.Lot, t.MinSize, t.WithdrawQuote = money.Num{Coef: 7, Scale: 2}, money.Num{Coef: 1, Scale: 1}, cent // a least size between lots
	}
	return t
}

// changing are fees of which one changes twice, and is not known in between.
func changing(fees market.Fees) market.Fees {
	for i := range fees {
		if f := &fees[i]; f.Venue == "binance" && f.Pair == nil {
			later := *f
			f.Until = time.Unix(0, epoch).Add(9 * time.Second)
			later.From, later.Fee.Rate = f.Until.Add(4*time.Second), 3*f.Fee.Rate
			return append(fees, later)
		}
	}
	return nil
}

// enough fails if the replay was not what it is for.
func (s *stage) enough(t *testing.T) {
	t.Helper()
	if s.plans*2 < s.orders || s.verified == 0 || s.exactOut*6 < s.plans || s.excluding == 0 || s.shared*40 < s.plans {
		t.Errorf("too few plans of a kind: %v", &s.tally)
	}
	for n, count := range s.hops[1:] {
		if count*20 < s.plans {
			t.Errorf("only %d routes of %d legs", count, n+1)
		}
	}
	if s.refused["depth"] == 0 || len(s.stale) == 0 || s.gaps == 0 {
		t.Errorf("no trouble: %v", &s.tally)
	}
}

// track is one recorded session in a replay.
type track struct {
	spec    *venue.Spec
	frames  []venue.Frame
	begin   int64 // of the stream; answers before it come with it
	next    int
	decoder venue.Decoder
	keys    map[string]market.Key // by the venue's symbol, "" for what is not played
}

// TestRecorded is TestSimulated over all recorded sessions side by side, each from
// its beginning. They are of different days and end at 12 to 62 seconds, so that
// pairs are crossed between venues and venues fall silent; then all begins again,
// with other orders.
func TestRecorded(t *testing.T) {
	tracks := recorded(t)
	rules := map[market.Key]market.BookRules{}
	taken := map[market.Key]bool{}
	for _, tr := range tracks {
		tr.survey(taken, rules)
	}
	s := newStage(t, engine.Options{
		Fees: recordedFees(tracks), Describe: dump.Describe,
		Rules: func(k market.Key) market.BookRules { return rules[k] },
	}, 2)
	s.perStep = 2
	for _, key := range slices.SortedFunc(maps.Keys(taken), graph.CmpKey) { // a seed gives one run
		if key != (market.Key{}) {
			if err := s.e.Register(key); err != nil {
				t.Fatal(err)
			}
		}
	}
	for begin := int64(0); begin < int64(marketTime()); begin += int64(time.Minute) {
		s.session(tracks, begin)
	}
	t.Log(s.tally.String())
	s.enough(t)
}

func recorded(t *testing.T) []*track {
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
	var tracks []*track
	for i := range f.Entries {
		e := &f.Entries[i]
		spec, ok := capture.Match(all.Specs, e)
		if !ok {
			continue
		}
		frames, err := f.Load(e)
		if err != nil {
			t.Fatal(err)
		}
		stream := func(f venue.Frame) bool { return f.Kind == venue.Stream }
		if i := slices.IndexFunc(frames, stream); i >= 0 {
			late := func(f venue.Frame) bool { return f.Time > frames[i].Time+int64(time.Minute) }
			frames = slices.DeleteFunc(frames, late) // answers of other days
			tracks = append(tracks, &track{spec: spec, frames: frames, begin: frames[i].Time})
		}
	}
	return tracks
}

// survey finds the spot markets of a session that no session before has.
func (tr *track) survey(taken map[market.Key]bool, rules map[market.Key]market.BookRules) {
	tr.keys = map[string]market.Key{}
	d := tr.spec.New()
	for i := range tr.frames {
		_, _ = d.Decode(&tr.frames[i], func(e *market.Event) {
			if _, seen := tr.keys[e.Symbol]; seen {
				return
			}
			pair, spot := tr.spec.Pair(e.Symbol)
			key := market.Key{Venue: tr.spec.Venue, Pair: pair}
			if !spot || taken[key] {
				key = market.Key{}
			}
			tr.keys[e.Symbol], taken[key] = key, true
			rules[key] = tr.spec.Rules(e.Symbol)
		})
	}
}

// recordedFees are invented; of one venue in seven nobody knows the fee.
func recordedFees(tracks []*track) (fees market.Fees) {
	for i, tr := range tracks {
		if i%7 == 6 {
			continue
		}
		f := market.FeeSchedule{Venue: tr.spec.Venue, Fee: market.Fee{Rate: int64(i) * 17_003}}
		if i%3 == 1 {
			f.Fee.On = market.FeeQuote
		}
		fees = append(fees, f)
	}
	return fees
}

// session plays all sessions once, from market time begin, with a step every
// tenth of a second. A connection that ended is silent; what is left of it is
// told by silence alone until its next snapshot.
func (s *stage) session(tracks []*track, begin int64) {
	const every = int64(100 * time.Millisecond)
	for _, tr := range tracks {
		tr.next, tr.decoder = 0, tr.spec.New()
		for _, key := range slices.SortedFunc(maps.Values(tr.keys), graph.CmpKey) {
			if begin > 0 && key != (market.Key{}) {
				s.event(key, &market.Event{Kind: market.Gap, Epoch: uint64(begin) + 1, Reason: "a new connection"})
			}
		}
	}
	for next := begin + every; next <= int64(marketTime()); {
		tr, at := earliest(tracks)
		if tr == nil {
			return
		}
		for ; begin+at >= next && next <= int64(marketTime()); next += every {
			s.now = epoch + next
			s.step()
		}
		s.now = epoch + begin + at
		s.frame(tr, begin)
	}
}

// earliest returns the session whose next frame comes first, and when that is.
func earliest(tracks []*track) (first *track, at int64) {
	for _, tr := range tracks {
		if tr.next == len(tr.frames) {
			continue
		}
		if d := max(tr.frames[tr.next].Time-tr.begin, 0); first == nil || d < at {
			first, at = tr, d
		}
	}
	return first, at
}

// frame plays one frame, or loses it; a session that begins again is a new epoch.
func (s *stage) frame(tr *track, begin int64) {
	f := tr.frames[tr.next]
	tr.next++
	if f.Kind == venue.Stream && s.r.IntN(2000) == 0 {
		return // lost on its way
	}
	f.Time = s.now
	_, _ = tr.decoder.Decode(&f, func(e *market.Event) { // a frame that is refused shows in its book
		if key := tr.keys[e.Symbol]; key != (market.Key{}) {
			e.Epoch = uint64(begin) + 1
			s.event(key, e)
		}
	})
}
