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
	fmt.Fprintf(t, "%s levels, %s changes, best prices read after each\n", levels, updates)
	fmt.Fprintln(t, "BOOK\tLEAST NS\tMIDDLE\tLARGEST\tOURS BY IT\tCHECKSUM")
	for _, r := range all {
		ours := all[0].Median / r.Median
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.1f\t%.2f\t%s\n", r.Name, r.Min, r.Median, r.Max, ours, r.Checksum)
		if r.Checksum != all[0].Checksum {
			err = fmt.Errorf("%s read other best prices than %s", r.Name, all[0].Name)
		}
	}
	if e := t.Flush(); e != nil {
		return e
	}
	return err
}
