package engine_test

import (
	"strings"
	"testing"

	"chronos.dev/engine"
	"chronos.dev/market"
	"chronos.dev/money"
)

// A tier that is in no price says why, where its offer is in prices.
func TestWhyATierIsLeftOut(t *testing.T) {
	r := newRig(t, engine.Options{})
	w := r.e.Liquidity()
	o := r.vaultOffer("vault-a|BTC-USD", 1)
	good := o.Sell[0]
	good.Min, good.Max, good.Whole = money.Num{}, money.Num{Coef: 1}, true
	waits, rests, eaten := good, good, good
	waits.Min, waits.Max, waits.Price = money.Num{Coef: 1}, money.Num{Coef: 2}, money.Num{}
	waits.Reference = market.Pair{Base: "BTC", Quote: "EUR"}
	rests.Min, rests.Max, rests.Whole = money.Num{Coef: 2}, money.Num{Coef: 3}, false
	eaten.Min, eaten.Max = money.Num{Coef: 3}, money.Num{Coef: 4}
	eaten.FixedFee, eaten.FixedFeeAsset = money.Num{Coef: 1_000_000_000}, "USD"
	o.Sell, o.Buy = []market.Tier{good, waits, rests, eaten}, []market.Tier{eaten}
	if err := w.Offer(o); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	s := r.e.Offers(r.now)[0]
	for i, want := range []string{"", "no reference price of BTC-EUR", "no reference price of BTC-EUR", "nothing is left of it"} {
		if got := s.Tier(true, i); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("tier %d: %q, want %q", i, got, want)
		}
	}
	if got := s.Tier(false, 0); got != "" {
		t.Errorf("a customer who buys pays the fee: %q", got)
	}
	w.Halt(o.Key, "odd prices", r.now)
	w.Flush()
	if s := r.e.Offers(r.now)[0]; s.State != engine.Halted || s.Usable || s.Tier(true, 0) != "" {
		t.Errorf("%+v", s)
	}
}

// A first offer that breaks a rule leaves word of it.
func TestARefusedFirstOfferIsShown(t *testing.T) {
	r := newRig(t, engine.Options{})
	w := r.e.Liquidity()
	o := r.vaultOffer("vault-a|BTC-USD", 1)
	o.Sell[0].Max = money.Num{}
	if err := w.Admit(o); err == nil {
		t.Fatal("admitted")
	}
	w.Flush()
	s := r.e.Offers(r.now)[0]
	if s.Usable || s.State != engine.Withdrawn || !strings.HasPrefix(s.Reason, "refused: sell tier 0: range: ") {
		t.Errorf("%+v", s)
	}
}
