package poloniex

import (
	"fmt"
	"strings"
	"testing"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/venuetest"
	"chronos.dev/market"
)

const (
	lost = "gap BTC_USDT: a message could not be read\n"
	torn = "!malformed\ngap BTC_USDT: a frame could not be read\n"
)

// object is the book of a symbol after id: id units at 99.
func object(symbol string, last, id int) string {
	return fmt.Sprintf(`{"symbol":"%s","createTime":1600000000000,"asks":[["101.5","2.50"]],"bids":[["99","%d"]],`+
		`"lastId":%d,"id":%d,"ts":1600000000123}`, symbol, id, last, id)
}

func msg(action string, objects ...string) string {
	return fmt.Sprintf(`{"channel":"book_lv2","data":[%s],"action":"%s"}`, strings.Join(objects, ","), action)
}

func snap(id int) string      { return msg("snapshot", object("BTC_USDT", id-1, id)) }
func upd(last, id int) string { return msg("update", object("BTC_USDT", last, id)) }

var eth = msg("snapshot", object("ETH_USDT", 4, 5))

// levels is what comes of an object's levels and time.
func levels(id int) string {
	return fmt.Sprintf(" a 101.5:2.50 b 99:%d at 1600000000123000000\n", id)
}

func outSnap(seq, id int) string {
	return fmt.Sprintf("book_lv2/snapshot\nsnapshot BTC_USDT %d%s", seq, levels(id))
}

func outUpd(seq, id int) string {
	return fmt.Sprintf("book_lv2/update\ndelta BTC_USDT %d<%d%s", seq, seq-1, levels(id))
}

var outEth = "book_lv2/snapshot\nsnapshot ETH_USDT 1" + levels(5)

var rows = []venuetest.Row{
	{Name: "snapshot, then updates that name the id before, whatever the step",
		Frames: venuetest.Streams(snap(10), upd(10, 11), upd(11, 15)), Want: outSnap(1, 10) + outUpd(2, 11) + outUpd(3, 15)},
	{Name: "an update before the snapshot is dropped",
		Frames: venuetest.Streams(upd(9, 10), snap(10)), Want: "book_lv2/update\n" + outSnap(1, 10)},
	{Name: "a snapshot in the stream replaces the book, even at a lower id",
		Frames: venuetest.Streams(snap(10), snap(4), upd(4, 5)), Want: outSnap(1, 10) + outSnap(2, 4) + outUpd(3, 5)},
	{Name: "an id left out is a gap until a snapshot",
		Frames: venuetest.Streams(snap(10), upd(11, 12), upd(12, 13), snap(13)),
		Want: outSnap(1, 10) + "book_lv2/update\ngap BTC_USDT: an update follows id 11, the book is at 10\n" +
			"book_lv2/update\n" + outSnap(2, 13)},
	{Name: "an update that overlaps the book is a gap",
		Frames: venuetest.Streams(snap(10), upd(9, 12)),
		Want:   outSnap(1, 10) + "book_lv2/update\ngap BTC_USDT: an update follows id 9, the book is at 10"},
	{Name: "an update that comes twice is dropped",
		Frames: venuetest.Streams(snap(10), upd(10, 11), upd(10, 11), upd(11, 12)),
		Want:   outSnap(1, 10) + outUpd(2, 11) + "book_lv2/update\n" + outUpd(3, 12)},
	{Name: "a message may hold several books",
		Frames: venuetest.Streams(eth, msg("snapshot", object("BTC_USDT", 9, 10), object("ETH_USDT", 7, 8))),
		Want:   outEth + outSnap(1, 10) + "snapshot ETH_USDT 2" + levels(8)},
	{Name: "a bad book in a message voids itself and not those behind it",
		Frames: venuetest.Streams(eth, snap(10),
			msg("update", object("ETH_USDT", 5, -1), object("BTC_USDT", 10, 11))),
		Want: outEth + outSnap(1, 10) + "!number\ngap ETH_USDT: a message could not be read\n" +
			"delta BTC_USDT 2<1" + levels(11)},
	{Name: "a bad book of no known symbol voids every book, those behind it too",
		Frames: venuetest.Streams(eth, snap(10), msg("update", `{"symbol":""}`, object("BTC_USDT", 10, 11))),
		Want: outEth + outSnap(1, 10) + "!shape\ngap ETH_USDT: a book message could not be read\n" +
			"gap BTC_USDT: a book message could not be read"},
	{Name: "a symbol that cannot be one voids every book",
		Frames: venuetest.Streams(snap(10), msg("update", object("BTC USDT", 10, 11))),
		Want:   outSnap(1, 10) + "!unknown_symbol\ngap BTC_USDT: a book message could not be read"},
	{Name: "a book that is no object voids every book",
		Frames: venuetest.Streams(snap(10), msg("update", `7`)),
		Want:   outSnap(1, 10) + "!shape\ngap BTC_USDT: a book message could not be read"},
	{Name: "data that is no array voids every book",
		Frames: venuetest.Streams(snap(10), `{"channel":"book_lv2","data":{},"action":"update"}`),
		Want:   outSnap(1, 10) + "!shape\ngap BTC_USDT: a book message could not be read"},
	{Name: "a book message without data voids every book",
		Frames: venuetest.Streams(snap(10), `{"channel":"book_lv2","action":"update"}`),
		Want:   outSnap(1, 10) + "!shape\ngap BTC_USDT: a book message could not be read"},
	{Name: "an action that is none of a book's voids the book",
		Frames: venuetest.Streams(snap(10), msg("error", object("BTC_USDT", 10, 11))),
		Want:   outSnap(1, 10) + "!shape\n" + lost},
	{Name: "an action that is not known voids the book too: it may have changed it",
		Frames: venuetest.Streams(snap(10), msg("news", object("BTC_USDT", 10, 11))),
		Want:   outSnap(1, 10) + "!shape\n" + lost},
	{Name: "a new connection voids its books",
		Frames: append(venuetest.Streams(snap(10), eth), venuetest.Connect(0), venuetest.Stream(upd(10, 11))),
		Want: outSnap(1, 10) + outEth + `-
			gap BTC_USDT: the connection was opened anew
			gap ETH_USDT: the connection was opened anew
			book_lv2/update`},
	{Name: "other messages are named and change nothing",
		Frames: venuetest.Streams(snap(10), `{"event":"subscribe","channel":"book_lv2","symbols":["BTC_USDT"]}`,
			`{"channel":"trades","data":[{"price":"1e999"}]}`, `{"event":"pong"}`, upd(10, 11)),
		Want: outSnap(1, 10) + "book_lv2/subscribe\ntrades/\npong\n" + outUpd(2, 11)},
	{Name: "an unknown channel is counted and voids nothing",
		Frames: venuetest.Streams(snap(10), `{"channel":"news"}`, `{"channel":"book_lv2"}`, `{}`, upd(10, 11)),
		Want:   outSnap(1, 10) + "!unknown_kind\n!unknown_kind\n!unknown_kind\n" + outUpd(2, 11)},
	{Name: "REST answers are not ours",
		Frames: []venue.Frame{venuetest.Answer("https://api.poloniex.com/markets", "[]")}, Want: "-"},
	{Name: "a torn frame voids every book", Frames: venuetest.Streams(snap(10), upd(10, 11)[:40]), Want: outSnap(1, 10) + torn},
	{Name: "a duplicate key is malformed",
		Frames: venuetest.Streams(snap(10), strings.Replace(upd(10, 11), `"lastId"`, `"id"`, 1)), Want: outSnap(1, 10) + torn},
	{Name: "a frame too large voids every book",
		Frames: venuetest.Streams(snap(10), strings.Repeat(" ", venue.MaxFrame+1)),
		Want:   outSnap(1, 10) + "!oversize\ngap BTC_USDT: a frame was too large to read"},
}

func TestDecode(t *testing.T) { venuetest.Run(t, &Spec, rows) }

// An update that cannot be read voids its own book only, until a snapshot.
func TestBadUpdates(t *testing.T) {
	good := upd(10, 11)
	tests := []struct{ name, old, new, reason string }{
		{"a price beyond all bounds", `"99"`, `"1e400"`, "number"},
		{"a price of zero", `"99"`, `"0"`, "number"},
		{"a negative price", `"99"`, `"-99"`, "number"},
		{"an empty price", `"99"`, `""`, "number"},
		{"a negative size", `"11"`, `"-11"`, "number"},
		{"no bids", `"bids"`, `"bid"`, "shape"},
		{"no asks", `"asks"`, `"ask"`, "shape"},
		{"no id", `"id"`, `"di"`, "shape"},
		{"an id that is none", `"id":11`, `"id":"x"`, "shape"},
		{"a negative id", `"id":11`, `"id":-11`, "shape"},
		{"a time that is none", "1600000000123", "-1", "shape"},
		{"sides of another type", `"bids":[["99","11"]]`, `"bids":{}`, "shape"},
	}
	var all []venuetest.Row
	for _, tt := range tests {
		body := strings.Replace(good, tt.old, tt.new, 1)
		if body == good {
			t.Fatalf("%s: %q is not in the update", tt.name, tt.old)
		}
		all = append(all, venuetest.Row{Name: tt.name,
			Frames: venuetest.Streams(snap(10), eth, body, upd(10, 11), snap(12)),
			Want:   outSnap(1, 10) + outEth + "!" + tt.reason + "\n" + lost + "book_lv2/update\n" + outSnap(2, 12)})
	}
	venuetest.Run(t, &Spec, all)
}

func TestQuirks(t *testing.T) {
	d := New()
	venuetest.Transcript(d, venuetest.Streams(upd(9, 10), snap(10), upd(10, 11), upd(10, 11))...)
	got := d.Quirks()["BTC_USDT"]
	if got[venue.QuirkBeforeSnap] != 1 || got[venue.QuirkStale] != 1 || len(got) != 2 {
		t.Errorf("quirks %v, want one before the snapshot and one stale", got)
	}
}

func TestPair(t *testing.T) {
	tests := []struct {
		symbol string
		want   market.Pair
		ok     bool
	}{
		{"BTC_USDT", market.Pair{Base: "BTC", Quote: "USDT"}, true},
		{"BCHSV_USDT", market.Pair{Base: "BSV", Quote: "USDT"}, true},
		{"BTC_USDT_PERP", market.Pair{}, false},
		{"BTC-USDT", market.Pair{}, false},
		{"BTCUSDT", market.Pair{}, false},
	}
	for _, tt := range tests {
		if got, ok := Spec.Pair(tt.symbol); got != tt.want || ok != tt.ok {
			t.Errorf("Pair(%q) = %v, %v; want %v, %v", tt.symbol, got, ok, tt.want, tt.ok)
		}
	}
	if r := Spec.Rules("BTC_USDT"); r.VerifiedDepth != -1 || r.Checksum != nil {
		t.Errorf("Rules = %+v, want all depth under the chain", r)
	}
}

func FuzzDecode(f *testing.F) { venuetest.Fuzz(f, &Spec, nil, rows) }
