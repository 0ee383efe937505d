package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"chronos.dev/api/wire"
	"chronos.dev/client"

	"github.com/spf13/cobra"
)

// ask calls the API and gives every failure its exit code.
func ask(c *cobra.Command, g *globals, path string) ([]byte, error) {
	if g.timeout <= 0 {
		return nil, exit(exitUsage, fmt.Errorf("--timeout %v: want a duration such as 10s", g.timeout))
	}
	cl, err := client.New(g.url)
	if err != nil {
		return nil, exit(exitUsage, err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(c.Context(), g.timeout)
	defer cancel()
	body, err := cl.Raw(ctx, path)
	p := client.AsProblem(err)
	switch {
	case p != nil && p.Code == "":
		return nil, exit(exitNetwork,
			fmt.Errorf("%s answered with status %d, but not as Chronos does", g.url, p.Status))
	case p != nil:
		return nil, exit(exitProblem, problemError(&p.Problem))
	case err != nil:
		return nil, exit(exitNetwork, fmt.Errorf("no answer from %s: %w; chronos serve --dev starts a server, "+
			"and --url or CHRONOS_URL chooses another", g.url, reason(err)))
	}
	return body, nil
}

// reason is what went wrong with a request, without the address, which is long.
func reason(err error) error {
	if op := (*url.Error)(nil); errors.As(err, &op) {
		return op.Err
	}
	return err
}

// one is for commands that want one argument.
func one(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return fmt.Errorf("want one argument: %s", what)
		}
		return nil
	}
}

// problemError says what the API had to say.
func problemError(p *wire.Problem) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", p.Code, p.Title)
	if p.Detail != "" {
		fmt.Fprintf(&b, ": %s", p.Detail)
	}
	for _, e := range p.Errors {
		fmt.Fprintf(&b, "\n  %s %s: %s", e.Pointer, e.Code, e.Detail)
	}
	if p.Reason != "" {
		fmt.Fprintf(&b, "\n  reason: %s", p.Reason)
	}
	for _, e := range p.Explain {
		fmt.Fprintf(&b, "\n  %s %s: %s", e.Venue, e.Market, e.Why)
	}
	if p.MaxSellAmount != "" {
		fmt.Fprintf(&b, "\n  at most: sell %s for %s", p.MaxSellAmount, p.BuyAmountAtMax)
	}
	for _, s := range p.Stale {
		fmt.Fprintf(&b, "\n  stale: %s %s", s.Venue, s.Market)
	}
	return errors.New(b.String())
}

func newPrice(g *globals) *cobra.Command {
	var o order
	c := &cobra.Command{
		Use:     "price --sell ASSET --buy ASSET (--sell-amount N | --buy-amount N)",
		Short:   "Ask the server for a price",
		Example: "  chronos price --sell BTC --buy USD --sell-amount 2.5",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			body, err := ask(c, g, o.path())
			if err != nil {
				return err
			}
			return printPrice(c.OutOrStdout(), g, body)
		},
	}
	o.flags(c)
	return c
}

func newRoutes(g *globals) *cobra.Command {
	var o order
	var paths int
	c := &cobra.Command{
		Use:     "routes --sell ASSET --buy ASSET (--sell-amount N | --buy-amount N)",
		Short:   "Ask the server for the best single paths, beside the price",
		Example: "  chronos routes --sell ETH --buy USD --sell-amount 20 --paths 3",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			body, err := ask(c, g, fmt.Sprintf("/v1/routes?%s&paths=%d", o.query().Encode(), paths))
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), g, body, printRoutes)
		},
	}
	o.flags(c)
	c.Flags().IntVar(&paths, "paths", 5, "how many, 1 to 5")
	return c
}

func printRoutes(t *tabwriter.Writer, r *wire.Routes) {
	fmt.Fprintln(t, "PATH\tSELL\tBUY\tBEHIND BPS\tFEES BPS\tSLIPPAGE BPS\tVENUES")
	o := &r.Optimum
	fmt.Fprintf(t, "best split\t%s %s\t%s %s\t0\t%s\t%s\t%s\n", o.SellAmount, r.SellAsset, o.BuyAmount, r.BuyAsset,
		o.FeeBps, orUnknown(o.SlippageBps), venuesOf(o.Routes))
	for _, p := range r.Data {
		fmt.Fprintf(t, "%s\t%s %s\t%s %s\t%s\t%s\t%s\t%s\n", strings.Join(p.Path, ">"), p.SellAmount, r.SellAsset,
			p.BuyAmount, r.BuyAsset, p.BehindBps, p.FeeBps, orUnknown(p.SlippageBps), venuesOf(p.Routes))
	}
	for _, p := range r.Tradeoffs {
		fmt.Fprintf(t, "tradeoff\t%s %s\t%s %s\t%s\t%s\t%s\t%s\n", p.SellAmount, r.SellAsset, p.BuyAmount, r.BuyAsset,
			thereIn(p.EstTimeMs), p.FeeBps, orUnknown(p.SlippageBps), venuesOf(p.Routes))
	}
	for _, v := range r.Venues {
		if v.RegretBps == nil {
			fmt.Fprintf(t, "without %s there is no plan\n", v.Venue)
		} else {
			fmt.Fprintf(t, "without %s: %s bps behind\n", v.Venue, *v.RegretBps)
		}
	}
	if o.Simulated {
		fmt.Fprintln(t, "(simulated)")
	}
}

// venuesOf lists the venues of routes, each once.
func venuesOf(routes []wire.Route) string {
	var names []string
	for _, r := range routes {
		for _, h := range r.Hops {
			names = append(names, h.Venue)
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}

func newBook(g *globals) *cobra.Command {
	var depth int
	c := &cobra.Command{
		Use:   "book MARKET",
		Short: "Show the consolidated book of a market, such as BTC-USD",
		Args:  one("a market, such as BTC-USD"),
		RunE: func(c *cobra.Command, args []string) error {
			body, err := ask(c, g, fmt.Sprintf("/v1/book/%s?depth=%d", escape(args[0]), depth))
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), g, body, printBook)
		},
	}
	c.Flags().IntVar(&depth, "depth", 10, "levels a side")
	return c
}

func newVenues(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "venues", Short: "List the venues and the state of their markets", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			body, err := ask(c, g, "/v1/markets")
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), g, body, printMarkets)
		},
	}
}

// show prints an answer as it came, or as a table.
func show[T any](w io.Writer, g *globals, body []byte, table func(*tabwriter.Writer, *T)) error {
	if g.output == "json" {
		_, err := fmt.Fprintf(w, "%s\n", strings.TrimSpace(string(body)))
		return err
	}
	v := new(T)
	if err := json.Unmarshal(body, v); err != nil {
		return exit(exitNetwork, fmt.Errorf("the answer is not what was expected: %w", err))
	}
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	table(tw, v)
	return tw.Flush()
}

func printPrice(w io.Writer, g *globals, body []byte) error {
	return show(w, g, body, func(t *tabwriter.Writer, p *wire.Price) {
		note := ""
		if p.Simulated {
			note = "  (simulated)"
		}
		fmt.Fprintf(t, "sell %s %s, receive %s %s%s\n", p.SellAmount, p.SellAsset, p.BuyAmount, p.BuyAsset, note)
		fmt.Fprintf(t, "rate %s, fees %s bps, slippage %s bps, %s\n", p.Rate, p.FeeBps, orUnknown(p.SlippageBps),
			thereIn(p.EstTimeMs))
		bound := "no plan can give more than " + p.Certificate.UpperBoundBuyAmount
		if p.Certificate.LowerBoundSellAmount != "" {
			bound = "no plan can cost less than " + p.Certificate.LowerBoundSellAmount
		}
		fmt.Fprintf(t, "%s: %s (gap %s bps)\n", p.Status, bound, orUnknown(p.Certificate.GapBps))
		fmt.Fprintln(t, "SHARE\tHOP\tVENUE\tMARKET\tSIDE\tSELL\tBUY\tAVG PRICE\tTIER")
		for _, r := range p.Routes {
			for i, h := range r.Hops {
				tier := ""
				if h.Tier != nil && h.TierIndex != nil {
					tier = tierName(*h.Tier, *h.TierIndex)
				}
				fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s %s\t%s %s\t%s\t%s\n", r.Share, i+1, h.Venue, h.Market, h.Side,
					h.SellAmount, h.SellAsset, h.BuyAmount, h.BuyAsset, orUnknown(h.AvgPrice), tier)
			}
		}
		for _, l := range p.LeftOut {
			fmt.Fprintf(t, "left out: %s %s: %s\n", l.Venue, l.Market, l.Reason)
		}
	})
}

// thereIn says when all that was bought is there.
func thereIn(ms *int64) string {
	if ms == nil {
		return "no settlement time known"
	}
	return fmt.Sprint("all there in ", time.Duration(*ms)*time.Millisecond)
}

func printBook(t *tabwriter.Writer, b *wire.Book) {
	fmt.Fprintf(t, "%s\t\t\t\n", b.Market)
	fmt.Fprintln(t, "SIDE\tPRICE\tSIZE\tVENUE")
	for i := len(b.Asks) - 1; i >= 0; i-- {
		fmt.Fprintf(t, "ask\t%s\t%s\t%s\n", b.Asks[i].Price, b.Asks[i].Size, b.Asks[i].Venue)
	}
	for _, l := range b.Bids {
		fmt.Fprintf(t, "bid\t%s\t%s\t%s\n", l.Price, l.Size, l.Venue)
	}
	for _, l := range b.LeftOut {
		fmt.Fprintf(t, "left out\t%s\t%s\t\n", l.Venue, l.Reason)
	}
}

func printMarkets(t *tabwriter.Writer, m *wire.Markets) {
	fmt.Fprintln(t, "VENUE\tMARKET\tSTATE\tTAKER FEE BPS\tREASON")
	for _, k := range m.Data {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", k.Venue, k.Market, k.State, orUnknown(k.TakerFeeBps), k.Reason)
	}
}

func orUnknown(s *string) string {
	if s == nil {
		return "unknown"
	}
	return *s
}
