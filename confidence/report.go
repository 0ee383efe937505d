package confidence

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Rules of the reliability table.
const (
	bins      = 10
	tolerance = 0.03 // how far prediction and observation may be apart
	// level of the intervals: ten bins together are wrong at most one time in
	// twenty.
	level = 0.995
)

// Verdict on a bin.
type Verdict uint8

// The zero Verdict is that the samples do not suffice for another.
const (
	TooFewSamples Verdict = iota
	Within                // prediction and observation are at most 3 points apart
	Off                   // they are further apart, and chance does not explain it
)

// String returns the verdict in words.
func (v Verdict) String() string {
	switch v {
	case Within:
		return "within 3 points"
	case Off:
		return "off"
	}
	return "too few samples"
}

// Cell counts forecasts and what came true.
type Cell struct {
	N, Held             int
	Predicted, Observed float64 // means; 0 without forecasts
}

func (c *Cell) mean() {
	if c.N > 0 {
		c.Predicted, c.Observed = c.Predicted/float64(c.N), float64(c.Held)/float64(c.N)
	}
}

// Score is how far forecasts were off.
type Score struct {
	// Brier is the mean squared error of the forecasts, BrierBase that of the
	// share of all samples of the fit that survived the same margin: what one
	// would say who ignores buckets.
	Brier, BrierBase float64
}

func (s *Score) mean(n int) {
	if n > 0 {
		s.Brier, s.BrierBase = s.Brier/float64(n), s.BrierBase/float64(n)
	}
}

// Bin is the forecasts of one tenth.
type Bin struct {
	Cell
	// Low and High are the interval of what was observed: the wider one of the
	// binomial interval and of that over Stretches of time.
	Low, High float64
	Stretches int // of a minute, with forecasts of this bin
	Verdict   Verdict
}

// judge turns the sum in Predicted into a mean and gives the verdict. Within
// wants an interval narrow enough to notice 3 points. half is half of the
// interval over stretches.
func (b *Bin) judge(half float64) {
	if b.mean(); b.N == 0 {
		return
	}
	b.Low, b.High = binomialInterval(b.Held, b.N, level)
	b.Low, b.High = min(b.Low, max(0, b.Observed-half)), max(b.High, min(1, b.Observed+half))
	near := math.Abs(b.Predicted-b.Observed) <= tolerance
	switch {
	case b.N < MinSamples:
	case near && b.High-b.Low <= 2*tolerance:
		b.Verdict = Within
	case !near && (b.Predicted < b.Low || b.Predicted > b.High):
		b.Verdict = Off
	}
}

// Row is the forecasts of one bucket. Means over several margins hide what a
// Brier score shows: a bucket too sure of large margins and too unsure of small.
type Row struct {
	Bucket Bucket
	Cell
	Score
}

// Coverage is what became of the adaptive margins of one target.
type Coverage struct {
	Target     PPM
	N, Misses  int
	NoMargin   int     // of N: only a promise of nothing would have done; it counts as held
	MeanMargin float64 // of the others, in units of a Change
}

// Report is what a trial found.
type Report struct {
	Source              Source
	Parts               int   // of a walk, see NewWalk; 0: one fit, one test
	FitFrom, FitUntil   int64 // Unix nanoseconds
	TestFrom, TestUntil int64 // 0 without a test
	FitSamples          int   // in the windows at the end of the fit
	Margins             []Change

	Tested      int // observations after the fit
	Skipped     int // observations that start before the fit's last outcome
	Unanswered  int // of Tested: the table had no number
	Coarser     int // answered from a coarser bucket
	Overlapping int // answered, but begun before the one before it in the bucket had ended: not independent

	Bins [bins]Bin
	All  Cell
	Rows []Row // by bucket that answered

	Score

	// Realised are quantiles of what was realised less what was quoted without a
	// margin, over all tested, at the shares of Quantiles.
	Realised [len(Quantiles)]Change

	Targets []Coverage
}

// Quantiles are the shares, in percent, at which Realised is given.
var Quantiles = [...]int{1, 5, 25, 50, 75, 95, 99}

// quantiles sorts zs and takes of n samples the one of rank ceil(share n).
func quantiles(zs []Change) (q [len(Quantiles)]Change) {
	slices.Sort(zs)
	for i, share := range Quantiles {
		if len(zs) > 0 {
			q[i] = zs[(len(zs)*share+99)/100-1]
		}
	}
	return q
}

// BrierHindsight is the score of saying always what turned out to be the share
// of all forecasts that came true.
func (r *Report) BrierHindsight() float64 { return r.All.Observed * (1 - r.All.Observed) }

// Better says whether the Brier score is below both base rates': the table knows
// something that a constant does not.
func (r *Report) Better() bool { return r.Brier < r.BrierBase && r.Brier < r.BrierHindsight() }

// Verdict is Off where a bin is off, else Within where a bin is within, else
// TooFewSamples.
func (r *Report) Verdict() Verdict {
	v := TooFewSamples
	for i := range r.Bins {
		v = max(v, r.Bins[i].Verdict)
	}
	return v
}

// Judged counts the bins that have a verdict other than too few samples, and those
// that have forecasts at all.
func (r *Report) Judged() (judged, used int) {
	for i := range r.Bins {
		if r.Bins[i].N > 0 {
			used++
		}
		if r.Bins[i].Verdict != TooFewSamples {
			judged++
		}
	}
	return judged, used
}

// WriteText writes the numbers as text. Equal reports give equal bytes.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	f := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	f("source %s\n", r.Source)
	if r.FitUntil == 0 {
		f("fit    on nothing\n")
	} else {
		f("fit    %s to %s, %d samples\n", moment(r.FitFrom), moment(r.FitUntil), r.FitSamples)
	}
	if r.Parts > 0 {
		f("walk   %d parts, each judged by what was learned before it\n", r.Parts)
	}
	if r.Tested > 0 {
		f("test   %s to %s, %d observations\n", moment(r.TestFrom), moment(r.TestUntil), r.Tested)
	}
	f("       %d without a number, %d from a coarser bucket, %d overlapping, %d before the test\n",
		r.Unanswered, r.Coarser, r.Overlapping, r.Skipped)
	f("margins asked in bps:")
	for _, m := range r.Margins {
		f(" %s", strings.TrimSuffix(m.String(), " bps"))
	}
	f("\nrealised less quoted without a margin, bps:")
	for i, z := range r.Realised {
		f(" %d%% %s", Quantiles[i], strings.TrimSuffix(z.String(), " bps"))
	}
	f("\n\n%-11s %8s %7s %10s %10s %17s  %s\n",
		"predicted", "forecasts", "minutes", "mean", "observed", "99.5 % interval", "verdict")
	for i := range r.Bins {
		name := fmt.Sprintf("%.1f to %.1f", float64(i)/bins, float64(i+1)/bins)
		f("%-11s %9d %7d %s\n", name, r.Bins[i].N, r.Bins[i].Stretches, r.Bins[i].columns())
	}
	f("\nBrier score %.6f; base rate of the fit %.6f; base rate in hindsight %.6f\n",
		r.Brier, r.BrierBase, r.BrierHindsight())
	judged, used := r.Judged()
	f("reliability: %s; %d of the %d bins with forecasts have enough samples\n", r.Verdict(), judged, used)
	f("better than both base rates: %t\n", r.Better())
	f("\n%-9s %9s %8s %9s %12s %9s\n", "target", "outcomes", "misses", "coverage", "margin bps", "no margin")
	for i := range r.Targets {
		f("%s\n", r.Targets[i].columns())
	}
	f("\n%9s %10s %10s %10s %10s  %s\n", "forecasts", "mean", "observed", "Brier", "base rate", "bucket")
	for i := range r.Rows {
		row := &r.Rows[i]
		f("%9d %10.4f %10.4f %10.6f %10.6f  %s\n",
			row.N, row.Predicted, row.Observed, row.Brier, row.BrierBase, row.Bucket)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (b *Bin) columns() string {
	if b.N == 0 {
		return fmt.Sprintf("%10s %10s %17s  %s", "-", "-", "-", b.Verdict)
	}
	return fmt.Sprintf("%10.4f %10.4f %8.4f %8.4f  %s", b.Predicted, b.Observed, b.Low, b.High, b.Verdict)
}

func (c *Coverage) columns() string {
	coverage, margin := "-", "-"
	if c.N > 0 {
		coverage = fmt.Sprintf("%.4f", 1-float64(c.Misses)/float64(c.N))
	}
	if c.N > c.NoMargin {
		margin = fmt.Sprintf("%.4f", c.MeanMargin/float64(BP))
	}
	return fmt.Sprintf("%s  %9d %8d %9s %12s %9d", c.Target, c.N, c.Misses, coverage, margin, c.NoMargin)
}
