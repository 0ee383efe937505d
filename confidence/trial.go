package confidence

import (
	"errors"
	"fmt"
	"slices"
)

// DefaultMargins are asked of a table in a trial: from none to what a calm market
// never uses up.
var DefaultMargins = []Change{0, BP / 4, BP / 2, BP, 2 * BP, 5 * BP, 10 * BP, 20 * BP}

// Trial holds what a table says against what happened after it was fitted. The
// table it judges stays as it was; a copy goes on learning, for the adaptive
// margins alone.
type Trial struct {
	frozen  *Snapshot
	after   int64 // only what starts at or after it is tested
	margins []Change
	coarser int
	fitter  *Fitter
	turn    map[Bucket]uint64
	last    map[Bucket]int64 // End of the last tested observation
	base    []PPM            // of each margin, over all samples of the fit
	rows    map[Bucket]*Row
	near    [bins]cluster
	walk    bool     // what is not tested is learned
	due     bool     // a walk: refit before the next test
	tested  []Change // MaxTotal at most
	r       Report   // its means are sums until Report
}

// NewTrial judges what t has published. margins are asked in turn, one an
// observation, so that each outcome counts once; nil stands for DefaultMargins.
// coarserSteps is that of Lookup. It fails with the error of a table that is
// empty or of a margin out of range.
func NewTrial(t *Table, margins []Change, coarserSteps int) (*Trial, error) {
	if _, until := t.Span(); until == 0 {
		return nil, errors.New("confidence: nothing to try: the table is empty")
	}
	return newTrial(t, margins, coarserSteps)
}

func newTrial(t *Table, margins []Change, coarserSteps int) (*Trial, error) {
	if margins == nil {
		margins = DefaultMargins
	}
	for _, m := range margins {
		if m < -MaxChange || m > Whole {
			return nil, fmt.Errorf("confidence: margin %s is out of range", m)
		}
	}
	if len(margins) == 0 {
		return nil, errors.New("confidence: no margin to try")
	}
	from, until := t.Span()
	c, err := t.clone()
	if err != nil {
		return nil, err
	}
	tr := &Trial{
		frozen: t.Load(), after: until, margins: slices.Clone(margins), coarser: coarserSteps, fitter: NewFitter(c),
		turn: map[Bucket]uint64{}, last: map[Bucket]int64{}, rows: map[Bucket]*Row{},
	}
	tr.r = Report{Source: t.opts.Source, FitFrom: from, FitUntil: until, Margins: tr.margins}
	for _, target := range t.opts.Targets {
		tr.r.Targets = append(tr.r.Targets, Coverage{Target: target})
	}
	for i := range tr.near {
		tr.near[i] = cluster{}
	}
	tr.fitter.judge = tr.judge
	tr.baseRates()
	return tr, nil
}

// baseRates are what a forecaster who ignores buckets would say of each margin:
// the share over all samples of the fit.
func (tr *Trial) baseRates() {
	tr.base = make([]PPM, len(tr.margins))
	for i, m := range tr.margins {
		n, held := 0, 0
		for b, v := range tr.frozen.views {
			if b.Step() == 0 {
				n, held = n+len(v.sorted), held+survivors(v.sorted, m)
			}
		}
		if n > 0 {
			tr.base[i] = PPM(int64(held) * int64(Certain) / int64(n))
		}
		tr.r.FitSamples = n
	}
}

// Add takes the next observation, in the order of At. One that starts before the
// table's last outcome is counted and not used. It fails as Fitter.Add does.
func (tr *Trial) Add(o *Observation) error {
	switch {
	case o.At < tr.after && tr.walk:
		return tr.fitter.Add(o)
	case o.At < tr.after:
		if err := tr.fitter.table.check(o); err != nil {
			return err
		}
		tr.r.Skipped++
		return nil
	case len(tr.tested) == MaxTotal:
		return ErrFull
	}
	if err := tr.refit(); err != nil {
		return err
	}
	if err := tr.fitter.Add(o); err != nil {
		return err
	}
	tr.tested = append(tr.tested, o.Change)
	if tr.r.TestFrom == 0 {
		tr.r.TestFrom = o.At
	}
	tr.r.TestUntil = max(tr.r.TestUntil, o.End())
	tr.forecast(o)
	return nil
}

// forecast asks the frozen table about o and notes what became of it.
func (tr *Trial) forecast(o *Observation) {
	tr.r.Tested++
	i := int(scatter(tr.turn[o.Bucket]) % uint64(len(tr.margins)))
	tr.turn[o.Bucket]++
	a := tr.frozen.Lookup(o.Bucket, tr.margins[i], tr.coarser)
	if a.Reason != 0 {
		tr.r.Unanswered++
		return
	}
	if o.At < tr.last[o.Bucket] {
		tr.r.Overlapping++
	}
	tr.last[o.Bucket] = o.End()
	if a.Bucket != o.Bucket {
		tr.r.Coarser++
	}
	tr.note(i, &a, o.At, o.Change >= -tr.margins[i])
}

// scatter is splitmix64: which margin an observation is asked must not fall into
// step with the order in which a replay visits its pairs.
func scatter(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// note counts the forecast a for margin i, made at at.
func (tr *Trial) note(i int, a *Answer, at int64, held bool) {
	p, base, y, one := float64(a.P)/float64(Certain), float64(tr.base[i])/float64(Certain), 0.0, 0
	if held {
		y, one = 1, 1
	}
	row := tr.rows[a.Bucket]
	if row == nil {
		row = &Row{Bucket: a.Bucket}
		tr.rows[a.Bucket] = row
	}
	bin := min(int(a.P)*bins/int(Certain), bins-1)
	tr.near[bin].add(at, held, p)
	for _, c := range []*Cell{&tr.r.Bins[bin].Cell, &row.Cell, &tr.r.All} {
		c.N++
		c.Held += one
		c.Predicted += p
	}
	for _, s := range []*Score{&row.Score, &tr.r.Score} {
		s.Brier += (p - y) * (p - y)
		s.BrierBase += (base - y) * (base - y)
	}
}

// judge notes what became of an adaptive margin.
func (tr *Trial) judge(target int, margin Change, o *Observation) {
	if o.At < tr.after {
		return
	}
	c := &tr.r.Targets[target]
	c.N++
	if o.Change < -margin {
		c.Misses++
	}
	if margin == Whole {
		c.NoMargin++
		return
	}
	c.MeanMargin += float64(margin)
}

// Report waits for all horizons and judges.
func (tr *Trial) Report() (*Report, error) {
	if _, err := tr.fitter.Finish(); err != nil {
		return nil, err
	}
	r := tr.r
	r.Targets = slices.Clone(r.Targets)
	for i := range r.Bins {
		r.Bins[i].Stretches = len(tr.near[i])
		r.Bins[i].judge(tr.near[i].half())
	}
	r.All.mean()
	r.Realised = quantiles(slices.Clone(tr.tested))
	r.Score.mean(r.All.N)
	for i := range r.Targets {
		if c := &r.Targets[i]; c.N > c.NoMargin {
			c.MeanMargin /= float64(c.N - c.NoMargin)
		}
	}
	for _, row := range tr.rows {
		m := *row
		m.Cell.mean()
		m.Score.mean(m.N)
		r.Rows = append(r.Rows, m)
	}
	slices.SortFunc(r.Rows, func(a, b Row) int { return compare(a.Bucket, b.Bucket) })
	return &r, nil
}
