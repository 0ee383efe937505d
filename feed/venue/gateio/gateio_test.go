package gateio

import (
	"fmt"
	"strings"
	"testing"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/venuetest"
	"chronos.dev/market"
)

const (
	asked = "https://api.gateio.ws/api/v4/spot/order_book?currency_pair=BTC_USDT&limit=100&with_id=true"
	kind  = "spot.order_book_update/update\n"
	torn  = "!malformed\ngap BTC_USDT: a frame could not be read\n"
	lost  = "gap BTC_USDT: a message could not be read\n"
)

// diff is the diff of BTC_USDT with ids U to u: u units at 99.
func diff(first, last int) string {
	return fmt.Sprintf(`{"time":1600000000,"channel":"spot.order_book_update","event":"update","result":`+
		`{"t":1600000000123,"e":"depthUpdate","E":1600000000,"s":"BTC_USDT","U":%d,"u":%d,"b":[["99","%d"]],"a":[]}}`,
		first, last, last)
}

// at is a diff as a frame.
func at(first, last int) venue.Frame { return venuetest.Stream(diff(first, last)) }

// rest is the book of BTC_USDT at an id.
func rest(id int) venue.Frame { return venuetest.Answer(asked, restBody(id)) }

func restBody(id int) string {
	return fmt.Sprintf(`{"id":%d,"asks":[["101.5","2.50"]],"bids":[["100","1"]]}`, id)
}

// out is what comes of the diff that ends at last, as event seq.
func out(seq, last int) string { return kind + event(seq, last) }

func event(seq, last int) string {
	return fmt.Sprintf("delta BTC_USDT %d<%d b 99:%d at 1600000000123000000\n", seq, seq-1, last)
}

func outRest(seq int) string {
	return fmt.Sprintf("rest_order_book\nsnapshot BTC_USDT %d a 101.5:2.50 b 100:1\n", seq)
}

var tornFrame = venuetest.Stream(diff(11, 12)[:60])

var rows = []venuetest.Row{
	{Name: "a book, then a diff that begins right behind it",
		Frames: []venue.Frame{rest(10), at(11, 12), at(13, 13)}, Want: outRest(1) + out(2, 12) + out(3, 13)},
	{Name: "the first diff may span the book",
		Frames: []venue.Frame{rest(10), at(8, 12), at(13, 14)}, Want: outRest(1) + out(2, 12) + out(3, 14)},
	{Name: "diffs at or below the book are dropped",
		Frames: []venue.Frame{rest(10), at(8, 9), at(10, 10), at(11, 11)}, Want: outRest(1) + kind + kind + out(2, 11)},
	{Name: "diffs before the book are kept and replayed behind it",
		Frames: []venue.Frame{at(8, 9), at(10, 11), at(12, 14), rest(10)},
		Want:   kind + kind + kind + outRest(1) + event(2, 11) + event(3, 14)},
	{Name: "a first diff that begins too late is a gap, and waits for a newer book",
		Frames: []venue.Frame{rest(10), at(12, 13), rest(13), at(14, 14)},
		Want: outRest(1) + kind + "gap BTC_USDT: a diff of ids 12 to 13, the book is at 10\n" +
			outRest(2) + out(3, 14)},
	{Name: "a diff left out is a gap until a newer book",
		Frames: []venue.Frame{rest(10), at(11, 12), at(14, 15), at(16, 16), rest(15), at(16, 17)},
		Want: outRest(1) + out(2, 12) + kind + "gap BTC_USDT: a diff of ids 14 to 15, the book is at 12\n" +
			kind + outRest(3) + event(4, 16) + kind + "gap BTC_USDT: a diff of ids 16 to 17, the book is at 16\n"},
	{Name: "a diff that comes twice is dropped",
		Frames: []venue.Frame{rest(10), at(11, 12), at(11, 12), at(13, 13)},
		Want:   outRest(1) + out(2, 12) + kind + out(3, 13)},
	{Name: "a diff that ends before it begins is a gap",
		Frames: []venue.Frame{rest(10), at(12, 11)},
		Want:   outRest(1) + kind + "gap BTC_USDT: a diff of ids 12 to 11, the book is at 10"},
	{Name: "a newer book replaces the book, one that is not changes nothing",
		Frames: []venue.Frame{rest(10), at(11, 12), rest(12), rest(11), rest(15), at(16, 16)},
		Want:   outRest(1) + out(2, 12) + "rest_order_book\nrest_order_book\n" + outRest(3) + out(4, 16)},
	{Name: "a new connection voids the book and what was kept",
		Frames: []venue.Frame{rest(10), at(11, 12), venuetest.Connect(0), at(20, 21), rest(20)},
		Want: outRest(1) + out(2, 12) + "-\ngap BTC_USDT: the connection was opened anew\n" + kind +
			outRest(3) + event(4, 21)},
	{Name: "other messages are named and change nothing",
		Frames: []venue.Frame{rest(10),
			venuetest.Stream(`{"channel":"spot.order_book_update","event":"subscribe","result":{"status":"success"}}`),
			venuetest.Stream(`{"channel":"spot.tickers","event":"update","result":{"last":"1e999"}}`), at(11, 12)},
		Want: outRest(1) + "spot.order_book_update/subscribe\nspot.tickers/update\n" + out(2, 12)},
	{Name: "an unknown channel or event is counted and voids nothing",
		Frames: []venue.Frame{rest(10), venuetest.Stream(`{"channel":"spot.news","event":"update"}`),
			venuetest.Stream(`{"channel":"spot.order_book_update","event":"news"}`), at(11, 12)},
		Want: outRest(1) + "!unknown_kind\n!unknown_kind\n" + out(2, 12)},
	{Name: "answers to other requests, and what we sent, are not ours",
		Frames: []venue.Frame{venuetest.Answer("https://api.gateio.ws/api/v4/spot/currency_pairs", "[]"),
			{Kind: venue.Sent, Body: []byte("{")}},
		Want: "-\n-"},
	{Name: "a bad answer is refused and voids nothing",
		Frames: []venue.Frame{rest(10), at(11, 12), venuetest.Answer(asked, "<html>"),
			venuetest.Answer(asked, `{"asks":[],"bids":[]}`), venuetest.Answer(asked, restBody(20)+"x"),
			venuetest.Answer(asked, strings.Replace(restBody(20), `"1"`, `"-1"`, 1)),
			venuetest.Answer("https://api.gateio.ws/api/v4/spot/order_book", restBody(20)),
			venuetest.Answer("https://api.gateio.ws/api/v4/spot/order_book?currency_pair=%", restBody(20)), at(13, 13)},
		Want: outRest(1) + out(2, 12) + "!shape\n!shape\n!shape\n!number\n!unknown_symbol\n!shape\n" + out(3, 13)},
	{Name: "a torn frame voids the book",
		Frames: []venue.Frame{rest(10), at(11, 12), tornFrame, at(13, 13)}, Want: outRest(1) + out(2, 12) + torn + kind},
	{Name: "a duplicate key is malformed",
		Frames: []venue.Frame{rest(10), at(11, 12), venuetest.Stream(strings.Replace(diff(13, 13), `"u"`, `"U"`, 1))},
		Want:   outRest(1) + out(2, 12) + torn},
	{Name: "a frame too large voids the book",
		Frames: []venue.Frame{rest(10), at(11, 12), venuetest.Stream(strings.Repeat(" ", venue.MaxFrame+1))},
		Want:   outRest(1) + out(2, 12) + "!oversize\ngap BTC_USDT: a frame was too large to read"},
	{Name: "a symbol that cannot be one voids every book",
		Frames: []venue.Frame{rest(10), at(11, 12), venuetest.Stream(strings.Replace(diff(13, 13), "BTC_USDT", "", 1))},
		Want:   outRest(1) + out(2, 12) + "!unknown_symbol\ngap BTC_USDT: a book message could not be read"},
	{Name: "a bad diff whose symbol was not read yet voids every book",
		Frames: []venue.Frame{rest(10), at(11, 12), venuetest.Stream(strings.Replace(diff(13, 13), "1600000000123", "-1", 1))},
		Want:   outRest(1) + out(2, 12) + "!shape\ngap BTC_USDT: a book message could not be read"},
}

func TestDecode(t *testing.T) { venuetest.Run(t, &Spec, rows) }

// A diff that cannot be read voids its book until a newer one.
func TestBadDiffs(t *testing.T) {
	good := diff(13, 17)
	tests := []struct{ name, old, new, reason string }{
		{"a price beyond all bounds", `"99"`, `"1e400"`, "number"},
		{"a price of zero", `"99"`, `"0"`, "number"},
		{"a negative price", `"99"`, `"-99"`, "number"},
		{"an empty price", `"99"`, `""`, "number"},
		{"a negative size", `"17"`, `"-7"`, "number"},
		{"no bids", `"b"`, `"bb"`, "shape"},
		{"no asks", `"a"`, `"aa"`, "shape"},
		{"no last id", `"u"`, `"uu"`, "shape"},
		{"a negative last id", `"u":17`, `"u":-17`, "shape"},
		{"an id that is none", `"u":17`, `"u":"x"`, "shape"},
		{"an id beyond all bounds", `"u":17`, `"u":99999999999999999999`, "shape"},
		{"sides of another type", `"a":[]`, `"a":{}`, "shape"},
	}
	var all []venuetest.Row
	for _, tt := range tests {
		body := strings.Replace(good, tt.old, tt.new, 1)
		if body == good {
			t.Fatalf("%s: %q is not in the diff", tt.name, tt.old)
		}
		all = append(all, venuetest.Row{Name: tt.name,
			Frames: []venue.Frame{rest(10), at(11, 12), venuetest.Stream(body), at(18, 18), rest(17)},
			Want:   outRest(1) + out(2, 12) + "!" + tt.reason + "\n" + lost + kind + outRest(3) + event(4, 18)})
	}
	venuetest.Run(t, &Spec, all)
}

func TestQuirks(t *testing.T) {
	d := New()
	venuetest.Transcript(d, at(8, 9), at(10, 11), rest(10), at(10, 11), at(12, 12))
	got := d.Quirks()["BTC_USDT"]
	if got[venue.QuirkStale] != 2 || got[venue.QuirkSpans] != 1 || len(got) != 2 {
		t.Errorf("quirks %v, want 2 stale and 1 that spans the book", got)
	}
}

func TestPair(t *testing.T) {
	tests := []struct {
		symbol string
		want   market.Pair
		ok     bool
	}{
		{"BTC_USDT", market.Pair{Base: "BTC", Quote: "USDT"}, true},
		{"QTUM3S_USDT", market.Pair{Base: "QTUM3S", Quote: "USDT"}, true},
		{"BTC-USDT", market.Pair{}, false},
		{"BTC_USDT_20251226", market.Pair{}, false},
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
