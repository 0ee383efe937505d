package main

import (
	"strings"
	"testing"
	"text/tabwriter"

	"chronos.dev/api/wire"
)

// vault is a market in a file: a provider beside a book that is smaller and dearer.
const vault = `{"as_of":"2026-11-23T03:00:00.000000000Z",
 "markets":[{"venue":"kraken","base":"BTC","quote":"USD","taker_fee_bps":"0","fee_on":"received","settlement_ms":2500,
   "bids":[["67990","1"]],"asks":[["68010","1"]]}],
 "providers":[{"provider":"vault-a","asset":"BTC","quote":"USD","version":"1.42",
   "sell":[{"name":"INSTANT","min":"0.1","max":"5","price":"68001.0","mode":"whole","fixed_fee":{"asset":"USD","amount":"25.00"},"settlement_ms":60000},
           {"min":"5","max":"50","price":"67995","mode":"whole","settlement_ms":3600000}],"buy":[]}]}`

// A file with a provider in it is priced as the server would, and checked.
func TestRouteThroughATier(t *testing.T) {
	t.Parallel()
	file := writeFile(t, vault)
	for _, tt := range []struct{ order, amount, says, tier string }{
		{"--sell-amount 20", "1359900.00", "all there in 1h0m0s", "#1"},  // 20 x 67995; the book pays less
		{"--sell-amount 2", "135977.00", "all there in 1m0s", "INSTANT"}, // 2 x 68001 less 25
		{"--sell-amount 1", "67990.00", "all there in 2.5s", "kraken"},   // 68001 less 25 is less
	} {
		args := append([]string{"route", "--market", file, "--sell", "BTC", "--buy", "USD"}, strings.Fields(tt.order)...)
		out, talk, code := command(t, args...)
		if code != exitOK || !strings.Contains(out, tt.amount) || !strings.Contains(out, tt.says) || !strings.Contains(out, tt.tier) {
			t.Errorf("%s: exit %d: %s%s", tt.order, code, out, talk)
		}
		out, _, _ = command(t, append(args, "-o", "json")...)
		quote := writeFile(t, out)
		if out, talk, code := command(t, "verify", "--market", file, quote); code != exitOK {
			t.Errorf("verify %s: exit %d: %s%s", tt.order, code, out, talk)
		}
	}
}

func TestAskLiquidity(t *testing.T) {
	t.Parallel()
	p := start(t, "--dev")
	p.await(t, "ready in ")
	for _, tt := range []struct{ args, begins, says string }{
		{"liquidity", "PROVIDER  MARKET", "vault-a   BTC-USD  sell  INSTANT "},
		{"liquidity --asset EUR", "PROVIDER  MARKET", "vault-b   BTC-EUR  buy   FAST "},
		{"providers", "PROVIDER  MARKET", "vault-c   BTC-USD  available  true "},
		{"liquidity --provider vault-a -o json", `{"data":[{"provider":"vault-a"`, `"name":"STANDARD"`},
		{"providers -o json", `{"data":[{"name":"vault-a","simulated":true`, `"custody_status":"available"`},
	} {
		var out, talk string
		eventually(t, tt.args, func() bool { // one offer after the other comes in
			var code int
			out, talk, code = command(t, append(strings.Fields(tt.args), "--url", p.api)...)
			if code != exitOK || !strings.HasPrefix(out, tt.begins) {
				t.Fatalf("%s: exit %d: %s%s", tt.args, code, out, talk)
			}
			return strings.Contains(out, tt.says)
		})
	}
	// A large order goes through tiers too, and is checked with the snapshot alone.
	var snapshot, quote string
	eventually(t, "a price through a tier", func() bool {
		_, body := fetch(t, p.admin+"/v1/snapshot")
		snapshot = writeFile(t, body)
		out, _, _ := command(t, "route", "--market", snapshot, "--sell", "BTC", "--buy", "USD", "--sell-amount", "60", "-o", "json")
		quote = writeFile(t, out)
		return strings.Contains(out, `"tier_index":`)
	})
	if out, talk, code := command(t, "verify", "--market", snapshot, quote); code != exitOK {
		t.Errorf("verify: exit %d: %s%s", code, out, talk)
	}
	for _, tt := range []struct{ args, says string }{
		{"liquidity --asset BTX", "/asset unknown_asset"}, {"liquidity --provider kraken", "/provider unknown_provider"},
	} {
		out, talk, code := command(t, append(strings.Fields(tt.args), "--url", p.api)...)
		if code != exitProblem || !strings.Contains(talk, tt.says) || out != "" {
			t.Errorf("%s: exit %d: %s%s, want %q", tt.args, code, out, talk, tt.says)
		}
	}
}

// What a table says of tiers with and without a price, a fee, a name.
func TestPrintLiquidity(t *testing.T) {
	text, age, until := "68001.0", int64(38), "2026-11-23T03:00:05.000000000Z"
	custody := "available"
	usable := wire.Standing{State: "available", Usable: true, CustodyStatus: &custody, AgeMs: &age, ValidUntil: &until}
	gone := wire.Standing{State: "withdrawn", Reason: "by the provider"}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	printLiquidity(w, &wire.Liquidity{Data: []wire.Offer{
		{Provider: "v", Market: "BTC-USD", Standing: usable, Sell: []wire.Tier{
			{Name: "FAST", Min: "1", Max: "2", Price: &text, Mode: "whole", FeeBps: "1.5", FixedFee: &wire.FixedFee{Asset: "USD", Amount: "25.00"}, SettlementMs: 90_000},
		}, Buy: []wire.Tier{{Min: "0", Max: "2", SpreadBps: "5", Reference: "BTC-USD", Mode: "slice", FeeBps: "0"}}},
		{Provider: "w", Market: "BTC-USD", Standing: gone},
	}})
	printProviders(w, &wire.Providers{Data: []wire.Provider{{Name: "v", Pairs: []wire.ProviderPair{
		{Market: "BTC-USD", Standing: usable}, {Market: "ETH-USD", Standing: gone},
	}}}})
	w.Flush()
	for _, want := range []string{
		"v BTC-USD sell FAST 1 2 68001.0 whole 1.5 25.00 USD 1m30s available", "v BTC-USD buy #0 0 2 5 bps off BTC-USD slice 0 - 0s available",
		"w BTC-USD - - - - - - - - - withdrawn: by the provider",
		"v BTC-USD available true 38 ms 2026-11-23T03:00:05.000000000Z", "v ETH-USD unknown false unknown unknown by the provider",
	} {
		if got := strings.Join(strings.Fields(b.String()), " "); !strings.Contains(got, want) {
			t.Errorf("%s\nhas no %s", b.String(), want)
		}
	}
}
