package load

import (
	"context"
	"errors"
	"maps"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),    // one a process
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"), // ends at its next tick
	)
}

// serve serves until the test ends and returns Options to ask it.
func serve(t *testing.T, s *fasthttp.Server) Options {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.ShutdownWithContext(ctx)
		<-done
	})
	return Options{
		Addr: ln.Addr().String(), Host: "test", Paths: []string{"/a?n=1", "/b"},
		Rate: 1000, Duration: 300 * time.Millisecond, Connections: 4, Timeout: 5 * time.Second,
	}
}

func TestEveryRequestIsSentAndAnswered(t *testing.T) {
	var a, b, wrong atomic.Int64
	o := serve(t, &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		switch string(ctx.RequestURI()) {
		case "/a?n=1":
			a.Add(1)
		case "/b":
			b.Add(1)
		default:
			wrong.Add(1)
		}
		ctx.SetBodyString("good")
	}})
	var told atomic.Int64
	o.Duration = 500 * time.Millisecond
	o.Progress = func(n int64) { told.Store(n) }
	o.Check = func(body []byte) error {
		if string(body) != "good" {
			return errors.New("bad")
		}
		return nil
	}
	r, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Sent != 500 || r.OK != 500 || r.Failed() != 0 || r.Latency.Count() != 500 || r.Lateness.Count() != 500 {
		t.Errorf("sent %d, ok %d, errors %v, latencies %d", r.Sent, r.OK, r.Errors, r.Latency.Count())
	}
	if a.Load() != 250 || b.Load() != 250 || wrong.Load() != 0 {
		t.Errorf("%d and %d requests of each path, %d others", a.Load(), b.Load(), wrong.Load())
	}
	if r.Rate < 500 || r.Rate > 2000 {
		t.Errorf("rate %v, want about 1000", r.Rate)
	}
	if r.Checked < 4 || told.Load() == 0 {
		t.Errorf("%d bodies checked, told of %d requests", r.Checked, told.Load())
	}
}

// A server that stands still for 300 ms delays the 300 requests that are due
// meanwhile, each from its own time on. A loop that waits for answers before it
// sends would note one.
func TestLatencyCountsFromTheSchedule(t *testing.T) {
	const stall = 300 * time.Millisecond
	var n atomic.Int64
	o := serve(t, &fasthttp.Server{Handler: func(*fasthttp.RequestCtx) {
		if n.Add(1) == 100 {
			time.Sleep(stall)
		}
	}})
	o.Connections, o.Duration = 1, time.Second
	r, err := Run(context.Background(), o)
	if err != nil || r.OK != 1000 {
		t.Fatalf("%v, ok %d, errors %v", err, r.OK, r.Errors)
	}
	// 150 of 1,000 wait for 150 ms and more, 50 for 250 ms, less what a busy machine
	// sends late.
	for _, tt := range []struct {
		q     float64
		least time.Duration
	}{{0.85, 99 * time.Millisecond}, {0.95, 199 * time.Millisecond}, {1, stall}} {
		if got := r.Latency.Quantile(tt.q); got < tt.least {
			t.Errorf("quantile %v: %v, want %v or more", tt.q, got, tt.least)
		}
	}
	if r.Waited == 0 { // how many depends on how late the machine has the sender itself
		t.Error("no request found its connection taken, want those due in the stall")
	}
}

// What is answered wrongly, late or not at all is counted by what happened and has
// no latency.
func TestErrorsAreToldApart(t *testing.T) {
	quit := make(chan struct{})
	tests := []struct {
		name    string
		handler func(*fasthttp.RequestCtx)
		check   func([]byte) error
		timeout time.Duration
		want    map[string]int64
	}{
		{name: "status", want: map[string]int64{"404": 300},
			handler: func(c *fasthttp.RequestCtx) { c.SetStatusCode(404) }},
		{name: "shed with a time to come back", want: map[string]int64{"503": 300},
			handler: func(c *fasthttp.RequestCtx) { c.Response.Header.Set("Retry-After", "1"); c.SetStatusCode(503) }},
		{name: "shed without", want: map[string]int64{NoRetry: 300},
			handler: func(c *fasthttp.RequestCtx) { c.SetStatusCode(503) }},
		{name: "connection ended", want: map[string]int64{Broken: 300},
			handler: func(c *fasthttp.RequestCtx) {
				c.HijackSetNoResponse(true)
				c.Hijack(func(n net.Conn) { n.Close() })
			}},
		{name: "no answer", timeout: 200 * time.Millisecond, want: map[string]int64{Timeout: 4, Unsent: 296},
			handler: func(*fasthttp.RequestCtx) { <-quit }},
		{name: "answer too late", timeout: 500 * time.Millisecond, want: map[string]int64{Timeout: 1},
			handler: func(c *fasthttp.RequestCtx) {
				if c.ConnRequestNum() == 3 && strings.HasPrefix(string(c.RequestURI()), "/late") {
					time.Sleep(700 * time.Millisecond)
				}
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := serve(t, &fasthttp.Server{Handler: tt.handler})
			if tt.timeout > 0 {
				o.Timeout = tt.timeout
			}
			if tt.name == "answer too late" {
				o.Connections, o.Paths = 1, []string{"/late"}
			}
			if tt.name == "no answer" {
				t.Cleanup(func() { close(quit) })
			}
			r, err := Run(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(r.Errors, tt.want) || r.OK+r.Failed() != 300 || r.Latency.Count() != r.OK {
				t.Errorf("errors %v, want %v; ok %d, latencies %d", r.Errors, tt.want, r.OK, r.Latency.Count())
			}
		})
	}
}

func TestWrongBodiesAreErrors(t *testing.T) {
	o := serve(t, &fasthttp.Server{Handler: func(c *fasthttp.RequestCtx) { c.SetBodyString("wrong") }})
	o.Check = func(b []byte) error { return errors.New("not " + string(b)) }
	r, err := Run(context.Background(), o)
	if err != nil || r.Checked == 0 || r.Errors[WrongBody] != int64(r.Checked) || r.OK != 300-int64(r.Checked) ||
		r.BodyErr == nil || r.BodyErr.Error() != "not wrong" {
		t.Errorf("%v: %d checked, errors %v, ok %d, first %v", err, r.Checked, r.Errors, r.OK, r.BodyErr)
	}
}

// A server that closes connections between requests costs nothing.
func TestIdleConnectionsAreOpenedAnew(t *testing.T) {
	o := serve(t, &fasthttp.Server{
		Handler:     func(*fasthttp.RequestCtx) {},
		IdleTimeout: 20 * time.Millisecond, ReadTimeout: 20 * time.Millisecond,
	})
	o.Connections, o.Rate, o.Duration = 8, 100, time.Second // each is used every 80 ms
	r, err := Run(context.Background(), o)
	if err != nil || r.Sent != 100 || r.OK+r.Failed() != 100 || r.OK < 80 {
		t.Errorf("%v: sent %d, ok %d, errors %v", err, r.Sent, r.OK, r.Errors)
	}
}

func TestWhatCannotBegin(t *testing.T) {
	o := serve(t, &fasthttp.Server{Handler: func(*fasthttp.RequestCtx) {}})
	for name, change := range map[string]func(*Options){
		"no rate":        func(o *Options) { o.Rate = 0 },
		"huge":           func(o *Options) { o.Rate, o.Duration = 1e12, time.Hour },
		"no connection":  func(o *Options) { o.Connections = 0 },
		"no path":        func(o *Options) { o.Paths = nil },
		"nobody listens": func(o *Options) { o.Addr = "127.0.0.1:1" },
	} {
		p := o
		change(&p)
		if _, err := Run(context.Background(), p); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestTogether: requests written at once are answered one by one, and each counts.
func TestTogether(t *testing.T) {
	var asked atomic.Int64
	o := serve(t, &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		asked.Add(1)
		if string(ctx.Request.Body()) != "x" {
			ctx.SetStatusCode(400)
		}
	}})
	o.Paths, o.Together, o.Rate = nil, 16, 100
	o.Requests = [][]byte{[]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")}
	r, err := Run(context.Background(), o)
	if want := int64(16 * 30); err != nil || r.Sent != want || r.OK != want || asked.Load() != want {
		t.Errorf("%v: sent %d, ok %d, errors %v, asked %d, want %d", err, r.Sent, r.OK, r.Errors, asked.Load(), want)
	}
	// A server that closes after one answer owes the others.
	o = serve(t, &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) { ctx.SetConnectionClose() }})
	o.Together, o.Rate = 4, 100
	if r, err = Run(context.Background(), o); err != nil || r.OK+r.Failed() != r.Sent || r.OK < 25 || r.Errors[Broken] < 75 {
		t.Errorf("%v: sent %d, ok %d, errors %v", err, r.Sent, r.OK, r.Errors)
	}
}
