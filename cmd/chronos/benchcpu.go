package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
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
const cpuRounds = 5

func newBenchCPU(g *globals) *cobra.Command {
	f := newCPUFlags(1)
	c := &cobra.Command{
		Use:   "cpu",
		Short: "Processor time of one price over HTTP, beside servers that only say hello",
		Long: "CPU asks three servers, each a process of its own, at the same constant rate, in turn, again and\n" +
			"again: chronos with its simulated feed, bare fasthttp and bare net/http. What counts is processor\n" +
			"time of the server for one answer, as the kernel accounts it; what chronos uses for its feed while\n" +
			"nobody asks is taken off. Chronos is asked by many requests at once too, and for batches. Needs /proc.",
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
		for _, c := range costs[:min(len(costs), 3)] { // the others share theirs
			c.server.end()
		}
	}()
	for _, kind := range []string{"chronos", "fasthttp", "net/http"} {
		c := &cost{kind: kind, Options: f.Options}
		if c.Paths = []string{"/"}; kind == "chronos" {
			c.Paths = paths
			c.server, err = startOwn(ctx, f.feedRate, f.seed, f.Connections)
		} else {
			c.server, err = startSelf(ctx, "bench", "bare", "--kind", kind)
		}
		if err != nil {
			return nil, err
		}
		costs = append(costs, c)
	}
	costs = append(costs, costs[0].together(), costs[1].together(), costs[0].batch(paths))
	defer meter.OneMore()()
	for range cpuRounds {
		for _, c := range costs {
			if err := c.round(ctx); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range costs {
		c.settle(rests(costs, c))
	}
	return summary(costs, f), nil
}

// summary is the median of the rounds of each, and chronos by the others. Not the
// least: on a busy machine requests that pile up are cheaper, by luck.
func summary(costs []*cost, f *httpFlags) *bench.EngineReport {
	price, hello, old, piped, pipedHello, batch := costs[0], costs[1], costs[2], costs[3], costs[4], costs[5]
	return &bench.EngineReport{
		Target: "cpu", Rounds: cpuRounds, Seed: f.seed, Machine: meter.ThisMachine(), Figures: []bench.Figure{
			price.figure("http/price", fmt.Sprintf("processor time of a price at %.0f/s", f.Rate),
				hello.by("fasthttp hello", 1/0.75), old.by("net/http hello", 1/1.5)),
			piped.figure("http/pipelined", fmt.Sprintf("the same, %d requests at once", pipelined),
				price.by("one at a time", 1), pipedHello.by("fasthttp hello, pipelined", 0)),
			batch.figure(fmt.Sprintf("http/batch%d", batched), "the same, as an item of a batch",
				price.by("one at a time", 1.0/5), hello.by("fasthttp hello", 0)),
		},
	}
}

// What is sent together.
const (
	pipelined = 16
	batched   = 64
)

// cost is what a server's answers cost.
type cost struct {
	load.Options
	kind   string
	server *own
	each   int        // prices in an answer; 0: 1
	rounds []cpuRound // as measured
	ns     []float64  // of a price, by round
}

// cpuRound is what a server used in a round of so long, asked, and what share of a
// processor it used before, not asked.
type cpuRound struct {
	used, took time.Duration
	rest       float64
	answers    int64
}

// settle takes off what the server uses by itself. Of all rounds the least counts:
// what is more may be the rest of a start, and a price would seem to cost less.
func (c *cost) settle(rest float64) {
	for _, r := range c.rounds {
		used := max(float64(r.used)-rest*float64(r.took), 1)
		c.ns = append(c.ns, used/float64(r.answers*int64(max(c.each, 1))))
	}
}

// rests is the least that the server of c used when nobody asked.
func rests(costs []*cost, c *cost) float64 {
	least := math.Inf(1)
	for _, o := range costs {
		if o.server == c.server {
			for _, r := range o.rounds {
				least = min(least, r.rest)
			}
		}
	}
	return least
}

// together is c asked at the same rate, by many requests at once.
func (c *cost) together() *cost {
	p := &cost{kind: c.kind, server: c.server, Options: c.Options}
	p.Together, p.Rate = pipelined, c.Rate/pipelined
	return p
}

// batch is c asked for the same prices, many in a request, at four times the rate.
func (c *cost) batch(paths []string) *cost {
	b := &cost{kind: c.kind, server: c.server, Options: c.Options, each: batched}
	b.Rate = 4 * c.Rate / batched
	items := make([]string, batched)
	for i := range batched {
		items[i] = itemOf(paths[i%len(paths)])
		if i == batched-1 {
			body := `{"items":[` + strings.Join(items, ",") + `]}`
			b.Requests = append(b.Requests, fmt.Appendf(nil, "POST /v1/prices HTTP/1.1\r\nHost: bench\r\n"+
				"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
		}
	}
	return b
}

// itemOf is the item of a batch that asks what a path asks.
func itemOf(path string) string {
	_, query, _ := strings.Cut(path, "?")
	var members []string
	for _, part := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		members = append(members, strconv.Quote(name)+":"+strconv.Quote(value))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// figure is the median of the rounds, by those of others.
func (c *cost) figure(name, what string, by ...bench.Ratio) bench.Figure {
	f := bench.Figure{Name: name, NS: c.median(), What: what}
	f.Spread = f.NS / slices.Min(c.ns)
	for _, r := range by {
		r.Ratio = f.NS / r.NS
		r.OK = r.Target == 0 || r.Ratio <= r.Target
		f.Ratios = append(f.Ratios, r)
	}
	return f
}

// by is c to be held against.
func (c *cost) by(name string, target float64) bench.Ratio {
	return bench.Ratio{Baseline: name, NS: c.median(), Target: target}
}

func (c *cost) median() float64 {
	slices.Sort(c.ns)
	return c.ns[len(c.ns)/2]
}

// round measures the server idle and asked.
func (c *cost) round(ctx context.Context) error {
	pid := c.server.cmd.Process.Pid
	c.Addr = strings.TrimPrefix(c.server.base, "http://")
	c.Host = c.Addr
	before, err := processorOf(pid)
	if err != nil {
		return exit(exitStart, err)
	}
	begin := time.Now()
	time.Sleep(c.Duration / 2)
	idle, _ := processorOf(pid)
	rest := float64(idle-before) / float64(time.Since(begin))
	begin = time.Now()
	r, err := load.Run(ctx, c.Options)
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
	c.rounds = append(c.rounds, cpuRound{after - idle, time.Since(begin), rest, r.OK})
	return nil
}

// processorOf returns how long the threads of a process have had a processor. One
// that has ended is not counted; those of a Go program hardly ever end.
func processorOf(pid int) (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("process %d has no threads in /proc: %w", pid, os.ErrNotExist)
	}
	var sum time.Duration
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		used, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseInt(used, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %q", name, text)
		}
		sum += time.Duration(ns)
	}
	return sum, nil
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
