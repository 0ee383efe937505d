package api_test

import (
	"math/big"
	"strings"
	"testing"

	"chronos.dev/api/wire"
)

// TestRoutes: the paths are different, in order, none better than the price
// beside them, and what each says of itself holds.
func TestRoutes(t *testing.T) {
	w := newWorld(t, nil)
	ask := func(query string) wire.Routes {
		var r wire.Routes
		w.get("/v1/routes?"+query).decode(t, 200, &r)
		return r
	}
	for _, query := range []string{
		"sell_asset=ETH&buy_asset=USD&sell_amount=20", "sell_asset=USD&buy_asset=ETH&buy_amount=15",
		"sell_asset=EUR&buy_asset=ETH&sell_amount=1000",
	} {
		r := ask(query)
		if r.Optimum.SellAmount != w.price(query).SellAmount || r.Optimum.BuyAmount != w.price(query).BuyAmount {
			t.Errorf("%s: the optimum is not the price", query)
		}
		if len(r.Tradeoffs) != 1 || r.Tradeoffs[0].BuyAmount != r.Optimum.BuyAmount || r.Tradeoffs[0].SellAmount != r.Optimum.SellAmount {
			t.Errorf("%s: no time is spent, so nothing can be faster: %+v", query, r.Tradeoffs)
		}
		checkExplanation(t, &r)
		exactOut := strings.Contains(query, "buy_amount")
		seen := map[string]bool{}
		last := new(big.Rat)
		for _, p := range r.Data {
			path := strings.Join(p.Path, ">")
			if seen[path] || p.Path[0] != r.SellAsset || p.Path[len(p.Path)-1] != r.BuyAsset {
				t.Errorf("%s: path %s", query, path)
			}
			seen[path] = true
			best, got := rat(t, r.Optimum.BuyAmount), rat(t, p.BuyAmount)
			behind := new(big.Rat).Sub(best, got)
			if exactOut {
				best, got = rat(t, r.Optimum.SellAmount), rat(t, p.SellAmount)
				behind.Sub(got, best)
			}
			bps := rat(t, p.BehindBps)
			if bps.Cmp(last) < 0 || behind.Sign() < 0 {
				t.Errorf("%s: %s is %s bps behind, after %s", query, path, p.BehindBps, last.FloatString(4))
			}
			last = bps
			behind.Quo(behind, best).Mul(behind, big.NewRat(10_000, 1)).Sub(behind, bps)
			if behind.Abs(behind).Cmp(big.NewRat(1, 100)) > 0 {
				t.Errorf("%s: %s says %s bps behind", query, path, p.BehindBps)
			}
			for _, route := range p.Routes {
				chain := p.Path[0]
				for _, h := range route.Hops {
					chain += ">" + h.BuyAsset
				}
				if chain != path {
					t.Errorf("%s: a route %s of path %s", query, chain, path)
				}
			}
		}
		for _, v := range r.Venues {
			without := w.get("/v1/price?" + query + "&exclude_venues=" + v.Venue)
			if (without.status == 200) != (v.RegretBps != nil) {
				t.Errorf("%s: without %s status %d, regret %v", query, v.Venue, without.status, v.RegretBps)
			}
		}
		if len(r.Venues) == 0 || len(r.Data) == 0 || len(ask(query+"&paths=1").Data) != 1 || len(ask(query+"&max_hops=2").Data) > len(r.Data) {
			t.Errorf("%s: %d paths", query, len(r.Data))
		}
	}
	if p := w.problem(400, "/v1/routes?sell_asset=BTC&buy_asset=USD&sell_amount=1&paths=6"); p.Errors[0].Pointer != "/paths" {
		t.Errorf("six paths: %+v", p)
	}
	if p := w.problem(422, "/v1/routes?sell_asset=DOGE&buy_asset=USD&sell_amount=1"); p.Reason != "disconnected" {
		t.Errorf("no path: %+v", p)
	}
}

// checkExplanation: every side that is used is explained, the next unit brings no
// more than the mean did, and only what is used up is short.
func checkExplanation(t *testing.T, r *wire.Routes) {
	t.Helper()
	if len(r.Explain.Sides) != len(r.Optimum.Certificate.Sides) || r.Explain.MarginalRate == nil {
		t.Fatalf("explained %+v", r.Explain)
	}
	if rat(t, *r.Explain.MarginalRate).Cmp(new(big.Rat).Mul(rat(t, r.Optimum.Rate), big.NewRat(1_000_001, 1_000_000))) > 0 {
		t.Errorf("the next unit brings %s, the mean is %s", *r.Explain.MarginalRate, r.Optimum.Rate)
	}
	for _, u := range r.Explain.Sides {
		if u.LevelsUsed < 1 || u.LevelsUsed > u.Levels || u.LastRate == nil || u.ShadowBps == nil {
			t.Errorf("explained %+v", u)
		} else if u.LastLevelLeft && rat(t, *u.ShadowBps).Sign() != 0 {
			t.Errorf("what is left has a shadow price: %+v", u)
		}
	}
}
