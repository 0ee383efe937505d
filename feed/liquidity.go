package feed

import (
	"fmt"
	"time"

	"chronos.dev/broker"
	"chronos.dev/market"
	"chronos.dev/money"
)

// shortQuote is the quote of a record in the short form.
const shortQuote = "USD"

// Codes of a RecordError that only offers have.
const (
	CodeBadOffer  = "bad_offer"  // tiers that break a rule
	CodeNameTaken = "name_taken" // a provider with the name of a venue that has books
	CodeTooMany   = "too_many"   // more providers, assets or markets than are kept
)

// Liquidity is what a record of the liquidity topic says.
type Liquidity struct {
	// Offer is whole and nobody else's. Its receive time follows the rule of
	// LiquidityDecoder.Decode.
	Offer *market.Offer

	Home     int  // partition of the liquidity topic that the record belongs to
	Timed    bool // the record gives a time of its own
	Short    bool // one list of sizes and prices, for both sides
	Numbered bool // the record gives a seq
	Unknown  int  // keys that were ignored
}

// OfferKey returns the record key of an offer, "vault-a|BTC". A provider has one
// offer an asset: that of another quote takes the place of the one before.
func OfferKey(k market.Key) []byte { return []byte(k.Venue + "|" + k.Pair.Base) }

// LiquidityDecoder reads liquidity records strictly. It is not safe for
// concurrent use.
type LiquidityDecoder struct {
	fields
	l    *Liquidity
	recv int64

	hasV, hasUntil, hasSides bool

	settle time.Duration // of tiers that do not say
}

// tier is a tier that is being read.
type tier struct {
	market.Tier
	hasMax, hasMode, hasPrice, hasSpread bool
}

// Decode reads one record into l. The receive time of the offer is the record's
// own time, but not after recv, the time of receipt in Unix nanoseconds. A record
// that gives none, or one in the future, was written after since and may be as
// old as that; 0 is unknown. The error is a *RecordError, whose Key may be without
// a quote.
//
// Whether the tiers fit each other is not looked at.
func (d *LiquidityDecoder) Decode(l *Liquidity, value []byte, since, recv int64) error {
	o := &market.Offer{RecvTime: since}
	*l = Liquidity{}
	if len(value) > MaxRecord {
		return &RecordError{Code: CodeOversize, Err: fmt.Errorf("%d bytes", len(value))}
	}
	*d = LiquidityDecoder{fields: d.fields, l: l, recv: recv}
	d.reset(value)
	err := d.scan.Object(func(key []byte) error { return d.field(o, key) })
	if err == nil {
		err = d.scan.End()
	}
	if err == nil {
		err = d.finish(o)
	}
	if err != nil {
		return &RecordError{Code: d.why(), Key: named(o.Key), Err: err}
	}
	l.Offer = o
	l.Home = broker.Partition(OfferKey(o.Key), broker.LiquidityPartitions)
	return nil
}

// named returns k if it names a provider and an asset, and else the zero Key.
func named(k market.Key) market.Key {
	if !market.ValidVenue(k.Venue) || !market.ValidSymbol(k.Pair.Base) {
		return market.Key{}
	}
	return k
}

// field reads the value of one key.
func (d *LiquidityDecoder) field(o *market.Offer, key []byte) (err error) {
	switch string(key) {
	case "v":
		d.hasV = true
		err = d.major()
	case "provider":
		o.Key.Venue, err = d.name(market.ValidVenue)
	case "asset":
		o.Key.Pair.Base, err = d.name(market.ValidSymbol)
	case "quote":
		o.Key.Pair.Quote, err = d.name(market.ValidSymbol)
	case "seq":
		d.l.Numbered = true
		o.Seq, err = d.whole()
	case "ts":
		d.l.Timed = true
		o.Time, err = d.time()
		if err == nil && o.Time <= d.recv+clockSkew {
			o.RecvTime = min(o.Time, d.recv)
		}
	case "valid_until":
		d.hasUntil = true
		o.ValidUntil, err = d.time()
	case "origin":
		o.Origin, err = d.origin()
	case "sell":
		d.hasSides = true
		o.Sell, err = d.tiers()
	case "buy":
		d.hasSides = true
		o.Buy, err = d.tiers()
	case "tiers":
		d.l.Short = true
		o.Sell, err = d.steps()
	case "settlement_ms":
		d.settle, err = d.settlement()
	case "last_look":
		o.LastLook, err = d.scan.Bool()
	case "custody_status":
		o.Custody, err = d.custody()
	default:
		d.l.Unknown++
		err = d.scan.Skip()
	}
	return err
}

// finish checks what belongs together.
func (d *LiquidityDecoder) finish(o *market.Offer) error {
	l := d.l
	if l.Short && o.Key.Pair.Quote == "" {
		o.Key.Pair.Quote = shortQuote
	}
	switch {
	case o.Key.Venue == "":
		return d.fail(CodeBadKey, "no provider")
	case o.Key.Pair.Base == "":
		return d.fail(CodeBadKey, "no asset")
	case o.Key.Pair.Quote == "":
		return d.fail(CodeBadKey, "no quote")
	case o.Key.Pair.Base == o.Key.Pair.Quote:
		return d.fail(CodeBadKey, "asset and quote are both %s", o.Key.Pair.Base)
	case !d.hasV && !l.Short:
		return d.fail(CodeUnknownMajor, "no v")
	case l.Short && d.hasSides:
		return d.fail(CodeBadOffer, "tiers beside sell or buy")
	case !l.Numbered && !l.Short:
		return d.fail(CodeUnsequenced, "no seq")
	case !d.hasUntil:
		return d.fail(CodeBadTime, "no valid_until")
	}
	if l.Short {
		o.Buy = append([]market.Tier(nil), o.Sell...)
	}
	for _, side := range [][]market.Tier{o.Sell, o.Buy} {
		for i := range side {
			if side[i].Settle < 0 {
				side[i].Settle = d.settle
			}
		}
	}
	return nil
}

// custody reads what can be moved now.
func (d *LiquidityDecoder) custody() (market.Custody, error) {
	b, err := d.scan.Str()
	if err != nil {
		return 0, err
	}
	c, ok := market.ParseCustody(string(b))
	if !ok {
		return 0, d.fail(CodeBadType, "custody_status %.32q: want available, degraded, locked or unknown", b)
	}
	return c, nil
}

// settlement reads milliseconds.
func (d *LiquidityDecoder) settlement() (time.Duration, error) {
	ms, err := d.whole()
	if err == nil && ms > uint64(market.MaxSettle/time.Millisecond) {
		err = d.fail(CodeRefusedNumber, "settlement_ms %d is above 30 days", ms)
	}
	return time.Duration(ms) * time.Millisecond, err
}

// tiers reads one side. A tier that does not say when it settles has -1.
func (d *LiquidityDecoder) tiers() (side []market.Tier, err error) {
	err = d.scan.Array(func(i int) error {
		if i == market.MaxTiers {
			return d.fail(CodeOversize, "more than %d tiers a side", market.MaxTiers)
		}
		t := tier{Tier: market.Tier{Settle: -1}}
		err := d.scan.Object(func(key []byte) error { return d.tierField(&t, key) })
		if err != nil {
			return err
		}
		priced, against := t.hasPrice, t.hasSpread && t.Reference != market.Pair{}
		switch {
		case !t.hasMax:
			return d.fail(CodeBadOffer, "tier %d has no max", i)
		case !t.hasMode:
			return d.fail(CodeBadOffer, "tier %d has no mode: want whole or slice", i)
		case priced == against, t.hasSpread != (t.Reference != market.Pair{}):
			return d.fail(CodeBadOffer, "tier %d: want a price, or spread_bps and reference, and not both", i)
		}
		side = append(side, t.Tier)
		return nil
	})
	return side, err
}

// tierField reads the value of one key of a tier.
func (d *LiquidityDecoder) tierField(t *tier, key []byte) (err error) {
	switch string(key) {
	case "name":
		t.Name, err = d.tierName()
	case "min":
		t.Min, err = d.amount()
	case "max":
		t.hasMax = true
		t.Max, err = d.amount()
	case "price":
		t.hasPrice = true
		t.Price, err = d.amount()
	case "spread_bps":
		t.hasSpread = true
		t.SpreadBps, err = d.amount()
	case "reference":
		t.Reference, err = d.pair()
	case "mode":
		t.hasMode = true
		t.Whole, err = d.mode()
	case "fee_bps":
		t.FeeBps, err = d.amount()
	case "fixed_fee":
		err = d.fixedFee(t)
	case "settlement_ms":
		t.Settle, err = d.settlement()
	default:
		d.l.Unknown++
		err = d.scan.Skip()
	}
	return err
}

// tierName reads a name that can be written again without escapes.
func (d *LiquidityDecoder) tierName() (string, error) {
	b, err := d.scan.Str()
	if err != nil {
		return "", err
	}
	if !market.ValidTierName(string(b)) {
		return "", d.fail(CodeBadOffer, "name %.40q of a tier", b)
	}
	return string(b), nil
}

func (d *LiquidityDecoder) mode() (whole bool, err error) {
	b, err := d.scan.Str()
	switch {
	case err != nil:
		return false, err
	case string(b) == "whole":
		return true, nil
	case string(b) == "slice":
		return false, nil
	}
	return false, d.fail(CodeBadOffer, "mode %.32q: want whole or slice", b)
}

func (d *LiquidityDecoder) fixedFee(t *tier) error {
	hasAmount := false
	err := d.scan.Object(func(key []byte) (err error) {
		switch string(key) {
		case "asset":
			t.FixedFeeAsset, err = d.name(market.ValidSymbol)
		case "amount":
			hasAmount = true
			t.FixedFee, err = d.amount()
		default:
			d.l.Unknown++
			err = d.scan.Skip()
		}
		return err
	})
	if err == nil && (!hasAmount || t.FixedFeeAsset == "") {
		err = d.fail(CodeBadOffer, "a fixed_fee without asset or amount")
	}
	return err
}

// steps reads the tiers of the short form: one begins where the one before ends.
func (d *LiquidityDecoder) steps() (side []market.Tier, err error) {
	var from money.Num
	err = d.scan.Array(func(i int) error {
		if i == market.MaxTiers {
			return d.fail(CodeOversize, "more than %d tiers", market.MaxTiers)
		}
		t, size, n := market.Tier{Min: from, Settle: -1}, money.Num{}, 0
		err := d.scan.Object(func(key []byte) (err error) {
			switch string(key) {
			case "size":
				n++
				size, err = d.amount()
			case "price":
				n++
				t.Price, err = d.amount()
			default:
				d.l.Unknown++
				err = d.scan.Skip()
			}
			return err
		})
		if err == nil && n < 2 {
			err = d.fail(CodeBadOffer, "tier %d: want size and price", i)
		}
		if err != nil {
			return err
		}
		if t.Max, err = sum(from, size); err != nil {
			return d.fail(CodeRefusedNumber, "tier %d: %w", i, err)
		}
		from, side = t.Max, append(side, t)
		return nil
	})
	return side, err
}

// sum returns a + b, exact.
func sum(a, b money.Num) (money.Num, error) {
	scale := max(a.Scale, b.Scale)
	x, err := a.At(scale)
	if err != nil {
		return money.Num{}, err
	}
	y, err := b.At(scale)
	if err != nil {
		return money.Num{}, err
	}
	if x+y < x {
		return money.Num{}, money.ErrOverflow
	}
	return money.Num{Coef: x + y, Scale: scale}, nil
}

// LiquidityCodes are all codes of refused liquidity and reference records, in the
// order of LiquidityStats.Refused.
var LiquidityCodes = [...]string{
	CodeBadJSON, CodeUnknownMajor, CodeOversize, CodeRefusedNumber, CodeBadKey, CodeBadType, CodeBadTime,
	CodeUnsequenced, CodeWrongPlace, CodeUnreadable, CodeBadOffer, CodeNameTaken, CodeTooMany,
}
