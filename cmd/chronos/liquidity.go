package main

import (
	"fmt"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"chronos.dev/api/wire"

	"github.com/spf13/cobra"
)

func newLiquidity(g *globals) *cobra.Command {
	var asset, provider string
	c := &cobra.Command{
		Use:     "liquidity [--asset ASSET] [--provider NAME]",
		Short:   "Show what treasury providers offer, tier by tier",
		Example: "  chronos liquidity --asset BTC",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			q := url.Values{}
			for name, v := range map[string]string{"asset": asset, "provider": provider} {
				if v != "" {
					q.Set(name, v)
				}
			}
			path := "/v1/liquidity"
			if len(q) > 0 {
				path += "?" + q.Encode()
			}
			body, err := ask(c, g, path)
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), g, body, printLiquidity)
		},
	}
	f := c.Flags()
	f.StringVar(&asset, "asset", "", "only pairs with this asset, such as BTC")
	f.StringVar(&provider, "provider", "", "only this provider")
	return c
}

func printLiquidity(t *tabwriter.Writer, l *wire.Liquidity) {
	fmt.Fprintln(t, "PROVIDER\tMARKET\tSIDE\tTIER\tMIN\tMAX\tPRICE\tMODE\tFEE BPS\tFIXED FEE\tSETTLES IN\tSTATE")
	for i := range l.Data {
		o := &l.Data[i]
		printTiers(t, o, "sell", o.Sell)
		printTiers(t, o, "buy", o.Buy)
		if len(o.Sell)+len(o.Buy) == 0 {
			fmt.Fprintf(t, "%s\t%s\t-\t-\t-\t-\t-\t-\t-\t-\t-\t%s\n", o.Provider, o.Market, stateOf(&o.Standing))
		}
	}
}

func printTiers(t *tabwriter.Writer, o *wire.Offer, side string, tiers []wire.Tier) {
	for i := range tiers {
		k := &tiers[i]
		price, fixed := k.SpreadBps+" bps off "+k.Reference, "-"
		if k.Price != nil {
			price = *k.Price
		}
		if k.FixedFee != nil {
			fixed = k.FixedFee.Amount + " " + k.FixedFee.Asset
		}
		state := stateOf(&o.Standing)
		if k.Reason != "" {
			state = "left out: " + k.Reason
		}
		fmt.Fprintln(t, strings.Join([]string{
			o.Provider, o.Market, side, tierName(k.Name, i), k.Min, k.Max, price, k.Mode, k.FeeBps, fixed,
			(time.Duration(k.SettlementMs) * time.Millisecond).String(), state,
		}, "\t"))
	}
}

// tierName is what a tier without name is called by: its place.
func tierName(name string, i int) string {
	if name == "" {
		return fmt.Sprint("#", i)
	}
	return name
}

// stateOf says how an offer stands, and why it is not used.
func stateOf(s *wire.Standing) string {
	if s.Usable || s.Reason == "" {
		return s.State
	}
	return s.State + ": " + s.Reason
}

func newProviders(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "providers", Short: "List the treasury providers and how their offers stand", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			body, err := ask(c, g, "/v1/providers")
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), g, body, printProviders)
		},
	}
}

func printProviders(t *tabwriter.Writer, p *wire.Providers) {
	fmt.Fprintln(t, "PROVIDER\tMARKET\tCUSTODY\tUSABLE\tAGE\tVALID UNTIL\tREASON")
	for _, v := range p.Data {
		for _, o := range v.Pairs {
			age := "unknown"
			if o.AgeMs != nil {
				age = fmt.Sprint(*o.AgeMs, " ms")
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%t\t%s\t%s\t%s\n", v.Name, o.Market, orUnknown(o.CustodyStatus), o.Usable, age,
				orUnknown(o.ValidUntil), o.Reason)
		}
	}
}
