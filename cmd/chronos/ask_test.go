package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"text/tabwriter"

	"chronos.dev/api/wire"
)

// The client says what the API says, and gives every failure its exit code.
func TestAsk(t *testing.T) {
	t.Parallel()
	p := start(t, "--dev")
	p.await(t, "ready in ")
	ask := func(args ...string) (string, string, int) {
		t.Helper()
		return command(t, append(args, "--url", p.api)...)
	}
	out, talk, code := ask("price", "--sell", "BTC", "--buy", "USD", "--sell-amount", "1")
	if code != exitOK || !strings.Contains(out, "sell 1.00000000 BTC, receive ") ||
		!strings.Contains(out, "(simulated)") ||
		!strings.Contains(out, "no plan can give more than ") {
		t.Errorf("price: exit %d: %s%s", code, out, talk)
	}
	out, talk, code = ask("price", "--sell", "BTC", "--buy", "USD", "--buy-amount", "1000")
	if code != exitOK || !strings.Contains(out, "receive 1000.00 USD") ||
		!strings.Contains(out, "no plan can cost less than ") {
		t.Errorf("exact out: exit %d: %s%s", code, out, talk)
	}
	out, talk, code = ask("book", "BTC-USD", "--depth", "3")
	if code != exitOK || strings.Count(out, "\nask") != 3 || strings.Count(out, "\nbid") != 3 {
		t.Errorf("book: exit %d: %s%s", code, out, talk)
	}
	out, talk, code = ask("venues")
	if code != exitOK || strings.Count(out, "\n") != 25 || !strings.Contains(out, "kraken") {
		t.Errorf("venues: exit %d: %s%s", code, out, talk)
	}
	if out, _, _ := ask("venues", "-o", "json"); !strings.HasPrefix(out, `{"data":[{"venue":`) {
		t.Errorf("venues as JSON: %s", out)
	}
	for _, tt := range []struct{ args, says string }{
		{"price --sell BTC --buy USD --sell-amount 1e3", "/sell_amount amount_format"},
		{"price --sell BTC --buy USX --sell-amount 1", "Near names: USD"},
		{"price --sell BTC --buy USD --buy-amount 1000000000000", "at most: sell "},
		{"price --sell SOL --buy EUR --sell-amount 1 --max-hops 1", "reason: disconnected"},
		{"book BTC-XYZ", "not_found"},
		{"book ../../livez", "invalid_request"},
	} {
		out, talk, code := ask(strings.Fields(tt.args)...)
		if code != exitProblem || !strings.Contains(talk, tt.says) || out != "" {
			t.Errorf("%s: exit %d: %s%s, want %q", tt.args, code, out, talk, tt.says)
		}
	}
}

// A server that is no Chronos, or none at all, is a matter of the network.
func TestAskStrangers(t *testing.T) {
	t.Parallel()
	answers := map[string]http.HandlerFunc{
		"a page of HTML":       func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"an error of HTML":     func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", 500) },
		"a redirect":           func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/else", http.StatusFound) },
		"nothing within time":  func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"an end in the middle": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, answer := range answers {
		server := httptest.NewServer(answer)
		out, talk, code := command(t, "venues", "--url", server.URL, "--timeout", "500ms")
		if code != exitNetwork || out != "" || strings.Count(talk, "\n") != 1 {
			t.Errorf("%s: exit %d: %s%s", name, code, out, talk)
		}
		server.Close()
	}
}

// What can be had sooner for less stands under the paths.
func TestRoutesShowTradeoffs(t *testing.T) {
	minute := int64(60_000)
	var b strings.Builder
	tw := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	printRoutes(tw, &wire.Routes{SellAsset: "BTC", BuyAsset: "USD", Tradeoffs: []wire.Price{
		{SellAmount: "1", BuyAmount: "68000.00", EstTimeMs: &minute}, {SellAmount: "1", BuyAmount: "67990.00"},
	}})
	tw.Flush()
	for _, want := range []string{
		`tradeoff +1 BTC +68000\.00 USD +all there in 1m0s`, `tradeoff +1 BTC +67990\.00 USD +no settlement time known`,
	} {
		if !regexp.MustCompile(want).MatchString(b.String()) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}
