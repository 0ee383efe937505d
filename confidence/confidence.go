// Package confidence says how likely it is that a quoted output is still there
// when the quote expires, from what happened before and from nothing else.
//
// The published number is c = P(best executable output for the same order on the
// quoted venues at expiry >= quoted output). A Table keeps, for each Bucket of
// like orders in like markets, the last changes of the output over the horizon;
// c is the share of them that a margin would have survived. With fewer than
// MinSamples there is no number, only a reason. The other way round, a caller
// names a target such as 95 % and Margin says what to take off the output, by
// the adaptive conformal update of Gibbs and Candès, arXiv 2106.00170.
//
// A replay hands its observations through an Order to a Fitter; SplitTime says
// where to stop, and a Trial judges the table on what comes after. WriteTo and
// Read keep it in a file.
//
// A Table has one writer. Readers call Load and ask the Snapshot they get, which
// never changes and allocates nothing.
//
// A newcomer would guess that 200 of 200 means certain. It means that nothing
// else was seen; an answer therefore carries its number of samples.
package confidence

import (
	"fmt"
	"time"

	"chronos.dev/money"
)

// MinSamples is the fewest samples that give a number: at 95 % the binomial
// standard error of 200 is 1.5 points, half of the 3 points that a reliability
// bin may be off.
const MinSamples = 200

// Change is what became of an output, out(t+h)/out(t) - 1, in units of 1e-4
// basis points (1e-8 of the output). A margin is a Change too: what the quote
// promises less than the output of now.
type Change int64

// Limits of a Change: nothing is left, and a hundred times as much. No margin
// tells larger gains apart.
const (
	Lost      Change = -Whole
	MaxChange Change = 100 * Whole
	Whole     Change = 1e8 // all of the output; as a margin, a promise of nothing
	BP        Change = 1e4 // one basis point
)

// Between returns the change from the output before to the output after, rounded
// down so that a share of survivors is never rounded up, and MaxChange where it
// is more than that. before must be positive and after not negative; a broken
// promise here is a bug of the caller and panics.
func Between(before, after money.Amount) Change {
	q, err := money.MulDiv(after, money.Amount(Whole), before, money.Down)
	if err != nil || Change(q) > MaxChange+Whole {
		return MaxChange
	}
	return Change(q) - Whole
}

// Less returns out less the margin, rounded down. An output whose Change is at
// least -margin is at least this much. out must not be negative and margin lies
// between 0 and Whole; a broken promise here is a bug of the caller and panics.
func Less(out money.Amount, margin Change) money.Amount {
	a, err := money.MulDiv(out, money.Amount(Whole-margin), money.Amount(Whole), money.Down)
	if err != nil {
		panic("confidence: Less of a negative margin")
	}
	return a
}

// String writes basis points, all four decimals: "-1.2500 bps".
func (c Change) String() string { return string(money.AppendFixed(nil, int64(c), 4)) + " bps" }

// PPM is a probability in parts per million.
type PPM int64

// Certain is the probability one.
const Certain PPM = 1e6

// String writes a probability between 0 and 1 with all six decimals.
func (p PPM) String() string { return string(money.AppendFixed(nil, int64(p), 6)) }

// AppendText appends p with two decimals, rounded down: no probability below one
// is shown as one. It is the form of the API.
func (p PPM) AppendText(dst []byte) []byte { return money.AppendFixed(dst, int64(p/10_000), 2) }

// Source says where samples come from. Samples of two sources never meet in one
// Table.
type Source uint8

// The zero Source is invalid.
const (
	Replay    Source = 1 + iota // recorded markets
	Simulated                   // an invented market: shows the method, not the market
)

var sourceNames = []string{"", "replay", "simulated"}

// String returns "replay" or "simulated".
func (s Source) String() string {
	if int(s) < len(sourceNames) {
		return sourceNames[s]
	}
	return ""
}

// Observation is what became of one output: an order was solved at At and again,
// on the venues of the first answer, when the horizon of Bucket was over.
type Observation struct {
	At     int64 // Unix nanoseconds of the first answer
	Bucket Bucket
	Change Change
	Source Source
}

// End is when the outcome was known, Unix nanoseconds.
func (o *Observation) End() int64 { return o.At + int64(o.Bucket.Horizon()) }

// Reason says why there is no number. The zero Reason means that there is one.
type Reason uint8

// Reasons.
const (
	NoBucket     Reason = 1 + iota // nothing like it was ever sampled
	TooFew                         // fewer than MinSamples
	NoHorizon                      // the horizon is longer than any that is sampled
	NoTarget                       // the target is none of the table's
	NoMarginFits                   // only a promise of nothing would reach the target now
	Unknown                        // one of several legs has no number
)

var reasonTexts = []string{
	"", "no samples", "too few samples", "horizon not sampled", "target not offered", "no margin reaches the target",
	"a leg without a number",
}

// String returns a short text for people, "" for the zero Reason.
func (r Reason) String() string {
	if int(r) < len(reasonTexts) {
		return reasonTexts[r]
	}
	return "unknown reason"
}

// Answer is a probability, or the reason why there is none.
type Answer struct {
	Reason  Reason // not zero: there is no number
	Held    int    // samples that the margin survived
	Samples int    // of so many; also where they are too few
	P       PPM    // Held of Samples, rounded down; 0 with a Reason
	Bucket  Bucket // whose samples: the one asked for, or a coarser one that LookupCoarser took
	Source  Source
}

// Null says in one line why there is no number, for confidence_reason; "" where
// there is one.
func (a *Answer) Null() string {
	if a.Reason == TooFew {
		return fmt.Sprintf("too few samples: %d of %d", a.Samples, MinSamples)
	}
	return a.Reason.String()
}

// AllLegs combines the probabilities of several legs into 1 - sum(1 - c), not
// below zero. It holds whatever the legs have to do with each other (Boole's
// inequality); with independent legs it is too low. One leg without a number
// leaves the whole without one; no legs at all have none.
func AllLegs(legs ...Answer) Answer {
	if len(legs) == 0 {
		return Answer{Reason: NoBucket}
	}
	all := Answer{P: Certain, Samples: legs[0].Samples, Source: legs[0].Source}
	for i := range legs {
		l := &legs[i]
		if l.Reason != 0 {
			return Answer{Reason: Unknown, Samples: l.Samples, Source: l.Source}
		}
		all.P = max(0, all.P-(Certain-l.P))
		all.Samples = min(all.Samples, l.Samples)
		all.Source = max(all.Source, l.Source)
	}
	return all
}

// moment writes Unix nanoseconds for people and files.
func moment(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }
