package confidence

import "math"

// NewWalk returns a Trial that begins with an empty table and walks forward
// through recordings: of each part it learns the first piece and is judged on the
// second, always by what was known before. Begin says where. margins and
// coarserSteps are those of NewTrial.
func NewWalk(o Options, margins []Change, coarserSteps int) (*Trial, error) {
	t, err := NewTable(o)
	if err != nil {
		return nil, err
	}
	tr, err := newTrial(t, margins, coarserSteps)
	if err != nil {
		return nil, err
	}
	tr.walk, tr.after = true, math.MaxInt64
	return tr, nil
}

// Begin says that a part begins at from and is tested from split on, Unix
// nanoseconds. The part before must have ended by then, with all its outcomes.
// It fails with the errors of Fitter.Add.
func (tr *Trial) Begin(from, split int64) error {
	if !tr.walk || split < from || from < tr.fitter.last {
		return &ObservationError{"a part of a walk that begins before the last observation, or ends there"}
	}
	if err := tr.fitter.upTo(from); err != nil {
		return err
	}
	tr.after, tr.due = split, true
	tr.r.Parts++
	return nil
}

// refit freezes what a walk has learned when a test begins. Outcomes that are not
// known by then are in no forecast of the part.
func (tr *Trial) refit() error {
	if !tr.due {
		return nil
	}
	tr.due = false
	if err := tr.fitter.upTo(tr.after); err != nil {
		return err
	}
	t := tr.fitter.table
	tr.frozen = t.Publish()
	tr.r.FitFrom, tr.r.FitUntil = t.from, t.until
	tr.baseRates()
	return nil
}
