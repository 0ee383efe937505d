package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chronos.dev/client"
)

// What a healthy server answers is tested in package api, with the real one.
// Here are the answers that a server, or what stands before it, should not give.

func serverOf(t *testing.T, h http.HandlerFunc) *client.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := client.New(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestNewRefusesWhatIsNoAddress(t *testing.T) {
	for _, base := range []string{"", "127.0.0.1:8080", "ftp://x", "http://", "http://x/path", "http://x?a=b", "http://u:p@x", "http://x\x00"} {
		if _, err := client.New(base); err == nil {
			t.Errorf("New(%q) gives a client", base)
		}
	}
	if _, err := client.New("https://x/"); err != nil {
		t.Error(err)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    string
		problem bool
	}{
		{"a proxy's page", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(502)
			w.Write([]byte(`{"code":"internal"}`))
		}, "Bad Gateway (502 )", true},
		{"a problem that is no JSON", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(500)
			w.Write([]byte(`{"code":`))
		}, "Internal Server Error (500 )", true},
		{"a problem that lies about its status", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(503)
			w.Write([]byte(`{"title":"T","status":200,"code":"c","detail":"d","request_id":"r","errors":[{"pointer":"/p","code":"x","detail":"y"}]}`))
		}, "T (503 c): d; /p x: y [r]", true},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, "Found (302 )", true},
		{"a body that is no JSON", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }, "invalid character", false},
		{"a body without end", func(w http.ResponseWriter, _ *http.Request) {
			chunk := []byte(strings.Repeat("[", 1<<20))
			for range 20 {
				w.Write(chunk)
			}
		}, client.ErrTooLarge.Error(), false},
		{"a body cut short", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("{"))
		}, "unexpected EOF", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := serverOf(t, tt.handler).Time(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) || (client.AsProblem(err) != nil) != tt.problem {
				t.Errorf("error %v, want %s", err, tt.want)
			}
			if p := client.AsProblem(err); p != nil && p.Status == 503 && p.RetryAfter != 3*time.Second {
				t.Errorf("RetryAfter %v", p.RetryAfter)
			}
		})
	}
}

func TestCallsEndWithTheirContext(t *testing.T) {
	hang := make(chan struct{})
	c := serverOf(t, func(http.ResponseWriter, *http.Request) { <-hang })
	defer close(hang)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if _, err := c.Raw(t.Context(), "\x00"); err == nil {
		t.Error("a path that is none")
	}
}
