package meter

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// judged are the members of reports that a comparison judges: true where less is
// better. Times of one call in nanoseconds are not judged, for ratios to baselines
// of the same run are.
var judged = map[string]bool{
	"ratio": true, "allocs": true, "allocations_per_message": true, "p50": true, "p99": true,
	"p50_ns": true, "kernel_p50_ns": true, "gap_bps_max": true, "failed": true,
	"rate_achieved": false, "updates_applied": false, "ok": false,
}

// equals are the members that must be the same in two reports of the same work;
// those that are true say what came out.
var equals = map[string]bool{
	"workload": false, "seed": false, "updates_requested": false, "rate_requested": false,
	"books": true, "results": true,
}

// skipped are members that are not about what was measured.
var skipped = []string{"machine", "slo", "send_lateness_seconds", "quote_lateness_seconds", "graph"}

// least are differences that are none, whatever their ratio.
var least = map[string]float64{
	"allocs": 0.5, "allocations_per_message": 0.5, "p50": 20e-6, "p99": 200e-6, "gap_bps_max": 1e-3, "p50_ns": 200,
	"kernel_p50_ns": 200,
}

// Comparison is of two reports, figure by figure.
type Comparison struct {
	Figures []Compared `json:"figures"`
	Differ  []string   `json:"differ,omitempty"` // that should be equal: answers, or the work itself
	OnlyOne []string   `json:"only_one,omitempty"`
	Slack   float64    `json:"slack"`
}

// Compared is one figure of two reports.
type Compared struct {
	Name  string  `json:"name"`
	A     float64 `json:"a"`
	B     float64 `json:"b"`
	Ratio float64 `json:"ratio"` // of B by A
	Worse bool    `json:"worse"` // by more than the slack
}

// OK reports whether nothing is worse and all that should be equal is.
func (c *Comparison) OK() bool {
	return len(c.Differ) == 0 && !slices.ContainsFunc(c.Figures, func(f Compared) bool { return f.Worse })
}

// figures are the judged numbers of a report, by path, and what must be equal.
type figures struct {
	numbers map[string]float64
	texts   map[string]string
	order   []string
}

// Compare holds report b against a, both JSON as a bench has written it. A figure is
// worse when it is so by more than the slack, a factor such as 1.25.
func Compare(a, b []byte, slack float64) (*Comparison, error) {
	if !(slack >= 1 && slack <= 100) {
		return nil, fmt.Errorf("slack %v: want a factor of 1 to 100", slack)
	}
	was, err := read(a)
	if err != nil {
		return nil, fmt.Errorf("first report: %w", err)
	}
	is, err := read(b)
	if err != nil {
		return nil, fmt.Errorf("second report: %w", err)
	}
	c := &Comparison{Slack: slack}
	for _, name := range was.order {
		if text, ok := was.texts[name]; ok {
			if other, both := is.texts[name]; both && other != text {
				c.Differ = append(c.Differ, fmt.Sprintf("%s: %s, %s", name, text, other))
			}
			continue
		}
		if n, both := is.numbers[name]; both {
			c.Figures = append(c.Figures, compare(name, was.numbers[name], n, slack))
		} else {
			c.OnlyOne = append(c.OnlyOne, name)
		}
	}
	for _, name := range is.order {
		if !slices.Contains(was.order, name) {
			c.OnlyOne = append(c.OnlyOne, name)
		}
	}
	if len(c.Figures) == 0 {
		return nil, errors.New("the reports have no figure in common")
	}
	return c, nil
}

func compare(name string, a, b, slack float64) Compared {
	c := Compared{Name: name, A: a, B: b, Ratio: 1}
	if a != b {
		c.Ratio = min(b/max(a, 1e-12), 1e12)
	}
	member := name[strings.LastIndexByte(name, '/')+1:]
	if judged[member] {
		c.Worse = b > a*slack && b-a > least[member]
	} else {
		c.Worse = b < a/slack
	}
	return c
}

func read(text []byte) (*figures, error) {
	f := &figures{numbers: map[string]float64{}, texts: map[string]string{}}
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("no report of a bench: %w", err)
	}
	target, ok := v["target"].(string)
	if !ok {
		return nil, errors.New("no report of a bench: it has no target")
	}
	f.walk(target, v)
	slices.Sort(f.order)
	return f, nil
}

// walk collects the figures below a value. Elements of a list go by what names them.
func (f *figures) walk(path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for member, below := range v {
			if !slices.Contains(skipped, member) {
				f.member(path, member, below)
			}
		}
	case []any:
		for i, below := range v {
			name := fmt.Sprint(i)
			if m, ok := below.(map[string]any); ok {
				for _, key := range []string{"target", "name", "baseline", "dollars"} {
					if id, ok := m[key]; ok {
						name = fmt.Sprint(id)
						break
					}
				}
			}
			f.walk(path+"/"+name, below)
		}
	}
}

func (f *figures) member(path, member string, v any) {
	name := path + "/" + member
	_, judge := judged[member]
	_, equal := equals[member]
	switch n, number := v.(float64); {
	case equal:
		f.texts[name] = fmt.Sprint(v)
	case judge && number && !math.IsNaN(n):
		f.numbers[name] = n
	default:
		f.walk(name, v)
		return
	}
	f.order = append(f.order, name)
}

// Write writes the comparison as a table.
func (c *Comparison) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "FIGURE\tA\tB\tB/A\t")
	for _, f := range c.Figures {
		verdict := "no difference seen"
		switch {
		case f.Worse:
			verdict = "WORSE"
		case f.Ratio > c.Slack || f.Ratio < 1/c.Slack:
			verdict = "differs"
		}
		fmt.Fprintf(t, "%s\t%.4g\t%.4g\t%.3f\t%s\n", f.Name, f.A, f.B, f.Ratio, verdict)
	}
	for _, d := range c.Differ {
		fmt.Fprintf(t, "NOT EQUAL\t%s\n", d)
	}
	for _, o := range c.OnlyOne {
		fmt.Fprintf(t, "in one only\t%s\n", o)
	}
	fmt.Fprintf(t, "no difference is seen within a factor of %g\n", c.Slack)
	return t.Flush()
}
