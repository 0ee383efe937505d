package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"chronos.dev/api/wire"
)

func TestAcceptBannerAndReady(t *testing.T) {
	began := time.Now()
	p := start(t, "--dev")
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("the banner took %v", d)
	}
	if status, body := p.get(t, "/livez"); status != http.StatusOK {
		t.Errorf("livez at once: %d %s", status, body)
	}
	for _, line := range []string{
		"DEV MODE: embedded Kafka (one node, on disk in .chronos/kafka), simulated venues. Not for production.",
		"try: curl '" + p.api + "/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=2.5'",
	} {
		if !strings.Contains(p.talk(), line) {
			t.Errorf("no line %q in\n%s", line, p.talk())
		}
	}
	p.await(t, "ready in ")
	if ok := regexp.MustCompile(`ready in [0-9.]+s: 6 venues, 9 assets, 24 markets`).MatchString(p.talk()); !ok {
		t.Errorf("ready line in\n%s", p.talk())
	}
	if status, body := p.get(t, "/readyz"); status != http.StatusOK || !strings.Contains(body, `"ready"`) {
		t.Errorf("readyz: %d %s", status, body)
	}
	status, body := fetch(t, p.admin+"/metrics")
	if status != http.StatusOK || !strings.Contains(body, "chronos_graph_version") {
		t.Errorf("metrics: %d", status)
	}
}

// A server without a source is alive, not ready, and says what fails.
func TestAcceptNotReady(t *testing.T) {
	p := start(t, "--set", "feed.required_markets=kraken:BTC-USD", "--set", "kafka.embedded.sync=false")
	if status, body := p.get(t, "/livez"); status != http.StatusOK {
		t.Errorf("livez: %d %s", status, body)
	}
	status, body := p.get(t, "/readyz")
	var problem wire.Problem
	if err := json.Unmarshal([]byte(body), &problem); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if status != http.StatusServiceUnavailable || problem.Code != "not_ready" ||
		len(problem.Failing) != 1 || problem.Failing[0] != "book:kraken:BTC-USD" {
		t.Errorf("readyz: %d %+v", status, problem)
	}
}

func TestAcceptStop(t *testing.T) {
	p := start(t, "--dev")
	p.await(t, "ready in ")
	p.signal(t, syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		t.Fatal("did not end within 10 s")
	}
	if p.err != nil {
		t.Errorf("exit: %v\n%s", p.err, p.talk())
	}
}

// A price of the running server keeps the promises of its body.
func TestAcceptPrice(t *testing.T) {
	p := start(t, "--dev")
	p.await(t, "ready in ")
	status, body := p.get(t, "/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=2.5")
	var price wire.Price
	if err := json.Unmarshal([]byte(body), &price); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s: %v", status, body, err)
	}
	if !price.Simulated || price.SellAmount != "2.50000000" || len(price.Routes) == 0 {
		t.Errorf("price: %s", body)
	}
	if status, body := p.get(t, "/v1/price?sell_asset=BTC&buy_asset=USD&buy_amount=170000"); status != http.StatusOK ||
		!strings.Contains(body, `"buy_amount":"170000.00"`) {
		t.Errorf("exact out: %d %s", status, body)
	}
	for path, want := range map[string]string{
		"/v1/price?sell_asset=BTC&buy_asset=USD":                             "amount_xor",
		"/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=1&buy_amount=1":  "amount_xor",
		"/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=0.000000001":     "amount_scale",
		"/v1/price?sell_asset=BTC&buy_asset=USDX&sell_amount=1":              "unknown_asset",
		"/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=1&size=2":        "unknown_key",
		"/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=1&sell_amount=1": "duplicate_key",
		"/v1/price?sell_asset=BTC&buy_asset=USD&buy_amount=1000000000000":    "insufficient_liquidity",
	} {
		if _, body := p.get(t, path); !strings.Contains(body, want) {
			t.Errorf("%s: %s, want %s", path, body, want)
		}
	}
}

// When the source falls silent, prices stop within the stale bound.
func TestAcceptStaleBooksGiveNoPrice(t *testing.T) {
	p := start(t, "--dev")
	p.await(t, "ready in ")
	other := start(t, "--kafka", p.kafka, "--set", "default_taker_bps=10")
	const path = "/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=1"
	eventually(t, "the second server prices", func() bool {
		status, _ := other.get(t, path)
		return status == http.StatusOK
	})
	p.signal(t, syscall.SIGKILL)
	eventually(t, "prices stop", func() bool {
		status, body := other.get(t, path)
		return status == http.StatusServiceUnavailable && strings.Contains(body, "stale_market_data")
	})
}

func TestAcceptPortTaken(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, talk, code := command(t, "serve", "--dev", "--set", "http.addr="+ln.Addr().String())
	if code != exitStart || !strings.Contains(talk, "http.addr") || !strings.Contains(talk, "CHRONOS_HTTP_ADDR") ||
		strings.Count(talk, "\n") != 1 {
		t.Errorf("exit %d: %q", code, talk)
	}
}

func TestAcceptDevOnOpenAddress(t *testing.T) {
	_, talk, code := command(t, "serve", "--dev", "--set", "http.addr=0.0.0.0:0")
	if code != exitUsage || !strings.Contains(talk, "--i-know") {
		t.Errorf("exit %d: %q", code, talk)
	}
}

// Two servers cannot share the directory of an embedded broker.
func TestAcceptDirectoryLocked(t *testing.T) {
	p := start(t, "--dev")
	args := append([]string{"serve", "--dev"}, freePorts...)
	c := exec.Command(binary, args...)
	c.Dir = p.cmd.Dir
	out, err := c.CombinedOutput()
	if c.ProcessState.ExitCode() != exitStart || !strings.Contains(string(out), "another process") {
		t.Errorf("%v: %s", err, out)
	}
}
