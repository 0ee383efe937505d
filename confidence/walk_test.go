package confidence

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// parts are three days of observations, of 3000 each, and where each is split.
func parts(seed uint64) (streams [3][]Observation, splits [3]int64) {
	for i := range streams {
		from := noon + int64(i)*3*24*int64(time.Hour)
		streams[i] = invent(seed+uint64(i), from, 3000, 1)
		splits[i] = from + int64(4*time.Hour) // of eight and a third
	}
	return streams, splits
}

// TestWalk: a walk judges each part by what a table fitted on all that was known
// at its split says, no more and no less.
func TestWalk(t *testing.T) {
	streams, splits := parts(1)
	walk, err := NewWalk(Options{Source: Simulated}, everyBin, 0)
	if err != nil {
		t.Fatal(err)
	}
	var seen, tested []Observation
	brier, answered := 0.0, 0
	for i, stream := range streams {
		if err := walk.Begin(stream[0].At, splits[i]); err != nil {
			t.Fatal(err)
		}
		known := slices.Clone(seen)
		for j := range stream {
			if stream[j].End() <= splits[i] {
				known = append(known, stream[j])
			}
			if err := walk.Add(&stream[j]); err != nil {
				t.Fatal(err)
			}
		}
		// Straight: a trial of a table of its own. Its turns begin anew, so that only
		// sums that do not depend on the margins asked are held against it.
		first := slices.IndexFunc(stream, func(o Observation) bool { return o.At >= splits[i] })
		r := tried(t, fitted(t, known), stream[first:], []Change{0}, 0)
		brier, answered = brier+r.Brier*float64(r.All.N), answered+r.All.N
		seen, tested = append(seen, stream...), append(tested, stream[first:]...)
	}
	r, err := walk.Report()
	if err != nil {
		t.Fatal(err)
	}
	if r.Tested != len(tested) || r.Parts != 3 || r.All.N != answered || r.Skipped != 0 {
		t.Errorf("%d tested, %d answered, %d parts, want %d, %d", r.Tested, r.All.N, r.Parts, len(tested), answered)
	}
	for _, c := range r.Targets {
		if c.N != len(tested) {
			t.Errorf("%d margins judged, want those of %d tested", c.N, len(tested))
		}
	}
	// The same once more with margin 0 alone, where every forecast must agree.
	if walk, err = NewWalk(Options{Source: Simulated}, []Change{0}, 0); err != nil {
		t.Fatal(err)
	}
	for i, stream := range streams {
		if err := walk.Begin(stream[0].At, splits[i]); err != nil {
			t.Fatal(err)
		}
		for j := range stream {
			if err := walk.Add(&stream[j]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if r, err = walk.Report(); err != nil || math.Abs(r.Brier-brier/float64(answered)) > 1e-12 {
		t.Errorf("Brier %g (%v), part by part %g", r.Brier, err, brier/float64(answered))
	}
}

// TestWalkOnNothing: without anything learned before it a part has no number.
func TestWalkOnNothing(t *testing.T) {
	streams, _ := parts(1)
	walk, err := NewWalk(Options{Source: Simulated}, nil, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := walk.Begin(streams[0][0].At, streams[0][0].At); err != nil {
		t.Fatal(err)
	}
	for i := range streams[0] {
		if err := walk.Add(&streams[0][i]); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := walk.Report(); err != nil || r.Unanswered != 3000 || r.All.N != 0 || r.FitUntil != 0 {
		t.Errorf("%d unanswered of 3000, fitted until %d (%v)", r.Unanswered, r.FitUntil, err)
	}
}

func TestWalkRefuses(t *testing.T) {
	if _, err := NewWalk(Options{}, nil, 0); err == nil {
		t.Error("a walk without a source")
	}
	if _, err := NewWalk(Options{Source: Replay}, []Change{}, 0); err == nil {
		t.Error("a walk without margins")
	}
	walk, err := NewWalk(Options{Source: Simulated}, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	o := invent(1, noon, 1, 1)[0]
	if err := walk.Add(&o); err != nil {
		t.Fatal(err)
	}
	trial, err := NewTrial(fitted(t, invent(1, noon, 300, 1)), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var typed *ObservationError
	for name, err := range map[string]error{
		"split before its beginning":       walk.Begin(noon+2, noon+1),
		"begins before the last":           walk.Begin(noon-1, noon),
		"a trial of one table has no part": trial.Begin(later, later),
	} {
		if !errors.As(err, &typed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestStudent holds the quantile against a table (Abramowitz and Stegun, 26.10)
// and the normal distribution that it nears.
func TestStudent(t *testing.T) {
	for _, tt := range []struct{ level, df, want float64 }{
		{0.95, 10, 2.228}, {0.99, 10, 3.169}, {0.995, 20, 3.153}, {0.95, 30, 2.042}, {0.95, 1e6, 1.95997},
	} {
		if got := student(tt.level, tt.df); math.Abs(got-tt.want) > 0.001 {
			t.Errorf("student(%g, %g) = %g, want %g", tt.level, tt.df, got, tt.want)
		}
	}
}

// TestClusterHalf: among forecasts that share the fate of their minute, of minutes
// with few and with many, what is right is called off hardly more often than
// promised, and what is wrong is found; the interval of independent forecasts
// calls most of what is right off.
func TestClusterHalf(t *testing.T) {
	for _, minutes := range []int{12, 20, 60} {
		wrong, naive := calledOff(minutes, 0.75, 0)
		if wrong > 0.02 || naive < 0.3 {
			t.Errorf("%d minutes: %.4f of right forecasts are called off, as if independent %.4f", minutes, wrong, naive)
		}
	}
	if found, _ := calledOff(20, 0.93, 0.15); found < 0.8 {
		t.Errorf("15 points off are found in %.4f of 20 minutes", found)
	}
	if found, _ := calledOff(60, 0.75, 0.15); found < 0.8 {
		t.Errorf("15 points off are found in %.4f of 60 minutes", found)
	}
	few := cluster{}
	for minute := range int64(minStretches - 1) {
		few.add(minute*stretch, true, 0.9)
	}
	if few.half() != 1 {
		t.Errorf("%d stretches: half %g, want all", len(few), few.half())
	}
}

// calledOff is how often forecasts of p lie outside the interval, when what is
// forecast happens by off less often and each minute has a fate of its own.
func calledOff(minutes int, p, off float64) (clustered, independent float64) {
	const rounds = 1500
	r := rand.New(rand.NewPCG(3, uint64(minutes)))
	for range rounds {
		c, held, n := cluster{}, 0, 0
		for minute := range minutes {
			q := p + min(p, 1-p)*0.8*(2*r.Float64()-1) - off
			for range 1 + int(math.Exp(4+1.2*r.NormFloat64())) {
				here := r.Float64() < q
				if c.add(int64(minute)*stretch+r.Int64N(stretch), here, p); here {
					held++
				}
				n++
			}
		}
		if math.Abs(float64(held)/float64(n)-p) > c.half() {
			clustered += 1.0 / rounds
		}
		if low, high := binomialInterval(held, n, level); p < low || p > high {
			independent += 1.0 / rounds
		}
	}
	return clustered, independent
}
