package treasury

import (
	"cmp"
	"math"
	"slices"

	"chronos.dev/market"
	"chronos.dev/money"
)

// make makes what is to be published of an offer: with prices where there are any.
// The error is a *ReferenceError of the first tier that has none.
func (d *Desk) make(k *kept, now int64) (err error) {
	k.made, k.until = k.offer, math.MaxInt64
	if len(k.rests) == 0 {
		return nil
	}
	o := *k.offer
	o.Sell, o.Buy = slices.Clone(o.Sell), slices.Clone(o.Buy)
	for _, pair := range k.rests {
		r, why := d.newest(pair, now)
		if r != nil {
			sold, fit1 := resolve(o.Sell, r, true)
			bought, fit2 := resolve(o.Buy, r, false)
			if sold || bought {
				k.made, k.until = &o, min(k.until, r.ValidUntil)
				o.Origin = max(o.Origin, r.Origin)
			}
			if fit1 && fit2 {
				continue
			}
			why = Unfit
		}
		if err == nil {
			err = &ReferenceError{o.Key, pair, why}
		}
	}
	o.ValidUntil = min(o.ValidUntil, k.until)
	return err
}

// newest returns the price of a pair that was heard last among those that have not
// ended, nil and the reason if there is none.
func (d *Desk) newest(pair market.Pair, now int64) (best *market.Reference, why string) {
	why = Missing
	for key, r := range d.prices {
		switch {
		case key.Pair != pair:
		case now >= r.ValidUntil:
			why = Expired
		case best == nil || later(r, best):
			best = r
		}
	}
	return best, why
}

// later orders prices of different sources.
func later(a, b *market.Reference) bool {
	return cmp.Or(
		cmp.Compare(a.RecvTime, b.RecvTime), cmp.Compare(a.Time, b.Time), cmp.Compare(b.Source, a.Source),
	) > 0
}

// resolve puts prices in the place of spreads off r, and reports whether it put any,
// and whether all fit.
func resolve(side []market.Tier, r *market.Reference, sell bool) (some, all bool) {
	all = true
	for i := range side {
		t := &side[i]
		if t.Reference != r.Pair {
			continue
		}
		p, ok := spread(r.Price, t.SpreadBps, sell)
		if !ok {
			all = false
			continue
		}
		t.Price, t.Reference, t.SpreadBps = p, market.Pair{}, money.Num{}
		some = true
	}
	return some, all
}

// spread returns price less bps, down, for a customer who sells, or price and bps,
// up, for one who buys, and false if that is no Num above 0. It is exact where 18
// decimals and 18 digits are enough, and else has as many as there can be.
func spread(price, bps money.Num, sell bool) (money.Num, bool) {
	off, err := bps.At(4)
	if err != nil || off < 0 || off >= market.FeeUnit {
		return money.Num{}, false
	}
	keep, round := money.Ratio{Num: market.FeeUnit + off, Den: market.FeeUnit}, money.Up
	if sell {
		keep, round = money.Ratio{Num: market.FeeUnit - off, Den: market.FeeUnit}, money.Down
	}
	for scale := min(int(price.Scale)+8, money.MaxScale); scale >= 0; scale-- {
		c, err := money.Scaled(price.Coef, 1, keep, int(price.Scale)-scale, round)
		if err == nil {
			return money.Num{Coef: int64(c), Scale: uint8(scale)}.Trim(), c > 0
		}
	}
	return money.Num{}, false
}
