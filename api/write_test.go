package api

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// TestOneWrite: an answer leaves in one write, if it is no longer than maxWrite: a
// call of the system costs as much as a price.
func TestOneWrite(t *testing.T) {
	s := small(t, nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	counted := &countingListener{Listener: ln}
	done := make(chan error, 1)
	go func() { done <- s.Serve(counted) }()
	defer func() {
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	const asked, items = 20, 6
	item := `{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"2.5"}`
	body := `{"items":[` + strings.Repeat(item+",", items-1) + item + "]}"
	for range asked {
		resp, err := http.Post("http://"+ln.Addr().String()+"/v1/prices", "application/json", strings.NewReader(body))
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
