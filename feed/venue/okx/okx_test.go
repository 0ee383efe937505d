package okx

import (
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/venuetest"
	"chronos.dev/market"
	"chronos.dev/money"
)

// msg is a book message of BTC-USDT; tail is what follows the sides.
func msg(action, asks, bids, tail string) string {
	return fmt.Sprintf(`{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"%s",`+
		`"data":[{"asks":[%s],"bids":[%s]%s}]}`, action, asks, bids, tail)
}

const (
	ask = `["101.5","2.50","0","1"]`
	bid = `["100","1","0","3"]`
)

var (
	snap = msg("snapshot", ask, bid, `,"ts":"1600000000123","checksum":-7`)
	upd  = msg("update", ``, `["100","0","0","0"]`, `,"ts":"1600000000223","checksum":8`)
	// The same with ids: 10, then 10 -> 15.
	snapID = msg("snapshot", ask, bid, `,"checksum":0,"seqId":10,"prevSeqId":-1`)
)

func updID(prev, id int) string {
	return msg("update", ``, `["100","4","0","1"]`, fmt.Sprintf(`,"checksum":0,"seqId":%d,"prevSeqId":%d`, id, prev))
}

const (
	outSnap   = "books\nsnapshot BTC-USDT 1 a 101.5:2.50 b 100:1 sum 4294967289 at 1600000000123000000\n"
	outSnapID = "books\nsnapshot BTC-USDT 1 a 101.5:2.50 b 100:1\n"
	lost      = "gap BTC-USDT: a message could not be read\n"
)

var rows = []venuetest.Row{
	{Name: "snapshot, then update with a delete; digits and signed checksum kept",
		Frames: venuetest.Streams(snap, upd),
		Want:   outSnap + "books\ndelta BTC-USDT 2<1 b 100:0 sum 8 at 1600000000223000000"},
	{Name: "an update before the snapshot is dropped",
		Frames: venuetest.Streams(upd, snap), Want: "books\n" + outSnap},
	{Name: "a snapshot in the stream replaces the book",
		Frames: venuetest.Streams(snap, snap), Want: outSnap + strings.Replace(outSnap, " 1 a", " 2 a", 1)},
	{Name: "an update without levels is an update like any other without ids",
		Frames: venuetest.Streams(snap, msg("update", ``, ``, `,"checksum":-7`)),
		Want:   outSnap + "books\ndelta BTC-USDT 2<1 sum 4294967289"},
	{Name: "ids chain, whatever their step; checksum 0 beside ids is none",
		Frames: venuetest.Streams(snapID, updID(10, 15), updID(15, 16)),
		Want:   outSnapID + "books\ndelta BTC-USDT 2<1 b 100:4\nbooks\ndelta BTC-USDT 3<2 b 100:4"},
	{Name: "a checksum beside ids counts when it is not 0",
		Frames: venuetest.Streams(msg("snapshot", ``, ``, `,"checksum":5,"seqId":10,"prevSeqId":-1`)),
		Want:   "books\nsnapshot BTC-USDT 1 sum 5"},
	{Name: "an id left out is a gap until the next snapshot",
		Frames: venuetest.Streams(snapID, updID(15, 16), updID(16, 17), snapID, updID(10, 15)),
		Want: outSnapID + `books
			gap BTC-USDT: update follows id 15, book is at 10
			books
			books
			snapshot BTC-USDT 2 a 101.5:2.50 b 100:1
			books
			delta BTC-USDT 3<2 b 100:4`},
	{Name: "an update that comes twice is dropped",
		Frames: venuetest.Streams(snapID, updID(10, 15), updID(10, 15)),
		Want:   outSnapID + "books\ndelta BTC-USDT 2<1 b 100:4\nbooks"},
	{Name: "ids may fall when the venue begins them again, if the chain holds",
		Frames: venuetest.Streams(snapID, updID(10, 3), updID(3, 5)),
		Want:   outSnapID + "books\ndelta BTC-USDT 2<1 b 100:4\nbooks\ndelta BTC-USDT 3<2 b 100:4"},
	{Name: "an id that follows itself without levels confirms the book",
		Frames: venuetest.Streams(snapID, msg("update", ``, ``, `,"seqId":10,"prevSeqId":10`), updID(10, 15)),
		Want:   outSnapID + "books\ndelta BTC-USDT 1<1\nbooks\ndelta BTC-USDT 2<1 b 100:4"},
	{Name: "ids that go away are a gap",
		Frames: venuetest.Streams(snapID, upd),
		Want:   outSnapID + "books\ngap BTC-USDT: sequence ids came or went within a subscription"},
	{Name: "ids that come are a gap",
		Frames: venuetest.Streams(snap, updID(10, 15)),
		Want:   outSnap + "books\ngap BTC-USDT: sequence ids came or went within a subscription"},
	{Name: "one id without the other is no chain",
		Frames: venuetest.Streams(msg("snapshot", ask, bid, `,"checksum":5,"seqId":10`), upd),
		Want: `books
			snapshot BTC-USDT 1 a 101.5:2.50 b 100:1 sum 5
			books
			delta BTC-USDT 2<1 b 100:0 sum 8 at 1600000000223000000`},
	{Name: "a message with neither proof is refused",
		Frames: venuetest.Streams(snap, msg("update", ``, ``, ``)), Want: outSnap + "!shape\n" + lost},
	{Name: "a new connection voids its books; another's does not",
		Frames: []venue.Frame{venuetest.Stream(snap), venuetest.Connect(1), venuetest.Connect(0), venuetest.Stream(upd)},
		Want:   outSnap + "-\n-\ngap BTC-USDT: the connection was opened anew\nbooks"},
	{Name: "an unsubscribed book is not kept up to date",
		Frames: venuetest.Streams(snap,
			`{"event":"unsubscribe","arg":{"channel":"tickers","instId":"BTC-USDT"}}`,
			`{"event":"unsubscribe","arg":{"channel":"books","instId":"ETH-USDT"}}`,
			`{"event":"unsubscribe","arg":{"channel":"books","instId":"BTC-USDT"}}`),
		Want: outSnap + "event_unsubscribe\nevent_unsubscribe\nevent_unsubscribe\ngap BTC-USDT: unsubscribed"},
	{Name: "other channels and answers have their kinds and leave books alone",
		Frames: venuetest.Streams(snap, `{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"px":"1"}]}`,
			`{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a"}`,
			`{"event":"error","code":"60012","msg":"Invalid"}`, `pong`),
		Want: outSnap + "trades\nevent_subscribe\nevent_error\npong"},
	{Name: "an unknown channel or event is told, and no book suffers",
		Frames: venuetest.Streams(snap, `{"arg":{"channel":"weather"},"data":[]}`, `{"event":"party"}`, `{}`),
		Want:   outSnap + "!unknown_kind\n!unknown_kind\n!unknown_kind"},
	{Name: "what is not JSON voids all books, once",
		Frames: venuetest.Streams(snap, upd[:40], upd[:50]),
		Want:   outSnap + "!malformed\ngap BTC-USDT: a frame could not be read\n!malformed"},
	{Name: "bytes behind the message void all books",
		Frames: venuetest.Streams(snap, upd+"x"),
		Want:   outSnap + "!malformed\ngap BTC-USDT: a frame could not be read"},
	{Name: "duplicate keys are malformed",
		Frames: venuetest.Streams(snap, `{"event":"error","event":"error"}`),
		Want:   outSnap + "!malformed\ngap BTC-USDT: a frame could not be read"},
	{Name: "text where a member should be an object is malformed",
		Frames: venuetest.Streams(`{"arg":5}`, `{"arg":{"channel":5}}`, `{"arg":{"instId":5}}`, `{"event":5}`, `{"action":5}`),
		Want:   strings.Repeat("!malformed\n", 5)},
	{Name: "an unknown action voids the book",
		Frames: venuetest.Streams(snap, msg("upsert", ask, bid, `,"checksum":1`)), Want: outSnap + "!shape\n" + lost},
	{Name: "missing data voids the book",
		Frames: venuetest.Streams(snap, `{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update"}`),
		Want:   outSnap + "!shape\n" + lost},
	{Name: "a book message without a symbol voids all books",
		Frames: venuetest.Streams(snap, `{"arg":{"channel":"books"},"action":"update","data":[{"asks":[],"bids":[],"checksum":1}]}`),
		Want:   outSnap + "!unknown_symbol\ngap BTC-USDT: a book message could not be read"},
	{Name: "a symbol that is too long is none",
		Frames: venuetest.Streams(strings.ReplaceAll(snap, "BTC-USDT", strings.Repeat("A", 65))),
		Want:   "!unknown_symbol"},
	number("exponent beyond all bounds", `["1e400","1"]`),
	number("negative price", `["-1","1"]`),
	number("price zero", `["0","1"]`),
	number("negative size", `["1","-1"]`),
	number("empty price", `["","1"]`),
	number("level without a size", `["1"]`),
	number("price null", `[null,"1"]`),
	number("price with an escape", `["1\u0030","1"]`),
	number("twenty digits", `["1","12345678901234567890"]`),
	shape("level that is no array", msg("update", `"1"`, ``, `,"checksum":1`)),
	shape("asks that are no array", `{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":{}}]}`),
	shape("one side missing", `{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[],"checksum":1}]}`),
	shape("checksum beyond 32 bits", msg("update", ``, ``, `,"checksum":4294967296`)),
	shape("checksum of text", msg("update", ``, ``, `,"checksum":"x"`)),
	shape("time before 1970", msg("update", ``, ``, `,"ts":"-1","checksum":1`)),
	shape("time beyond 64 bits", msg("update", ``, ``, `,"ts":"99999999999999999","checksum":1`)),
	shape("id of text", msg("update", ``, ``, `,"seqId":"x","prevSeqId":1`)),
}

// number is a row for a level whose numbers are refused.
func number(name, level string) venuetest.Row {
	return venuetest.Row{Name: name,
		Frames: venuetest.Streams(snap, msg("update", level, ``, `,"checksum":1`)),
		Want:   outSnap + "!number\n" + lost}
}

// shape is a row for a message of another shape.
func shape(name, body string) venuetest.Row {
	return venuetest.Row{Name: name, Frames: venuetest.Streams(snap, body), Want: outSnap + "!shape\n" + lost}
}

func TestDecode(t *testing.T) { venuetest.Run(t, &Spec, rows) }

func TestDecodeDoesNotAllocate(t *testing.T) {
	venuetest.NoAllocs(t, &Spec, venuetest.Streams(snapID), func(i int) venue.Frame { return venuetest.Stream(updID(10+i, 11+i)) })
}

func FuzzDecode(f *testing.F) { venuetest.Fuzz(f, &Spec, nil, rows) }

func TestQuirksAreCounted(t *testing.T) {
	d := NewDecoder("okx")
	venuetest.Transcript(d, venuetest.Streams(upd, upd, snapID, updID(10, 15), updID(10, 15))...)
	q := d.Quirks()["BTC-USDT"]
	if q[venue.QuirkBeforeSnap] != 2 || q[venue.QuirkStale] != 1 {
		t.Errorf("quirks %v, want 2 before the snapshot and 1 stale", q)
	}
}

func TestChecksumIsOverTheTextAsSent(t *testing.T) {
	lv := func(p, s money.Num) market.Level { return market.Level{Price: p, Size: s} }
	bids := []market.Level{lv(money.Num{Coef: 33661, Scale: 1}, money.Num{Coef: 7}), lv(money.Num{Coef: 3366}, money.Num{Coef: 6})}
	asks := []market.Level{
		lv(money.Num{Coef: 33668, Scale: 1}, money.Num{Coef: 90, Scale: 1}),
		lv(money.Num{Coef: 3368}, money.Num{Coef: 8}), lv(money.Num{Coef: 3372}, money.Num{Coef: 8})}
	tests := []struct {
		name       string
		bids, asks []market.Level
		want       string
	}{
		{"bid and ask in turn, zeros kept, the longer side goes on", bids, asks,
			"3366.1:7:3366.8:9.0:3366:6:3368:8:3372:8"},
		{"only bids", bids, nil, "3366.1:7:3366:6"},
		{"only asks", nil, asks[1:], "3368:8:3372:8"},
		{"an empty book", nil, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(appendSummed(nil, tt.bids, tt.asks)); got != tt.want {
				t.Errorf("text %q, want %q", got, tt.want)
			}
			got := Rules("BTC-USDT").Checksum.Sum(tt.bids, tt.asks)
			if want := crc32.ChecksumIEEE([]byte(tt.want)); got != want {
				t.Errorf("sum %d, want %d", got, want)
			}
		})
	}
}

func TestPair(t *testing.T) {
	tests := []struct {
		symbol string
		want   string
	}{
		{"BTC-USDT", "BTC-USDT"}, {"USDC-USDT", "USDC-USDT"},
		{"BTC-USD-220527", ""}, {"UNI-USD-SWAP", ""}, {"BTC", ""}, {"btc-usd", ""}, {"BTC-BTC", ""}, {"-", ""}, {"", ""},
	}
	for _, tt := range tests {
		got, ok := Pair(tt.symbol)
		if ok != (tt.want != "") || ok && got.String() != tt.want {
			t.Errorf("Pair(%q) = %v, %v; want %q", tt.symbol, got, ok, tt.want)
		}
	}
}

func TestOversizeFrameVoidsAllBooks(t *testing.T) {
	d := NewDecoder("okx")
	got := venuetest.Transcript(d, venuetest.Stream(snap), venuetest.Stream(strings.Repeat(" ", venue.MaxFrame+1)))
	if want := outSnap + "!oversize\ngap BTC-USDT: a frame was too large to read\n"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
