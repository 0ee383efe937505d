package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"

	"chronos.dev/bench"

	"github.com/spf13/cobra"
)

func newBench(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "bench", Short: "Measure the engine on this machine, beside plainer ways to do the same"}
	c.AddCommand(newBenchRoute(g))
	return c
}

func newBenchRoute(g *globals) *cobra.Command {
	var shape bench.Shape
	var orders int
	var seed uint64
	c := &cobra.Command{
		Use:   "route",
		Short: "Time prices on a simulated market",
		Long: "Route times whole answers, certificate included, for shuffled orders between random pairs of a\n" +
			"simulated market, and beside each the evaluation of every single path. Times depend on the machine and\n" +
			"on what else runs there; ratios of one run can be compared.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			within := func(n, least, most int) bool { return n >= least && n <= most }
			if !within(orders, 1, 1e6) || !within(shape.Assets, 2, 1000) || !within(shape.Venues, 1, 200) ||
				!within(shape.Levels, 1, 5000) {
				return exit(exitUsage, errors.New(
					"want 2 to 1000 assets, 1 to 200 venues, 1 to 5000 levels and 1 to 1000000 orders"))
			}
			rows, err := bench.Route(shape, orders, seed)
			if err != nil {
				return exit(exitFailed, err)
			}
			if g.output == "json" {
				return json.NewEncoder(c.OutOrStdout()).Encode(rows)
			}
			t := tabwriter.NewWriter(c.OutOrStdout(), 0, 8, 2, ' ', 0)
			fmt.Fprintf(t, "simulated market: %d assets, %d venues, %d levels; %d orders a size\n",
				shape.Assets, shape.Venues, shape.Levels, orders)
			fmt.Fprintln(t, "ORDER\tP50\tP99\tTO $10K\tEVERY PATH P50\tRATIO\tROUTES\tBEST PATH BEHIND\tWORST GAP")
			for _, r := range rows {
				if r.Orders == 0 {
					fmt.Fprintf(t, "$%d\tbeyond the depth of the market\n", r.Dollars)
					continue
				}
				fmt.Fprintf(t, "$%d\t%v\t%v\t%.1f\t%v\t%.2f\t%.1f\t%.3f bps\t%.5f bps\n", r.Dollars, r.P50, r.P99,
					float64(r.P50)/float64(rows[0].P50), r.PathsP50, float64(r.P50)/float64(r.PathsP50),
					r.Routes, r.Behind, r.GapBps)
			}
			return t.Flush()
		},
	}
	f := c.Flags()
	f.IntVar(&shape.Assets, "assets", 10, "assets, five of them hubs")
	f.IntVar(&shape.Venues, "venues", 30, "venues")
	f.IntVar(&shape.Levels, "levels", 50, "levels a side of each book")
	f.IntVar(&orders, "orders", 500, "orders of each size")
	f.Uint64Var(&seed, "seed", 1, "seed of market and orders")
	return c
}
