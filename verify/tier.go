package verify

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// providerEntry is what a treasury provider offers for one pair.
type providerEntry struct {
	Provider string      `json:"provider"`
	Asset    string      `json:"asset"`
	Quote    string      `json:"quote"`
	Version  string      `json:"version"`
	Origin   string      `json:"origin"`
	Sell     []tierEntry `json:"sell"`
	Buy      []tierEntry `json:"buy"`
}

type tierEntry struct {
	Name     string `json:"name"`
	Min      string `json:"min"`
	Max      string `json:"max"`
	Price    string `json:"price"`
	Spread   string `json:"spread_bps"` // off a price that was missing: nobody can use the tier
	Against  string `json:"reference"`
	Mode     string `json:"mode"`
	FeeBps   string `json:"fee_bps"`
	FixedFee *struct {
		Asset  string `json:"asset"`
		Amount string `json:"amount"`
	} `json:"fixed_fee"`
	Settle int64 `json:"settlement_ms"`
}

// option is something that is taken from its beginning or not at all, and not
// beside another option of its side: all of entry, then any part of more.
type option struct {
	tier   int // place in the provider's list
	name   string
	settle int64 // milliseconds
	entry  level
	more   []level
}

// Limits of a provider's list.
const (
	maxTiers  = 64
	maxSettle = 30 * 24 * 3600 * 1000 // milliseconds
)

var nameForm = regexp.MustCompile(`^[ !#-\[\]-~]{0,32}$`) // printable, no quotes, no backslash

// addProvider makes two sides of what a provider offers.
func (b *books) addProvider(p *providerEntry) error {
	if err := names(p.Provider, p.Asset, p.Quote, p.Origin); err != nil {
		return err
	}
	b.pair(p.Asset, p.Quote)
	for _, of := range []struct {
		action   string
		from, to string
		tiers    []tierEntry
	}{{"sell", p.Asset, p.Quote, p.Sell}, {"buy", p.Quote, p.Asset, p.Buy}} {
		s := &side{
			sideName: sideName{p.Provider, p.Asset + "-" + p.Quote, of.action},
			from:     of.from, to: of.to, version: p.Version, provider: true,
		}
		tiers, err := b.readTiers(of.tiers, p.Asset, p.Quote, of.action == "sell")
		if err != nil {
			return fmt.Errorf("%s %w", of.action, err)
		}
		for i, t := range tiers {
			if o, ok := t.option(of.action == "sell"); ok {
				o.tier, o.name, o.settle = i, of.tiers[i].Name, of.tiers[i].Settle
				s.options = append(s.options, o)
			}
		}
		if err := b.list(s); err != nil {
			return err
		}
	}
	return nil
}

// tier is what a provider offers for min to max of the base, in engine units.
type tier struct {
	min, max *big.Int
	price    *big.Rat // of a unit of the base in units of the quote, the fee taken
	whole    bool
	waits    bool     // it has no price, or rests on one that has none
	begin    *big.Rat // value at min
	// fixed fees, with those of the tiers that this one rests on
	feeBase, feeQuote *big.Int
}

// readTiers reads the list of one side, in which every tier finds its place.
func (b *books) readTiers(list []tierEntry, base, quote string, sell bool) ([]*tier, error) {
	if len(list) > maxTiers {
		return nil, fmt.Errorf("side has more than %d tiers", maxTiers)
	}
	var all []*tier
	for i := range list {
		t, err := b.readTier(&list[i], base, quote, sell)
		if err == nil && i > 0 {
			err = t.follow(all[i-1])
		}
		if err != nil {
			return nil, fmt.Errorf("tier %d: %w", i, err)
		}
		all = append(all, t)
	}
	return all, nil
}

// readTier reads one tier as if it were the first.
func (b *books) readTier(e *tierEntry, base, quote string, sell bool) (*tier, error) {
	t := &tier{whole: e.Mode == "whole", feeBase: new(big.Int), feeQuote: new(big.Int)}
	if !t.whole && e.Mode != "slice" || !nameForm.MatchString(e.Name) || e.Settle < 0 || e.Settle > maxSettle {
		return nil, fmt.Errorf("mode %.40q, name %.40q, settlement_ms %d", e.Mode, e.Name, e.Settle)
	}
	asset, amount := base, "0"
	if e.FixedFee != nil {
		asset, amount = e.FixedFee.Asset, e.FixedFee.Amount
	}
	fee := map[string]**big.Int{base: &t.feeBase, quote: &t.feeQuote}[asset]
	if fee == nil {
		return nil, fmt.Errorf("a fixed fee in %.40q", asset)
	}
	var errs [4]error
	t.min, errs[0] = b.asset(base).units(orZero(e.Min))
	t.max, errs[1] = b.asset(base).units(e.Max)
	*fee, errs[2] = b.asset(asset).units(amount)
	if t.waits = e.Against != ""; t.waits {
		t.price, errs[3] = new(big.Rat), e.spread()
	} else {
		t.price, errs[3] = decimal(e.Price)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	if !feeForm.MatchString(orZero(e.FeeBps)) || t.waits == (t.price.Sign() != 0) || !t.waits && e.Spread != "" {
		return nil, fmt.Errorf("fee_bps %.40q, price %.40q", e.FeeBps, e.Price)
	}
	if !t.max.IsInt64() || !(*fee).IsInt64() {
		return nil, errors.New("size: more than can be counted")
	}
	if c := t.min.Cmp(t.max); t.max.Sign() == 0 || c > 0 || c == 0 && !t.whole {
		return nil, fmt.Errorf("sizes from %v to %v", t.min, t.max)
	}
	keep := basisPoints(orZero(e.FeeBps))
	if sell {
		keep.Neg(keep)
	}
	t.price.Mul(t.price, keep.Add(keep, big.NewRat(1, 1)))
	t.price.Mul(t.price, new(big.Rat).SetFrac(pow(b.asset(quote).engine), pow(b.asset(base).engine)))
	t.begin = new(big.Rat).Mul(t.price, new(big.Rat).SetInt(t.min))
	return t, nil
}

// spread checks a tier that has one in place of a price.
func (e *tierEntry) spread() error {
	if base, quote, ok := strings.Cut(e.Against, "-"); !ok || e.Price != "" || !feeForm.MatchString(e.Spread) ||
		!symbolForm.MatchString(base) || !symbolForm.MatchString(quote) || base == quote {
		return fmt.Errorf("spread_bps %.40q off %.40q beside price %.40q", e.Spread, e.Against, e.Price)
	}
	return nil
}

// follow puts a tier behind another. A slice rests on the tiers before it, down to
// one that is whole: it begins with their value, and their fees are paid too.
func (t *tier) follow(before *tier) error {
	switch c := before.max.Cmp(t.min); {
	case c > 0:
		return errors.New("overlap")
	case t.whole:
		return nil
	case c < 0:
		return errors.New("gap")
	}
	t.waits = t.waits || before.waits
	t.begin = before.value(before.max)
	t.feeBase.Add(t.feeBase, before.feeBase)
	t.feeQuote.Add(t.feeQuote, before.feeQuote)
	return nil
}

// value is what x of the base are worth in the quote, before fixed fees.
func (t *tier) value(x *big.Int) *big.Rat {
	v := new(big.Rat).SetInt(new(big.Int).Sub(x, t.min))
	return v.Add(v.Mul(v, t.price), t.begin)
}

// arc is what is given for what where the size is x: out may be below zero.
func (t *tier) arc(x *big.Int, sell bool) level {
	if sell {
		return level{
			in:  new(big.Int).Add(x, t.feeBase),
			out: new(big.Int).Sub(floor(t.value(x)), t.feeQuote),
		}
	}
	return level{
		in:  new(big.Int).Add(ceil(t.value(x)), t.feeQuote),
		out: new(big.Int).Sub(x, t.feeBase),
	}
}

// option is the tier from the least size that brings something to its end. Not ok
// is one that brings nothing, or more than can be counted.
func (t *tier) option(sell bool) (o option, ok bool) {
	if t.waits {
		return o, false
	}
	from := new(big.Int).Set(t.min)
	if t.min.Sign()+t.feeBase.Sign()+t.feeQuote.Sign() > 0 {
		least := new(big.Int).Add(t.feeBase, big.NewInt(1))
		if sell { // the value is to be more than the fee
			missing := new(big.Rat).SetInt(new(big.Int).Add(t.feeQuote, big.NewInt(1)))
			if missing.Sub(missing, t.begin); missing.Sign() < 0 {
				missing.SetInt64(0)
			}
			least.Add(t.min, ceil(missing.Quo(missing, t.price)))
		}
		if from.Cmp(least) < 0 {
			from = least
		}
	}
	if from.Cmp(t.max) > 0 {
		return o, false
	}
	o.entry = t.arc(from, sell)
	end := t.arc(t.max, sell)
	for _, v := range []*big.Int{end.in, end.out, o.entry.in, o.entry.out} {
		if !v.IsInt64() {
			return o, false
		}
	}
	rest := level{in: end.in.Sub(end.in, o.entry.in), out: end.out.Sub(end.out, o.entry.out)}
	if rest.in.Sign() > 0 && rest.out.Sign() > 0 {
		o.more = []level{rest}
	}
	return o, true
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

// names checks what names a market, and where its data are from.
func names(venue, base, quote, origin string) error {
	if !venueForm.MatchString(venue) || !symbolForm.MatchString(base) || !symbolForm.MatchString(quote) ||
		base == quote {
		return errors.New("names that are none, or an asset against itself")
	}
	if !slices.Contains([]string{"", "venue", "replay", "simulated"}, origin) {
		return fmt.Errorf("origin %.40q", origin)
	}
	return nil
}
