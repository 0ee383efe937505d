package meter

import (
	"bytes"
	"strings"
	"testing"
)

const before = `{"target":"all","reports":[
 {"target":"engine","seed":1,"machine":{"ratio":9},"figures":[
  {"name":"book/update","ns":90,"allocs":0,"ratios":[{"baseline":"map","ratio":0.8},{"baseline":"slice","ratio":2}]}]},
 {"target":"http","workload":"abc","ok":1000,"rate_achieved":2000,"latency_seconds":{"p50":0.001,"p99":0.004}},
 {"target":"feed","books":"ff","updates_applied":20000}]}`

func TestCompare(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, old, new string
		ok             bool
		say            string
	}{
		{name: "equal", ok: true, say: "no difference seen"},
		{name: "a ratio within the slack", old: `"ratio":0.8`, new: `"ratio":0.99`, ok: true},
		{name: "a ratio beyond it", old: `"ratio":0.8`, new: `"ratio":1.01`, say: "book/update/ratios/map/ratio"},
		{name: "a ratio that is better", old: `"ratio":2}`, new: `"ratio":0.1}`, ok: true, say: "differs"},
		{name: "nanoseconds are the machine's", old: `"ns":90`, new: `"ns":900`, ok: true},
		{name: "so is its load", old: `{"ratio":9}`, new: `{"ratio":99}`, ok: true},
		{name: "an allocation more", old: `"allocs":0`, new: `"allocs":1`, say: "WORSE"},
		{name: "a hundredth of one", old: `"allocs":0`, new: `"allocs":0.01`, ok: true},
		{name: "a latency", old: `"p99":0.004`, new: `"p99":0.006`, say: "latency_seconds/p99"},
		{name: "less throughput", old: `"updates_applied":20000`, new: `"updates_applied":15000`, say: "WORSE"},
		{name: "more throughput", old: `"updates_applied":20000`, new: `"updates_applied":90000`, ok: true},
		{name: "fewer answers", old: `"ok":1000`, new: `"ok":10`, say: "http/ok"},
		{name: "other answers", old: `"books":"ff"`, new: `"books":"fe"`, say: "NOT EQUAL"},
		{name: "other work", old: `"workload":"abc"`, new: `"workload":"abd"`, say: "NOT EQUAL"},
		{name: "a figure less", old: `"ok":1000,`, new: ``, ok: true, say: "in one only"},
	}
	for _, tt := range tests {
		after := before
		if tt.old != "" {
			if after = strings.Replace(before, tt.old, tt.new, 1); after == before {
				t.Fatalf("%s: nothing changed", tt.name)
			}
		}
		c, err := Compare([]byte(before), []byte(after), 1.25)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		var b bytes.Buffer
		if err := c.Write(&b); err != nil {
			t.Fatal(err)
		}
		if c.OK() != tt.ok || !strings.Contains(b.String(), tt.say) {
			t.Errorf("%s: ok %v, want %v, and %q in\n%s", tt.name, c.OK(), tt.ok, tt.say, b.String())
		}
	}
}

func TestWhatCannotBeCompared(t *testing.T) {
	t.Parallel()
	for name, texts := range map[string][2]string{
		"no JSON":           {before, "x"},
		"a list":            {"[]", before},
		"no target":         {before, `{"a":1}`},
		"nothing in common": {before, `{"target":"route","rows":[{"dollars":10000,"p50_ns":3}]}`},
	} {
		if _, err := Compare([]byte(texts[0]), []byte(texts[1]), 1.25); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, slack := range []float64{0, 0.9, 1e9} {
		if _, err := Compare([]byte(before), []byte(before), slack); err == nil {
			t.Errorf("slack %v: no error", slack)
		}
	}
}
