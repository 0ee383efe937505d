package api

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"
)

// FuzzRequest sends any bytes to the real server: what comes back is HTTP, and
// the server still answers the next caller.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		"GET /v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=2.5 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /v1/price?sell_asset=BTC&buy_asset=USD&buy_amount=%31 HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\r\n\r\n",
		"GET /v1/book/BTC-USD?depth=5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"POST /v1/price HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
		"POST /v1/routes/evaluate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 92\r\n\r\n" +
			`{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"1","route":[{"venue":"a","market":"A-B"}]}`,
		"GET /a/../b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HEAD /problems/no-route HTTP/1.0\r\n\r\nGET /v1/markets HTTP/1.1\r\n\r\n",
		"GET /v1/venues HTTP/1.1\r\nHost: x\r\n folded: 1\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	s := small(f, func(o *Options) { o.ReadTimeout = 50 * time.Millisecond })
	ln, stop := inMemory(f, s)
	f.Cleanup(stop)
	f.Fuzz(func(t *testing.T, b []byte) {
		exchange(t, ln, b, false)
		exchange(t, ln, []byte("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), true)
		if s.Panics() != 0 {
			t.Fatal("a handler panicked")
		}
	})
}

// exchange sends b and reads what comes back until the server closes.
func exchange(t *testing.T, ln *fasthttputil.InmemoryListener, b []byte, one bool) {
	c, err := ln.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() {
		_, _ = c.Write(b) // the server may close before all is written
		if !one {
			_, _ = io.WriteString(c, "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		}
	}()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	text, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		t.Fatalf("the server neither answers nor closes: %v", err)
	}
	if one && !strings.HasPrefix(string(text), "HTTP/1.1 200 OK\r\n") {
		t.Fatalf("the next caller gets %q", text)
	}
	if len(text) > 0 && !strings.HasPrefix(string(text), "HTTP/1.1 ") {
		t.Fatalf("no HTTP: %q", text)
	}
	wellFormed(t, text, b)
}

// wellFormed reads answers as net/http does. After a HEAD it cannot know which
// answer has no body, so it stops there.
func wellFormed(t *testing.T, text, sent []byte) {
	if strings.Contains(string(sent), "HEAD ") {
		return
	}
	br := bufio.NewReader(strings.NewReader(string(text)))
	for {
		if _, err := br.Peek(1); err != nil {
			return
		}
		resp, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatalf("%v in %q", err, text)
		}
	}
}

// FuzzQuery holds the query reader against net/url: what it accepts, url.ParseQuery
// reads the same, each name once.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"a=1&b=2", "a=%31", "a=1&a=2", "%61=1", "a=+", "a", "&", "a=%", "b=1;a=2", "a=1&"} {
		f.Add(seed)
	}
	names := []string{"a", "b", "long_name"}
	f.Fuzz(func(t *testing.T, q string) {
		if len(q) > maxHeader {
			return
		}
		r := &request{query: []byte(q)}
		if !r.accept(names...) {
			if len(r.invalid) == 0 || len(r.invalid) > maxInvalid {
				t.Fatalf("%q: refused with %d reasons", q, len(r.invalid))
			}
			return
		}
		want, err := url.ParseQuery(q)
		if strings.Contains(q, ";") {
			return // net/url refuses it, to us it is a letter
		}
		if err != nil {
			t.Fatalf("%q: accepted, net/url says %v", q, err)
		}
		for i, n := range names {
			if got := string(r.params.values[i]); len(want[n]) > 1 || got != want.Get(n) || r.params.given[i] != want.Has(n) {
				t.Fatalf("%q: %s is %q, net/url says %q", q, n, got, want[n])
			}
			delete(want, n)
		}
		if len(want) > 0 {
			t.Fatalf("%q: accepted with %v", q, want)
		}
	})
}
