package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"chronos.dev/feed/capture"
	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/all"

	"github.com/spf13/cobra"
)

func newFeedVerify(g *globals) *cobra.Command {
	var r replayFlags
	var seed uint64
	var seeds int
	c := &cobra.Command{
		Use:   "verify --captures DIR",
		Short: "Replay captures through decoders and books and compare with what is expected",
		Long: "Verify prints a row for each capture and exits 1 on any difference.\n\n" +
			"With --drop-one SEED it removes one random book message of each capture instead and reports whether\n" +
			"the loss was noticed, after how many messages, and by what. --seeds tries that many seeds in a row.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if r.captures == "" {
				return exit(exitUsage, errors.New("which captures? give --captures DIR"))
			}
			f, err := capture.Open(r.captures)
			if err != nil {
				return exit(exitUsage, err)
			}
			defer f.Close()
			v := verification{folder: f, flags: &r, g: g, cmd: c}
			if v.entries, err = r.entries(f); err != nil {
				return err
			}
			if !g.quiet {
				v.progress = c.ErrOrStderr()
			}
			if c.Flags().Changed("drop-one") {
				return v.dropOne(seed, seeds)
			}
			return v.compare()
		},
	}
	f := c.Flags()
	f.StringVar(&r.captures, "captures", "", "folder of recorded captures (docs/captures.md)")
	r.choice(c)
	f.Uint64Var(&seed, "drop-one", 0, "remove one book message, chosen by this seed")
	f.IntVar(&seeds, "seeds", 1, "with --drop-one: how many seeds to try")
	return c
}

type verification struct {
	folder   *capture.Folder
	flags    *replayFlags
	entries  []*capture.Entry
	g        *globals
	cmd      *cobra.Command
	progress io.Writer
}

// compare verifies every capture and fails on any difference.
func (v *verification) compare() error {
	bar := newBar(v.progress, len(v.entries))
	results := []capture.Result{}
	bad := 0
	for _, e := range v.entries {
		r, err := v.one(e)
		if err != nil {
			bar.done()
			return exit(exitFailed, err)
		}
		if !r.OK {
			bad++
		}
		results = append(results, r)
		bar.add()
	}
	bar.done()
	if err := v.printResults(results); err != nil {
		return err
	}
	if bad > 0 {
		return exit(exitFailed, fmt.Errorf("%d of %d captures differ", bad, len(results)))
	}
	return nil
}

func (v *verification) one(e *capture.Entry) (capture.Result, error) {
	spec, ok := capture.Match(all.Specs, e)
	if !ok {
		return capture.Result{
			ID: e.ID, Differences: []string{"no decoder for handler " + e.Handler},
		}, nil
	}
	return v.folder.Verify(v.cmd.Context(), e, spec)
}

func (v *verification) printResults(results []capture.Result) error {
	w := v.cmd.OutOrStdout()
	if v.g.output == "json" {
		return printJSON(w, results)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "CAPTURE\tOK\tMESSAGES\tBOOKS\tCHECKSUMS OK\tBAD\tEXPECTED")
	for _, r := range results {
		expected := "compared"
		if !r.Compared {
			expected = "nothing"
		}
		fmt.Fprintf(t, "%s\t%v\t%d\t%d\t%d\t%d\t%s\n", r.ID, r.OK, r.Messages, r.Books, r.SumsOK, r.SumsBad, expected)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range results {
		for _, d := range r.Differences {
			fmt.Fprintf(w, "%s: %s\n", r.ID, d)
		}
	}
	return nil
}

// dropOne loses one message a capture and seed. A venue whose every message is
// numbered must notice.
func (v *verification) dropOne(seed uint64, seeds int) error {
	if seeds < 1 || seeds > 100_000 {
		return exit(exitUsage, fmt.Errorf("--seeds %d: want 1 to 100000", seeds))
	}
	list := make([]uint64, seeds)
	for i := range list {
		list[i] = seed + uint64(i)
	}
	bar := newBar(v.progress, len(v.entries))
	drops := []capture.Drop{}
	var rows []dropRow
	for _, e := range v.entries {
		spec, ok := capture.Match(all.Specs, e)
		if !ok {
			continue
		}
		d, err := v.folder.Drops(v.cmd.Context(), e, spec, list)
		if err != nil {
			bar.done()
			return exit(exitFailed, err)
		}
		drops = append(drops, d...)
		rows = append(rows, summarise(e, spec, d))
		bar.add()
	}
	bar.done()
	if err := v.printDrops(drops, rows, seeds); err != nil {
		return err
	}
	for _, r := range rows {
		if r.sequenced && r.noticed < r.drops {
			return exit(exitFailed, fmt.Errorf("%s: a loss in a numbered stream was not noticed", r.id))
		}
	}
	return nil
}

// dropRow sums up the drops of one capture.
type dropRow struct {
	id, own               string // own: the venue's proof
	sequenced             bool
	drops, noticed, wrong int
	after                 []int
	by                    map[string]int
}

func summarise(e *capture.Entry, spec *venue.Spec, drops []capture.Drop) dropRow {
	rules := spec.Rules("")
	r := dropRow{
		id: e.ID, own: "none", sequenced: rules.VerifiedDepth < 0, drops: len(drops), by: map[string]int{},
	}
	switch {
	case r.sequenced:
		r.own = "sequence"
	case rules.Checksum != nil:
		r.own = fmt.Sprintf("checksum of %d", rules.Checksum.Depth)
	}
	for _, d := range drops {
		if d.Noticed {
			r.noticed++
			r.after = append(r.after, d.After)
			r.by[d.By]++
		}
		if d.Wrong {
			r.wrong++
		}
	}
	return r
}

func (v *verification) printDrops(drops []capture.Drop, rows []dropRow, seeds int) error {
	w := v.cmd.OutOrStdout()
	if v.g.output == "json" {
		return printJSON(w, drops)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	if seeds == 1 {
		fmt.Fprintln(t, "CAPTURE\tSYMBOL\tFRAME\tNOTICED\tAFTER MESSAGES\tBY\tFINAL BOOK WRONG UNNOTICED")
		for _, d := range drops {
			fmt.Fprintf(t, "%s\t%s\t%d\t%v\t%d\t%s\t%v\n", d.ID, d.Symbol, d.Frame, d.Noticed, d.After, d.By, d.Wrong)
		}
		return t.Flush()
	}
	fmt.Fprintln(t, "| capture\t| own check\t| noticed\t| median messages until noticed\t"+
		"| worst\t| by\t| not noticed, final book wrong |")
	fmt.Fprintln(t, "|---\t|---\t|---\t|---\t|---\t|---\t|--- |")
	for _, r := range rows {
		median, worst := medianWorst(r.after)
		fmt.Fprintf(t, "| %s\t| %s\t| %d of %d\t| %s\t| %s\t| %s\t| %d |\n", r.id, r.own,
			r.noticed, r.drops, median, worst, strings.Join(sortedKeys(r.by), ", "), r.wrong)
	}
	return t.Flush()
}
