package capture

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"chronos.dev/book"
	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/binance"
	"chronos.dev/feed/venue/coinbase"
	"chronos.dev/feed/venue/kraken"
	"chronos.dev/market"
	"chronos.dev/money"
)

// lines are the frames of a session.
func lines(t *testing.T, messages []string) []venue.Frame {
	t.Helper()
	var raw strings.Builder
	for i, m := range messages {
		fmt.Fprintf(&raw, "%d %s\n", 1_600_000_000_000_000_000+i, m)
	}
	frames, err := parse([]byte(raw.String()), 0)
	if err != nil {
		t.Fatal(err)
	}
	return frames
}

// summed is a Kraken session with asks from 1000 to 1019 and n updates, each of
// which gives one price another size.
func summed(n int, price func(i int) int) []string {
	var sizes [20]int
	var levels []string
	for i := range sizes {
		sizes[i] = 1
		levels = append(levels, fmt.Sprintf(`["%d","1","1600000000.0"]`, 1000+i))
	}
	out := []string{fmt.Sprintf(`[1,{"as":[%s],"bs":[]},"book-1000","XBT/USD"]`, strings.Join(levels, ","))}
	for i := range n {
		sizes[price(i)-1000] = i + 2
		text := ""
		for p, size := range sizes[:10] {
			text += fmt.Sprint(1000+p) + fmt.Sprint(size)
		}
		out = append(out, fmt.Sprintf(`[1,{"a":[["%d","%d","1600000000.0"]],"c":"%d"},"book-1000","XBT/USD"]`,
			price(i), i+2, crc32.ChecksumIEEE([]byte(text))))
	}
	return out
}

// chained is a Binance session of n diffs, each with two trades behind it.
func chained(n int) []string {
	out := []string{`{"lastUpdateId":1,"symbol":"BTCUSDT","bids":[],"asks":[]}`}
	for i := range n {
		diff := fmt.Sprintf(`{"s":"BTCUSDT","U":%d,"u":%d,"b":[["%d","1"]],"a":[]}`, i+2, i+2, i+1)
		out = append(out, `{"stream":"btcusdt@depth","data":`+diff+`}`,
			`{"stream":"btcusdt@trade","data":{}}`, `{"stream":"btcusdt@trade","data":{}}`)
	}
	return out
}

// falling is a Coinbase session of n updates, each of which moves bid and ask
// down by one.
func falling(n int) []string {
	out := []string{`{"type":"snapshot","product_id":"BTC-USD","asks":[["2000","1"]],"bids":[["1000","1"]]}`}
	for i := range n {
		out = append(out, fmt.Sprintf(`{"type":"l2update","product_id":"BTC-USD","changes":[["buy","%d","0"],`+
			`["buy","%d","1"],["sell","%d","1"]],"time":"2020-09-13T12:26:%02dZ"}`, 1000-i, 999-i, 1000-i, i))
	}
	return out
}

func spec(t *testing.T, format string, specs []venue.Spec) *venue.Spec {
	t.Helper()
	for i := range specs {
		if specs[i].Format == format {
			return &specs[i]
		}
	}
	t.Fatalf("no format %s", format)
	return nil
}

var eightSeeds = []uint64{1, 2, 3, 4, 5, 6, 7, 8}

func TestDropEach(t *testing.T) {
	tests := []struct {
		name   string
		spec   *venue.Spec
		frames []venue.Frame
		want   Drop
	}{
		{"a checksum shows the loss of a level that it covers with the next update", &kraken.Spec,
			lines(t, summed(20, func(i int) int { return 1000 + i%10 })), Drop{Noticed: true, By: "checksum"}},
		{"the loss of a level below it is not noticed, and the book is wrong", &kraken.Spec,
			lines(t, summed(10, func(i int) int { return 1010 + i })), Drop{Wrong: true}},
		{"unless that level is set again", &kraken.Spec,
			lines(t, summed(20, func(int) int { return 1019 })), Drop{}},
		{"a chain shows it with the next diff, here behind two trades", spec(t, "binance_spot", binance.Specs),
			lines(t, chained(20)), Drop{Noticed: true, After: 2, By: "decoder"}},
		{"without any proof it shows when the book crosses itself", &coinbase.Spec,
			lines(t, falling(20)), Drop{Noticed: true, By: "crossed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			drops, err := DropEach(t.Context(), "x", tt.frames, tt.spec, eightSeeds)
			if err != nil || len(drops) != len(eightSeeds) {
				t.Fatalf("%d drops, %v; want %d", len(drops), err, len(eightSeeds))
			}
			for _, got := range drops {
				if got.Noticed != tt.want.Noticed || got.By != tt.want.By || got.Wrong != tt.want.Wrong ||
					got.Noticed && (got.After != tt.want.After || got.AfterOwn != 0) {
					t.Errorf("drop %+v, want as in %+v", got, tt.want)
				}
			}
		})
	}
}

// One seed, one loss: whoever reads of one can play it again.
func TestDropEachIsDrawnByItsSeedAlone(t *testing.T) {
	frames := lines(t, summed(100, func(i int) int { return 1000 + i%10 }))
	seeds := make([]uint64, 100)
	for i := range seeds {
		seeds[i] = uint64(i)
	}
	all, err := DropEach(t.Context(), "x", frames, &kraken.Spec, seeds)
	if err != nil {
		t.Fatal(err)
	}
	frame := map[int]bool{}
	for i, seed := range seeds {
		one, err := DropEach(t.Context(), "x", frames, &kraken.Spec, []uint64{seed})
		if err != nil || len(one) != 1 || one[0] != all[i] {
			t.Errorf("seed %d: %+v, %v; want %+v", seed, one, err, all[i])
		}
		// Frame 0 is the snapshot, 1 to 100 are updates.
		if f := all[i].Frame; f < 11 || f > 80 {
			t.Errorf("seed %d drops frame %d, want one of a tenth to four fifths", seed, f)
		}
		frame[all[i].Frame] = true
	}
	if len(frame) < 40 {
		t.Errorf("100 seeds drop only %d of 70 frames", len(frame))
	}
}

func TestDropEachOfNothing(t *testing.T) {
	drops, err := DropEach(t.Context(), "x", lines(t, summed(0, nil)), &kraken.Spec, eightSeeds)
	if err != nil || drops != nil {
		t.Errorf("%+v, %v; want nothing of a session without updates", drops, err)
	}
	// Updates that the book did not take cannot be lost.
	updates := summed(20, func(i int) int { return 1000 + i%10 })
	bad := strings.Replace(updates[1], `"2","1600`, `"3","1600`, 1)
	gapped := append([]string{updates[0], bad}, updates[2:]...)
	if drops, err = DropEach(t.Context(), "x", lines(t, gapped), &kraken.Spec, eightSeeds); err != nil || drops != nil {
		t.Errorf("%+v, %v; want nothing of a session that fell out of step", drops, err)
	}
}

func TestDropsStopWhenCancelled(t *testing.T) {
	f, e := session(t, recorded, "")
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := f.Drops(ctx, e, &kraken.Spec, eightSeeds); err != nil {
		t.Errorf("error %v", err)
	}
	cancel()
	frames := lines(t, chained(20))
	_, err := DropEach(ctx, "x", frames, spec(t, "binance_spot", binance.Specs), eightSeeds)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was cancelled", err)
	}
	e.Files[0].ZstSHA256 = ""
	if _, err := f.Drops(t.Context(), e, &kraken.Spec, eightSeeds); err == nil {
		t.Error("no error of a damaged file")
	}
}

func TestNoticedBy(t *testing.T) {
	crossed := book.New(market.BookRules{})
	if err := crossed.Apply(&market.Event{Kind: market.Snapshot, Seq: 1, Levels: []market.Level{
		level(market.Bid, 2), level(market.Ask, 1)}}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		book *book.Book
		err  error
		want string
	}{
		{book.New(market.BookRules{}), nil, ""},
		{book.New(market.BookRules{}), &book.GapError{}, "sequence"},
		{book.New(market.BookRules{}), &book.ChecksumError{}, "checksum"},
		{book.New(market.BookRules{}), &book.VenueGapError{}, "decoder"},
		{crossed, nil, "crossed"},
		{crossed, &book.ChecksumError{}, "checksum"},
	}
	for _, tt := range tests {
		if got := noticedBy(tt.book, tt.err); got != tt.want {
			t.Errorf("noticedBy(%v) = %q, want %q", tt.err, got, tt.want)
		}
	}
}

func level(side market.Side, price int64) market.Level {
	return market.Level{Side: side, Price: money.Num{Coef: price}, Size: money.Num{Coef: 1}}
}
