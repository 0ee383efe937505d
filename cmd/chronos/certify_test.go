package main

import (
	"strings"
	"testing"
)

// TestVerify: what a customer has asked for is compared with the price, and what he
// does not say is printed.
func TestVerify(t *testing.T) {
	t.Parallel()
	file := writeFile(t, triangle)
	order := []string{"--sell", "ETH", "--buy", "BTC", "--sell-amount", "5"}
	quote, talk, code := command(t, append(append([]string{"route", "--market", file}, order...), "-o", "json")...)
	if code != 0 {
		t.Fatalf("route: exit %d: %s", code, talk)
	}
	price := writeFile(t, quote)
	const fills = "verified: the books fill it, and no plan can beat its bound\n"
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string // all of the output, or a part of the error
	}{
		{"nothing said", nil, exitOK, fills + "  max_hops 3, as the quote says\n" +
			"  venues_excluded none, as the quote says\n  max_settlement_ms none, as the quote says\n"},
		{"all said", append(order, "--max-hops", "3", "--exclude-venues", "", "--max-settlement", "0"), exitOK, fills},
		{"quiet", []string{"-q"}, exitOK, ""},
		{"fewer hops", []string{"--max-hops", "2"}, exitFailed, "2 were asked for"},
		{"a venue excluded", []string{"--exclude-venues", "kraken"}, exitFailed, "kraken is not excluded"},
		{"one venue only", []string{"--only-venues", "kraken"}, exitFailed, "gemini is not excluded"},
		{"a limit", []string{"--max-settlement", "5ms"}, exitFailed, "5 were asked for"},
		{"a limit by its old name", []string{"--max-settlement-ms", "5"}, exitFailed, "5 were asked for"},
		{"another amount", []string{"--sell-amount", "6"}, exitFailed, "not exactly 6 are sold"},
		{"the other amount", []string{"--buy-amount", "6"}, exitFailed, "not exactly 6 are bought"},
		{"two amounts", []string{"--sell-amount", "5", "--buy-amount", "6"}, exitUsage, "sell-amount"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, talk, code := command(t, append(append([]string{"verify", "--market", file}, tt.args...), price)...)
			if code != tt.code || tt.code == exitOK && out != tt.want || !strings.Contains(out+talk, tt.want) {
				t.Errorf("exit %d: %s%s; want %d: %s", code, out, talk, tt.code, tt.want)
			}
		})
	}
}
