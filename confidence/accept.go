package confidence

// MaxAttempts is how many answers of a firm tier count in full. Beyond it both
// counts are halved, so that what a provider did long ago fades.
const MaxAttempts = 10_000

// MaxTiers is the most firm tiers of a table.
const MaxTiers = 4096

// tier names a provider's firm tier.
type tier struct{ provider, name string }

// Accepts counts how often a provider accepted at its own firm price.
type Accepts struct{ Accepted, Refused int }

// add counts one answer. Halving rounds against the provider.
func (a *Accepts) add(accepted bool) {
	if a.Accepted+a.Refused == MaxAttempts {
		a.Accepted, a.Refused = a.Accepted/2, (a.Refused+1)/2
	}
	if accepted {
		a.Accepted++
	} else {
		a.Refused++
	}
}

// Posterior is the Beta distribution of a rate, from Jeffreys' prior Beta(1/2,
// 1/2).
type Posterior struct{ Alpha, Beta float64 }

// Posterior returns the distribution of the accept rate.
func (a Accepts) Posterior() Posterior {
	return Posterior{float64(a.Accepted) + 0.5, float64(a.Refused) + 0.5}
}

// Mean is the probability that the next answer is an acceptance.
func (p Posterior) Mean() float64 { return p.Alpha / (p.Alpha + p.Beta) }

// Interval is the central interval that holds the rate with probability level,
// between 0 and 1.
func (p Posterior) Interval(level float64) (low, high float64) {
	return betaQuantile((1-level)/2, p.Alpha, p.Beta), betaQuantile((1+level)/2, p.Alpha, p.Beta)
}

// Answered counts one answer of a provider's firm tier. It fails with ErrFull, or
// *ObservationError for a name of none or more than 64 characters, or with
// others than letters, digits, '.', '_' and '-'.
func (t *Table) Answered(provider, name string, accepted bool) error {
	if !validName(provider) || !validName(name) {
		return &ObservationError{"name of a provider or tier"}
	}
	k := tier{provider, name}
	a := t.accepts[k]
	if a == nil {
		if len(t.accepts) == MaxTiers {
			return ErrFull
		}
		a = &Accepts{}
		t.accepts[k] = a
	}
	a.add(accepted)
	return nil
}

// validName keeps names free of escapes in files.
func validName(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return len(s) > 0 && len(s) <= 64
}

// Accepts returns the counts of a firm tier.
func (s *Snapshot) Accepts(provider, name string) Accepts { return s.accepts[tier{provider, name}] }

// Firm returns the probability that a provider's firm tier accepts: the mean of
// the posterior, rounded down, from MinSamples answers on. Below that the prior
// would speak and not the provider.
func (s *Snapshot) Firm(provider, name string) Answer {
	c := s.Accepts(provider, name)
	a := Answer{Held: c.Accepted, Samples: c.Accepted + c.Refused, Source: s.opts.Source}
	switch {
	case a.Samples == 0:
		a.Reason = NoBucket
	case a.Samples < MinSamples:
		a.Reason = TooFew
	default:
		// (accepted + 1/2) / (answers + 1) in whole numbers.
		a.P = PPM((2*int64(c.Accepted) + 1) * int64(Certain) / (2*int64(a.Samples) + 2))
	}
	return a
}
