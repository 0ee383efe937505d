package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chronos.dev/bench"
	"chronos.dev/bench/load"
	"chronos.dev/bench/ticks"
)

// B-4: a bench of a server of its own, in the shape that is promised.
func TestBenchHTTP(t *testing.T) {
	t.Parallel()
	hgrm := filepath.Join(t.TempDir(), "out.hgrm")
	out, talk, code := command(t, "bench", "http", "--rate", "200", "--duration", "1s", "--slo", "p99=10s,errors=0",
		"--hgrm", hgrm, "-o", "json")
	var rep load.Report
	if err := json.Unmarshal([]byte(out), &rep); err != nil || code != 0 || talk != "" {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, talk)
	}
	if rep.Target != "http" || rep.Sent != 200 || rep.OK != 200 || len(rep.Errors) != 0 || rep.Checked < 4 ||
		rep.Graph != (load.Graph{Assets: 9, Markets: 24}) || rep.Corrected != "corrected" || len(rep.SLO) != 2 ||
		rep.Latency.P50 <= 0 || rep.Latency.Max < rep.Latency.P99 {
		t.Errorf("report: %s", out)
	}
	for _, member := range []string{
		`"target"`, `"rate_requested"`, `"rate_achieved"`, `"sent"`, `"ok"`, `"errors":{}`, `"latency_seconds":{"p50"`,
		`"p90"`, `"p99"`, `"p999"`, `"max"`, `"coordinated_omission"`, `"graph":{"assets"`, `"machine":{"cpu"`,
		`"gomaxprocs"`, `"go"`, `"slo":[{"name":"p99","limit_seconds":10,"value_seconds"`,
	} {
		if !strings.Contains(strings.Join(strings.Fields(out), ""), member) {
			t.Errorf("no %s in %s", member, out)
		}
	}
	text, err := os.ReadFile(hgrm)
	if err != nil || !strings.Contains(string(text), "Total count    =          200") {
		t.Errorf("%v: %s", err, text)
	}
}

// An objective that is missed is exit 1 beside the report; a server that answers
// with problems misses errors=0.
func TestBenchHTTPMissesObjectives(t *testing.T) {
	t.Parallel()
	p := start(t, "--dev", "--set", "http.rate_limit=0")
	p.await(t, "ready in ")
	short := []string{"bench", "http", "--url", p.api, "--rate", "100", "--duration", "500ms"}
	out, talk, code := command(t, append(short, "--slo", "p50=1us")...)
	if code != 1 || !strings.Contains(out, "limit 0.001 ms: missed") || !strings.Contains(talk, "objective is missed") {
		t.Errorf("exit %d: %s%s", code, out, talk)
	}
	out, talk, code = command(t, append(short, "--slo", "errors=0", "--order", "BTC:NONE:1")...)
	if code != 1 || !strings.Contains(out, "0 of 50 ok") || !strings.Contains(out, "50 400") {
		t.Errorf("exit %d: %s%s", code, out, talk)
	}
	out, talk, code = command(t, append(short, "--slo", "errors=0", "--order", "BTC:USD:1,ETH:EUR:10", "--vary", "0")...)
	if code != 0 || !strings.Contains(out, "50 of 50 ok") {
		t.Errorf("exit %d: %s%s", code, out, talk)
	}
}

func TestBenchHTTPRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		code int
		say  string
	}{
		{[]string{"--rate", "0"}, 2, "--rate"},
		{[]string{"--rate", "NaN"}, 2, "--rate"},
		{[]string{"--rate", "1000000", "--duration", "1h"}, 2, "--rate"},
		{[]string{"--connections", "0"}, 2, "--connections"},
		{[]string{"--overload", "--connections", "0"}, 2, "--connections"},
		{[]string{"--overload", "--slo", "p99=1s"}, 2, "--slo"},
		{[]string{"--overload", "--url", "ftp://x"}, 2, "--url"},
		{[]string{"--overload", "--url", "http://127.0.0.1:1"}, 5, "refused"},
		{[]string{"--vary", "1"}, 2, "--vary"},
		{[]string{"--slo", "p98=1s"}, 2, "p98"},
		{[]string{"--order", "BTC-USD"}, 2, "SELL:BUY:AMOUNT"},
		{[]string{"--sell-amount", "-1"}, 2, "amount"},
		{[]string{"--url", "http://127.0.0.1:1"}, 5, "refused"},
	} {
		out, talk, code := command(t, append([]string{"bench", "http"}, tt.args...)...)
		if code != tt.code || !strings.Contains(talk, tt.say) || out != "" {
			t.Errorf("%v: exit %d, want %d: %s%s", tt.args, code, tt.code, out, talk)
		}
	}
}

// TestBenchOverload: a bench of a server of its own says what came of an overload. That
// this machine keeps every limit just now is not promised.
func TestBenchOverload(t *testing.T) {
	t.Parallel()
	out, talk, code := command(t, "bench", "http", "--overload", "--duration", "300ms", "--connections", "4", "-o", "json")
	var rep load.OverReport
	if err := json.Unmarshal([]byte(out), &rep); err != nil || code > 1 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, talk)
	}
	if rep.Target != "overload" || rep.Capacity <= 0 || rep.Over.OK == 0 || rep.Calm.OK == 0 || len(rep.Errors) > 0 ||
		rep.Over.OK+rep.Shed != rep.Over.Sent || rep.Recovery <= 0 || (code == 0) != (len(rep.Broken) == 0) {
		t.Errorf("exit %d: %s%s", code, out, talk)
	}
}

// The same seed asks the same, another one something else.
func TestBenchHTTPDrawsOrders(t *testing.T) {
	t.Parallel()
	draw := func(seed uint64) []string {
		f := httpFlags{orders: []string{"BTC:USD:2.5", "ETH:EUR:10.125"}, vary: 0.5, seed: seed}
		all, err := f.paths()
		if err != nil || len(all) != variants {
			t.Fatalf("%v: %d", err, len(all))
		}
		return all
	}
	one, same, other := draw(1), draw(1), draw(2)
	differ, kinds := 0, map[string]bool{}
	for i := range one {
		if one[i] != same[i] {
			t.Fatalf("%s and %s of one seed", one[i], same[i])
		}
		if one[i] != other[i] {
			differ++
		}
		kinds[one[i]] = true
	}
	if differ < variants/2 || len(kinds) < variants/4 {
		t.Errorf("%d differ by seed, %d kinds", differ, len(kinds))
	}
}

// B-5: changes of books through Kafka while prices are asked for.
func TestBenchFeed(t *testing.T) {
	t.Parallel()
	out, talk, code := command(t, "bench", "feed", "--updates", "2000/s", "--duration", "1s", "--quotes", "100",
		"--slo", "p99=20s", "-o", "json")
	var rep ticks.Report
	if err := json.Unmarshal([]byte(out), &rep); err != nil || code != 0 || talk != "" {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, talk)
	}
	if rep.Target != "feed" || !rep.Complete || rep.Updates < 2000 || rep.Quotes == 0 || rep.Lag.P99 <= 0 ||
		rep.Quote.P99 <= 0 || rep.Books == "" {
		t.Errorf("report: %s", out)
	}
	out, talk, code = command(t, "bench", "feed", "--updates", "1000/s", "--duration", "200ms", "--slo", "p50=1us")
	if code != 1 || !strings.Contains(out, "missed") || !strings.Contains(out, "the publisher's at the end") {
		t.Errorf("exit %d: %s%s", code, out, talk)
	}
	for _, bad := range [][]string{
		{"--updates", "fast"}, {"--updates", "0"}, {"--duration", "0s"}, {"--quotes", "-1"}, {"--slo", "lag=1s"},
		{"--set", "kafka.brokers=nonsense"},
	} {
		if out, talk, code := command(t, append([]string{"bench", "feed"}, bad...)...); code != 2 || out != "" {
			t.Errorf("%v: exit %d: %s%s", bad, code, out, talk)
		}
	}
}

// All benches in little, and a comparison of the run with itself and with one that
// was tampered with.
func TestBenchAllAndCompare(t *testing.T) {
	t.Parallel()
	out, talk, code := command(t, "bench", "all", "--quick", "-o", "json")
	var rep struct {
		Target  string
		Reports []struct{ Target string }
	}
	if err := json.Unmarshal([]byte(out), &rep); err != nil || code != 0 || talk != "" || len(rep.Reports) != 5 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, talk)
	}
	file := writeFile(t, out)
	out2, talk, code := command(t, "bench", "compare", file, file)
	if code != 0 || !strings.Contains(out2, "all/reports/route/rows/10000/gap_bps_max") ||
		!strings.Contains(out2, "all/reports/http/latency_seconds/p99") || strings.Contains(out2, "WORSE") {
		t.Errorf("exit %d: %s%s", code, out2, talk)
	}
	other := writeFile(t, strings.Replace(out, `"books":`, `"books":"x","was":`, 1))
	out2, talk, code = command(t, "bench", "compare", file, other)
	if code != 1 || !strings.Contains(out2, "NOT EQUAL") || !strings.Contains(talk, "not the same") {
		t.Errorf("exit %d: %s%s", code, out2, talk)
	}
	for _, bad := range [][]string{{file}, {file, "nowhere"}, {file, file, "--slack", "0"}, {file, writeFile(t, "x")}} {
		if out, talk, code := command(t, append([]string{"bench", "compare"}, bad...)...); code != 2 || out != "" {
			t.Errorf("%v: exit %d: %s%s", bad, code, out, talk)
		}
	}
}

func TestBenchEngine(t *testing.T) {
	t.Parallel()
	out, talk, code := command(t, "bench", "engine", "--quick", "--only", "book/update/1000,quote/pair/2")
	if code != 0 || !strings.Contains(out, "book/update/1000") || !strings.Contains(out, "tree of losers") ||
		strings.Contains(out, "book/update/5000") {
		t.Errorf("exit %d: %s%s", code, out, talk)
	}
	if _, talk, code := command(t, "bench", "engine", "--only", "nothing"); code != 2 {
		t.Errorf("exit %d: %s", code, talk)
	}
}

// The processor time of a price is that of a server which answers, beside two that
// say hello.
func TestBenchCPU(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/schedstat"); err != nil {
		t.Skip(err)
	}
	out, talk, code := command(t, "bench", "cpu", "--rate", "500", "--duration", "400ms", "-o", "json")
	var rep bench.EngineReport
	if err := json.Unmarshal([]byte(out), &rep); err != nil || code != 0 || talk != "" {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, talk)
	}
	if len(rep.Figures) != 3 || rep.Figures[0].NS <= 0 || len(rep.Figures[0].Ratios) != 2 || rep.Figures[0].Ratios[1].NS <= 0 || rep.Figures[2].NS <= 0 {
		t.Errorf("report: %s", out)
	}
	if _, talk, code := command(t, "bench", "cpu", "--rate", "0"); code != 2 {
		t.Errorf("exit %d: %s", code, talk)
	}
}

// The kernel's account of this process grows as it works.
func TestProcessorOf(t *testing.T) {
	t.Parallel()
	before, err := processorOf(os.Getpid())
	if err != nil {
		t.Skip(err)
	}
	for begin := time.Now(); time.Since(begin) < 10*time.Second; {
		if after, err := processorOf(os.Getpid()); err != nil || after >= before+50*time.Millisecond {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Error("ten seconds of work took no processor time")
}

// A page and the tables beside it are what the files in the repository say.
func TestBenchReport(t *testing.T) {
	t.Parallel()
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(here, "bench", "results", "*.json"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%v: %d files of results", err, len(files))
	}
	dir := t.TempDir()
	was, err := os.ReadFile(filepath.Join(root, "docs", "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	markdown, html := filepath.Join(dir, "p.md"), filepath.Join(dir, "p.html")
	if err := os.WriteFile(markdown, was, 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"bench", "report", "--html", html, "--page", markdown}, files...)
	if out, talk, code := command(t, args...); code != 0 || out != "" {
		t.Fatalf("exit %d: %s%s", code, out, talk)
	}
	for made, kept := range map[string]string{markdown: "docs/performance.md", html: "bench/results/page.html"} {
		got, err1 := os.ReadFile(made)
		want, err2 := os.ReadFile(filepath.Join(root, kept))
		if err1 != nil || err2 != nil || string(got) != string(want) {
			t.Errorf("%v %v: %s is not what the results say; chronos bench report rewrites it", err1, err2, kept)
		}
	}
	for _, bad := range [][]string{{"nowhere.json"}, {writeFile(t, "{}")}, {files[0], "--page", "nowhere.md"}} {
		if _, talk, code := command(t, append([]string{"bench", "report"}, bad...)...); code != 2 {
			t.Errorf("%v: exit %d: %s", bad, code, talk)
		}
	}
}
