package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chronos.dev/api"
	"chronos.dev/api/wire"
	"chronos.dev/market"
)

func TestAssets(t *testing.T) {
	w := newWorld(t, nil)
	var got wire.Assets
	a := w.get("/v1/assets")
	a.decode(t, 200, &got)
	if len(got.Data) != 5 || got.Data[0] != (wire.Asset{Symbol: "BTC", Scale: 8, EngineScale: 8, Hub: true}) ||
		got.Data[2] != (wire.Asset{Symbol: "USD", Scale: 2, EngineScale: 6}) {
		t.Errorf("assets %+v", got)
	}
	if a.header.Get("Cache-Control") != "public, max-age=5" {
		t.Errorf("Cache-Control %q", a.header.Get("Cache-Control"))
	}
}

func TestVenues(t *testing.T) {
	w := newWorld(t, nil)
	w.writer.Apply(key("gemini", "ETH-USD"), &market.Event{Kind: market.Gap, Epoch: 1, Reason: "lost", RecvTime: w.now.Load()})
	w.writer.Apply(key("nofee", "BTC-USD"), &market.Event{Kind: market.Gap, Epoch: 1, Reason: "lost", RecvTime: w.now.Load()})
	w.writer.Flush(w.now.Load())
	var got wire.Venues
	w.get("/v1/venues").decode(t, 200, &got)
	var names []string
	for _, v := range got.Data {
		names = append(names, v.Name)
	}
	if fmt.Sprint(names) != "[bitstamp gemini kraken nofee]" {
		t.Fatalf("venues %v", names)
	}
	g := got.Data[1]
	if fmt.Sprint(g.Markets, g.Usable, g.States) != "[BTC-USD ETH-BTC ETH-USD] 2 map[gapped:1 live:2]" ||
		*g.TakerFeeBps != "3.5" || *g.FeeOn != "received" || !g.Simulated {
		t.Errorf("gemini %+v", g)
	}
	if n := got.Data[3]; n.TakerFeeBps != nil || n.FeeOn != nil {
		t.Errorf("a fee that nobody knows: %+v", n)
	}
}

func TestMarkets(t *testing.T) {
	w := newWorld(t, nil)
	w.engine.Register(key("kraken", "ETH-EUR"))
	w.now.Add(int64(1500 * time.Millisecond))
	var got wire.Markets
	w.get("/v1/markets").decode(t, 200, &got)
	m := got.Data[0]
	if m.Venue != "kraken" || m.Market != "BTC-USD" || m.State != "live" || !m.Usable || *m.AgeMs != 1500 ||
		*m.ChangedAt != "2026-11-23T12:00:00.123456789Z" || m.Bids != 40 || m.Asks != 40 || *m.TakerFeeBps != "2.6" {
		t.Errorf("market %+v", m)
	}
	m = got.Data[len(got.Data)-1]
	if m.State != "awaiting_snapshot" || m.Usable || m.AgeMs != nil || m.ChangedAt != nil || m.Reason != "no snapshot yet" {
		t.Errorf("a market never heard of: %+v", m)
	}
	if got.GraphVersion != w.engine.Version() {
		t.Errorf("version %d, want %d", got.GraphVersion, w.engine.Version())
	}
}

func TestBook(t *testing.T) {
	w := newWorld(t, nil)
	w.now.Add(int64(time.Second))
	w.snapshot("kraken", "BTC-USD", [][2]string{{"68000.50", "1"}}, [][2]string{{"68001", "0.25"}, {"68010", "2"}})
	w.now.Add(int64(1500 * time.Millisecond))
	w.writer.Flush(w.now.Load())
	var got wire.Book
	w.get("/v1/book/BTC-USD").decode(t, 200, &got)
	if fmt.Sprint(got.Bids, got.Asks) != "[{kraken 68000.5 1.00}] [{kraken 68001.0 0.25} {kraken 68010.0 2.00}]" {
		t.Errorf("book %v %v", got.Bids, got.Asks)
	}
	if len(got.LeftOut) != 2 || got.LeftOut[0].Venue != "bitstamp" || got.LeftOut[0].Reason != "stale" {
		t.Errorf("left out %+v", got.LeftOut)
	}
	w.get("/v1/book/BTC-USD?depth=1").decode(t, 200, &got)
	if len(got.Bids) != 1 || len(got.Asks) != 1 {
		t.Errorf("depth 1: %v %v", got.Bids, got.Asks)
	}
	for path, status := range map[string]int{
		"/v1/book/BTC-XYZ": 404, "/v1/book/USD-BTC": 404, "/v1/book/btc-usd": 404, "/v1/book/BTC": 404,
		"/v1/book/BTC-USD/": 404, "/v1/book/": 404, "/v1/book/BTC-USD?depth=0": 400,
		"/v1/book/BTC-USD?depth=1001": 400, "/v1/book/BTC-USD?depth=ten": 400, "/v1/book/BTC-USD?deep=1": 400,
	} {
		w.problem(status, path)
	}
	if p := w.problem(404, "/v1/book/btc-usd"); !strings.Contains(p.Detail, "upper case") {
		t.Errorf("a lower-case market: %q", p.Detail)
	}
	w.get("/v1/book/BTC-USD?depth=1000").decode(t, 200, &got)
}

func TestTimeAndVersion(t *testing.T) {
	w := newWorld(t, nil)
	var now wire.Time
	w.get("/v1/time").decode(t, 200, &now)
	if now != (wire.Time{Time: "2026-11-23T12:00:00.123456789Z", Unix: noon.Unix()}) {
		t.Errorf("time %+v", now)
	}
	var v wire.Version
	w.get("/version").decode(t, 200, &v)
	if v != (wire.Version{Version: "0.1.0", Commit: "abc", Go: "go1.26"}) {
		t.Errorf("version %+v", v)
	}
}

func TestHeadHasTheHeadersOfGet(t *testing.T) {
	w := newWorld(t, nil)
	get, head := w.get("/v1/assets"), w.do(http.MethodHead, "/v1/assets")
	if head.status != 200 || head.body != "" || head.header.Get("Content-Length") != fmt.Sprint(len(get.body)) {
		t.Errorf("HEAD: %d %q %v", head.status, head.body, head.header)
	}
}

//
func TestAcceptReady(t *testing.T) {
	a, b := key("kraken", "BTC-USD"), key("gemini", "ETH-USD")
	w := emptyWorld(t, func(o *api.Options) { o.Required = []market.Key{a, b} })
	ready := func(want string) {
		t.Helper()
		got := w.get("/readyz")
		if got.status == 200 {
			got.body = strings.TrimSpace(got.body)
		} else {
			var p wire.Problem
			got.decode(t, 503, &p)
			got.body = p.Code + " " + strings.Join(p.Failing, " ")
		}
		if got.body != want {
			t.Errorf("readyz %s, want %s", got.body, want)
		}
		if live := w.get("/livez"); live.status != 200 || live.body != `{"status":"ok"}` {
			t.Errorf("livez %v", live)
		}
	}
	ready("not_ready book:kraken:BTC-USD book:gemini:ETH-USD")
	w.snapshot("kraken", "BTC-USD", [][2]string{{"1", "1"}}, [][2]string{{"2", "1"}})
	w.writer.Flush(w.now.Load())
	ready("not_ready book:gemini:ETH-USD")
	w.snapshot("gemini", "ETH-USD", [][2]string{{"1", "1"}}, [][2]string{{"2", "1"}})
	w.writer.Flush(w.now.Load())
	ready(`{"status":"ready"}`)
	w.now.Add(int64(1500 * time.Millisecond))
	w.snapshot("gemini", "ETH-USD", [][2]string{{"1", "1"}}, [][2]string{{"2", "1"}})
	w.writer.Flush(w.now.Load())
	w.now.Add(int64(time.Second))
	ready(`{"status":"ready"}`) // one of two is stale
	w.now.Add(int64(2 * time.Second))
	ready("not_ready book:kraken:BTC-USD book:gemini:ETH-USD")
	w.snapshot("gemini", "ETH-USD", [][2]string{{"1", "1"}}, [][2]string{{"2", "1"}})
	w.writer.Flush(w.now.Load())
	ready(`{"status":"ready"}`) // one is back
	w.server.Drain()
	ready("not_ready shutdown")
}

// What else is waited for holds up a start, and nothing after it.
func TestReadyWaits(t *testing.T) {
	var left atomic.Bool
	left.Store(true)
	w := emptyWorld(t, func(o *api.Options) {
		o.Waiting = func() []string {
			if left.Load() {
				return []string{"feed:liquidity"}
			}
			return nil
		}
	})
	var p wire.Problem
	w.get("/readyz").decode(t, 503, &p)
	if fmt.Sprint(p.Failing) != "[feed:liquidity]" {
		t.Errorf("failing %v", p.Failing)
	}
	left.Store(false)
	if got := w.get("/readyz"); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	left.Store(true)
	if got := w.get("/readyz"); got.status != 200 {
		t.Errorf("after a start: %d %s", got.status, got.body)
	}
}

// A-3, the server's part.
func TestShutdownEndsInTime(t *testing.T) {
	w := newWorld(t, nil)
	w.get("/livez") // leaves an idle connection behind
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := w.server.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := http.Get(w.url + "/livez"); err == nil {
		t.Error("an answer after the shutdown")
	}
}

func TestNewWantsAnEngineAndAClock(t *testing.T) {
	if _, err := api.New(api.Options{}); err == nil {
		t.Error("a server without engine and clock")
	}
	w := newWorld(t, nil)
	if _, err := api.New(api.Options{Engine: w.engine, Clock: time.Now, InFlight: -1}); err == nil {
		t.Error("a server that takes less than no request")
	}
}

func TestMetricsCountAnswers(t *testing.T) {
	w := newWorld(t, nil)
	w.price("sell_asset=BTC&buy_asset=USD&sell_amount=1")
	w.price("sell_asset=BTC&buy_asset=USD&buy_amount=1000")
	w.problem(400, "/v1/price")
	w.problem(404, "/nothing")
	var got []string
	w.server.EachRequest(func(route string, code int, n uint64) { got = append(got, fmt.Sprintln(route, code, n)) })
	if strings.Join(got, "") != "none 404 1\n/v1/price 200 2\n/v1/price 400 1\n" {
		t.Errorf("requests %v", got)
	}
	w.server.EachDuration(func(route string, h api.Histogram) {
		n := uint64(0)
		for _, b := range h.Buckets {
			n += b
		}
		if route == "/v1/price" && n != 3 || len(h.Buckets) != len(h.Bounds)+1 {
			t.Errorf("%s: %d durations", route, n)
		}
	})
	kinds := ""
	w.server.EachCompute(func(kind string, h api.Histogram) { kinds += fmt.Sprint(kind, h.Buckets[0], " ") })
	if kinds != "exact_in1 exact_out1 " {
		t.Errorf("computed %s", kinds)
	}
	n := uint64(0)
	for _, b := range w.server.Gaps().Buckets {
		n += b
	}
	if n != 2 || w.server.Panics() != 0 {
		t.Errorf("%d gaps, %d panics", n, w.server.Panics())
	}
}
