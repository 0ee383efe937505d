package bench

import (
	"strings"
	"testing"
)

// TestLimit: what allocates, is slow beside its baseline, or lost the baseline, breaks.
func TestLimit(t *testing.T) {
	l := Limit{"p", "f", 0, map[string]float64{"plain": 0.5}}
	for _, tt := range []struct {
		name   string
		allocs float64
		ratio  Ratio
		want   string
	}{
		{"kept", 0.01, Ratio{Baseline: "plain", Ratio: 0.5}, ""},
		{"allocates", 1, Ratio{Baseline: "plain", Ratio: 0.5}, "allocations"},
		{"slow", 0, Ratio{Baseline: "plain", Ratio: 0.51}, "of plain"},
		{"no baseline", 0, Ratio{Baseline: "other", Ratio: 0.1}, "is gone"},
	} {
		got := l.broken(&Figure{Allocs: tt.allocs, Ratios: []Ratio{tt.ratio}})
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if _, err := (&Limit{Part: "nothing"}).Hold(1); err == nil {
		t.Error("a limit of no part holds")
	}
}

// TestLimitsNameFigures: every limit is of a figure and of baselines that there are.
func TestLimitsNameFigures(t *testing.T) {
	for _, l := range Limits {
		found := false
		for _, p := range Suite {
			if p.Name != l.Part {
				continue
			}
			figures, _, err := Measure([]Part{p}, 1, true, func(string) {})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range figures {
				found = found || f.Name == l.Figure && !strings.Contains(l.broken(&f), "is gone")
			}
		}
		if !found {
			t.Errorf("no figure for the limit of %s", l.Figure)
		}
	}
}
