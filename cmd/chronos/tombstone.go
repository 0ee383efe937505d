package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"chronos.dev/broker"
	"chronos.dev/market"
)

// readDelete reads a line that removes what was retained of a key. A book that nobody
// confirms becomes stale by itself: its snapshot is what a late reader would find.
func readDelete(line []byte) (sendable, error) {
	var d struct {
		Delete string `json:"delete"`
		Of     string `json:"of"`
	}
	in := json.NewDecoder(bytes.NewReader(line))
	in.DisallowUnknownFields()
	if err := in.Decode(&d); err != nil || in.More() {
		return sendable{}, fmt.Errorf(`want {"delete":KEY,"of":KIND} with two strings and nothing else`)
	}
	topics := map[string]string{
		"liquidity": broker.LiquidityTopic, "reference": broker.ReferenceTopic, "book": broker.BookSnapshotTopic,
	}
	topic, ok := topics[d.Of]
	if !ok {
		return sendable{}, fmt.Errorf("delete of %.32q: want liquidity, reference or book", d.Of)
	}
	name, rest, _ := strings.Cut(d.Delete, "|")
	ok, form := market.ValidSymbol(rest), "provider|ASSET"
	if d.Of != "liquidity" {
		_, err := market.ParsePair(rest)
		ok, form = err == nil, "venue|BASE-QUOTE"
		if d.Of == "reference" {
			form = "source|BASE-QUOTE"
		}
	}
	if !ok || !market.ValidVenue(name) {
		return sendable{}, fmt.Errorf("delete of the key %.80q: want %s", d.Delete, form)
	}
	return sendable{topics: []string{topic}, key: []byte(d.Delete)}, nil
}
