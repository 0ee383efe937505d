// Command chronos is the whole of Chronos in one binary: the server, the client,
// and the tools that check it. It wires, and decides nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is main with an exit code. The first SIGINT or SIGTERM cancels the
// context, so that commands finish what they began; the second ends the process
// at once, as the shell expects.
func run(args []string) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		// First the default effect, then the end: a second signal must not be
		// lost between the two.
		signal.Reset(os.Interrupt, syscall.SIGTERM)
		cancel()
	}()
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var e *exitError
	if !errors.As(err, &e) {
		e = &exitError{exitUsage, err}
	}
	if e.err != nil {
		fmt.Fprintln(os.Stderr, "chronos:", plain(e.err.Error()))
	}
	return e.code
}

// Exit codes, as docs/cli.md lists them.
const (
	exitOK      = 0
	exitFailed  = 1 // a check or an objective failed
	exitUsage   = 2 // wrong flags or configuration
	exitStart   = 3 // cannot start: port, directory, broker
	exitProblem = 4 // the API answered with a problem
	exitNetwork = 5 // the API could not be reached
)

// exitError carries the exit code of a command. err is nil when the command has
// said what is to be said on standard output.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func exit(code int, err error) error { return &exitError{code, err} }

// globals are the flags of every command.
type globals struct {
	output  string
	url     string
	quiet   bool
	timeout time.Duration
}

func newRoot() *cobra.Command {
	g := &globals{}
	root := &cobra.Command{
		Use:   "chronos",
		Short: "Prices and routes over Bitcoin-centred liquidity, with a bound on every answer",
		Long: "Chronos answers what an amount of one asset gives in another, over which venues,\n" +
			"from whole order books, and says how far from the optimum the answer can be.\n\n" +
			"Data goes to standard output, talk to standard error. Exit codes: 0 ok, 1 a check\n" +
			"failed, 2 usage or configuration, 3 cannot start, 4 the API answered with a problem,\n" +
			"5 the API could not be reached.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	f := root.PersistentFlags()
	f.StringVarP(&g.output, "output", "o", "table", "output: table or json")
	f.StringVar(&g.url, "url", envOr("CHRONOS_URL", "http://127.0.0.1:8080"), "where the API is (CHRONOS_URL)")
	f.DurationVar(&g.timeout, "timeout", 10*time.Second, "longest wait for the API")
	f.BoolVarP(&g.quiet, "quiet", "q", false, "say nothing but data and errors")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if g.output != "table" && g.output != "json" {
			return exit(exitUsage, fmt.Errorf("--output %q: want table or json", g.output))
		}
		return nil
	}
	root.AddCommand(
		newServe(g), newPrice(g), newRoutes(g), newRoute(g), newVerify(g), newBench(g), newBook(g), newVenues(g),
		newLiquidity(g), newProviders(g),
		newFeed(g), newSim(g), newConfidence(g), newConfig(g), newVersion(g), newMan(root), newDocs(root),
	)
	return root
}

func envOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
