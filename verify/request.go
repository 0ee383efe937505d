package verify

import (
	"math/big"
	"slices"
)

// Request is what a customer has asked for, as far as he says. The zero Request
// says nothing.
type Request struct {
	SellAsset, BuyAsset   string
	SellAmount, BuyAmount string // decimals, at most one of them
	MaxHops               int    // 0: not said
	Venues                *Venues
	// MaxSettle is the limit of settlement in milliseconds; 0: there was to be none,
	// nil: not said.
	MaxSettle *int64
}

// Venues says which venues were to be used: those of Only, or all if it is empty,
// less those of Exclude.
type Venues struct{ Only, Exclude []string }

func (v *Venues) bars(name string) bool {
	return len(v.Only) > 0 && !slices.Contains(v.Only, name) || slices.Contains(v.Exclude, name)
}

// compareRequest checks that the quote is the answer to what was asked for.
func (c *checker) compareRequest(r *Request) {
	q, u := c.quote, &c.quote.Certificate
	differs := func(what, got, want string) {
		if want != "" && got != want {
			c.fail(CodeRequest, "%s is %.40q in the quote, %.40q was asked for", what, got, want)
		}
	}
	differs("sell_asset", q.SellAsset, r.SellAsset)
	differs("buy_asset", q.BuyAsset, r.BuyAsset)
	c.asked("sold", r.SellAmount, c.sell, u.SellUnits.int(), !u.ExactOut)
	c.asked("bought", r.BuyAmount, c.buy, u.BuyUnits.int(), u.ExactOut)
	if r.MaxHops != 0 && r.MaxHops != u.MaxHops {
		c.fail(CodeRequest, "the bound is over routes of %d hops, %d were asked for", u.MaxHops, r.MaxHops)
	}
	if r.MaxSettle != nil && *r.MaxSettle != orZeroLimit(u.MaxSettle) {
		c.fail(CodeRequest, "the bound is over what settles within %d ms, %d were asked for (0: any time)",
			orZeroLimit(u.MaxSettle), *r.MaxSettle)
	}
	if r.Venues != nil {
		c.askedVenues(r.Venues)
	}
}

func orZeroLimit(limit *int64) int64 {
	if limit == nil {
		return 0
	}
	return *limit
}

// asked compares an amount, which was to be exactly that.
func (c *checker) asked(what, amount string, a asset, units *big.Int, exact bool) {
	if amount == "" {
		return
	}
	if want, err := a.units(amount); err != nil {
		c.fail(CodeRequest, "what was to be %s: %v", what, err)
	} else if !exact || want.Cmp(units) != 0 {
		c.fail(CodeRequest, "not exactly %.40s are %s", amount, what)
	}
}

// askedVenues compares the venues that are left out with those that were to be.
func (c *checker) askedVenues(v *Venues) {
	for name := range c.excluded {
		if !v.bars(name) {
			c.fail(CodeRequest, "%s is excluded, which was not asked for", name)
		}
	}
	seen := map[string]bool{}
	for _, s := range c.books.sides {
		if !seen[s.Venue] && v.bars(s.Venue) && !c.excluded[s.Venue] {
			c.fail(CodeRequest, "%s is not excluded, which was asked for", s.Venue)
		}
		seen[s.Venue] = true
	}
}
