package market

import (
	"fmt"
	"time"

	"chronos.dev/money"
)

// FeeOn says which asset the taker fee is taken from.
type FeeOn uint8

// The zero FeeOn is FeeReceived, the rule at most venues.
const (
	FeeReceived FeeOn = iota // from what the customer receives
	FeeQuote                 // from the quote asset on both sides: a buyer pays more
)

// String returns "received" or "quote".
func (f FeeOn) String() string {
	if f == FeeQuote {
		return "quote"
	}
	return "received"
}

// FeeUnit is the denominator of a Fee's Rate: one bps is FeeUnit / 10,000.
const FeeUnit = 100_000_000

// Fee is a taker fee: Rate / FeeUnit of the notional, 0 <= Rate < FeeUnit.
type Fee struct {
	Rate int64
	On   FeeOn
}

// FeeBps returns the fee of bps basis points, of which four decimals count.
func FeeBps(bps money.Num, on FeeOn) (Fee, error) {
	r, err := bps.At(4)
	if err != nil || r < 0 || r >= FeeUnit {
		return Fee{}, fmt.Errorf("market: taker fee of %s bps: want 0 to 9999.9999, at most 4 decimals", bps)
	}
	return Fee{Rate: r, On: on}, nil
}

// FeeSchedule is one line of a fee table: what Venue charges takers between two
// dates. Pair nil means all pairs that have no line of their own.
type FeeSchedule struct {
	Venue       string
	Pair        *Pair
	Fee         Fee
	From, Until time.Time // From <= t < Until; zero means open
	Source      string    // where the figure comes from
}

// Fees is a fee table.
type Fees []FeeSchedule

// At returns the fee for one instrument at a time, and whether the table has
// one: a line for the pair beats a line for the venue, and the line that began
// last beats one that began earlier. Of equals the first listed counts.
func (f Fees) At(key Key, at time.Time) (Fee, bool) {
	var best *FeeSchedule
	for i := range f {
		s := &f[i]
		if !s.names(key) || !s.covers(at) {
			continue
		}
		if best == nil || s.beats(best) {
			best = s
		}
	}
	if best == nil {
		return Fee{}, false
	}
	return best.Fee, true
}

// NextChange returns when a line for this instrument begins or ends next after
// at, and false if none ever does.
func (f Fees) NextChange(key Key, at time.Time) (next time.Time, ok bool) {
	for i := range f {
		s := &f[i]
		if !s.names(key) {
			continue
		}
		for _, t := range [2]time.Time{s.From, s.Until} {
			if t.After(at) && (!ok || t.Before(next)) {
				next, ok = t, true
			}
		}
	}
	return next, ok
}

func (s *FeeSchedule) names(key Key) bool {
	return s.Venue == key.Venue && (s.Pair == nil || *s.Pair == key.Pair)
}

func (s *FeeSchedule) covers(at time.Time) bool {
	return !at.Before(s.From) && (s.Until.IsZero() || at.Before(s.Until))
}

func (s *FeeSchedule) beats(o *FeeSchedule) bool {
	if (s.Pair != nil) != (o.Pair != nil) {
		return s.Pair != nil
	}
	return s.From.After(o.From)
}
