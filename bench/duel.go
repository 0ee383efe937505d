package bench

import (
	"runtime"
	"slices"
	"time"
)

// Figure is one thing measured beside plainer ways to do the same, in one process,
// taking turns.
type Figure struct {
	Name string  `json:"name"`
	What string  `json:"what"` // one of it
	NS   float64 `json:"ns"`   // least of all rounds; the median where there is a P99, and of target cpu
	P99  float64 `json:"p99_ns,omitempty"`
	// Spread is the median of all rounds by the least: what the machine added.
	Spread float64 `json:"spread"`
	Allocs float64 `json:"allocs"`
	Bytes  float64 `json:"bytes"`
	Ratios []Ratio `json:"ratios"`
}

// Ratio is a figure by that of a baseline, and what it should be at most.
type Ratio struct {
	Baseline string  `json:"baseline"`
	NS       float64 `json:"baseline_ns"`
	Ratio    float64 `json:"ratio"`
	Target   float64 `json:"target,omitempty"` // 0: none
	OK       bool    `json:"ok"`
}

// OK reports whether every ratio is within its target.
func (f *Figure) OK() bool {
	return !slices.ContainsFunc(f.Ratios, func(r Ratio) bool { return !r.OK })
}

// Way is a way to do something, a number of times.
type Way struct {
	Name   string
	Target float64 // of the first way's time by this one's, at most; 0: none
	Do     func(times int)
}

// Duel has ways take turns in doing something so many times; the first is measured
// against the others. That all of them give the same is for the caller to check.
func Duel(name, what string, times int, ways ...Way) Figure {
	least := make([]float64, len(ways))
	f := Figure{Name: name, What: what}
	var all []float64
	for round := range Rounds + 1 { // the first one warms
		for i, w := range ways {
			begin := time.Now()
			w.Do(times)
			took := float64(time.Since(begin)) / float64(times)
			if round == 0 {
				continue
			}
			if least[i] == 0 || took < least[i] {
				least[i] = took
			}
			if i == 0 {
				all = append(all, took)
			}
		}
	}
	slices.Sort(all)
	f.NS, f.Spread = least[0], all[len(all)/2]/least[0]
	f.Allocs, f.Bytes = allocations(times, ways[0].Do)
	for i, w := range ways[1:] {
		r := Ratio{Baseline: w.Name, NS: least[i+1], Ratio: least[0] / least[i+1], Target: w.Target}
		r.OK = r.Target == 0 || r.Ratio <= r.Target
		f.Ratios = append(f.Ratios, r)
	}
	return f
}

// allocations returns what one of do allocates, all goroutines included.
func allocations(times int, do func(int)) (n, bytes float64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do(times)
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(times),
		float64(after.TotalAlloc-before.TotalAlloc) / float64(times)
}
