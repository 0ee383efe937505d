package sample

import (
	"fmt"
	"time"

	"chronos.dev/confidence"
	"chronos.dev/dump"
	"chronos.dev/engine"
	"chronos.dev/market"
	"chronos.dev/sim"
)

// inventedStart is the virtual time at which the first invented market begins.
var inventedStart = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// MaxSimulated is the longest session of an invented market: a day, after which
// the next one begins.
const MaxSimulated = 24 * time.Hour

// simulated is a session of an invented market.
type simulated struct {
	m     *sim.Market
	seed  uint64
	from  int64
	until int64
	at    int64 // of the event that was taken and not applied, virtual time
	key   market.Key
	event *market.Event
}

// Simulated returns a session of an invented market that lasts d, MaxSimulated at
// most, on day, counted from 0.
func Simulated(o sim.Options, day int, d time.Duration) Session {
	o.Start = inventedStart.AddDate(0, 0, day).UnixNano()
	return &simulated{m: sim.New(o), seed: o.Seed, from: o.Start, until: o.Start + int64(min(d, MaxSimulated))}
}

func (s *simulated) Name() string              { return fmt.Sprintf("simulated market of seed %d", s.seed) }
func (s *simulated) Source() confidence.Source { return confidence.Simulated }
func (s *simulated) Span() (from, until int64) { return s.from, s.until }

func (s *simulated) Options() engine.Options {
	return engine.Options{
		Assets: s.m.Assets(), Fees: s.m.Fees(), Describe: dump.Describe,
		Rules: func(market.Key) market.BookRules { return s.m.Rules() },
	}
}

// Play applies the stream up to until. Its own confirmations keep quiet books
// alive. What a book makes of an event shows in its state.
func (s *simulated) Play(w *engine.Writer, until int64) {
	for {
		if s.event == nil {
			s.at, s.key, s.event = s.m.Next()
			s.event.Origin = market.Simulated
		}
		if s.from+s.at > until {
			break
		}
		_ = w.Apply(s.key, s.event)
		s.event = nil
	}
	w.Flush(until)
}
