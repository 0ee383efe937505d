package facts

import (
	"time"

	"chronos.dev/confidence"
	"chronos.dev/engine"
	"chronos.dev/market"
)

// Reason is why a price has no confidence, as one of the words of the API.
type Reason = string

// Reasons. "" means that there is a number.
const (
	NoTable     Reason = "no_table"              // none is loaded
	OtherSource Reason = "other_source"          // a table of real markets, invented books, or the reverse
	NoSamples   Reason = "no_samples"            // nothing like it was ever sampled
	TooFew      Reason = "too_few_samples"       // fewer than confidence.MinSamples
	NoHorizon   Reason = "horizon_not_sampled"   // longer than any that is sampled
	Unmeasured  Reason = "provider_not_measured" // a leg at a provider's tier whose answers were not counted
)

// Reasons are all of them.
var Reasons = []Reason{NoTable, OtherSource, NoSamples, TooFew, NoHorizon, Unmeasured}

// CoarserSteps is how many coarser buckets may answer: a price whose volatility
// was seen too seldom is answered by all volatilities together.
const CoarserSteps = 1

// Teller asks a table about prices. It never changes and may be used by anybody.
type Teller struct {
	snap    *confidence.Snapshot
	source  confidence.Source
	watch   *Watch
	horizon time.Duration
}

// NewTeller returns a Teller over what t has published, for prices that are to be
// held for horizon.
func NewTeller(t *confidence.Table, w *Watch, horizon time.Duration) *Teller {
	return &Teller{snap: t.Load(), source: t.Options().Source, watch: w, horizon: horizon}
}

// Horizon is how long prices are to be held.
func (t *Teller) Horizon() time.Duration { return t.horizon }

// Tell returns the probability that the output of p can still be had after the
// horizon, or why it cannot be said.
func (t *Teller) Tell(p *engine.Price) (confidence.PPM, Reason) {
	if (t.source == confidence.Simulated) != (p.Origin == market.Simulated) {
		return 0, OtherSource
	}
	a := t.snap.Lookup(confidence.Classify(t.watch.Of(p, t.horizon)), 0, CoarserSteps)
	if a.Reason != 0 {
		return 0, word(a.Reason)
	}
	for i := range p.Plan.Routes {
		for j := range p.Plan.Routes[i].Legs {
			l := &p.Plan.Routes[i].Legs[j]
			if !l.HasTier {
				continue
			}
			if a = confidence.AllLegs(a, t.snap.Firm(l.Key.Venue, l.Tier)); a.Reason != 0 {
				return 0, Unmeasured
			}
		}
	}
	return a.P, ""
}

// AppendConfidence appends what Tell says with two decimals, rounded down, or
// nothing and returns the reason.
func (t *Teller) AppendConfidence(dst []byte, p *engine.Price) ([]byte, Reason) {
	c, why := t.Tell(p)
	if why != "" {
		return dst, why
	}
	return c.AppendText(dst), ""
}

func word(r confidence.Reason) Reason {
	switch r {
	case confidence.TooFew:
		return TooFew
	case confidence.NoHorizon:
		return NoHorizon
	}
	return NoSamples
}
