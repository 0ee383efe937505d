package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"chronos.dev/bench"
	"chronos.dev/bench/meter"

	"github.com/spf13/cobra"
)

func newBench(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "bench", Short: "Measure the engine on this machine, beside plainer ways to do the same"}
	c.AddCommand(newBenchEngine(g), newBenchRoute(g), newBenchHTTP(g), newBenchFeed(g), newBenchSoak(g), newBenchAll(g),
		newBenchCPU(g), newBenchCompare(g), newBenchReport(), newBenchGate(), newBenchBare())
	return c
}

// report is what a bench has measured, for people and for machines.
type report interface{ Write(w io.Writer) error }

// writeReport writes a report in the form that was asked for.
func writeReport(c *cobra.Command, g *globals, r report) error {
	if g.output == "json" {
		return printJSON(c.OutOrStdout(), r)
	}
	return r.Write(c.OutOrStdout())
}

// routeReport is what bench route measured.
type routeReport struct {
	Target  string        `json:"target"` // "route"
	Seed    uint64        `json:"seed"`
	Shape   bench.Shape   `json:"shape"`
	Orders  int           `json:"orders"`
	Machine meter.Machine `json:"machine"`
	Rows    []bench.Row   `json:"rows"`
}

func (r *routeReport) Write(w io.Writer) error {
	return writeRows(w, &r.Shape, r.Orders, r.Rows)
}

func measureRoutes(shape bench.Shape, orders int, seed uint64) (*routeReport, error) {
	rows, err := bench.Route(shape, orders, seed)
	if err != nil {
		return nil, exit(exitFailed, err)
	}
	return &routeReport{"route", seed, shape, orders, meter.ThisMachine(), rows}, nil
}

func newBenchRoute(g *globals) *cobra.Command {
	var shape bench.Shape
	var orders int
	var seed uint64
	c := &cobra.Command{
		Use:   "route",
		Short: "Time prices on a simulated market",
		Long: "Route times orders between random pairs of a simulated market: whole answers, with books taken,\n" +
			"routes and certificate; the kernel with its bound alone, and again with labels from scratch for every\n" +
			"walk; and a greedy split, which evaluates every path for each twentieth of the order. Times depend\n" +
			"on the machine and on what else runs there; ratios of one run can be compared. Without --updates the\n" +
			"market stands still, and the least time of five counts.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			within := func(n, least, most int) bool { return n >= least && n <= most }
			if !within(orders, 1, 1e6) || !within(shape.Assets, 2, 1000) || !within(shape.Venues, 1, 200) ||
				!within(shape.Levels, 1, 5000) || !within(shape.Hubs, 1, 1000) ||
				!within(shape.Updates, 0, 1e6) {
				return exit(exitUsage, errors.New("want 2 to 1000 assets, 1 to 200 venues, 1 to 5000 levels, "+
					"1 to 1000 hubs, 0 to 1000000 updates and 1 to 1000000 orders"))
			}
			rep, err := measureRoutes(shape, orders, seed)
			if err != nil {
				return err
			}
			return writeReport(c, g, rep)
		},
	}
	f := c.Flags()
	f.IntVar(&shape.Assets, "assets", 10, "assets")
	f.IntVar(&shape.Venues, "venues", 30, "venues")
	f.IntVar(&shape.Levels, "levels", 50, "levels a side of each book")
	f.IntVar(&shape.Hubs, "hubs", 5, "assets that trade with all others")
	f.IntVar(&shape.Updates, "updates", 0, "books published anew before each order")
	f.BoolVar(&shape.Spokes, "spokes", false, "only orders between assets that are no hubs")
	f.IntVar(&orders, "orders", 500, "orders of each size")
	f.Uint64Var(&seed, "seed", 1, "seed of market and orders")
	return c
}

// writeRows writes what was measured as a table.
func writeRows(w io.Writer, shape *bench.Shape, orders int, rows []bench.Row) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "simulated market: %d assets, %d of them hubs, %d venues, %d levels; %d orders a size\n",
		shape.Assets, min(shape.Hubs, shape.Assets), shape.Venues, shape.Levels, orders)
	fmt.Fprintf(t, "%d books published before each order; times are of this machine now\n", shape.Updates)
	fmt.Fprintln(t, "ORDER\tANSWER P50\tP99\tKERNEL P50\tP99\tTO $10K\tGREEDY P50\tP99\tKERNEL/GREEDY\t"+
		"AFRESH P50\tP99\tKERNEL/AFRESH\tROUTES\tGREEDY BEHIND\tBEST PATH BEHIND\tWORST GAP")
	for _, r := range rows {
		if r.Orders == 0 {
			fmt.Fprintf(t, "$%d\tbeyond the depth of the market\n", r.Dollars)
			continue
		}
		fmt.Fprintf(t, "$%d\t%v\t%v\t%v\t%v\t%.1f\t%v\t%v\t%.3f\t%v\t%v\t%.3f\t%.1f\t%.3f bps\t%.3f bps\t%.5f bps\n",
			r.Dollars, r.P50, r.P99, r.KernelP50, r.KernelP99, float64(r.KernelP50)/float64(rows[0].KernelP50),
			r.GreedyP50, r.GreedyP99, float64(r.KernelP50)/float64(r.GreedyP50),
			r.AfreshP50, r.AfreshP99, float64(r.KernelP50)/float64(r.AfreshP50),
			r.Routes, r.Greedy, r.Behind, r.GapBps)
	}
	return t.Flush()
}
