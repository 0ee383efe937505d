package coinbase

import (
	"slices"
	"strings"
	"testing"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/venuetest"
	"chronos.dev/market"
)

const (
	snap = `{"type":"snapshot","product_id":"BTC-USD","asks":[["101.5","2.50"]],"bids":[["100","1"]]}`
	upd1 = `{"type":"l2update","product_id":"BTC-USD","changes":[["buy","100","0.00"],["sell","102","3"]],` +
		`"time":"2020-09-13T12:26:40.000001Z"}`
	upd2 = `{"type":"l2update","product_id":"BTC-USD","changes":[["buy","99","4"]],"time":"2020-09-13T12:26:41Z"}`
	eth  = `{"type":"snapshot","product_id":"ETH-USD","asks":[],"bids":[["9","1"]]}`

	outSnap = "snapshot\nsnapshot BTC-USD 1 a 101.5:2.50 b 100:1\n"
	outUpd1 = "l2update\ndelta BTC-USD 2<1 b 100:0.00 a 102:3 at 1600000000000001000\n"
	outUpd2 = "l2update\ndelta BTC-USD 3<2 b 99:4 at 1600000001000000000\n"
	outEth  = "snapshot\nsnapshot ETH-USD 1 b 9:1\n"
	lost    = "gap BTC-USD: a message could not be read\n"
)

// changed is an update of BTC-USD with the given changes.
func changed(changes string) string {
	return `{"type":"l2update","product_id":"BTC-USD","changes":` + changes + `,"time":"2020-09-13T12:26:40Z"}`
}

var rows = []venuetest.Row{
	{Name: "snapshot, then updates with a delete; digits kept",
		Frames: venuetest.Streams(snap, upd1, upd2), Want: outSnap + outUpd1 + outUpd2},
	{Name: "an update before the snapshot is dropped",
		Frames: venuetest.Streams(upd1, snap), Want: "l2update\n" + outSnap},
	{Name: "a snapshot in the stream replaces the book, and its time counts anew",
		Frames: venuetest.Streams(snap, upd2, snap, upd1),
		Want: outSnap + `l2update
			delta BTC-USD 2<1 b 99:4 at 1600000001000000000
			snapshot
			snapshot BTC-USD 3 a 101.5:2.50 b 100:1
			l2update
			delta BTC-USD 4<3 b 100:0.00 a 102:3 at 1600000000000001000`},
	{Name: "two updates may bear one time",
		Frames: venuetest.Streams(snap, upd2, upd2),
		Want: outSnap + `l2update
			delta BTC-USD 2<1 b 99:4 at 1600000001000000000
			l2update
			delta BTC-USD 3<2 b 99:4 at 1600000001000000000`},
	{Name: "time that falls is a gap until the next snapshot",
		Frames: venuetest.Streams(snap, upd2, upd1, upd2, snap),
		Want: outSnap + `l2update
			delta BTC-USD 2<1 b 99:4 at 1600000001000000000
			l2update
			gap BTC-USD: the venue's time fell by 999999000 ns
			l2update
			snapshot
			snapshot BTC-USD 3 a 101.5:2.50 b 100:1`},
	{Name: "products do not touch each other",
		Frames: venuetest.Streams(snap, eth, upd1), Want: outSnap + outEth + outUpd1},
	{Name: "a new connection voids its books, in the order they came",
		Frames: append(venuetest.Streams(snap, eth), venuetest.Connect(0), venuetest.Stream(upd1)),
		Want: outSnap + outEth + `-
			gap BTC-USD: the connection was opened anew
			gap ETH-USD: the connection was opened anew
			l2update`},
	{Name: "a new connection elsewhere voids nothing",
		Frames: append(venuetest.Streams(snap), venuetest.Connect(3), venuetest.Stream(upd1)),
		Want:   outSnap + "-\n" + outUpd1},
	{Name: "other channels are named and change nothing",
		Frames: venuetest.Streams(`{"type":"subscriptions","channels":[]}`, `{"type":"ticker","price":"1"}`,
			`{"type":"last_match"}`, `{"type":"match"}`, `{"type":"heartbeat"}`, `{"type":"error","message":"no"}`),
		Want: "subscriptions\nticker\nlast_match\nmatch\nheartbeat\nerror"},
	{Name: "an unknown type is counted and voids nothing",
		Frames: venuetest.Streams(snap, `{"type":"news"}`, `{"kind":"snapshot"}`, upd1),
		Want:   outSnap + "!unknown_kind\n!unknown_kind\n" + outUpd1},
	{Name: "REST answers and what we sent are not ours",
		Frames: []venue.Frame{venuetest.Answer("https://venue.test/products", "[]"),
			{Kind: venue.Sent, Body: []byte("{")}},
		Want: "-\n-"},

	{Name: "a torn frame voids every book of the connection",
		Frames: venuetest.Streams(snap, eth, upd1[:len(upd1)-9]),
		Want: outSnap + outEth + `!malformed
			gap BTC-USD: a frame could not be read
			gap ETH-USD: a frame could not be read`},
	{Name: "bytes behind the message are malformed",
		Frames: venuetest.Streams(snap, upd1+"x"),
		Want:   outSnap + "!malformed\ngap BTC-USD: a frame could not be read"},
	{Name: "a duplicate key is malformed",
		Frames: venuetest.Streams(snap, strings.Replace(upd1, `"time"`, `"type":"l2update","time"`, 1)),
		Want:   outSnap + "!malformed\ngap BTC-USD: a frame could not be read"},
	{Name: "a type that is no text is malformed",
		Frames: venuetest.Streams(snap, `{"type":1}`), Want: outSnap + "!malformed\ngap BTC-USD: a frame could not be read"},
	{Name: "a frame too large voids every book",
		Frames: venuetest.Streams(snap, strings.Repeat(" ", venue.MaxFrame+1)),
		Want:   outSnap + "!oversize\ngap BTC-USD: a frame was too large to read"},
	{Name: "a symbol that cannot be one voids every book",
		Frames: venuetest.Streams(snap, strings.Replace(upd1, "BTC-USD", "BTC USD", 1)),
		Want:   outSnap + "!unknown_symbol\ngap BTC-USD: a book message could not be read"},
	{Name: "a missing symbol voids every book",
		Frames: venuetest.Streams(snap, `{"type":"l2update","changes":[]}`),
		Want:   outSnap + "!unknown_symbol\ngap BTC-USD: a book message could not be read"},
	{Name: "a book message that cannot be read voids its own book only",
		Frames: venuetest.Streams(snap, eth, changed(`{}`)), Want: outSnap + outEth + "!shape\n" + lost},
	{Name: "a gap stays until a snapshot",
		Frames: venuetest.Streams(snap, changed(`[["buy","x","1"]]`), upd1, snap),
		Want:   outSnap + "!number\n" + lost + "l2update\nsnapshot\nsnapshot BTC-USD 2 a 101.5:2.50 b 100:1"},
}

// bad are changes that no update may hold.
var bad = []struct{ name, changes, reason string }{
	{"a price beyond all bounds", `[["buy","1e400","1"]]`, "number"},
	{"a price of zero", `[["buy","0","1"]]`, "number"},
	{"a negative price", `[["buy","-1","1"]]`, "number"},
	{"a negative size", `[["buy","1","-1"]]`, "number"},
	{"an empty price", `[["buy","","1"]]`, "number"},
	{"no size", `[["buy","1"]]`, "number"},
	{"a size of another type", `[["buy","1",true]]`, "number"},
	{"an unknown side", `[["hold","1","1"]]`, "shape"},
	{"a side of another type", `[[1,"1","1"]]`, "shape"},
	{"a change of another type", `["buy"]`, "shape"},
}

func TestDecode(t *testing.T) {
	all := slices.Clone(rows)
	for _, b := range bad {
		all = append(all, venuetest.Row{
			Name: b.name, Frames: venuetest.Streams(snap, changed(b.changes)),
			Want: outSnap + "!" + b.reason + "\n" + lost,
		})
	}
	for name, body := range map[string]string{
		"a snapshot without bids":   `{"type":"snapshot","product_id":"BTC-USD","asks":[]}`,
		"a snapshot without asks":   `{"type":"snapshot","product_id":"BTC-USD","bids":[]}`,
		"a snapshot with changes":   `{"type":"snapshot","product_id":"BTC-USD","bids":[],"asks":[],"changes":[]}`,
		"an update without changes": `{"type":"l2update","product_id":"BTC-USD","time":"2020-09-13T12:26:40Z"}`,
		"an update with sides":      `{"type":"l2update","product_id":"BTC-USD","changes":[],"bids":[],"time":"2020-09-13T12:26:40Z"}`,
		"an update without a time":  `{"type":"l2update","product_id":"BTC-USD","changes":[]}`,
		"an update at no time":      `{"type":"l2update","product_id":"BTC-USD","changes":[],"time":"noon"}`,
	} {
		all = append(all, venuetest.Row{Name: name,
			Frames: venuetest.Streams(snap, body), Want: outSnap + "!shape\n" + lost})
	}
	venuetest.Run(t, &Spec, all)
}

func TestQuirks(t *testing.T) {
	d := New()
	venuetest.Transcript(d, venuetest.Streams(upd1, upd2, snap, upd1)...)
	if got := d.Quirks()["BTC-USD"][venue.QuirkBeforeSnap]; got != 2 || len(d.Quirks()) != 1 {
		t.Errorf("quirks %v, want 2 updates before the snapshot", d.Quirks())
	}
}

func TestPair(t *testing.T) {
	tests := []struct {
		symbol string
		want   market.Pair
		ok     bool
	}{
		{"BTC-USD", market.Pair{Base: "BTC", Quote: "USD"}, true},
		{"CGLD-EUR", market.Pair{Base: "CELO", Quote: "EUR"}, true},
		{"BTC-PERP-INTX", market.Pair{}, false},
		{"BIT-28JUL23-CDE", market.Pair{}, false},
		{"BTCUSD", market.Pair{}, false},
		{"btc-usd", market.Pair{}, false},
	}
	for _, tt := range tests {
		if got, ok := Spec.Pair(tt.symbol); got != tt.want || ok != tt.ok {
			t.Errorf("Pair(%q) = %v, %v; want %v, %v", tt.symbol, got, ok, tt.want, tt.ok)
		}
	}
	if r := Spec.Rules("BTC-USD"); r.VerifiedDepth != 0 || r.Checksum != nil || r.Depth != 0 {
		t.Errorf("Rules = %+v, want no proof of any depth", r)
	}
}

func FuzzDecode(f *testing.F) { venuetest.Fuzz(f, &Spec, nil, rows) }
