package bench

import (
	"fmt"
	"slices"
	"strings"
)

// Limit is what a figure of the suite must keep on any machine.
type Limit struct {
	Part, Figure string
	Allocs       float64            // at most, of one
	Ratios       map[string]float64 // at most, by baseline
}

// Limits are what holds today with a slack of 1.25 or more: where a target is met, a
// quarter above it; where not, above what it was when this was written, so that it gets
// no worse unseen.
var Limits = []Limit{
	{"book/update/1000", "book/update/1000", 0, map[string]float64{"tidwall Map": 0.7, "tidwall BTreeG": 0.5}},
	{"book/update/1000", "book/ladder/1000", 0, map[string]float64{"tidwall Map": 0.3}},
	{"book/consolidated", "book/consolidated", 0, map[string]float64{"tidwall Map": 0.9}},
	{"book/top50", "book/top50", 0, map[string]float64{"tidwall Map Scan": 0.7 * 1.25}},
	{"quote/pair/2", "quote/pair/kernel/2", 0, map[string]float64{"tree of losers": 3}},
	{"quote/levels", "quote/levels/500", 0, map[string]float64{"5 levels": 3 * 1.25}},
	{"num", "num/mul", 0, map[string]float64{"shopspring": 1.25 / 30}},
	{"num", "num/div", 0, map[string]float64{"shopspring": 1.25 / 60}},
	{"num", "num/parse", 0, map[string]float64{"shopspring": 0.25}},
	{"num", "num/format", 0, map[string]float64{"shopspring": 1.25 / 6}},
	{"growth/levels", "growth/levels/2000", 16, map[string]float64{"levels 20": 1.5}},
}

// noise is what a part of the run time may allocate beside.
const noise = 0.05

// Hold measures the figure until it keeps its limit, a few times at most, and says what
// is broken, or "".
func (l *Limit) Hold(tries int) (why string, err error) {
	i := slices.IndexFunc(Suite, func(p Part) bool { return p.Name == l.Part })
	if i < 0 {
		return "", fmt.Errorf("bench: no part %s", l.Part)
	}
	for range tries {
		figures, _, err := Measure(Suite[i:i+1], 1, false, func(string) {})
		if err != nil {
			return "", err
		}
		k := slices.IndexFunc(figures, func(f Figure) bool { return f.Name == l.Figure })
		if k < 0 {
			return "", fmt.Errorf("bench: part %s has no figure %s", l.Part, l.Figure)
		}
		if why = l.broken(&figures[k]); why == "" {
			break
		}
	}
	return why, nil
}

// broken says what of a figure is above its limit.
func (l *Limit) broken(f *Figure) string {
	var all []string
	if f.Allocs > l.Allocs+noise {
		all = append(all, fmt.Sprintf("%.2f allocations, at most %.0f", f.Allocs, l.Allocs))
	}
	seen := 0
	for _, r := range f.Ratios {
		most, limited := l.Ratios[r.Baseline]
		if limited {
			seen++
		}
		if limited && r.Ratio > most {
			all = append(all, fmt.Sprintf("%.3f of %s, at most %.3f", r.Ratio, r.Baseline, most))
		}
	}
	if seen < len(l.Ratios) {
		all = append(all, "a baseline that has a limit is gone")
	}
	return strings.Join(all, "; ")
}
