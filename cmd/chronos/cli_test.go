package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"chronos.dev/api/wire"
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
	t.Parallel()
	file := writeFile(t, triangle)
	// By hand: kraken 2 x 0.03901 x 0.9974 = 0.07781714..., then gemini 3 x 0.0390 x 0.9975.
	const kraken, gemini = "0.07781714", "0.11670750"
	order := []string{"route", "--market", file, "--sell", "ETH", "--buy", "BTC", "-o", "json"}
	var p wire.Price
	out, talk, code := command(t, append(order, "--sell-amount", "5")...)
	if err := json.Unmarshal([]byte(out), &p); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, talk)
	}
	checkPrice(t, &p)
	if p.BuyAmount != "0.19452464" || len(p.Routes) != 2 ||
		p.Routes[0].Hops[0].BuyAmount != gemini || p.Routes[1].Hops[0].BuyAmount != kraken {
		t.Errorf("route: %s", out)
	}
	p = wire.Price{}
	out, talk, code = command(t, append(order, "--buy-amount", "0.2")...)
	if err := json.Unmarshal([]byte(out), &p); err != nil || code != 0 || p.BuyAmount != "0.20000000" {
		t.Errorf("exit %d, %v: %s%s", code, err, out, talk)
	}
	checkPrice(t, &p)
	p = wire.Price{}
	// The other way round: the fee of what is received is ETH's.
	out, talk, code = command(t, "route", "--market", file, "--sell", "BTC", "--buy", "ETH", "--sell-amount", "0.1",
		"-o", "json")
	if err := json.Unmarshal([]byte(out), &p); err != nil || code != 0 {
		t.Errorf("exit %d, %v: %s%s", code, err, out, talk)
	}
	checkPrice(t, &p)
	for _, f := range p.Fees {
		if f.Asset != "ETH" {
			t.Errorf("fee %+v, want all of ETH", f)
		}
	}
}

// What route says of the dump of a live server has the members of what the
// server itself says.
func TestRouteAsTheServer(t *testing.T) {
	t.Parallel()
	p := start(t, "--dev")
	p.await(t, "ready in ")
	live := p.ask(t, "/v1/price?sell_asset=SOL&buy_asset=EUR&sell_amount=25")
	_, dump := fetch(t, p.admin+"/v1/snapshot")
	c := exec.Command(binary, "route", "--market", "-", "--sell", "SOL", "--buy", "EUR", "--sell-amount", "25",
		"-o", "json")
	c.Stdin = strings.NewReader(dump)
	out, err := c.Output()
	if err != nil || live.status != 200 {
		t.Fatalf("%v: %s\n%d %s", err, out, live.status, live.body)
	}
	var fromFile, fromServer any
	if err := errors.Join(json.Unmarshal(out, &fromFile), json.Unmarshal([]byte(live.body), &fromServer)); err != nil {
		t.Fatal(err)
	}
	if got, want := members(fromFile), members(fromServer); got != want {
		t.Errorf("members of route:\n%s\nof the server:\n%s", got, want)
	}
	var price wire.Price
	if err := json.Unmarshal(out, &price); err != nil {
		t.Fatal(err)
	}
	checkPrice(t, &price)
}

// members are the keys of a JSON value; of a list, those of its first element.
func members(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var b strings.Builder
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b.WriteString(k)
			if k != "left_out" { // may be empty in one and not in the other
				b.WriteString(members(v[k]))
			}
			b.WriteString(" ")
		}
		return "{" + b.String() + "}"
	case []any:
		if len(v) > 0 {
			return "[" + members(v[0]) + "]"
		}
	}
	return ""
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	file := writeFile(t, triangle)
	order := []string{"route", "--market", file, "--sell", "ETH", "--buy", "BTC", "--sell-amount"}
	config := writeFile(t, "mode: dev\n\nkafka:\n  broker: [a:1]\n")
	apart := writeFile(t, strings.Replace(triangle, `"venue":"kraken","base":"ETH","quote":"BTC"`,
		`"venue":"kraken","base":"SOL","quote":"USD"`, 1))
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
		{"unknown asset, near names", []string{"route", "--market", file, "--sell", "ETC", "--buy", "BTC",
			"--sell-amount", "1"}, exitProblem, "Near names: BTC, ETH"},
		{"one asset twice", []string{"route", "--market", file, "--sell", "BTC", "--buy", "BTC", "--sell-amount", "1"},
			exitUsage, "both BTC"},
		{"no amount", []string{"route", "--market", file, "--sell", "ETH", "--buy", "BTC"}, exitUsage, "sell-amount"},
		{"four hops", append(order, "1", "--max-hops", "4"), exitUsage, "1 to 3"},
		{"output that is none", append(order, "1", "-o", "xml"), exitUsage, "table or json"},
		{"a market that hangs together nowhere", []string{"route", "--market", apart, "--sell", "ETH", "--buy", "USD",
			"--sell-amount", "1"}, exitProblem, "no_route"},
		{"no such file", []string{"route", "--market", "none.json", "--sell", "A", "--buy", "B", "--sell-amount", "1"},
			exitUsage, "none.json"},
		{"both amounts", append(order, "1", "--buy-amount", "1"), exitUsage, "buy-amount"},
		{"unknown command", []string{"rout"}, exitUsage, "rout"},
		{"no server", []string{"price", "--url", "http://127.0.0.1:1", "--sell", "A", "--buy", "B", "--sell-amount", "1"},
			exitNetwork, "127.0.0.1:1"},
		{"no server, and what would help", []string{"venues", "--url", "http://127.0.0.1:1"}, exitNetwork, "serve --dev"},
		{"no package names", []string{"route", "--market", apart, "--sell", "ETH", "--buy", "USD", "--sell-amount", "0"},
			exitUsage, `amount "0": amount_range`},
		{"no market to show", []string{"book"}, exitUsage, "such as BTC-USD"},
		{"no broker", []string{"feed", "tail"}, exitUsage, "--kafka"},
		{"unknown key", []string{"config", "check", "-f", config}, exitUsage,
			`:4: unknown key "kafka.broker" (did you mean "kafka.brokers"?)`},
		{"unknown key in --set", []string{"config", "check", "--set", "kafka.broker=a:1"}, exitUsage,
			`(did you mean "kafka.brokers"?)`},
		{"--set without value", []string{"config", "check", "--set", "kafka.brokers"}, exitUsage, "KEY=VALUE"},
		{"value out of range", []string{"serve", "--set", "feed.stale_after=-1s"}, exitUsage, "feed.stale_after"},
		{"timeout that is none", []string{"venues", "--timeout", "0s"}, exitUsage, "--timeout"},
		{"url that is none", []string{"venues", "--url", "::"}, exitUsage, "::"},
		{"topic that is none", []string{"feed", "tail", "--kafka", "127.0.0.1:1", "--topic", "books"}, exitUsage, "book.v1"},
		{"replay of nothing", []string{"feed", "replay", "--kafka", "127.0.0.1:1"}, exitUsage, "--captures"},
		{"speed that is none", []string{"feed", "replay", "--captures", ".", "--speed", "2"}, exitUsage, "1 or max"},
		{"man pages into nowhere", []string{"man", "/none/such"}, exitStart, "/none/such"},
		{"good configuration", []string{"config", "check"}, exitOK, "ok"},
		{"effective configuration", []string{"config", "print", "--effective"}, exitOK, "feed.stale_after"},
		{"version", []string{"version"}, exitOK, "chronos " + version},
		{"completion", []string{"completion", "bash"}, exitOK, "chronos"},
		{"no captures", []string{"feed", "verify", "--captures", "none"}, exitUsage, "none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
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
	t.Parallel()
	tests := []struct{ name, from, to, says string }{
		{"unknown key", `"taker_fee_bps":"25"`, `"taker_fee_bps":"25","fee":"1"`, "line 4, column 75"},
		{"duplicate key", `"venue":"gemini",`, `"venue":"gemini","venue":"gemini",`, "duplicate"},
		{"number for an amount", `"12.5"`, `12.5`, ":"},
		{"absurd number", `"12.5"`, `"1e400"`, "1e400"},
		{"negative size", `"12.5"`, `"-12.5"`, "-12.5"},
		{"no JSON", `{"as_of"`, `as_of`, ":"},
		{"null for a price", `"0.0390"`, `null`, "line 5, column 13"},
		{"price of zero", `"0.0390"`, `"0"`, "line 5, column 16"},
		{"fee above all", `"taker_fee_bps":"25"`, `"taker_fee_bps":"10000"`, "9999.9999"},
		{"one book twice", `"venue":"kraken"`, `"venue":"gemini"`, "gemini"},
		{"cut off", `]}]}`, ``, "line 7"},
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

// A file of 100 MB is not read into memory as a whole, and neither is a record.
func TestHugeFiles(t *testing.T) {
	t.Parallel()
	huge := filepath.Join(t.TempDir(), "huge")
	f, err := os.Create(huge)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(100 << 20); err != nil {
		t.Fatal(err)
	}
	_, talk, code := command(t, "route", "--market", huge, "--sell", "ETH", "--buy", "BTC", "--sell-amount", "1")
	if code != exitUsage || !strings.Contains(talk, "more than") {
		t.Errorf("route: exit %d: %s", code, talk)
	}
	_, talk, code = command(t, "feed", "publish", huge, "--kafka", "127.0.0.1:1")
	if code != exitUsage || !strings.Contains(talk, "huge:1: ") || !strings.Contains(talk, "too long") {
		t.Errorf("publish: exit %d: %s", code, talk)
	}
	_, talk, code = command(t, "config", "check", "-f", huge)
	if code != exitUsage || len(talk) > 500 {
		t.Errorf("config check: exit %d: %s", code, talk)
	}
}

// O-6: the line is that of the file as it was named.
func TestConfigCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := strings.Repeat("# a comment\n", 12) + "kafka:\n  broker: [a:1]\n"
	if err := os.WriteFile(filepath.Join(dir, "chronos.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(binary, "config", "check", "-f", "chronos.yaml")
	c.Dir = dir
	out, _ := c.Output()
	want := "chronos.yaml:14: unknown key \"kafka.broker\" (did you mean \"kafka.brokers\"?)\n"
	if string(out) != want || c.ProcessState.ExitCode() != exitUsage {
		t.Errorf("%v: %q, want %q", c.ProcessState, out, want)
	}
	c = exec.Command(binary, "config", "check", "-f", "chronos.yaml", "-o", "json")
	c.Dir = dir
	out, _ = c.Output()
	var problems []map[string]any
	if err := json.Unmarshal(out, &problems); err != nil || len(problems) != 1 || c.ProcessState.ExitCode() != exitUsage {
		t.Errorf("%v, %v: %s", c.ProcessState, err, out)
	}
}

// Flags beat the environment, the environment beats the file, and secrets are
// shown to nobody.
func TestConfigPrint(t *testing.T) {
	t.Parallel()
	secret := writeFile(t, "hush\n")
	file := writeFile(t, "kafka:\n  prefix: file.\n  brokers: [a:1]\n  tls: true\n"+
		"  sasl: {mechanism: PLAIN, username: u, password_file: "+secret+"}\nsim: {seed: 4}\nlog: {level: warn}\n")
	c := exec.Command(binary, "config", "print", "--effective", "-f", file, "--set", "sim.seed=6")
	c.Env = append(os.Environ(), "CHRONOS_SIM_SEED=5", "CHRONOS_LOG_LEVEL=error")
	var talk strings.Builder
	c.Stderr = &talk
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, talk.String())
	}
	for _, re := range []string{
		`(?m)^kafka\.prefix +file\. +.*:2$`, `(?m)^sim\.seed +6 +flag`, `(?m)^log\.level +error +env CHRONOS_LOG_LEVEL`,
		`(?m)^feed\.stale_after +2s +default$`,
	} {
		if !regexp.MustCompile(re).Match(out) {
			t.Errorf("no line %s in\n%s", re, out)
		}
	}
	if strings.Contains(string(out), "hush") {
		t.Error("the password is printed")
	}
	again := writeFile(t, must(command(t, "config", "print", "--set", "sim.seed=9")))
	if out := must(command(t, "config", "print", "-f", again)); !strings.Contains(out, "9") {
		t.Errorf("what config print prints is no configuration:\n%s", out)
	}
}

// must is the standard output of a command that has to succeed.
func must(stdout, stderr string, code int) string {
	if code != 0 {
		panic(fmt.Sprintf("exit %d: %s", code, stderr))
	}
	return stdout
}

func TestManPages(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
	first, _, _ := command(t, "sim", "--print", "300", "--set", "sim.seed=7")
	again, _, _ := command(t, "sim", "--print", "300", "--set", "sim.seed=7")
	other, _, _ := command(t, "sim", "--print", "300", "--set", "sim.seed=8")
	if first != again || first == other || strings.Count(first, "\n") != 300 {
		t.Errorf("%d lines; again equal %v, other seed equal %v", strings.Count(first, "\n"), first == again, first == other)
	}
}
