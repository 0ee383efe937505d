package market

import (
	"time"

	"chronos.dev/money"
)

// Custody says whether what a provider offers can be moved now. Only Available
// is used in a price.
type Custody uint8

// The zero Custody is CustodyUnknown.
const (
	CustodyUnknown Custody = iota
	Available
	Degraded
	Locked
)

var custodyNames = [...]string{"unknown", "available", "degraded", "locked"}

// String returns "unknown", "available", "degraded" or "locked".
func (c Custody) String() string { return custodyNames[c] }

// ParseCustody reads what String writes.
func ParseCustody(s string) (Custody, bool) {
	for i, name := range custodyNames {
		if s == name {
			return Custody(i), true
		}
	}
	return CustodyUnknown, false
}

// Tier is what a provider offers for a range of sizes.
type Tier struct {
	Name     string    // INSTANT, FAST, STANDARD, BATCH, SETTLEMENT or the provider's own
	Min, Max money.Num // of the base, both included
	Price    money.Num // in quote for one of the base, before fees
	// SpreadBps is off the price of Reference, against the customer, where Reference
	// is not the zero Pair; there is no Price then.
	SpreadBps money.Num
	Reference Pair
	// Whole is a price for all of the size; else it is one for the part of it between
	// Min and Max, and the tier that ends at Min has the rest.
	Whole  bool
	FeeBps money.Num // of the quote amount
	// FixedFee is paid once if the tier is used, in FixedFeeAsset: base or quote.
	FixedFee      money.Num
	FixedFeeAsset string
	Settle        time.Duration // until the customer has what was bought
}

// Offer is what a treasury provider offers for one pair, until the next one.
type Offer struct {
	Key        Key // the provider stands where the venue does for a book
	Seq        uint64
	Time       int64 // the provider's clock, Unix nanoseconds
	RecvTime   int64 // ours
	ValidUntil int64 // Unix nanoseconds
	// Sell are tiers for a customer who sells the base, Buy for one who buys it, each
	// by ascending Min.
	Sell, Buy []Tier
	LastLook  bool // the provider may still refuse
	Custody   Custody
	Origin    Origin
}
