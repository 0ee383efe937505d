// Package venuetest is how decoders of venues are tested: a session as a
// readable transcript, and the promises that every decoder keeps, whatever it is
// fed.
package venuetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"chronos.dev/book"
	"chronos.dev/feed/venue"
	"chronos.dev/market"
)

// Time is the receive time of every frame made here.
const Time = 1_600_000_000_000_000_000

// Stream is a message received on connection 0.
func Stream(body string) venue.Frame {
	return venue.Frame{Kind: venue.Stream, Time: Time, Body: []byte(body)}
}

// Streams are messages received on connection 0.
func Streams(bodies ...string) []venue.Frame {
	frames := make([]venue.Frame, len(bodies))
	for i, body := range bodies {
		frames[i] = Stream(body)
	}
	return frames
}

// Connect is the opening of a connection.
func Connect(conn int) venue.Frame {
	return venue.Frame{Kind: venue.Connect, Conn: conn, URL: "wss://venue.test", Time: Time}
}

// Answer is the answer to a request, a connection of its own.
func Answer(url, body string) venue.Frame {
	return venue.Frame{Kind: venue.Answer, Conn: 1, URL: url, Time: Time, Body: []byte(body)}
}

// Transcript plays frames and returns what came out: for every frame a line with
// the message's kind ("-" for none) or the reason of its rejection ("!shape"),
// then a line for every event.
//
//	trades
//	snapshot BTC-USD 7 b 100:1 a 101:2
//	delta BTC-USD 8<7 b 100:0 sum 99 at 1600000000000000000
//	gap BTC-USD: the connection was opened anew
func Transcript(d venue.Decoder, frames ...venue.Frame) string {
	var out strings.Builder
	for i := range frames {
		var events []string
		kind, err := d.Decode(&frames[i], func(e *market.Event) { events = append(events, line(e)) })
		var fe *venue.FrameError
		switch {
		case errors.As(err, &fe):
			out.WriteString("!" + fe.Reason)
		case err != nil:
			out.WriteString("error of a wrong type: " + err.Error())
		case kind == "":
			out.WriteString("-")
		default:
			out.WriteString(kind)
		}
		out.WriteByte('\n')
		for _, e := range events {
			out.WriteString(e + "\n")
		}
	}
	return out.String()
}

func line(e *market.Event) string {
	switch e.Kind {
	case market.Gap:
		return fmt.Sprintf("gap %s: %s", e.Symbol, e.Reason)
	case market.Snapshot:
		return fmt.Sprintf("snapshot %s %d%s", e.Symbol, e.Seq, rest(e))
	}
	return fmt.Sprintf("delta %s %d<%d%s", e.Symbol, e.Seq, e.PrevSeq, rest(e))
}

func rest(e *market.Event) string {
	var out strings.Builder
	for _, l := range e.Levels {
		fmt.Fprintf(&out, " %c %s:%s", l.Side.String()[0], l.Price, l.Size)
	}
	if e.HasChecksum {
		fmt.Fprintf(&out, " sum %d", e.Checksum)
	}
	if e.VenueTime != 0 {
		fmt.Fprintf(&out, " at %d", e.VenueTime)
	}
	return out.String()
}

// Row is a conversation with a venue and what must come out of it.
type Row struct {
	Name   string
	Frames []venue.Frame
	Want   string // the transcript; white space around its lines means nothing
}

// Run plays each row to a decoder of its own.
func Run(t *testing.T, spec *venue.Spec, rows []Row) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.Name, func(t *testing.T) {
			got := Transcript(spec.New(), row.Frames...)
			if want := trim(row.Want); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func trim(s string) string {
	var out strings.Builder
	for l := range strings.Lines(s) {
		if l = strings.TrimSpace(l); l != "" {
			out.WriteString(l + "\n")
		}
	}
	return out.String()
}

// NoAllocs fails when a decoder allocates for messages in step: first are frames
// that make it ready, and next gives message i, from 0, for as long as asked.
func NoAllocs(t *testing.T, spec *venue.Spec, first []venue.Frame, next func(i int) venue.Frame) {
	t.Helper()
	const runs = 200
	d, events := spec.New(), 0
	emit := func(e *market.Event) {
		if e.Kind == market.Delta {
			events++
		}
	}
	for i := range first {
		if _, err := d.Decode(&first[i], emit); err != nil {
			t.Fatal(err)
		}
	}
	frames := make([]venue.Frame, runs+1)
	for i := range frames {
		frames[i] = next(i)
	}
	i := 0
	allocs := testing.AllocsPerRun(runs, func() {
		if _, err := d.Decode(&frames[i], emit); err != nil {
			t.Fatal(err)
		}
		i++
	})
	if allocs != 0 || events != runs+1 {
		t.Errorf("%v allocations a message, %d deltas; want none, and %d", allocs, events, runs+1)
	}
}

// Fuzz feeds a decoder what the fuzzer makes of the seeds and checks every
// promise: only errors of the promised type, a Delta only for a live book and in
// sequence, sound levels, and a book that takes it all without panic. Frames are
// the lines of the input: "@" opens the connection anew, ">URL BODY" is an
// answer, all else is a message. pack, if not nil, packs a body as the venue does.
func Fuzz(f *testing.F, spec *venue.Spec, pack func([]byte) []byte, seeds []Row) {
	for _, row := range seeds {
		f.Add(seed(row.Frames))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		d := spec.New()
		books := map[string]*checked{}
		for body := range strings.SplitSeq(string(in), "\n") {
			fr := frame(body)
			if pack != nil && fr.Kind == venue.Stream {
				fr.Body = pack(fr.Body)
			}
			_, err := d.Decode(&fr, func(e *market.Event) { check(t, spec, books, e) })
			var fe *venue.FrameError
			if err != nil && !errors.As(err, &fe) {
				t.Fatalf("Decode(%q) = %v, want a *venue.FrameError", body, err)
			}
		}
	})
}

func seed(frames []venue.Frame) []byte {
	var out []byte
	for _, f := range frames {
		switch f.Kind {
		case venue.Connect:
			out = append(out, '@')
		case venue.Answer:
			out = append(append(append(out, '>'), f.URL...), ' ')
		}
		out = append(append(out, f.Body...), '\n')
	}
	return out
}

func frame(line string) venue.Frame {
	switch {
	case line == "@":
		return Connect(0)
	case strings.HasPrefix(line, ">"):
		url, body, _ := strings.Cut(line[1:], " ")
		return Answer(url, body)
	}
	return Stream(line)
}

// checked is a book and what its events so far allow next.
type checked struct {
	book *book.Book
	live bool
	seq  uint64
}

func check(t *testing.T, spec *venue.Spec, books map[string]*checked, e *market.Event) {
	c := books[e.Symbol]
	if c == nil {
		c = &checked{book: book.New(spec.Rules(e.Symbol))}
		books[e.Symbol] = c
	}
	switch e.Kind {
	case market.Snapshot:
		c.live = true
	case market.Gap:
		if c.live = false; e.Reason == "" {
			t.Fatalf("gap of %s without a reason", e.Symbol)
		}
	case market.Delta:
		if !c.live || e.PrevSeq != c.seq || e.Seq < e.PrevSeq {
			t.Fatalf("delta %d<%d of %s: live %v at %d", e.Seq, e.PrevSeq, e.Symbol, c.live, c.seq)
		}
	default:
		t.Fatalf("event of kind %d", e.Kind)
	}
	c.seq = e.Seq
	for _, l := range e.Levels {
		if l.Side != market.Bid && l.Side != market.Ask || l.Price.Coef <= 0 || l.Size.Coef < 0 {
			t.Fatalf("level %+v of %s", l, e.Symbol)
		}
	}
	_ = c.book.Apply(e) // a book may refuse an event, but never panic
}
