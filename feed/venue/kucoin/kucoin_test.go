package kucoin

import (
	"fmt"
	"strings"
	"testing"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/venuetest"
)

// upd is an l2update of BTC-USDT; asks and bids are [price, size, sequence] rows.
func upd(start, end int, asks, bids string) string {
	return fmt.Sprintf(`{"data":{"sequenceStart":%d,"symbol":"BTC-USDT","changes":{"asks":[%s],"bids":[%s]},`+
		`"sequenceEnd":%d},"subject":"trade.l2update","topic":"/market/level2:BTC-USDT","type":"message"}`,
		start, asks, bids, end)
}

// bid is an l2update of one bid with size 1 at price n.
func bid(n int) string { return upd(n, n, ``, fmt.Sprintf(`["%d","1","%d"]`, n, n)) }

const url = "https://api.kucoin.com/api/v2/market/orderbook/level2?symbol=BTC-USDT"

// snap is the answer with a book at seq.
func snap(seq int) venue.Frame {
	return venuetest.Answer(url, fmt.Sprintf(`{"code":"200000","data":{"time":1600000000123,"sequence":"%d",`+
		`"bids":[["10","1.50"]],"asks":[["200","2"]]}}`, seq))
}

func outSnap(seq int) string {
	return fmt.Sprintf("rest_level2\nsnapshot BTC-USDT %d b 10:1.50 a 200:2 at 1600000000123000000\n", seq)
}

func frames(parts ...any) []venue.Frame {
	var out []venue.Frame
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			out = append(out, venuetest.Stream(p))
		case venue.Frame:
			out = append(out, p)
		}
	}
	return out
}

// later is a message or a frame received seconds after the others.
func later(what any, seconds int64) venue.Frame {
	f := frames(what)[0]
	f.Time += seconds * 1e9
	return f
}

const (
	l2      = "trade.l2update\n"
	misread = "gap BTC-USDT: a message could not be read\n"
)

// live is a row in which the book is live at sequence 100 before parts.
func live(name, want string, parts ...any) venuetest.Row {
	return venuetest.Row{Name: name, Frames: frames(append([]any{snap(100)}, parts...)...), Want: outSnap(100) + want}
}

func bad(name, reason, body string) venuetest.Row { return live(name, "!"+reason+"\n"+misread, body) }

var rows = []venuetest.Row{
	live("changes follow the snapshot; zero deletes",
		l2+"delta BTC-USDT 101<100 b 101:1\n"+l2+"delta BTC-USDT 102<101 a 200:0", bid(101), upd(102, 102, `["200","0","102"]`, ``)),
	{Name: "changes before the snapshot are kept; what it has is dropped",
		Frames: frames(bid(99), bid(100), bid(101), snap(100), bid(102)),
		Want: l2 + l2 + l2 + outSnap(100) + "delta BTC-USDT 101<100 b 101:1\n" +
			l2 + "delta BTC-USDT 102<101 b 102:1"},
	{Name: "one event that spans the snapshot is filtered change by change",
		Frames: frames(upd(99, 102, `["99","1","99"],["101","1","101"]`, `["100","1","100"],["102","1","102"]`), snap(100)),
		Want:   l2 + outSnap(100) + "delta BTC-USDT 102<100 a 101:1 b 102:1"},
	{Name: "an event that overlaps the one before is taken whole",
		Frames: frames(bid(99), upd(99, 100, ``, `["99","1","99"],["100","1","100"]`), snap(98)),
		Want:   l2 + l2 + outSnap(98) + "delta BTC-USDT 99<98 b 99:1\ndelta BTC-USDT 100<99 b 99:1 b 100:1"},
	live("an end too high hides no change of an event that overlaps it",
		l2+"delta BTC-USDT 103<100 b 101:1\n"+l2+"delta BTC-USDT 104<103 b 103:1 b 104:1",
		upd(101, 103, ``, `["101","1","101"]`), upd(102, 104, ``, `["103","1","103"],["104","1","104"]`)),
	live("an event within the one before shows that that one's end was wrong",
		l2+"delta BTC-USDT 109<100 b 101:1\n"+l2+"gap BTC-USDT: sequence: 102 to 102 within an event from 101 to 109",
		upd(101, 109, ``, `["101","1","101"]`), bid(102)),
	live("events that stay behind the snapshot show that its sequence was wrong",
		l2+l2+"gap BTC-USDT: sequence: 52 long after the snapshot of 100\n"+outSnap(53)+l2+"delta BTC-USDT 54<53 b 54:1",
		later(bid(51), 5), later(bid(52), 6), later(snap(53), 6), later(bid(54), 6)),
	{Name: "a snapshot that the kept changes do not reach back to is not used",
		Frames: frames(bid(105), snap(103), snap(104)),
		Want:   l2 + "rest_level2\n" + outSnap(104) + "delta BTC-USDT 105<104 b 105:1"},
	{Name: "kept changes that left a number out begin anew",
		Frames: frames(bid(99), bid(105), snap(100), snap(105), bid(106)),
		Want:   l2 + l2 + "rest_level2\n" + outSnap(105) + l2 + "delta BTC-USDT 106<105 b 106:1"},
	{Name: "a kept change that comes twice counts once",
		Frames: frames(bid(101), bid(101), snap(100)), Want: l2 + l2 + outSnap(100) + "delta BTC-USDT 101<100 b 101:1"},
	live("price 0 only advances the sequence", l2+"delta BTC-USDT 101<100\n"+l2+"delta BTC-USDT 102<101 b 102:1",
		upd(101, 101, `["0","0","101"]`, ``), bid(102)),
	live("a change that comes twice is dropped", l2+"delta BTC-USDT 101<100 b 101:1\n"+l2, bid(101), bid(101)),
	live("a number left out is a gap until a newer snapshot; changes since are kept",
		l2+"gap BTC-USDT: sequence: want 101, got 102\n"+l2+"rest_level2\n"+outSnap(101)+
			"delta BTC-USDT 102<101 b 102:1\ndelta BTC-USDT 103<102 b 103:1",
		bid(102), bid(103), snap(100), snap(101)),
	live("an older snapshot, or the same, is ignored by a live book", l2+"delta BTC-USDT 101<100 b 101:1\nrest_level2\nrest_level2",
		bid(101), snap(100), snap(101)),
	live("a newer snapshot replaces a live book; changes it has are dropped", outSnap(102)+l2+l2+"delta BTC-USDT 103<102 b 103:1",
		snap(102), bid(101), bid(103)),
	live("a new connection voids the book", l2+"delta BTC-USDT 101<100 b 101:1\n-\ngap BTC-USDT: the connection was opened anew\n"+
		l2+outSnap(101)+"delta BTC-USDT 102<101 b 102:1", bid(101), venuetest.Connect(0), bid(102), snap(101)),
	live("answers to anything else are none of ours", "-\n-\n-",
		venuetest.Answer("https://api.kucoin.com/api/v1/symbols", `{"code":"200000","data":[]}`),
		venuetest.Answer("https://api.kucoin.com/api/v1/market/orderbook/level2_20?symbol=BTC-USDT", `x`),
		venuetest.Answer("https://api.kucoin.com/api/v2/market/orderbook/level2?limit=5", `x`)),
	live("a bad answer changes nothing",
		"!malformed\n!shape\n!shape\n!shape\n!shape\n!number\n!malformed\n"+l2+"delta BTC-USDT 101<100 b 101:1",
		venuetest.Answer(url, `{"code":"200000","data":{`),
		venuetest.Answer(url, `{"code":"429000","msg":"Too Many Requests"}`),
		venuetest.Answer(url, `{"code":"200000","data":{"bids":[],"asks":[]}}`),
		venuetest.Answer(url, `{"code":"200000","data":{"sequence":"200","bids":[]}}`),
		venuetest.Answer(url, `{"code":"200000","data":[]}`),
		venuetest.Answer(url, `{"code":"200000","data":{"sequence":"200","bids":[["0","1"]],"asks":[]}}`),
		venuetest.Answer(url, `{"code":5}`), bid(101)),
	{Name: "an answer about a symbol that is none", Frames: frames(venuetest.Answer(
		strings.Replace(url, "BTC-USDT", "", 1), `{"code":"200000","data":{"sequence":1,"bids":[],"asks":[]}}`)),
		Want: "!unknown_symbol"},
	live("other messages leave books alone", "welcome\nack\npong\ntrade.ticker\nerror",
		`{"id":"x","type":"welcome"}`, `{"id":"1","type":"ack"}`, `{"id":"1","type":"pong"}`,
		`{"data":{"sequence":"1"},"subject":"trade.ticker","topic":"/market/ticker:BTC-USDT","type":"message"}`,
		`{"id":"1","type":"error","code":404}`),
	live("unknown kinds are told", "!unknown_kind\n!unknown_kind\n!unknown_kind",
		`{"type":"party"}`, `{"type":"message","subject":"party"}`, `{}`),
	live("what is not JSON voids the books of the stream", l2+"delta BTC-USDT 101<100 b 101:1\n!malformed\n"+
		"gap BTC-USDT: a frame could not be read", bid(101), bid(102)[:50]),
	live("duplicate keys", l2+"delta BTC-USDT 101<100 b 101:1\n!malformed\ngap BTC-USDT: a frame could not be read",
		bid(101), `{"type":"ack","type":"ack"}`),
	live("changes of another topic void the books of the stream", l2+"delta BTC-USDT 101<100 b 101:1\n!shape\n"+
		"gap BTC-USDT: a book message could not be read", bid(101), strings.Replace(bid(102), "level2", "level9", 1)),
	live("changes of no symbol void the books of the stream", l2+"delta BTC-USDT 101<100 b 101:1\n!unknown_symbol\n"+
		"gap BTC-USDT: a book message could not be read", bid(101), strings.Replace(bid(102), "level2:BTC-USDT", "level2:", 1)),
	bad("topic and data name different symbols", "shape", strings.Replace(bid(101), `"symbol":"BTC`, `"symbol":"ETH`, 1)),
	bad("an event that ends before it starts", "shape", upd(102, 101, ``, `["1","1","101"]`)),
	bad("an event without changes", "shape", upd(101, 101, ``, ``)),
	bad("a change outside its event", "shape", upd(101, 101, ``, `["1","1","102"]`)),
	bad("sequence of text", "shape", upd(101, 101, ``, `["1","1","x"]`)),
	bad("sequence beyond 18 digits", "shape", upd(101, 101, ``, `["1","1","1234567890123456789"]`)),
	bad("a symbol that is no text", "shape", strings.Replace(bid(101), `"symbol":"BTC-USDT"`, `"symbol":5`, 1)),
	bad("changes that are no object", "shape", `{"data":{"changes":5},"subject":"trade.l2update","topic":"/market/level2:BTC-USDT","type":"message"}`),
	bad("no data", "shape", `{"subject":"trade.l2update","topic":"/market/level2:BTC-USDT","type":"message"}`),
	bad("changes without one side", "shape", strings.Replace(bid(101), `"asks":[],`, ``, 1)),
	bad("price below zero", "number", upd(101, 101, ``, `["-1","1","101"]`)),
	bad("size below zero", "number", upd(101, 101, ``, `["1","-1","101"]`)),
	bad("exponent beyond all bounds", "number", upd(101, 101, ``, `["1e400","1","101"]`)),
	bad("empty price", "number", upd(101, 101, ``, `["","1","101"]`)),
	{Name: "the venue's time of an event is kept",
		Frames: frames(snap(100), strings.Replace(bid(101), `"data":{`, `"data":{"time":1600000000200,"x":[1],`, 1)),
		Want:   outSnap(100) + l2 + "delta BTC-USDT 101<100 b 101:1 at 1600000000200000000"},
}

func TestDecode(t *testing.T) { venuetest.Run(t, &Spec, rows) }

func TestDecodeDoesNotAllocate(t *testing.T) {
	venuetest.NoAllocs(t, &Spec, frames(snap(100)), func(i int) venue.Frame { return venuetest.Stream(bid(101 + i)) })
}

func FuzzDecode(f *testing.F) { venuetest.Fuzz(f, &Spec, nil, rows) }

func TestQuirksAreCounted(t *testing.T) {
	d := newDecoder()
	zero := upd(101, 101, `["0","0","101"]`, ``)
	venuetest.Transcript(d, frames(bid(99), bid(100), zero, snap(100), zero)...)
	q := d.Quirks()["BTC-USDT"]
	if q[venue.QuirkStale] != 3 || q[venue.QuirkSequenceOnly] != 1 {
		t.Errorf("quirks %v, want 3 stale and 1 of the sequence only", q)
	}
}

func TestKeepingIsBounded(t *testing.T) {
	event := func(seq int64, changes int) *update {
		return &update{span: span{start: seq, end: seq}, changes: make([]change, changes)}
	}
	t.Run("events of a symbol", func(t *testing.T) {
		var p pending
		kept := 0
		for n := range int64(maxKept + 1) {
			p.keep(event(n+1, 1), &kept)
		}
		if len(p.spans) != 1 || kept != 1 || p.reaches(maxKept-1) || !p.reaches(maxKept) {
			t.Errorf("%d events, %d changes kept; want those of the last event only", len(p.spans), kept)
		}
	})
	t.Run("changes of a symbol", func(t *testing.T) {
		var p pending
		kept := 0
		for n := range int64(3) {
			p.keep(event(n+1, maxKeptChanges/2), &kept)
		}
		if len(p.spans) != 1 || len(p.changes) != maxKeptChanges/2 || kept != maxKeptChanges/2 {
			t.Errorf("%d events, %d changes kept; want those of the last event only", len(p.spans), kept)
		}
	})
	t.Run("changes of a session", func(t *testing.T) {
		var p pending
		kept := maxKeptSession - 1
		p.keep(event(1, 1), &kept)
		p.keep(event(2, 1), &kept)
		if len(p.spans) != 0 || kept != maxKeptSession-1 {
			t.Errorf("%d events, %d changes kept; want no event of this symbol", len(p.spans), kept)
		}
		p.clear(&kept)
		if kept != maxKeptSession-1 {
			t.Errorf("%d changes kept after nothing was cleared", kept)
		}
	})
}

func TestALiveBookKeepsNothing(t *testing.T) {
	d := newDecoder()
	venuetest.Transcript(d, frames(bid(100), bid(101), snap(100), bid(102), bid(104), bid(105), snap(104))...)
	if d.kept != 0 {
		t.Errorf("%d changes kept", d.kept)
	}
}

func TestChangesOfOneEventAreBounded(t *testing.T) {
	list := strings.Repeat(`["1","1","101"],`, 100_001)
	got := venuetest.Transcript(newDecoder(), frames(snap(100), upd(101, 101, ``, list[:len(list)-1]))...)
	if want := outSnap(100) + "!oversize\n" + misread; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestPair(t *testing.T) {
	tests := []struct{ symbol, want string }{
		{"BTC-USDT", "BTC-USDT"}, {"BCHSV-USDT", "BSV-USDT"}, {"KCS-BCHSV", "KCS-BSV"},
		{"BCHSV-BSV", ""}, {"XBTUSDTM", ""}, {"A-B-C", ""}, {"", ""},
	}
	for _, tt := range tests {
		got, ok := Spec.Pair(tt.symbol)
		if ok != (tt.want != "") || ok && got.String() != tt.want {
			t.Errorf("Pair(%q) = %v, %v; want %q", tt.symbol, got, ok, tt.want)
		}
	}
}
