package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"chronos.dev/api"
	"chronos.dev/api/wire"
)

// raw sends bytes on a connection of its own and reads answers until the server
// closes or none has come for a while.
func (w *world) raw(text string) (answers []answer, closed bool) {
	w.t.Helper()
	c, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(300 * time.Millisecond))
	if _, err := io.WriteString(c, text); err != nil {
		w.t.Fatal(err)
	}
	return readAnswers(w.t, bufio.NewReader(c), "GET")
}

// readAnswers reads whole answers; bytes that are none fail the test.
func readAnswers(t testing.TB, br *bufio.Reader, method string) (answers []answer, closed bool) {
	t.Helper()
	for {
		if _, err := br.Peek(1); err != nil {
			var timeout net.Error
			return answers, !(errors.As(err, &timeout) && timeout.Timeout())
		}
		resp, err := http.ReadResponse(br, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("not an HTTP answer: %v", err)
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatalf("answer cut short: %v", err)
		}
		if resp.StatusCode == 100 {
			continue
		}
		answers = append(answers, answer{resp.StatusCode, resp.Header, string(b)})
	}
}

const okLine = "GET /livez HTTP/1.1\r\nHost: x\r\n"

func TestHardening(t *testing.T) {
	w := newWorld(t, func(o *api.Options) { o.ReadTimeout = 100 * time.Millisecond })
	next := okLine + "\r\n" // must not be answered where the connection closes
	tests := []struct {
		name, send string
		want       []int
		closed     bool
	}{
		{"a good request", okLine + "\r\n", []int{200}, false},
		{"two in one packet", okLine + "\r\n" + next, []int{200, 200}, false},
		{"chunks", "GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, []int{411}, true},
		{"chunks and a length", "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, []int{411}, true},
		{"a length and identity", "GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n" + next, []int{411}, true},
		{"an encoding in odd letters", "GET /livez HTTP/1.1\r\nHost: x\r\ntRANSFER-eNCODING: chunked\r\n\r\n0\r\n\r\n" + next, []int{411}, true},
		{"an unknown encoding", "GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n" + next, []int{411}, true},
		{"two encodings", "GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, []int{411}, true},
		{"an encoding in HTTP/1.0", "GET /livez HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, []int{411}, true},
		{"two lengths", "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n" + next, []int{400}, true},
		{"two equal lengths", "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n" + next, []int{400}, true},
		{"a length with a sign", "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc" + next, []int{400}, true},
		{"two hosts", "GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" + next, []int{400}, true},
		{"no host", "GET /livez HTTP/1.1\r\n\r\n" + next, []int{400}, true},
		{"a space before the colon", "GET /livez HTTP/1.1\r\nHost : x\r\n\r\n" + next, []int{400}, true},
		{"a folded field", okLine + "A: b\r\n c\r\n\r\n" + next, []int{400}, true},
		{"a bare line feed", "GET /livez HTTP/1.1\nHost: x\n\n" + next, []int{400}, true},
		{"a NUL in a field", okLine + "A: b\x00c\r\n\r\n" + next, []int{400}, true},
		{"no HTTP at all", "\x16\x03\x01\x02\x00\x01\r\n\r\n", []int{400}, true},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{400}, true},
		{"a body on GET", "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" + next, []int{400}, true},
		{"a body on GET that is a request", "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 32\r\n\r\n" + next, []int{400}, true},
		{"a body announced politely", "GET /livez HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc" + next, []int{400}, true},
		{"a body above the limit", "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n", []int{413}, true},
		{"a length beyond 64 bits", "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", []int{400}, true},
		{"a header above the limit", okLine + "A: " + strings.Repeat("b", 9000) + "\r\n\r\n", []int{431}, true},
		{"a query above the limit", "GET /livez?" + strings.Repeat("a", 9000) + " HTTP/1.1\r\nHost: x\r\n\r\n", []int{431}, true},
		{"a request that does not end", "GET /livez HTTP/1.1\r\nHost: x\r\n", []int{408}, true},
		{"a body that does not come", "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", []int{408}, true},
		{"POST", "POST /v1/price HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" + next, []int{405, 200}, false},
		{"TRACE", "TRACE /livez HTTP/1.1\r\nHost: x\r\n\r\n" + next, []int{405, 200}, false},
		{"CONNECT", "CONNECT /livez HTTP/1.1\r\nHost: x\r\n\r\n" + next, []int{405, 200}, false},
		{"a method of a stranger", "get /livez HTTP/1.1\r\nHost: x\r\n\r\n" + next, []int{405, 200}, false},
		{"dots", "GET /v1/../livez HTTP/1.1\r\nHost: x\r\n\r\n" + next, []int{400, 200}, false},
		{"a dot", "GET /./livez HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}, false},
		{"dots at the end", "GET /v1/.. HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}, false},
		{"two slashes", "GET //livez HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}, false},
		{"an escaped slash", "GET /v1%2fprice HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}, false},
		{"an escape twice over", "GET /%252e%252e/livez HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}, false},
		{"an escaped letter", "GET /live%7a HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}, false},
		{"a backslash", "GET /v1\\price HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}, false},
		{"a semicolon", "GET /livez;a=b HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}, false},
		{"a fragment", "GET /livez#a HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}, false},
		{"a host in the target", "GET http://x/livez HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}, false},
		{"a star", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}, false},
		{"a slash too many at the end", "GET /livez/ HTTP/1.1\r\nHost: x\r\n\r\n", []int{404}, false},
		{"an unknown path", "GET /admin HTTP/1.1\r\nHost: x\r\n\r\n", []int{404}, false},
		{"the root", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", []int{404}, false},
		{"a parameter to a probe", "GET /livez?a=b HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answers, closed := w.raw(tt.send)
			var got []int
			for _, a := range answers {
				got = append(got, a.status)
				checkAnswer(t, a)
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("answers %v, want %v", got, tt.want)
			}
			if tt.closed && !closed {
				t.Error("the connection is still open")
			}
		})
	}
}

// checkAnswer holds what is true of every answer.
func checkAnswer(t testing.TB, a answer) {
	t.Helper()
	if a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("X-Request-Id") == "" ||
		a.header.Get("Cache-Control") == "" || a.header.Get("Server-Timing") == "" || a.header.Get("Server") != "" {
		t.Errorf("headers %v", a.header)
	}
	if a.status < 400 {
		return
	}
	var p wire.Problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	if p.Status != a.status || p.RequestID != a.header.Get("X-Request-Id") || a.header.Get("Cache-Control") != "no-store" ||
		a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("problem %+v with headers %v", p, a.header)
	}
	if p.Retryable != (a.header.Get("Retry-After") != "") {
		t.Errorf("retryable %v, Retry-After %q", p.Retryable, a.header.Get("Retry-After"))
	}
	if a.status == 405 && a.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("405 with Allow %q", a.header.Get("Allow"))
	}
}

// net/http must agree on where each request ends and whether it is one at all:
// whatever it refuses we refuse, and what we answer it answers as often. The one
// difference that stands: we skip empty lines before a request, as RFC 9112
// says a server should, net/http does not.
func TestFramingAgreesWithNetHTTP(t *testing.T) {
	w := newWorld(t, func(o *api.Options) { o.ReadTimeout = 100 * time.Millisecond })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	other := &http.Server{ReadTimeout: 100 * time.Millisecond, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
	})}
	go other.Serve(ln)
	defer other.Close()
	next := okLine + "\r\n"
	for _, send := range []string{
		next, next + next, next + next + next,
		okLine + "Content-Length: 0\r\n\r\n" + next,
		okLine + "Content-Length: x\r\n\r\n" + next,
		okLine + "Content-Length: -1\r\n\r\n" + next,
		okLine + "Content-Length: 0x0\r\n\r\n" + next,
		okLine + "Content-Length: \r\n\r\n" + next,
		okLine + "Connection: close\r\n\r\n" + next,
		okLine + "Bad Field: 1\r\n\r\n" + next,
		okLine + ": 1\r\n\r\n" + next,
		"GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n" + next,
		"GET /livez HTTP/1.0\r\n\r\n" + next,
		"GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + next,
		"GET /livez HTTP/3.7\r\nHost: x\r\n\r\n" + next,
		"GET /livez\r\n\r\n" + next,
		"GET  /livez HTTP/1.1\r\nHost: x\r\n\r\n" + next,
	} {
		ours, _ := w.raw(send)
		theirs, _ := (&world{t: t, addr: ln.Addr().String()}).raw(send)
		if good(ours) > good(theirs) {
			t.Errorf("%q: we answered %d requests, net/http %d", send, good(ours), good(theirs))
		}
	}
}

func good(answers []answer) (n int) {
	for _, a := range answers {
		if a.status == 200 {
			n++
		}
	}
	return n
}

func TestLogsHoldNoSecrets(t *testing.T) {
	var mu sync.Mutex
	var log bytes.Buffer
	w := newWorld(t, func(o *api.Options) {
		o.ReadTimeout = 50 * time.Millisecond
		o.Log = func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(&log, format+"\n", args...)
		}
	})
	w.raw("GET /livez HTTP/1.1\r\nHost: x\r\nAuthorization: hunter2\r\nBad Field : hunter2\r\n\r\n")
	w.raw("GET /livez HTTP/1.1\r\nHost: x\r\nX-Key: hunter2" + strings.Repeat("b", 9000) + "\r\n\r\n")
	w.raw("hunter2 hunter2 hunter2\r\n\r\n")
	mu.Lock()
	defer mu.Unlock()
	if strings.Contains(log.String(), "hunter2") {
		t.Errorf("the log has what a request said: %s", &log)
	}
}

func TestRequestID(t *testing.T) {
	w := newWorld(t, nil)
	ids := map[string]bool{}
	tests := []struct {
		name, send string
		kept       bool
	}{
		{"a caller's id is kept", "trace-1:a/b=", true},
		{"64 characters are", strings.Repeat("a", 64), true},
		{"65 are not", strings.Repeat("a", 65), false},
		{"text is not", "a b", false},
		{"markup is not", "<script>", false},
		{"none is made", "", false},
		{"and made again", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answers, _ := w.raw(okLine + "X-Request-Id: " + tt.send + "\r\nConnection: close\r\n\r\n")
			got := answers[0].header.Get("X-Request-Id")
			if (got == tt.send) != tt.kept || ids[got] || !tt.kept && len(got) != 25 {
				t.Errorf("id %q for %q", got, tt.send)
			}
			ids[got] = true
		})
	}
}

func TestRateLimit(t *testing.T) {
	w := newWorld(t, func(o *api.Options) { o.Rate = 3 })
	var got []string
	for range 4 {
		a := w.get("/v1/time")
		got = append(got, fmt.Sprint(a.status, " ", a.header.Get("RateLimit"), " ", a.header.Get("Retry-After")))
		checkAnswer(t, a)
	}
	want := []string{`200 "quotes";r=2;t=1 `, `200 "quotes";r=1;t=1 `, `200 "quotes";r=0;t=1 `, `429 "quotes";r=0;t=1 1`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if a := w.get("/livez"); a.status != 200 || a.header.Get("RateLimit") != "" {
		t.Errorf("a probe is limited: %v", a)
	}
	w.now.Add(int64(time.Second / 3))
	if a := w.get("/v1/time"); a.status != 200 || a.header.Get("RateLimit-Policy") != `"quotes";q=3;w=1` {
		t.Errorf("a third of a second later: %v", a)
	}
}
