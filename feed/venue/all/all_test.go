package all

import (
	"testing"

	"chronos.dev/market"
)

// Every format is named once, says what it proves and what it cannot, and makes
// a decoder.
func TestSpecsAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Specs {
		if seen[s.Format] {
			t.Errorf("%s is listed twice", s.Format)
		}
		seen[s.Format] = true
		if !market.ValidVenue(s.Venue) || s.Handler == "" || len(s.Checks) == 0 || len(s.Blind) == 0 {
			t.Errorf("%s: venue %q, handler %q, %d checks, %d blind spots",
				s.Format, s.Venue, s.Handler, len(s.Checks), len(s.Blind))
		}
		if s.New() == nil || s.New().Quirks() == nil {
			t.Errorf("%s: no decoder, or one without counters", s.Format)
		}
		if _, ok := s.Pair("no symbol of any venue"); ok {
			t.Errorf("%s: Pair takes anything", s.Format)
		}
	}
}

func TestRules(t *testing.T) {
	pair := market.Pair{Base: "BTC", Quote: "USD"}
	if r := Rules(market.Key{Venue: "kraken", Pair: pair}); r.Checksum == nil || r.VerifiedDepth != 10 {
		t.Errorf("kraken: %+v", r)
	}
	if r := Rules(market.Key{Venue: "binance_us", Pair: pair}); r.Checksum != nil || r.VerifiedDepth != -1 {
		t.Errorf("binance_us: %+v", r)
	}
	if r := Rules(market.Key{Venue: "lab", Pair: pair}); r.Checksum != nil || r.Depth != 0 {
		t.Errorf("a desk's own venue: %+v", r)
	}
}
