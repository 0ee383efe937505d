package capture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"chronos.dev/book"
	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/kraken"
	"chronos.dev/market"
)

// recorded is a session with a book of two bids and an ask, whose update deletes
// one bid and a price that is not held, and resizes the other.
var recorded = fmt.Sprintf(`configuration: {"a":1}

wss://ws.kraken.com <-> 1600000000.0
wss://ws.kraken.com <- 1600000000.1: {"event":"subscribe"}
1600000001.0: {"event":"systemStatus","status":"online"}
1600000002.0: [1,{"as":[["101.0","2.50","1600000002.0"]],"bs":[["100.0","1","1600000002.0"],["99","1","1600000002.0"]]},"book-1000","XBT/USD"]
https://api.kraken.com/x -> 1600000002.5: {"error":[]} header: {"Date":"x"}
1600000003.0: [1,{"b":[["99","0","1600000003.0"],["98","0","1600000003.0"],["100.0","3","1600000003.0","r"]],"c":"%d"},"book-1000","XBT/USD"]
`, crc32.ChecksumIEEE([]byte("1010"+"250"+"1000"+"3")))

// found is what an exact look at recorded finds.
var found = `{"messages":3,"message_kinds":{"systemStatus":1,"book-1000":2},"format_quirks":{},
"books":{"XBT/USD":{"ready":true,"updates":1,"snapshots":1,"levels":{"bids":1,"asks":1},
"checksums":{"ok":1,"bad":0},"quirks":{"zero_size_delete":2,"delete_of_absent_level":1,"republished_r_flag":1},
"full_book_sha256":"` + sum([]byte("b,100,3\na,101,2.5\n")) + `","bids":[["100","3"]],"asks":[["101","2.5"]]}},
"checkpoints":[{"at":1600000002.7,"top":{"XBT/USD":{"bids":[["100","1"],["99","1"]],"asks":[["101","2.5"]]}}},
{"at":1600000001.5,"top":{"XBT/USD":{"bids":[],"asks":[]}}}],
"at":{"absolute":1600000003.0,"books":{"XBT/USD":{"bids":[["100","3"]],"asks":[["101","2.5"]]}}}}`

// session returns a folder with one capture, and what is expected of it.
func session(t *testing.T, raw, expected string) (*Folder, *Entry) {
	t.Helper()
	dir := t.TempDir()
	e := Entry{ID: "2020-09-13/kraken", Handler: "kraken", Messages: 3, Files: []File{pack(t, dir, "raw/ws.zst", raw)}}
	if expected != "" {
		e.Expected = "made.json"
		write(t, dir, "expected/made.json", []byte(expected))
	}
	f := made(t, dir, e)
	return f, &f.Entries[0]
}

func verify(t *testing.T, raw, expected string) Result {
	t.Helper()
	f, e := session(t, raw, expected)
	r, err := f.Verify(t.Context(), e, &kraken.Spec)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerifyAgrees(t *testing.T) {
	r := verify(t, recorded, found)
	if !r.OK || !r.Compared || len(r.Differences) != 0 || r.Messages != 3 || r.Books != 1 || r.SumsOK != 1 ||
		r.SumsBad != 0 || r.Crossed != 0 || r.ID != "2020-09-13/kraken" || r.Venue != "kraken" {
		t.Errorf("result %+v", r)
	}
}

func TestVerifySaysWhenNothingIsExpected(t *testing.T) {
	r := verify(t, recorded, "")
	if r.Compared || !r.OK || r.Messages != 3 || r.SumsOK != 1 {
		t.Errorf("result %+v, want counts and nothing compared", r)
	}
}

// Each row falsifies one fact of what is expected, and must be told of it.
func TestVerifyTellsEveryDifference(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"messages", `"messages":3`, `"messages":4`, "messages: 3, want 4"},
		{"kinds", `"book-1000":2`, `"book-1000":1`, "kind book-1000: 2, want 1"},
		{"kinds nobody expects", `"systemStatus":1,`, ``, "kind systemStatus: 1, want 0"},
		{"kinds that are missing", `"systemStatus":1`, `"systemStatus":1,"trade":1`, "kind trade: 0, want 1"},
		{"quirks of the format", `"format_quirks":{}`, `"format_quirks":{"x":1}`, "quirk x: 0, want 1"},
		{"updates", `"updates":1`, `"updates":2`, "XBT/USD updates: 1, want 2"},
		{"snapshots", `"snapshots":1`, `"snapshots":2`, "XBT/USD snapshots: 1, want 2"},
		{"levels", `"levels":{"bids":1`, `"levels":{"bids":2`, "levels: 1 bids 1 asks, want 2 and 1"},
		{"checksums", `"ok":1`, `"ok":2`, "XBT/USD checksums ok: 1, want 2"},
		{"deletes", `"zero_size_delete":2`, `"zero_size_delete":1`, "XBT/USD quirk zero_size_delete: 2, want 1"},
		{"deletes of absent levels", `"delete_of_absent_level":1,`, ``, "quirk delete_of_absent_level: 1, want 0"},
		{"quirks of the decoder", `"republished_r_flag":1`, `"republished_r_flag":3`, "quirk republished_r_flag: 1, want 3"},
		{"the hash", sum([]byte("b,100,3\na,101,2.5\n")), sum(nil), "final book " + sum([]byte("b,100,3\na,101,2.5\n"))},
		{"a checkpoint", `"bids":[["100","1"]`, `"bids":[["100","2"]`,
			"checkpoint 1600000002.7: XBT/USD bid 0: 1 at 100, want 2 at 100"},
		{"a checkpoint with a level too many", `["99","1"]]`, `["99","1"],["98","1"]]`,
			"checkpoint 1600000002.7: XBT/USD bid 2: missing, want 1 at 98"},
		{"a checkpoint before the book", `{"bids":[],"asks":[]}`, `{"bids":[],"asks":[["1","1"]]}`,
			"checkpoint 1600000001.5: XBT/USD: no book"},
		{"a checkpoint without a time", `1600000001.5`, `-1`, "checkpoint at -1: no time"},
		{"the instant", `"absolute":1600000003.0`, `"absolute":1600000002.9`,
			"instant 1600000002.9: XBT/USD bid 0: 1 at 100, want 3 at 100"},
		{"the other side of the instant", `"asks":[["101","2.5"]]}}}}`, `"asks":[["101.5","2.5"]]}}}}`,
			"XBT/USD ask 0: 2.5 at 101, want 2.5 at 101.5"},
		{"a book that is missing", `"books":{"XBT/USD":{"ready"`, `"books":{"ETH/USD":{},"XBT/USD":{"ready"`,
			"ETH/USD: no book"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Count(found, tt.old) == 0 {
				t.Fatalf("%q is not expected", tt.old)
			}
			r := verify(t, recorded, strings.Replace(found, tt.old, tt.new, 1))
			told := slices.ContainsFunc(r.Differences, func(d string) bool { return strings.Contains(d, tt.want) })
			if r.OK || !told {
				t.Errorf("differences %q, want one with %q", r.Differences, tt.want)
			}
		})
	}
}

// Each row damages the session.
func TestVerifyTellsWhatIsWrongWithTheSession(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"a digit that is not the venue's", `["100.0","3"`, `["100.0","4"`, "XBT/USD: gapped: book: checksum"},
		{"the same, counted", `["100.0","3"`, `["100.0","4"`, "XBT/USD checksums bad: 1, want 0"},
		{"a frame that is refused", `{"event":"systemStatus","status":"online"}`, `{"event":"party"}`,
			"1 frames rejected: unknown_kind"},
		{"a crossed book", `[["101.0","2.50"`, `[["100.0","2.50"`, "a book was crossed after 2 frames"},
		{"a book nobody expects", `1600000001.0: `, `1600000001.0: [1,{"as":[],"bs":[]},"book-1000","ETH/USD"]` +
			"\n1600000001.0: ", "books: 2, want 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := verify(t, strings.Replace(recorded, tt.old, tt.new, 1), found)
			told := slices.ContainsFunc(r.Differences, func(d string) bool { return strings.Contains(d, tt.want) })
			if r.OK || !told {
				t.Errorf("differences %q, want one with %q", r.Differences, tt.want)
			}
		})
	}
}

func TestVerifySaysOnlySoMuch(t *testing.T) {
	kinds := map[string]int{}
	for i := range 100 {
		kinds[fmt.Sprint(i)] = 1
	}
	b, err := json.Marshal(kinds)
	if err != nil {
		t.Fatal(err)
	}
	r := verify(t, recorded, strings.Replace(found, `{"systemStatus":1,"book-1000":2}`, string(b), 1))
	if n := len(r.Differences); n != maxDifferences+1 || r.Differences[n-1] != "and more" {
		t.Errorf("%d differences, the last %q; want %d and that there are more", n, r.Differences[n-1], maxDifferences)
	}
}

func TestVerifyFailsOnWhatCannotBePlayed(t *testing.T) {
	f, e := session(t, recorded, `{"messages":"many"}`)
	_, err := f.Verify(t.Context(), e, &kraken.Spec)
	if err == nil || !strings.Contains(err.Error(), "expected/made.json") {
		t.Errorf("error %v, want one of the expectations", err)
	}
	f, e = session(t, recorded, found)
	e.Expected = "none.json"
	if _, err := f.Verify(t.Context(), e, &kraken.Spec); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("error %v, want one of the missing expectations", err)
	}
	f, e = session(t, "hello", found)
	if _, err := f.Verify(t.Context(), e, &kraken.Spec); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("error %v, want one of the line", err)
	}
	f, e = session(t, recorded, found)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Verify(ctx, e, &kraken.Spec); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was cancelled", err)
	}
}

func TestSessionCountsAndReports(t *testing.T) {
	s := NewSession(&kraken.Spec)
	var seen []string
	s.OnEvent = func(e *market.Event, err error) {
		state, _ := s.Books[e.Symbol].State()
		seen = append(seen, fmt.Sprintf("%d %s %s %v", e.Kind, e.Symbol, state, err))
	}
	frames, err := parse([]byte(recorded+"1600000004.0: {\n"), 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range frames {
		err = s.Play(&frames[i])
	}
	var fe *venue.FrameError
	if !errors.As(err, &fe) || s.Rejected[venue.ReasonMalformed] != 1 || s.Messages != 4 || s.Kinds["book-1000"] != 2 {
		t.Errorf("error %v, rejected %v, %d messages, kinds %v", err, s.Rejected, s.Messages, s.Kinds)
	}
	want := []string{"1 XBT/USD live <nil>", "2 XBT/USD live <nil>",
		"3 XBT/USD gapped book: decoder reports a gap: a frame could not be read"}
	if !slices.Equal(seen, want) {
		t.Errorf("events %q, want %q", seen, want)
	}
}

func TestViewsAtAreThoseOfTheInstant(t *testing.T) {
	frames, err := parse([]byte(recorded), 0)
	if err != nil {
		t.Fatal(err)
	}
	if v := ViewsAt(&kraken.Spec, frames, 1_600_000_001_999_999_999); len(v) != 0 {
		t.Errorf("views %v before the first snapshot, want none", v)
	}
	for _, tt := range []struct {
		at   int64
		hash string
	}{
		{1_600_000_002_000_000_000, sum([]byte("b,100,1\nb,99,1\na,101,2.5\n"))},
		{1_600_000_002_999_999_999, sum([]byte("b,100,1\nb,99,1\na,101,2.5\n"))},
		{1_600_000_003_000_000_000, sum([]byte("b,100,3\na,101,2.5\n"))},
		{1_700_000_000_000_000_000, sum([]byte("b,100,3\na,101,2.5\n"))},
	} {
		v := ViewsAt(&kraken.Spec, frames, tt.at)["XBT/USD"]
		if v == nil || Hash(v) != tt.hash || v.State != book.Live {
			t.Errorf("at %d: view %+v, want hash %s", tt.at, v, tt.hash)
		}
	}
}

func TestMatchTakesTheLongestFormat(t *testing.T) {
	specs := []venue.Spec{{Handler: "x", Format: "x"}, {Handler: "x", Format: "x_v5"}, {Handler: "y", Format: "x_v5_eu"}}
	tests := []struct {
		name, id, handler, want string
	}{
		{"the whole name", "2020/x_v5", "x", "x_v5"},
		{"its beginning", "2020/x_v5_eu", "x", "x_v5"},
		{"the shorter one where the longer does not fit", "2020/x_v3", "x", "x"},
		{"another handler's", "2020/x_v5_eu", "y", "x_v5_eu"},
		{"no such handler", "2020/x", "z", ""},
		{"no such name", "x/z", "x", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Match(specs, &Entry{ID: tt.id, Handler: tt.handler})
			if ok != (tt.want != "") || ok && got.Format != tt.want {
				t.Errorf("Match(%s of %s) = %+v, %v; want %q", tt.id, tt.handler, got, ok, tt.want)
			}
		})
	}
}
