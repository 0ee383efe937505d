package market

import (
	"strings"
	"testing"
	"time"

	"chronos.dev/money"
)

func TestSideAndFeeOnNames(t *testing.T) {
	tests := []struct{ name, got, want string }{
		{"bid", Bid.String(), "bid"},
		{"ask", Ask.String(), "ask"},
		{"a forgotten side is visible", Side(0).String(), "side(0)"},
		{"a fee on what is received", FeeReceived.String(), "received"},
		{"a fee on the quote", FeeQuote.String(), "quote"},
		{"a record key", Key{"kraken", Pair{"BTC", "USD"}}.String(), "kraken|BTC-USD"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %q, want %q", tt.got, tt.want)
			}
		})
	}
}

func TestParsePair(t *testing.T) {
	longest := strings.Repeat("A", MaxSymbol)
	tests := []struct {
		name, in string
		want     Pair
		ok       bool
	}{
		{"two symbols", "BTC-USD", Pair{"BTC", "USD"}, true},
		{"digits are part of a symbol", "1INCH-USD2", Pair{"1INCH", "USD2"}, true},
		{"the longest symbol", longest + "-USD", Pair{longest, "USD"}, true},
		{"one letter more", longest + "A-USD", Pair{}, false},
		{"no dash", "BTCUSD", Pair{}, false},
		{"two dashes", "BTC-USD-PERP", Pair{}, false},
		{"no base", "-USD", Pair{}, false},
		{"no quote", "BTC-", Pair{}, false},
		{"an asset against itself", "BTC-BTC", Pair{}, false},
		{"lower case", "btc-usd", Pair{}, false},
		{"a key's separator", "BTC|X-USD", Pair{}, false},
		{"not ASCII", "BTC-ÜSD", Pair{}, false},
		{"empty", "", Pair{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParsePair(tt.in)
			if got != tt.want || (err == nil) != tt.ok {
				t.Errorf("ParsePair(%q) = %v, %v; want %v, ok %v", tt.in, got, err, tt.want, tt.ok)
			}
			if tt.ok && got.String() != tt.in {
				t.Errorf("ParsePair(%q) is written %s", tt.in, got)
			}
			if err != nil && !strings.Contains(err.Error(), "market: ") {
				t.Errorf("error %q does not name the package", err)
			}
		})
	}
}

func FuzzParsePair(f *testing.F) {
	f.Add("BTC-USD")
	f.Add("BTC-USD-220527")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePair(s)
		if err == nil && (p.String() != s || !ValidSymbol(p.Base) || !ValidSymbol(p.Quote)) {
			t.Errorf("ParsePair(%q) = %v", s, p)
		}
	})
}

func TestValidVenue(t *testing.T) {
	tests := []struct {
		name, in string
		want     bool
	}{
		{"letters", "kraken", true},
		{"a low line", "binance_us", true},
		{"a dash and digits", "gate-io2", true},
		{"the longest", strings.Repeat("a", MaxSymbol), true},
		{"one letter more", strings.Repeat("a", MaxSymbol+1), false},
		{"begins with a digit", "1inch", false},
		{"begins with a low line", "_x", false},
		{"begins with a dash", "-x", false},
		{"upper case", "Kraken", false},
		{"a key's separator", "a|b", false},
		{"a dot", "a.b", false},
		{"empty", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ValidVenue(tt.in); got != tt.want {
				t.Errorf("ValidVenue(%q) = %v, want %v", tt.in, got, tt.want)
			}
		})
	}
}

func TestFeeBps(t *testing.T) {
	tests := []struct {
		name string
		bps  money.Num
		want int64
		ok   bool
	}{
		{"26 bps are 0.26 %", money.Num{Coef: 26}, 260_000, true},
		{"four decimals count", money.Num{Coef: 1, Scale: 4}, 1, true},
		{"zeros behind them do not", money.Num{Coef: 10, Scale: 5}, 1, true},
		{"a fifth is refused", money.Num{Coef: 1, Scale: 5}, 0, false},
		{"nothing", money.Num{}, 0, true},
		{"the largest", money.Num{Coef: 99999999, Scale: 4}, FeeUnit - 1, true},
		{"all of it is refused", money.Num{Coef: 10000}, 0, false},
		{"a rebate is refused", money.Num{Coef: -1}, 0, false},
		{"what does not fit is refused", money.Num{Coef: 1e18}, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := FeeBps(tt.bps, FeeQuote)
			if got.Rate != tt.want || (err == nil) != tt.ok || tt.ok && got.On != FeeQuote {
				t.Errorf("FeeBps(%s) = %v, %v; want rate %d, ok %v", tt.bps, got, err, tt.want, tt.ok)
			}
		})
	}
}

func day(d int) time.Time { return time.Date(2021, time.April, d, 0, 0, 0, 0, time.UTC) }

// TestFeesNextChange: between two changes the fee is one and the same, and the
// days of the table are all that there are.
func TestFeesNextChange(t *testing.T) {
	btc, eth := Pair{"BTC", "USD"}, Pair{"ETH", "USD"}
	fees := Fees{
		{Venue: "kraken", Fee: Fee{Rate: 26}},
		{Venue: "kraken", Fee: Fee{Rate: 25}, From: day(10), Until: day(20)},
		{Venue: "kraken", Pair: &btc, Fee: Fee{Rate: 16}, From: day(5)},
		{Venue: "gemini", Fee: Fee{Rate: 35}, From: day(11), Until: day(21)},
	}
	tests := []struct {
		key  Key
		at   time.Time
		want time.Time // zero: never
	}{
		{Key{"kraken", eth}, day(1), day(10)},
		{Key{"kraken", eth}, day(10), day(20)},
		{Key{"kraken", eth}, day(10).Add(-1), day(10)},
		{Key{"kraken", eth}, day(20), time.Time{}},
		{Key{"kraken", btc}, day(1), day(5)},
		{Key{"kraken", btc}, day(5), day(10)},
		{Key{"gemini", btc}, day(1), day(11)},
		{Key{"bitstamp", btc}, day(1), time.Time{}},
	}
	for _, tt := range tests {
		got, ok := fees.NextChange(tt.key, tt.at)
		if !got.Equal(tt.want) || ok == tt.want.IsZero() {
			t.Errorf("NextChange(%v, %v) = %v, %v; want %v", tt.key, tt.at, got, ok, tt.want)
		}
	}
}

func TestFeesAt(t *testing.T) {
	btc, eth := Pair{"BTC", "USD"}, Pair{"ETH", "USD"}
	fee := func(rate int64) Fee { return Fee{Rate: rate} }
	fees := Fees{
		{Venue: "kraken", Fee: fee(26)},
		{Venue: "kraken", Fee: fee(25), From: day(10), Until: day(20)},
		{Venue: "kraken", Pair: &btc, Fee: fee(16), From: day(5)},
		{Venue: "kraken", Pair: &btc, Fee: fee(15), From: day(15)},
		{Venue: "kraken", Pair: &btc, Fee: fee(14), From: day(12)}, // an earlier line, listed later
		{Venue: "gemini", Fee: fee(35), From: day(10), Until: day(20)},
	}
	tests := []struct {
		name string
		key  Key
		at   time.Time
		want int64 // -1: none
	}{
		{"an open line always holds", Key{"kraken", eth}, time.Unix(0, 0), 26},
		{"a line holds from its first instant", Key{"kraken", eth}, day(10), 25},
		{"the line that began last wins", Key{"kraken", eth}, day(19), 25},
		{"a line does not hold at its end", Key{"kraken", eth}, day(20), 26},
		{"the pair beats the venue", Key{"kraken", btc}, day(11), 16},
		{"the pair's last line wins, wherever it stands", Key{"kraken", btc}, day(16), 15},
		{"the pair's line of that time", Key{"kraken", btc}, day(13), 14},
		{"before the pair's first line the venue's holds", Key{"kraken", btc}, day(4), 26},
		{"before the first line there is none", Key{"gemini", btc}, day(10).Add(-1), -1},
		{"after the last line there is none", Key{"gemini", btc}, day(20), -1},
		{"another venue's line is not taken", Key{"bitstamp", btc}, day(11), -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := fees.At(tt.key, tt.at)
			if ok != (tt.want >= 0) || ok && got.Rate != tt.want {
				t.Errorf("At(%v, %v) = %v, %v; want %d", tt.key, tt.at, got, ok, tt.want)
			}
		})
	}
}
