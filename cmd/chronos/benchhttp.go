package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"chronos.dev/api/wire"
	"chronos.dev/bench/load"
	"chronos.dev/bench/meter"
	"chronos.dev/client"

	"github.com/spf13/cobra"
)

// httpFlags are the flags of bench http.
type httpFlags struct {
	load.Options
	slo               string
	sell, buy, amount string
	orders            []string
	vary              float64
	seed              uint64
	feedRate          int
	hgrm              string
	overload          bool
}

func newBenchHTTP(g *globals) *cobra.Command {
	var f httpFlags
	c := &cobra.Command{
		Use:   "http",
		Short: "Ask for prices over HTTP at a constant rate",
		Long: "HTTP asks a server for prices at a constant rate, whether or not earlier answers have come, and\n" +
			"counts latency from the scheduled time. The sender spins on a processor of its own and says how\n" +
			"late it was itself; a run in which that matters is marked void. Every status is checked, and a\n" +
			"sample of bodies. Without --url (or CHRONOS_URL) it starts a server of its own, fed by the simulator\n" +
			"through the embedded Kafka; yours wants --set http.rate_limit=0. Exit code 1: an objective is missed.\n" +
			"With --overload it measures what the server can do, then asks for half, three times and half of it:\n" +
			"whoever is admitted should be answered, the others told to come back, and all be well in a second.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.overload {
				return f.over(c, g)
			}
			rep, kept, err := f.run(c, g)
			if err != nil {
				return err
			}
			return errors.Join(writeReport(c, g, rep), missed(kept))
		},
	}
	f.flags(c)
	return c
}

func (f *httpFlags) flags(c *cobra.Command) {
	fl := c.Flags()
	fl.Float64Var(&f.Rate, "rate", 2000, "requests a second")
	fl.DurationVar(&f.Duration, "duration", 10*time.Second, "how long requests are sent")
	fl.IntVar(&f.Connections, "connections", 32, "connections, one request at a time on each")
	fl.StringVar(&f.slo, "slo", "", "objectives, such as p99=100ms,errors=0")
	fl.StringVar(&f.sell, "sell", "BTC", "asset to sell")
	fl.StringVar(&f.buy, "buy", "USD", "asset to buy")
	fl.StringVar(&f.amount, "sell-amount", "2.5", "mean amount to sell")
	fl.StringSliceVar(&f.orders, "order", nil,
		"SELL:BUY:AMOUNT in place of the three; may be repeated, each is as likely")
	fl.Float64Var(&f.vary, "vary", 0.5,
		"share by which amounts differ from their mean, 0 to 0.9; 0 asks the same again and again")
	fl.Uint64Var(&f.seed, "seed", 1, "seed of the orders, and of the simulator")
	fl.IntVar(&f.feedRate, "feed-rate", 2000, "changes of books a second, of a server that is started here")
	fl.BoolVar(&f.overload, "overload", false, "ask for three times what the server can do")
	fl.StringVar(&f.hgrm, "hgrm", "", "file for the whole distribution, as HdrHistogram's plotters read it")
}

// check refuses what cannot be run.
func (f *httpFlags) check(g *globals) error {
	switch {
	case !(f.Rate >= 0.1 && f.Rate <= 1e6) || f.Duration < time.Millisecond || f.Duration > 24*time.Hour ||
		f.Rate*f.Duration.Seconds() < 1 || f.Rate*f.Duration.Seconds() > load.MaxRequests:
		return fmt.Errorf("--rate %v --duration %v: want 1 to %d requests, 0.1 to 1000000 a second, in a day at most",
			f.Rate, f.Duration, load.MaxRequests)
	case f.Connections < 1 || f.Connections > load.MaxConnections:
		return fmt.Errorf("--connections %d: want 1 to %d", f.Connections, load.MaxConnections)
	case !(f.vary >= 0 && f.vary <= 0.9):
		return fmt.Errorf("--vary %v: want 0 to 0.9", f.vary)
	case f.feedRate < 1 || f.feedRate > 100_000:
		return fmt.Errorf("--feed-rate %d: want 1 to 100000", f.feedRate)
	case g.timeout <= 0:
		return fmt.Errorf("--timeout %v: want a duration such as 10s", g.timeout)
	}
	return nil
}

func (f *httpFlags) run(c *cobra.Command, g *globals) (*load.Report, bool, error) {
	slo, err := meter.ParseObjectives(f.slo)
	if err = errors.Join(f.check(g), err); err != nil {
		return nil, false, exit(exitUsage, err)
	}
	if f.Paths, err = f.paths(); err != nil {
		return nil, false, exit(exitUsage, err)
	}
	f.Timeout, f.Check = g.timeout, checkBody
	base, feed, end, err := f.serverOf(c, g)
	if err != nil {
		return nil, false, err
	}
	defer end()
	return f.measure(c, base, feed, slo, c.ErrOrStderr(), g.quiet)
}

// serverOf is the server to ask, one of our own unless another is named, and what
// feeds it.
func (f *httpFlags) serverOf(c *cobra.Command, g *globals) (base, feed string, end func(), err error) {
	if c.Flags().Changed("url") || os.Getenv("CHRONOS_URL") != "" {
		return g.url, "of the server", func() {}, nil
	}
	own, err := startOwn(c.Context(), f.feedRate, f.seed, f.Connections)
	if err != nil {
		return "", "", nil, err
	}
	return own.base, fmt.Sprintf("simulated, %d changes of books a second", f.feedRate), own.end, nil
}

// measure asks the server at base.
func (f *httpFlags) measure(
	c *cobra.Command, base, feed string, slo []meter.Objective, talk io.Writer, quiet bool,
) (*load.Report, bool, error) {
	graph, err := sizeOf(c.Context(), base)
	if err != nil {
		return nil, false, exit(exitNetwork, err)
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" {
		return nil, false, exit(exitUsage, fmt.Errorf("--url %q: want one like http://127.0.0.1:8080", base))
	}
	if f.Addr, f.Host = u.Host, u.Host; u.Port() == "" {
		f.Addr += ":80"
	}
	if !quiet && isTerminal(talk) {
		b := newBar(talk, int(f.Rate*f.Duration.Seconds()))
		f.Progress = b.set
		defer b.done()
	}
	defer meter.OneMore()()
	r, err := load.Run(c.Context(), f.Options)
	if err != nil {
		return nil, false, exit(exitNetwork, err)
	}
	rep, kept := load.NewReport(&f.Options, r, slo)
	rep.URL, rep.Seed, rep.Graph, rep.Feed = base, f.seed, graph, feed
	return rep, kept, f.write(r)
}

// write writes the whole distribution, if wanted.
func (f *httpFlags) write(r *load.Result) error {
	if f.hgrm == "" {
		return nil
	}
	file, err := os.Create(f.hgrm)
	if err != nil {
		return exit(exitUsage, err)
	}
	return errors.Join(r.Latency.WriteHgrm(file), file.Close())
}

// variants is how many different requests a run has at most.
const variants = 4096

// paths draws the requests: orders and amounts at random, so that no answer can be
// that of the request before.
func (f *httpFlags) paths() (all []string, err error) {
	orders := f.orders
	if len(orders) == 0 {
		orders = []string{f.sell + ":" + f.buy + ":" + f.amount}
	}
	r := rand.New(rand.NewPCG(f.seed, 2))
	for range variants {
		text := orders[r.IntN(len(orders))]
		part := strings.Split(text, ":")
		if len(part) != 3 {
			return nil, fmt.Errorf("--order %q: want SELL:BUY:AMOUNT, such as BTC:USD:2.5", text)
		}
		amount, err := strconv.ParseFloat(part[2], 64)
		if err != nil || !(amount > 0 && amount < 1e15) {
			return nil, fmt.Errorf("amount %q: want a number above 0", part[2])
		}
		digits := part[2]
		if f.vary > 0 {
			_, fraction, _ := strings.Cut(part[2], ".")
			digits = strconv.FormatFloat(amount*(1+f.vary*(2*r.Float64()-1)), 'f', max(len(fraction), 2), 64)
		}
		q := url.Values{"sell_asset": {part[0]}, "buy_asset": {part[1]}, "sell_amount": {digits}}
		all = append(all, "/v1/price?"+q.Encode())
	}
	return all, nil
}

// checkBody refuses what is no price with its certificate.
func checkBody(body []byte) error {
	var p wire.Price
	if err := json.Unmarshal(body, &p); err != nil {
		return err
	}
	switch {
	case p.Kind != "indicative":
		return fmt.Errorf("kind %q, want indicative", p.Kind)
	case p.SellAmount == "" || p.BuyAmount == "" || len(p.Routes) == 0:
		return errors.New("no amounts or no routes")
	case p.Certificate.Method == "" || p.Certificate.BoundUnits == "" ||
		p.Certificate.NodePrices == nil && len(p.Certificate.Leaves) == 0:
		return errors.New("no certificate")
	}
	return nil
}

// sizeOf asks how large the market of a server is.
func sizeOf(ctx context.Context, base string) (g load.Graph, err error) {
	cl, err := client.New(base)
	if err != nil {
		return g, err
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	assets, err := cl.Assets(ctx)
	if err != nil {
		return g, err
	}
	markets, err := cl.Markets(ctx)
	if err != nil {
		return g, err
	}
	return load.Graph{Assets: len(assets.Data), Markets: len(markets.Data)}, nil
}
