package meter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Objective is a limit that a run must keep, and what came of it. A latency has its
// limit in seconds, a number of errors as it is.
type Objective struct {
	Name         string   `json:"name"` // "p50", "p90", "p99", "p999", "max" or "errors"
	LimitSeconds *float64 `json:"limit_seconds,omitempty"`
	ValueSeconds *float64 `json:"value_seconds,omitempty"`
	Limit        *int64   `json:"limit,omitempty"`
	Value        *int64   `json:"value,omitempty"`
	OK           bool     `json:"ok"`
}

// latencies are the names of objectives that are times.
var latencies = []string{"p50", "p90", "p99", "p999", "max"}

// ParseObjectives reads "p99=100ms,errors=0"; "" is none. A name stands once.
func ParseObjectives(text string) (all []Objective, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		name, limit, _ := strings.Cut(part, "=")
		o := Objective{Name: name}
		if slices.ContainsFunc(all, func(p Objective) bool { return p.Name == name }) {
			return nil, fmt.Errorf("objective %q stands twice", name)
		}
		switch {
		case name == "errors":
			n, err := strconv.ParseInt(limit, 10, 64)
			if err != nil || n < 0 {
				return nil, fmt.Errorf("objective %q: want a number of errors such as errors=0", part)
			}
			o.Limit = &n
		case slices.Contains(latencies, name):
			d, err := time.ParseDuration(limit)
			if err != nil || d <= 0 {
				return nil, fmt.Errorf("objective %q: want a duration such as %s=100ms", part, name)
			}
			s := d.Seconds()
			o.LimitSeconds = &s
		default:
			return nil, fmt.Errorf("objective %q: want %s or errors", part, strings.Join(latencies, ", "))
		}
		all = append(all, o)
	}
	return all, nil
}

// Judge fills in what came of objectives and reports whether all were kept. Where
// nothing was measured no latency is kept.
func Judge(all []Objective, t *Times, errors int64) bool {
	l, kept := t.Latency(), true
	values := map[string]float64{"p50": l.P50, "p90": l.P90, "p99": l.P99, "p999": l.P999, "max": l.Max}
	for i := range all {
		o := &all[i]
		if o.Limit != nil {
			o.Value, o.OK = &errors, errors <= *o.Limit
		} else {
			v := values[o.Name]
			o.ValueSeconds, o.OK = &v, t.Count() > 0 && v <= *o.LimitSeconds
		}
		kept = kept && o.OK
	}
	return kept
}

// Void says why a run with the given latencies and latenesses of its own sends
// says nothing, or "". The generator may be late by a tenth of what it reports.
func Void(latency, lateness *Times) string {
	p99, late := latency.Quantile(0.99), lateness.Quantile(0.99)
	switch {
	case latency.Count() == 0:
		return "nothing was answered"
	case late > p99/10:
		return fmt.Sprintf("the sender itself was late by %v at p99, more than a tenth of %v", late, p99)
	}
	return ""
}

func (o Objective) String() string {
	verdict := "missed"
	if o.OK {
		verdict = "kept"
	}
	switch {
	case o.Value != nil && o.Limit != nil:
		return fmt.Sprintf("%s %d, limit %d: %s", o.Name, *o.Value, *o.Limit, verdict)
	case o.ValueSeconds != nil && o.LimitSeconds != nil:
		return fmt.Sprintf("%s %.3f ms, limit %.3f ms: %s", o.Name, *o.ValueSeconds*1e3, *o.LimitSeconds*1e3, verdict)
	}
	return o.Name
}
