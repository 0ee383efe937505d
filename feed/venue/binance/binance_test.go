package binance

import (
	"fmt"
	"strings"
	"testing"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/venuetest"
	"chronos.dev/market"
)

// The formats of the tests: spot chains U to u, futures chain pu to u.
var (
	spotSpec    = named("binance_us")
	futuresSpec = named("binance_coinm")
)

func named(format string) *venue.Spec {
	for i := range Specs {
		if Specs[i].Format == format {
			return &Specs[i]
		}
	}
	panic("no format " + format)
}

const depthURL = "https://api.binance.us/api/v1/depth?symbol=BTCUSD&limit=1000"

// body is a stream message of BTCUSD.
func body(data string) string { return `{"stream":"btcusd@depth@100ms","data":` + data + `}` }

// diff is a spot diff of ids first to last that sets the size of the bid 100 to
// the last id.
func diff(first, last int) venue.Frame {
	return venuetest.Stream(body(fmt.Sprintf(
		`{"e":"depthUpdate","E":1600000000123,"s":"BTCUSD","U":%d,"u":%d,"b":[["100.00","%d"]],"a":[]}`,
		first, last, last)))
}

// future is the same of futures, after the diff that ended at prev.
func future(first, last, prev int) venue.Frame {
	return venuetest.Stream(body(fmt.Sprintf(
		`{"e":"depthUpdate","E":1600000000123,"T":1,"s":"BTCUSD","U":%d,"u":%d,"pu":%d,"b":[["100.00","%d"]],"a":[]}`,
		first, last, prev, last)))
}

// rest is the answer to a request for a snapshot, at id.
func rest(id int) venue.Frame {
	return venuetest.Answer(depthURL, fmt.Sprintf(
		`{"lastUpdateId":%d,"bids":[["100.00","1"]],"asks":[["101","0.50000000","x"]]}`, id))
}

// The lines of a transcript.
const (
	kind     = "depth@100ms\n"
	answered = "rest_depth\n"
	anew     = "gap BTCUSD: the connection was opened anew\n"
	lost     = "gap BTCUSD: a message could not be read\n"
)

func outSnap(seq int) string {
	return fmt.Sprintf("snapshot BTCUSD %d b 100.00:1 a 101:0.50000000\n", seq)
}

func outDelta(seq, id int) string {
	return fmt.Sprintf("delta BTCUSD %d<%d b 100.00:%d at 1600000000123000000\n", seq, seq-1, id)
}

func outGap(first, last, at int) string {
	return fmt.Sprintf("gap BTCUSD: a diff of ids %d to %d, the book is at %d\n", first, last, at)
}

func outWithin(first, last, from, at int) string {
	return fmt.Sprintf("gap BTCUSD: a diff of ids %d to %d within that of %d to %d\n", first, last, from, at)
}

// later is a frame received seconds after the others.
func later(f venue.Frame, seconds int64) venue.Frame {
	f.Time += seconds * 1e9
	return f
}

var spotRows = []venuetest.Row{
	{Name: "diffs wait for the snapshot; what it holds is dropped, the rest follows",
		Frames: []venue.Frame{diff(5, 8), diff(9, 10), diff(11, 12), rest(10), diff(13, 13)},
		Want:   kind + kind + kind + answered + outSnap(1) + outDelta(2, 12) + kind + outDelta(3, 13)},
	{Name: "the first diff may begin within the snapshot",
		Frames: []venue.Frame{diff(5, 12), rest(10), diff(13, 14)},
		Want:   kind + answered + outSnap(1) + outDelta(2, 12) + kind + outDelta(3, 14)},
	{Name: "a snapshot may come before all diffs",
		Frames: []venue.Frame{rest(10), diff(10, 11)}, Want: answered + outSnap(1) + kind + outDelta(2, 11)},
	{Name: "a snapshot too old for what waits is a gap, and the next one takes what still waits",
		Frames: []venue.Frame{diff(13, 14), diff(15, 16), rest(10), diff(17, 18), rest(15)},
		Want: kind + kind + answered + outSnap(1) + outGap(13, 14, 10) + kind + answered + outSnap(2) +
			outDelta(3, 16) + outDelta(4, 18)},
	{Name: "a diff left out is a gap, until a snapshot",
		Frames: []venue.Frame{rest(10), diff(11, 12), diff(14, 15), diff(16, 17), rest(17), diff(18, 18)},
		Want: answered + outSnap(1) + kind + outDelta(2, 12) + kind + outGap(14, 15, 12) + kind + answered +
			outSnap(3) + kind + outDelta(4, 18)},
	{Name: "a later diff that begins before the end of the one before is a gap",
		Frames: []venue.Frame{rest(10), diff(11, 12), diff(12, 13)},
		Want:   answered + outSnap(1) + kind + outDelta(2, 12) + kind + outGap(12, 13, 12)},
	{Name: "a diff that comes twice is dropped",
		Frames: []venue.Frame{rest(10), diff(11, 12), diff(11, 12), diff(13, 13)},
		Want:   answered + outSnap(1) + kind + outDelta(2, 12) + kind + kind + outDelta(3, 13)},
	{Name: "diffs in the wrong order are a gap",
		Frames: []venue.Frame{rest(10), diff(13, 14), diff(11, 12)},
		Want:   answered + outSnap(1) + kind + outGap(13, 14, 10) + kind},
	{Name: "a snapshot that is not newer than the book changes nothing",
		Frames: []venue.Frame{rest(10), diff(11, 12), rest(12), rest(9), diff(13, 13)},
		Want:   answered + outSnap(1) + kind + outDelta(2, 12) + answered + answered + kind + outDelta(3, 13)},
	{Name: "a newer snapshot replaces a live book",
		Frames: []venue.Frame{rest(10), diff(11, 12), rest(14), diff(13, 15)},
		Want:   answered + outSnap(1) + kind + outDelta(2, 12) + answered + outSnap(3) + kind + outDelta(4, 15)},
	{Name: "a new connection voids its books and what waits; another's does not",
		Frames: []venue.Frame{diff(9, 10), rest(10), diff(11, 12), venuetest.Connect(1), diff(13, 13),
			venuetest.Connect(0), diff(14, 14), venuetest.Connect(0), diff(16, 16), rest(15)},
		Want: kind + answered + outSnap(1) + kind + outDelta(2, 12) + "-\n" + kind + outDelta(3, 13) +
			"-\n" + anew + kind + "-\n" + kind + answered + outSnap(4) + outDelta(5, 16)},
	{Name: "a diff within the one before shows that that one's last id was wrong",
		Frames: []venue.Frame{rest(10), diff(11, 92), diff(13, 14), diff(15, 16), rest(16), diff(17, 17)},
		Want: answered + outSnap(1) + kind + outDelta(2, 92) + kind + outWithin(13, 14, 11, 92) + kind + answered +
			outSnap(3) + kind + outDelta(4, 17)},
	{Name: "a diff whose last id is before its first is no old one",
		Frames: []venue.Frame{rest(10), diff(11, 12), diff(13, 4)},
		Want:   answered + outSnap(1) + kind + outDelta(2, 12) + kind + outWithin(13, 4, 11, 12)},
	{Name: "a stream that stays behind its snapshot shows that the snapshot's id was wrong",
		Frames: []venue.Frame{rest(90), later(diff(11, 12), 5), later(diff(13, 14), 6), later(diff(15, 16), 7),
			later(rest(16), 8), later(diff(17, 17), 8)},
		Want: answered + outSnap(1) + kind + kind + "gap BTCUSD: a diff up to id 14, long after the snapshot of id 90\n" +
			kind + answered + outSnap(2) + kind + outDelta(3, 17)},
	{Name: "ids that contradict each other follow nothing",
		Frames: []venue.Frame{rest(10), diff(14, 12), rest(20), diff(-1, 21)},
		Want: answered + outSnap(1) + kind + outGap(14, 12, 10) + answered + outSnap(2) + kind +
			outGap(-1, 21, 20)},
	{Name: "other streams, replies and answers have their kinds and leave books alone",
		Frames: []venue.Frame{rest(10), venuetest.Stream(`{"stream":"btcusd@bookTicker","data":{"u":1}}`),
			venuetest.Stream(`{"stream":"btcusd@aggTrade","data":{"e":"aggTrade"},"more":1}`),
			venuetest.Stream(`{"result":null,"id":1}`),
			venuetest.Answer("https://api.binance.us/api/v1/exchangeInfo", `{"timezone":"UTC"}`),
			{Kind: venue.Sent, Body: []byte(`{"method":"SUBSCRIBE"}`)}, diff(11, 11)},
		Want: answered + outSnap(1) + "bookTicker\naggTrade\nreply\n-\n-\n" + kind + outDelta(2, 11)},
	{Name: "an unknown stream is told, and no book suffers",
		Frames: []venue.Frame{rest(10), venuetest.Stream(`{"stream":"btcusd@weather","data":{}}`),
			venuetest.Stream(`{}`), venuetest.Stream(`{"stream":"btcusd","data":{},"id":1}`), diff(11, 11)},
		Want: answered + outSnap(1) + strings.Repeat("!unknown_kind\n", 3) + kind + outDelta(2, 11)},
	{Name: "books of the best few levels are no diffs",
		Frames: venuetest.Streams(`{"stream":"btcusd@depth20@100ms","data":{"lastUpdateId":1,"bids":[],"asks":[]}}`),
		Want:   "!unknown_kind"},
	{Name: "a diff that cannot be read voids those that wait before it",
		Frames: []venue.Frame{diff(11, 11), venuetest.Stream(body(`{"s":"BTCUSD","U":12}`)), diff(13, 13), rest(10)},
		Want:   kind + "!shape\n" + kind + answered + outSnap(1) + outGap(13, 13, 10)},
	malformed("a frame cut short", `{"stream":"btcusd@depth@100ms","data":{"s":"BTC`),
	malformed("bytes behind the message", body(`{}`)+"x"),
	malformed("duplicate keys", `{"stream":"btcusd@depth@100ms","data":{"u":1,"u":2}}`),
	malformed("a stream that is no text", `{"stream":5}`),
	malformed("an empty frame", ""),
	misread("no data", `{"stream":"btcusd@depth@100ms"}`, "shape"),
	misread("data that is no object", body(`[]`), "shape"),
	misread("no symbol", body(`{"U":11,"u":11,"b":[],"a":[]}`), "unknown_symbol"),
	misread("a symbol that is none", body(`{"s":"B C","U":11,"u":11,"b":[],"a":[]}`), "unknown_symbol"),
	misread("a symbol that is no text", body(`{"s":5,"U":11,"u":11,"b":[],"a":[]}`), "shape"),
	misread("a bad book that was never seen", body(`{"s":"ETHUSD","U":11,"b":[],"a":[]}`), "shape"),
	refused("no last id", `"U":11,"b":[],"a":[]`, "shape"),
	refused("no bids", `"U":11,"u":11,"a":[]`, "shape"),
	refused("no asks", `"U":11,"u":11,"b":[]`, "shape"),
	refused("an id of text", `"U":"x","u":11,"b":[],"a":[]`, "shape"),
	refused("an id of twenty digits", `"U":11,"u":12345678901234567890,"b":[],"a":[]`, "shape"),
	refused("an id with a fraction", `"U":11,"u":11.5,"b":[],"a":[]`, "shape"),
	refused("a time before 1970", `"E":-1,"U":11,"u":11,"b":[],"a":[]`, "shape"),
	refused("bids that are no array", `"U":11,"u":11,"b":{},"a":[]`, "shape"),
	refused("a level that is no array", `"U":11,"u":11,"b":["1"],"a":[]`, "shape"),
	number("exponent beyond all bounds", `["1e400","1"]`),
	number("negative price", `["-1","1"]`),
	number("price zero", `["0","1"]`),
	number("negative size", `["1","-1"]`),
	number("empty price", `["","1"]`),
	number("level without a size", `["1"]`),
	number("twenty digits", `["1","12345678901234567890"]`),
	badAnswer("is no JSON", depthURL, `<html>`, "shape"),
	badAnswer("has no id", depthURL, `{"bids":[],"asks":[]}`, "shape"),
	badAnswer("has half a book", depthURL, `{"lastUpdateId":11,"bids":[]}`, "shape"),
	badAnswer("has no bids", depthURL, `{"lastUpdateId":11,"asks":[]}`, "shape"),
	badAnswer("has a number that is none", depthURL, `{"lastUpdateId":11,"bids":[["x","1"]],"asks":[]}`, "number"),
	badAnswer("has bytes behind it", depthURL, `{"lastUpdateId":11,"bids":[],"asks":[]}x`, "shape"),
	badAnswer("is for a symbol that is none", "https://x.test/depth?symbol=%20",
		`{"lastUpdateId":11,"bids":[],"asks":[]}`, "unknown_symbol"),
}

// malformed is a row for a frame that is not the JSON it should be.
func malformed(name, body string) venuetest.Row {
	return venuetest.Row{Name: name + " is malformed and voids all books",
		Frames: []venue.Frame{rest(10), diff(11, 11), venuetest.Stream(body)},
		Want: answered + outSnap(1) + kind + outDelta(2, 11) +
			"!malformed\ngap BTCUSD: a frame could not be read"}
}

// misread is a row for a diff that may have been of any book.
func misread(name, body, reason string) venuetest.Row {
	return venuetest.Row{Name: name + " voids all books",
		Frames: []venue.Frame{rest(10), diff(11, 11), venuetest.Stream(body)},
		Want: answered + outSnap(1) + kind + outDelta(2, 11) + "!" + reason +
			"\ngap BTCUSD: a book message could not be read"}
}

// refused is a row for a diff of BTCUSD that is not what the venue sends.
func refused(name, members, reason string) venuetest.Row {
	return venuetest.Row{Name: name + " voids the book and where it stood",
		Frames: []venue.Frame{rest(10), venuetest.Stream(body(`{"s":"BTCUSD",` + members + `}`)), diff(11, 11), rest(10)},
		Want:   answered + outSnap(1) + "!" + reason + "\n" + lost + kind + answered + outSnap(2) + outDelta(3, 11)}
}

// number is a row for a level whose numbers are refused.
func number(name, level string) venuetest.Row {
	return refused(name, `"U":11,"u":11,"b":[],"a":[`+level+`]`, "number")
}

// badAnswer is a row for an answer that is refused and takes nothing from a book.
func badAnswer(name, url, answer, reason string) venuetest.Row {
	return venuetest.Row{Name: "an answer that " + name + " changes nothing",
		Frames: []venue.Frame{rest(10), venuetest.Answer(url, answer), diff(11, 11)},
		Want:   answered + outSnap(1) + "!" + reason + "\n" + kind + outDelta(2, 11)}
}

func outFutureGap(first, last, prev, at int) string {
	return fmt.Sprintf("gap BTCUSD: a diff of ids %d to %d after %d, the book is at %d\n", first, last, prev, at)
}

var futuresRows = []venuetest.Row{
	{Name: "the first diff spans the snapshot, then each names the one before",
		Frames: []venue.Frame{future(5, 8, 4), future(9, 12, 8), rest(10), future(20, 25, 12)},
		Want:   kind + kind + answered + outSnap(1) + outDelta(2, 12) + kind + outDelta(3, 25)},
	{Name: "the first diff may end at the snapshot",
		Frames: []venue.Frame{future(9, 10, 8), rest(10), future(20, 25, 10)},
		Want:   kind + answered + outSnap(1) + outDelta(2, 10) + kind + outDelta(3, 25)},
	{Name: "the first diff may name the snapshot as the one before",
		Frames: []venue.Frame{rest(10), future(20, 25, 10)}, Want: answered + outSnap(1) + kind + outDelta(2, 25)},
	{Name: "a first diff behind the snapshot is a gap",
		Frames: []venue.Frame{rest(10), future(20, 25, 12)},
		Want:   answered + outSnap(1) + kind + outFutureGap(20, 25, 12, 10)},
	{Name: "a diff left out is a gap, until a snapshot",
		Frames: []venue.Frame{rest(10), future(10, 12, 9), future(20, 25, 18), rest(25), future(26, 30, 25)},
		Want: answered + outSnap(1) + kind + outDelta(2, 12) + kind + outFutureGap(20, 25, 18, 12) + answered +
			outSnap(3) + kind + outDelta(4, 30)},
	{Name: "a diff that comes twice is dropped, at the snapshot too",
		Frames: []venue.Frame{rest(10), future(9, 10, 8), future(9, 10, 8), future(20, 25, 10), future(20, 25, 10)},
		Want:   answered + outSnap(1) + kind + outDelta(2, 10) + kind + kind + outDelta(3, 25) + kind},
	{Name: "a diff that names none before it follows nothing but a snapshot",
		Frames: []venue.Frame{rest(10), diff(10, 12), diff(13, 14)},
		Want:   answered + outSnap(1) + kind + outDelta(2, 12) + kind + outFutureGap(13, 14, -1, 12)},
	{Name: "an answer may name its symbol itself",
		Frames: []venue.Frame{venuetest.Answer("", `{"lastUpdateId":10,"symbol":"BTCUSD","pair":"BTC",`+
			`"E":1,"bids":[["100.00","1"]],"asks":[["101","0.50000000"]]}`)},
		Want: answered + "snapshot BTCUSD 1 b 100.00:1 a 101:0.50000000 at 1000000\n"},
	{Name: "an answer that names no symbol is that of the only book",
		Frames: []venue.Frame{future(9, 12, 8), venuetest.Answer("", strings.Replace(string(rest(10).Body), "x", "y", 1))},
		Want:   kind + answered + outSnap(1) + outDelta(2, 12)},
	{Name: "an answer that names no symbol is nobody's without a book",
		Frames: []venue.Frame{venuetest.Answer("", string(rest(10).Body))}, Want: "!unknown_symbol"},
	{Name: "an answer that names no symbol is nobody's among two books",
		Frames: []venue.Frame{future(9, 12, 8),
			venuetest.Stream(strings.ReplaceAll(string(future(9, 12, 8).Body), "BTC", "ETH")),
			venuetest.Answer("", string(rest(10).Body))},
		Want: kind + kind + "!unknown_symbol"},
}

func TestSpot(t *testing.T) { venuetest.Run(t, spotSpec, spotRows) }

func TestFutures(t *testing.T) { venuetest.Run(t, futuresSpec, futuresRows) }

func FuzzSpot(f *testing.F) { venuetest.Fuzz(f, spotSpec, nil, spotRows) }

func FuzzFutures(f *testing.F) { venuetest.Fuzz(f, futuresSpec, nil, futuresRows) }

func TestDecodeDoesNotAllocate(t *testing.T) {
	first := []venue.Frame{rest(10)}
	venuetest.NoAllocs(t, spotSpec, first, func(i int) venue.Frame { return diff(11+i, 11+i) })
	venuetest.NoAllocs(t, futuresSpec, first, func(i int) venue.Frame { return future(11+i, 11+i, 10+i) })
}

func TestOversizeFrameVoidsAllBooks(t *testing.T) {
	got := venuetest.Transcript(spotSpec.New(), diff(10, 10), rest(9),
		venuetest.Stream(strings.Repeat(" ", venue.MaxFrame+1)))
	want := kind + answered + outSnap(1) + outDelta(2, 10) + "!oversize\ngap BTCUSD: a frame was too large to read\n"
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestQuirksAreCounted(t *testing.T) {
	d := spotSpec.New()
	venuetest.Transcript(d, diff(1, 8), diff(9, 9), diff(10, 11), rest(9), diff(10, 11))
	q := d.Quirks()["BTCUSD"]
	if q[venue.QuirkStale] != 3 || q[venue.QuirkSpans] != 1 || len(q) != 2 {
		t.Errorf("quirks %v, want 3 stale and 1 that spans the snapshot", q)
	}
}

// A snapshot that never comes makes nobody remember diffs without end.
func TestWaitingDiffsAreBounded(t *testing.T) {
	d, refusals := spotSpec.New(), 0
	last := 0
	for range 25_000 {
		last++
		f := diff(last, last)
		if _, err := d.Decode(&f, func(e *market.Event) { t.Fatalf("event %v without a snapshot", e) }); err != nil {
			refusals++
		}
	}
	if refusals != 2 {
		t.Errorf("%d refusals in 25,000 diffs, want one every 10,001", refusals)
	}
	got := venuetest.Transcript(d, rest(10))
	if want := "a diff of ids 20003 to 20003, the book is at 10"; !strings.Contains(got, want) {
		t.Errorf("got %q, want a gap: %s", got, want)
	}
}

func TestPair(t *testing.T) {
	tests := []struct{ format, symbol, want string }{
		{"binance_spot", "BTCUSDT", "BTC-USDT"}, {"binance_spot", "ETHBTC", "ETH-BTC"}, {"binance_spot", "BTCUSD", ""},
		{"binance_us", "BTCUSD", "BTC-USD"}, {"binance_us", "USDTUSD", "USDT-USD"}, {"binance_us", "ETHBUSD", "ETH-BUSD"},
		{"binance_us", "btcusd", ""}, {"binance_us", "", ""},
		{"binance_usdm", "BTCUSDT", ""}, {"binance_coinm", "BTCUSD_PERP", ""},
	}
	for _, tt := range tests {
		got, ok := named(tt.format).Pair(tt.symbol)
		if ok != (tt.want != "") || ok && got.String() != tt.want {
			t.Errorf("%s: Pair(%q) = %v, %v; want %q", tt.format, tt.symbol, got, ok, tt.want)
		}
	}
}

// The ids chain every level, so none needs a checksum to be trusted.
func TestRules(t *testing.T) {
	for _, s := range Specs {
		if r := s.Rules("BTCUSD"); r.VerifiedDepth != -1 || r.Depth != 0 || r.Checksum != nil {
			t.Errorf("%s: rules %+v, want a chain over all levels", s.Format, r)
		}
	}
}
