package confidence

import (
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestOrder: whatever comes sorted by its end leaves sorted by its start, then by
// horizon, all of it, and no later than it must.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []Observation
		for i := range rapid.IntRange(0, 80).Draw(t, "observations") {
			f := calm()
			f.Horizon = rapid.SampledFrom(Horizons()).Draw(t, "horizon")
			at := noon + rapid.Int64Range(0, 600).Draw(t, "at")*250*ms
			stream = append(stream, Observation{At: at, Bucket: Classify(f), Change: Change(i), Source: Replay})
		}
		slices.SortStableFunc(stream, func(a, b Observation) int { return int(a.End() - b.End()) })
		want := slices.Clone(stream)
		slices.SortStableFunc(want, func(a, b Observation) int {
			if a.At != b.At {
				return int(a.At - b.At)
			}
			return int(a.Bucket.Horizon() - b.Bucket.Horizon())
		})
		var got []Observation
		r := NewOrder(func(o *Observation) error { got = append(got, *o); return nil })
		for i := range stream {
			if err := r.Add(&stream[i]); err != nil {
				t.Fatal(err)
			}
			for _, held := range slices.Concat(r.queues...) {
				if held.At < stream[i].End()-int64(time.Minute) {
					t.Fatalf("held back at %d: %+v", stream[i].End(), held)
				}
			}
		}
		if err := r.Finish(); err != nil || r.count != 0 || !slices.Equal(got, want) {
			t.Fatalf("%v, %d left, got %d of %d", err, r.count, len(got), len(want))
		}
	})
}

func TestOrderRefuses(t *testing.T) {
	o := Observation{At: noon, Bucket: bucketOf(1, BP), Source: Replay}
	r := NewOrder(func(*Observation) error { return io.ErrClosedPipe })
	if err := r.Add(&o); err != nil {
		t.Fatal(err)
	}
	var typed *ObservationError
	for name, edit := range map[string]func(*Observation){
		"ended earlier": func(o *Observation) { o.At-- },
		"no time":       func(o *Observation) { o.At = 0 },
		"far future":    func(o *Observation) { o.At = maxTime + 1 },
		"no horizon":    func(o *Observation) { o.Bucket = Bucket{} },
	} {
		bad := o
		edit(&bad)
		if err := r.Add(&bad); !errors.As(err, &typed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	next := o
	next.At += int64(time.Minute)
	if err := r.Add(&next); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error of emit: %v", err)
	}
	r.count = maxPending
	if err := r.Add(&next); !errors.Is(err, ErrFull) {
		t.Errorf("too many at once: %v", err)
	}
}
