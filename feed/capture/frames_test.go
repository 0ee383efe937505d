package capture

import (
	"strings"
	"testing"

	"chronos.dev/feed/venue"
)

func TestParseLine(t *testing.T) {
	const s = 1_617_666_422_000_000_000
	tests := []struct {
		name, line string
		want       venue.Frame
		body       string
	}{
		{"a received message", `1617666422.653664: {"a":1}`,
			venue.Frame{Kind: venue.Stream, Time: s + 653_664_000}, `{"a":1}`},
		{"a time of whole seconds", `1617666422: [1]`, venue.Frame{Kind: venue.Stream, Time: s}, `[1]`},
		{"a time of nine decimals loses none", `1617666422.123456789: [1]`,
			venue.Frame{Kind: venue.Stream, Time: s + 123_456_789}, `[1]`},
		{"a time finer than that is cut", `1617666422.1234567899: [1]`,
			venue.Frame{Kind: venue.Stream, Time: s + 123_456_789}, `[1]`},
		{"a body with a colon and a space", `1617666422.5: {"a": 1, "b": 2}`,
			venue.Frame{Kind: venue.Stream, Time: s + 500_000_000}, `{"a": 1, "b": 2}`},
		{"an empty body", `1617666422.5: `, venue.Frame{Kind: venue.Stream, Time: s + 500_000_000}, ``},
		{"an answer", `https://x.test/depth?a=b -> 1617666422.5: {"a":1}`,
			venue.Frame{Kind: venue.Answer, URL: "https://x.test/depth?a=b", Time: s + 500_000_000}, `{"a":1}`},
		{"the header behind an answer is cut", `https://x.test -> 1617666422.5: {"a":1} header: {"Date": "x: y"}`,
			venue.Frame{Kind: venue.Answer, URL: "https://x.test", Time: s + 500_000_000}, `{"a":1}`},
		{"what was sent", `wss://x.test <- 1617666422.5: {"a":1}`,
			venue.Frame{Kind: venue.Sent, URL: "wss://x.test", Time: s + 500_000_000}, `{"a":1}`},
		{"a connection", `wss://x.test <-> 1617666422.5`,
			venue.Frame{Kind: venue.Connect, URL: "wss://x.test", Time: s + 500_000_000}, ``},
		{"nanoseconds", `1723161255030314667 {"stream":"x","data":{}}`,
			venue.Frame{Kind: venue.Stream, Time: 1_723_161_255_030_314_667}, `{"stream":"x","data":{}}`},
		{"nanoseconds of a snapshot", `1723161255030314667 {"lastUpdateId":5}`,
			venue.Frame{Kind: venue.Answer, Time: 1_723_161_255_030_314_667}, `{"lastUpdateId":5}`},
		{"nanoseconds of a stream that has such an id", `1723161255030314667 {"stream":"x","lastUpdateId":5}`,
			venue.Frame{Kind: venue.Stream, Time: 1_723_161_255_030_314_667}, `{"stream":"x","lastUpdateId":5}`},
		{"no time at all", `{"topic":"x"}`, venue.Frame{Kind: venue.Stream}, `{"topic":"x"}`},
		{"bytes in single quotes", `1617666422: b'a\x00\xfF\n\r\t\\\'"'`, venue.Frame{Kind: venue.Stream, Time: s},
			"a\x00\xff\n\r\t\\'\""},
		{"bytes in double quotes", `1617666422: b"it's"`, venue.Frame{Kind: venue.Stream, Time: s}, "it's"},
		{"no bytes", `1617666422: b''`, venue.Frame{Kind: venue.Stream, Time: s}, ""},
		{"a body that only begins like bytes", `1617666422: b'x`, venue.Frame{Kind: venue.Stream, Time: s}, "b'x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok, err := parseLine([]byte(tt.line))
			if err != nil || !ok || got.Kind != tt.want.Kind || got.URL != tt.want.URL || got.Time != tt.want.Time ||
				string(got.Body) != tt.body {
				t.Errorf("parseLine(%q) = %+v (%q), %v, %v; want %+v (%q)",
					tt.line, got, got.Body, ok, err, tt.want, tt.body)
			}
		})
	}
}

func TestParseLineSkips(t *testing.T) {
	for _, line := range []string{"", `configuration: {"a":1}`} {
		if f, ok, err := parseLine([]byte(line)); ok || err != nil {
			t.Errorf("parseLine(%q) = %+v, %v, %v; want nothing", line, f, ok, err)
		}
	}
}

func TestParseLineRefuses(t *testing.T) {
	tests := []struct{ name, line string }{
		{"a time alone", `1617666422.5`},
		{"a time that is too large", `8589934592.0: {}`},
		{"a time with two points", `1.2.3: {}`},
		{"a time without decimals behind its point", `1.: {}`},
		{"a letter behind nine decimals", `1.123456789x: {}`},
		{"nanoseconds beyond 63 bits", `9223372036854775808 {}`},
		{"nanoseconds with a point", `1723161255.5 {}`},
		{"a word", `hello`}, {"two words", `hello world`},
		{"an arrow nobody knows", `wss://x.test => 1617666422.5: {}`},
		{"an answer without a time", `https://x.test -> : {}`},
		{"a time with a sign", `https://x.test -> -1.5: {}`},
		{"bytes that end in an escape", `1617666422: b'\'`},
		{"bytes that end in half an escape", `1617666422: b'\x0'`},
		{"bytes with an escape of no hex digits", `1617666422: b'\xg0'`},
		{"bytes with an unknown escape", `1617666422: b'\q'`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if f, ok, err := parseLine([]byte(tt.line)); err == nil {
				t.Errorf("parseLine(%q) = %+v, %v; want an error", tt.line, f, ok)
			}
		})
	}
}

func TestParseGivesALineWithoutTimeTheOneBefore(t *testing.T) {
	frames, err := parse([]byte("{\"a\":1}\r\n\n5.0: {\"b\":1}\n{\"c\":1}\nwss://x <-> 7.0\n{\"d\":1}"), 3)
	if err != nil {
		t.Fatal(err)
	}
	want := []int64{0, 5e9, 5e9, 7e9, 7e9}
	if len(frames) != len(want) {
		t.Fatalf("%d frames, want %d", len(frames), len(want))
	}
	for i, f := range frames {
		if f.Time != want[i] || f.Conn != 3 {
			t.Errorf("frame %d: time %d of connection %d, want %d of 3", i, f.Time, f.Conn, want[i])
		}
	}
	if string(frames[0].Body) != `{"a":1}` {
		t.Errorf("body %q, want it without the end of the line", frames[0].Body)
	}
}

func TestParseNamesTheLineThatIsWrong(t *testing.T) {
	_, err := parse([]byte("configuration: {}\n1.0: {}\nhello\n"), 0)
	if err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("error %v, want one of line 3", err)
	}
}

// Whatever a file holds, parsing it ends, and gives frames that a decoder may see.
func FuzzParse(f *testing.F) {
	f.Add([]byte("configuration: {}\n\nwss://x <-> 1.5\nwss://x <- 1.5: {}\n1.5: b'\\x00'\n17 {}\n{}"))
	f.Add([]byte("https://x -> 1.5: {} header: {}\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		frames, err := parse(raw, 1)
		if err != nil {
			return
		}
		total := 0
		for _, fr := range frames {
			if fr.Kind < venue.Stream || fr.Kind > venue.Connect || fr.Time < 0 || fr.Conn != 1 {
				t.Fatalf("frame %+v", fr)
			}
			total += len(fr.Body)
		}
		if total > len(raw) {
			t.Fatalf("%d bytes of bodies in %d of a file", total, len(raw))
		}
	})
}
