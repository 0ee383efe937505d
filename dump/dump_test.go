package dump_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"chronos.dev/dump"
	"chronos.dev/engine"
	"chronos.dev/engine/route"
	"chronos.dev/market"
	"chronos.dev/money"
)

const good = `{"as_of":"2026-11-23T12:00:00.5Z",
"assets":[{"symbol":"BTC","scale":8},{"symbol":"CHF","scale":2,"engine_scale":6}],
"markets":[
{"venue":"gemini","base":"ETH","quote":"BTC","taker_fee_bps":"25","fee_on":"received","bids":[["0.0390","12.5"]],"asks":[["0.0391","1"]]},
{"venue":"kraken","base":"BTC","quote":"USD","taker_fee_bps":"7.5","fee_on":"quote","origin":"simulated","bids":[["67999","1"],["68000","0.5"]],"asks":[]}
]}`

func TestRead(t *testing.T) {
	d, err := dump.Read(strings.NewReader(good))
	if err != nil {
		t.Fatal(err)
	}
	if !d.AsOf.Equal(time.Date(2026, 11, 23, 12, 0, 0, 5e8, time.UTC)) || len(d.Markets) != 2 {
		t.Errorf("dump %+v", d)
	}
	want := "[{BTC 8 8 true} {CHF 2 6 false} {ETH 8 8 false} {USD 2 6 false}]"
	if fmt.Sprint(d.Assets) != want {
		t.Errorf("assets %v, want %v", d.Assets, want)
	}
	if m := d.Markets[1]; m.Fee != (market.Fee{Rate: 75_000, On: market.FeeQuote}) || m.Key.String() != "kraken|BTC-USD" ||
		len(m.Bids) != 2 || m.Bids[0].Side != market.Bid {
		t.Errorf("market %+v", m)
	}
}

func TestReadRefuses(t *testing.T) {
	market := func(fields string) string {
		return `{"as_of":"2026-11-23T12:00:00Z","markets":[{` + fields + `}]}`
	}
	const ids = `"venue":"a","base":"BTC","quote":"USD","taker_fee_bps":"0",`
	tests := []struct{ name, in, want string }{
		{"nothing", ``, "line 1, column 1: want an object"},
		{"an unknown key, with its place", "{\n \"as_off\":1}", `line 2, column 11: unknown key "as_off"`},
		{"a duplicate key", `{"as_of":"2026-11-23T12:00:00Z","as_of":1}`, "line 1, column 33: duplicate key"},
		{"trailing bytes", good + "x", "trailing bytes"},
		{"no time", `{"markets":[]}`, "as_of is missing"},
		{"no markets", `{"as_of":"2026-11-23T12:00:00Z"}`, "no markets"},
		{"a time that is none", `{"as_of":"yesterday"}`, "want a time like"},
		{"the zero of Unix time", `{"as_of":"1970-01-01T00:00:00Z"}`, "after 1970"},
		{"a time beyond nanoseconds", `{"as_of":"9999-01-01T00:00:00Z"}`, "before 2261"},
		{"an asset without scale", `{"assets":[{"symbol":"BTC"}]}`, "an asset needs symbol and scale"},
		{"a scale as text", `{"assets":[{"symbol":"BTC","scale":"8"}]}`, "a scale is a number"},
		{"a scale too large", `{"assets":[{"symbol":"BTC","scale":19}]}`, "want 0 to 18"},
		{"a scale below zero", `{"assets":[{"symbol":"BTC","scale":-1}]}`, "want 0 to 18"},
		{"an engine that counts coarser", `{"assets":[{"symbol":"BTC","scale":8,"engine_scale":2}]}`, "engine_scale 2 is below scale 8"},
		{"an asset twice", `{"assets":[{"symbol":"BTC","scale":8},{"symbol":"BTC","scale":8}]}`, "listed twice"},
		{"a symbol of letters that are none", `{"assets":[{"symbol":"btc","scale":8}]}`, `"btc" is no symbol`},
		{"an unknown key of an asset", `{"assets":[{"sym":"BTC"}]}`, `unknown key "sym"`},
		{"a venue that is none", market(`"venue":"A|B"`), "is no venue name"},
		{"a market without venue", market(`"base":"BTC","quote":"USD","taker_fee_bps":"0"`), "needs venue, base and quote"},
		{"a market of one asset", market(`"venue":"a","base":"BTC","quote":"BTC","taker_fee_bps":"0"`), "against itself"},
		{"a market without fee", market(`"venue":"a","base":"BTC","quote":"USD"`), "taker_fee_bps is missing"},
		{"a fee that is no text", market(`"taker_fee_bps":25`), "want a string"},
		{"a fee below zero", market(`"taker_fee_bps":"-1"`), "taker_fee_bps"},
		{"a fee of everything", market(`"venue":"a","base":"BTC","quote":"USD","taker_fee_bps":"10000"`), "taker fee"},
		{"a fee on something else", market(`"fee_on":"base"`), "want received or quote"},
		{"an origin of nowhere", market(ids + `"origin":"dream"`), "want venue, replay or simulated"},
		{"a level of one", market(ids + `"bids":[["1"]]`), "a level is"},
		{"a level of three", market(ids + `"bids":[["1","1","1"]]`), "a level is"},
		{"an empty level", market(ids + `"bids":[[]]`), "a level is"},
		{"a level of numbers", market(ids + `"bids":[[1,1]]`), "want a string"},
		{"a price of zero", market(ids + `"bids":[["0","1"]]`), "above zero"},
		{"a size of zero", market(ids + `"asks":[["1","0.0"]]`), "above zero"},
		{"a price below zero", market(ids + `"asks":[["-1","1"]]`), "above zero"},
		{"1e400", market(ids + `"asks":[["1e400","1"]]`), "above zero"},
		{"not a number", market(ids + `"asks":[["NaN","1"]]`), "above zero"},
		{"a price twice", market(ids + `"asks":[["1.0","1"],["1.00","2"]]`), "ask price 1.00 is listed twice"},
		{"an unknown key of a market", market(`"price":"1"`), `unknown key "price"`},
		{"a market twice", `{"as_of":"2026-11-23T12:00:00Z","markets":[{` + ids + `"bids":[]},{` + ids + `"bids":[]}]}`, "a|BTC-USD is listed twice"},
		{"too many levels", market(ids + `"bids":[` + levels(50_001) + `]`), "more than 50000 levels a side"},
		{"too many assets", `{"assets":[` + assets(1025) + `]}`, "more than 1024 assets"},
		{"too deep", market(`"bids":` + strings.Repeat("[", 40)), "want a string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := dump.Read(strings.NewReader(tt.in))
			var format *dump.FormatError
			if !errors.As(err, &format) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func levels(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,["%d","1"]`, i+1)
	}
	return b.String()[1:]
}

func assets(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,{"symbol":"A%d","scale":8}`, i)
	}
	return b.String()[1:]
}

// endless is a file without end.
type endless struct{ read int }

func (e *endless) Read(b []byte) (int, error) {
	e.read += len(b)
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

func TestReadStopsAtTheLimit(t *testing.T) {
	e := &endless{}
	if _, err := dump.Read(e); !errors.Is(err, dump.ErrTooLarge) || e.read > 4*dump.MaxBytes {
		t.Errorf("error %v after %d bytes", err, e.read)
	}
	if _, err := dump.Read(io.MultiReader(strings.NewReader("{"), failing{})); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func open(t *testing.T, text string) (*dump.Dump, *engine.Engine) {
	t.Helper()
	d, err := dump.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Engine()
	if err != nil {
		t.Fatal(err)
	}
	return d, e
}

func TestEngineAnswersFromTheFile(t *testing.T) {
	d, e := open(t, good)
	now := d.AsOf.UnixNano()
	p, err := e.Price(engine.Request{Sell: "ETH", Buy: "USD", In: 1_00000000}, now)
	if err != nil {
		t.Fatal(err)
	}
	// 0.039 BTC less 25 bps is 0.03890250; at 68000 less 7.5 bps, down.
	if p.Plan.Out != 2643_385972 {
		t.Errorf("1 ETH gives %d micro-dollars", p.Plan.Out)
	}
	crossed := `{"as_of":"2026-11-23T12:00:00Z","markets":[{"venue":"a","base":"BTC","quote":"USD","taker_fee_bps":"0","bids":[["2","1"]],"asks":[["1","1"]]}]}`
	d, e = open(t, crossed)
	_, err = e.Price(engine.Request{Sell: "BTC", Buy: "USD", In: 1}, d.AsOf.UnixNano())
	var stale *route.StaleError
	if !errors.As(err, &stale) || stale.Stale[0].State.String() != "crossed" {
		t.Errorf("a crossed book: %v", err)
	}
}

func TestAppendKeepsThePrice(t *testing.T) {
	d, live := open(t, good)
	now := d.AsOf.UnixNano()
	w := live.Writer() // a book that cannot be used is not written
	w.Apply(market.Key{Venue: "x", Pair: market.Pair{Base: "BTC", Quote: "EUR"}}, &market.Event{Kind: market.Gap, RecvTime: now})
	w.Flush(now)
	text := dump.Append([]byte(" "), live, now)
	if !json.Valid(text) {
		t.Fatalf("not JSON: %s", text)
	}
	again, e := open(t, string(text))
	if again.AsOf != d.AsOf || len(again.Markets) != 2 || again.Markets[1].Fee != d.Markets[1].Fee {
		t.Errorf("dump %+v", again)
	}
	for _, r := range []engine.Request{
		{Sell: "ETH", Buy: "USD", In: 12_34567890}, {Sell: "BTC", Buy: "USD", In: 60000000}, {Sell: "BTC", Buy: "ETH", Out: 55555555},
	} {
		a, errA := live.Price(r, now)
		b, errB := e.Price(r, now)
		if errA != nil || errB != nil || fmt.Sprint(a.Plan) != fmt.Sprint(b.Plan) {
			t.Errorf("%+v: %v %v, %v %v", r, a, errA, b, errB)
		}
	}
	if twice := dump.Append(nil, e, now); !bytes.Equal(text[1:], twice) {
		t.Errorf("written again it is another file:\n%s\n%s", text, twice)
	}
}

// FuzzRead: any file is read or refused, and what is read can be written and read
// again with the same books.
func FuzzRead(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"as_of":"2026-11-23T12:00:00Z","markets":[{"venue":"a","base":"A","quote":"B","taker_fee_bps":"1","bids":[["1e-18","9e18"]]}]}`))
	f.Add([]byte(vault))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := dump.Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		e, err := d.Engine()
		if err != nil {
			return
		}
		now := d.AsOf.UnixNano()
		text := dump.Append(nil, e, now)
		again, err := dump.Read(bytes.NewReader(text))
		if err != nil {
			if bytes.Contains(text, []byte(`"venue"`)) || bytes.Contains(text, []byte(`"provider"`)) {
				t.Fatalf("%v in %s", err, text)
			}
			return // no book could be used
		}
		if len(again.Offers) != len(d.Offers) {
			t.Fatalf("%d offers, %d read again", len(d.Offers), len(again.Offers))
		}
		for i := range d.Offers {
			if a, b := fmt.Sprint(d.Offers[i]), fmt.Sprint(again.Offers[i]); a != b {
				t.Fatalf("offer %s, read again %s", a, b)
			}
		}
		for i, m := range again.Markets {
			for _, l := range append(m.Bids, m.Asks...) {
				if l.Price.Coef <= 0 || l.Size.Coef <= 0 || l.Price.Scale > money.MaxScale {
					t.Fatalf("market %d: level %+v", i, l)
				}
			}
		}
	})
}
