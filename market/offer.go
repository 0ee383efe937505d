package market

import (
	"fmt"
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

// Limits of an Offer.
const (
	MaxTiers    = 64 // a side
	MaxTierName = 32 // bytes
	MaxSettle   = 30 * 24 * time.Hour
)

// Rules of a TierError.
const (
	RuleCount   = "count"      // at most MaxTiers a side
	RuleRange   = "range"      // 0 <= Min <= Max, 0 < Max; a slice has Min < Max
	RuleOverlap = "overlap"    // ascending; neighbours share an end point at most
	RuleGap     = "gap"        // a slice begins where the tier before it ends
	RulePrice   = "price"      // above 0; none beside a Reference
	RuleFee     = "fee"        // 0 to 9999.9999 bps, at most 4 decimals
	RuleSpread  = "spread"     // 0 to 9999.9999 bps, at most 4 decimals; with a Reference only
	RuleFixed   = "fixed_fee"  // not negative, in base or quote
	RuleSize    = "size"       // sizes and fixed fees are whole minor units and fit an Amount
	RuleSettle  = "settlement" // 0 to MaxSettle, in whole milliseconds
	RuleName    = "name"       // at most MaxTierName printable ASCII characters, no quote, no backslash
)

// TierError reports the first tier of an Offer that breaks a rule. The cure is with
// the provider: correct that tier and send the offer again under the next Seq. No
// part of the offer may be used until then, nor of the one before.
type TierError struct {
	Side   string // "sell" or "buy"
	Tier   int    // place in the list
	Rule   string // one of the Rule constants
	Detail string
}

func (e *TierError) Error() string {
	return fmt.Sprintf("market: %s tier %d: %s: %s", e.Side, e.Tier, e.Rule, e.Detail)
}

// Check reports whether the tiers of o keep all rules, where base and quote are the
// assets of its pair. The error is a *TierError. Key, times and custody are not
// looked at.
func (o *Offer) Check(base, quote Asset) error {
	if e := checkTiers(o.Sell, base, quote); e != nil {
		e.Side = "sell"
		return e
	}
	if e := checkTiers(o.Buy, base, quote); e != nil {
		e.Side = "buy"
		return e
	}
	return nil
}

func checkTiers(tiers []Tier, base, quote Asset) *TierError {
	if len(tiers) > MaxTiers {
		detail := fmt.Sprintf("%d tiers, at most %d", len(tiers), MaxTiers)
		return &TierError{Tier: MaxTiers, Rule: RuleCount, Detail: detail}
	}
	for i := range tiers {
		rule, detail := tiers[i].check(base, quote)
		if rule == "" && i > 0 {
			rule, detail = tiers[i].follows(&tiers[i-1])
		}
		if rule != "" {
			return &TierError{Tier: i, Rule: rule, Detail: detail}
		}
	}
	return nil
}

// check returns the rule that t breaks by itself, "" if none.
func (t *Tier) check(base, quote Asset) (rule, detail string) {
	priced := t.Reference == Pair{}
	switch {
	case !fits(t.Min, base) || !fits(t.Max, base):
		return RuleSize, text(t.Min) + " to " + unfit(t.Max, base)
	case t.Min.Coef < 0 || t.Max.Coef <= 0 || t.Min.Cmp(t.Max) > 0:
		return RuleRange, fmt.Sprintf("min %s, max %s: want 0 <= min <= max, and a max above 0", t.Min, t.Max)
	case !t.Whole && t.Min.Cmp(t.Max) == 0:
		return RuleRange, fmt.Sprintf("a slice from %s to itself: want a max above its min", t.Min)
	case t.Price.Scale > money.MaxScale || priced != (t.Price.Coef > 0) || t.Price.Coef < 0:
		return RulePrice, text(t.Price) + ": want a price above 0, or a reference and none"
	case !validBps(t.FeeBps):
		return RuleFee, text(t.FeeBps) + wantBps
	case !validBps(t.SpreadBps) || priced && !t.SpreadBps.IsZero():
		return RuleSpread, text(t.SpreadBps) + wantBps + ", with a reference only"
	}
	return t.checkRest(base, quote)
}

func (t *Tier) checkRest(base, quote Asset) (rule, detail string) {
	in := quote
	if t.FixedFeeAsset == base.Symbol {
		in = base
	}
	switch {
	case t.FixedFeeAsset != in.Symbol && (t.FixedFeeAsset != "" || !t.FixedFee.IsZero()):
		return RuleFixed, fmt.Sprintf("in %.40q: want %s or %s", t.FixedFeeAsset, base.Symbol, quote.Symbol)
	case t.FixedFee.Coef < 0:
		return RuleFixed, text(t.FixedFee) + ": want 0 or more"
	case !fits(t.FixedFee, in):
		return RuleSize, "fixed fee " + unfit(t.FixedFee, in)
	case t.Settle < 0 || t.Settle > MaxSettle || t.Settle%time.Millisecond != 0:
		return RuleSettle, t.Settle.String()
	case !ValidTierName(t.Name):
		return RuleName, fmt.Sprintf("%.40q", t.Name)
	}
	return "", ""
}

// follows returns the rule that t breaks behind the tier before it.
func (t *Tier) follows(before *Tier) (rule, detail string) {
	switch c := before.Max.Cmp(t.Min); {
	case c > 0:
		return RuleOverlap, fmt.Sprintf("begins at %s, the tier before ends at %s", t.Min, before.Max)
	case c < 0 && !t.Whole:
		return RuleGap, fmt.Sprintf("a slice begins at %s, the tier before ends at %s", t.Min, before.Max)
	}
	return "", ""
}

// ValidTierName reports whether s can be written between quotes as it is.
func ValidTierName(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return len(s) <= MaxTierName
}

// fits reports whether n is a whole number of minor units of a.
func fits(n money.Num, a Asset) bool {
	if n.Scale > money.MaxScale {
		return false
	}
	_, err := n.At(a.EngineScale)
	return err == nil
}

// unfit says of what does not fit what would.
func unfit(n money.Num, a Asset) string {
	return fmt.Sprintf("%s %s: want at most %d decimals, and less than 2^63 of the last",
		text(n), a.Symbol, a.EngineScale)
}

// wantBps says of basis points what would do.
const wantBps = " bps: want 0 or more, less than 10000, at most 4 decimals"

func validBps(n money.Num) bool {
	if n.Scale > money.MaxScale {
		return false
	}
	_, err := FeeBps(n, FeeReceived)
	return err == nil
}

// text is a number for an error, of any scale.
func text(n money.Num) string {
	if n.Scale > money.MaxScale {
		return fmt.Sprintf("a number of %d decimals", n.Scale)
	}
	return n.String()
}

// Waits reports whether tier i of a side cannot be used until there is a price of
// Reference: its own, or one of the tiers that it rests on, which are those before a
// slice down to one that is whole.
func Waits(side []Tier, i int) (reference Pair, waits bool) {
	for ; i >= 0; i-- {
		if side[i].Reference != (Pair{}) {
			return side[i].Reference, true
		}
		if side[i].Whole {
			break
		}
	}
	return Pair{}, false
}

// Unpriced reports whether all tiers of o wait, and returns what the last one does
// for. See Waits.
func (o *Offer) Unpriced() (reference Pair, all bool) {
	for _, side := range [2][]Tier{o.Sell, o.Buy} {
		for i := range side {
			if reference, all = Waits(side, i); !all {
				return Pair{}, false
			}
		}
	}
	return reference, all
}
