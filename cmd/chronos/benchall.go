package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"chronos.dev/bench"
	"chronos.dev/bench/meter"

	"github.com/spf13/cobra"
)

// errMissed is exit 1 beside a report.
var errMissed = exit(exitFailed, errors.New("an objective is missed"))

func missed(kept bool) error {
	if kept {
		return nil
	}
	return errMissed
}

func newBenchEngine(g *globals) *cobra.Command {
	var seed uint64
	var quick bool
	var only []string
	c := &cobra.Command{
		Use:   "engine",
		Short: "Time the parts of the engine beside plainer ways to do the same",
		Long: "Engine measures a change of a book, its publication, the price of one pair and prices under a feed,\n" +
			"each against baselines that take turns with it in the same process on the same data, after all ways\n" +
			"were seen to give the same. Ratios can be compared between machines, nanoseconds cannot. What is\n" +
			"above its target is marked FALLS SHORT, and that is no failure.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			parts, err := partsOf(only)
			if err != nil {
				return exit(exitUsage, err)
			}
			rep, err := measureEngine(c.ErrOrStderr(), g.quiet, parts, seed, quick)
			if err != nil {
				return err
			}
			return writeReport(c, g, rep)
		},
	}
	c.Flags().Uint64Var(&seed, "seed", 1, "seed of books and orders")
	c.Flags().BoolVar(&quick, "quick", false, "measure little, to see that it works")
	c.Flags().StringSliceVar(&only, "only", nil, "parts by the beginning of their names, such as book,quote/pair")
	return c
}

// partsOf are the parts of the suite whose names begin with one of some texts; all
// without any.
func partsOf(only []string) (parts []bench.Part, err error) {
	if len(only) == 0 {
		return bench.Suite, nil
	}
	for _, prefix := range only {
		n := len(parts)
		for _, p := range bench.Suite {
			if strings.HasPrefix(p.Name, prefix) {
				parts = append(parts, p)
			}
		}
		if len(parts) == n {
			return nil, fmt.Errorf("--only %s: no part of the suite begins so", prefix)
		}
	}
	return parts, nil
}

func measureEngine(
	talk io.Writer, quiet bool, parts []bench.Part, seed uint64, quick bool,
) (*bench.EngineReport, error) {
	var b bar
	if !quiet {
		b = newBar(talk, len(parts))
	}
	figures, notRun, err := bench.Measure(parts, seed, quick, func(string) { b.add() })
	b.done()
	if err != nil {
		return nil, exit(exitFailed, err)
	}
	return &bench.EngineReport{
		Target: "engine", Rounds: bench.Rounds, Seed: seed, Machine: meter.ThisMachine(), Figures: figures,
		NotRun: notRun,
	}, nil
}

// allReport is what bench all measured.
type allReport struct {
	Target  string   `json:"target"` // "all"
	Reports []report `json:"reports"`
}

func (r *allReport) Write(w io.Writer) error {
	for _, one := range r.Reports {
		if err := one.Write(w); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	return nil
}

func newBenchAll(g *globals) *cobra.Command {
	var quick bool
	var seed uint64
	c := &cobra.Command{
		Use:   "all",
		Short: "Run every bench with its defaults, one after the other",
		Long: "All runs engine, route, feed (200,000 updates a second), http (2,000 prices a second, p99 below 100\n" +
			"ms, no errors) and cpu one after the other. With -o json one file holds all, for bench compare.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			rep, kept, err := measureAll(c, g, seed, quick)
			if err != nil {
				return err
			}
			return errors.Join(writeReport(c, g, rep), missed(kept))
		},
	}
	c.Flags().BoolVar(&quick, "quick", false, "measure little, to see that it works")
	c.Flags().Uint64Var(&seed, "seed", 1, "seed of all")
	return c
}

func measureAll(c *cobra.Command, g *globals, seed uint64, quick bool) (*allReport, bool, error) {
	var f feedBench
	var h httpFlags
	p := newCPUFlags(seed)
	f.flags(&cobra.Command{}) // for the defaults
	h.flags(&cobra.Command{})
	f.updates, f.Seed, f.slo, h.seed, h.slo = "200000/s", seed, "", seed, "p99=100ms,errors=0"
	shape, orders := bench.Shape{Assets: 10, Venues: 30, Levels: 50, Hubs: 5}, 500
	if quick {
		f.updates, f.Duration, h.Duration, h.Rate = "2000/s", 500*time.Millisecond, 500*time.Millisecond, 200
		p.Rate, p.Duration = 500, 200*time.Millisecond
		h.slo, shape, orders = "p99=10s,errors=0", bench.Shape{Assets: 4, Venues: 3, Levels: 20, Hubs: 3}, 10
	}
	engine, err := measureEngine(c.ErrOrStderr(), g.quiet, bench.Suite, seed, quick)
	if err != nil {
		return nil, false, err
	}
	routes, err := measureRoutes(shape, orders, seed)
	if err != nil {
		return nil, false, err
	}
	ticks, keptFeed, err := f.run(c.Context(), c.ErrOrStderr(), g.quiet)
	if err != nil {
		return nil, false, err
	}
	load, keptHTTP, err := h.run(c, g)
	if err != nil {
		return nil, false, err
	}
	cpu, err := p.processor(c.Context(), g.timeout)
	if err != nil {
		return nil, false, err
	}
	return &allReport{"all", []report{engine, routes, ticks, load, cpu}}, keptFeed && keptHTTP, nil
}

func newBenchCompare(g *globals) *cobra.Command {
	var slack float64
	c := &cobra.Command{
		Use:   "compare A.json B.json",
		Short: "Say what of two runs differs, B by A",
		Long: "Compare reads two files that a bench has written with -o json and prints the ratio of every figure.\n" +
			"Exit code 1: a ratio to a baseline, a latency, a rate or a number of allocations of B is worse by\n" +
			"more than the slack, the two did not do the same work, or the same work gave other answers. Times of\n" +
			"a single call are not compared: those to its baseline are.",
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, files []string) error {
			var texts [2][]byte
			for i, file := range files {
				var err error
				if texts[i], err = os.ReadFile(file); err != nil {
					return exit(exitUsage, err)
				}
			}
			cmp, err := meter.Compare(texts[0], texts[1], slack)
			if err != nil {
				return exit(exitUsage, err)
			}
			err = writeReport(c, g, cmp)
			if err == nil && !cmp.OK() {
				return exit(exitFailed, errors.New("the second run is worse, or not the same"))
			}
			return err
		},
	}
	c.Flags().Float64Var(&slack, "slack", 1.25, "factor by which a figure may be worse")
	return c
}
