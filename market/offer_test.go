package market_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"chronos.dev/market"
	"chronos.dev/money"
)

func num(coef int64, scale uint8) money.Num { return money.Num{Coef: coef, Scale: scale} }

var (
	btc = market.Asset{Symbol: "BTC", Scale: 8, EngineScale: 8}
	usd = market.Asset{Symbol: "USD", Scale: 2, EngineScale: 6}
)

// tier is one that keeps all rules, from min to max whole BTC.
func tier(minimum, maximum int64, change ...func(*market.Tier)) market.Tier {
	t := market.Tier{Name: "FAST", Min: num(minimum, 0), Max: num(maximum, 0), Price: num(680010, 1)}
	for _, c := range change {
		c(&t)
	}
	return t
}

func whole(t *market.Tier) { t.Whole = true }

// TestCheck has a row for each rule and each of its edges.
func TestCheck(t *testing.T) {
	spread := func(bps money.Num) func(*market.Tier) {
		return func(t *market.Tier) {
			t.Price, t.Reference, t.SpreadBps = money.Num{}, market.Pair{Base: "BTC", Quote: "USD"}, bps
		}
	}
	price := func(n money.Num) func(*market.Tier) { return func(t *market.Tier) { t.Price = n } }
	fee := func(n money.Num) func(*market.Tier) { return func(t *market.Tier) { t.FeeBps = n } }
	fixed := func(n money.Num, asset string) func(*market.Tier) {
		return func(t *market.Tier) { t.FixedFee, t.FixedFeeAsset = n, asset }
	}
	settle := func(d time.Duration) func(*market.Tier) { return func(t *market.Tier) { t.Settle = d } }
	name := func(s string) func(*market.Tier) { return func(t *market.Tier) { t.Name = s } }
	sizes := func(minimum, maximum money.Num) func(*market.Tier) {
		return func(t *market.Tier) { t.Min, t.Max = minimum, maximum }
	}
	many := func(n int) (side []market.Tier) {
		for i := range n {
			side = append(side, tier(int64(i), int64(i)+1))
		}
		return side
	}
	long := num(1, 19)
	tests := []struct {
		name  string
		tiers []market.Tier
		tier  int
		rule  string // "": all kept
	}{
		{"nothing offered", nil, 0, ""},
		{"as many tiers as there may be", many(64), 0, ""},
		{"one more", many(65), 64, market.RuleCount},

		{"from nothing on", []market.Tier{tier(0, 1)}, 0, ""},
		{"one size, for all of it", []market.Tier{tier(1, 1, whole)}, 0, ""},
		{"one size, for the part between", []market.Tier{tier(1, 1)}, 0, market.RuleRange},
		{"ends before it begins", []market.Tier{tier(2, 1, whole)}, 0, market.RuleRange},
		{"nothing is the most", []market.Tier{tier(0, 0, whole)}, 0, market.RuleRange},
		{"less than nothing", []market.Tier{tier(-1, 1, whole)}, 0, market.RuleRange},
		{"up to less than nothing", []market.Tier{tier(-2, -1, whole)}, 0, market.RuleRange},

		{"neighbours share an end", []market.Tier{tier(0, 1), tier(1, 2)}, 0, ""},
		{"ends are compared as numbers", []market.Tier{tier(0, 1), tier(0, 0, sizes(num(100, 2), num(2, 0)))}, 0, ""},
		{"neighbours share more", []market.Tier{tier(0, 2), tier(1, 3, whole)}, 1, market.RuleOverlap},
		{"by a unit", []market.Tier{tier(0, 1), tier(0, 0, sizes(num(99999999, 8), num(2, 0)))}, 1, market.RuleOverlap},
		{"descending", []market.Tier{tier(5, 6, whole), tier(1, 2, whole)}, 1, market.RuleOverlap},
		{"the third overlaps", []market.Tier{tier(0, 1), tier(1, 3), tier(2, 4, whole)}, 2, market.RuleOverlap},
		{"one size twice", []market.Tier{tier(1, 1, whole), tier(1, 1, whole)}, 0, ""},

		{"a slice behind a gap", []market.Tier{tier(0, 1), tier(2, 3)}, 1, market.RuleGap},
		{"a gap of a unit", []market.Tier{tier(0, 1), tier(0, 0, sizes(num(100000001, 8), num(2, 0)))}, 1, market.RuleGap},
		{"a price for all behind a gap", []market.Tier{tier(0, 1), tier(2, 3, whole)}, 0, ""},
		{"a slice behind a price for all", []market.Tier{tier(1, 2, whole), tier(2, 3)}, 0, ""},
		{"the first slice begins where it likes", []market.Tier{tier(7, 8)}, 0, ""},

		{"no price", []market.Tier{tier(0, 1, price(num(0, 1)))}, 0, market.RulePrice},
		{"a negative price", []market.Tier{tier(0, 1, price(num(-1, 0)))}, 0, market.RulePrice},
		{"the smallest price", []market.Tier{tier(0, 1, price(num(1, 18)))}, 0, ""},
		{"a price finer than that", []market.Tier{tier(0, 1, price(long))}, 0, market.RulePrice},
		{"a reference in place of a price", []market.Tier{tier(0, 1, spread(num(5, 0)))}, 0, ""},
		{"a reference beside a price", []market.Tier{tier(0, 1, spread(num(5, 0)), price(num(1, 0)))}, 0, market.RulePrice},
		{"a reference beside a negative price", []market.Tier{tier(0, 1, spread(num(5, 0)), price(num(-1, 0)))}, 0, market.RulePrice},

		{"a fee of four decimals", []market.Tier{tier(0, 1, fee(num(99999999, 4)))}, 0, ""},
		{"of five, the last of them 0", []market.Tier{tier(0, 1, fee(num(10, 5)))}, 0, ""},
		{"of five", []market.Tier{tier(0, 1, fee(num(1, 5)))}, 0, market.RuleFee},
		{"of all", []market.Tier{tier(0, 1, fee(num(10_000, 0)))}, 0, market.RuleFee},
		{"a fee that is paid to the customer", []market.Tier{tier(0, 1, fee(num(-1, 4)))}, 0, market.RuleFee},
		{"a fee finer than a number", []market.Tier{tier(0, 1, fee(num(0, 19)))}, 0, market.RuleFee},

		{"a spread of four decimals", []market.Tier{tier(0, 1, spread(num(99999999, 4)))}, 0, ""},
		{"of nothing", []market.Tier{tier(0, 1, spread(num(0, 0)))}, 0, ""},
		{"a spread of five", []market.Tier{tier(0, 1, spread(num(1, 5)))}, 0, market.RuleSpread},
		{"a spread of all", []market.Tier{tier(0, 1, spread(num(10_000, 0)))}, 0, market.RuleSpread},
		{"a spread for the customer", []market.Tier{tier(0, 1, spread(num(-1, 0)))}, 0, market.RuleSpread},
		{"a spread off a price", []market.Tier{tier(0, 1, func(t *market.Tier) { t.SpreadBps = num(1, 0) })}, 0, market.RuleSpread},

		{"a fixed fee in base", []market.Tier{tier(0, 1, fixed(num(1, 8), "BTC"))}, 0, ""},
		{"in quote", []market.Tier{tier(0, 1, fixed(num(1, 6), "USD"))}, 0, ""},
		{"of nothing", []market.Tier{tier(0, 1, fixed(num(0, 2), "USD"))}, 0, ""},
		{"in another asset", []market.Tier{tier(0, 1, fixed(num(1, 0), "EUR"))}, 0, market.RuleFixed},
		{"of nothing in another asset", []market.Tier{tier(0, 1, fixed(num(0, 0), "EUR"))}, 0, market.RuleFixed},
		{"in no asset", []market.Tier{tier(0, 1, fixed(num(1, 0), ""))}, 0, market.RuleFixed},
		{"less than nothing", []market.Tier{tier(0, 1, fixed(num(-1, 0), "USD"))}, 0, market.RuleFixed},

		{"the smallest size", []market.Tier{tier(0, 1, sizes(num(0, 8), num(1, 8)))}, 0, ""},
		{"a size finer than the asset", []market.Tier{tier(0, 1, sizes(num(0, 0), num(1, 9)))}, 0, market.RuleSize},
		{"a beginning finer than the asset", []market.Tier{tier(0, 1, sizes(num(1, 9), num(1, 0)))}, 0, market.RuleSize},
		{"finer than a number", []market.Tier{tier(0, 1, sizes(num(0, 0), long))}, 0, market.RuleSize},
		{"the largest size", []market.Tier{tier(0, 1, sizes(num(0, 0), num(math.MaxInt64, 8)))}, 0, ""},
		{"one that does not fit", []market.Tier{tier(0, 1, sizes(num(0, 0), num(math.MaxInt64, 7)))}, 0, market.RuleSize},
		{"a fixed fee finer than the quote", []market.Tier{tier(0, 1, fixed(num(1, 7), "USD"))}, 0, market.RuleSize},
		{"finer than the base", []market.Tier{tier(0, 1, fixed(num(1, 9), "BTC"))}, 0, market.RuleSize},
		{"a fixed fee that does not fit", []market.Tier{tier(0, 1, fixed(num(math.MaxInt64, 5), "USD"))}, 0, market.RuleSize},
		{"finer than a number as a fee", []market.Tier{tier(0, 1, fixed(long, "USD"))}, 0, market.RuleSize},

		{"settled in 30 days", []market.Tier{tier(0, 1, settle(30*24*time.Hour))}, 0, ""},
		{"a millisecond later", []market.Tier{tier(0, 1, settle(30*24*time.Hour+time.Millisecond))}, 0, market.RuleSettle},
		{"settled before", []market.Tier{tier(0, 1, settle(-time.Millisecond))}, 0, market.RuleSettle},
		{"settled in part of a millisecond", []market.Tier{tier(0, 1, settle(time.Microsecond))}, 0, market.RuleSettle},

		{"no name", []market.Tier{tier(0, 1, name(""))}, 0, ""},
		{"a name of 32 characters", []market.Tier{tier(0, 1, name(strings.Repeat("~", 31)+" "))}, 0, ""},
		{"of 33", []market.Tier{tier(0, 1, name(strings.Repeat("A", 33)))}, 0, market.RuleName},
		{"a name with a quote", []market.Tier{tier(0, 1, name(`A"`))}, 0, market.RuleName},
		{"with a backslash", []market.Tier{tier(0, 1, name(`A\`))}, 0, market.RuleName},
		{"with a line feed", []market.Tier{tier(0, 1, name("A\n"))}, 0, market.RuleName},
		{"with an umlaut", []market.Tier{tier(0, 1, name("SCHNÄLL"))}, 0, market.RuleName},
		{"with a delete", []market.Tier{tier(0, 1, name("A\x7f"))}, 0, market.RuleName},

		{"only the second is wrong", []market.Tier{tier(0, 1), tier(1, 2, fee(num(1, 5)))}, 1, market.RuleFee},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			good := []market.Tier{tier(0, 1)}
			for side, o := range map[string]market.Offer{
				"sell": {Sell: tt.tiers, Buy: good}, "buy": {Sell: good, Buy: tt.tiers},
			} {
				err := o.Check(btc, usd)
				var e *market.TierError
				if errors.As(err, &e) != (tt.rule != "") || e != nil && (e.Side != side || e.Tier != tt.tier || e.Rule != tt.rule) {
					t.Errorf("%s: Check = %v; want %s tier %d: %q", side, err, side, tt.tier, tt.rule)
				}
				if e != nil && (e.Detail == "" || !strings.HasPrefix(err.Error(), "market: "+side+" tier ")) {
					t.Errorf("%s: %v", side, err)
				}
			}
		})
	}
}

// TestRefusalSaysWhatWouldDo: whoever sends a tier is told the limit, not only the value.
func TestRefusalSaysWhatWouldDo(t *testing.T) {
	for want, bad := range map[string]market.Tier{
		"min 6, max 5: want":     tier(6, 5),
		"10000 bps: want":        tier(0, 1, func(t *market.Tier) { t.FeeBps = num(10000, 0) }),
		"-2 bps: want":           tier(0, 1, func(t *market.Tier) { t.SpreadBps = num(-2, 0) }),
		"-3: want 0 or more":     tier(0, 1, func(t *market.Tier) { t.FixedFee, t.FixedFeeAsset = num(-3, 0), "USD" }),
		"from 1 to itself: want": tier(1, 1),
	} {
		o := market.Offer{Sell: []market.Tier{bad}}
		if err := o.Check(btc, usd); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check = %v; want %q in it", err, want)
		}
	}
}

// TestUnpriced: all tiers wait, by themselves or with those that they rest on.
func TestUnpriced(t *testing.T) {
	eur, gbp := market.Pair{Base: "EUR", Quote: "USD"}, market.Pair{Base: "GBP", Quote: "USD"}
	against := func(p market.Pair) func(*market.Tier) { return func(t *market.Tier) { t.Reference = p } }
	whole := func(t *market.Tier) { t.Whole = true }
	for _, tt := range []struct {
		sell, buy []market.Tier
		want      market.Pair // zero: not all wait
	}{
		{nil, nil, market.Pair{}},
		{[]market.Tier{tier(0, 1)}, nil, market.Pair{}},
		{[]market.Tier{tier(0, 1)}, []market.Tier{tier(0, 1, against(eur))}, market.Pair{}},
		{[]market.Tier{tier(0, 1, against(eur))}, nil, eur},
		{[]market.Tier{tier(0, 1, against(eur))}, []market.Tier{tier(0, 1, against(gbp))}, gbp},
		{[]market.Tier{tier(0, 1, against(eur)), tier(1, 2)}, nil, eur}, // a slice rests on it
		{[]market.Tier{tier(0, 1, against(eur)), tier(1, 2), tier(2, 3)}, nil, eur},
		{[]market.Tier{tier(0, 1, against(eur)), tier(1, 2, whole)}, nil, market.Pair{}},
		{[]market.Tier{tier(0, 1, against(eur)), tier(1, 2, whole, against(gbp)), tier(2, 3)}, nil, gbp},
		{[]market.Tier{tier(0, 1), tier(1, 2, against(eur))}, nil, market.Pair{}},
	} {
		o := market.Offer{Sell: tt.sell, Buy: tt.buy}
		if p, all := o.Unpriced(); p != tt.want || all != (tt.want != market.Pair{}) {
			t.Errorf("Unpriced = %v, %v of %+v", p, all, o)
		}
	}
}

// TestNamesOfCustodyAndOrigin: what String writes is read again, and nothing else.
func TestNamesOfCustodyAndOrigin(t *testing.T) {
	for c := market.CustodyUnknown; c <= market.Locked; c++ {
		if got, ok := market.ParseCustody(c.String()); !ok || got != c {
			t.Errorf("%s is read as %s, %v", c, got, ok)
		}
	}
	if got, ok := market.ParseCustody("Available"); ok || got != market.CustodyUnknown {
		t.Errorf("Available is read as %s, %v", got, ok)
	}
	for o := market.Venue; o <= market.Simulated; o++ {
		if got, ok := market.ParseOrigin([]byte(o.String())); !ok || got != o {
			t.Errorf("%s is read as %s, %v", o, got, ok)
		}
	}
	if got, ok := market.ParseOrigin([]byte("dream")); ok || got != market.Venue || market.Origin(3).String() != "origin(3)" {
		t.Errorf("dream is read as %s, %v", got, ok)
	}
}
