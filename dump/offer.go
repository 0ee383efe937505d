package dump

import (
	"fmt"
	"strconv"
	"time"

	"chronos.dev/engine"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/money/text"
)

// validFor is how long offers of a file hold after its moment, as long as its books.
const validFor = engine.DefaultStaleAfter

// bring publishes the offers of d, heard of at now.
func (d *Dump) bring(e *engine.Engine, now int64) error {
	w := e.Liquidity()
	for i := range d.Offers {
		o := d.Offers[i]
		o.Time, o.RecvTime, o.ValidUntil = now, now, now+int64(validFor)
		if err := w.Offer(&o); err != nil {
			return fmt.Errorf("dump: provider %s: %w", o.Key, err)
		}
	}
	w.Flush()
	return nil
}

// provider reads what one provider offers for one pair.
func (p *reader) provider() error {
	o := market.Offer{Custody: market.Available, Seq: 1}
	err := p.s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "provider":
			o.Key.Venue, err = p.text("provider name", market.ValidVenue)
		case "asset":
			o.Key.Pair.Base, err = p.text("asset symbol", market.ValidSymbol)
		case "quote":
			o.Key.Pair.Quote, err = p.text("asset symbol", market.ValidSymbol)
		case "version":
			o.Seq, err = p.offerVersion()
		case "origin":
			o.Origin, err = p.origin()
		case "sell":
			o.Sell, err = p.tiers()
		case "buy":
			o.Buy, err = p.tiers()
		default:
			err = unknown(key)
		}
		return err
	})
	if err != nil {
		return err
	}
	k := o.Key
	switch {
	case k.Venue == "" || k.Pair.Base == "" || k.Pair.Quote == "":
		return fmt.Errorf("an entry of providers needs provider, asset and quote")
	case k.Pair.Base == k.Pair.Quote:
		return fmt.Errorf("provider %s trades an asset against itself", k)
	case p.markets[k]:
		return fmt.Errorf("provider %s is listed twice", k)
	case len(p.dump.Offers) == maxMarkets:
		return fmt.Errorf("more than %d providers", maxMarkets)
	}
	p.markets[k] = true
	p.dump.Offers = append(p.dump.Offers, o)
	p.ends = append(p.ends, p.s.Offset())
	return nil
}

// offerVersion reads "1." and the sequence of the offer.
func (p *reader) offerVersion() (uint64, error) {
	epoch, seq, err := p.version()
	if err == nil && epoch != 1 {
		err = fmt.Errorf("version %d.%d: the epoch of an offer is 1", epoch, seq)
	}
	return seq, err
}

func (p *reader) tiers() (side []market.Tier, err error) {
	err = p.s.Array(func(i int) error {
		if i == market.MaxTiers {
			return fmt.Errorf("more than %d tiers a side", market.MaxTiers)
		}
		t, err := p.tier()
		side = append(side, t)
		return err
	})
	return side, err
}

// tier reads one tier. Whether it fits the others is seen at the end of the file,
// where all assets are known.
func (p *reader) tier() (t market.Tier, err error) {
	var hasMax, hasPrice, hasSpread, hasMode bool
	err = p.s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "name":
			t.Name, err = p.text("tier name", market.ValidTierName)
		case "min":
			t.Min, err = p.num("min")
		case "max":
			hasMax = true
			t.Max, err = p.num("max")
		case "price":
			hasPrice = true
			t.Price, err = p.num("price")
		case "spread_bps":
			hasSpread = true
			t.SpreadBps, err = p.num("spread_bps")
		case "reference":
			t.Reference, err = p.reference()
		case "mode":
			hasMode = true
			t.Whole, err = p.mode()
		case "fee_bps":
			t.FeeBps, err = p.num("fee_bps")
		case "fixed_fee":
			err = p.fixedFee(&t)
		case "settlement_ms":
			t.Settle, err = p.settlement()
		default:
			err = unknown(key)
		}
		return err
	})
	against := t.Reference != market.Pair{}
	if err == nil && !(hasMax && hasMode && hasPrice != against && hasSpread == against) {
		err = fmt.Errorf("a tier needs max, mode, and a price, or spread_bps and the reference that it waits for")
	}
	return t, err
}

func (p *reader) reference() (market.Pair, error) {
	v, err := p.s.Str()
	if err != nil {
		return market.Pair{}, err
	}
	pair, err := market.ParsePair(string(v))
	if err != nil {
		err = fmt.Errorf("reference %.48q: %w", v, err)
	}
	return pair, err
}

func (p *reader) num(what string) (money.Num, error) {
	v, err := p.s.Str()
	if err != nil {
		return money.Num{}, err
	}
	n, err := text.ParseNum(v)
	if err != nil || n.Coef < 0 {
		return n, fmt.Errorf("%s %.48q: want a decimal that is not negative, as a string", what, v)
	}
	return n, nil
}

func (p *reader) mode() (whole bool, err error) {
	v, err := p.s.Str()
	switch {
	case err != nil:
		return false, err
	case string(v) == "whole" || string(v) == "slice":
		return string(v) == "whole", nil
	}
	return false, fmt.Errorf("mode %.32q: want whole or slice", v)
}

func (p *reader) fixedFee(t *market.Tier) error {
	hasAmount := false
	err := p.s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "asset":
			t.FixedFeeAsset, err = p.text("asset symbol", market.ValidSymbol)
		case "amount":
			hasAmount = true
			t.FixedFee, err = p.num("amount")
		default:
			err = unknown(key)
		}
		return err
	})
	if err == nil && (t.FixedFeeAsset == "" || !hasAmount) {
		err = fmt.Errorf("a fixed_fee needs asset and amount")
	}
	return err
}

func (p *reader) settlement() (time.Duration, error) {
	if p.s.Peek() != jscan.Number {
		return 0, fmt.Errorf("settlement_ms is a number")
	}
	ms, err := p.s.Int()
	if err == nil && (ms < 0 || ms > market.MaxSettle.Milliseconds()) {
		err = fmt.Errorf("settlement_ms %d: want 0 to %d", ms, market.MaxSettle.Milliseconds())
	}
	return time.Duration(ms) * time.Millisecond, err
}

// checkOffers holds every offer against the rules of tiers, and its provider's name
// against those of venues. An error is where the offer ends.
func (p *reader) checkOffers() error {
	assets := make(map[string]market.Asset, len(p.dump.Assets))
	for _, a := range p.dump.Assets {
		assets[a.Symbol] = a
	}
	venues := map[string]bool{}
	for i := range p.dump.Markets {
		venues[p.dump.Markets[i].Key.Venue] = true
	}
	for i := range p.dump.Offers {
		o := &p.dump.Offers[i]
		err := o.Check(assets[o.Key.Pair.Base], assets[o.Key.Pair.Quote])
		if venues[o.Key.Venue] {
			err = fmt.Errorf("%s is a venue with books and cannot be a provider", o.Key.Venue)
		}
		if err != nil {
			return &jscan.SyntaxError{Offset: p.ends[i], Why: fmt.Sprintf("provider %s: %v", o.Key, err)}
		}
	}
	return nil
}

// appendOffer needs no escapes: names of tiers have neither quotes nor backslashes.
func appendOffer(dst []byte, o *market.Offer) []byte {
	dst = fmt.Appendf(dst, `{"provider":"%s","asset":"%s","quote":"%s","version":"1.%d",`,
		o.Key.Venue, o.Key.Pair.Base, o.Key.Pair.Quote, o.Seq)
	if o.Origin != market.Venue {
		dst = fmt.Appendf(dst, `"origin":"%s",`, o.Origin)
	}
	dst = appendTiers(append(dst, `"sell":[`...), o.Sell)
	dst = appendTiers(append(dst, `],"buy":[`...), o.Buy)
	return append(dst, `]}`...)
}

func appendTiers(dst []byte, tiers []market.Tier) []byte {
	for i := range tiers {
		t := &tiers[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '{')
		if t.Name != "" {
			dst = fmt.Appendf(dst, `"name":"%s",`, t.Name)
		}
		dst = appendNum(dst, `"min":`, t.Min)
		if t.Reference == (market.Pair{}) {
			dst = fmt.Appendf(dst, `"max":"%s","price":"%s","mode":`, t.Max, t.Price)
		} else {
			dst = fmt.Appendf(dst, `"max":"%s","spread_bps":"%s","reference":"%s","mode":`,
				t.Max, t.SpreadBps, t.Reference)
		}
		if t.Whole {
			dst = append(dst, `"whole",`...)
		} else {
			dst = append(dst, `"slice",`...)
		}
		dst = appendNum(dst, `"fee_bps":`, t.FeeBps)
		if t.FixedFeeAsset != "" {
			dst = fmt.Appendf(dst, `"fixed_fee":{"asset":"%s","amount":"%s"},`, t.FixedFeeAsset, t.FixedFee)
		}
		dst = appendSettle(dst, t.Settle)
		dst[len(dst)-1] = '}' // for the last comma
	}
	return dst
}

// appendNum appends a member and a comma, nothing of zero.
func appendNum(dst []byte, key string, n money.Num) []byte {
	if n.IsZero() {
		return dst
	}
	return append(n.AppendText(append(append(dst, key...), '"')), `",`...)
}

func appendSettle(dst []byte, d time.Duration) []byte {
	if d == 0 {
		return dst
	}
	return append(strconv.AppendInt(append(dst, `"settlement_ms":`...), d.Milliseconds(), 10), ',')
}
