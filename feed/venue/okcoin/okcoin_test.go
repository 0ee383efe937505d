package okcoin

import (
	"bytes"
	"compress/flate"
	"fmt"
	"slices"
	"strings"
	"testing"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/venuetest"
)

// pack deflates a body as the venue does.
func pack(body []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		panic(err)
	}
	w.Write(body)
	w.Close()
	return out.Bytes()
}

// stored wraps a body in deflate without compressing it, which is cheap enough
// for a fuzzer.
func stored(body []byte) []byte {
	var out []byte
	for {
		n := min(len(body), 1<<16-1)
		final := byte(0)
		if n == len(body) {
			final = 1
		}
		out = append(out, final, byte(n), byte(n>>8), ^byte(n), ^byte(n>>8))
		out = append(out, body[:n]...)
		if body = body[n:]; final == 1 {
			return out
		}
	}
}

func packed(rows []venuetest.Row) []venuetest.Row {
	rows = slices.Clone(rows)
	for i, row := range rows {
		rows[i].Frames = slices.Clone(row.Frames)
		for k, f := range row.Frames {
			if f.Kind == venue.Stream {
				rows[i].Frames[k].Body = pack(f.Body)
			}
		}
	}
	return rows
}

func msg(action, asks, bids, tail string) string {
	return fmt.Sprintf(`{"table":"spot/depth_l2_tbt","action":"%s","data":[{"instrument_id":"ETH-USD",`+
		`"asks":[%s],"bids":[%s],"timestamp":"2020-09-13T12:26:40.123Z"%s}]}`, action, asks, bids, tail)
}

var (
	snap = msg("partial", `["2104.02","4.50","0","1"]`, `["2100","1","0","1"]`, `,"checksum":-1`)
	upd  = msg("update", ``, `["2100","0","0","0"]`, `,"checksum":2`)
)

const (
	outSnap = "spot/depth_l2_tbt\nsnapshot ETH-USD 1 a 2104.02:4.50 b 2100:1 sum 4294967295 at 1600000000123000000\n"
	outUpd  = "spot/depth_l2_tbt\ndelta ETH-USD 2<1 b 2100:0 sum 2 at 1600000000123000000\n"
	misread = "gap ETH-USD: a message could not be read\n"
)

var rows = []venuetest.Row{
	{Name: "partial, then update; the object names the symbol", Frames: venuetest.Streams(snap, upd), Want: outSnap + outUpd},
	{Name: "an update before the partial is dropped", Frames: venuetest.Streams(upd, snap),
		Want: "spot/depth_l2_tbt\n" + outSnap},
	{Name: "a new connection voids the book",
		Frames: []venue.Frame{venuetest.Stream(snap), venuetest.Connect(0), venuetest.Stream(upd)},
		Want:   outSnap + "-\ngap ETH-USD: the connection was opened anew\nspot/depth_l2_tbt"},
	{Name: "an unsubscribed book is not kept up to date",
		Frames: venuetest.Streams(snap, `{"event":"unsubscribe","channel":"spot/ticker:ETH-USD"}`,
			`{"event":"unsubscribe","channel":"spot/depth_l2_tbt:ETH-USD"}`),
		Want: outSnap + "event_unsubscribe\nevent_unsubscribe\ngap ETH-USD: unsubscribed"},
	{Name: "other tables and answers leave books alone",
		Frames: venuetest.Streams(snap, `{"table":"spot/trade","data":[{"price":"1"}]}`,
			`{"event":"subscribe","channel":"spot/depth_l2_tbt:ETH-USD"}`, `pong`),
		Want: outSnap + "spot/trade\nevent_subscribe\npong"},
	{Name: "an unknown table is told", Frames: venuetest.Streams(snap, `{"table":"spot/x"}`), Want: outSnap + "!unknown_kind"},
	{Name: "an unknown action voids all books, for the object is not read",
		Frames: venuetest.Streams(snap, msg("merge", ``, ``, `,"checksum":1`)),
		Want:   outSnap + "!shape\ngap ETH-USD: a book message could not be read"},
	{Name: "an object without a symbol voids all books",
		Frames: venuetest.Streams(snap, `{"table":"spot/depth_l2_tbt","action":"update","data":[{"asks":[],"bids":[],"checksum":1}]}`),
		Want:   outSnap + "!unknown_symbol\ngap ETH-USD: a book message could not be read"},
	{Name: "a message without a checksum is refused",
		Frames: venuetest.Streams(snap, msg("update", ``, ``, ``)), Want: outSnap + "!shape\n" + misread},
	{Name: "a size below zero is refused",
		Frames: venuetest.Streams(snap, msg("update", `["1","-1"]`, ``, `,"checksum":1`)), Want: outSnap + "!number\n" + misread},
	{Name: "a time that is none is refused",
		Frames: venuetest.Streams(snap, strings.Replace(upd, "09-13", "13-13", 1)), Want: outSnap + "!shape\n" + misread},
	{Name: "a time of another century is refused",
		Frames: venuetest.Streams(snap, strings.Replace(upd, "2020-", "1820-", 1)), Want: outSnap + "!shape\n" + misread},
	{Name: "a time that is no text is refused",
		Frames: venuetest.Streams(snap, strings.Replace(upd, `"2020-09-13T12:26:40.123Z"`, `5`, 1)),
		Want:   outSnap + "!shape\n" + misread},
	{Name: "what is not JSON voids all books",
		Frames: venuetest.Streams(snap, upd[:30]), Want: outSnap + "!malformed\ngap ETH-USD: a frame could not be read"},
}

func TestDecode(t *testing.T) { venuetest.Run(t, &Specs[0], packed(rows)) }

func TestDecodeDoesNotAllocate(t *testing.T) {
	first := []venue.Frame{{Kind: venue.Stream, Body: pack([]byte(snap))}}
	next := venue.Frame{Kind: venue.Stream, Body: pack([]byte(upd))}
	venuetest.NoAllocs(t, &Specs[0], first, func(int) venue.Frame { return next })
}

func FuzzDecode(f *testing.F) { venuetest.Fuzz(f, &Specs[0], stored, rows) }

func FuzzInflate(f *testing.F) { venuetest.Fuzz(f, &Specs[0], nil, packed(rows)) }

func TestInflate(t *testing.T) {
	const unread = "!malformed\ngap ETH-USD: a frame could not be read\n"
	whole := pack([]byte(upd))
	bomb := pack(bytes.Repeat([]byte(" "), venue.MaxFrame+1))
	tests := []struct {
		name string
		body []byte
		want string
	}{
		{"a whole message", whole, outUpd},
		{"cut short", whole[:len(whole)/2], unread},
		{"bytes behind the message", append(slices.Clone(whole), 0), unread},
		{"not deflated", []byte(upd), unread},
		{"empty", nil, unread},
		{"more than a frame may hold", bomb, strings.Replace(unread, "malformed", "oversize", 1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			frames := []venue.Frame{
				{Kind: venue.Stream, Body: pack([]byte(snap))}, {Kind: venue.Stream, Body: tt.body},
			}
			if got := venuetest.Transcript(newDecoder(), frames...); got != outSnap+tt.want {
				t.Errorf("got:\n%s\nwant:\n%s%s", got, outSnap, tt.want)
			}
		})
	}
}

func TestV5SpeaksOKX(t *testing.T) {
	d := Specs[1].New()
	got := venuetest.Transcript(d, venuetest.Stream(`{"arg":{"channel":"books","instId":"BTC-USD"},"action":"snapshot",`+
		`"data":[{"asks":[],"bids":[["1","2","0","1"]],"checksum":7}]}`), venuetest.Stream("x"))
	if want := "books\nsnapshot BTC-USD 1 b 1:2 sum 7\n!malformed\ngap BTC-USD: a frame could not be read\n"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestQuirksAreCounted(t *testing.T) {
	d := newDecoder()
	venuetest.Transcript(d, venue.Frame{Kind: venue.Stream, Body: pack([]byte(upd))})
	if n := d.Quirks()["ETH-USD"][venue.QuirkBeforeSnap]; n != 1 {
		t.Errorf("%d updates before the snapshot, want 1", n)
	}
}
