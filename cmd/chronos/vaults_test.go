package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chronos.dev/engine"
	"chronos.dev/feed"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// deskRig is the way from read offers into an engine.
type deskRig struct {
	*vaults
	t *testing.T
	e *engine.Engine
}

func newDeskRig(t *testing.T) *deskRig {
	t.Helper()
	e, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &deskRig{newVaults(e, slog.New(slog.DiscardHandler)), t, e}
}

var usd = market.Pair{Base: "BTC", Quote: "USD"}

// offerOf returns an offer of one tier that ends in a minute.
func offerOf(provider string, seq uint64) *market.Offer {
	now := time.Now()
	return &market.Offer{
		Key: market.Key{Venue: provider, Pair: usd}, Seq: seq, Time: now.UnixNano(), RecvTime: now.UnixNano(),
		ValidUntil: now.Add(time.Minute).UnixNano(), Custody: market.Available,
		Sell: []market.Tier{{Max: money.Num{Coef: 10}, Price: money.Num{Coef: 68000}}},
	}
}

func spreadOf(provider string, seq uint64) *market.Offer {
	o := offerOf(provider, seq)
	o.Sell[0].Price, o.Sell[0].SpreadBps, o.Sell[0].Reference = money.Num{}, money.Num{Coef: 10}, usd
	return o
}

func (r *deskRig) take(o *market.Offer) {
	r.t.Helper()
	if err := r.Admit(o); err != nil {
		r.t.Fatal(err)
	}
	r.Offer(o)
	r.Flush(time.Now().UnixNano())
}

// is checks the state and the price of the first tier of the only offer.
func (r *deskRig) is(want string) {
	r.t.Helper()
	all := r.e.Offers(time.Now().UnixNano())
	got := all[0].State
	if o := all[0].Offer; all[0].Usable && o != nil {
		got += " " + o.Sell[0].Price.String()
	}
	if got != want {
		r.t.Fatalf("%q (%s), want %q", got, all[0].Reason, want)
	}
}

// A spread follows its reference price, and is not used while there is none.
func TestSpreadsFollowTheirReference(t *testing.T) {
	r := newDeskRig(t)
	r.take(spreadOf("vault-a", 1))
	r.is("unpriced")
	price := func(coef int64, holds time.Duration) {
		now := time.Now()
		r.Reference(&market.Reference{
			Source: "sim", Pair: usd, Price: money.Num{Coef: coef},
			Time: now.UnixNano(), RecvTime: now.UnixNano(), ValidUntil: now.Add(holds).UnixNano(),
		})
		r.Flush(now.UnixNano())
	}
	price(50000, time.Minute)
	r.is("available 49950") // 10 bps off
	price(60000, time.Minute)
	r.is("available 59940")
	r.take(spreadOf("vault-a", 2))
	r.is("available 59940")
	price(70000, 50*time.Millisecond)
	time.Sleep(60 * time.Millisecond)
	r.is("expired") // with its price
	r.Flush(time.Now().UnixNano())
	r.is("unpriced")
	price(40000, time.Minute)
	r.is("available 39960")
	r.Reference(&market.Reference{Source: "sim", Pair: usd})
	r.Flush(time.Now().UnixNano())
	r.is("unpriced")
	r.Withdraw(spreadOf("vault-a", 2).Key, "gone", time.Now().UnixNano())
	price(40000, time.Minute)
	r.is("withdrawn")
	r.take(offerOf("vault-a", 1)) // numbers begin anew
	r.is("available 68000")
	r.Offer(offerOf("vault-a", 1)) // that of a broken promise: it is not used
	r.Flush(time.Now().UnixNano())
	r.is("withdrawn")
	if r.lost.Load() != 1 {
		t.Errorf("%d lost", r.lost.Load())
	}
}

func TestOffersAreRefusedByCode(t *testing.T) {
	r := newDeskRig(t)
	if err := r.e.Register(market.Key{Venue: "kraken", Pair: usd}); err != nil {
		t.Fatal(err)
	}
	code := func(o *market.Offer) string {
		var coded *feed.RecordError
		switch err := r.Admit(o); {
		case errors.As(err, &coded):
			return coded.Code
		case err != nil:
			return feed.CodeBadOffer
		}
		return ""
	}
	empty := offerOf("vault-a", 1)
	empty.Sell[0].Max = money.Num{}
	for want, o := range map[string]*market.Offer{
		feed.CodeNameTaken: offerOf("kraken", 1), feed.CodeBadOffer: empty, "": offerOf("vault-a", 1),
	} {
		if got := code(o); got != want {
			t.Errorf("%s: %q, want %q", o.Key, got, want)
		}
	}
	got := ""
	for n := 0; got == "" && n < graph.MaxVenues; n++ {
		got = code(offerOf(fmt.Sprintf("vault-%d", n), 1))
	}
	if got != feed.CodeTooMany {
		t.Errorf("providers without end: %q", got)
	}
}

func TestOperatorHaltsProvider(t *testing.T) {
	r := newDeskRig(t)
	r.take(offerOf("vault-a", 1))
	key, now := offerOf("vault-a", 1).Key, time.Now().UnixNano()
	if !r.order(haltOrder{key, "halted by an operator: odd prices"}, now) {
		t.Fatal("nobody to halt")
	}
	r.is("halted")
	r.take(offerOf("vault-a", 2))
	r.is("halted")
	if !r.order(haltOrder{key: key}, now) {
		t.Fatal("nobody to resume")
	}
	r.is("available 68000")
	for _, o := range []haltOrder{{market.Key{Venue: "kraken", Pair: usd}, "x"}, {market.Key{Venue: "kraken", Pair: usd}, ""}} {
		if r.order(o, now) {
			t.Errorf("%+v: kraken is no provider", o)
		}
	}
}

// The simulated providers come in through Kafka, beside records by hand, and show
// on the admin listener; a provider can be halted, and one withdraws by a bad record.
func TestAcceptOffers(t *testing.T) {
	t.Parallel()
	p := start(t, "--dev")
	p.await(t, "ready in ")
	metric := func(name string) string {
		_, body := fetch(t, p.admin+"/metrics")
		for _, line := range strings.Split(body, "\n") {
			if rest, ok := strings.CutPrefix(line, name+" "); ok {
				return rest
			}
		}
		return ""
	}
	eventually(t, "four offers of three providers", func() bool {
		return metric(`chronos_offers{state="available"}`) == "4"
	})
	eventually(t, "they are renewed", func() bool { return len(metric(`chronos_offer_records_total{kind="offer"}`)) > 1 })
	for _, kind := range []string{"reference", "offer"} {
		if n := metric(`chronos_offer_records_total{kind="` + kind + `"}`); n == "0" || n == "" {
			t.Errorf("%q records of kind %s", n, kind)
		}
	}
	for _, code := range feed.LiquidityCodes {
		if n := metric(`chronos_offer_records_refused_total{code="` + code + `"}`); n != "0" {
			t.Errorf("%q refused as %s", n, code)
		}
	}
	file := filepath.Join(t.TempDir(), "offers.jsonl")
	lines := `{"provider":"hand-a","asset":"BTC","tiers":[{"size":"1","price":"60000"}],"valid_until":"2100-01-01T00:00:00Z","custody_status":"available"}
hand-b|BTC {"v":1,"provider":"hand-b","asset":"BTC","quote":"EUR","seq":1,"valid_until":"2100-01-01T00:00:00Z","custody_status":"locked"}
{"v":1,"source":"hand","market":"EUR-USD","price":"1.09","valid_until":"2100-01-01T00:00:00Z"}
{"v":1,"provider":"kraken","asset":"BTC","quote":"EUR","seq":1,"valid_until":"2100-01-01T00:00:00Z"}
`
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, talk, code := command(t, "feed", "publish", file, "--kafka", p.kafka); code != 0 {
		t.Fatalf("publish: exit %d: %s", code, talk)
	}
	eventually(t, "the offers by hand", func() bool {
		return metric(`chronos_offers{state="available"}`) == "5" && metric(`chronos_offers{state="locked"}`) == "1" &&
			metric(`chronos_offer_records_refused_total{code="name_taken"}`) == "1"
	})
	r, err := http.Post(p.admin+"/admin/halt?venue=vault-a&market=BTC-USD&reason=test", "", nil)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("halt: %v %v", r, err)
	}
	r.Body.Close()
	eventually(t, "the halt", func() bool { return metric(`chronos_offers{state="halted"}`) == "1" })
}

func TestPublishRefusesOffers(t *testing.T) {
	tests := []struct{ name, line, want string }{
		{"tiers that break a rule", `{"v":1,"provider":"a","asset":"BTC","quote":"USD","seq":1,"valid_until":"2100-01-01T00:00:00Z",` +
			`"sell":[{"max":"0","price":"1","mode":"whole"}]}`, "sell tier 0: range"},
		{"an offer that is over", `{"provider":"a","asset":"BTC","tiers":[],"valid_until":"2020-01-01T00:00:00Z"}`, "valid_until is over"},
		{"an offer of the future", `{"provider":"a","asset":"BTC","tiers":[],"ts":"2100-01-01T00:00:00Z","valid_until":"2101-01-01T00:00:00Z"}`,
			"ts is in the future"},
		{"an offer without a key", `{"provider":"A","asset":"BTC","tiers":[]}`, "bad_key"},
		{"a price that is over", `{"v":1,"source":"a","market":"EUR-USD","price":"1","valid_until":"2020-01-01T00:00:00Z"}`, "valid_until is over"},
		{"a price of nothing", `{"v":1,"source":"a","market":"EUR-USD","price":"0","valid_until":"2100-01-01T00:00:00Z"}`, "refused_number"},
		{"a book with a source is a book", `{"venue":"a","source":"b"}`, "bad_key"},
		{"neither", `{"v":1}`, "bad_key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.jsonl")
			if err := os.WriteFile(file, []byte(tt.line+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := readRecords(file); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
