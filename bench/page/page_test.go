package page

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"chronos.dev/bench"
	"chronos.dev/bench/load"
	"chronos.dev/bench/meter"
)

// results are files of three runs, and prices at two rates.
func results(t *testing.T) [][]byte {
	t.Helper()
	var files [][]byte
	put := func(v any) {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, text)
	}
	for _, ratio := range []float64{0.5, 0.1, 0.2} {
		a := bench.Ratio{Baseline: "plain", NS: 10 / ratio, Ratio: ratio, Target: 0.15}
		g := bench.Ratio{Baseline: "venues 5", NS: 20, Ratio: 1.5, Target: 1.5}
		put(bench.EngineReport{Target: "engine", NotRun: []string{"book/recorded: <none>"}, Figures: []bench.Figure{
			{Name: "a/b", What: "one & all", NS: 10, Ratios: []bench.Ratio{a}},
			{Name: "growth/venues/50", NS: 30, Ratios: []bench.Ratio{g}},
		}})
	}
	for _, rate := range []float64{2000, 500} {
		put(load.Report{Target: "http", RateRequested: rate, Duration: 1, Sent: 500, OK: 500,
			Latency: meter.Latency{P50: 0.001, P90: 0.002, P99: 0.003, P999: 0.004, Max: 0.005}})
	}
	row := bench.Row{Dollars: 10_000, Orders: 1, P50: 20, KernelP50: 10, GreedyP50: 100}
	put(map[string]any{"target": "route", "rows": []bench.Row{row}})
	return files
}

func read(t *testing.T, files [][]byte) *Results {
	t.Helper()
	var r Results
	for _, f := range files {
		if err := r.Read(f); err != nil {
			t.Fatal(err)
		}
	}
	return &r
}

// TestSameFilesSameBytes: a page is nothing but its files, and is well formed with all
// curves.
func TestSameFilesSameBytes(t *testing.T) {
	files := results(t)
	var one, two bytes.Buffer
	if err := read(t, files).HTML(&one); err != nil {
		t.Fatal(err)
	}
	if err := read(t, files).HTML(&two); err != nil || !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Fatalf("%v: two pages of the same files differ", err)
	}
	page := one.String()
	for _, part := range []string{"one &amp; all", ">p99.9<", ">venues<", "falls short", "&lt;none&gt;",
		"greedy split"} {
		if !strings.Contains(page, part) {
			t.Errorf("no %q in the page", part)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "http") || strings.Count(page, "<svg") != 3 {
		t.Error("the page needs something else, or lacks a chart")
	}
	for part := range strings.SplitSeq(page, "<svg") {
		if svg, _, ok := strings.Cut(part, "</svg>"); ok {
			for d := xml.NewDecoder(strings.NewReader("<svg" + svg + "</svg>")); ; {
				if _, err := d.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestTables: the middle of all runs is judged, and the spread is shown.
func TestTables(t *testing.T) {
	r := read(t, results(t))
	tables := r.Tables()
	for name, want := range map[string]string{
		"engine": "0.100 / 0.200 / 0.500 of 3 | 0.150 | falls short |",
		"short":  "- a/b: 0.200 of plain, target 0.150: 1.3 times too much.",
		"routes": "| route/split/$10000 | kernel with bound | 10 |",
		"http":   "| 500 | 0 | 0 | 1.000 | 2.000 | 3.000 | 4.000 | 5.000 |",
	} {
		if !strings.Contains(tables[name], want) {
			t.Errorf("no %q in %s:\n%s", want, name, tables[name])
		}
	}
	page := []byte("x\n<!-- bench:short -->\nold\n<!-- bench:end -->\ny\n")
	first, err := Rewrite(page, tables)
	if err != nil || !strings.Contains(string(first), "1.3 times") || strings.Contains(string(first), "old") ||
		!strings.HasSuffix(string(first), "<!-- bench:end -->\ny\n") {
		t.Fatalf("%v: %s", err, first)
	}
	if again, err := Rewrite(first, tables); err != nil || !bytes.Equal(again, first) {
		t.Errorf("%v: written once more it differs: %s", err, again)
	}
	for _, bad := range []string{"<!-- bench:nothing -->\n<!-- bench:end -->", "<!-- bench:short -->\n"} {
		if _, err := Rewrite([]byte(bad), tables); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, bad := range []string{"", "{}", `{"target":"all","reports":[{}]}`, `{"target":"engine","figures":1}`} {
		if err := new(Results).Read([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
