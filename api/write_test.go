package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestOneWrite: an answer leaves in one write, if it is no longer than maxWrite: a
// call of the system costs as much as a price.
func TestOneWrite(t *testing.T) {
	addr, counted := listen(t, small(t, nil))
	const asked, items = 20, 6
	item := `{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"2.5"}`
	body := `{"items":[` + strings.Repeat(item+",", items-1) + item + "]}"
	for range asked {
		resp, err := http.Post("http://"+addr+"/v1/prices", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if n := len(answer); err != nil || resp.StatusCode != 200 || n < maxWrite/2 || n > maxWrite-1000 {
			t.Fatalf("%v, %d, %d bytes", err, resp.StatusCode, n)
		}
	}
	if n := counted.writes.Load(); n != asked {
		t.Errorf("%d answers in %d writes", asked, n)
	}
}

// TestPipelined: requests that come together are answered in their order, each as if
// it had come alone, a refused one too, in fewer writes than there are answers.
func TestPipelined(t *testing.T) {
	s := small(t, nil)
	addr, counted := listen(t, s)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const asked = 16
	var all, want []byte
	for i := range asked {
		path := fmt.Sprintf("/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=%d.5", i)
		if i == 5 {
			path = "/v1/nothing"
		}
		all = fmt.Appendf(all, "GET %s HTTP/1.1\r\nHost: x\r\nX-Request-Id: test\r\n\r\n", path)
		ctx := newCtx(path)
		s.handle(ctx)
		want = fmt.Appendf(want, "%d %s\n", ctx.Response.StatusCode(), ctx.Response.Body())
	}
	if _, err := c.Write(all); err != nil {
		t.Fatal(err)
	}
	var got []byte
	in := bufio.NewReader(c)
	for range asked {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		got = fmt.Appendf(got, "%d %s\n", resp.StatusCode, body)
	}
	if string(got) != string(want) {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if n := counted.writes.Load(); n >= asked {
		t.Errorf("%d answers in %d writes", asked, n)
	}
}

// listen serves s and counts its writes.
func listen(t *testing.T, s *Server) (addr string, counted *countingListener) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	counted = &countingListener{Listener: ln}
	done := make(chan error, 1)
	go func() { done <- s.Serve(counted) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String(), counted
}

type countingListener struct {
	net.Listener
	writes atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &countingConn{c, l}, err
}

type countingConn struct {
	net.Conn
	ln *countingListener
}

func (c *countingConn) Write(b []byte) (int, error) {
	c.ln.writes.Add(1)
	return c.Conn.Write(b)
}
