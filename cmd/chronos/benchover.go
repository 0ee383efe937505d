package main

import (
	"errors"
	"fmt"
	"net/url"

	"chronos.dev/bench/load"
	"chronos.dev/bench/meter"

	"github.com/spf13/cobra"
)

// over asks a server for more than it can do.
func (f *httpFlags) over(c *cobra.Command, g *globals) (err error) {
	if err := f.check(g); err != nil {
		return exit(exitUsage, err)
	}
	if f.slo != "" || f.hgrm != "" {
		return exit(exitUsage, errors.New("--overload takes neither --slo nor --hgrm"))
	}
	if f.Paths, err = f.paths(); err != nil {
		return exit(exitUsage, err)
	}
	f.Timeout, f.Check = g.timeout, checkBody
	base, _, end, err := f.serverOf(c, g)
	if err != nil {
		return err
	}
	defer end()
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" || u.Port() == "" {
		return exit(exitUsage, fmt.Errorf("--url %q: want one like http://127.0.0.1:8080", base))
	}
	f.Addr, f.Host = u.Host, u.Host
	defer meter.OneMore()()
	rep, err := load.Overload(c.Context(), f.Options)
	if err != nil {
		return exit(exitNetwork, err)
	}
	rep.URL = base
	if err := writeReport(c, g, rep); err != nil || len(rep.Broken) == 0 {
		return err
	}
	return exit(exitFailed, errors.New("overload: "+rep.Broken[0]))
}
