package bybit

import (
	"fmt"
	"strings"
	"testing"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/venuetest"
)

func v5(action string, u int, bids, asks string) string {
	return fmt.Sprintf(`{"topic":"orderbook.500.XRPUSDT","type":"%s","ts":1600000000123,"data":{"s":"XRPUSDT",`+
		`"b":[%s],"a":[%s],"u":%d,"seq":9},"cts":1}`, action, bids, asks, u)
}

func v2(action string, seq int, data string) string {
	return fmt.Sprintf(`{"topic":"orderBookL2_25.BTCUSD","type":"%s","data":%s,"cross_seq":%d,"timestamp_e6":1600000000123456}`,
		action, data, seq)
}

var (
	snap5 = v5("snapshot", 10, `["1.90","5"]`, `["2","6"]`)
	snap2 = v2("snapshot", 10, `[{"price":"60.50","symbol":"BTCUSD","id":1,"side":"Buy","size":14431},`+
		`{"price":"61","side":"Sell","size":7}]`)
)

func bid5(u int) string { return v5("delta", u, `["1.5","1"]`, ``) }
func bid2(seq int) string {
	return v2("delta", seq, `{"delete":[],"update":[{"price":"60","side":"Buy","size":1}],"insert":[]}`)
}

const (
	at5     = " at 1600000000123000000\n"
	at2     = " at 1600000000123456000\n"
	outV5   = "orderbook/snapshot\nsnapshot XRPUSDT 1 b 1.90:5 a 2:6" + at5
	outV2   = "orderBookL2_25/snapshot\nsnapshot BTCUSD 1 b 60.50:14431 a 61:7" + at2
	d5      = "orderbook/delta\n"
	d2      = "orderBookL2_25/delta\n"
	misread = ": a message could not be read\n"
)

func after5(name, want string, bodies ...string) venuetest.Row {
	return venuetest.Row{Name: name, Frames: venuetest.Streams(append([]string{snap5}, bodies...)...), Want: outV5 + want}
}

func after2(name, want string, bodies ...string) venuetest.Row {
	return venuetest.Row{Name: name, Frames: venuetest.Streams(append([]string{snap2}, bodies...)...), Want: outV2 + want}
}

var rows5 = []venuetest.Row{
	after5("update ids rise by one", d5+"delta XRPUSDT 2<1 b 1.5:1"+at5+d5+"delta XRPUSDT 3<2 a 2:0"+at5,
		bid5(11), v5("delta", 12, ``, `["2","0"]`)),
	{Name: "a delta before the snapshot is dropped", Frames: venuetest.Streams(bid5(9), snap5), Want: d5 + outV5},
	after5("an id left out is a gap until a snapshot", d5+"gap XRPUSDT: sequence: book is at 10, got 12\n"+d5+
		strings.Replace(outV5, " 1 b", " 2 b", 1)+d5+"delta XRPUSDT 3<2 b 1.5:1"+at5, bid5(12), bid5(13), snap5, bid5(11)),
	after5("an id that falls back is a gap", d5+"gap XRPUSDT: sequence: book is at 10, got 1", bid5(1)),
	after5("what comes twice is dropped", "orderbook/snapshot\n"+d5+"delta XRPUSDT 2<1 b 1.5:1"+at5+d5, snap5, bid5(11), bid5(11)),
	after5("a snapshot begins the ids anew", "orderbook/snapshot\nsnapshot XRPUSDT 2"+at5+d5+"delta XRPUSDT 3<2 b 1.5:1"+at5,
		v5("snapshot", 1, ``, ``), bid5(2)),
	{Name: "a new connection voids the book",
		Frames: []venue.Frame{venuetest.Stream(snap5), venuetest.Connect(0), venuetest.Stream(bid5(11))},
		Want:   outV5 + "-\ngap XRPUSDT: the connection was opened anew\n" + d5},
	after5("other topics and replies leave books alone", "publicTrade/\nreply\nreply",
		`{"topic":"publicTrade.XRPUSDT","data":[]}`, `{"success":true,"ret_msg":"pong","op":"ping"}`, `{"op":"pong"}`),
	after5("unknown topics are told", "!unknown_kind\n!unknown_kind", `{"topic":"weather.X"}`, `{}`),
	after5("a topic without a symbol voids all books", "!unknown_symbol\ngap XRPUSDT: a book message could not be read",
		strings.Replace(bid5(11), ".XRPUSDT", "", 1)),
	after5("what is not JSON voids all books", "!malformed\ngap XRPUSDT: a frame could not be read", bid5(11)[:50]),
	after5("duplicate keys", "!malformed\ngap XRPUSDT: a frame could not be read", `{"op":1,"op":2}`),
	after5("a time that is none", "!malformed\ngap XRPUSDT: a frame could not be read", `{"ts":-5}`),
	after5("an unknown action", "!shape\ngap XRPUSDT"+misread, v5("merge", 11, ``, ``)),
	after5("no update id", "!shape\ngap XRPUSDT"+misread, strings.Replace(bid5(11), `"u":`, `"v":`, 1)),
	after5("no data", "!shape\ngap XRPUSDT"+misread, `{"topic":"orderbook.1.XRPUSDT","type":"delta"}`),
	after5("one side missing", "!shape\ngap XRPUSDT"+misread, strings.Replace(bid5(11), `"a":[],`, ``, 1)),
	after5("levels of another shape", "!shape\ngap XRPUSDT"+misread, v5("delta", 11, `{}`, ``)),
	after5("exponent beyond all bounds", "!number\ngap XRPUSDT"+misread, v5("delta", 11, `["1e400","1"]`, ``)),
	after5("price below zero", "!number\ngap XRPUSDT"+misread, v5("delta", 11, ``, `["-1","1"]`)),
}

var rows2 = []venuetest.Row{
	after2("deletes, updates and inserts", d2+"delta BTCUSD 2<1 b 60.50:0 a 61:9 b 60:1"+at2,
		v2("delta", 15, `{"delete":[{"price":"60.50","id":1,"side":"Buy"}],"update":[{"price":"61","side":"Sell","size":9}],`+
			`"insert":[{"price":"60","side":"Buy","size":1}],"transactTimeE6":0}`)),
	{Name: "a delta before the snapshot is dropped", Frames: venuetest.Streams(bid2(9), snap2), Want: d2 + outV2},
	after2("sequences rise by any step", d2+"delta BTCUSD 2<1 b 60:1"+at2+d2+"delta BTCUSD 3<2 b 60:1"+at2, bid2(11), bid2(99)),
	after2("what comes twice is dropped", "orderBookL2_25/snapshot\n"+d2+"delta BTCUSD 2<1 b 60:1"+at2+d2, snap2, bid2(11), bid2(11)),
	after2("a delta that falls back is a gap", d2+"gap BTCUSD: sequence: book is at 10, got 9", bid2(9)),
	after2("an old snapshot is a gap, and is not taken", d2+"delta BTCUSD 2<1 b 60:1"+at2+
		"orderBookL2_25/snapshot\ngap BTCUSD: sequence: book is at 11, got 10\n"+
		strings.Replace(outV2, " 1 b", " 3 b", 1), bid2(11), snap2, snap2),
	after2("trades and replies leave books alone", "trade/\nreply", `{"topic":"trade.BTCUSD","data":[]}`, `{"success":true}`),
	after2("a snapshot of another product", "!shape\ngap BTCUSD"+misread, v2("snapshot", 11, `{"order_book":[]}`)),
	after2("a row without a side", "!shape\ngap BTCUSD"+misread, v2("snapshot", 11, `[{"price":"1","size":1}]`)),
	after2("a side that is none", "!shape\ngap BTCUSD"+misread, v2("snapshot", 11, `[{"price":"1","side":"Long","size":1}]`)),
	after2("a side of another type", "!shape\ngap BTCUSD"+misread, v2("snapshot", 11, `[{"price":"1","side":1,"size":1}]`)),
	after2("a row without a size", "!number\ngap BTCUSD"+misread, v2("delta", 11, `{"insert":[{"price":"1","side":"Buy"}]}`)),
	after2("one list missing", "!shape\ngap BTCUSD"+misread, v2("delta", 11, `{"insert":[],"update":[]}`)),
	after2("no sequence", "!shape\ngap BTCUSD"+misread, strings.Replace(bid2(11), "cross_seq", "cross", 1)),
}

func TestDecode(t *testing.T) {
	t.Run("v2", func(t *testing.T) { venuetest.Run(t, &Specs[0], rows2) })
	t.Run("v5", func(t *testing.T) { venuetest.Run(t, &Specs[1], rows5) })
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	venuetest.NoAllocs(t, &Specs[1], venuetest.Streams(snap5), func(i int) venue.Frame { return venuetest.Stream(bid5(11 + i)) })
	venuetest.NoAllocs(t, &Specs[0], venuetest.Streams(snap2), func(i int) venue.Frame { return venuetest.Stream(bid2(11 + i)) })
}

func FuzzDecode(f *testing.F) { venuetest.Fuzz(f, &Specs[1], nil, rows5) }

func FuzzDecodeInverse(f *testing.F) { venuetest.Fuzz(f, &Specs[0], nil, rows2) }

func TestQuirksAreCounted(t *testing.T) {
	d := Specs[1].New()
	venuetest.Transcript(d, venuetest.Streams(bid5(9), snap5, bid5(11), bid5(11))...)
	q := d.Quirks()["XRPUSDT"]
	if q[venue.QuirkBeforeSnap] != 1 || q[venue.QuirkStale] != 1 {
		t.Errorf("quirks %v, want 1 before the snapshot and 1 stale", q)
	}
}

func TestOnlyTheChainIsVerified(t *testing.T) {
	if r := Specs[0].Rules("BTCUSD"); r.VerifiedDepth != 0 || r.Depth != 25 {
		t.Errorf("v2: rules %+v", r)
	}
	if r := Specs[1].Rules("XRPUSDT"); r.VerifiedDepth != -1 || r.Depth != 0 {
		t.Errorf("v5: rules %+v", r)
	}
}

func TestNothingIsTakenForSpot(t *testing.T) {
	for _, symbol := range []string{"BTCUSD", "XRPUSDT", ""} {
		if p, ok := Specs[1].Pair(symbol); ok {
			t.Errorf("Pair(%q) = %v, want none", symbol, p)
		}
	}
}
