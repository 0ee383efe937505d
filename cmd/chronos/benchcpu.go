package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"chronos.dev/bench"
	"chronos.dev/bench/load"
	"chronos.dev/bench/meter"

	"github.com/spf13/cobra"
	"github.com/valyala/fasthttp"
)

// cpuRounds is how often the servers take turns.
const cpuRounds = 3

func newBenchCPU(g *globals) *cobra.Command {
	f := newCPUFlags(1)
	c := &cobra.Command{
		Use:   "cpu",
		Short: "Processor time of one price over HTTP, beside servers that only say hello",
		Long: "CPU asks three servers, each a process of its own, at the same constant rate, in turn, again and\n" +
			"again: chronos with its simulated feed, bare fasthttp and bare net/http. What counts is processor\n" +
			"time of the server for one answer, as the kernel accounts it in steps of 10 ms; what chronos uses\n" +
			"for its feed while nobody asks is taken off. Needs /proc.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.check(g); err != nil {
				return exit(exitUsage, err)
			}
			rep, err := f.processor(c.Context(), g.timeout)
			if err != nil {
				return err
			}
			return writeReport(c, g, rep)
		},
	}
	fl := c.Flags()
	fl.Float64Var(&f.Rate, "rate", f.Rate, "requests a second")
	fl.DurationVar(&f.Duration, "duration", f.Duration, "of each round")
	fl.Uint64Var(&f.seed, "seed", f.seed, "seed of the orders, and of the simulator")
	return c
}

// newCPUFlags are those of bench cpu.
func newCPUFlags(seed uint64) *httpFlags {
	return &httpFlags{
		Options: load.Options{Rate: 5000, Duration: 2 * time.Second, Connections: 32},
		sell:    "BTC", buy: "USD", amount: "2.5", vary: 0.5, feedRate: 500, seed: seed,
	}
}

// processor measures the three servers.
func (f *httpFlags) processor(ctx context.Context, timeout time.Duration) (*bench.EngineReport, error) {
	paths, err := f.paths()
	if err != nil {
		return nil, exit(exitUsage, err)
	}
	f.Timeout = timeout
	var costs []*cost
	defer func() {
		for _, c := range costs {
			c.server.end()
		}
	}()
	for _, kind := range []string{"chronos", "fasthttp", "net/http"} {
		c := &cost{kind: kind, paths: []string{"/"}}
		if kind == "chronos" {
			c.paths = paths
			c.server, err = startOwn(ctx, f.feedRate, f.seed, f.Connections)
		} else {
			c.server, err = startSelf(ctx, "bench", "bare", "--kind", kind)
		}
		if err != nil {
			return nil, err
		}
		costs = append(costs, c)
	}
	defer meter.OneMore()()
	for range cpuRounds {
		for _, c := range costs {
			if err := c.round(ctx, f.Options); err != nil {
				return nil, err
			}
		}
	}
	return summary(costs, f), nil
}

// summary is the least of the rounds of each, and chronos by the others.
func summary(costs []*cost, f *httpFlags) *bench.EngineReport {
	fig := bench.Figure{
		Name: "http/price", NS: slices.Min(costs[0].ns),
		What: fmt.Sprintf("processor time of a price at %.0f/s", f.Rate),
	}
	slices.Sort(costs[0].ns)
	fig.Spread = costs[0].ns[cpuRounds/2] / fig.NS
	for i, target := range []float64{1 / 0.75, 1 / 1.5} {
		c := costs[i+1]
		ns := slices.Min(c.ns)
		r := bench.Ratio{Baseline: c.kind + " hello", NS: ns, Ratio: fig.NS / ns, Target: target}
		r.OK = r.Ratio <= target
		fig.Ratios = append(fig.Ratios, r)
	}
	return &bench.EngineReport{
		Target: "cpu", Rounds: cpuRounds, Seed: f.seed, Machine: meter.ThisMachine(), Figures: []bench.Figure{fig},
	}
}

// cost is what a server's answers cost.
type cost struct {
	kind   string
	server *own
	paths  []string
	ns     []float64 // of an answer, by round
}

// round measures the server idle and asked.
func (c *cost) round(ctx context.Context, o load.Options) error {
	pid := c.server.cmd.Process.Pid
	o.Addr = strings.TrimPrefix(c.server.base, "http://")
	o.Host, o.Paths = o.Addr, c.paths
	before, err := processorOf(pid)
	if err != nil {
		return exit(exitStart, err)
	}
	begin := time.Now()
	time.Sleep(o.Duration / 2)
	idle, _ := processorOf(pid)
	rest := float64(idle-before) / float64(time.Since(begin))
	begin = time.Now()
	r, err := load.Run(ctx, o)
	if err != nil {
		return exit(exitNetwork, err)
	}
	if r.Failed() > 0 || r.OK == 0 {
		return exit(exitFailed, fmt.Errorf("%s: %d answers, errors %v", c.kind, r.OK, r.Errors))
	}
	after, err := processorOf(pid)
	if err != nil {
		return exit(exitStart, err)
	}
	c.ns = append(c.ns, max(float64(after-idle)-rest*float64(time.Since(begin)), 1)/float64(r.OK))
	return nil
}

// tick is what the kernel accounts processor time in.
const tick = 10 * time.Millisecond

// processorOf returns how long a process has had a processor.
func processorOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name of the program may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, text)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// newBenchBare is a server that says hello, for bench cpu.
func newBenchBare() *cobra.Command {
	var kind string
	c := &cobra.Command{
		Use: "bare", Short: "A server that says hello", Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return exit(exitStart, err)
			}
			go func() {
				<-c.Context().Done()
				ln.Close()
			}()
			fmt.Fprintf(c.ErrOrStderr(), "  api http://%s/v1\nready in 0s\n", ln.Addr())
			const hello = "Hello, World!"
			if kind == "fasthttp" {
				err = fasthttp.Serve(ln, func(ctx *fasthttp.RequestCtx) { ctx.SetBodyString(hello) })
			} else {
				say := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, hello) }
				s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(say)}
				err = s.Serve(ln)
			}
			if c.Context().Err() != nil {
				return nil
			}
			return err
		},
	}
	c.Flags().StringVar(&kind, "kind", "fasthttp", "fasthttp or net/http")
	return c
}
