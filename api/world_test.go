package api_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chronos.dev/api"
	"chronos.dev/api/wire"
	"chronos.dev/engine"
	"chronos.dev/market"
	"chronos.dev/money/text"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.UTC)

// world is an engine with books in it and a server before it, on real TCP.
type world struct {
	t      testing.TB
	engine *engine.Engine
	writer *engine.Writer
	server *api.Server
	url    string
	addr   string
	now    atomic.Int64
	seq    map[market.Key]uint64
}

func asset(symbol string, scale, engineScale uint8) market.Asset {
	return market.Asset{Symbol: symbol, Scale: scale, EngineScale: engineScale, Hub: symbol == "BTC"}
}

func key(venue, pair string) market.Key {
	p, err := market.ParsePair(pair)
	if err != nil {
		panic(err)
	}
	return market.Key{Venue: venue, Pair: p}
}

// newWorld has three venues of BTC-USD, two of ETH-BTC, one of ETH-USD and one of
// BTC-EUR, fresh books, and DOGE, which nobody trades.
func newWorld(t testing.TB, change func(*api.Options)) *world { return cutWorld(t, 0, change) }

// cutWorld is newWorld with a budget for searches.
func cutWorld(t testing.TB, budget int, change func(*api.Options)) *world {
	t.Helper()
	w := budgetWorld(t, budget, change)
	w.snapshot("kraken", "BTC-USD", ladder("68000", -3, 40, "0.35"), ladder("68010", 3, 40, "0.4"))
	w.snapshot("gemini", "BTC-USD", ladder("67999.5", -2, 40, "0.25"), ladder("68012.5", 2, 40, "0.3"))
	w.snapshot("bitstamp", "BTC-USD", ladder("68001", -5, 30, "0.113"), ladder("68015", 5, 30, "0.2"))
	w.snapshot("kraken", "ETH-BTC", ladder("0.0391", -0.00001, 30, "11.5"), ladder("0.03912", 0.00001, 30, "9.25"))
	w.snapshot("gemini", "ETH-BTC", ladder("0.03909", -0.00002, 30, "7.125"), ladder("0.03913", 0.00002, 30, "8"))
	w.snapshot("gemini", "ETH-USD", ladder("2650", -1, 20, "3"), ladder("2670", 1, 20, "3"))
	w.snapshot("bitstamp", "BTC-EUR", ladder("63000", -4, 30, "0.5"), ladder("63010", 4, 30, "0.5"))
	w.writer.Flush(w.now.Load())
	return w
}

func emptyWorld(t testing.TB, change func(*api.Options)) *world { return budgetWorld(t, 0, change) }

func budgetWorld(t testing.TB, budget int, change func(*api.Options)) *world {
	t.Helper()
	fee := func(bps string, on market.FeeOn) market.Fee {
		n, err := text.ParseBps(bps)
		if err != nil {
			t.Fatal(err)
		}
		f, err := market.FeeBps(n, on)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	e, err := engine.New(engine.Options{
		Budget: budget,
		Assets: []market.Asset{
			asset("BTC", 8, 8), asset("ETH", 8, 8), asset("USD", 2, 6), asset("EUR", 2, 6), asset("DOGE", 8, 8),
		},
		Fees: market.Fees{
			{Venue: "kraken", Fee: fee("2.6", market.FeeQuote)},
			{Venue: "gemini", Fee: fee("3.5", market.FeeReceived)},
			{Venue: "bitstamp", Fee: fee("0", market.FeeReceived)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, engine: e, writer: e.Writer(), seq: map[market.Key]uint64{}}
	w.now.Store(noon.UnixNano())
	o := api.Options{
		Engine: e, Clock: func() time.Time { return time.Unix(0, w.now.Load()) },
		Source: "kafka", Rate: 1_000_000,
		Version: wire.Version{Version: "0.1.0", Commit: "abc", Go: "go1.26"},
	}
	if change != nil {
		change(&o)
	}
	if w.server, err = api.New(o); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr, w.url = ln.Addr().String(), "http://"+ln.Addr().String()
	done := make(chan error, 1)
	go func() { done <- w.server.Serve(ln) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := w.server.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return w
}

// ladder makes n levels from a price on, in steps.
func ladder(best string, step float64, n int, size string) [][2]string {
	var p float64
	fmt.Sscan(best, &p)
	levels := make([][2]string, n)
	for i := range levels {
		levels[i] = [2]string{fmt.Sprintf("%.6f", p+float64(i)*step), size}
	}
	return levels
}

func (w *world) snapshot(venue, pair string, bids, asks [][2]string) {
	w.t.Helper()
	k := key(venue, pair)
	w.seq[k]++
	ev := market.Event{Kind: market.Snapshot, Epoch: 1, Seq: w.seq[k], RecvTime: w.now.Load(), Origin: market.Simulated}
	for _, l := range bids {
		ev.Levels = append(ev.Levels, level(w.t, market.Bid, l))
	}
	for _, l := range asks {
		ev.Levels = append(ev.Levels, level(w.t, market.Ask, l))
	}
	if err := w.writer.Apply(k, &ev); err != nil {
		w.t.Fatal(err)
	}
}

func level(t testing.TB, side market.Side, l [2]string) market.Level {
	t.Helper()
	p, err := text.ParseNum(l[0])
	if err != nil {
		t.Fatal(err)
	}
	s, err := text.ParseNum(l[1])
	if err != nil {
		t.Fatal(err)
	}
	return market.Level{Side: side, Price: p, Size: s}
}

// answer is an HTTP answer, read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

func (w *world) do(method, path string) answer {
	w.t.Helper()
	return w.send(method, path, "", nil)
}

func (w *world) post(path, media, body string) answer {
	w.t.Helper()
	return w.send(http.MethodPost, path, media, strings.NewReader(body))
}

func (w *world) send(method, path, media string, body io.Reader) answer {
	w.t.Helper()
	req, err := http.NewRequest(method, w.url+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

func (w *world) get(path string) answer {
	w.t.Helper()
	return w.do(http.MethodGet, path)
}

// decode reads an answer into v, which must know every member.
func (a answer) decode(t testing.TB, status int, v any) {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	strict(t, a.body, v)
}

func (w *world) price(query string) wire.Price {
	w.t.Helper()
	var p wire.Price
	w.get("/v1/price?"+query).decode(w.t, 200, &p)
	return p
}

func (w *world) problem(status int, path string) wire.Problem {
	w.t.Helper()
	var p wire.Problem
	a := w.get(path)
	a.decode(w.t, status, &p)
	if p.Status != status || a.header.Get("Content-Type") != "application/problem+json" {
		w.t.Errorf("GET %s: status %d in the body, type %q", path, p.Status, a.header.Get("Content-Type"))
	}
	return p
}
