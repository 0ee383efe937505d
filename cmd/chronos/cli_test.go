package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chronos.dev/api/wire"
	"chronos.dev/feed/capture"
)

// triangle is a market in a file: ETH to BTC directly and through USD.
const triangle = `{"as_of":"2026-11-23T03:00:00.000000000Z",
 "assets":[{"symbol":"BTC","scale":8},{"symbol":"ETH","scale":8}],
 "markets":[
  {"venue":"gemini","base":"ETH","quote":"BTC","taker_fee_bps":"25","fee_on":"received",
   "bids":[["0.0390","12.5"],["0.0389","100"]],"asks":[["0.0391","7"],["0.0392","100"]]},
  {"venue":"kraken","base":"ETH","quote":"BTC","taker_fee_bps":"26","fee_on":"received",
   "bids":[["0.03901","2"]],"asks":[["0.03909","1"]]}]}`

func writeFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRoute(t *testing.T) {
	file := writeFile(t, triangle)
	// By hand: kraken 2 x 0.03901 x 0.9974 = 0.07781714..., then gemini 3 x 0.0390 x 0.9975.
	const kraken, gemini = "0.07781714", "0.11670750"
	out, talk, code := command(t, "route", "--market", file, "--sell", "ETH", "--buy", "BTC",
		"--sell-amount", "5", "-o", "json")
	var p wire.Price
	if err := json.Unmarshal([]byte(out), &p); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, talk)
	}
	if p.BuyAmount != "0.19452464" || len(p.Routes) != 2 ||
		p.Routes[0].Hops[0].BuyAmount != gemini || p.Routes[1].Hops[0].BuyAmount != kraken {
		t.Errorf("route: %s", out)
	}
	out, talk, code = command(t, "route", "--market", file, "--sell", "ETH", "--buy", "BTC",
		"--buy-amount", "0.2", "-o", "json")
	if err := json.Unmarshal([]byte(out), &p); err != nil || code != 0 || p.BuyAmount != "0.20000000" {
		t.Errorf("exit %d, %v: %s%s", code, err, out, talk)
	}
}

func TestExitCodes(t *testing.T) {
	file := writeFile(t, triangle)
	order := []string{"route", "--market", file, "--sell", "ETH", "--buy", "BTC", "--sell-amount"}
	config := writeFile(t, "mode: dev\n\nkafka:\n  broker: [a:1]\n")
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"a price", append(order, "1"), exitOK, "receive"},
		{"amount above the depth", append(order, "1000"), exitProblem, "insufficient_liquidity"},
		{"amount finer than the asset", append(order, "0.000000001"), exitUsage, "8"},
		{"amount that is no number", append(order, "1e3"), exitUsage, "1e3"},
		{"unknown asset", []string{"route", "--market", file, "--sell", "ETH", "--buy", "XYZ", "--sell-amount", "1"},
			exitProblem, "unknown_asset"},
		{"no such file", []string{"route", "--market", "none.json", "--sell", "A", "--buy", "B", "--sell-amount", "1"},
			exitUsage, "none.json"},
		{"both amounts", append(order, "1", "--buy-amount", "1"), exitUsage, "buy-amount"},
		{"unknown command", []string{"rout"}, exitUsage, "rout"},
		{"no server", []string{"price", "--url", "http://127.0.0.1:1", "--sell", "A", "--buy", "B", "--sell-amount", "1"},
			exitNetwork, "127.0.0.1:1"},
		{"no broker", []string{"feed", "tail"}, exitUsage, "--kafka"},
		{"unknown key", []string{"config", "check", "-f", config}, exitUsage,
			`:4: unknown key "kafka.broker" (did you mean "kafka.brokers"?)`},
		{"good configuration", []string{"config", "check"}, exitOK, "ok"},
		{"effective configuration", []string{"config", "print", "--effective"}, exitOK, "feed.stale_after"},
		{"version", []string{"version"}, exitOK, "chronos " + version},
		{"completion", []string{"completion", "bash"}, exitOK, "chronos"},
		{"no captures", []string{"feed", "verify", "--captures", "none"}, exitUsage, "none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, talk, code := command(t, tt.args...)
			if code != tt.code || !strings.Contains(out+talk, tt.says) {
				t.Errorf("chronos %s: exit %d, want %d and %q:\n%s%s",
					strings.Join(tt.args, " "), code, tt.code, tt.says, out, talk)
			}
		})
	}
}

// A market in a file is hostile until checked.
func TestRouteRefusesBadFiles(t *testing.T) {
	tests := []struct{ name, from, to, says string }{
		{"unknown key", `"taker_fee_bps":"25"`, `"taker_fee_bps":"25","fee":"1"`, "fee"},
		{"duplicate key", `"venue":"gemini",`, `"venue":"gemini","venue":"gemini",`, "duplicate"},
		{"number for an amount", `"12.5"`, `12.5`, ":"},
		{"absurd number", `"12.5"`, `"1e400"`, "1e400"},
		{"negative size", `"12.5"`, `"-12.5"`, "-12.5"},
		{"no JSON", `{"as_of"`, `as_of`, ":"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := writeFile(t, strings.Replace(triangle, tt.from, tt.to, 1))
			out, talk, code := command(t, "route", "--market", file, "--sell", "ETH", "--buy", "BTC", "--sell-amount", "1")
			if code != exitUsage || !strings.Contains(talk, tt.says) || out != "" {
				t.Errorf("exit %d: %s%s", code, out, talk)
			}
		})
	}
}

func TestManPages(t *testing.T) {
	dir := t.TempDir()
	if _, talk, code := command(t, "man", dir); code != 0 {
		t.Fatalf("exit %d: %s", code, talk)
	}
	if _, err := os.Stat(filepath.Join(dir, "chronos-feed-verify.1")); err != nil {
		t.Error(err)
	}
}

// The same seed gives the same records.
func TestSimIsDeterministic(t *testing.T) {
	first, _, _ := command(t, "sim", "--print", "300", "--set", "sim.seed=7")
	again, _, _ := command(t, "sim", "--print", "300", "--set", "sim.seed=7")
	other, _, _ := command(t, "sim", "--print", "300", "--set", "sim.seed=8")
	if first != again || first == other || strings.Count(first, "\n") != 300 {
		t.Errorf("%d lines; again equal %v, other seed equal %v", strings.Count(first, "\n"), first == again, first == other)
	}
}

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
	p := start(t, "--set", "kafka.embedded.sync=false", "--set", "default_taker_bps=10")
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
