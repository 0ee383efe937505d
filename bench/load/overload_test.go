package load_test

import (
	"bytes"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chronos.dev/bench/load"

	"github.com/valyala/fasthttp"
)

// shedder answers after a millisecond, and with 503 whoever comes while four others
// are being answered; without Retry-After, if silent.
func shedder(t *testing.T, silent bool) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var busy atomic.Int64
	s := fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		defer busy.Add(-1)
		if busy.Add(1) > 4 {
			ctx.SetStatusCode(503)
			if !silent {
				ctx.Response.Header.Set("Retry-After", "1")
			}
			return
		}
		time.Sleep(time.Millisecond)
		ctx.SetBodyString("ok")
	}}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
		<-done
	})
	return ln.Addr().String()
}

// TestOverload: what a server can do is found out, who is turned away is counted, and
// a 503 that does not say when to come back is an error.
func TestOverload(t *testing.T) {
	o := load.Options{
		Host: "x", Paths: []string{"/"}, Connections: 4, Timeout: 10 * time.Second, Duration: 300 * time.Millisecond,
	}
	o.Addr = shedder(t, false)
	rep, err := load.Overload(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	// Four at a time, one a millisecond or longer.
	if rep.Capacity <= 0 || rep.Capacity > 4000 || rep.Over.OK == 0 || rep.Shed == 0 || len(rep.Errors) > 0 {
		t.Errorf("%+v", rep)
	}
	if rep.Over.OK+rep.Shed != rep.Over.Sent || rep.Over.Rate != 3*rep.Capacity || rep.Calm.Rate != rep.Capacity/2 {
		t.Errorf("%+v", rep)
	}
	var text bytes.Buffer
	if err := rep.Write(&text); err != nil || !strings.Contains(text.String(), "503 and Retry-After") {
		t.Errorf("%v\n%s", err, text.String())
	}
	o.Addr = shedder(t, true)
	if rep, err = load.Overload(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if rep.Shed != 0 || rep.Errors[load.NoRetry] == 0 || len(rep.Broken) == 0 {
		t.Errorf("shed without Retry-After: %+v", rep)
	}
	o.Connections = load.MaxConnections
	if _, err := load.Overload(t.Context(), o); err == nil {
		t.Error("more connections than there may be")
	}
}
