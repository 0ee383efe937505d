package bitfinex

import (
	"fmt"
	"strings"
	"testing"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/venuetest"
)

const (
	sub  = `{"event":"subscribed","channel":"book","chanId":7,"symbol":"tBTCUSD","prec":"P0","freq":"F0","len":"100","pair":"BTCUSD"}`
	sub2 = `{"event":"subscribed","channel":"book","chanId":8,"symbol":"tETHUSD","prec":"P0"}`
	tick = `{"event":"subscribed","channel":"ticker","chanId":9,"symbol":"tBTCUSD"}`
	snap = `[7,[[60400,1,0.5],[60410,2,-1.25]],1]`

	outSub  = "subscribed\nbook\nsnapshot tBTCUSD 1 b 60400:0.5 a 60410:1.25\n"
	misread = "gap tBTCUSD: a message could not be read\n"
)

// after is a row in which the book of tBTCUSD is live at sequence 1 before bodies.
func after(name, want string, bodies ...string) venuetest.Row {
	return venuetest.Row{Name: name, Frames: venuetest.Streams(append([]string{sub, snap}, bodies...)...), Want: outSub + want}
}

// bad is a row for a book payload that is refused.
func bad(name, reason, payload string) venuetest.Row {
	return after(name, "!"+reason+"\n"+misread, fmt.Sprintf("[7,%s,2]", payload))
}

var rows = []venuetest.Row{
	after("amount's sign is the side", "book\ndelta tBTCUSD 2<1 b 60300:3\nbook\ndelta tBTCUSD 3<2 a 60500:4",
		`[7,[60300,1,3],2]`, `[7,[60500,9,-4],3]`),
	after("count 0 deletes; amount is the side", "book\ndelta tBTCUSD 2<1 b 60400:0\nbook\ndelta tBTCUSD 3<2 a 60410:0",
		`[7,[60400,0,1],2]`, `[7,[60410,0,-1],3]`),
	after("exponents are exact", "book\ndelta tBTCUSD 2<1 b 0.00000011:20", `[7,[1.1e-7,1,2E+1],2]`),
	after("white space means nothing", "book\ndelta tBTCUSD 2<1 b 60300:3", ` [ 7 , [ 60300 , 1 , 3 ] , 2 ] `),
	after("what a message has beyond its parts is ignored", "book\ndelta tBTCUSD 2<1 b 60300:3", `[7,[60300,1,3,"x"],2,1600000000000]`),
	after("an empty snapshot empties the book", "book\nsnapshot tBTCUSD 2", `[7,[],2]`),
	after("heartbeats, checksums and other channels count in the sequence",
		"subscribed\nticker\nticker hb\nbook hb\nbook\nticker\nbook\ndelta tBTCUSD 7<1 b 60300:3",
		tick, `[9,[1,2,3],2]`, `[9,"hb",3]`, `[7,"hb",4]`, `[7,"cs",-123,5]`, `[9,"tu",[1,2],6]`, `[7,[60300,1,3],7]`),
	after("a channel without a confirmation counts in the sequence, its messages are ignored",
		"-\n-\nbook\ndelta tBTCUSD 4<1 b 60300:3", `[5,"hb",2]`, `[5,[[1,1,1]],3]`, `[7,[60300,1,3],4]`),
	after("a number left out voids every book of the connection",
		`subscribed
		book
		snapshot tETHUSD 2 b 2000:1
		book
		gap tBTCUSD: stream sequence: want 3, got 4
		gap tETHUSD: stream sequence: want 3, got 4
		book
		book
		snapshot tBTCUSD 6 b 60400:0.5
		book
		delta tBTCUSD 7<6 b 60300:3`,
		sub2, `[8,[[2000,1,1]],2]`, `[7,[60300,1,3],4]`, `[8,[2000,1,3],5]`, `[7,[[60400,1,0.5]],6]`, `[7,[60300,1,3],7]`),
	after("a number left out before a heartbeat voids every book",
		"book hb\ngap tBTCUSD: stream sequence: want 2, got 3", `[7,"hb",3]`),
	after("a message that comes twice is dropped", "book\ndelta tBTCUSD 2<1 b 60300:3\nbook\nbook\ndelta tBTCUSD 3<2 b 60200:1",
		`[7,[60300,1,3],2]`, `[7,[60300,1,3],2]`, `[7,[60200,1,1],3]`),
	after("messages in the wrong order void every book", "book\ngap tBTCUSD: stream sequence: want 2, got 3\nbook",
		`[7,[60300,1,3],3]`, `[7,[60300,1,3],2]`),
	after("a message without a number voids every book", "!shape\ngap tBTCUSD: a message had no sequence number", `[7,[60300,1,3]]`),
	after("sequence 0 is none", "!shape\ngap tBTCUSD: a message had no sequence number", `[7,[60300,1,3],0]`),
	{Name: "an update before the snapshot is dropped", Frames: venuetest.Streams(sub, `[7,[60300,1,3],1]`), Want: "subscribed\nbook"},
	{Name: "a new connection voids books, channels and sequence",
		Frames: []venue.Frame{venuetest.Stream(sub), venuetest.Stream(snap), venuetest.Connect(0),
			venuetest.Stream(`[7,[60300,1,3],1]`), venuetest.Stream(sub), venuetest.Stream(`[7,[[60300,1,3]],2]`)},
		Want: outSub + `-
			gap tBTCUSD: the connection was opened anew
			-
			subscribed
			book
			snapshot tBTCUSD 2 b 60300:3`},
	{Name: "sequences of two connections do not meet",
		Frames: []venue.Frame{venuetest.Stream(sub), venuetest.Stream(snap),
			{Kind: venue.Stream, Conn: 1, Body: []byte(sub2)}, {Kind: venue.Stream, Conn: 1, Body: []byte(`[8,[[2,1,1]],1]`)},
			{Kind: venue.Stream, Conn: 1, Body: []byte(`[8,[2,1,1],3]`)}, venuetest.Stream(`[7,[60300,1,3],2]`)},
		Want: outSub + `subscribed
			book
			snapshot tETHUSD 1 b 2:1
			book
			gap tETHUSD: stream sequence: want 2, got 3
			book
			delta tBTCUSD 2<1 b 60300:3`},
	after("unsubscribed", "unsubscribed\nunsubscribed\ngap tBTCUSD: unsubscribed\n-",
		`{"event":"unsubscribed","status":"OK","chanId":99}`, `{"event":"unsubscribed","status":"OK","chanId":7}`, `[7,[60300,1,3],2]`),
	after("a channel number given to another book voids the first",
		"subscribed\ngap tBTCUSD: its channel was given to another", strings.Replace(sub2, "8", "7", 1)),
	after("subscribed again under the same number changes nothing", "subscribed\nbook\ndelta tBTCUSD 2<1 b 60300:3", sub, `[7,[60300,1,3],2]`),
	after("the venue restarts", "info\ngap tBTCUSD: the venue restarts or is under maintenance", `{"event":"info","code":20051,"msg":"x"}`),
	after("the venue is under maintenance", "info\ngap tBTCUSD: the venue restarts or is under maintenance", `{"event":"info","code":20060}`),
	after("other news leaves books alone", "info\nconf\nerror\npong",
		`{"event":"info","version":2}`, `{"event":"conf","status":"OK","flags":65536}`, `{"event":"error","code":10300}`, `{"event":"pong"}`),
	after("an unknown event is told", "!unknown_kind", `{"event":"party"}`),
	after("an unknown channel is told", "!unknown_kind", `{"event":"subscribed","channel":"weather","chanId":1}`),
	after("a book of rounded prices is refused", "!shape", strings.Replace(sub2, "P0", "P1", 1)),
	after("a book of orders is refused", "!shape", strings.Replace(sub2, "P0", "R0", 1)),
	after("a symbol that is none", "!unknown_symbol", strings.Replace(sub2, "tETHUSD", "t USD", 1)),
	after("what is not JSON voids all books", "!malformed\ngap tBTCUSD: a frame could not be read", `[7,[60300,1,3],2`),
	after("an event that is not JSON voids all books", "!malformed\ngap tBTCUSD: a frame could not be read", `{"event":"info"`),
	after("an unknown word voids all books", "!malformed\ngap tBTCUSD: a frame could not be read", `[7,"zz",2]`),
	after("duplicate keys", "!malformed\ngap tBTCUSD: a frame could not be read", `{"event":"info","event":"info"}`),
	bad("a payload that is no array", "shape", `5`),
	bad("a payload that is an object", "shape", `{"a":1}`),
	bad("a triple without an amount", "shape", `[60300,1]`),
	bad("count 0 with an amount that is no side", "shape", `[60300,0,2]`),
	bad("count below zero", "shape", `[60300,-1,2]`),
	bad("amount zero", "shape", `[60300,1,0.00]`),
	bad("amount zero with an exponent", "shape", `[60300,1,0e5]`),
	bad("a delete in a snapshot", "shape", `[[60300,0,1]]`),
	bad("price of text", "shape", `["60300",1,1]`),
	bad("price below zero", "number", `[-60300,1,1]`),
	bad("exponent beyond all bounds", "number", `[1e400,1,1]`),
	bad("twenty digits", "number", `[1,1,12345678901234567890]`),
	{Name: "a channel message alone", Frames: venuetest.Streams(`[]`, `[1]`, `5`, ``), Want: "!shape\n!shape\n!malformed\n!malformed"},
}

func TestDecode(t *testing.T) { venuetest.Run(t, &Spec, rows) }

func TestDecodeDoesNotAllocate(t *testing.T) {
	venuetest.NoAllocs(t, &Spec, venuetest.Streams(sub, snap), func(i int) venue.Frame {
		return venuetest.Stream(fmt.Sprintf(`[7,[60300,%d,1],%d]`, i%2, i+2))
	})
}

func FuzzDecode(f *testing.F) { venuetest.Fuzz(f, &Spec, nil, rows) }

func TestQuirksAreCounted(t *testing.T) {
	d := newDecoder()
	venuetest.Transcript(d, venuetest.Streams(sub, `[7,[1,1,1],1]`, `[7,[[1e-2,1,1]],2]`, `[7,[1e-2,1,1],3]`,
		`[7,[1e-2,1,1],3]`, `[5,"hb",4]`)...)
	q := d.Quirks()
	if q[""][venue.QuirkExponent] != 1 || q[""][venue.QuirkStale] != 1 || q[""][venue.QuirkUnconfirmed] != 1 ||
		q["tBTCUSD"][venue.QuirkBeforeSnap] != 1 {
		t.Errorf("quirks %v, want one each of exponent in an update, stale, unconfirmed, before snapshot", q)
	}
}

func TestChannelsAreBounded(t *testing.T) {
	d := newDecoder()
	for i := range maxChannels {
		venuetest.Transcript(d, venuetest.Stream(fmt.Sprintf(`{"event":"subscribed","channel":"ticker","chanId":%d}`, i)))
	}
	got := venuetest.Transcript(d, venuetest.Streams(tick, `{"event":"subscribed","channel":"ticker","chanId":99999}`)...)
	if want := "subscribed\n!oversize\n"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestPair(t *testing.T) {
	tests := []struct{ symbol, want string }{
		{"tBTCUSD", "BTC-USD"}, {"tBTCUST", "BTC-USDT"}, {"tIOTETH", "IOTA-ETH"}, {"tXAUT:USD", "XAUT-USD"},
		{"tTESTBTC:TESTUSD", ""}, {"tDOGUSD", ""}, {"BTCUSD", ""}, {"", ""},
	}
	for _, tt := range tests {
		got, ok := Spec.Pair(tt.symbol)
		if ok != (tt.want != "") || ok && got.String() != tt.want {
			t.Errorf("Pair(%q) = %v, %v; want %q", tt.symbol, got, ok, tt.want)
		}
	}
}
