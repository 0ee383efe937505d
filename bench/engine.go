package bench

import (
	"fmt"
	"io"
	"text/tabwriter"

	"chronos.dev/bench/meter"
)

// EngineReport is figures beside their baselines, as they are written down.
type EngineReport struct {
	Target  string        `json:"target"` // "engine" or "cpu"
	Rounds  int           `json:"rounds"`
	Seed    uint64        `json:"seed"`
	Machine meter.Machine `json:"machine"`
	Figures []Figure      `json:"figures"`
	NotRun  []string      `json:"not_run,omitempty"` // what could not be measured here, and why
}

// Write writes the report as a table.
func (r *EngineReport) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "machine: %s; seed %d\n", r.Machine, r.Seed)
	counts := "least"
	if r.Target == "cpu" {
		counts = "median"
	}
	fmt.Fprintf(t, "ways take turns; %s of %d rounds, spread is median by least\n", counts, r.Rounds)
	fmt.Fprintln(t, "FIGURE\tONE IS\tNS\tSPREAD\tALLOCS\tB\tBASELINE\tNS\tRATIO\tTARGET\t")
	for _, f := range r.Figures {
		fmt.Fprintf(t, "%s\t%s\t%.0f\t%.2f\t%.1f\t%.0f", f.Name, f.What, f.NS, f.Spread, f.Allocs, f.Bytes)
		for i, b := range f.Ratios {
			if i > 0 {
				fmt.Fprint(t, "\t\t\t\t\t")
			}
			fmt.Fprintf(t, "\t%s\t%.0f\t%.3f\t%s\n", b.Baseline, b.NS, b.Ratio, b.verdict())
		}
	}
	for _, why := range r.NotRun {
		fmt.Fprintf(t, "NOT RUN\t%s\n", why)
	}
	return t.Flush()
}

func (r Ratio) verdict() string {
	switch {
	case r.Target == 0:
		return "-\t"
	case r.OK:
		return fmt.Sprintf("%.3f\tok", r.Target)
	}
	return fmt.Sprintf("%.3f\tFALLS SHORT", r.Target)
}

// Rounds is how many short rounds of each way a Duel measures.
const Rounds = 21
