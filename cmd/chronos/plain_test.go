package main

import "testing"

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"engine: no strategy \"best\"":                          "no strategy \"best\"",
		`amount "0": api: amount_range: Send an amount.`:        `amount "0": amount_range: Send an amount.`,
		"broker: metadata: kafka.(*Client).Metadata: dial tcp":  "metadata: dial tcp",
		"record refused (bad_offer): market: sell tier 0: gap":  "record refused (bad_offer): sell tier 0: gap",
		"f:1: feed: record refused (x): engine: graph: limit":   "f:1: record refused (x): limit",
		"market.json has no venue, api: it says the same":       "market.json has no venue, api: it says the same",
		"no book: a venue: one that supermarket: is not called": "no book: a venue: one that supermarket: is not called",
		"": "",
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
}
