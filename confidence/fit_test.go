package confidence

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestFitterKnowsNoFuture: every margin is the one that a table has which learned
// and resolved, in the order of their ends, what had ended by then and no more.
func TestFitterKnowsNoFuture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		var stream []Observation
		at := int64(noon)
		for range rapid.IntRange(250, 500).Draw(t, "observations") {
			at += r.Int64N(4) * 50 * ms // some end just when others start
			f := calm()
			f.Horizon = Horizons()[r.IntN(2)]
			stream = append(stream, Observation{At: at, Bucket: Classify(f), Change: Change(r.Int64N(20) - 10), Source: Replay})
		}
		fresh := func() *Table {
			table, err := NewTable(Options{Source: Replay, Window: MinSamples, Targets: []PPM{500_000}})
			if err != nil {
				t.Fatal(err)
			}
			return table
		}
		f := NewFitter(fresh())
		got := map[int64][]Change{}
		f.judge = func(_ int, m Change, o *Observation) { got[o.At] = append(got[o.At], m) }
		for i := range stream {
			if err := f.Add(&stream[i]); err != nil {
				t.Fatal(err)
			}
		}
		table, err := f.Finish()
		if err != nil {
			t.Fatal(err)
		}
		want, twin := map[int64][]Change{}, fresh()
		slowFit(twin, stream, want)
		for at, ms := range want {
			slices.Sort(ms)
			slices.Sort(got[at])
			if !slices.Equal(ms, got[at]) {
				t.Fatalf("at %d: margins %v, want %v", at-noon, got[at], ms)
			}
		}
		if a, b := written(t, table), written(t, twin); len(got) != len(want) || a != b {
			t.Fatalf("%d margins, want %d; tables equal: %t", len(got), len(want), a == b)
		}
	})
}

// slowFit walks all ends and starts as one sorted list of moments.
func slowFit(table *Table, stream []Observation, margins map[int64][]Change) {
	byEnd := make([]int, len(stream))
	for i := range byEnd {
		byEnd[i] = i
	}
	slices.SortStableFunc(byEnd, func(a, b int) int {
		x, y := &stream[a], &stream[b]
		if x.End() != y.End() {
			return int(x.End() - y.End())
		}
		return int(x.Bucket.Horizon() - y.Bucket.Horizon())
	})
	chosen, next := make([][steps]Change, len(stream)), 0
	settle := func(now int64) {
		for ; next < len(byEnd) && stream[byEnd[next]].End() <= now; next++ {
			o := &stream[byEnd[next]]
			for step, m := range chosen[byEnd[next]] {
				if m >= 0 {
					table.Resolve(o.Bucket.Coarser(step), 500_000, m, o.Change)
				}
			}
			if err := table.Learn(o); err != nil {
				panic(err)
			}
		}
	}
	for i := range stream {
		settle(stream[i].At)
		s := table.Publish()
		for step := range steps {
			m := s.Margin(stream[i].Bucket.Coarser(step), 500_000, 0)
			if chosen[i][step] = m.Margin; m.Samples < MinSamples {
				chosen[i][step] = -1
			} else if step == 0 {
				margins[stream[i].At] = append(margins[stream[i].At], m.Margin)
			}
		}
	}
	settle(maxTime)
}

func TestFitterRefuses(t *testing.T) {
	f := NewFitter(newTable(t, Options{}))
	o := Observation{At: noon, Bucket: bucketOf(1, BP), Source: Replay}
	if err := f.Add(&o); err != nil {
		t.Fatal(err)
	}
	var typed *ObservationError
	early := o
	early.At--
	if err := f.Add(&early); !errors.As(err, &typed) {
		t.Errorf("going back in time: %v", err)
	}
	f.count = maxPending
	if err := f.Add(&o); !errors.Is(err, ErrFull) {
		t.Errorf("too many at once: %v", err)
	}
}

func TestSplitTime(t *testing.T) {
	const hour, day = int64(time.Hour), 24 * int64(time.Hour)
	midnight := noon / day * day
	tests := []struct {
		name        string
		first, last int64
		at          int64
		days        bool
	}{
		{"ten days", midnight, midnight + 10*day, midnight + 7*day, true},
		{"two days", midnight, midnight + 2*day, midnight + day, true},
		{"from noon to noon", midnight + 12*hour, midnight + 36*hour, midnight + day, true},
		{"one day", midnight, midnight + 23*hour, midnight + 23*hour/10*7, false},
		{"an hour", midnight + hour, midnight + 2*hour, midnight + hour + hour/10*7, false},
		{"midnight too early", midnight - hour, midnight + 9*hour, midnight + 6*hour, false},
		{"midnight too late", midnight - 9*hour, midnight + hour, midnight - 2*hour, false},
		{"a moment", midnight, midnight, midnight, false},
		{"backwards", midnight + hour, midnight, midnight + hour, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if at, days := SplitTime(tt.first, tt.last); at != tt.at || days != tt.days {
				t.Errorf("SplitTime = %s, %t; want %s, %t", moment(at), days, moment(tt.at), tt.days)
			}
		})
	}
}
