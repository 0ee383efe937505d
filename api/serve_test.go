package api

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"chronos.dev/engine"
	"chronos.dev/engine/route"
	"chronos.dev/graph"
	"chronos.dev/internal/race"
	"chronos.dev/market"
	"chronos.dev/money"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
	"go.uber.org/goleak"
)

// small is a server over one market.
func small(t testing.TB, change func(*Options)) *Server {
	t.Helper()
	e, err := engine.New(engine.Options{
		Assets: []market.Asset{{Symbol: "BTC", Scale: 8, EngineScale: 8}, {Symbol: "USD", Scale: 2, EngineScale: 6}},
		Fees:   market.Fees{{Venue: "a", Fee: market.Fee{Rate: 10_000}}, {Venue: "b"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := e.Writer()
	for _, venue := range []string{"a", "b"} {
		ev := market.Event{Kind: market.Snapshot, Epoch: 1, Seq: 1, RecvTime: 1}
		for i := range int64(20) {
			ev.Levels = append(ev.Levels,
				market.Level{Side: market.Bid, Price: money.Num{Coef: 6800000 - i, Scale: 2}, Size: money.Num{Coef: 1234, Scale: 4}},
				market.Level{Side: market.Ask, Price: money.Num{Coef: 6800100 + i, Scale: 2}, Size: money.Num{Coef: 1234, Scale: 4}})
		}
		if err := w.Apply(market.Key{Venue: venue, Pair: market.Pair{Base: "BTC", Quote: "USD"}}, &ev); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush(1)
	o := Options{Engine: e, Clock: func() time.Time { return time.Unix(0, 2) }, Rate: 1e9}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// inMemory serves s on pipes until stop.
func inMemory(t testing.TB, s *Server) (ln *fasthttputil.InmemoryListener, stop func()) {
	t.Helper()
	ln = fasthttputil.NewInmemoryListener()
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	return ln, func() {
		ln.Close()
		<-done
	}
}

func TestServerLeavesNothingBehind(t *testing.T) {
	http.DefaultClient.CloseIdleConnections()
	s := small(t, nil)
	ln, stop := inMemory(t, s)
	for range 20 {
		exchange(t, ln, []byte("GET /v1/markets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), true)
	}
	stop()
	goleak.VerifyNone(t,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),    // one a process
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"), // ends at its next tick
	)
}

// pricePath asks for a price in process.
const pricePath = "/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=2.5"

func newCtx(path string) *fasthttp.RequestCtx {
	var ctx fasthttp.RequestCtx
	var req fasthttp.Request
	br := bufio.NewReader(strings.NewReader("GET " + path + " HTTP/1.1\r\nHost: x\r\nX-Request-Id: test\r\n\r\n"))
	if err := req.Read(br); err != nil {
		panic(err)
	}
	ctx.Init(&req, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil)
	return &ctx
}

// TestPriceAllocations: a price of any kind over a warm connection allocates nothing.
func TestPriceAllocations(t *testing.T) {
	if race.On {
		t.Skip("the race detector allocates")
	}
	s := small(t, nil)
	for _, path := range []string{
		pricePath,
		"/v1/price?sell_asset=BTC&buy_asset=USD&buy_amount=1000",
		"/v1/price?sell_asset=USD&buy_asset=BTC&sell_amount=1234.56&max_hops=1",
	} {
		ctx := newCtx(path)
		n := testing.AllocsPerRun(200, func() {
			ctx.Response.Reset()
			s.handle(ctx)
			if ctx.Response.StatusCode() != 200 {
				t.Fatalf("%s", ctx.Response.Body())
			}
		})
		if n > 0 {
			t.Errorf("%s: %v allocations, want none", path, n)
		}
	}
}

// TestRefusalAllocations: who is turned away costs no memory, and who asks for more
// than there is little: the error and its texts.
func TestRefusalAllocations(t *testing.T) {
	if race.On {
		t.Skip("the race detector allocates")
	}
	overloaded := small(t, nil)
	overloaded.busy.Store(int64(overloaded.opts.InFlight))
	limited := small(t, func(o *Options) { o.Rate = 1 })
	stale := small(t, func(o *Options) { o.Clock = func() time.Time { return time.Unix(1e6, 0) } })
	for _, tt := range []struct {
		s      *Server
		path   string
		status int
		most   float64
	}{
		{overloaded, pricePath, 503, 0},
		{limited, pricePath, 429, 0},
		{small(t, nil), "/v1/nothing", 404, 0},
		{small(t, nil), "/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=x", 400, 3},
		{small(t, nil), "/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=2500", 422, 6},
		{stale, pricePath, 503, 14}, // with a list of books
	} {
		ctx := newCtx(tt.path)
		tt.s.handle(ctx)
		n := testing.AllocsPerRun(200, func() {
			ctx.Response.Reset()
			tt.s.handle(ctx)
		})
		if got := ctx.Response.StatusCode(); got != tt.status || n > tt.most {
			t.Errorf("%s: %d, want %d; %v allocations, want at most %v\n%s",
				tt.path, got, tt.status, n, tt.most, ctx.Response.Body())
		}
	}
}

// BenchmarkPrice answers one GET /v1/price over two books, without the network.
func BenchmarkPrice(b *testing.B) {
	s := small(b, nil)
	ctx := newCtx(pricePath)
	b.ReportAllocs()
	for b.Loop() {
		ctx.Response.Reset()
		s.handle(ctx)
	}
}

func TestPanicIsAnInternalError(t *testing.T) {
	var log string
	s := small(t, func(o *Options) { o.Log = func(f string, a ...any) { log += fmt.Sprintf(f, a...) } })
	old := resources[1].handle
	resources[1].handle = func(_ *Server, r *request) {
		r.out.Open('{')
		panic("hunter2")
	}
	defer func() { resources[1].handle = old }()
	ctx := newCtx(pricePath)
	s.handle(ctx)
	want := `{"type":"/problems/internal","title":"Internal error","status":500,"code":"internal","request_id":"test","retryable":false}`
	if ctx.Response.StatusCode() != 500 || string(ctx.Response.Body()) != want || s.Panics() != 1 {
		t.Errorf("%d %s, %d panics", ctx.Response.StatusCode(), ctx.Response.Body(), s.Panics())
	}
	if !strings.Contains(log, "panic in request test: hunter2") {
		t.Errorf("log %q", log)
	}
}

func TestOverload(t *testing.T) {
	s := small(t, func(o *Options) { o.InFlight = 2 })
	s.busy.Store(2)
	for _, path := range []string{pricePath, "/v1/book/BTC-USD"} {
		ctx := newCtx(path)
		s.handle(ctx)
		if ctx.Response.StatusCode() != 503 || string(ctx.Response.Header.Peek("Retry-After")) != "1" ||
			!strings.Contains(string(ctx.Response.Body()), `"code":"overloaded"`) {
			t.Errorf("%d %s", ctx.Response.StatusCode(), ctx.Response.Body())
		}
	}
	s.EachShed(func(reason string, n uint64) {
		if (reason == "concurrency") != (n == 2) {
			t.Errorf("shed %s %d", reason, n)
		}
	})
	s.busy.Store(1)
	ctx := newCtx(pricePath)
	s.handle(ctx)
	if ctx.Response.StatusCode() != 200 || s.busy.Load() != 1 {
		t.Errorf("with a free place: %d, %d taken", ctx.Response.StatusCode(), s.busy.Load())
	}
}

func TestLimiterForgetsAndStaysBounded(t *testing.T) {
	l := newLimiter(10)
	now := int64(1e18)
	for i := range 400_000 {
		l.take(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
	}
	held := 0
	for i := range l.shards {
		held += len(l.shards[i].next)
	}
	if held > shardCount*shardLimit {
		t.Errorf("%d addresses held", held)
	}
	stranger := netip.AddrFrom4([4]byte{192, 0, 2, 1})
	if l.take(stranger, now).ok {
		t.Error("a flood of addresses buys an allowance of one's own")
	}
	if st := l.take(stranger, now+2*window); !st.ok || st.remaining != 9 {
		t.Errorf("after the flood: %+v", st)
	}
}

func TestAddressOf(t *testing.T) {
	tests := []struct {
		name string
		addr net.Addr
		want string
	}{
		{"an IPv4 address is one caller", &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7)}, "192.0.2.7"},
		{"a /64 is one caller", &net.TCPAddr{IP: net.ParseIP("2001:db8::1:2:3:4")}, "2001:db8::"},
		{"a pipe is one caller", &net.UnixAddr{}, "::"},
		{"no address is one caller", &net.TCPAddr{}, "::"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := addressOf(tt.addr).String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestProblemOf(t *testing.T) {
	s := small(t, nil)
	e := s.opts.Engine
	left := []graph.LeftOut{{Key: market.Key{Venue: "a", Pair: market.Pair{Base: "BTC", Quote: "USD"}}, Usability: graph.Usability{Reason: "r", Age: -1}}}
	req := engine.Request{Sell: "BTC", Buy: "USD", In: 1}
	tests := []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"no route", &route.NoRouteError{Reason: route.BelowMinimum, Explain: left}, 422, "no_route"},
		{"depth", &route.DepthError{Most: route.Amounts{In: 123456789, Out: 129999}}, 422, "insufficient_liquidity"},
		{"stale", &route.StaleError{Stale: left}, 503, "stale_market_data"},
		{"unknown", &engine.UnknownAssetError{Symbol: "BTC"}, 400, "invalid_request"},
		{"overflow", fmt.Errorf("wrapped: %w", money.ErrOverflow), 400, "invalid_request"},
		{"a stranger's error is not shown", errors.New("hunter2"), 500, "internal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := ProblemOf(e, req, tt.err)
			if p.Status != tt.status || p.Code != tt.code || strings.Contains(string(p.Append(nil)), "hunter2") {
				t.Errorf("problem %+v", p)
			}
		})
	}
	if p := ProblemOf(e, req, tests[1].err); p.MaxSellAmount != "1.23456789" || p.BuyAmountAtMax != "0.12" {
		t.Errorf("maximum is not rounded down: %+v", p)
	}
}

// A rate is exact to its last digit and rounded as it says, for any numbers.
func TestRateAgainstBig(t *testing.T) {
	tests := []struct {
		num, den           int64
		numScale, denScale uint8
	}{
		{17001234, 250000000, 2, 8}, {1, 3, 0, 0}, {2, 3, 18, 0}, {1, 9e18, 0, 0}, {9e18, 1, 0, 18},
		{9e18, 1, 0, 0}, {1, 9e18, 18, 0}, {999999999999999999, 1e18, 0, 0}, {1e18, 1e18, 8, 8}, {7, 7, 0, 18},
	}
	for _, tt := range tests {
		var r request
		r.out.Open('[')
		appendRate(&r.out, tt.num, tt.numScale, tt.den, tt.denScale, money.Down)
		appendRate(&r.out, tt.num, tt.numScale, tt.den, tt.denScale, money.Up)
		parts := strings.Split(strings.Trim(string(r.out.B), `["`), `","`)
		exact := new(big.Rat).SetFrac(big.NewInt(tt.num), big.NewInt(tt.den))
		pow := new(big.Rat).SetFrac(
			new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(tt.denScale)), nil),
			new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(tt.numScale)), nil))
		exact.Mul(exact, pow)
		down, _ := new(big.Rat).SetString(parts[0])
		up, _ := new(big.Rat).SetString(parts[1])
		_, frac, _ := strings.Cut(parts[0], ".")
		step := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(len(frac))), nil))
		width := new(big.Rat).Sub(up, down)
		if down.Cmp(exact) > 0 || up.Cmp(exact) < 0 || width.Sign() != 0 && width.Cmp(step) != 0 {
			t.Errorf("%+v: %s and %s around %v", tt, parts[0], parts[1], exact)
		}
	}
}

func TestGateTurnsConnectionsAwayWithAProblem(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Options)
		status int
		code   string
	}{
		{"too many in all", func(o *Options) { o.Concurrency = 2 }, 503, "overloaded"},
		{"too many of one address", func(o *Options) { o.ConnsPerIP = 2 }, 429, "rate_limited"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := small(t, tt.change)
			ln, stop := inMemory(t, s)
			defer stop()
			var held []net.Conn
			for range 2 {
				c, err := ln.Dial()
				if err != nil {
					t.Fatal(err)
				}
				held = append(held, c)
			}
			resp := ask(t, ln)
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != tt.status || !strings.Contains(string(body), `"code":"`+tt.code+`"`) ||
				resp.Header.Get("Retry-After") != "1" || resp.Header.Get("Content-Type") != mediaProblem {
				t.Errorf("%d %s %v", resp.StatusCode, body, resp.Header)
			}
			for _, c := range held {
				c.Close()
			}
			for range 100 {
				if resp = ask(t, ln); resp.StatusCode == 200 {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Error("closed connections give no room")
		})
	}
}

// ask asks for /livez on a connection of its own.
func ask(t *testing.T, ln *fasthttputil.InmemoryListener) *http.Response {
	t.Helper()
	c, err := ln.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	go func() { _, _ = io.WriteString(c, "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") }()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestShutdownLetsRequestsFinish(t *testing.T) {
	s := small(t, nil)
	entered, release := make(chan struct{}), make(chan struct{})
	old := resources[1].handle
	resources[1].handle = func(s *Server, r *request) {
		close(entered)
		<-release
		old(s, r)
	}
	defer func() { resources[1].handle = old }()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	status := make(chan int, 1)
	go func() {
		resp, err := http.Get("http://" + ln.Addr().String() + pricePath)
		if err != nil {
			status <- 0
			return
		}
		resp.Body.Close()
		status <- resp.StatusCode
	}()
	<-entered
	down := make(chan error, 1)
	go func() { down <- s.Shutdown(t.Context()) }()
	select {
	case err := <-down:
		t.Fatalf("the shutdown did not wait: %v", err)
	case <-time.After(150 * time.Millisecond):
	}
	close(release)
	if got := <-status; got != 200 {
		t.Errorf("the request in flight got %d", got)
	}
	if err := errors.Join(<-down, <-served); err != nil {
		t.Error(err)
	}
	if err := s.Serve(ln); err == nil {
		t.Error("a closed listener can be closed again")
	}
}
