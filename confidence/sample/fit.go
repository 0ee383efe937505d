package sample

import (
	"context"
	"errors"
	"time"

	"chronos.dev/confidence"
	"chronos.dev/confidence/facts"
)

// Look is how sessions are looked at, and who is told.
type Look struct {
	Options
	// Progress, if not nil, is told of every step of a session.
	Progress func(s Session, passed time.Duration)
	// Done, if not nil, is told of every session that has ended.
	Done func(s Session, st Stats)
}

// errNoSessions: a table needs a market to be of.
var errNoSessions = errors.New("sample: nothing to look at")

// each plays the sessions one after the other.
func (l *Look) each(
	ctx context.Context, sessions []Session, begin func(Session) error, emit func(*confidence.Observation) error,
) error {
	if len(sessions) == 0 {
		return errNoSessions
	}
	for _, s := range sessions {
		if err := begin(s); err != nil {
			return err
		}
		var progress func(int64)
		if l.Progress != nil {
			progress = func(passed int64) { l.Progress(s, time.Duration(passed)) }
		}
		st, err := Run(ctx, s, l.Options, emit, progress)
		if err != nil {
			return err
		}
		if l.Done != nil {
			l.Done(s, st)
		}
	}
	return nil
}

// Fit returns a table of the outcomes of all sessions that were known at until,
// Unix nanoseconds; 0: of all. Sessions come in the order of time and are of one
// source.
func Fit(ctx context.Context, sessions []Session, l *Look, until int64) (*confidence.Table, error) {
	if len(sessions) == 0 {
		return nil, errNoSessions
	}
	t, err := confidence.NewTable(confidence.Options{Source: sessions[0].Source()})
	if err != nil {
		return nil, err
	}
	f := confidence.NewFitter(t)
	none := func(Session) error { return nil }
	err = l.each(ctx, before(sessions, until), none, func(o *confidence.Observation) error {
		if until != 0 && o.End() > until {
			return nil
		}
		return f.Add(o)
	})
	if err != nil {
		return nil, err
	}
	return f.Finish()
}

// before returns the sessions that begin before until; all for 0.
func before(sessions []Session, until int64) []Session {
	for i, s := range sessions {
		if from, _ := s.Span(); until != 0 && from >= until {
			return sessions[:i]
		}
	}
	return sessions
}

// Judge holds a table against all that comes after what it was fitted on. margins
// are those of confidence.NewTrial.
func Judge(
	ctx context.Context, t *confidence.Table, sessions []Session, l *Look, margins []confidence.Change,
) (*confidence.Report, error) {
	trial, err := confidence.NewTrial(t, margins, facts.CoarserSteps)
	if err != nil {
		return nil, err
	}
	if err := l.each(ctx, sessions, func(Session) error { return nil }, trial.Add); err != nil {
		return nil, err
	}
	return trial.Report()
}

// Walk goes through the sessions in the order of time. Of each it learns the first
// part, a share of its length, and judges on the rest what was learned so far; 0
// judges each session by those before it alone.
func Walk(
	ctx context.Context, sessions []Session, l *Look, part float64, margins []confidence.Change,
) (*confidence.Report, error) {
	if len(sessions) == 0 {
		return nil, errNoSessions
	}
	trial, err := confidence.NewWalk(confidence.Options{Source: sessions[0].Source()}, margins, facts.CoarserSteps)
	if err != nil {
		return nil, err
	}
	err = l.each(ctx, sessions, func(s Session) error {
		from, until := s.Span()
		return trial.Begin(from, from+int64(part*float64(until-from)))
	}, trial.Add)
	if err != nil {
		return nil, err
	}
	return trial.Report()
}
