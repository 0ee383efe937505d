package ftx

import (
	"hash/crc32"
	"strconv"
	"strings"
	"testing"

	"chronos.dev/book"
	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/venuetest"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/money/text"
)

const (
	snap = `{"channel":"orderbook","market":"BTC/USD","type":"partial","data":{"time":1600000000.1234567,` +
		`"checksum":7,"bids":[[100.0,1.5]],"asks":[[101.5,2e-05]],"action":"partial"}}`
	upd = `{"channel":"orderbook","market":"BTC/USD","type":"update","data":{"time":1600000001,` +
		`"checksum":4294967295,"bids":[[100.0,0.0]],"asks":[],"action":"update"}}`

	outSnap = "orderbook/partial\nsnapshot BTC/USD 1 b 100.0:1.5 a 101.5:0.00002 sum 7 at 1600000000123456700\n"
	outUpd  = "orderbook/update\ndelta BTC/USD 2<1 b 100.0:0.0 sum 4294967295 at 1600000001000000000\n"
	lost    = "gap BTC/USD: a message could not be read\n"
	torn    = "!malformed\ngap BTC/USD: a frame could not be read\n"
)

var (
	eth    = strings.Replace(snap, "BTC/USD", "ETH/USD", 1)
	outEth = strings.Replace(outSnap, "BTC/USD", "ETH/USD", 1)
)

var rows = []venuetest.Row{
	{Name: "partial, then update with a delete; digits, sum and time kept",
		Frames: venuetest.Streams(snap, upd), Want: outSnap + outUpd},
	{Name: "an update before the partial is dropped",
		Frames: venuetest.Streams(upd, snap), Want: "orderbook/update\n" + outSnap},
	{Name: "a partial in the stream replaces the book",
		Frames: venuetest.Streams(snap, snap), Want: outSnap + strings.Replace(outSnap, " 1 ", " 2 ", 1)},
	{Name: "a new connection voids its books",
		Frames: append(venuetest.Streams(snap, eth), venuetest.Connect(0), venuetest.Stream(upd)),
		Want: outSnap + outEth + `-
			gap BTC/USD: the connection was opened anew
			gap ETH/USD: the connection was opened anew
			orderbook/update`},
	{Name: "the end of the subscription voids the book",
		Frames: venuetest.Streams(snap, eth, `{"type":"unsubscribed","channel":"orderbook","market":"BTC/USD"}`,
			`{"type":"unsubscribed","channel":"orderbook","market":"SOL/USD"}`, upd),
		Want: outSnap + outEth + "orderbook/unsubscribed\ngap BTC/USD: the subscription ended\n" +
			"orderbook/unsubscribed\norderbook/update"},
	{Name: "other messages are named and change nothing",
		Frames: venuetest.Streams(snap, `{"type":"subscribed","channel":"orderbook","market":"BTC/USD"}`,
			`{"type":"update","channel":"ticker","market":"BTC/USD","data":{"bid":1e999}}`,
			`{"type":"info","code":20001}`, `{"type":"pong"}`, upd),
		Want: outSnap + "orderbook/subscribed\nticker/update\ninfo\npong\n" + outUpd},
	{Name: "an unknown type or channel is counted and voids nothing",
		Frames: venuetest.Streams(snap, `{"type":"news"}`, `{"type":"update","channel":"news"}`, upd),
		Want:   outSnap + "!unknown_kind\n!unknown_kind\n" + outUpd},
	{Name: "an unknown type of book message voids its book",
		Frames: venuetest.Streams(snap, eth, strings.Replace(upd, "update", "news", 1)),
		Want:   outSnap + outEth + "!unknown_kind\n" + lost},
	{Name: "REST answers are not ours",
		Frames: []venue.Frame{venuetest.Answer("https://ftx.us/api/markets", "[]")}, Want: "-"},
	{Name: "a torn frame voids every book",
		Frames: venuetest.Streams(snap, upd[:50]), Want: outSnap + torn},
	{Name: "a duplicate key is malformed",
		Frames: venuetest.Streams(snap, strings.Replace(upd, "{", `{"type":"update",`, 1)), Want: outSnap + torn},
	{Name: "a frame too large voids every book",
		Frames: venuetest.Streams(snap, strings.Repeat(" ", venue.MaxFrame+1)),
		Want:   outSnap + "!oversize\ngap BTC/USD: a frame was too large to read"},
	{Name: "a symbol that cannot be one voids every book",
		Frames: venuetest.Streams(snap, strings.Replace(upd, "BTC/USD", "", 1)),
		Want:   outSnap + "!unknown_symbol\ngap BTC/USD: a book message could not be read"},
}

func TestDecode(t *testing.T) { venuetest.Run(t, &Spec, rows) }

// An update that cannot be read voids its own book only, until a partial.
func TestBadUpdates(t *testing.T) {
	tests := []struct{ name, old, new, reason string }{
		{"a price beyond all bounds", "[100.0,", "[1e400,", "number"},
		{"a price of zero", "[100.0,", "[0.0,", "number"},
		{"a negative price", "[100.0,", "[-1,", "number"},
		{"a negative size", "0.0]", "-0.5]", "number"},
		{"an empty price", "[100.0,", `["",`, "number"},
		{"a level without size", "[100.0,0.0]", "[100.0]", "number"},
		{"a level of another type", "[100.0,0.0]", "1", "shape"},
		{"no bids", `"bids"`, `"bid"`, "shape"},
		{"no asks", `"asks"`, `"ask"`, "shape"},
		{"no checksum", `"checksum"`, `"sum"`, "shape"},
		{"a checksum of more than 32 bits", "4294967295", "4294967296", "shape"},
		{"a time that is none", "1600000001", `"soon"`, "shape"},
		{"a time before time", "1600000001", "-1", "shape"},
		{"a time beyond all clocks", "1600000001", "16000000010", "shape"},
		{"a time of another type", "1600000001", "{}", "shape"},
		{"no data", `"data":{`, `"date":{`, "shape"},
	}
	var all []venuetest.Row
	for _, tt := range tests {
		body := strings.Replace(upd, tt.old, tt.new, 1)
		if body == upd {
			t.Fatalf("%s: %q is not in the update", tt.name, tt.old)
		}
		all = append(all, venuetest.Row{Name: tt.name,
			Frames: venuetest.Streams(snap, eth, body, upd, snap),
			Want: outSnap + outEth + "!" + tt.reason + "\n" + lost + "orderbook/update\n" +
				strings.Replace(outSnap, " 1 ", " 2 ", 1)})
	}
	venuetest.Run(t, &Spec, all)
}

func TestQuirks(t *testing.T) {
	d := New()
	venuetest.Transcript(d, venuetest.Streams(upd, snap, upd)...)
	if got := d.Quirks()["BTC/USD"][venue.QuirkBeforeSnap]; got != 1 {
		t.Errorf("quirks %v, want one update before the snapshot", d.Quirks())
	}
}

func num(t testing.TB, s string) money.Num {
	t.Helper()
	n, err := text.ParseNum(s)
	if err != nil {
		t.Fatalf("ParseNum(%q): %v", s, err)
	}
	return n
}

func TestAppendFloat(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"whole numbers have a point", "60432", "60432.0"},
		{"zeros behind the point go, all but one", "60432.00", "60432.0"},
		{"a fraction stays", "0.765", "0.765"},
		{"trailing zeros of a fraction go", "0.7650", "0.765"},
		{"zero", "0.00", "0.0"},
		{"the smallest without exponent", "0.0001", "0.0001"},
		{"the largest small one with exponent", "0.00009", "9e-05"},
		{"several digits and an exponent", "0.0000123", "1.23e-05"},
		{"an exponent of two digits", "0.000000000123", "1.23e-10"},
		{"an exponent as sent", "1.5e-05", "1.5e-05"},
		{"the largest without exponent", "1000000000000000", "1000000000000000.0"},
		{"the smallest large one with exponent", "10000000000000000", "1e+16"},
		{"many digits and an exponent", "12300000000000000", "1.23e+16"},
	}
	for _, tt := range tests {
		if got := string(appendFloat(nil, num(t, tt.in))); got != tt.want {
			t.Errorf("%s: appendFloat(%s) = %s, want %s", tt.name, tt.in, got, tt.want)
		}
	}
}

// What the decimal digits give is the shortest text of the float, for every
// number of at most 15 digits. Only the test has floats.
func FuzzAppendFloat(f *testing.F) {
	f.Add(int64(604320), uint8(1))
	f.Add(int64(1), uint8(5))
	f.Add(int64(999_999_999_999_999), uint8(18))
	f.Fuzz(func(t *testing.T, coef int64, scale uint8) {
		n := money.Num{Coef: coef % 1_000_000_000_000_000, Scale: scale % (money.MaxScale + 1)}
		if n.Coef < 0 {
			n.Coef = -n.Coef
		}
		v, err := strconv.ParseFloat(n.String(), 64)
		if err != nil {
			t.Fatal(err)
		}
		format := byte('f')
		if v != 0 && (v < 1e-4 || v >= 1e16) {
			format = 'e'
		}
		want := strconv.FormatFloat(v, format, -1, 64)
		if format == 'f' && !strings.Contains(want, ".") {
			want += ".0"
		}
		if got := string(appendFloat(nil, n)); got != want {
			t.Errorf("appendFloat(%s) = %s, want %s", n, got, want)
		}
	})
}

func TestChecksum(t *testing.T) {
	level := func(side market.Side, price, size string) market.Level {
		return market.Level{Side: side, Price: num(t, price), Size: num(t, size)}
	}
	bids := []market.Level{level(market.Bid, "100.0", "1.50"), level(market.Bid, "99", "2e-05")}
	asks := []market.Level{level(market.Ask, "101.5", "3"), level(market.Ask, "102", "4"), level(market.Ask, "103", "5")}
	const want = "100.0:1.5:101.5:3.0:99.0:2e-05:102.0:4.0:103.0:5.0"
	if got := string(appendSummed(nil, bids, asks)); got != want {
		t.Errorf("summed text %s, want %s", got, want)
	}
	rules := Spec.Rules("BTC/USD")
	if rules.VerifiedDepth != 100 || rules.Checksum.Depth != 100 {
		t.Errorf("Rules = %+v, want 100 levels verified", rules)
	}
	for range 2 { // scratch is used again
		if got := rules.Checksum.Sum(bids, asks); got != crc32.ChecksumIEEE([]byte(want)) {
			t.Errorf("Sum = %d, want the CRC32 of %s", got, want)
		}
	}
	if got := testing.AllocsPerRun(100, func() { rules.Checksum.Sum(bids, asks) }); got != 0 {
		t.Errorf("Sum allocates %v times", got)
	}
}

// A lost update shows at the next message, because its sum is over all levels.
func TestLossShowsInTheSum(t *testing.T) {
	sum := func(s string) string { return strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(s))), 10) }
	frames := venuetest.Streams(
		strings.Replace(snap, `"checksum":7`, `"checksum":`+sum("100.0:1.5:101.5:2e-05"), 1),
		strings.Replace(upd, "4294967295", sum("101.5:2e-05"), 1),
	)
	b, d := book.New(Spec.Rules("BTC/USD")), New()
	var errs []error
	for i := range frames {
		if _, err := d.Decode(&frames[i], func(e *market.Event) { errs = append(errs, b.Apply(e)) }); err != nil {
			t.Fatal(err)
		}
	}
	if len(errs) != 2 || errs[0] != nil || errs[1] != nil || b.Counters().ChecksumsOK != 2 {
		t.Fatalf("events gave %v, counters %+v; want two good sums", errs, b.Counters())
	}
	wrong := venuetest.Stream(strings.Replace(upd, "4294967295", sum("100.0:9.0:101.5:2e-05"), 1))
	_, err := d.Decode(&wrong, func(e *market.Event) { err := b.Apply(e); errs = append(errs, err) })
	if st, _ := b.State(); err != nil || errs[2] == nil || st != book.Gapped {
		t.Errorf("Decode gave %v, the book %v in state %v; want a gap", err, errs[2], st)
	}
}

func TestPair(t *testing.T) {
	tests := []struct {
		symbol string
		want   market.Pair
		ok     bool
	}{
		{"BTC/USD", market.Pair{Base: "BTC", Quote: "USD"}, true},
		{"BTC-PERP", market.Pair{}, false},
		{"BTC/USD/X", market.Pair{}, false},
		{"BTC-1/USD", market.Pair{}, false},
	}
	for _, tt := range tests {
		if got, ok := Spec.Pair(tt.symbol); got != tt.want || ok != tt.ok {
			t.Errorf("Pair(%q) = %v, %v; want %v, %v", tt.symbol, got, ok, tt.want, tt.ok)
		}
	}
}

func FuzzDecode(f *testing.F) { venuetest.Fuzz(f, &Spec, nil, rows) }
