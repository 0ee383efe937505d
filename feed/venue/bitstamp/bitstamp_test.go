package bitstamp

import (
	"fmt"
	"strings"
	"testing"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/feed/venue/venuetest"
	"chronos.dev/market"
)

const (
	url   = "https://www.bitstamp.net/api/v2/order_book/btcusd"
	start = 1_600_000_000_000_000 // microseconds
	begun = `{"event":"bts:subscription_succeeded","channel":"diff_order_book_btcusd","data":{}}`
	ended = `{"event":"bts:unsubscription_succeeded","channel":"diff_order_book_btcusd","data":{}}`

	outBook = "rest_order_book\nsnapshot btcusd 1 b 100:1 a 101.5:2.50 at 1600000000000005000\n"
	kind    = "data:diff_order_book\n"
	torn    = "!malformed\ngap btcusd: a frame could not be read\n"
)

// diff is the diff of btcusd at start + n microseconds: n units at 99.
func diff(n int) string {
	return fmt.Sprintf(`{"data":{"timestamp":"1600000000","microtimestamp":"%d","bids":[["99","%d"]],"asks":[]},`+
		`"channel":"diff_order_book_btcusd","event":"data"}`, start+n, n)
}

// at is the diff of n as a frame.
func at(n int) venue.Frame { return venuetest.Stream(diff(n)) }

// rest is the book of btcusd at start + n microseconds.
func rest(n int) venue.Frame { return venuetest.Answer(url, restBody(n)) }

func restBody(n int) string {
	return fmt.Sprintf(`{"timestamp":"1600000000","microtimestamp":"%d","bids":[["100","1"]],"asks":[["101.5","2.50"]]}`, start+n)
}

// out is what comes of the diff of n as event seq.
func out(seq, n int) string { return kind + event(seq, n) }

func event(seq, n int) string {
	return fmt.Sprintf("delta btcusd %d<%d b 99:%d at %d000\n", seq, seq-1, n, start+n)
}

func outRest(seq, n int) string {
	return fmt.Sprintf("rest_order_book\nsnapshot btcusd %d b 100:1 a 101.5:2.50 at %d000\n", seq, start+n)
}

var torn1 = venuetest.Stream(diff(7)[:30])

var rows = []venuetest.Row{
	{Name: "a book, then diffs",
		Frames: []venue.Frame{rest(5), at(6), at(7)}, Want: outBook + out(2, 6) + out(3, 7)},
	{Name: "diffs that are not newer than the book are dropped, one at its very time too",
		Frames: []venue.Frame{rest(5), at(4), at(5), at(6)}, Want: outBook + kind + kind + out(2, 6)},
	{Name: "diffs before the book are kept and replayed behind it",
		Frames: []venue.Frame{at(4), at(5), at(6), at(8), rest(5)},
		Want:   kind + kind + kind + kind + outBook + event(2, 6) + event(3, 8)},
	{Name: "a book older than the first diff kept is refused: a hole may be between",
		Frames: []venue.Frame{at(6), rest(5), rest(6), at(7)},
		Want:   kind + "rest_order_book\n" + outRest(1, 6) + out(2, 7)},
	{Name: "a newer book replaces the book, one that is not changes nothing",
		Frames: []venue.Frame{rest(5), at(6), rest(6), rest(4), rest(8), at(7), at(9)},
		Want:   outBook + out(2, 6) + "rest_order_book\nrest_order_book\n" + outRest(3, 8) + kind + out(4, 9)},
	{Name: "a diff that comes twice is dropped",
		Frames: []venue.Frame{rest(5), at(6), at(6), at(7)}, Want: outBook + out(2, 6) + kind + out(3, 7)},
	{Name: "time that falls is a gap until a book newer than all seen",
		Frames: []venue.Frame{rest(5), at(8), at(7), rest(8), rest(9), at(10)},
		Want: outBook + out(2, 8) + kind + fmt.Sprintf("gap btcusd: microtimestamp fell from %d to %d\n", start+8, start+7) +
			"rest_order_book\n" + outRest(3, 9) + out(4, 10)},
	{Name: "time that falls among diffs kept forgets them",
		Frames: []venue.Frame{at(8), at(7), at(9), rest(8), rest(9)},
		Want:   kind + kind + kind + "rest_order_book\n" + outRest(1, 9)},
	{Name: "behind a torn frame a book must be newer than the diffs seen before it",
		Frames: []venue.Frame{rest(5), at(6), torn1, rest(6), rest(7), at(8)},
		Want:   outBook + out(2, 6) + torn + "rest_order_book\n" + outRest(3, 7) + out(4, 8)},
	{Name: "behind a torn frame a book must be as new as the first diff kept",
		Frames: []venue.Frame{rest(5), torn1, at(8), at(9), rest(7), rest(8)},
		Want:   outBook + torn + kind + kind + "rest_order_book\n" + outRest(2, 8) + event(3, 9)},
	{Name: "a torn frame spoils what was kept",
		Frames: []venue.Frame{at(6), torn1, rest(6), rest(7)},
		Want:   kind + "!malformed\nrest_order_book\n" + outRest(1, 7)},
	{Name: "a new connection voids the book and what was kept",
		Frames: []venue.Frame{venuetest.Stream(begun), rest(5), at(6), venuetest.Connect(0), rest(6), at(8), rest(9)},
		Want: "bts:subscription_succeeded:diff_order_book\n" + outBook + out(2, 6) +
			"-\ngap btcusd: the connection was opened anew\nrest_order_book\n" + kind + outRest(3, 9)},
	{Name: "a book belongs to the connection that spoke, before its first diff too",
		Frames: []venue.Frame{venuetest.Connect(4), rest(5), venuetest.Connect(4)},
		Want:   "-\n" + outBook + "-\ngap btcusd: the connection was opened anew"},
	{Name: "a new connection elsewhere voids nothing",
		Frames: []venue.Frame{rest(5), at(6), venuetest.Connect(1), at(7)}, Want: outBook + out(2, 6) + "-\n" + out(3, 7)},
	{Name: "the end of the subscription voids the book",
		Frames: []venue.Frame{rest(5), at(6), venuetest.Stream(ended)},
		Want: outBook + out(2, 6) + "bts:unsubscription_succeeded:diff_order_book\n" +
			"gap btcusd: the subscription ended"},
	{Name: "other messages are named and change nothing",
		Frames: append(venuetest.Streams(`{"event":"bts:subscription_succeeded","channel":"live_trades_btcusd","data":{}}`,
			`{"event":"trade","channel":"live_trades_btcusd","data":{"price":1}}`,
			`{"event":"bts:request_reconnect","channel":"","data":""}`, `{"event":"bts:heartbeat"}`), rest(5)),
		Want: "bts:subscription_succeeded:live_trades\ntrade:live_trades\nbts:request_reconnect\nbts:heartbeat\n" + outBook},
	{Name: "an unknown event or channel is counted and voids nothing",
		Frames: []venue.Frame{rest(5), venuetest.Stream(`{"event":"news"}`),
			venuetest.Stream(`{"event":"data","channel":"news_btcusd"}`), at(6)},
		Want: outBook + "!unknown_kind\n!unknown_kind\n" + out(2, 6)},
	{Name: "an unknown event of the diff channel voids its book",
		Frames: []venue.Frame{rest(5), at(6), venuetest.Stream(strings.Replace(diff(7), `"event":"data"`, `"event":"news"`, 1)), rest(6), rest(7)},
		Want: outBook + out(2, 6) + "!unknown_kind\ngap btcusd: a message could not be read\nrest_order_book\n" +
			outRest(3, 7)},
	{Name: "answers to other requests, and what we sent, are not ours",
		Frames: []venue.Frame{venuetest.Answer("https://www.bitstamp.net/api/v2/trading-pairs-info/", "[]"),
			{Kind: venue.Sent, Body: []byte("{")}},
		Want: "-\n-"},
	{Name: "a slash and arguments behind the symbol mean nothing",
		Frames: []venue.Frame{venuetest.Answer(url+"/?group=1", restBody(5))}, Want: outBook},
	{Name: "a bad answer is refused and voids nothing",
		Frames: []venue.Frame{rest(5), venuetest.Answer(url, "<html>"), venuetest.Answer(url, `{"bids":[],"asks":[]}`),
			venuetest.Answer(url, strings.Replace(restBody(9), "100", "-1", 1)),
			venuetest.Answer(url+" x", restBody(9)), venuetest.Answer(url, strings.Repeat(" ", venue.MaxFrame+1)), at(6)},
		Want: outBook + "!shape\n!shape\n!number\n!unknown_symbol\n!oversize\n" + out(2, 6)},
	{Name: "a frame too large voids the book",
		Frames: []venue.Frame{rest(5), at(6), venuetest.Stream(strings.Repeat(" ", venue.MaxFrame+1)), rest(6), rest(7)},
		Want:   outBook + out(2, 6) + "!oversize\ngap btcusd: a frame was too large to read\nrest_order_book\n" + outRest(3, 7)},
	{Name: "a symbol that cannot be one voids every book",
		Frames: []venue.Frame{rest(5), at(6), venuetest.Stream(strings.Replace(diff(7), "btcusd", "", 1)), rest(6)},
		Want:   outBook + out(2, 6) + "!unknown_symbol\ngap btcusd: a book message could not be read\nrest_order_book"},
	{Name: "a duplicate key is malformed",
		Frames: []venue.Frame{rest(5), at(6), venuetest.Stream(strings.Replace(diff(7), "{", `{"event":"data",`, 1))},
		Want:   outBook + out(2, 6) + torn},
	{Name: "a channel of another type is malformed",
		Frames: []venue.Frame{rest(5), at(6), venuetest.Stream(`{"event":"data","channel":7}`)},
		Want:   outBook + out(2, 6) + torn},
}

// A diff that cannot be read voids its book and spoils what was kept.
func TestBadDiffs(t *testing.T) {
	good := diff(7)
	tests := []struct{ name, old, new, reason string }{
		{"a price beyond all bounds", `"99"`, `"1e400"`, "number"},
		{"a price of zero", `"99"`, `"0"`, "number"},
		{"a negative price", `"99"`, `"-99"`, "number"},
		{"an empty price", `"99"`, `""`, "number"},
		{"a negative size", `"7"`, `"-7"`, "number"},
		{"no bids", `"bids"`, `"bid"`, "shape"},
		{"no asks", `"asks"`, `"ask"`, "shape"},
		{"no time", `"microtimestamp"`, `"time"`, "shape"},
		{"a time that is none", fmt.Sprint(start + 7), "soon", "shape"},
		{"a time before time", fmt.Sprint(start + 7), "-1", "shape"},
		{"sides of another type", `"asks":[]`, `"asks":{}`, "shape"},
		{"no data", `"data":{`, `"date":{`, "shape"},
	}
	var all []venuetest.Row
	for _, tt := range tests {
		body := strings.Replace(good, tt.old, tt.new, 1)
		if body == good {
			t.Fatalf("%s: %q is not in the diff", tt.name, tt.old)
		}
		all = append(all, venuetest.Row{Name: tt.name,
			Frames: []venue.Frame{rest(5), at(6), venuetest.Stream(body), rest(6), at(9), rest(8), rest(9)},
			Want: outBook + out(2, 6) + "!" + tt.reason + "\ngap btcusd: a message could not be read\n" +
				"rest_order_book\n" + kind + "rest_order_book\n" + outRest(3, 9)})
	}
	venuetest.Run(t, &Spec, all)
}

func TestDecode(t *testing.T) { venuetest.Run(t, &Spec, rows) }

func TestQuirks(t *testing.T) {
	tests := []struct {
		name   string
		frames []venue.Frame
		quirk  string
		want   int
	}{
		{"dropped when they come", []venue.Frame{rest(5), at(4), at(5), at(6)}, venue.QuirkOlderDiff, 2},
		{"dropped when replayed", []venue.Frame{at(4), at(5), at(6), rest(5)}, venue.QuirkOlderDiff, 2},
		{"a diff twice", []venue.Frame{rest(5), at(6), at(6)}, venue.QuirkStale, 1},
		{"books that are too old", []venue.Frame{rest(5), rest(5), rest(4)}, venue.QuirkStale, 2},
	}
	for _, tt := range tests {
		d := New()
		venuetest.Transcript(d, tt.frames...)
		if got := d.Quirks()["btcusd"]; got[tt.quirk] != tt.want || len(got) != 1 {
			t.Errorf("%s: quirks %v, want %d %s", tt.name, got, tt.want, tt.quirk)
		}
	}
}

// What is kept of one book is bounded by events and by levels; what went over is
// a hole that only a newer book closes.
func TestKeptIsBounded(t *testing.T) {
	d := New()
	for n := range maxKept + 2 {
		venuetest.Transcript(d, at(n+1))
	}
	bk := d.books.Known([]byte("btcusd"))
	if got := len(bk.State.kept.diffs); got != 2 || d.keeper.total != 4 {
		t.Errorf("kept %d diffs, %d in all; want 2 and 4", got, d.keeper.total)
	}
	got := venuetest.Transcript(d, rest(maxKept), rest(maxKept+1))
	if want := "rest_order_book\n" + outRest(1, maxKept+1) + event(2, maxKept+2); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if d.keeper.total != 0 {
		t.Errorf("%d levels kept of a live book", d.keeper.total)
	}
}

func TestKeeperBounds(t *testing.T) {
	var kp keeper
	wide := make([]market.Level, maxKeptLevels-1)
	books := make([]kept, maxKeptTotal/maxKeptLevels)
	for i := range books {
		kp.keep(&books[i], 1, wide)
	}
	kp.keep(&books[0], 2, wide[:1]) // above the book's limit: what was before is forgotten
	if got := books[0]; len(got.diffs) != 1 || got.diffs[0].micro != 2 || len(got.levels) != 1 {
		t.Errorf("kept %d diffs and %d levels, want the last only", len(got.diffs), len(got.levels))
	}
	kp.keep(&books[0], 3, wide[:maxKeptLevels-3])
	if kp.total != maxKeptTotal {
		t.Fatalf("total %d, want the limit %d", kp.total, maxKeptTotal)
	}
	var late kept
	kp.keep(&late, 4, wide[:1]) // above the session's limit, and nothing to forget
	if late.size() != 0 || kp.total != maxKeptTotal {
		t.Errorf("kept %d above the limit, total %d", late.size(), kp.total)
	}
	for i := range books {
		kp.forget(&books[i])
	}
	if kp.total != 0 {
		t.Errorf("total %d after all was forgotten", kp.total)
	}
}

func TestMaxLevels(t *testing.T) {
	body := restBody(5)
	many := strings.TrimSuffix(strings.Repeat(`["1","1"],`, session.MaxLevels+1), ",")
	d := New()
	got := venuetest.Transcript(d, venuetest.Answer(url, strings.Replace(body, `["100","1"]`, many, 1)))
	if got != "!oversize\n" {
		t.Errorf("got %.80q, want a refusal", got)
	}
}

func TestPair(t *testing.T) {
	tests := []struct {
		symbol string
		want   market.Pair
		ok     bool
	}{
		{"btcusd", market.Pair{Base: "BTC", Quote: "USD"}, true},
		{"btcusdc", market.Pair{Base: "BTC", Quote: "USDC"}, true},
		{"gusdusd", market.Pair{Base: "GUSD", Quote: "USD"}, true},
		{"eth2eth", market.Pair{Base: "ETH2", Quote: "ETH"}, true},
		{"BTCUSD", market.Pair{}, false},
		{"btcxyz", market.Pair{}, false},
		{"", market.Pair{}, false},
	}
	for _, tt := range tests {
		if got, ok := Spec.Pair(tt.symbol); got != tt.want || ok != tt.ok {
			t.Errorf("Pair(%q) = %v, %v; want %v, %v", tt.symbol, got, ok, tt.want, tt.ok)
		}
	}
	if r := Spec.Rules("btcusd"); r.VerifiedDepth != 0 || r.Checksum != nil {
		t.Errorf("Rules = %+v, want no proof of any depth", r)
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
