package bench

import (
	"fmt"
	"io"
	"math/rand/v2"
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
}

// Write writes the report as a table.
func (r *EngineReport) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "machine: %s; seed %d\n", r.Machine, r.Seed)
	fmt.Fprintf(t, "ways take turns; least of %d rounds, spread is median by least\n", r.Rounds)
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

// Rounds is how many short rounds of each way Engine measures.
const Rounds = 21

// EngineParts is how many times Engine tells what it begins.
const EngineParts = 8

// Engine measures the parts of the engine, each beside plainer ways to do the same
// in the same run. quick measures less of each, which is enough to see that it
// works.
func Engine(seed uint64, quick bool, told func(name string)) (all []Figure, err error) {
	r := rand.New(rand.NewPCG(seed, 4))
	times := func(n int) int {
		if quick {
			return max(n/100, 1)
		}
		return n
	}
	for _, levels := range []int{100, 1000, 5000} {
		told("book/update")
		f, err := updates(r, levels, times(50_000))
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	told("publish")
	f, err := publications(r, 100, times(2000))
	if err != nil {
		return nil, err
	}
	all = append(all, f)
	for _, q := range []struct{ share, target float64 }{{0.0005, 1.0 / 5}, {0.02, 1.0 / 10}, {0.25, 1.0 / 40}} {
		told("quote/pair")
		f, err := quotes(r, q.share, q.target, times(2000))
		if err != nil {
			return nil, err
		}
		all = append(all, f...)
	}
	told("quote/feed")
	f, err = underFeed(seed, times(20_000))
	return append(all, f), err
}
