package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"chronos.dev/bench"
)

// write prints a table of the lines of all programs and ours by each. It fails where
// two read different best prices.
func write(w io.Writer, file, levels, updates string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	var all []bench.Peer
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r bench.Peer
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("%s: %q: %w", file, lines.Text(), err)
		}
		all = append(all, r)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "%s levels, %s changes, read after each: the best prices, or what is named\n", levels, updates)
	fmt.Fprintln(t, "BOOK\tREAD\tLEAST NS\tMIDDLE\tLARGEST\tOURS BY IT\tCHECKSUM")
	ours := map[string]bench.Peer{} // by what is read: the first one
	for _, r := range all {
		if _, ok := ours[r.Work]; !ok {
			ours[r.Work] = r
		}
		o := ours[r.Work]
		fmt.Fprintf(t, "%s\t%s\t%.1f\t%.1f\t%.1f\t%.2f\t%s\n",
			r.Name, r.Work, r.Min, r.Median, r.Max, o.Median/r.Median, r.Checksum)
		if r.Checksum != o.Checksum {
			err = fmt.Errorf("%s read something else than %s", r.Name, o.Name)
		}
	}
	if e := t.Flush(); e != nil {
		return e
	}
	return err
}
