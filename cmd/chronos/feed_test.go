package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chronos.dev/feed/capture"
)

// captures returns the folder of recorded captures, or skips.
func captures(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CHRONOS_CAPTURES")
	if dir == "" {
		dir = absolute(t, filepath.Join(root, "..", "shared", "data"))
	}
	if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err != nil {
		t.Skipf("no recorded captures in %s; set CHRONOS_CAPTURES", dir)
	}
	return dir
}

func TestFeedVerify(t *testing.T) {
	t.Parallel()
	dir := captures(t)
	out, talk, code := command(t, "feed", "verify", "--captures", dir, "--venues", "kraken", "--only", "2021-04-05/*", "-o", "json")
	var results []capture.Result
	if err := json.Unmarshal([]byte(out), &results); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, talk)
	}
	if len(results) != 1 || !results[0].OK || results[0].SumsOK != 7575 || results[0].SumsBad != 0 {
		t.Errorf("%+v", results)
	}
	out, talk, code = command(t, "feed", "verify", "--captures", dir, "--venues", "bitfinex", "--drop-one", "3", "-o", "json")
	var drops []capture.Drop
	if err := json.Unmarshal([]byte(out), &drops); err != nil || code != 0 || len(drops) != 1 || !drops[0].Noticed {
		t.Errorf("exit %d, %v: %s%s", code, err, out, talk)
	}
	if _, talk, code := command(t, "feed", "verify", "--captures", dir, "--venues", "none"); code != exitUsage ||
		!strings.Contains(talk, "kraken") {
		t.Errorf("exit %d: %s", code, talk)
	}
}

// A book that somebody publishes by hand moves the price, and only while it is
// confirmed.
func TestPublishMovesThePrice(t *testing.T) {
	t.Parallel()
	p := start(t, "--set", "default_taker_bps=10")
	file := writeFile(t, `{"venue":"lab","market":"BTC-USD","type":"snapshot",`+
		`"bids":[["60000.00","0.5"]],"asks":[["70000.00","0.5"]]}`+"\n")
	const path = "/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=0.1"
	done := make(chan struct{})
	go func() {
		defer close(done)
		command(t, "feed", "publish", file, "--kafka", p.kafka, "--hold", "3s")
	}()
	eventually(t, "the published book is in the price", func() bool {
		status, body := p.get(t, path)
		return status == 200 && strings.Contains(body, `"buy_amount":"5994.00"`)
	})
	<-done
	eventually(t, "the book that nobody confirms is in no price", func() bool {
		status, body := p.get(t, path)
		return status == 503 && strings.Contains(body, "stale_market_data")
	})
}
