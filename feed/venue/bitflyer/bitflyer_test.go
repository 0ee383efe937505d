package bitflyer

import (
	"fmt"
	"strings"
	"testing"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/venuetest"
)

func msg(channel, bids, asks string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"channelMessage","params":{"channel":"%s","message":`+
		`{"mid_price":1.5,"bids":[%s],"asks":[%s]}}}`, channel, bids, asks)
}

var (
	snap = msg("lightning_board_snapshot_BTC_USD", `{"price":100.0,"size":0.50}`, `{"price":101,"size":2}`)
	upd  = msg("lightning_board_BTC_USD", `{"price":100.0,"size":0.0},{"price":99.5,"size":3e-8}`, ``)
)

const (
	outSnap = "lightning_board_snapshot\nsnapshot BTC_USD 1 b 100.0:0.50 a 101:2\n"
	board   = "lightning_board\n"
	misread = "gap BTC_USD: a message could not be read\n"
)

func after(name, want string, bodies ...string) venuetest.Row {
	return venuetest.Row{Name: name, Frames: venuetest.Streams(append([]string{snap}, bodies...)...), Want: outSnap + want}
}

func bad(name, reason, bids string) venuetest.Row {
	return after(name, "!"+reason+"\n"+misread, msg("lightning_board_BTC_USD", bids, ``))
}

var rows = []venuetest.Row{
	after("changes follow the snapshot; zero deletes", board+"delta BTC_USD 2<1 b 100.0:0.0 b 99.5:0.00000003", upd),
	{Name: "changes before the snapshot are dropped", Frames: venuetest.Streams(upd, upd, snap), Want: board + board + outSnap},
	after("each snapshot replaces the book", strings.Replace(outSnap, " 1 b", " 2 b", 1), snap),
	{Name: "a new connection voids the book until the next snapshot",
		Frames: []venue.Frame{venuetest.Stream(snap), venuetest.Connect(0), venuetest.Stream(upd), venuetest.Stream(snap)},
		Want: outSnap + "-\ngap BTC_USD: the connection was opened anew\n" + board +
			strings.Replace(outSnap, " 1 b", " 2 b", 1)},
	after("a book's channel is told from a longer symbol", board, msg("lightning_board_FX_BTC_JPY", ``, ``)),
	after("other channels and replies leave books alone", "lightning_ticker\nlightning_executions\nreply\nreply",
		msg("lightning_ticker_BTC_USD", ``, ``),
		`{"method":"channelMessage","params":{"channel":"lightning_executions_BTC_USD","message":[{"id":1}]}}`,
		`{"jsonrpc":"2.0","id":1,"result":true}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600}}`),
	after("an unknown channel is told", "!unknown_kind\n!unknown_kind", msg("lightning_weather_X", ``, ``), `{}`),
	after("a board of no symbol voids all books",
		"!unknown_symbol\ngap BTC_USD: a book message could not be read", msg("lightning_board_", ``, ``)),
	after("what is not JSON voids all books, once",
		"!malformed\ngap BTC_USD: a frame could not be read\n!malformed", upd[:60], upd+"]"),
	after("duplicate keys", "!malformed\ngap BTC_USD: a frame could not be read", `{"id":1,"id":1}`),
	after("params of another shape", "!malformed\ngap BTC_USD: a frame could not be read", `{"params":[]}`),
	after("a board with one side", "!shape\n"+misread,
		`{"params":{"channel":"lightning_board_BTC_USD","message":{"bids":[]}}}`),
	after("a board that is no object", "!shape\n"+misread, `{"params":{"channel":"lightning_board_BTC_USD","message":[]}}`),
	after("no board", "!shape\n"+misread, `{"params":{"channel":"lightning_board_BTC_USD"}}`),
	bad("a level that is no object", "shape", `[1,2]`),
	bad("a level without a size", "number", `{"price":1}`),
	bad("price zero, an order at market", "number", `{"price":0,"size":1}`),
	bad("price below zero", "number", `{"price":-1,"size":1}`),
	bad("size below zero", "number", `{"price":1,"size":-1}`),
	bad("exponent beyond all bounds", "number", `{"price":1e400,"size":1}`),
	bad("price of null", "number", `{"price":null,"size":1}`),
}

func TestDecode(t *testing.T) { venuetest.Run(t, &Spec, rows) }

func TestDecodeDoesNotAllocate(t *testing.T) {
	venuetest.NoAllocs(t, &Spec, venuetest.Streams(snap), func(int) venue.Frame { return venuetest.Stream(upd) })
}

func FuzzDecode(f *testing.F) { venuetest.Fuzz(f, &Spec, nil, rows) }

func TestQuirksAreCounted(t *testing.T) {
	d := Spec.New()
	venuetest.Transcript(d, venuetest.Streams(upd, upd, snap, upd)...)
	if n := d.Quirks()["BTC_USD"][venue.QuirkBeforeSnap]; n != 2 {
		t.Errorf("%d updates before the snapshot, want 2", n)
	}
}

func TestNothingIsVerified(t *testing.T) {
	if r := Spec.Rules("BTC_USD"); r.VerifiedDepth != 0 || r.Checksum != nil || r.Depth != 0 {
		t.Errorf("rules %+v, want none", r)
	}
}

func TestPair(t *testing.T) {
	tests := []struct{ symbol, want string }{
		{"BTC_USD", "BTC-USD"}, {"MONA_JPY", "MONA-JPY"},
		{"FX_BTC_JPY", ""}, {"BTCJPY23APR2021", ""}, {"btc_usd", ""}, {"BTC_", ""}, {"", ""},
	}
	for _, tt := range tests {
		got, ok := Spec.Pair(tt.symbol)
		if ok != (tt.want != "") || ok && got.String() != tt.want {
			t.Errorf("Pair(%q) = %v, %v; want %q", tt.symbol, got, ok, tt.want)
		}
	}
}
