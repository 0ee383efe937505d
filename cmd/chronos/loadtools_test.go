package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// B-1 to B-3: other people's load generators with their thresholds, in short, and
// each of them fails where the answers are wrong.
func TestAcceptLoadTools(t *testing.T) {
	short := testing.Short()
	p := start(t, "--dev", "--set", "http.rate_limit=0")
	p.await(t, "ready in ")
	for _, tool := range []struct {
		name string
		args func(base string) []string
		code int // of a run that misses a threshold
	}{
		{"wrk", func(base string) []string {
			return []string{"wrk", "-t1", "-c4", "-d2s", "--latency", "-s", script("wrk/price.lua"), base}
		}, 1},
		{"vegeta", func(base string) []string { return []string{script("vegeta/price.sh"), base, "200", "2s"} }, 1},
		{"k6", func(base string) []string {
			return []string{"k6", "run", "-q", "-e", "H=" + base, "-e", "RATE=100", "-e", "DURATION=2s", script("k6/price.js")}
		}, 99},
	} {
		t.Run(tool.name, func(t *testing.T) {
			if _, err := exec.LookPath(tool.name); err != nil {
				t.Skipf("no %s on PATH: apt-get install wrk; go install github.com/tsenart/vegeta/v12@v12.13.0; "+
					"go install go.k6.io/k6@v1.8.1", tool.name)
			}
			if short {
				t.Skip("several seconds of load")
			}
			args := tool.args(p.api)
			out, err := runTool(args)
			for range 2 { // the thresholds are absolute, and other tests may have the processors
				if err != nil {
					out, err = runTool(args)
				}
			}
			if err != nil {
				t.Errorf("%v: %v\n%s", args, err, out)
			}
			args = tool.args(p.admin) // answers, but with no prices
			out, err = runTool(args)
			exit, _ := err.(*exec.ExitError)
			if exit == nil || exit.ExitCode() != tool.code {
				t.Errorf("%v, of a server without prices: %v, want exit %d\n%s", args, err, tool.code, out)
			}
		})
	}
}

func script(file string) string { return filepath.Join(root, "bench", file) }

func runTool(args []string) (string, error) {
	c := exec.Command(args[0], args[1:]...)
	c.Env = append(os.Environ(), "K6_NO_USAGE_REPORT=true")
	out, err := c.CombinedOutput()
	return string(out), err
}
