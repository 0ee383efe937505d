package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"chronos.dev/api"
	"chronos.dev/dump"
	"chronos.dev/engine"

	"github.com/spf13/cobra"
)

// order is what a price is asked for, as flags.
type order struct {
	sell, buy             string
	sellAmount, buyAmount string
	maxHops               int
	only, exclude         []string
	strategy              string
	maxSettle             time.Duration
}

func (o *order) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.sell, "sell", "", "asset to give, such as BTC")
	f.StringVar(&o.buy, "buy", "", "asset to receive, such as USD")
	f.StringVar(&o.sellAmount, "sell-amount", "", "give exactly this much")
	f.StringVar(&o.buyAmount, "buy-amount", "", "receive exactly this much")
	f.IntVar(&o.maxHops, "max-hops", 0, "most hops of a path, 1 to 3 (0: the server's)")
	f.StringSliceVar(&o.only, "only-venues", nil, "use no other venues than these")
	f.StringSliceVar(&o.exclude, "exclude-venues", nil, "use none of these venues")
	f.StringVar(&o.strategy, "strategy", "", "cheapest, balanced or fast (default cheapest)")
	f.DurationVar(&o.maxSettle, "max-settlement", 0, "use nothing that settles later, such as 10m (0: no limit)")
	c.MarkFlagsOneRequired("sell-amount", "buy-amount")
	c.MarkFlagsMutuallyExclusive("sell-amount", "buy-amount")
	for _, name := range []string{"sell", "buy"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
}

func newRoute(g *globals) *cobra.Command {
	var o order
	var file string
	c := &cobra.Command{
		Use:   "route --market FILE --sell ASSET --buy ASSET (--sell-amount N | --buy-amount N)",
		Short: "Price an order on a market in a file, without a server",
		Example: "  chronos route --market market.json --sell ETH --buy BTC --sell-amount 5\n" +
			"  curl -s 127.0.0.1:8081/v1/snapshot | chronos route --market - --sell ETH --buy BTC --buy-amount 0.2",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			body, err := routeFile(file, &o)
			if err != nil {
				return err
			}
			return printPrice(c.OutOrStdout(), g, body)
		},
	}
	o.flags(c)
	c.Flags().StringVar(&file, "market", "", "book dump, as the admin listener's /v1/snapshot writes it, or -")
	if err := c.MarkFlagRequired("market"); err != nil {
		panic(err)
	}
	return c
}

// routeFile prices o on the market in a file, as of the moment of the file.
func routeFile(file string, o *order) ([]byte, error) {
	d, err := readDump(file)
	if err != nil {
		return nil, exit(exitUsage, err)
	}
	e, err := d.Engine()
	if err != nil {
		return nil, exit(exitUsage, err)
	}
	if o.maxHops < 0 || o.maxHops > e.MaxHops() {
		return nil, exit(exitUsage, fmt.Errorf("--max-hops %d: want 1 to %d", o.maxHops, e.MaxHops()))
	}
	req := engine.Request{Sell: o.sell, Buy: o.buy, MaxHops: o.maxHops, Only: o.only, Exclude: o.exclude}
	if req.MaxSettle = o.maxSettle; o.strategy != "" {
		if req.Preset, err = engine.ParsePreset(o.strategy); err != nil {
			return nil, exit(exitUsage, err)
		}
	}
	if o.maxSettle < 0 {
		return nil, exit(exitUsage, fmt.Errorf("--max-settlement %v is negative", o.maxSettle))
	}
	for _, name := range append(slices.Clone(o.only), o.exclude...) {
		if !e.KnowsVenue(name) {
			return nil, exit(exitUsage, fmt.Errorf("%s has no venue %q", file, name))
		}
	}
	if o.sell == o.buy {
		return nil, exit(exitUsage, fmt.Errorf("--sell and --buy are both %s", o.sell))
	}
	asset, text, amount := o.sell, o.sellAmount, &req.In
	if o.buyAmount != "" {
		asset, text, amount = o.buy, o.buyAmount, &req.Out
	}
	a, ok := e.Asset(asset)
	if !ok {
		err := &engine.UnknownAssetError{Symbol: asset}
		return nil, exit(exitProblem, problemError(api.ProblemOf(e, req, err)))
	}
	if *amount, err = api.ParseAmount(text, a); err != nil {
		return nil, exit(exitUsage, fmt.Errorf("amount %q: %w", text, err))
	}
	now := d.AsOf.UnixNano()
	p, err := api.Indicate(e, req, now)
	if err != nil {
		return nil, exit(exitProblem, problemError(api.ProblemOf(e, req, err)))
	}
	return api.AppendPrice(nil, p, api.Meta{Source: "file"}), nil
}

func readDump(file string) (*dump.Dump, error) {
	var r io.Reader = os.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	d, err := dump.Read(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return d, nil
}
