package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"chronos.dev/engine"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// vaultOffer returns an offer of one slice tier a side that ends in a second.
func (r *rig) vaultOffer(k string, seq uint64) *market.Offer {
	side := func(price int64) []market.Tier {
		return []market.Tier{{Max: money.Num{Coef: 10}, Price: money.Num{Coef: price}}}
	}
	return &market.Offer{
		Key: key(k), Seq: seq, Time: r.now, RecvTime: r.now, ValidUntil: r.now + int64(time.Second),
		Sell: side(99), Buy: side(101), Custody: market.Available,
	}
}

// states returns the states of all offers at the rig's clock.
func (r *rig) states() string {
	s := ""
	for _, o := range r.e.Offers(r.now) {
		s += fmt.Sprintf("%s %s;", o.Key, o.State)
		if o.Offer != nil && o.Offer.Key != o.Key {
			r.t.Errorf("the offer of %s is of %s", o.Key, o.Offer.Key)
		}
	}
	return s
}

func TestOffers(t *testing.T) {
	r := newRig(t, engine.Options{})
	w := r.e.Liquidity()
	check := func(want string) {
		t.Helper()
		if got := r.states(); got != want {
			t.Fatalf("offers %q, want %q", got, want)
		}
	}
	check("")
	o := r.vaultOffer("vault-a|BTC-USD", 1)
	if err := w.Admit(o); err != nil {
		t.Fatal(err)
	}
	check("vault-a|BTC-USD withdrawn;") // admitted, and nothing is offered yet
	if err := w.Offer(o); err != nil {
		t.Fatal(err)
	}
	check("vault-a|BTC-USD withdrawn;") // not flushed
	before := r.e.Version()
	w.Flush()
	check("vault-a|BTC-USD available;")
	if got := r.e.Version(); got != before+1 {
		t.Errorf("version %d after %d", got, before)
	}
	w.Flush() // nothing changed
	if got := r.e.Version(); got != before+1 {
		t.Errorf("version %d after a Flush of nothing", got)
	}
	locked := r.vaultOffer("vault-b|ETH-USD", 1)
	locked.Custody = market.Locked
	if err := w.Offer(locked); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	check("vault-a|BTC-USD available;vault-b|ETH-USD locked;")
	r.now = o.ValidUntil - 1
	check("vault-a|BTC-USD available;vault-b|ETH-USD locked;")
	r.now++ // the end is not included
	check("vault-a|BTC-USD expired;vault-b|ETH-USD expired;")
	w.Withdraw(o.Key, "gone", r.now)
	w.Withdraw(key("vault-z|BTC-USD"), "never heard of", r.now)
	check("vault-a|BTC-USD expired;vault-b|ETH-USD expired;")
	w.Flush()
	check("vault-a|BTC-USD withdrawn;vault-b|ETH-USD expired;")
	if got := r.e.Offers(r.now)[0]; got.Usable || got.Reason != "gone" || got.Offer != nil {
		t.Errorf("%+v", got)
	}
	again := r.vaultOffer("vault-a|BTC-USD", 2)
	w.Withdraw(o.Key, "gone", r.now) // and back before anybody saw it
	if err := w.Offer(again); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	check("vault-a|BTC-USD available;vault-b|ETH-USD expired;")
	if got := r.e.Offers(r.now)[0].Offer; got != again {
		t.Errorf("%+v", got)
	}
	if n := len(r.e.Markets(r.now)); n != 0 {
		t.Errorf("%d books, where there are providers only", n)
	}
	if !r.e.KnowsVenue("vault-a") || !r.e.Knows(o.Key) {
		t.Error("nobody knows the provider")
	}
}

// Only an offer that can be used is one, and it offers what its tiers say.
func TestOffersAreUsable(t *testing.T) {
	r := newRig(t, engine.Options{StaleAfter: time.Millisecond})
	w := r.e.Liquidity()
	good := r.vaultOffer("vault-a|BTC-USD", 1)
	spread := r.vaultOffer("vault-b|BTC-USD", 1)
	for _, side := range [][]market.Tier{spread.Sell, spread.Buy} {
		for i := range side {
			side[i].Price, side[i].Reference = money.Num{}, spread.Key.Pair
		}
	}
	for _, o := range []*market.Offer{good, spread} {
		if err := w.Offer(o); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	r.now += int64(time.Second) / 2 // silence ends no offer
	all := r.e.Offers(r.now)
	if !all[0].Usable || all[0].Reason != "" || all[0].Offer != good {
		t.Errorf("%+v", all[0])
	}
	if all[1].Usable || all[1].State != engine.Unpriced || all[1].Reason == "" {
		t.Errorf("%+v", all[1])
	}
	bad := r.vaultOffer("vault-a|BTC-USD", 2)
	bad.Buy[0].Max.Coef = 0
	var tier *market.TierError
	for _, err := range []error{w.Admit(bad), w.Offer(bad)} {
		if !errors.As(err, &tier) || tier.Side != "buy" || tier.Rule != market.RuleRange {
			t.Errorf("an empty tier: %v", err)
		}
	}
	if r.e.Offers(r.now)[0].Offer != good {
		t.Error("a refused offer has taken a place")
	}
}

// A halt outlives offers and withdrawals; the newest offer counts after it.
func TestOffersAreHalted(t *testing.T) {
	r := newRig(t, engine.Options{})
	w := r.e.Liquidity()
	o := r.vaultOffer("vault-a|BTC-USD", 1)
	step := func(want string, do ...func()) {
		t.Helper()
		for _, f := range do {
			f()
		}
		w.Flush()
		if got := r.states(); got != "vault-a|BTC-USD "+want+";" {
			t.Fatalf("%s, want %s", got, want)
		}
	}
	offer := func() {
		if err := w.Offer(o); err != nil {
			t.Fatal(err)
		}
	}
	withdraw := func() { w.Withdraw(o.Key, "gone", r.now) }
	resume := func() { w.Resume(o.Key) }
	halt := func() {
		if !w.Halt(o.Key, "said so", r.now) {
			t.Fatal("nobody to halt")
		}
	}
	if w.Halt(o.Key, "said so", r.now) || w.Resume(o.Key) {
		t.Error("nobody was halted")
	}
	step("available", offer)
	step("available", resume) // of nothing
	step("halted", halt)
	if got := r.e.Offers(r.now)[0]; got.Usable || got.Reason != "said so" {
		t.Errorf("%+v", got)
	}
	step("halted", offer)
	step("available", resume)
	step("halted", halt, withdraw)
	step("withdrawn", resume)
	step("halted", halt, offer)
	step("available", resume)
}

// A name is a venue's with books or a provider's, whoever came first.
func TestNamesAreNotShared(t *testing.T) {
	r := newRig(t, engine.Options{})
	w := r.e.Liquidity()
	r.show("kraken|BTC-USD", 99, 101)
	if err := r.e.Register(key("coinbase|BTC-USD")); err != nil {
		t.Fatal(err)
	}
	if err := w.Offer(r.vaultOffer("vault-a|BTC-USD", 1)); err != nil {
		t.Fatal(err)
	}
	refused := r.e.Stats().Refused
	var name *engine.NameError
	for _, venue := range []string{"kraken", "coinbase"} {
		for _, err := range []error{
			w.Admit(r.vaultOffer(venue+"|BTC-USD", 1)), w.Offer(r.vaultOffer(venue+"|ETH-USD", 1)),
		} {
			if !slices.Contains(r.e.RefusedProviders(), venue) {
				t.Errorf("%s is not among %q", venue, r.e.RefusedProviders())
			}
			if !errors.As(err, &name) || *name != (engine.NameError{Name: venue}) {
				t.Errorf("a provider of the name %s: %v", venue, err)
			}
		}
	}
	for _, err := range []error{
		r.apply("vault-a|BTC-USD", market.Snapshot, nil, nil), r.apply("vault-a|ETH-USD", market.Snapshot, nil, nil),
		r.e.Register(key("vault-a|ETH-USD")), r.w.Halt(key("vault-a|ETH-USD"), "x", r.now),
	} {
		if !errors.As(err, &name) || *name != (engine.NameError{Name: "vault-a", Provider: true}) {
			t.Errorf("a book of the name vault-a: %v", err)
		}
	}
	for _, tt := range []struct {
		err  engine.NameError
		want string
	}{
		{engine.NameError{Name: "a"}, "engine: a is a venue with books, so no treasury provider can have this name"},
		{engine.NameError{Name: "a", Provider: true},
			"engine: a is a treasury provider, so no venue of this name can have books"},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	if got := r.e.Stats().Refused - refused; got != 6 {
		t.Errorf("%d refused, want 4 offers and 2 events", got)
	}
	for _, m := range r.e.Markets(r.now) {
		if m.Key.Venue == "vault-a" {
			t.Errorf("%s is among the books", m.Key)
		}
	}
}

func TestOffersKeepTheLimits(t *testing.T) {
	r := newRig(t, engine.Options{})
	w := r.e.Liquidity()
	var err error
	n := 0
	for ; err == nil && n <= graph.MaxVenues; n++ {
		err = w.Admit(r.vaultOffer(fmt.Sprintf("vault-%d|BTC-USD", n), 1))
	}
	var limit *graph.LimitError
	if !errors.As(err, &limit) || n != graph.MaxVenues+1 {
		t.Errorf("%v after %d providers", err, n)
	}
	self := r.vaultOffer("vault-0|BTC-USD", 1)
	self.Key.Pair.Quote = "BTC"
	if err := w.Admit(self); err == nil {
		t.Error("an asset against itself")
	}
	var owner *engine.OwnerError
	if err := r.e.Liquidity().Admit(r.vaultOffer("vault-0|BTC-USD", 1)); !errors.As(err, &owner) {
		t.Errorf("a second writer: %v", err)
	}
}

// Prices are asked for while offers come and go. The race detector watches.
func TestOffersBesideRequests(t *testing.T) {
	r := newRig(t, engine.Options{})
	r.show("kraken|BTC-USD", 99, 101)
	w := r.e.Liquidity()
	var group sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				r.e.Offers(r.now)
				if n := len(r.e.Markets(r.now)); n != 1 {
					t.Errorf("%d books", n)
				}
			}
		})
	}
	for seq := range uint64(300) {
		o := r.vaultOffer(fmt.Sprintf("vault-%d|BTC-USD", seq%7), seq+1)
		if err := w.Offer(o); err != nil {
			t.Error(err)
		}
		if seq%5 == 0 {
			w.Withdraw(o.Key, "gone", r.now)
		}
		w.Flush()
	}
	close(stop)
	group.Wait()
}
