package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"chronos.dev/confidence"
	"chronos.dev/confidence/facts"
	"chronos.dev/confidence/sample"
	"chronos.dev/feed/capture"
	"chronos.dev/sim"

	"github.com/spf13/cobra"
)

// marketFlags choose the markets that are sampled.
type marketFlags struct {
	replay  replayFlags
	seeds   []uint
	minutes int
	every   time.Duration
}

func (m *marketFlags) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&m.replay.captures, "captures", "", "folder of recorded captures")
	m.replay.choice(c)
	f.UintSliceVar(&m.seeds, "sim", nil, "seeds of simulated markets, a virtual day each, in place of captures")
	f.IntVar(&m.minutes, "minutes", 60, "how long each simulated market lasts, at most a day")
	f.DurationVar(&m.every, "every", 0, "between two prices of an order (default 250ms of captures, 1s of simulations)")
	c.MarkFlagsOneRequired("captures", "sim")
	c.MarkFlagsMutuallyExclusive("captures", "sim")
}

// sessions returns the markets, each to be played once.
func (m *marketFlags) sessions(talk io.Writer) ([]sample.Session, error) {
	if len(m.seeds) > 0 {
		return m.simulated()
	}
	f, err := capture.Open(m.replay.captures)
	if err != nil {
		return nil, exit(exitUsage, err)
	}
	defer f.Close()
	entries, err := m.replay.entries(f)
	if err != nil {
		return nil, err
	}
	sessions, leftOut, err := sample.Recorded(f, entries)
	if err != nil {
		return nil, exit(exitUsage, err)
	}
	for _, why := range leftOut {
		fmt.Fprintf(talk, "left out %s\n", why)
	}
	if len(sessions) == 0 {
		return nil, exit(exitUsage, errors.New("no capture that was chosen can be sampled"))
	}
	return sessions, nil
}

func (m *marketFlags) simulated() ([]sample.Session, error) {
	if m.minutes < 1 || m.minutes > 24*60 {
		return nil, exit(exitUsage, fmt.Errorf("--minutes %d: want 1 to 1440", m.minutes))
	}
	var all []sample.Session
	for day, seed := range m.seeds {
		o := sim.Options{Seed: uint64(seed), Troubles: true}
		all = append(all, sample.Simulated(o, day, time.Duration(m.minutes)*time.Minute))
	}
	return all, nil
}

// look says how the sessions are looked at, and tells talk of each.
func (m *marketFlags) look(sessions []sample.Session, talk io.Writer) *sample.Look {
	l := &sample.Look{Options: sample.Options{Every: m.every}}
	if l.Every == 0 && len(m.seeds) > 0 {
		l.Every = time.Second
	}
	total := 0
	for _, s := range sessions {
		from, until := s.Span()
		total += int(time.Duration(until-from) / time.Second)
	}
	b, told := newBar(talk, total), time.Duration(0)
	l.Progress = func(_ sample.Session, passed time.Duration) {
		for ; told+time.Second <= passed; told += time.Second {
			b.add()
		}
	}
	l.Done = func(s sample.Session, st sample.Stats) {
		told = 0
		fmt.Fprintf(talk, "%s: %d orders, %d prices, %d refused, %d outcomes, %d of them nothing, "+
			"%d horizons cut off\n", s.Name(), st.Orders, st.Quotes, st.Refused, st.Outcomes, st.Lost, st.Unsettled)
	}
	return l
}

func newConfidence(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "confidence", Short: "Measure how likely a price still holds later, on replayed markets"}
	c.AddCommand(newConfidenceFit(g), newConfidenceReport(g))
	return c
}

func talkOf(g *globals, c *cobra.Command) io.Writer {
	if g.quiet {
		return io.Discard
	}
	return c.ErrOrStderr()
}

func newConfidenceFit(g *globals) *cobra.Command {
	var m marketFlags
	var out, until string
	c := &cobra.Command{
		Use:   "fit --out FILE (--captures DIR | --sim SEEDS)",
		Short: "Write the table that serve gives confidence from",
		Long: "Fit plays markets through the engine, prices orders all the while, and notes what the same order\n" +
			"gives on the same venues 1, 5 and 30 seconds later. The table says where it comes from: one of\n" +
			"simulated markets serves simulated books only, one of captures all others.",
		Example: "  chronos confidence fit --captures captures --out table.json\n" +
			"  chronos confidence fit --sim 1,2,3 --minutes 60 --out table.json",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			end, err := parseUntil(until)
			if err != nil {
				return exit(exitUsage, err)
			}
			sessions, err := m.sessions(talkOf(g, c))
			if err != nil {
				return err
			}
			t, err := sample.Fit(c.Context(), sessions, m.look(sessions, talkOf(g, c)), end)
			if err != nil {
				return sampleError(err)
			}
			return writeWhole(out, func(w io.Writer) error { _, err := t.WriteTo(w); return err })
		},
	}
	m.flags(c)
	c.Flags().StringVar(&out, "out", "", "file to write the table to")
	c.Flags().StringVar(&until, "until", "",
		"use nothing that was known later, such as 2021-04-17T16:45:00Z; the rest is left to report")
	if err := c.MarkFlagRequired("out"); err != nil {
		panic(err)
	}
	return c
}

func parseUntil(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() < 1971 || t.Year() > 2260 {
		return 0, fmt.Errorf("--until %q: want a time like 2021-04-17T16:45:00Z", text)
	}
	return t.UnixNano(), nil
}

// sampleError gives what went wrong in a replay its exit code.
func sampleError(err error) error {
	if errors.Is(err, context.Canceled) {
		return exit(exitFailed, errors.New("interrupted: nothing was written"))
	}
	return exit(exitUsage, err)
}

// reportFlags are those of confidence report.
type reportFlags struct {
	markets    marketFlags
	table, svg string
	part       float64
	margins    []float64
}

func newConfidenceReport(g *globals) *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:   "report [--table FILE] (--captures DIR | --sim SEEDS)",
		Short: "Hold predicted probabilities against what happened, on markets that were not fitted on",
		Long: "With --table, report judges that table on everything that began after its last outcome.\n\n" +
			"Without, it walks through the markets in the order of time: of each it learns the first part and\n" +
			"judges on the rest what was learned so far; with --part 0 each is judged by those before it alone.\n" +
			"Neighbouring forecasts share their market, so that intervals count minutes and not forecasts.\n" +
			"Exit code 1 says that a bin is off by more than 3 points and more than chance explains.",
		Example: "  chronos confidence report --captures captures --svg reliability.svg\n" +
			"  chronos confidence report --table table.json --sim 4 --minutes 60",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r, err := f.run(c.Context(), talkOf(g, c))
			if err != nil {
				return err
			}
			return f.print(g, c.OutOrStdout(), r)
		},
	}
	f.markets.flags(c)
	fl := c.Flags()
	fl.StringVar(&f.table, "table", "", "table to judge; without one, fit and judge in one walk")
	fl.StringVar(&f.svg, "svg", "", "file to draw the reliability diagram to")
	fl.Float64Var(&f.part, "part", 0.6, "share of each market that a walk learns first, 0 to 0.9")
	fl.Float64SliceVar(&f.margins, "margins", nil,
		"margins in bps that are asked in turn (default 0,0.25,0.5,1,2,5,10,20); 0 alone is what prices say")
	c.MarkFlagsMutuallyExclusive("table", "part")
	return c
}

func (f *reportFlags) run(ctx context.Context, talk io.Writer) (*confidence.Report, error) {
	if !(f.part >= 0 && f.part <= 0.9) {
		return nil, exit(exitUsage, fmt.Errorf("--part %g: want 0 to 0.9", f.part))
	}
	var margins []confidence.Change
	for _, bps := range f.margins {
		if !(bps >= -10_000 && bps <= 10_000) {
			return nil, exit(exitUsage, fmt.Errorf("--margins %g: want -10000 to 10000 bps", bps))
		}
		margins = append(margins, confidence.Change(bps*float64(confidence.BP)))
	}
	var table *confidence.Table
	if f.table != "" {
		var err error
		if table, err = readTable(f.table); err != nil {
			return nil, exit(exitUsage, err)
		}
	}
	sessions, err := f.markets.sessions(talk)
	if err != nil {
		return nil, err
	}
	l := f.markets.look(sessions, talk)
	var r *confidence.Report
	if table != nil {
		r, err = sample.Judge(ctx, table, sessions, l, margins)
	} else {
		r, err = sample.Walk(ctx, sessions, l, f.part, margins)
	}
	if err != nil {
		return nil, sampleError(err)
	}
	return r, nil
}

func (f *reportFlags) print(g *globals, w io.Writer, r *confidence.Report) error {
	if f.svg != "" {
		if err := writeWhole(f.svg, r.WriteSVG); err != nil {
			return err
		}
	}
	var err error
	if g.output == "json" {
		err = printJSON(w, reportBody(r))
	} else {
		err = r.WriteText(w)
	}
	if err == nil && r.Verdict() == confidence.Off {
		err = exit(exitFailed, nil)
	}
	return err
}

// binBody is a bin of a report as JSON.
type binBody struct {
	From      float64 `json:"from"`
	To        float64 `json:"to"`
	Forecasts int     `json:"forecasts"`
	Minutes   int     `json:"minutes"`
	Predicted float64 `json:"predicted"`
	Observed  float64 `json:"observed"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Verdict   string  `json:"verdict"`
}

func reportBody(r *confidence.Report) any {
	body := struct {
		Source         string    `json:"source"`
		Verdict        string    `json:"verdict"`
		Better         bool      `json:"better_than_base_rates"`
		Brier          float64   `json:"brier"`
		BrierBase      float64   `json:"brier_base_rate"`
		BrierHindsight float64   `json:"brier_hindsight"`
		Tested         int       `json:"tested"`
		Unanswered     int       `json:"unanswered"`
		Coarser        int       `json:"coarser"`
		Bins           []binBody `json:"bins"`
	}{
		r.Source.String(), r.Verdict().String(), r.Better(), r.Brier, r.BrierBase, r.BrierHindsight(),
		r.Tested, r.Unanswered, r.Coarser, nil,
	}
	n := float64(len(r.Bins))
	for i := range r.Bins {
		b := &r.Bins[i]
		body.Bins = append(body.Bins, binBody{
			float64(i) / n, float64(i+1) / n, b.N, b.Stretches, b.Predicted, b.Observed, b.Low, b.High,
			b.Verdict.String(),
		})
	}
	return body
}

func readTable(file string) (*confidence.Table, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := confidence.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; chronos confidence fit writes one", file, err)
	}
	return t, nil
}

// writeWhole writes a file so that it is there whole or not at all.
func writeWhole(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".chronos-*")
	if err != nil {
		return exit(exitStart, err)
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return exit(exitStart, err)
	}
	return nil
}

// openConfidence reads the table that is configured.
func (s *server) openConfidence() error {
	file := s.cfg.Confidence.Table
	if file == "" {
		return nil
	}
	t, err := readTable(file)
	if err != nil {
		return exit(exitUsage, fmt.Errorf("confidence.table: %w", err))
	}
	s.watch = facts.NewWatch()
	s.teller = facts.NewTeller(t, s.watch, s.cfg.Confidence.Horizon)
	return nil
}

// watchBooks looks at the books for the facts of prices.
func (s *server) watchBooks(ctx context.Context) {
	tick := time.NewTicker(facts.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s.watch.Tick(s.engine, now.UnixNano())
		}
	}
}
