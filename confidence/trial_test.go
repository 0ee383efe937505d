package confidence

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// spread of the invented changes of each volatility class.
var sigmas = []Change{BP, 2 * BP, 4 * BP, 8 * BP, 16 * BP}

// everyBin are margins that lead to predictions in all tenths; those below zero
// ask for more than there is now.
var everyBin = []Change{-20 * BP, -8 * BP, -3 * BP, -BP, 0, BP, 3 * BP, 8 * BP, 20 * BP}

// invent makes n observations, ten seconds apart and in turn over the volatility
// classes, whose changes are normal with scale times the class's sigma.
func invent(seed uint64, from int64, n int, scale float64) []Observation {
	r := rand.New(rand.NewPCG(seed, 7))
	limits := []Change{2 * BP, 5 * BP, 10 * BP, 25 * BP, 30 * BP}
	var out []Observation
	for i := range n {
		class := i % len(sigmas)
		z := Change(r.NormFloat64() * float64(sigmas[class]) * scale)
		out = append(out, Observation{
			At: from + int64(i)*int64(10*time.Second), Bucket: bucketOf(5000, limits[class]), Change: z, Source: Simulated,
		})
	}
	return out
}

func fitted(t testing.TB, stream []Observation) *Table {
	t.Helper()
	f := NewFitter(newTable(t, Options{Source: Simulated}))
	for i := range stream {
		if err := f.Add(&stream[i]); err != nil {
			t.Fatal(err)
		}
	}
	table, err := f.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func tried(t testing.TB, table *Table, stream []Observation, margins []Change, coarserSteps int) *Report {
	t.Helper()
	trial, err := NewTrial(table, margins, coarserSteps)
	if err != nil {
		t.Fatal(err)
	}
	for i := range stream {
		if err := trial.Add(&stream[i]); err != nil {
			t.Fatal(err)
		}
	}
	r, err := trial.Report()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const later = noon + 30*24*int64(time.Hour)

// TestCalibratedPasses: tested on more of the same, every tenth is within 3
// points and the table beats both base rates.
func TestCalibratedPasses(t *testing.T) {
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		r := tried(t, fitted(t, invent(seed, noon, 30_000, 1)), invent(seed+100, later, 40_000, 1), everyBin, 0)
		for i, b := range r.Bins {
			if b.Verdict == Off || b.Verdict == TooFewSamples && b.N > 3000 {
				t.Errorf("seed %d, bin %d: %+v", seed, i, b)
			}
		}
		if r.Verdict() != Within || !r.Better() || r.Unanswered != 0 || r.All.N != r.Tested || r.Overlapping != 0 {
			t.Errorf("seed %d: %s, Brier %.5f against %.5f and %.5f, %d of %d",
				seed, r.Verdict(), r.Brier, r.BrierBase, r.BrierHindsight(), r.All.N, r.Tested)
		}
		for _, c := range r.Targets {
			if got := 1 - float64(c.Misses)/float64(c.N); math.Abs(got-float64(c.Target)/1e6) > 0.005 {
				t.Errorf("seed %d: coverage %.4f for %s", seed, got, c.Target)
			}
		}
	}
}

// TestMiscalibratedFails: a market twice as wild, or calm, as the one fitted on
// is found out, and so is a drift down.
func TestMiscalibratedFails(t *testing.T) {
	table := fitted(t, invent(1, noon, 10_000, 1))
	drift := invent(2, later, 20_000, 1)
	for i := range drift {
		drift[i].Change -= BP
	}
	for name, stream := range map[string][]Observation{
		"wilder": invent(2, later, 20_000, 2),
		"calmer": invent(2, later, 20_000, 0.5),
		"falls":  drift,
	} {
		r := tried(t, table, stream, everyBin, 0)
		if r.Verdict() != Off {
			t.Errorf("%s: %s", name, r.Verdict())
		}
		// The adaptive margin follows where the frozen table does not.
		for _, c := range r.Targets {
			if got := 1 - float64(c.Misses)/float64(c.N); got < float64(c.Target)/1e6-0.01 {
				t.Errorf("%s: coverage %.4f for %s", name, got, c.Target)
			}
		}
	}
}

// TestTableWithoutKnowledge: a table that lies about its buckets is off, and one
// with a single bucket is calibrated but no better than the base rate.
func TestTableWithoutKnowledge(t *testing.T) {
	mixed := func(stream []Observation) []Observation {
		for i := range stream {
			stream[i].Bucket = bucketOf(5000, BP)
		}
		return stream
	}
	single := fitted(t, mixed(invent(1, noon, 10_000, 1)))
	r := tried(t, single, mixed(invent(2, later, 40_000, 1)), []Change{0}, 0)
	if r.Verdict() == Off || r.Better() {
		t.Errorf("one bucket, one margin: %s, better %t", r.Verdict(), r.Better())
	}
	// Asked for a wild bucket it never saw, the coarser step answers, is named,
	// counted, and off.
	wild := invent(3, later, 20_000, 1)
	wild = slices.DeleteFunc(wild, func(o Observation) bool { return o.Bucket != bucketOf(5000, 30*BP) })
	r = tried(t, single, wild, []Change{3 * BP}, 1)
	if r.Coarser != len(wild) || r.Verdict() != Off || r.Rows[0].Bucket.Step() != 1 {
		t.Errorf("coarser: %d of %d, %s", r.Coarser, len(wild), r.Verdict())
	}
	if r = tried(t, single, wild, []Change{3 * BP}, 0); r.Unanswered != len(wild) || r.All.N != 0 || r.Verdict() != TooFewSamples {
		t.Errorf("without the step %d of %d have no answer", r.Unanswered, len(wild))
	}
}

// TestReportRecomputed holds the sums of a report against a second, plain way.
func TestReportRecomputed(t *testing.T) {
	fit, test := invent(5, noon, 6000, 1), invent(6, later, 7000, 1.1)
	r := tried(t, fitted(t, fit), test, everyBin, 0)
	samples := map[Bucket][]Change{}
	for _, o := range fit {
		samples[o.Bucket] = append(samples[o.Bucket], o.Change)
	}
	share := func(zs []Change, m Change) float64 {
		return float64(len(zs)-below(zs, -m)) / float64(len(zs))
	}
	var n, held [10]int
	var predicted [10]float64
	brier, turns := 0.0, map[Bucket]uint64{}
	for _, o := range test {
		m := everyBin[scatter(turns[o.Bucket])%uint64(len(everyBin))]
		turns[o.Bucket]++
		p := math.Floor(share(samples[o.Bucket], m)*1e6+1e-6) / 1e6
		bin, y := min(int(p*10+1e-9), 9), 0.0
		if o.Change >= -m {
			held[bin]++
			y = 1
		}
		n[bin]++
		predicted[bin] += p
		brier += (p - y) * (p - y) / float64(len(test))
	}
	for i, b := range r.Bins {
		if b.N != n[i] || b.Held != held[i] || b.N > 0 && math.Abs(b.Predicted-predicted[i]/float64(n[i])) > 1e-9 {
			t.Errorf("bin %d: %d of %d at %g, want %d of %d", i, b.Held, b.N, b.Predicted, held[i], n[i])
		}
	}
	if math.Abs(r.Brier-brier) > 1e-9 {
		t.Errorf("Brier %g, want %g", r.Brier, brier)
	}
	var zs []Change
	for _, o := range test {
		zs = append(zs, o.Change)
	}
	slices.Sort(zs)
	for i, share := range Quantiles {
		// The least change that is not below the share.
		at := slices.IndexFunc(zs, func(z Change) bool { return len(zs)-below(zs, z+1) <= len(zs)*(100-share)/100 })
		if r.Realised[i] != zs[at] {
			t.Errorf("quantile %d %%: %s, want %s", share, r.Realised[i], zs[at])
		}
	}
	rows, rowBrier := 0, 0.0
	for _, row := range r.Rows {
		rows += row.N
		rowBrier += row.Brier * float64(row.N) / float64(len(test))
	}
	if math.Abs(rowBrier-brier) > 1e-9 {
		t.Errorf("rows' Brier %g, want %g", rowBrier, brier)
	}
	if rows != len(test) || r.All.N != len(test) {
		t.Errorf("rows sum to %d, all to %d, want %d", rows, r.All.N, len(test))
	}
}

// TestTrialUsesNothingOfTheFit: what starts before the last outcome of the fit is
// counted apart, and the table that is judged does not learn.
func TestTrialUsesNothingOfTheFit(t *testing.T) {
	fit := invent(1, noon, 3000, 1)
	table := fitted(t, fit)
	before := written(t, table)
	_, until := table.Span()
	edge := fit[len(fit)-1]
	for at, skipped := range map[int64]int{until - 1: 1, until: 0} {
		edge.At = at
		r := tried(t, table, append(slices.Clone(fit), edge), nil, 0)
		if r.Skipped != len(fit)+skipped || r.Tested != 1-skipped {
			t.Errorf("at %d from the end: %d skipped, %d tested", at-until, r.Skipped, r.Tested)
		}
	}
	if r := tried(t, table, invent(2, later, 3000, 1), nil, 0); r.Tested != 3000 || written(t, table) != before {
		t.Error("the table learned from its trial")
	}
}

func TestTrialRefuses(t *testing.T) {
	empty := newTable(t, Options{})
	if _, err := NewTrial(empty, nil, 0); err == nil {
		t.Error("an empty table is tried")
	}
	table := fitted(t, invent(1, noon, 1500, 1))
	for _, margins := range [][]Change{{}, {Whole + 1}, {-MaxChange - 1}} {
		if _, err := NewTrial(table, margins, 0); err == nil {
			t.Errorf("margins %v are tried", margins)
		}
	}
	trial, err := NewTrial(table, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var typed *ObservationError
	for _, at := range []int64{noon, later} {
		o := Observation{At: at, Bucket: bucketOf(5000, BP), Source: Replay}
		if err := trial.Add(&o); !errors.As(err, &typed) {
			t.Errorf("another source at %d: %v", at, err)
		}
	}
}

// TestOverlapIsCounted: samples that share a stretch of the market are not
// independent, and the report says how many there are.
func TestOverlapIsCounted(t *testing.T) {
	stream := invent(2, later, 100, 1)
	for i := range stream {
		stream[i].At = later + int64(i)*int64(time.Second/2) // a turn of five in 2.5 s, half of the horizon
	}
	if r := tried(t, fitted(t, invent(1, noon, 3000, 1)), stream, nil, 0); r.Overlapping != 95 {
		t.Errorf("%d of 100 overlap, want all but the first of five buckets", r.Overlapping)
	}
	for i := range stream {
		stream[i].At = later + int64(i)*int64(time.Second) // begun at the moment the one before ends
	}
	if r := tried(t, fitted(t, invent(1, noon, 3000, 1)), stream, nil, 0); r.Overlapping != 0 {
		t.Errorf("%d of 100 overlap that only touch", r.Overlapping)
	}
}

func TestBetter(t *testing.T) {
	tests := []struct {
		name                   string
		brier, base, hindsight float64
		want                   bool
	}{
		{"below both", 0.10, 0.11, 0.25, true},
		{"as good as the base rate", 0.10, 0.10, 0.25, false},
		{"as good as hindsight", 0.25, 0.26, 0.25, false},
		{"below hindsight alone", 0.2, 0.1, 0.25, false},
	}
	for _, tt := range tests {
		r := Report{Score: Score{tt.brier, tt.base}, All: Cell{Observed: 0.5}}
		if got := r.Better(); got != tt.want || r.BrierHindsight() != tt.hindsight {
			t.Errorf("%s: %t, hindsight %g", tt.name, got, r.BrierHindsight())
		}
	}
}

func TestVerdicts(t *testing.T) {
	tests := []struct {
		name      string
		n, held   int
		predicted float64
		want      Verdict
	}{
		{"none", 0, 0, 0, TooFewSamples},
		{"below the minimum, however wrong", 199, 0, 0.9, TooFewSamples},
		{"few but plainly wrong", 200, 0, 0.9, Off},
		{"few and by luck right", 200, 100, 0.5, TooFewSamples},
		{"few and not plainly wrong", 200, 100, 0.55, TooFewSamples},
		{"many and right", 10_000, 9000, 0.92, Within},
		{"many and 3.5 points too high", 10_000, 9000, 0.935, Off},
		{"many and 3.5 points too low", 10_000, 9000, 0.865, Off},
		{"few suffice near the end", 700, 700, 0.99, Within},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := Bin{Cell: Cell{N: tt.n, Held: tt.held, Predicted: tt.predicted * float64(tt.n)}}
			if b.judge(0); b.Verdict != tt.want {
				t.Errorf("%+v, want %s", b, tt.want)
			}
		})
	}
}

// TestGolden pins picture and text. CHRONOS_UPDATE=1 writes them anew.
func TestGolden(t *testing.T) {
	table := fitted(t, invent(1, noon, 6000, 1))
	drift := invent(2, later, 9000, 1)
	for i := range drift {
		if drift[i].Bucket == bucketOf(5000, 25*BP) {
			drift[i].Change = drift[i].Change*3 - 2*BP
		}
	}
	r := tried(t, table, drift, everyBin, 0)
	empty := &Report{Source: Replay, FitFrom: noon, FitUntil: later}
	for name, write := range map[string]func(io.Writer) error{
		"reliability.svg": r.WriteSVG, "report.txt": r.WriteText,
		"empty.svg": empty.WriteSVG, "empty.txt": empty.WriteText,
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name)
		if os.Getenv("CHRONOS_UPDATE") != "" {
			if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%s differs (%v)", file, err)
		}
		if strings.HasSuffix(name, ".svg") {
			checkXML(t, name, b.Bytes())
		}
		if err := write(brokenPipe{}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s into a closed pipe: %v", name, err)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// checkXML: the picture is well formed, has a title, and stays within its size.
func checkXML(t *testing.T, name string, b []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(b))
	titles := 0
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s, ok := token.(xml.StartElement); ok && s.Name.Local == "title" {
			titles++
		}
	}
	if titles != 1 || len(b) > 16<<10 {
		t.Errorf("%s: %d titles, %d bytes", name, titles, len(b))
	}
}

func TestEscaped(t *testing.T) {
	if got := escaped(`<a href="x">&'` + "\x00"); strings.ContainsAny(got, "<>\"'\x00") {
		t.Errorf("escaped = %s", got)
	}
}
