// Package page makes a page and tables of what benches have measured: the same files
// give the same bytes.
package page

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"chronos.dev/bench"
	"chronos.dev/bench/load"
	"chronos.dev/bench/meter"
)

// Results are the reports of any number of files, those of equal runs side by side.
type Results struct {
	Figures  []Series // in the order in which they were first met
	Routes   []Series
	Loads    []load.Report // by rate
	Machines []meter.Machine
	NotRun   []string
}

// Series is one figure beside one baseline, in every run that has it.
type Series struct {
	Name, What, Baseline string
	Target               float64 // 0: none
	NS, BaseNS, Ratios   []float64
	Allocs               float64 // most of all runs
}

// Span is the least, the middle and the largest of some runs.
type Span struct{ Min, Median, Max float64 }

// SpanOf returns the span of values; of none it is all zero.
func SpanOf(values []float64) (s Span) {
	if len(values) == 0 {
		return s
	}
	v := slices.Sorted(slices.Values(values))
	return Span{v[0], v[len(v)/2], v[len(v)-1]}
}

// OK reports whether the middle of all runs is within the target.
func (s *Series) OK() bool { return s.Target == 0 || SpanOf(s.Ratios).Median <= s.Target }

// Read adds a file that a bench has written with -o json. Kinds that the page does not
// show are left out; what is no report is an error.
func (r *Results) Read(text []byte) error {
	var head struct {
		Target  string
		Reports []json.RawMessage
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return fmt.Errorf("no report of a bench: %w", err)
	}
	switch head.Target {
	case "":
		return errors.New("no report of a bench: it has no target")
	case "all":
		for _, one := range head.Reports {
			if err := r.Read(one); err != nil {
				return err
			}
		}
	case "engine", "cpu", "baselines":
		var rep bench.EngineReport
		if err := json.Unmarshal(text, &rep); err != nil {
			return err
		}
		r.figures(&rep)
	case "http":
		var rep load.Report
		if err := json.Unmarshal(text, &rep); err != nil {
			return err
		}
		r.Loads = append(r.Loads, rep)
		slices.SortStableFunc(r.Loads, func(a, b load.Report) int {
			return cmp.Compare(a.RateRequested, b.RateRequested)
		})
		r.machine(rep.Machine)
	case "route":
		return r.routes(text)
	}
	return nil
}

func (r *Results) figures(rep *bench.EngineReport) {
	r.machine(rep.Machine)
	for _, f := range rep.Figures {
		for _, b := range f.Ratios {
			s := add(&r.Figures, Series{Name: f.Name, What: f.What, Baseline: b.Baseline, Target: b.Target})
			s.NS, s.BaseNS, s.Ratios = append(s.NS, f.NS), append(s.BaseNS, b.NS), append(s.Ratios, b.Ratio)
			s.Allocs = max(s.Allocs, f.Allocs)
		}
	}
	for _, why := range rep.NotRun {
		if !slices.Contains(r.NotRun, why) {
			r.NotRun = append(r.NotRun, why)
		}
	}
}

// routes are whole answers and the kernel by the greedy split, by size.
func (r *Results) routes(text []byte) error {
	var rep struct {
		Machine meter.Machine
		Rows    []bench.Row
	}
	if err := json.Unmarshal(text, &rep); err != nil {
		return err
	}
	r.machine(rep.Machine)
	for _, row := range rep.Rows {
		if row.Orders == 0 || row.GreedyP50 == 0 {
			continue
		}
		name := fmt.Sprintf("route/split/$%d", row.Dollars)
		for _, one := range []struct {
			what string
			ns   float64
		}{{"kernel with bound", float64(row.KernelP50)}, {"whole answer", float64(row.P50)}} {
			s := add(&r.Routes, Series{Name: name, What: one.what, Baseline: "greedy split, 20 parts"})
			s.NS, s.BaseNS = append(s.NS, one.ns), append(s.BaseNS, float64(row.GreedyP50))
			s.Ratios = append(s.Ratios, one.ns/float64(row.GreedyP50))
		}
	}
	return nil
}

// add finds the series of a figure, or begins it.
func add(all *[]Series, s Series) *Series {
	i := slices.IndexFunc(*all, func(o Series) bool {
		return o.Name == s.Name && o.Baseline == s.Baseline && o.What == s.What
	})
	if i < 0 {
		i, *all = len(*all), append(*all, s)
	}
	return &(*all)[i]
}

// machine notes a machine once, whatever its load was.
func (r *Results) machine(m meter.Machine) {
	m.Load, m.Commit = 0, ""
	if !slices.Contains(r.Machines, m) {
		r.Machines = append(r.Machines, m)
	}
}
