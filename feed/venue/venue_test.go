package venue

import "testing"

func TestFrameErrorSaysWhoAndWhy(t *testing.T) {
	err := &FrameError{Venue: "kraken", Reason: ReasonNumber, Detail: `bid of "x"`}
	if got, want := err.Error(), `kraken: frame rejected (number): bid of "x"`; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

func TestQuirksCountBySymbol(t *testing.T) {
	q := Quirks{}
	q.Add("XBT/USD", QuirkStale)
	q.Add("XBT/USD", QuirkStale)
	q.Add("", QuirkStale)
	if q["XBT/USD"][QuirkStale] != 2 || q[""][QuirkStale] != 1 {
		t.Errorf("%v", q)
	}
}
