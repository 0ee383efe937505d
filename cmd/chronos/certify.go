package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"chronos.dev/verify"

	"github.com/spf13/cobra"
)

func newVerify(g *globals) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "verify --market FILE QUOTE.json",
		Short: "Check a price against the books it was made of; exit 1 says what is wrong",
		Long: "Verify reads the books and a price, and believes nothing else: it fills the routes from the levels\n" +
			"of the books and forms the bound again from the node prices, with big integers and none of the\n" +
			"router's code.\n" +
			"Either file may be -, for standard input.",
		Example: "  chronos route --market market.json --sell ETH --buy BTC --sell-amount 5 -o json > quote.json\n" +
			"  chronos verify --market market.json quote.json",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			market, err := readInput(file)
			if err != nil {
				return exit(exitUsage, err)
			}
			quote, err := readInput(args[0])
			if err != nil {
				return exit(exitUsage, err)
			}
			failures := verify.Verify(market, quote)
			if len(failures) == 0 {
				if !g.quiet {
					fmt.Fprintln(c.OutOrStdout(), "verified: the books fill it, and no plan can beat its bound")
				}
				return nil
			}
			var lines []string
			for _, f := range failures {
				lines = append(lines, f.Error())
			}
			return exit(exitFailed, errors.New("refused: "+strings.Join(lines, "\n  ")))
		},
	}
	c.Flags().StringVar(&file, "market", "", "book dump, as the admin listener's /v1/snapshot writes it, or -")
	if err := c.MarkFlagRequired("market"); err != nil {
		panic(err)
	}
	return c
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
