package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"chronos.dev/api"
	"chronos.dev/api/wire"
	"chronos.dev/bench/load"
)

// TestOverload asks for three times what one request at a time can do, whether or
// not answers come: each is a price, the right one, or a refusal that says when to
// come back; who is admitted does not wait for the others, and afterwards all is as
// before.
func TestOverload(t *testing.T) {
	w := newWorld(t, func(o *api.Options) { o.InFlight = 1 })
	const items = 300
	item := `{"sell_asset":"ETH","buy_asset":"USD","sell_amount":"40"}`
	body := `{"items":[` + strings.Repeat(item+",", items-1) + item + "]}"
	ask := func() (answer []byte, took time.Duration) {
		begin := time.Now()
		resp, err := http.Post(w.url+"/v1/prices", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if answer, err = io.ReadAll(resp.Body); err != nil || resp.StatusCode != 200 {
			t.Fatalf("%v, %d: %.200s", err, resp.StatusCode, answer)
		}
		return answer, time.Since(begin)
	}
	answer, least := ask()
	for range 20 {
		_, took := ask()
		least = min(least, took)
	}
	want := amounts(t, answer)
	o := load.Options{
		Addr: w.addr, Connections: 32, Timeout: 10 * time.Second, Duration: 500 * time.Millisecond,
		Requests: [][]byte{fmt.Appendf(nil, "POST /v1/prices HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
			"Content-Length: %d\r\n\r\n%s", len(body), body)},
		Check: func(b []byte) error {
			if got := amounts(t, b); got != want {
				return fmt.Errorf("%.200s, want %.200s", got, want)
			}
			return nil
		},
	}
	at := func(times float64) *load.Result {
		o.Rate = times / least.Seconds()
		r, err := load.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if r.OK+r.Errors["503"] != r.Sent || r.OK == 0 || r.Checked == 0 {
			t.Fatalf("at %v of what it can do: sent %d, ok %d, checked %d (%v), errors %v",
				times, r.Sent, r.OK, r.Checked, r.BodyErr, r.Errors)
		}
		return r
	}
	half, over := at(0.5), at(3)
	if over.Errors["503"] == 0 {
		t.Errorf("nobody was turned away: sent %d, ok %d", over.Sent, over.OK)
	}
	calm, busy := half.Latency.Quantile(0.99), over.Latency.Quantile(0.99)
	if busy > 50*calm+time.Second {
		t.Errorf("p99 of those admitted %v, at half load %v", busy, calm)
	}
	t.Logf("one takes %v; p99 %v at half load, %v at three times; %d of %d turned away",
		least, calm, busy, over.Errors["503"], over.Sent)
	for range 5 {
		if answer, _ := ask(); amounts(t, answer) != want {
			t.Errorf("afterwards %.200s", answer)
		}
	}
}

// amounts are the amounts of a batch.
func amounts(t *testing.T, answer []byte) string {
	var p wire.Prices
	if err := json.NewDecoder(bytes.NewReader(answer)).Decode(&p); err != nil {
		t.Errorf("%v: %.200s", err, answer)
	}
	var b strings.Builder
	for _, d := range p.Data {
		if d.Price == nil {
			t.Errorf("no price: %+v", d.Problem)
			continue
		}
		b.WriteString(d.Price.BuyAmount + " ")
	}
	return b.String()
}
