package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"chronos.dev/verify"

	"github.com/spf13/cobra"
)

// asked are the flags by which a customer says what he asked for.
type asked struct {
	request       verify.Request
	only, exclude []string
	maxSettle     time.Duration
	maxSettleMs   int64
}

func (a *asked) flags(c *cobra.Command) {
	f, r := c.Flags(), &a.request
	f.StringVar(&r.SellAsset, "sell", "", "asset that was to be given, such as BTC")
	f.StringVar(&r.BuyAsset, "buy", "", "asset that was to be received, such as USD")
	f.StringVar(&r.SellAmount, "sell-amount", "", "exactly this much was to be given")
	f.StringVar(&r.BuyAmount, "buy-amount", "", "exactly this much was to be received")
	f.IntVar(&r.MaxHops, "max-hops", 0, "most hops of a path that were asked for (0: as the quote says)")
	f.StringSliceVar(&a.only, "only-venues", nil, "no other venues than these were to be used")
	f.StringSliceVar(&a.exclude, "exclude-venues", nil, "none of these venues were to be used (\"\": all were)")
	f.DurationVar(&a.maxSettle, "max-settlement", 0,
		"nothing that settles later was to be used, such as 10m (0: all was)")
	f.Int64Var(&a.maxSettleMs, "max-settlement-ms", 0, "")
	_ = f.MarkHidden("max-settlement-ms") // the name until 0.1.0
	c.MarkFlagsMutuallyExclusive("max-settlement", "max-settlement-ms")
	c.MarkFlagsMutuallyExclusive("sell-amount", "buy-amount")
}

// read makes the request of the flags that were given.
func (a *asked) read(c *cobra.Command) *verify.Request {
	f, r := c.Flags(), &a.request
	if f.Changed("only-venues") || f.Changed("exclude-venues") {
		r.Venues = &verify.Venues{Only: a.only, Exclude: a.exclude}
	}
	if f.Changed("max-settlement") {
		a.maxSettleMs = int64(a.maxSettle / time.Millisecond)
	}
	if f.Changed("max-settlement") || f.Changed("max-settlement-ms") {
		r.MaxSettle = &a.maxSettleMs
	}
	return r
}

func newVerify(g *globals) *cobra.Command {
	var file string
	var a asked
	c := &cobra.Command{
		Use:   "verify --market FILE QUOTE.json",
		Short: "Check a price against the books it was made of; exit 1 says what is wrong",
		Long: "Verify reads the books and a price, and believes nothing else: it fills the routes from the levels\n" +
			"of the books and forms the bound again from the node prices, with big integers and none of the\n" +
			"router's code.\n" +
			"A bound over fewer books or shorter paths is easier to meet. The other flags say what was asked for,\n" +
			"and the price must say the same; what they leave open is taken from the price, and printed.\n" +
			"Either file may be -, for standard input.",
		Example: "  chronos route --market market.json --sell ETH --buy BTC --sell-amount 5 -o json > quote.json\n" +
			"  chronos verify --market market.json --sell ETH --buy BTC --sell-amount 5 --max-hops 3 quote.json",
		Args: one("the file of a price, as chronos price -o json writes it"),
		RunE: func(c *cobra.Command, args []string) error {
			market, err := readInput(file)
			if err != nil {
				return exit(exitUsage, err)
			}
			quote, err := readInput(args[0])
			if err != nil {
				return exit(exitUsage, err)
			}
			r := a.read(c)
			report := verify.Check(market, quote, r)
			if len(report.Failures) == 0 {
				if !g.quiet {
					printVerified(c.OutOrStdout(), r, report)
				}
				return nil
			}
			var lines []string
			for _, f := range report.Failures {
				lines = append(lines, f.Error())
			}
			return exit(exitFailed, errors.New("refused: "+strings.Join(lines, "\n  ")))
		},
	}
	a.flags(c)
	c.Flags().StringVar(&file, "market", "", "book dump, as the admin listener's /v1/snapshot writes it, or -")
	if err := c.MarkFlagRequired("market"); err != nil {
		panic(err)
	}
	return c
}

// printVerified says what was verified, and what of it is the quote's own word.
func printVerified(w io.Writer, r *verify.Request, report *verify.Report) {
	fmt.Fprintln(w, "verified: the books fill it, and no plan can beat its bound")
	s := &report.Scope
	if r.MaxHops == 0 {
		fmt.Fprintf(w, "  max_hops %d, as the quote says\n", s.MaxHops)
	}
	if r.Venues == nil {
		venues := "none"
		if len(s.Excluded) > 0 {
			venues = strings.Join(s.Excluded, ", ")
		}
		fmt.Fprintf(w, "  venues_excluded %s, as the quote says\n", venues)
	}
	if r.MaxSettle == nil {
		limit := "none"
		if s.MaxSettle != nil {
			limit = fmt.Sprint(*s.MaxSettle)
		}
		fmt.Fprintf(w, "  max_settlement_ms %s, as the quote says\n", limit)
	}
}

// readInput reads a file, or standard input for -, that is not too large.
func readInput(name string) ([]byte, error) {
	var r io.Reader = os.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, verify.MaxBytes+1))
	if err == nil && len(b) > verify.MaxBytes {
		err = fmt.Errorf("%s: more than %d bytes", name, verify.MaxBytes)
	}
	return b, err
}
