package confidence

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// newTable makes a table of replayed samples or fails.
func newTable(t testing.TB, o Options) *Table {
	t.Helper()
	if o.Source == 0 {
		o.Source = Replay
	}
	table, err := NewTable(o)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// bucketOf are buckets that differ in size, or in volatility only.
func bucketOf(dollars int64, vol Change) Bucket {
	f := calm()
	f.Dollars, f.Volatility = dollars, vol
	return Classify(f)
}

const noon = 1_790_000_000_000_000_000 // some moment of 2026

func TestOptions(t *testing.T) {
	tests := []struct {
		name string
		o    Options
		ok   bool
	}{
		{"defaults", Options{Source: Replay}, true},
		{"no source", Options{}, false},
		{"a source that is none", Options{Source: 3}, false},
		{"smallest window", Options{Source: Replay, Window: MinSamples}, true},
		{"window below the minimum", Options{Source: Replay, Window: MinSamples - 1}, false},
		{"window too large", Options{Source: Replay, Window: MaxWindow + 1}, false},
		{"negative window", Options{Source: Replay, Window: -1}, false},
		{"largest step", Options{Source: Replay, Step: 100_000}, true},
		{"step too large", Options{Source: Replay, Step: 100_001}, false},
		{"negative step", Options{Source: Replay, Step: -1}, false},
		{"targets out of order", Options{Source: Replay, Targets: []PPM{950_000, 900_000}}, false},
		{"a target twice", Options{Source: Replay, Targets: []PPM{950_000, 950_000}}, false},
		{"certain is no target", Options{Source: Replay, Targets: []PPM{Certain}}, false},
		{"less than an even chance", Options{Source: Replay, Targets: []PPM{499_999}}, false},
		{"too many targets", Options{Source: Replay, Targets: []PPM{5e5, 6e5, 7e5, 8e5, 9e5}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if table, err := NewTable(tt.o); (err == nil) != tt.ok || (table == nil) == tt.ok {
				t.Errorf("NewTable = %v, %v; want ok %t", table, err, tt.ok)
			}
		})
	}
}

// TestLookup holds every answer against a count over all that was learned.
func TestLookup(t *testing.T) {
	buckets := []Bucket{bucketOf(5000, BP), bucketOf(5000, 20*BP), bucketOf(500_000, BP)}
	rapid.Check(t, func(t *rapid.T) {
		const window = 210
		table, err := NewTable(Options{Source: Replay, Window: window})
		if err != nil {
			t.Fatal(err)
		}
		learned := map[Bucket][]Change{}
		zs := rapid.SliceOfN(rapid.Int64Range(-30, 30), 1, 40).Draw(t, "changes")
		which := rapid.SliceOfN(rapid.IntRange(0, 2), 1, 7).Draw(t, "buckets")
		for i := range rapid.IntRange(0, 900).Draw(t, "samples") {
			b, z := buckets[which[i%len(which)]], Change(zs[i%len(zs)]+int64(i%5))
			if err := table.Learn(&Observation{At: noon + int64(i), Bucket: b, Change: z, Source: Replay}); err != nil {
				t.Fatal(err)
			}
			for step := range steps {
				c := b.Coarser(step)
				learned[c] = append(learned[c], z)
			}
			if i%171 == 0 {
				table.Publish()
			}
		}
		s := table.Publish()
		for _, b := range buckets {
			for coarse := range steps {
				margin := Change(rapid.Int64Range(-40, 40).Draw(t, "margin"))
				got, want := s.Lookup(b, margin, coarse), naive(learned, b, margin, coarse, window)
				if got != want {
					t.Fatalf("Lookup(%s, %s, %d) = %+v, want %+v", b, margin, coarse, got, want)
				}
			}
		}
	})
}

// naive is the twin of Lookup.
func naive(learned map[Bucket][]Change, b Bucket, margin Change, coarse, window int) Answer {
	for step := range coarse + 1 {
		zs := learned[b.Coarser(step)]
		zs = zs[max(0, len(zs)-window):]
		if len(zs) < 200 {
			continue
		}
		a := Answer{Samples: len(zs), Bucket: b.Coarser(step), Source: Replay}
		for _, z := range zs {
			if z >= -margin {
				a.Held++
			}
		}
		a.P = PPM(a.Held * 1_000_000 / len(zs))
		return a
	}
	if n := len(learned[b]); n > 0 {
		return Answer{Reason: TooFew, Samples: n, Bucket: b, Source: Replay}
	}
	return Answer{Reason: NoBucket, Bucket: b, Source: Replay}
}

func TestMinimumOfSamples(t *testing.T) {
	table, b := newTable(t, Options{}), bucketOf(1, BP)
	if a := table.Load().Lookup(b, 0, 3); a.Reason != NoBucket {
		t.Errorf("an empty table says %+v", a)
	}
	for i := range MinSamples {
		if a := table.Publish().Lookup(b, 0, 0); a.Reason == 0 || a.P != 0 {
			t.Fatalf("%d samples give %+v", i, a)
		}
		learn(t, table, b, int64(i), Change(i))
	}
	if a := table.Load().Lookup(b, 0, 0); a.Reason != TooFew || a.Samples != MinSamples-1 {
		t.Errorf("not published is not seen: %+v", a)
	}
	if a := table.Publish().Lookup(b, 0, 0); a.Reason != 0 || a.P != Certain || a.Samples != MinSamples {
		t.Errorf("the minimum gives %+v", a)
	}
	f := calm()
	f.Horizon = time.Hour
	if a := table.Load().Lookup(Classify(f), 0, 3); a.Reason != NoHorizon {
		t.Errorf("an hour gives %+v", a)
	}
}

func learn(t testing.TB, table *Table, b Bucket, after int64, z Change) {
	t.Helper()
	o := Observation{At: noon + after, Bucket: b, Change: z, Source: table.opts.Source}
	if err := table.Learn(&o); err != nil {
		t.Fatal(err)
	}
}

func TestLearnRefuses(t *testing.T) {
	b := bucketOf(1, BP)
	f := calm()
	f.Horizon = -1
	good := Observation{At: noon, Bucket: b, Source: Replay}
	for name, edit := range map[string]func(*Observation){
		"another source":        func(o *Observation) { o.Source = Simulated },
		"no source":             func(o *Observation) { o.Source = 0 },
		"a coarser bucket":      func(o *Observation) { o.Bucket = b.Coarser(1) },
		"the zero bucket":       func(o *Observation) { o.Bucket = Bucket{} },
		"no horizon":            func(o *Observation) { o.Bucket = Classify(f) },
		"more than everything":  func(o *Observation) { o.Change = Lost - 1 },
		"more than is measured": func(o *Observation) { o.Change = MaxChange + 1 },
		"no time":               func(o *Observation) { o.At = 0 },
		"far future":            func(o *Observation) { o.At = maxTime + 1 },
	} {
		t.Run(name, func(t *testing.T) {
			table, o := newTable(t, Options{}), good
			edit(&o)
			var typed *ObservationError
			if err := table.Learn(&o); !errors.As(err, &typed) || table.total != 0 {
				t.Errorf("Learn = %v with %d samples, want *ObservationError", err, table.total)
			}
			if err := NewFitter(table).Add(&o); !errors.As(err, &typed) {
				t.Errorf("Add = %v, want *ObservationError", err)
			}
		})
	}
}

func TestTableIsBounded(t *testing.T) {
	table, b := newTable(t, Options{}), bucketOf(1, BP)
	for i := range 2*DefaultWindow + 7 {
		learn(t, table, bucketOf(int64(1+i%2*5000), BP), int64(i), 1)
	}
	sum := 0
	for _, w := range table.windows {
		sum += len(w.ring)
	}
	if want := sum; table.total != want || want >= steps*(2*DefaultWindow+7) {
		t.Errorf("%d samples are counted, want %d", table.total, want)
	}
	table = newTable(t, Options{})
	learn(t, table, b, 0, 1)
	table.total = MaxTotal - steps + 1
	if err := table.Learn(&Observation{At: noon, Bucket: b, Source: Replay}); !errors.Is(err, ErrFull) {
		t.Errorf("one sample too many: %v", err)
	}
	table.total = MaxTotal - steps
	learn(t, table, b, 1, 1)

	table = newTable(t, Options{})
	for i := range MaxBuckets - steps + 1 { // windows of no bucket of Classify
		table.windows[Bucket{[dims]uint8{200, uint8(i), uint8(i >> 8)}}] = &window{}
	}
	if err := table.Learn(&Observation{At: noon, Bucket: b, Source: Replay}); !errors.Is(err, ErrFull) {
		t.Errorf("one bucket too many: %v", err)
	}
	if len(table.windows) != MaxBuckets-steps+1 || table.total != 0 {
		t.Error("a refused sample left something behind")
	}
}

// TestReadersDoNotAllocate pins the promise of the package comment.
func TestReadersDoNotAllocate(t *testing.T) {
	table, b := newTable(t, Options{}), bucketOf(1, BP)
	for i := range 2 * MinSamples {
		learn(t, table, b, int64(i), Change(-i)*100)
		if err := table.Answered("bank", "FAST", i%9 != 0); err != nil {
			t.Fatal(err)
		}
	}
	table.Publish()
	other := bucketOf(1, 20*BP) // answered from a coarser one
	sum := 0
	if n := testing.AllocsPerRun(1000, func() {
		s := table.Load()
		c, d := s.Lookup(b, 2*BP, 0), s.Lookup(other, 2*BP, 3)
		m, f := s.Margin(b, 950_000, 3), s.Firm("bank", "FAST")
		all := AllLegs(c, d, f)
		sum += c.Held + d.Held + int(m.Margin) + int(all.P)
		if c.Reason+d.Reason+m.Reason+f.Reason != 0 {
			t.Fatalf("%+v %+v %+v %+v", c, d, m, f)
		}
	}); n != 0 {
		t.Errorf("readers allocate %v times", n)
	}
	if sum == 0 {
		t.Error("nothing was asked")
	}
}

// TestReadersSeeWholeSnapshots: while the writer goes on, each answer is of one
// publication. Run it with -race.
func TestReadersSeeWholeSnapshots(t *testing.T) {
	table, b := newTable(t, Options{Window: MinSamples}), bucketOf(1, BP)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				// All samples of a publication are equal, so a margin holds for all or none.
				if a := table.Load().Lookup(b, 0, 0); a.Reason == 0 && a.Held != 0 && a.Held != a.Samples {
					t.Errorf("half a publication: %+v", a)
					return
				}
			}
		})
	}
	for round := range int64(30) {
		for i := range int64(MinSamples) {
			learn(t, table, b, round*1000+i, Change(round%2*2-1))
		}
		table.Publish()
	}
	close(stop)
	wg.Wait()
}

// TestPublishKeepsOld: a snapshot does not change after it was taken.
func TestPublishKeepsOld(t *testing.T) {
	table, b := newTable(t, Options{Window: MinSamples}), bucketOf(1, BP)
	for i := range int64(MinSamples) {
		learn(t, table, b, i, 1)
	}
	old := table.Publish()
	before := old.Lookup(b, 0, 0)
	for i := range int64(MinSamples) {
		learn(t, table, b, 1000+i, -1)
	}
	if now := table.Publish().Lookup(b, 0, 0); now.Held != 0 || old.Lookup(b, 0, 0) != before || before.P != Certain {
		t.Errorf("old %+v, now %+v", old.Lookup(b, 0, 0), now)
	}
	from, until := table.Span()
	if from != noon || until != noon+1000+MinSamples-1+int64(5*time.Second) {
		t.Errorf("span %d to %d", from, until)
	}
	o := table.Options()
	o.Targets[0] = 1
	if slices.Contains(table.Options().Targets, 1) {
		t.Error("options can be changed from outside")
	}
}

// BenchmarkLookup asks one bucket of 2,000 samples.
func BenchmarkLookup(b *testing.B) {
	table, at := newTable(b, Options{}), bucketOf(1, BP)
	for i := range DefaultWindow {
		learn(b, table, at, int64(i), Change(i*7919%4000-3000)*10)
	}
	s := table.Publish()
	b.ReportAllocs()
	for b.Loop() {
		if s.Lookup(at, BP, 0).Reason != 0 {
			b.Fatal("no answer")
		}
	}
}
