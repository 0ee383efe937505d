package kraken

import (
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"chronos.dev/book"
	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/venuetest"
	"chronos.dev/market"
	"chronos.dev/money"
)

// msg is a book message of XBT/USD with the given payloads.
func msg(payloads ...string) string {
	return fmt.Sprintf(`[2496,%s,"book-1000","XBT/USD"]`, strings.Join(payloads, ","))
}

const (
	ask = `["101.50000","2.00000000","1600000000.123456"]`
	bid = `["100.00000","1.50000000","1600000000.223456"]`
	del = `["100.00000","0.00000000","1600000001.000001"]`
)

var (
	snap = msg(`{"as":[` + ask + `],"bs":[` + bid + `]}`)
	upd  = msg(`{"b":[` + del + `],"c":"99"}`)
)

const (
	outSnap = "book-1000\nsnapshot XBT/USD 1 a 101.50000:2.00000000 b 100.00000:1.50000000 at 1600000000223456000\n"
	outUpd  = "book-1000\ndelta XBT/USD 2<1 b 100.00000:0.00000000 sum 99 at 1600000001000001000\n"
	lost    = "gap XBT/USD: a message could not be read\n"
	unread  = "gap XBT/USD: a frame could not be read\n"
	anyBook = "gap XBT/USD: a book message could not be read\n"
)

var rows = []venuetest.Row{
	{Name: "snapshot, then update with a delete; digits kept, the latest time counts",
		Frames: venuetest.Streams(snap, upd), Want: outSnap + outUpd},
	{Name: "an update before the snapshot is dropped",
		Frames: venuetest.Streams(upd, snap), Want: "book-1000\n" + outSnap},
	{Name: "a snapshot in the stream replaces the book",
		Frames: venuetest.Streams(snap, snap), Want: outSnap + strings.Replace(outSnap, " 1 a", " 2 a", 1)},
	{Name: "two payloads are one update with one sum",
		Frames: venuetest.Streams(snap, msg(`{"a":[`+ask+`]}`, `{"b":[`+del+`],"c":"7"}`)),
		Want: outSnap + `book-1000
			delta XBT/USD 2<1 a 101.50000:2.00000000 b 100.00000:0.00000000 sum 7 at 1600000001000001000`},
	{Name: "the latest time counts wherever it stands",
		Frames: venuetest.Streams(snap, msg(`{"b":[`+del+`,`+bid+`],"c":"7"}`)),
		Want: outSnap + `book-1000
			delta XBT/USD 2<1 b 100.00000:0.00000000 b 100.00000:1.50000000 sum 7 at 1600000001000001000`},
	{Name: "a level that comes back is marked and is a level like any other",
		Frames: venuetest.Streams(snap, msg(`{"b":[["99.0","1.0","1600000002.0","r"]],"c":"1"}`)),
		Want:   outSnap + "book-1000\ndelta XBT/USD 2<1 b 99.0:1.0 sum 1 at 1600000002000000000"},
	{Name: "a slash may be escaped", Frames: venuetest.Streams(strings.Replace(snap, "XBT/USD", `XBT\/USD`, 1), upd),
		Want: outSnap + outUpd},
	{Name: "what is new beside a level or a payload's members is no harm",
		Frames: venuetest.Streams(snap, msg(`{"b":[["99.0","1.0","1600000002.0","r","new"]],"c":"1","z":[1]}`)),
		Want:   outSnap + "book-1000\ndelta XBT/USD 2<1 b 99.0:1.0 sum 1 at 1600000002000000000"},
	{Name: "a book of its own for every pair",
		Frames: venuetest.Streams(snap, strings.Replace(snap, "XBT", "ETH", 1), upd),
		Want:   outSnap + strings.Replace(outSnap, "XBT", "ETH", 1) + outUpd},
	{Name: "a new connection voids its books; another's does not",
		Frames: []venue.Frame{venuetest.Stream(snap), venuetest.Connect(1), venuetest.Connect(0),
			venuetest.Stream(upd), venuetest.Stream(snap)},
		Want: outSnap + "-\n-\ngap XBT/USD: the connection was opened anew\nbook-1000\n" +
			strings.Replace(outSnap, " 1 a", " 2 a", 1)},
	{Name: "what we sent and answers are no messages",
		Frames: []venue.Frame{{Kind: venue.Sent, Body: []byte(`{"event":"subscribe"}`)},
			venuetest.Answer("https://api.kraken.com/0/public/AssetPairs", `{"error":[]}`)},
		Want: "-\n-"},
	{Name: "a subscription that ends voids its book",
		Frames: venuetest.Streams(snap,
			`{"channelName":"book-1000","event":"subscriptionStatus","pair":"XBT/USD","status":"subscribed"}`,
			`{"channelName":"trade","event":"subscriptionStatus","pair":"XBT/USD","status":"unsubscribed"}`,
			`{"channelName":"book-1000","event":"subscriptionStatus","pair":"ETH/USD","status":"unsubscribed"}`,
			`{"channelName":"book-1000","event":"subscriptionStatus","pair":"XBT/USD","status":"unsubscribed"}`),
		Want: outSnap + strings.Repeat("subscriptionStatus\n", 4) + "gap XBT/USD: the subscription ended"},
	{Name: "a venue that is not online voids all books",
		Frames: venuetest.Streams(snap, `{"event":"systemStatus","status":"online","connectionID":17413893361151983591}`,
			`{"event":"systemStatus","status":"maintenance"}`),
		Want: outSnap + "systemStatus\nsystemStatus\ngap XBT/USD: the venue is not online"},
	{Name: "other channels and events have their kinds and leave books alone",
		Frames: venuetest.Streams(snap, `[1,{"a":["1",0,"2"]},"ticker","XBT/USD"]`, `[1,[["1","2"]],"trade","XBT/USD"]`,
			`[1,["1"],"spread","XBT/USD"]`, `[1,["1"],"ohlc-5","XBT/USD"]`, `{"event":"heartbeat"}`, `{"event":"pong"}`,
			`{"event":"error","errorMessage":"x"}`),
		Want: outSnap + "ticker\ntrade\nspread\nohlc\nheartbeat\npong\nerror"},
	{Name: "an unknown channel or event is told, and no book suffers",
		Frames: venuetest.Streams(snap, `[1,{},"weather","XBT/USD"]`, `{"event":"party"}`, `{}`),
		Want:   outSnap + "!unknown_kind\n!unknown_kind\n!unknown_kind"},
	{Name: "a book of another depth was not subscribed to",
		Frames: venuetest.Streams(strings.Replace(snap, "1000", "10", 1)), Want: "!unknown_kind"},
	{Name: "what is not JSON voids all books, once",
		Frames: venuetest.Streams(snap, upd[:20], upd[:30]), Want: outSnap + "!malformed\n" + unread + "!malformed"},
	{Name: "an empty frame voids all books", Frames: venuetest.Streams(snap, ""), Want: outSnap + "!malformed\n" + unread},
	{Name: "bytes behind the message void all books",
		Frames: venuetest.Streams(snap, upd+"x"), Want: outSnap + "!malformed\n" + unread},
	{Name: "bytes behind an event void all books",
		Frames: venuetest.Streams(snap, `{"event":"heartbeat"}x`), Want: outSnap + "!malformed\n" + unread},
	{Name: "duplicate keys are malformed",
		Frames: venuetest.Streams(snap, msg(`{"b":[],"b":[],"c":"1"}`)), Want: outSnap + "!malformed\n" + unread},
	{Name: "members of an event that are no text are malformed",
		Frames: venuetest.Streams(`{"event":5}`, `{"status":5}`, `{"channelName":5}`, `{"pair":5}`),
		Want:   strings.Repeat("!malformed\n", 4)},
	{Name: "more than five parts are malformed",
		Frames: venuetest.Streams(snap, msg(`{}`, `{}`, `{}`)), Want: outSnap + "!malformed\n" + unread},
	{Name: "too few parts may have been of any book",
		Frames: venuetest.Streams(snap, `[2496,"book-1000","XBT/USD"]`), Want: outSnap + "!shape\n" + anyBook},
	{Name: "a channel that is no text may have been any book's",
		Frames: venuetest.Streams(snap, `[2496,{},5,"XBT/USD"]`), Want: outSnap + "!shape\n" + anyBook},
	{Name: "a pair that is no text may have been any book's",
		Frames: venuetest.Streams(snap, `[2496,{},"book-1000",5]`), Want: outSnap + "!shape\n" + anyBook},
	{Name: "a pair that is no symbol may have been any book's",
		Frames: venuetest.Streams(snap, `[2496,{},"book-1000","X Y"]`), Want: outSnap + "!unknown_symbol\n" + anyBook},
	shape("half a snapshot", `{"as":[`+ask+`]}`),
	shape("snapshot and update in one", `{"as":[],"bs":[],"b":[],"c":"1"}`),
	shape("no side at all", `{"c":"1"}`),
	shape("an update without a checksum", `{"b":[`+bid+`]}`),
	shape("a checksum that is none", `{"b":[],"c":"x"}`),
	shape("a checksum beyond 32 bits", `{"b":[],"c":"4294967296"}`),
	shape("a payload that is no object", `[]`),
	shape("levels that are no array", `{"b":{},"c":"1"}`),
	shape("a level that is no array", `{"b":["1"],"c":"1"}`),
	shape("a level without a time", `{"b":[["1","1"]],"c":"1"}`),
	shape("a time of text", `{"b":[["1","1","x"]],"c":"1"}`),
	shape("a time before 1970", `{"b":[["1","1","-1"]],"c":"1"}`),
	shape("a time beyond 64 bits", `{"b":[["1","1","99999999999"]],"c":"1"}`),
	number("exponent beyond all bounds", "1e400", "1"),
	number("negative price", "-1", "1"),
	number("price zero", "0", "1"),
	number("negative size", "1", "-1"),
	number("empty price", "", "1"),
	number("empty size", "1", ""),
	number("price with an escape", `1\u0030`, "1"),
	number("twenty digits", "1", "12345678901234567890"),
}

// shape is a row for a payload of another shape.
func shape(name, payload string) venuetest.Row {
	return venuetest.Row{Name: name, Frames: venuetest.Streams(snap, msg(payload)), Want: outSnap + "!shape\n" + lost}
}

// number is a row for a level whose numbers are refused.
func number(name, price, size string) venuetest.Row {
	payload := fmt.Sprintf(`{"b":[["%s","%s","1600000000.1"]],"c":"1"}`, price, size)
	return venuetest.Row{Name: name, Frames: venuetest.Streams(snap, msg(payload)), Want: outSnap + "!number\n" + lost}
}

func TestDecode(t *testing.T) { venuetest.Run(t, &Spec, rows) }

func FuzzDecode(f *testing.F) { venuetest.Fuzz(f, &Spec, nil, rows) }

func TestDecodeDoesNotAllocate(t *testing.T) {
	venuetest.NoAllocs(t, &Spec, venuetest.Streams(snap), func(int) venue.Frame { return venuetest.Stream(upd) })
}

func TestOversizeFrameVoidsAllBooks(t *testing.T) {
	got := venuetest.Transcript(New(), venuetest.Stream(snap), venuetest.Stream(strings.Repeat(" ", venue.MaxFrame+1)))
	if want := outSnap + "!oversize\ngap XBT/USD: a frame was too large to read\n"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestQuirksAreCounted(t *testing.T) {
	d := New()
	again := `["99.0","1.0","1600000002.0","r"]`
	venuetest.Transcript(d, venuetest.Streams(upd, upd, snap,
		msg(`{"a":[`+ask+`]}`, `{"b":[`+again+`,`+again+`],"c":"7"}`))...)
	q := d.Quirks()
	if q["XBT/USD"][venue.QuirkBeforeSnap] != 2 || q["XBT/USD"][venue.QuirkRepublished] != 2 ||
		q[""][venue.QuirkTwoPayloads] != 1 {
		t.Errorf("quirks %v, want 2 before the snapshot, 2 republished, 1 of two payloads", q)
	}
}

// lv is a level with the venue's digits.
func lv(price int64, priceDec uint8, size int64, sizeDec uint8) market.Level {
	return market.Level{Price: money.Num{Coef: price, Scale: priceDec}, Size: money.Num{Coef: size, Scale: sizeDec}}
}

func TestChecksumIsOverDigitsAsSent(t *testing.T) {
	bids := []market.Level{lv(504400, 5, 150000000, 8), lv(22890, 9, 1, 0)}
	asks := []market.Level{lv(505000, 5, 7, 8)}
	tests := []struct {
		name       string
		bids, asks []market.Level
		want       string
	}{
		{"asks before bids, no point, no leading zeros", bids, asks, "5050007" + "504400150000000" + "228901"},
		{"trailing zeros are kept", bids[:1], nil, "504400150000000"},
		{"only asks", nil, asks, "5050007"},
		{"an empty book", nil, nil, ""},
	}
	sum := Rules("XBT/USD").Checksum.Sum
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := crc32.ChecksumIEEE([]byte(tt.want))
			if got := sum(tt.bids, tt.asks); got != want {
				t.Errorf("sum %d, want %d", got, want)
			}
		})
	}
}

// play plays messages to a decoder and a book, and returns the book.
func play(messages ...string) *book.Book {
	d, b := New(), book.New(Rules("XBT/USD"))
	for _, f := range venuetest.Streams(messages...) {
		_, _ = d.Decode(&f, func(e *market.Event) { _ = b.Apply(e) }) // the book's state shows it
	}
	return b
}

func TestBookIsHeldToTheChecksum(t *testing.T) {
	// After the delete only the ask 101.50000 of 2.00000000 is left.
	good := fmt.Sprint(crc32.ChecksumIEEE([]byte("10150000" + "200000000")))
	right := strings.Replace(upd, `"99"`, `"`+good+`"`, 1)
	other := strings.Replace(right, `"100.00000"`, `"99.00000"`, 1)
	tests := []struct {
		name     string
		messages []string
		want     book.State
	}{
		{"an update with the right sum keeps the book", []string{snap, right}, book.Live},
		{"a wrong sum is a gap", []string{snap, upd}, book.Gapped},
		{"an update of another price than the sum knows is a gap", []string{snap, other}, book.Gapped},
		{"nothing but a snapshot ends a gap", []string{snap, upd, right}, book.Gapped},
		{"a snapshot ends a gap", []string{snap, upd, snap, right}, book.Live},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, why := play(tt.messages...).State(); got != tt.want {
				t.Errorf("state %v (%s), want %v", got, why, tt.want)
			}
		})
	}
}

// The venue keeps 1,000 levels a side, so a better one pushes the worst out.
func TestBookIsCutAtTheVenuesDepth(t *testing.T) {
	var asks []string
	for i := range Depth {
		asks = append(asks, fmt.Sprintf(`["%d","1","1600000000.1"]`, 1000+i))
	}
	sum := "9991" // then the best nine of before
	for i := range 9 {
		sum += fmt.Sprint(1000+i) + "1"
	}
	b := play(msg(`{"as":[`+strings.Join(asks, ",")+`],"bs":[]}`),
		msg(fmt.Sprintf(`{"a":[["999","1","1600000000.2"]],"c":"%d"}`, crc32.ChecksumIEEE([]byte(sum)))))
	state, why := b.State()
	if _, n := b.Len(); state != book.Live || n != Depth || b.Counters().DepthDropped != 1 {
		t.Errorf("%v (%s), %d asks, %d dropped; want a live book of %d and 1", state, why, n,
			b.Counters().DepthDropped, Depth)
	}
	v := b.Publish()
	if best, worst := v.Asks[0].Price, v.Asks[Depth-1].Price; best != 999 || worst != 1998 {
		t.Errorf("asks from %d to %d, want 999 to 1998", best, worst)
	}
}

func TestPair(t *testing.T) {
	tests := []struct{ symbol, want string }{
		{"XBT/USD", "BTC-USD"}, {"ADA/XBT", "ADA-BTC"}, {"XDG/USD", "DOGE-USD"}, {"USDC/GBP", "USDC-GBP"},
		{"ETH/CHF", "ETH-CHF"}, {"XBT/USD.d", ""}, {"XBT/BTC", ""}, {"XBTUSD", ""}, {"xbt/usd", ""}, {"/", ""}, {"", ""},
	}
	for _, tt := range tests {
		got, ok := Pair(tt.symbol)
		if ok != (tt.want != "") || ok && got.String() != tt.want {
			t.Errorf("Pair(%q) = %v, %v; want %q", tt.symbol, got, ok, tt.want)
		}
	}
}
