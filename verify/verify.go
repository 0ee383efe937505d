// Package verify checks a quote against the books, and believes nothing else of
// it. It shares no code with what made the quote: numbers are big integers, JSON
// is read by the standard library, and every rule is written here once more.
//
// A quote is right if its routes can be filled from the levels of the books and
// the tiers of the providers, to the unit, and if no other plan could bring more
// than its bound. The first is a walk through the levels. The second is weak
// duality: for any prices nu >= 0 of the nodes of the layered network S, (a,1),
// (a,2), T with nu(a,1) >= nu(a,2), no plan over routes of at most three hops that
// visit no asset twice turns X into more than
//
//	B = (nu_S*X + sum over all sides of gain) / nu_T
//
// so it is enough to form B again from the prices that the quote names. The gain of
// a book is the sum over its levels of max(0, Out*nu_to - In*nu_from). Of a
// provider's tiers at most one is used, so the gain is that of the best of them,
// or, where a leaf has decided on one, of that one. The leaves of a quote must
// leave no choice out; the weakest of their bounds is the quote's.
//
// B is a bound over the file less the venues that the quote says were excluded and
// what settles later than it says, and over routes of at most max_hops: whether the
// customer asked for that is known to Check alone. What is not in the file is not
// looked at: ages, what was left out and why, confidence.
package verify

import (
	"fmt"
	"math/big"
)

// Failure is one thing that is wrong with a quote.
type Failure struct {
	Code   string // one of the Codes
	Detail string
}

func (f Failure) Error() string { return f.Code + ": " + f.Detail }

// Codes of failures.
const (
	CodeFormat  = "format"  // a file that cannot be read as what it should be
	CodeRequest = "request" // not an answer to what was asked for
	CodeMarket  = "market"  // the books are not those of the quote
	CodeVersion = "version" // a book has moved on since, or has not got there
	CodeDigest  = "digest"  // a book is not what it was
	CodeRoute   = "route"   // a route that leads from one end to the other by no chain
	CodeFill    = "fill"    // more out of a book than its levels give
	CodeSum     = "sum"     // parts that do not make the whole
	CodeShown   = "shown"   // an amount shown that is not the amount in units
	CodeCover   = "cover"   // leaves that do not tell all choices apart, each once
	CodeBound   = "bound"   // a bound that the node prices do not give
)

// Report is what Check found.
type Report struct {
	Failures []Failure // none: the quote is right
	Scope    Scope     // of the bound, as the quote says
}

// Scope is what a bound is over.
type Scope struct {
	MaxHops   int
	Excluded  []string // venues
	MaxSettle *int64   // milliseconds, nil: no limit
}

// Verify checks a quote, the answer to GET /v1/price, against a market file, as
// the admin listener's GET /v1/snapshot writes it, and returns all that is wrong.
func Verify(marketFile, quote []byte) []Failure {
	return Check(marketFile, quote, &Request{}).Failures
}

// Check is Verify for a customer who knows what he asked for.
func Check(marketFile, quote []byte, asked *Request) *Report {
	var m marketDoc
	if err := decode(marketFile, &m, true); err != nil {
		return unread("market file", err)
	}
	b, err := newBooks(&m)
	if err != nil {
		return unread("market file", err)
	}
	c := checker{
		books: b, quote: &quoteDoc{}, excluded: map[string]bool{}, used: map[sideName]bool{},
		fills: map[*side]*fill{},
	}
	if err := decode(quote, c.quote, false); err != nil {
		return unread("quote", err)
	}
	c.sell, c.buy = b.asset(c.quote.SellAsset), b.asset(c.quote.BuyAsset)
	c.scope()
	c.compareRequest(asked)
	for _, stage := range []func(){c.sides, c.routes, c.take, c.figures} {
		if len(c.failures) == 0 {
			stage()
		}
	}
	q := &c.quote.Certificate
	return &Report{c.failures, Scope{q.MaxHops, q.VenuesExcluded, q.MaxSettle}}
}

// figures checks all that can only be formed of fills that are right.
func (c *checker) figures() {
	c.checkFees()
	c.shown()
	c.rates()
	c.bound()
}

func unread(what string, err error) *Report {
	return &Report{Failures: []Failure{{CodeFormat, what + ": " + err.Error()}}}
}

type checker struct {
	books     *books
	quote     *quoteDoc
	sell, buy asset
	excluded  map[string]bool   // venues
	used      map[sideName]bool // that the quote names
	legs      [][]leg           // by route and hop
	fills     map[*side]*fill
	failures  []Failure
}

func (c *checker) fail(code, format string, args ...any) {
	c.failures = append(c.failures, Failure{code, fmt.Sprintf(format, args...)})
}

func (c *checker) same(code, what string, got, want *big.Int) {
	if got.Cmp(want) != 0 {
		c.fail(code, "%s: %v, not %v", what, want, got)
	}
}
