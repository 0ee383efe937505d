// Command peers runs the workload of README.md on the books of Chronos and on a plain tree:
// LEVELS UPDATES ROUNDS. Each line it prints is one way, as those of other programs here.
package main

import (
	"fmt"
	"os"
	"strconv"

	"chronos.dev/bench"
)

func main() {
	if len(os.Args) == 5 && os.Args[1] == "table" {
		if err := write(os.Stdout, os.Args[4], os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, "peers:", err)
			os.Exit(1)
		}
		return
	}
	var n [3]int
	for i := range n {
		var err error
		if len(os.Args) != 4 {
			fmt.Fprintln(os.Stderr, "usage: peers LEVELS UPDATES ROUNDS")
			os.Exit(2)
		}
		if n[i], err = strconv.Atoi(os.Args[i+1]); err != nil || n[i] < 1 || n[i] > 1e7 {
			fmt.Fprintf(os.Stderr, "peers: %q: want 1 to 10000000\n", os.Args[i+1])
			os.Exit(2)
		}
	}
	for _, p := range bench.Peers(n[0], n[1], n[2]) {
		fmt.Printf("{\"name\":%q,\"work\":%q,\"min\":%.1f,\"median\":%.1f,\"max\":%.1f,\"checksum\":%q}\n",
			p.Name, p.Work, p.Min, p.Median, p.Max, p.Checksum)
	}
}
