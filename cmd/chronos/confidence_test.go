package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"chronos.dev/api/wire"
)

// emptyTable has the source in place of SOURCE.
const emptyTable = `{"version":1,"source":"SOURCE","window":5000,"step_ppm":5000,"targets_ppm":[950000],
"buckets":[],"accepts":[]}`

// TestConfidence: a table that is fitted on the simulator gives the prices of
// simulated books a number, and a table of real markets does not.
func TestConfidence(t *testing.T) {
	t.Parallel()
	table := filepath.Join(t.TempDir(), "table.json")
	_, talk, code := command(t, "confidence", "fit", "--sim", "1", "--minutes", "4", "--out", table)
	if code != exitOK || !strings.Contains(talk, "simulated market of seed 1") {
		t.Fatalf("fit: exit %d: %s", code, talk)
	}
	b, err := os.ReadFile(table)
	if err != nil || !strings.Contains(string(b), `"source":"simulated"`) {
		t.Fatalf("table: %v: %.200s", err, b)
	}
	order := "/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=1"
	for _, tt := range []struct {
		name, table, why string
	}{
		{"fitted on the simulator", table, ""},
		{"of real markets", writeFile(t, strings.Replace(emptyTable, "SOURCE", "replay", 1)), "other_source"},
		{"that knows nothing", writeFile(t, strings.Replace(emptyTable, "SOURCE", "simulated", 1)), "no_samples"},
		{"none", "", "no_table"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := start(t, "--dev", "--set", "confidence.table="+tt.table)
			p.await(t, "ready in ")
			var a answer
			if tt.why == "" {
				eventually(t, "a price with a number", func() bool {
					a = p.ask(t, order)
					return a.status == 200 && a.price.Confidence != nil
				})
				checkConfidence(t, &a.price)
				return
			}
			if a = p.ask(t, order); a.price.Confidence != nil || a.price.ConfidenceReason != tt.why {
				t.Errorf("%d: confidence %v, %q, want %q", a.status, a.price.Confidence, a.price.ConfidenceReason, tt.why)
			}
		})
	}
}

func checkConfidence(t *testing.T, p *wire.Price) {
	t.Helper()
	c, err := strconv.ParseFloat(*p.Confidence, 64)
	if err != nil || c <= 0 || c > 1 || len(*p.Confidence) != 4 || p.ConfidenceReason != "" || p.ConfidenceMS != 5000 {
		t.Errorf("confidence %s after %d ms, %q", *p.Confidence, p.ConfidenceMS, p.ConfidenceReason)
	}
}

// TestConfidenceReport: what a table was fitted on is not what it is judged on,
// and text, JSON and picture are of the same report.
func TestConfidenceReport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	table, svg := filepath.Join(dir, "table.json"), filepath.Join(dir, "r.svg")
	market := []string{"--sim", "5", "--minutes", "4", "-q"}
	until := "2020-01-01T00:03:00Z"
	fit := append([]string{"confidence", "fit", "--out", table, "--until", until}, market...)
	if out, talk, code := command(t, fit...); code != exitOK || out+talk != "" {
		t.Fatalf("fit: exit %d: %s%s", code, out, talk)
	}
	args := append([]string{"confidence", "report", "--table", table, "--svg", svg}, market...)
	text, talk, code := command(t, args...)
	if code != exitOK && code != exitFailed || talk != "" || !strings.Contains(text, "to "+until) ||
		!strings.Contains(text, "source simulated") || !strings.Contains(text, "test   "+until[:16]) {
		t.Errorf("report: exit %d: %s%s", code, text, talk)
	}
	if b, err := os.ReadFile(svg); err != nil || !strings.HasPrefix(string(b), "<svg ") {
		t.Errorf("picture: %v: %.50s", err, b)
	}
	out, _, again := command(t, append(args, "-o", "json")...)
	var body struct {
		Source string `json:"source"`
		Tested int    `json:"tested"`
		Bins   []struct {
			Forecasts int `json:"forecasts"`
		} `json:"bins"`
	}
	if err := json.Unmarshal([]byte(out), &body); err != nil || again != code || body.Source != "simulated" ||
		body.Tested == 0 || len(body.Bins) != 10 {
		t.Errorf("exit %d, %v: %s", again, err, out)
	}
	// All of the market was used: nothing is left to be judged by.
	if _, talk, code := command(t, append([]string{"confidence", "fit", "--out", table}, market...)...); code != exitOK {
		t.Fatalf("fit: %s", talk)
	}
	text, _, code = command(t, args...)
	if code != exitOK || !strings.Contains(text, "0 of the 0 bins") {
		t.Errorf("judged by what it was fitted on: exit %d: %s", code, text)
	}
}

// TestConfidenceRefuses: each mistake is told with its exit code.
func TestConfidenceRefuses(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "t.json")
	fit := func(more ...string) []string { return append([]string{"confidence", "fit", "--out", out}, more...) }
	report := func(more ...string) []string { return append([]string{"confidence", "report"}, more...) }
	replay := writeFile(t, strings.Replace(emptyTable, "SOURCE", "replay", 1))
	for _, tt := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no market", fit(), exitUsage, "captures"},
		{"two markets", fit("--sim", "1", "--captures", "."), exitUsage, "captures"},
		{"nowhere to write to", []string{"confidence", "fit", "--sim", "1"}, exitUsage, "out"},
		{"a folder that is none", fit("--sim", "1", "--minutes", "1", "--out", "/none/such/t"), exitStart, "/none/such"},
		{"no minutes", fit("--sim", "1", "--minutes", "0"), exitUsage, "--minutes"},
		{"steps that miss the second", fit("--sim", "1", "--minutes", "1", "--every", "300ms"), exitUsage, "250ms"},
		{"a limit that is no time", fit("--sim", "1", "--until", "noon"), exitUsage, "--until"},
		{"captures that are none", fit("--captures", "none"), exitUsage, "none"},
		{"a part of more than all", report("--sim", "1", "--part", "2"), exitUsage, "--part"},
		{"a margin of more than all", report("--sim", "1", "--margins", "20000"), exitUsage, "--margins"},
		{"no such table", report("--sim", "1", "--table", "none.json"), exitUsage, "none.json"},
		{"a table that is none", report("--sim", "1", "--table", writeFile(t, "{}")), exitUsage, "version is missing"},
		{"an empty table", report("--sim", "1", "--table", replay), exitUsage, "empty"},
		{"serve with no such table", []string{"serve", "--dev", "--set", "confidence.table=none.json"}, exitUsage, "none.json"},
		{"serve with a table of another version", []string{"serve", "--dev", "--set",
			"confidence.table=" + writeFile(t, `{"version":9}`)}, exitUsage, "table version 9: want 1"},
		{"serve with a broken table", []string{"serve", "--dev", "--set",
			"confidence.table=" + writeFile(t, strings.Replace(emptyTable, "[950000]", `["x"]`, 1))}, exitUsage, "line 1, column"},
		{"serve with a horizon beyond all", []string{"serve", "--set", "confidence.horizon=2m"}, exitUsage, "confidence.horizon"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, talk, code := command(t, tt.args...)
			if code != tt.code || !strings.Contains(out+talk, tt.says) {
				t.Errorf("exit %d, want %d and %q:\n%s%s", code, tt.code, tt.says, out, talk)
			}
		})
	}
}

// TestConfidenceOfCaptures: recorded markets give a table of their own source.
func TestConfidenceOfCaptures(t *testing.T) {
	t.Parallel()
	dir := captures(t)
	table := filepath.Join(t.TempDir(), "table.json")
	_, talk, code := command(t, "confidence", "fit", "--captures", dir, "--venues", "gemini,bybit", "--out", table)
	if code != exitOK || !strings.Contains(talk, "2021-04-17/gemini: ") || !strings.Contains(talk, "left out 2024-12-01/bybit_v5") {
		t.Fatalf("exit %d: %s", code, talk)
	}
	b, err := os.ReadFile(table)
	if err != nil || !strings.Contains(string(b), `"source":"replay"`) {
		t.Errorf("%v: %.100s", err, b)
	}
}
