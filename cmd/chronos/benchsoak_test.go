package main

import (
	"encoding/json"
	"testing"
)

func TestBenchSoak(t *testing.T) {
	out, talk, code := command(t, "bench", "soak", "--for", "3s", "--updates", "2000", "--quotes", "50", "-o", "json")
	var rep soakReport
	if err := json.Unmarshal([]byte(out), &rep); err != nil || code != 0 {
		t.Fatalf("code %d, %v: %s%s", code, err, out, talk)
	}
	if rep.Verified == 0 || rep.Wrong != 0 || rep.BookErrors != 0 || rep.Quotes == 0 || rep.Updates == 0 {
		t.Errorf("%+v", rep)
	}
	for _, bad := range [][]string{{"--for", "1ms"}, {"--updates", "0"}, {"--quotes", "NaN"}} {
		if out, talk, code := command(t, append([]string{"bench", "soak"}, bad...)...); code != 2 || out != "" {
			t.Errorf("%v: code %d, %s%s", bad, code, out, talk)
		}
	}
}
