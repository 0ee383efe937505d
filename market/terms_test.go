package market

import (
	"testing"
	"time"

	"chronos.dev/money"
)

func TestTerms(t *testing.T) {
	pair := Pair{"BTC", "USD"}
	fee := money.Num{Coef: 2, Scale: 4}
	table := TermsTable{
		Lines: []TermsLine{
			{Venue: "a", Pair: &pair, Settle: time.Second, MinSize: fee},
			{Venue: "a", Settle: time.Hour},
		},
		Withdrawals: []Withdrawal{{"a", "BTC", fee}, {"b", "USD", fee}},
	}
	tests := []struct {
		name string
		key  Key
		want Terms
	}{
		{"a line for the market beats one for the venue", Key{"a", pair}, Terms{Settle: time.Second, MinSize: fee, WithdrawBase: fee}},
		{"a line for the venue is for its other markets", Key{"a", Pair{"ETH", "USD"}}, Terms{Settle: time.Hour}},
		{"a withdrawal counts where the asset is the quote", Key{"a", Pair{"ETH", "BTC"}}, Terms{Settle: time.Hour, WithdrawQuote: fee}},
		{"no line is no terms", Key{"c", pair}, Terms{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := table.Of(tt.key); got != tt.want {
				t.Errorf("Of(%v) = %+v, want %+v", tt.key, got, tt.want)
			}
		})
	}
}
