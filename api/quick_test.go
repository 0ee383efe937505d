package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"chronos.dev/engine"
	"chronos.dev/internal/race"

	"github.com/valyala/fasthttp"
)

func batchOf(n int) string {
	item := func(i int) string {
		return fmt.Sprintf(`{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"%d.5","max_hops":1}`, i%3)
	}
	items := make([]string, n)
	for i := range items {
		items[i] = item(i)
	}
	return `{"items":[` + strings.Join(items, ",") + `]}`
}

func newPost(body string) *fasthttp.RequestCtx {
	ctx := newCtx("/v1/prices")
	ctx.Request.Header.SetMethod("POST")
	ctx.Request.Header.SetContentType(mediaJSON)
	ctx.Request.SetBodyString(body)
	return ctx
}

// TestBatchAllocations: a batch allocates nothing either.
func TestBatchAllocations(t *testing.T) {
	if race.On {
		t.Skip("the race detector allocates")
	}
	s := small(t, nil)
	ctx := newPost(batchOf(16))
	n := testing.AllocsPerRun(100, func() {
		ctx.Response.Reset()
		s.handle(ctx)
		if ctx.Response.StatusCode() != 200 {
			t.Fatalf("%s", ctx.Response.Body())
		}
	})
	if n > 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// TestQuickReadsPlainBatches: else the fuzz test would have nothing to compare.
func TestQuickReadsPlainBatches(t *testing.T) {
	s := small(t, nil)
	for body, want := range map[string]bool{
		batchOf(1): true, batchOf(maxBatch): true, batchOf(maxBatch + 1): false,
		` { "items" : [ {"buy_amount":"1","buy_asset":"USD","sell_asset":"BTC"} ] } `: true,
		`{"items":[]}`: false,
		`{"items":[{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"1","buy_amount":"1"}]}`:  false,
		`{"items":[{"sell_asset":"B\u0054C","buy_asset":"USD","sell_amount":"1"}]}`:              false,
		`{"items":[{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"1","strategy":"fast"}]}`: false,
	} {
		if got := s.quickItems(&request{body: []byte(body)}); got != want {
			t.Errorf("%.80s: %v, want %v", body, got, want)
		}
	}
}

// FuzzQuickItems: what the quick reader takes, the strict one reads the same.
func FuzzQuickItems(f *testing.F) {
	s := small(f, nil)
	for _, seed := range []string{
		batchOf(2), `{"items":[]}`, `{"items":[{"sell_asset":"BTC","sell_asset":"BTC"}]}`,
		`{"items":[{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"00.1","max_hops":01}]}`,
		`{"items":[{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"1","max_hops":1}],"items":[]}`,
		`{"items":[{"sell_asset":"B\u0054C","buy_asset":"USD","sell_amount":"1e3"}]} x`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		quick := &request{body: []byte(body)}
		if !s.quickItems(quick) {
			return
		}
		strict := &request{body: []byte(body)}
		items, ok := s.readItems(strict)
		if !ok || !slices.EqualFunc(items, quick.items, sameRequest) {
			t.Fatalf("%q: %v, want %v, %v", body, quick.items, items, strict.invalid)
		}
	})
}

func sameRequest(a, b engine.Request) bool { return fmt.Sprint(a) == fmt.Sprint(b) }
