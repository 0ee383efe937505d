package api_test

import (
	"io"
	"net/http"
	"testing"
)

// TestConditionalPrice: who has a price is told that it still holds, until a book that
// it uses moves.
func TestConditionalPrice(t *testing.T) {
	w := newWorld(t, nil)
	ask := func(tag string) (status int, etag, body string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
			w.url+"/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		if tag != "" {
			req.Header.Set("If-None-Match", tag)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header.Get("ETag"), string(b)
	}
	status, tag, body := ask("")
	if status != 200 || tag == "" || body == "" {
		t.Fatalf("%d, tag %q", status, tag)
	}
	if status, again, body := ask(tag); status != 304 || again != tag || body != "" {
		t.Errorf("what the caller has: %d, tag %q, %d bytes", status, again, len(body))
	}
	if status, _, _ := ask(`"x", ` + tag); status != 304 {
		t.Errorf("among other tags: %d", status)
	}
	if status, _, body := ask(`W/"other"`); status != 200 || body == "" {
		t.Errorf("another tag: %d", status)
	}
	w.snapshot("bitstamp", "BTC-EUR", ladder("63000", -4, 30, "0.6"), ladder("63010", 4, 30, "0.5"))
	w.writer.Flush(w.now.Load())
	if status, _, _ := ask(tag); status != 304 {
		t.Errorf("after a book moved that is not used: %d", status)
	}
	w.snapshot("bitstamp", "BTC-USD", ladder("68001", -5, 30, "0.113"), ladder("68015", 5, 30, "0.2"))
	w.writer.Flush(w.now.Load())
	if status, again, _ := ask(tag); status != 200 || again == tag {
		t.Errorf("after a book moved that is used: %d", status)
	}
}
