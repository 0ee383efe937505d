package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"chronos.dev/api/wire"
	"chronos.dev/client"
	"chronos.dev/dump"
	"chronos.dev/engine"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/money/text"
	"chronos.dev/verify"
)

// num is a decimal of a test.
func num(s string) money.Num {
	n, err := text.ParseNum(s)
	if err != nil {
		panic(err)
	}
	return n
}

// whole and slice are tiers of a test.
func whole(from, to, price string) market.Tier {
	return market.Tier{Min: num(from), Max: num(to), Price: num(price), Whole: true}
}

func slice(from, to, price string) market.Tier {
	t := whole(from, to, price)
	t.Whole = false
	return t
}

// offer publishes an offer that holds for five seconds.
func (w *world) offer(lw *engine.LiquidityWriter, o market.Offer) {
	w.t.Helper()
	o.Seq++
	o.RecvTime = w.now.Load()
	o.ValidUntil = o.RecvTime + int64(5*time.Second)
	if err := lw.Offer(&o); err != nil {
		w.t.Fatal(err)
	}
	lw.Flush()
}

// treasury adds a provider of BTC-USD whose whole tiers are better than the books in
// part, one whose custody is locked, one that hangs on a reference price, and one
// that has withdrawn.
func (w *world) treasury() *engine.LiquidityWriter {
	w.t.Helper()
	lw := w.engine.Liquidity()
	instant, standard := whole("0.1", "5", "68003.00"), whole("5", "50", "68002.5")
	instant.Name, instant.FeeBps, instant.Settle = "INSTANT", num("0.10"), time.Minute
	instant.FixedFee, instant.FixedFeeAsset = num("0.125"), "USD"
	standard.Name, standard.Settle = "STANDARD", time.Hour
	far := slice("0", "100", "68200")
	w.offer(lw, market.Offer{
		Key: key("vault-a", "BTC-USD"), Custody: market.Available, Origin: market.Simulated,
		Sell: []market.Tier{instant, standard}, Buy: []market.Tier{far},
	})
	w.offer(lw, market.Offer{
		Key: key("vault-a", "ETH-USD"), Custody: market.Locked, LastLook: true, Sell: []market.Tier{whole("0", "1", "2600")},
	})
	spread := market.Tier{Max: num("1"), SpreadBps: num("5"), Reference: market.Pair{Base: "BTC", Quote: "EUR"}}
	w.offer(lw, market.Offer{Key: key("vault-b", "BTC-EUR"), Custody: market.Available, Sell: []market.Tier{spread}})
	w.offer(lw, market.Offer{Key: key("vault-c", "BTC-USD"), Custody: market.Available, Sell: []market.Tier{far}})
	lw.Withdraw(key("vault-c", "BTC-USD"), "withdrawn by the provider", w.now.Load())
	taken := market.Offer{Key: key("kraken", "BTC-USD"), Custody: market.Available, Sell: []market.Tier{far}}
	var name *engine.NameError
	if err := lw.Admit(&taken); !errors.As(err, &name) {
		w.t.Errorf("an offer in the name of a venue: %v", err)
	}
	lw.Flush()
	return lw
}

// treasury holds answers that providers are in against the document.
func (c *checker) treasury() {
	w := newWorld(c.t, nil)
	w.treasury()
	const q = "/v1/price?sell_asset=BTC&buy_asset=USD&"
	for _, path := range []string{
		"/v1/liquidity", "/v1/providers", q + "sell_amount=2.5", q + "sell_amount=8&max_settlement_ms=60000", q + "buy_amount=200000",
	} {
		c.answer(path, w.get(path))
	}
}

func (w *world) liquidity(query string) []wire.Offer {
	w.t.Helper()
	var l wire.Liquidity
	w.get("/v1/liquidity"+query).decode(w.t, 200, &l)
	if l.GraphVersion != w.engine.Version() {
		w.t.Errorf("graph version %d, want %d", l.GraphVersion, w.engine.Version())
	}
	return l.Data
}

func TestLiquidity(t *testing.T) {
	w := newWorld(t, nil)
	if none := w.liquidity(""); none == nil || len(none) != 0 {
		t.Errorf("without providers: %v", none)
	}
	w.treasury()
	w.now.Add(int64(1500 * time.Millisecond))
	all := w.liquidity("")
	if len(all) != 4 {
		t.Fatalf("%d offers: %+v", len(all), all)
	}
	got, _ := json.Marshal(all[0])
	want := `{"provider":"vault-a","market":"BTC-USD","base":"BTC","quote":"USD","state":"available","usable":true,"reason":"",` +
		`"custody_status":"available","valid_until":"2026-11-23T12:00:05.123456789Z","age_ms":1500,"last_look":false,"simulated":true,` +
		`"sell":[{"name":"INSTANT","reason":"","min":"0.10000000","max":"5.00000000","price":"68003.00","mode":"whole","fee_bps":"0.1",` +
		`"fixed_fee":{"asset":"USD","amount":"0.13"},"settlement_ms":60000},` +
		`{"name":"STANDARD","reason":"","min":"5.00000000","max":"50.00000000","price":"68002.5","mode":"whole","fee_bps":"0","fixed_fee":null,"settlement_ms":3600000}],` +
		`"buy":[{"name":"","reason":"","min":"0.00000000","max":"100.00000000","price":"68200","mode":"slice","fee_bps":"0","fixed_fee":null,"settlement_ms":0}]}`
	if string(got) != want {
		t.Errorf("offer %s\nwant  %s", got, want)
	}
	if l := all[1]; l.Usable || l.State != "locked" || *l.CustodyStatus != "locked" || !*l.LastLook || l.Reason == "" || l.Simulated {
		t.Errorf("locked custody: %+v", l)
	}
	if u := all[2]; u.Usable || u.State != "unpriced" || u.Reason == "" || u.Sell[0].Price != nil || u.Sell[0].SpreadBps != "5" ||
		u.Sell[0].Reference != "BTC-EUR" {
		t.Errorf("without a reference price: %+v", u)
	}
	if x := all[3]; x.Usable || x.State != "withdrawn" || x.Reason != "withdrawn by the provider" || x.CustodyStatus != nil ||
		x.ValidUntil != nil || x.AgeMs != nil || x.LastLook != nil || len(x.Sell)+len(x.Buy) != 0 {
		t.Errorf("withdrawn: %+v", x)
	}
	w.now.Add(int64(3500 * time.Millisecond))
	if x := w.liquidity("")[0]; x.Usable || x.State != "expired" || x.Reason == "" || *x.CustodyStatus != "available" {
		t.Errorf("after valid_until: %+v", x)
	}
}

// An amount at a scale coarser than the engine's is never shown better than it is.
func TestLiquidityRoundsAgainstTheCustomer(t *testing.T) {
	w := newWorld(t, nil)
	odd := whole("10.001001", "19.999999", "0.00001470")
	odd.FixedFee, odd.FixedFeeAsset = num("0.000001"), "USD"
	w.offer(w.engine.Liquidity(), market.Offer{Key: key("v", "USD-BTC"), Custody: market.Available, Buy: []market.Tier{odd}})
	got := w.liquidity("")[0].Buy[0]
	if got.Min != "10.01" || got.Max != "19.99" || *got.Price != "0.00001470" || got.FixedFee.Amount != "0.01" || got.FixedFee.Asset != "USD" {
		t.Errorf("tier %+v", got)
	}
}

func TestLiquidityOfARequest(t *testing.T) {
	w := newWorld(t, nil)
	w.treasury()
	for _, tt := range []struct{ query, want string }{
		{"", "vault-a BTC-USD, vault-a ETH-USD, vault-b BTC-EUR, vault-c BTC-USD"},
		{"?asset=USD", "vault-a BTC-USD, vault-a ETH-USD, vault-c BTC-USD"},
		{"?asset=ETH", "vault-a ETH-USD"},
		{"?asset=DOGE", ""},
		{"?provider=vault-a", "vault-a BTC-USD, vault-a ETH-USD"},
		{"?provider=vault%2Da&asset=BTC", "vault-a BTC-USD"},
		{"?asset=EUR&provider=vault-a", ""},
	} {
		var got []string
		for _, o := range w.liquidity(tt.query) {
			got = append(got, o.Provider+" "+o.Market)
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%s: %s, want %s", tt.query, s, tt.want)
		}
	}
	for _, tt := range []struct{ query, want string }{
		{"asset=BTX", "/asset unknown_asset There is no asset BTX. Near names: BTC."},
		{"asset=", "/asset asset_missing Name an asset, for example BTC."},
		{"provider=kraken", "/provider unknown_provider There is no provider kraken; GET /v1/providers lists all."},
		{"provider=", "/provider unknown_provider There is no provider ; GET /v1/providers lists all."},
		{"provider=vault-a&provider=vault-b", "/provider duplicate_key Send provider once."},
		{"assets=BTC", "/assets unknown_key This resource takes asset, provider."},
		{"asset=%4", "/asset query_encoding A percent sign needs two hexadecimal digits after it."},
	} {
		p := w.problem(400, "/v1/liquidity?"+tt.query)
		if got := fmt.Sprint(p.Errors[0].Pointer, " ", p.Errors[0].Code, " ", p.Errors[0].Detail); got != tt.want {
			t.Errorf("%s: %s\nwant %s", tt.query, got, tt.want)
		}
	}
	if p := w.problem(400, "/v1/liquidity?asset=BTX&provider=x"); len(p.Errors) != 2 {
		t.Errorf("two mistakes, %d told", len(p.Errors))
	}
}

func TestProviders(t *testing.T) {
	w := newWorld(t, nil)
	var none wire.Providers
	w.get("/v1/providers").decode(t, 200, &none)
	if none.Data == nil || len(none.Data) != 0 {
		t.Errorf("without providers: %+v", none)
	}
	w.treasury()
	w.now.Add(int64(250 * time.Millisecond))
	var got wire.Providers
	w.get("/v1/providers").decode(t, 200, &got)
	var shown []string
	for _, p := range got.Data {
		for _, o := range p.Pairs {
			shown = append(shown, fmt.Sprint(p.Name, " ", p.Usable, " ", p.Simulated, " ", o.Market, " ", o.State, " ", o.Usable))
		}
	}
	want := "vault-a 1 true BTC-USD available true; vault-a 1 true ETH-USD locked false; " +
		"vault-b 0 false BTC-EUR unpriced false; vault-c 0 false BTC-USD withdrawn false"
	if s := strings.Join(shown, "; "); s != want {
		t.Errorf("providers %s\nwant      %s", s, want)
	}
	if o := got.Data[0].Pairs[0]; *o.AgeMs != 250 || *o.ValidUntil != "2026-11-23T12:00:05.123456789Z" || *o.CustodyStatus != "available" {
		t.Errorf("pair %+v", o)
	}
	w.problem(400, "/v1/providers?name=vault-a")
	var venues wire.Venues
	w.get("/v1/venues").decode(t, 200, &venues)
	if len(venues.Data) != 3 {
		t.Errorf("a provider is no venue: %+v", venues)
	}
}

// A price through a tier names it and says how long it takes, and what is shown of it
// is what the tier says, by hand.
func TestPriceThroughATier(t *testing.T) {
	w := newWorld(t, nil)
	w.treasury()
	const order = "sell_asset=BTC&buy_asset=USD&sell_amount=5&only_venues=vault-a"
	p := w.price(order)
	checkPrice(t, p)
	h := p.Routes[0].Hops[0]
	// 68002.5 for each of 5 BTC, all of it, is more than 68003 less 0.1 bps and 12.5 cents.
	if p.BuyAmount != "340012.50" || h.Tier == nil || *h.Tier != "STANDARD" || *h.TierIndex != 1 || *p.EstTimeMs != 3_600_000 {
		t.Errorf("cheapest: %s in %d ms by %+v", p.BuyAmount, *p.EstTimeMs, h)
	}
	if p.Certificate.MaxSettlementMs != nil || p.Status != "exact" {
		t.Errorf("certificate %+v", p.Certificate)
	}
	p = w.price(order + "&max_settlement_ms=60000")
	checkPrice(t, p)
	h = p.Routes[0].Hops[0]
	want := new(big.Rat).Mul(big.NewRat(5*68003, 1), big.NewRat(99_999, 100_000)) // less 0.1 bps
	want.Sub(want, big.NewRat(125, 1000))
	if p.BuyAmount != floor2(want) || *h.Tier != "INSTANT" || *h.TierIndex != 0 || *p.EstTimeMs != 60_000 ||
		*p.Certificate.MaxSettlementMs != 60_000 {
		t.Errorf("within a minute: %s, want %s, in %d ms by %+v", p.BuyAmount, floor2(want), *p.EstTimeMs, h)
	}
	p = w.price("sell_asset=BTC&buy_asset=USD&sell_amount=1&exclude_venues=vault-a")
	if h := p.Routes[0].Hops[0]; h.Tier != nil || h.TierIndex != nil || p.EstTimeMs != nil {
		t.Errorf("a book has no tier: %+v", h)
	}
}

// floor2 writes a number down to cents.
func floor2(r *big.Rat) string {
	cents := new(big.Rat).Mul(r, big.NewRat(100, 1))
	n := new(big.Int).Quo(cents.Num(), cents.Denom())
	return new(big.Rat).SetFrac(n, big.NewInt(100)).FloatString(2)
}

func TestClientOfLiquidity(t *testing.T) {
	w := newWorld(t, nil)
	w.treasury()
	c, err := client.New(w.url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	all, err := c.Liquidity(t.Context(), "", "")
	if err != nil || len(all.Data) != 4 {
		t.Errorf("%+v, %v", all, err)
	}
	some, err := c.Liquidity(t.Context(), "BTC", "vault-a")
	if err != nil || len(some.Data) != 1 || some.Data[0].Sell[1].Name != "STANDARD" {
		t.Errorf("%+v, %v", some, err)
	}
	_, err = c.Liquidity(t.Context(), "BTX", "")
	if p := client.AsProblem(err); p == nil || p.Errors[0].Code != "unknown_asset" {
		t.Errorf("an unknown asset: %v", err)
	}
	providers, err := c.Providers(t.Context())
	if err != nil || len(providers.Data) != 3 || providers.Data[0].Usable != 1 {
		t.Errorf("%+v, %v", providers, err)
	}
}

// What is answered through tiers is what the verifier, which shares no code with us,
// finds in the file of the same books and offers.
func TestPricesThroughTiersAreVerified(t *testing.T) {
	w := newWorld(t, nil)
	w.treasury()
	file := dump.Append(nil, w.engine, w.now.Load())
	tiers, leaves := 0, 0
	for _, q := range []string{
		"sell_asset=BTC&buy_asset=USD&sell_amount=", "sell_asset=ETH&buy_asset=USD&sell_amount=",
		"sell_asset=BTC&buy_asset=USD&max_settlement_ms=60000&sell_amount=", "sell_asset=BTC&buy_asset=USD&exclude_venues=kraken&sell_amount=",
		"sell_asset=USD&buy_asset=BTC&buy_amount=", "sell_asset=BTC&buy_asset=USD&max_settlement_ms=1&sell_amount=",
	} {
		for _, amount := range []string{"0.05", "0.1", "1", "4.9", "7.25", "20"} {
			a := w.get("/v1/price?" + q + amount)
			var p wire.Price
			a.decode(t, 200, &p)
			checkPrice(t, p)
			for _, f := range verify.Verify(file, []byte(a.body)) {
				t.Errorf("%s%s: %v", q, amount, f)
			}
			leaves += min(len(p.Certificate.Leaves), 1)
			for _, r := range p.Routes {
				for _, h := range r.Hops {
					if h.Tier != nil {
						tiers++
					}
				}
			}
		}
	}
	if tiers == 0 || leaves == 0 {
		t.Errorf("%d hops with tiers, %d proofs with leaves: nothing was tested", tiers, leaves)
	}
}

// Why an offer is in no price is said in its own words, not in those of books.
func TestOffersLeftOut(t *testing.T) {
	w := newWorld(t, nil)
	w.treasury()
	got := map[string]string{}
	for _, pair := range []string{"sell_asset=BTC&buy_asset=USD", "sell_asset=ETH&buy_asset=USD", "sell_asset=BTC&buy_asset=EUR"} {
		for _, l := range w.price(pair + "&sell_amount=0.5").LeftOut {
			got[l.Venue+" "+l.Market] = l.Reason
		}
	}
	for market, want := range map[string]string{
		"vault-c BTC-USD": "withdrawn", "vault-a ETH-USD": "custody", "vault-b BTC-EUR": "unpriced",
	} {
		if got[market] != want {
			t.Errorf("%s is left out for %q, want %q", market, got[market], want)
		}
	}
}
