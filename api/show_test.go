package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"chronos.dev/api"
	"chronos.dev/api/wire"
	"chronos.dev/engine"
	"chronos.dev/engine/plan"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Over random books, fees and amounts, what is shown sums and chains to the
// digit, is never better than what the engine found, and is not worse by a unit.
func TestShownAmountsOverRandomBooks(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	priced := 0
	for range 150 {
		e := randomEngine(t, rnd)
		for range 20 {
			assets := e.Assets()
			from, to := rnd.IntN(len(assets)), rnd.IntN(len(assets))
			if from == to {
				continue
			}
			r := engine.Request{Sell: assets[from].Symbol, Buy: assets[to].Symbol}
			amount := money.Amount(rnd.Int64N(int64(1)<<rnd.IntN(40)) + 1)
			unit := money.Pow10(assets[from].EngineScale - assets[from].Scale)
			if r.In = amount * money.Amount(unit); rnd.IntN(3) == 0 {
				r.In, r.Out = 0, amount*money.Amount(money.Pow10(assets[to].EngineScale-assets[to].Scale))
			}
			p, err := api.Indicate(e, r, 1)
			if err != nil {
				if pr := api.ProblemOf(e, r, err); pr.Status != 422 {
					t.Fatalf("%+v: %v is %+v", r, err, pr)
				}
				continue
			}
			priced++
			var body wire.Price
			strict(t, string(api.AppendPrice(nil, p, api.Meta{})), &body)
			checkPrice(t, body)
			notBetter(t, body, p)
		}
	}
	if priced < 500 {
		t.Errorf("only %d prices", priced)
	}
}

func randomEngine(t *testing.T, rnd *rand.Rand) *engine.Engine {
	t.Helper()
	fees := market.Fees{}
	for _, venue := range []string{"a", "b", "c"} {
		fees = append(fees, market.FeeSchedule{Venue: venue, Fee: market.Fee{
			Rate: rnd.Int64N(market.FeeUnit / 50), On: market.FeeOn(rnd.IntN(2)),
		}})
	}
	e, err := engine.New(engine.Options{
		Assets: []market.Asset{asset("BTC", 8, 8), asset("USD", 2, 6), asset("ETH", 6, 9), asset("JPY", 0, 4)},
		Fees:   fees,
	})
	if err != nil {
		t.Fatal(err)
	}
	w := e.Writer()
	for _, venue := range []string{"a", "b", "c"} {
		for _, pair := range []string{"BTC-USD", "ETH-BTC", "ETH-USD", "USD-JPY", "BTC-JPY"} {
			if rnd.IntN(3) == 0 {
				continue
			}
			ev := market.Event{Kind: market.Snapshot, Epoch: 1, Seq: 1, RecvTime: 1}
			mid := rnd.Int64N(1_000_000) + 1000
			for i := range int64(rnd.IntN(12)) {
				ev.Levels = append(ev.Levels, randomLevel(rnd, market.Bid, mid-i-1), randomLevel(rnd, market.Ask, mid+i))
			}
			if err := w.Apply(key(venue, pair), &ev); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.Flush(1)
	return e
}

func randomLevel(rnd *rand.Rand, side market.Side, price int64) market.Level {
	return market.Level{
		Side: side, Price: money.Num{Coef: price, Scale: 3},
		Size: money.Num{Coef: rnd.Int64N(int64(1)<<rnd.IntN(30)) + 1, Scale: 7},
	}
}

// notBetter compares what is shown with what the engine found.
func notBetter(t *testing.T, body wire.Price, p *engine.Price) {
	t.Helper()
	one := func(a market.Asset, v int64) *big.Rat {
		return new(big.Rat).SetFrac(big.NewInt(v), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(a.EngineScale)), nil))
	}
	unit := func(a market.Asset) *big.Rat { return one(a, money.Pow10(a.EngineScale-a.Scale)) }
	in, out := one(p.Plan.Sell, int64(p.Plan.In)), one(p.Plan.Buy, int64(p.Plan.Out))
	more := new(big.Rat).Sub(rat(t, body.SellAmount), in)
	less := new(big.Rat).Sub(out, rat(t, body.BuyAmount))
	if more.Sign() < 0 || more.Cmp(unit(p.Plan.Sell)) >= 0 || less.Sign() < 0 || less.Cmp(unit(p.Plan.Buy)) >= 0 {
		t.Errorf("shown %s -> %s, found %v -> %v", body.SellAmount, body.BuyAmount, in, out)
	}
}

// What the engine does not make today must be written all the same.
func TestAppendPriceOfOddPlans(t *testing.T) {
	btc, usd := asset("BTC", 8, 8), asset("USD", 2, 6)
	odd := func(change func(*engine.Price)) wire.Price {
		leg := plan.Leg{Key: key("a", "BTC-USD"), Action: plan.Sell, GiveAsset: btc, GetAsset: usd, In: 100, Out: 100, FeeAsset: usd}
		p := &engine.Price{Plan: plan.Plan{
			Sell: btc, Buy: usd, In: 100, Out: 100, Bound: plan.Bound{Method: "m", Amount: math.MaxInt64},
			Routes: []plan.Route{{Legs: []plan.Leg{leg}}},
		}, Mids: []engine.Mid{{Pair: leg.Key.Pair}}, AsOf: 1e9}
		change(p)
		var body wire.Price
		strict(t, string(api.AppendPrice(nil, p, api.Meta{})), &body)
		return body
	}
	p := odd(func(p *engine.Price) { p.Plan.Out, p.Plan.Routes[0].Legs[0].Out = 10_000, 10_000 })
	if p.MidRate != nil || p.SlippageBps != nil || *p.Certificate.GapBps != "9223372036854760000.0000" {
		t.Errorf("no mid and no bound: %+v, gap %s", p, *p.Certificate.GapBps)
	}
	p = odd(func(p *engine.Price) {
		p.Plan.ExactOut, p.Plan.Bound.Amount = true, 0
		p.Plan.Out, p.Plan.Routes[0].Legs[0].Out = 10_000, 10_000
	})
	if p.Certificate.GapBps != nil || p.Certificate.LowerBoundSellAmount != "0.00000000" {
		t.Errorf("a bound of nothing: %+v", p.Certificate)
	}
	p = odd(func(p *engine.Price) {
		crumb := p.Plan.Routes[0]
		crumb.Legs = []plan.Leg{crumb.Legs[0]}
		crumb.Legs[0].In, crumb.Legs[0].Out = 0, 0
		p.Plan.Out, p.Plan.Routes[0].Legs[0].Out = 10_000, 10_000
		p.Plan.Routes = append(p.Plan.Routes, crumb)
	})
	if h := p.Routes[1].Hops[0]; h.AvgPrice != nil || h.SellAmount != "0.00000000" || p.Routes[1].Share != "0.00000000" {
		t.Errorf("a crumb of a route: %+v", p.Routes[1])
	}
}

// A certificate of choices between tiers says all that a plan.Bound does.
func TestAppendPriceOfTiers(t *testing.T) {
	btc, usd := asset("BTC", 8, 8), asset("USD", 2, 6)
	side := key("vault", "BTC-USD")
	leg := plan.Leg{
		Key: side, Action: plan.Sell, GiveAsset: btc, GetAsset: usd, In: 100, Out: 10_000, FeeAsset: usd,
		HasTier: true, TierIndex: 2, Tier: "OVER <10>", Settle: 90 * time.Second,
	}
	leaf := func(tier int, worth uint64) plan.Leaf {
		return plan.Leaf{
			Choices: []plan.Choice{{Key: side, Action: plan.Buy, Tier: tier}}, Sell: worth, Buy: 7,
			Nodes: []plan.Node{{Asset: "ETH", One: worth + 1, Two: worth}},
		}
	}
	p := &engine.Price{Plan: plan.Plan{
		Sell: btc, Buy: usd, In: 100, Out: 10_000, Routes: []plan.Route{{Legs: []plan.Leg{leg}}}, Settle: 90 * time.Second,
		Bound: plan.Bound{Amount: 10_000, Sell: 3, Buy: 4, MaxSettle: time.Hour, Leaves: []plan.Leaf{leaf(-1, 5), leaf(2, 6)}},
	}, AsOf: 1e9}
	var body wire.Price
	strict(t, string(api.AppendPrice(nil, p, api.Meta{})), &body)
	h, c := body.Routes[0].Hops[0], body.Certificate
	if *body.EstTimeMs != 90_000 || *h.Tier != "OVER <10>" || *h.TierIndex != 2 || *c.MaxSettlementMs != 3_600_000 || c.NodePrices != nil {
		t.Errorf("%+v", body)
	}
	got, _ := json.Marshal(c.Leaves)
	want := `[{"decisions":[{"venue":"vault","market":"BTC-USD","side":"buy","tier":null}],` +
		`"node_prices":{"sell":"5","buy":"7","assets":[{"asset":"ETH","one":"6","two":"5"}]}},` +
		`{"decisions":[{"venue":"vault","market":"BTC-USD","side":"buy","tier":2}],` +
		`"node_prices":{"sell":"6","buy":"7","assets":[{"asset":"ETH","one":"7","two":"6"}]}}]`
	if string(got) != want {
		t.Errorf("leaves %s\nwant   %s", got, want)
	}
	p.Plan.Bound.MaxSettle, p.Plan.Bound.Leaves, p.Plan.Routes[0].Legs[0].Tier = time.Nanosecond, nil, ""
	body = wire.Price{}
	strict(t, string(api.AppendPrice(nil, p, api.Meta{})), &body)
	if h := body.Routes[0].Hops[0]; *body.Certificate.MaxSettlementMs != 0 || body.Certificate.NodePrices.Sell != "3" || *h.Tier != "" {
		t.Errorf("what settles at once, proven by one set of prices, in a tier without name: %+v", body)
	}
}

func TestParseAmount(t *testing.T) {
	usd := asset("USD", 2, 6)
	if v, err := api.ParseAmount("12.5", usd); v != 12_500_000 || err != nil {
		t.Errorf("12.5 USD are %d micro-dollars, %v", v, err)
	}
	_, err := api.ParseAmount("12.555", usd)
	var bad *api.AmountError
	if !errors.As(err, &bad) || bad.Code != "amount_scale" || !strings.Contains(err.Error(), "USD has at most 2 decimals.") {
		t.Errorf("error %v", err)
	}
}

func TestEveryResourceRefusesStrangeParameters(t *testing.T) {
	w := newWorld(t, nil)
	for _, path := range api.Routes() {
		path = strings.NewReplacer("{market}", "BTC-USD", "{slug}", "internal").Replace(path)
		if path == "/v1/price" {
			continue
		}
		if api.Method(path) == "post" {
			if a := w.post(path+"?strange=1", "application/json", "{}"); a.status != 400 || !strings.Contains(a.body, `"/"`) {
				t.Errorf("%s with a query: %d %s", path, a.status, a.body)
			}
			continue
		}
		p := w.problem(400, path+"?strange=1")
		if fmt.Sprint(p.Errors[0].Pointer, p.Errors[0].Code, p.Instance) != "/strangeunknown_key"+path {
			t.Errorf("%s: %+v", path, p)
		}
	}
}
