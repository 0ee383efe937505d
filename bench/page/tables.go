package page

import (
	"bytes"
	"fmt"
	"strings"
)

// Tables are the parts of a Markdown page that are made of results, by name.
func (r *Results) Tables() map[string]string {
	var machines []string
	for _, m := range r.Machines {
		machines = append(machines, fmt.Sprintf("%s, %d CPUs, GOMAXPROCS %d, %s", m.CPU, m.CPUs, m.GOMAXPROCS, m.Go))
	}
	return map[string]string{
		"machine": "Machine: " + strings.Join(machines, "; ") + ".\n",
		"engine":  table(r.Figures), "routes": table(r.Routes), "http": r.loads(), "short": r.short(),
	}
}

// table has a line for each figure and baseline: least, middle and largest of runs.
func table(all []Series) string {
	var b strings.Builder
	b.WriteString("| figure | one is | ns | allocs | baseline | its ns | " +
		"ratio: least / middle / largest | target | |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|\n")
	for i := range all {
		s := &all[i]
		q, target := SpanOf(s.Ratios), "-"
		if s.Target > 0 {
			target = fmt.Sprintf("%.3f", s.Target)
		}
		fmt.Fprintf(&b, "| %s | %s | %.0f | %.1f | %s | %.0f | %.3f / %.3f / %.3f of %d | %s | %s |\n", s.Name, s.What,
			SpanOf(s.NS).Median, s.Allocs, s.Baseline, SpanOf(s.BaseNS).Median, q.Min, q.Median, q.Max, len(s.Ratios),
			target, verdict(s))
	}
	return b.String()
}

func verdict(s *Series) string {
	switch {
	case s.Target == 0:
		return ""
	case s.OK():
		return "ok"
	}
	return "falls short"
}

// loads are prices over HTTP, by rate.
func (r *Results) loads() string {
	var b strings.Builder
	b.WriteString("| asked, 1/s | sent, 1/s | errors | p50, ms | p90 | p99 | p99.9 | max | void |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|\n")
	for _, l := range r.Loads {
		q := l.Latency
		fmt.Fprintf(&b, "| %.0f | %.0f | %d | %.3f | %.3f | %.3f | %.3f | %.3f | %s |\n", l.RateRequested,
			l.RateAchieved, l.Sent-l.OK, q.P50*1e3, q.P90*1e3, q.P99*1e3, q.P999*1e3, q.Max*1e3, l.Void)
	}
	return b.String()
}

// short is what falls short, the worst first in the order of the suite.
func (r *Results) short() string {
	var b strings.Builder
	for i := range r.Figures {
		if s := &r.Figures[i]; !s.OK() {
			q := SpanOf(s.Ratios).Median
			fmt.Fprintf(&b, "- %s: %.3f of %s, target %.3f: %.1f times too much.\n",
				s.Name, q, s.Baseline, s.Target, q/s.Target)
		}
	}
	for _, why := range r.NotRun {
		fmt.Fprintf(&b, "- Not run: %s.\n", why)
	}
	if b.Len() == 0 {
		return "Nothing.\n"
	}
	return b.String()
}

// Rewrite puts tables into a Markdown page between <!-- bench:NAME --> and
// <!-- bench:end -->. A name that there is no table for, or a missing end, is an error.
func Rewrite(page []byte, tables map[string]string) ([]byte, error) {
	const begin, end = "<!-- bench:", "<!-- bench:end -->"
	var out bytes.Buffer
	for {
		before, rest, found := bytes.Cut(page, []byte(begin))
		out.Write(before)
		if !found {
			return out.Bytes(), nil
		}
		name, rest, _ := bytes.Cut(rest, []byte(" -->\n"))
		_, rest, ended := bytes.Cut(rest, []byte(end))
		text, known := tables[string(name)]
		if !known || !ended {
			return nil, fmt.Errorf("%s%s -->: want a table that there is, and %s", begin, name, end)
		}
		fmt.Fprintf(&out, "%s%s -->\n%s%s", begin, name, text, end)
		page = rest
	}
}
