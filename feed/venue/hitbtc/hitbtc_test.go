package hitbtc

import (
	"fmt"
	"strings"
	"testing"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/venuetest"
	"chronos.dev/market"
)

const (
	lost = "gap ETHBTC: a message could not be read\n"
	torn = "!malformed\ngap ETHBTC: a frame could not be read\n"
)

// msg is a book message of a symbol at seq: seq units at 99.
func msg(method, symbol string, seq int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"%s","params":{"symbol":"%s","ask":[{"price":"101.50","size":"0.00"}],`+
		`"bid":[{"price":"99","size":"%d"}],"sequence":%d,"timestamp":"2020-09-13T12:26:40.123Z"}}`,
		method, symbol, seq, seq)
}

func snap(seq int) string { return msg(snapshot, "ETHBTC", seq) }
func upd(seq int) string  { return msg(update, "ETHBTC", seq) }

func outSnap(seq int) string {
	return snapshot + "\n" + fmt.Sprintf("snapshot ETHBTC %d", seq) + rest(seq)
}

func outUpd(seq int) string {
	return update + "\n" + fmt.Sprintf("delta ETHBTC %d<%d", seq, seq-1) + rest(seq)
}

func rest(seq int) string {
	return fmt.Sprintf(" a 101.50:0.00 b 99:%d at 1600000000123000000\n", seq)
}

var (
	xtz    = msg(snapshot, "XTZBTC", 5)
	outXtz = strings.Replace(outSnap(5), "ETHBTC", "XTZBTC", 1)
)

var rows = []venuetest.Row{
	{Name: "snapshot, then updates that grow by one; digits kept",
		Frames: venuetest.Streams(snap(10), upd(11), upd(12)), Want: outSnap(10) + outUpd(11) + outUpd(12)},
	{Name: "an update before the snapshot is dropped",
		Frames: venuetest.Streams(upd(10), snap(10)), Want: "updateOrderbook\n" + outSnap(10)},
	{Name: "a sequence left out is a gap until a snapshot",
		Frames: venuetest.Streams(snap(10), upd(12), upd(13), snap(13), upd(14)),
		Want: outSnap(10) + "updateOrderbook\ngap ETHBTC: sequence 12, the book is at 10\n" +
			"updateOrderbook\n" + outSnap(13) + outUpd(14)},
	{Name: "an update that comes twice is dropped",
		Frames: venuetest.Streams(snap(10), upd(11), upd(11), upd(12)),
		Want:   outSnap(10) + outUpd(11) + "updateOrderbook\n" + outUpd(12)},
	{Name: "an update that is old right behind a snapshot shows that the snapshot's sequence was wrong",
		Frames: venuetest.Streams(snap(10), upd(10), snap(10), upd(11)),
		Want: outSnap(10) + "updateOrderbook\ngap ETHBTC: sequence 10, the book is at 10\n" +
			outSnap(10) + outUpd(11)},
	{Name: "a snapshot that comes twice is dropped",
		Frames: venuetest.Streams(snap(10), snap(10), upd(11)), Want: outSnap(10) + "snapshotOrderbook\n" + outUpd(11)},
	{Name: "a newer snapshot replaces the book",
		Frames: venuetest.Streams(snap(10), snap(20), upd(21)), Want: outSnap(10) + outSnap(20) + outUpd(21)},
	{Name: "a snapshot whose sequence fell is a gap and a new book",
		Frames: venuetest.Streams(snap(10), snap(4), upd(5)),
		Want: outSnap(10) + strings.Replace(outSnap(4), "\n",
			"\ngap ETHBTC: a snapshot at sequence 4, the book is at 10\n", 1) + outUpd(5)},
	{Name: "symbols do not touch each other",
		Frames: venuetest.Streams(snap(10), xtz, upd(11)), Want: outSnap(10) + outXtz + outUpd(11)},
	{Name: "a new connection voids its books",
		Frames: append(venuetest.Streams(snap(10), xtz), venuetest.Connect(0), venuetest.Stream(upd(11))),
		Want: outSnap(10) + outXtz + `-
			gap ETHBTC: the connection was opened anew
			gap XTZBTC: the connection was opened anew
			updateOrderbook`},
	{Name: "other messages are named and change nothing",
		Frames: venuetest.Streams(snap(10), `{"jsonrpc":"2.0","result":true,"id":1}`,
			`{"jsonrpc":"2.0","error":{"code":1},"id":1}`,
			`{"jsonrpc":"2.0","method":"ticker","params":{"ask":"1e999"}}`, upd(11)),
		Want: outSnap(10) + "reply\nreply\nticker\n" + outUpd(11)},
	{Name: "an unknown method is counted and voids nothing",
		Frames: venuetest.Streams(snap(10), `{"method":"news"}`, `{}`, upd(11)),
		Want:   outSnap(10) + "!unknown_kind\n!unknown_kind\n" + outUpd(11)},
	{Name: "REST answers are not ours",
		Frames: []venue.Frame{venuetest.Answer("https://api.hitbtc.com/api/2/public/symbol", "[]")}, Want: "-"},
	{Name: "a torn frame voids every book", Frames: venuetest.Streams(snap(10), upd(11)[:40]), Want: outSnap(10) + torn},
	{Name: "a duplicate key is malformed",
		Frames: venuetest.Streams(snap(10), strings.Replace(upd(11), `"bid"`, `"ask"`, 1)), Want: outSnap(10) + torn},
	{Name: "a frame too large voids every book",
		Frames: venuetest.Streams(snap(10), strings.Repeat(" ", venue.MaxFrame+1)),
		Want:   outSnap(10) + "!oversize\ngap ETHBTC: a frame was too large to read"},
	{Name: "a symbol that cannot be one voids every book",
		Frames: venuetest.Streams(snap(10), strings.Replace(upd(11), "ETHBTC", "", 1)),
		Want:   outSnap(10) + "!unknown_symbol\ngap ETHBTC: a book message could not be read"},
	{Name: "a book message without parameters voids every book",
		Frames: venuetest.Streams(snap(10), `{"method":"updateOrderbook"}`),
		Want:   outSnap(10) + "!shape\ngap ETHBTC: a book message could not be read"},
}

func TestDecode(t *testing.T) { venuetest.Run(t, &Spec, rows) }

// An update that cannot be read voids its own book only, until a snapshot.
func TestBadUpdates(t *testing.T) {
	good := upd(11)
	tests := []struct{ name, old, new, reason string }{
		{"a price beyond all bounds", `"99"`, `"1e400"`, "number"},
		{"a price of zero", `"99"`, `"0"`, "number"},
		{"a negative price", `"99"`, `"-99"`, "number"},
		{"an empty price", `"99"`, `""`, "number"},
		{"a negative size", `"11"`, `"-11"`, "number"},
		{"a level without size", `,"size":"11"`, ``, "number"},
		{"a level without price", `"price":"99",`, ``, "number"},
		{"a level of another type", `{"price":"99","size":"11"}`, `1`, "shape"},
		{"no bids", `"bid"`, `"bids"`, "shape"},
		{"no asks", `"ask"`, `"asks"`, "shape"},
		{"no sequence", `"sequence"`, `"seq"`, "shape"},
		{"a negative sequence", `:11,`, `:-11,`, "shape"},
		{"a sequence that is none", `:11,`, `:1.5,`, "shape"},
		{"a time that is none", "2020-09-13T12:26:40.123Z", "noon", "shape"},
	}
	var all []venuetest.Row
	for _, tt := range tests {
		body := strings.Replace(good, tt.old, tt.new, 1)
		if body == good {
			t.Fatalf("%s: %q is not in the update", tt.name, tt.old)
		}
		all = append(all, venuetest.Row{Name: tt.name,
			Frames: venuetest.Streams(snap(10), xtz, body, upd(11), snap(12)),
			Want:   outSnap(10) + outXtz + "!" + tt.reason + "\n" + lost + "updateOrderbook\n" + outSnap(12)})
	}
	venuetest.Run(t, &Spec, all)
}

func TestQuirks(t *testing.T) {
	d := New()
	venuetest.Transcript(d, venuetest.Streams(upd(9), snap(10), snap(10), upd(11), upd(11))...)
	got := d.Quirks()["ETHBTC"]
	if got[venue.QuirkBeforeSnap] != 1 || got[venue.QuirkStale] != 2 || len(got) != 2 {
		t.Errorf("quirks %v, want one before the snapshot and two stale", got)
	}
}

func TestPair(t *testing.T) {
	tests := []struct {
		symbol string
		want   market.Pair
		ok     bool
	}{
		{"ETHBTC", market.Pair{Base: "ETH", Quote: "BTC"}, true},
		{"BTCUSDC", market.Pair{Base: "BTC", Quote: "USDC"}, true},
		{"BTCUSD", market.Pair{}, false},
		{"USDTUSD", market.Pair{}, false},
		{"", market.Pair{}, false},
	}
	for _, tt := range tests {
		if got, ok := Spec.Pair(tt.symbol); got != tt.want || ok != tt.ok {
			t.Errorf("Pair(%q) = %v, %v; want %v, %v", tt.symbol, got, ok, tt.want, tt.ok)
		}
	}
	for symbol, p := range pairs {
		if q, err := market.ParsePair(p.String()); q != p || err != nil || symbol != p.Base+p.Quote {
			t.Errorf("pairs[%q] = %v", symbol, p)
		}
	}
	if r := Spec.Rules("ETHBTC"); r.VerifiedDepth != -1 || r.Checksum != nil {
		t.Errorf("Rules = %+v, want all depth under the sequence", r)
	}
}

func FuzzDecode(f *testing.F) { venuetest.Fuzz(f, &Spec, nil, rows) }
