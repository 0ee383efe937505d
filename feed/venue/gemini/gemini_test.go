package gemini

import (
	"strings"
	"testing"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/venuetest"
	"chronos.dev/market"
)

const (
	first = `{"type":"l2_updates","symbol":"BTCUSD","changes":[["buy","100","1"],["sell","101.5","2.50"]]}`
	again = `{"type":"l2_updates","symbol":"BTCUSD","changes":[["buy","98","7"]],"trades":[{"price":"1"}],"auction_events":[]}`
	upd   = `{"type":"l2_updates","symbol":"BTCUSD","changes":[["buy","100","0"],["sell","102","3"]]}`
	eth   = `{"type":"l2_updates","symbol":"ETHUSD","changes":[["buy","9","1"]]}`

	outFirst = "l2_updates\nsnapshot BTCUSD 1 b 100:1 a 101.5:2.50\n"
	outUpd   = "l2_updates\ndelta BTCUSD 2<1 b 100:0 a 102:3\n"
	outAgain = "l2_updates\nsnapshot BTCUSD 2 b 98:7\n"
	outEth   = "l2_updates\nsnapshot ETHUSD 1 b 9:1\n"
	lost     = "gap BTCUSD: a message could not be read\n"
	torn     = "!malformed\ngap BTCUSD: a frame could not be read\n"
)

var rows = []venuetest.Row{
	{Name: "the first message of a symbol is its snapshot, the next a change; digits kept",
		Frames: venuetest.Streams(first, upd), Want: outFirst + outUpd},
	{Name: "each symbol has a first message",
		Frames: venuetest.Streams(first, eth, upd), Want: outFirst + outEth + outUpd},
	{Name: "a message with trades is a snapshot, whenever it comes",
		Frames: venuetest.Streams(first, again), Want: outFirst + outAgain},
	{Name: "after a new connection the first message is a snapshot again",
		Frames: []venue.Frame{venuetest.Connect(0), venuetest.Stream(first), venuetest.Connect(0), venuetest.Stream(first)},
		Want: "-\n" + outFirst + `-
			gap BTCUSD: the connection was opened anew
			l2_updates
			snapshot BTCUSD 2 b 100:1 a 101.5:2.50`},
	{Name: "a new connection elsewhere voids nothing",
		Frames: []venue.Frame{venuetest.Stream(first), venuetest.Connect(2), venuetest.Stream(upd)},
		Want:   outFirst + "-\n" + outUpd},
	{Name: "behind a torn frame a change is no snapshot, even of a new symbol",
		Frames: venuetest.Streams(first, upd[:20], upd, eth),
		Want:   outFirst + torn + "l2_updates\nl2_updates"},
	{Name: "behind a torn frame trades still mark a snapshot",
		Frames: venuetest.Streams(first, upd[:20], again, upd),
		Want:   outFirst + torn + outAgain + "l2_updates\ndelta BTCUSD 3<2 b 100:0 a 102:3"},
	{Name: "a new connection heals a harmed one",
		Frames: append(venuetest.Streams("{"), venuetest.Connect(0), venuetest.Stream(first)),
		Want:   "!malformed\n-\n" + outFirst},
	{Name: "a new connection elsewhere does not",
		Frames: append(venuetest.Streams("{"), venuetest.Connect(2), venuetest.Stream(first)),
		Want:   "!malformed\n-\nl2_updates"},
	{Name: "a frame too large harms the connection",
		Frames: venuetest.Streams(first, strings.Repeat(" ", venue.MaxFrame+1), eth),
		Want:   outFirst + "!oversize\ngap BTCUSD: a frame was too large to read\nl2_updates"},
	{Name: "a symbol that cannot be one harms the connection",
		Frames: venuetest.Streams(first, strings.Replace(eth, "ETHUSD", "ETH USD", 1), eth),
		Want:   outFirst + "!unknown_symbol\ngap BTCUSD: a book message could not be read\nl2_updates"},
	{Name: "a first message that cannot be read is not followed by a snapshot",
		Frames: venuetest.Streams(strings.Replace(first, "2.50", "-2", 1), upd, again),
		Want:   "!number\nl2_updates\nl2_updates\nsnapshot BTCUSD 1 b 98:7"},
	{Name: "a change that cannot be read voids its own book only",
		Frames: venuetest.Streams(first, eth, strings.Replace(upd, `"102"`, `"0"`, 1), upd, again),
		Want:   outFirst + outEth + "!number\n" + lost + "l2_updates\n" + outAgain},
	{Name: "a message without changes is misshapen",
		Frames: venuetest.Streams(first, `{"type":"l2_updates","symbol":"BTCUSD"}`), Want: outFirst + "!shape\n" + lost},
	{Name: "an unknown side is misshapen",
		Frames: venuetest.Streams(first, strings.Replace(upd, "buy", "hold", 1)), Want: outFirst + "!shape\n" + lost},
	{Name: "a price beyond all bounds",
		Frames: venuetest.Streams(first, strings.Replace(upd, "102", "1e400", 1)), Want: outFirst + "!number\n" + lost},
	{Name: "an empty price",
		Frames: venuetest.Streams(first, strings.Replace(upd, "102", "", 1)), Want: outFirst + "!number\n" + lost},
	{Name: "a duplicate key is malformed",
		Frames: venuetest.Streams(first, strings.Replace(upd, `{`, `{"symbol":"ETHUSD",`, 1)), Want: outFirst + torn},
	{Name: "other messages are named and change nothing",
		Frames: venuetest.Streams(first, `{"type":"trade","symbol":"BTCUSD","price":"1"}`,
			`{"type":"heartbeat","timestamp":1}`, `{"type":"auction_open"}`, upd),
		Want: outFirst + "trade\nheartbeat\nauction_open\n" + outUpd},
	{Name: "an unknown type is counted and voids nothing",
		Frames: venuetest.Streams(first, `{"type":"news"}`, `{}`, upd), Want: outFirst + "!unknown_kind\n!unknown_kind\n" + outUpd},
	{Name: "REST answers are not ours",
		Frames: []venue.Frame{venuetest.Answer("https://venue.test/v1/symbols", "[]")}, Want: "-"},
}

func TestDecode(t *testing.T) { venuetest.Run(t, &Spec, rows) }

func TestQuirks(t *testing.T) {
	d := New()
	venuetest.Transcript(d, venuetest.Streams(first, "{", upd, upd)...)
	if got := d.Quirks()["BTCUSD"][venue.QuirkBeforeSnap]; got != 2 {
		t.Errorf("quirks %v, want 2 updates before a snapshot", d.Quirks())
	}
}

func TestPair(t *testing.T) {
	tests := []struct {
		symbol string
		want   market.Pair
		ok     bool
	}{
		{"BTCUSD", market.Pair{Base: "BTC", Quote: "USD"}, true},
		{"ETHBTC", market.Pair{Base: "ETH", Quote: "BTC"}, true},
		{"PAXGUSD", market.Pair{Base: "PAXG", Quote: "USD"}, true},
		{"GUSDUSD", market.Pair{Base: "GUSD", Quote: "USD"}, true},
		{"BTCGUSDPERP", market.Pair{}, false},
		{"btcusd", market.Pair{}, false},
		{"", market.Pair{}, false},
	}
	for _, tt := range tests {
		if got, ok := Spec.Pair(tt.symbol); got != tt.want || ok != tt.ok {
			t.Errorf("Pair(%q) = %v, %v; want %v, %v", tt.symbol, got, ok, tt.want, tt.ok)
		}
	}
	if r := Spec.Rules("BTCUSD"); r.VerifiedDepth != 0 || r.Checksum != nil {
		t.Errorf("Rules = %+v, want no proof of any depth", r)
	}
	for symbol, p := range pairs {
		if q, err := market.ParsePair(p.String()); q != p || err != nil || symbol != p.Base+p.Quote {
			t.Errorf("pairs[%q] = %v", symbol, p)
		}
	}
}

func TestTableRefusesWhatIsNoMarket(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("table took a name without a dash")
		}
	}()
	table("BTCUSD")
}

func FuzzDecode(f *testing.F) { venuetest.Fuzz(f, &Spec, nil, rows) }
