package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"chronos.dev/bench"
	"chronos.dev/bench/page"

	"github.com/spf13/cobra"
)

func newBenchReport() *cobra.Command {
	var out, markdown string
	c := &cobra.Command{
		Use:   "report RESULTS.json...",
		Short: "Make one page of what benches have written with -o json",
		Long: "Report reads files that benches have written with -o json and writes one HTML page that needs\n" +
			"nothing else: latency by load, throughput against latency, growth with venues, levels and assets, and\n" +
			"ratios against targets with their spread over all files. The same files give the same bytes. --page\n" +
			"rewrites the tables of a Markdown page too: those between <!-- bench:NAME --> and <!-- bench:end -->.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, files []string) error {
			var r page.Results
			for _, file := range files {
				text, err := os.ReadFile(file)
				if err == nil {
					err = r.Read(text)
				}
				if err != nil {
					return exit(exitUsage, fmt.Errorf("%s: %w", file, err))
				}
			}
			if err := writePage(c.OutOrStdout(), out, &r); err != nil {
				return exit(exitUsage, err)
			}
			if err := rewritePage(markdown, &r); err != nil {
				return exit(exitUsage, err)
			}
			return nil
		},
	}
	c.Flags().StringVar(&out, "html", "", "file for the page; standard output without")
	c.Flags().StringVar(&markdown, "page", "", "Markdown page whose tables are rewritten")
	return c
}

func writePage(w io.Writer, file string, r *page.Results) error {
	if file == "" {
		return r.HTML(w)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(r.HTML(f), f.Close())
}

func rewritePage(file string, r *page.Results) error {
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if text, err = page.Rewrite(text, r.Tables()); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, text, 0o644)
}

// gateTries is how often a part that misses its limit is measured: a machine that
// does other things makes a figure worse, never better.
const gateTries = 3

func newBenchGate() *cobra.Command {
	return &cobra.Command{
		Use:   "gate",
		Short: "Hold allocations and ratios of the suite against limits",
		Long: "Gate measures the parts of the suite that have limits and fails where one allocates more than its\n" +
			"limit, or its ratio to a baseline of the same run is above: limits have generous slack, and a part\n" +
			"that misses is measured up to three times. No absolute time is judged.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var broken error
			for _, l := range bench.Limits {
				why, err := l.Hold(gateTries)
				if err != nil {
					return exit(exitFailed, err)
				}
				if why == "" {
					why = "kept"
				} else {
					broken = exit(exitFailed, errors.New("a limit is broken"))
				}
				fmt.Fprintf(c.OutOrStdout(), "%s: %s\n", l.Figure, why)
			}
			return broken
		},
	}
}
