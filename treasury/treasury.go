// Package treasury keeps what treasury providers offer and the reference prices that
// their spreads are off, and turns spreads into prices.
//
// A Desk belongs to one goroutine, or to several that take turns. It has no clock:
// now is an argument, in Unix nanoseconds. What it returns is to be published and
// never changes. An offer whose spreads became prices ends no later than the prices
// that they are off, so one that is published too long is not used too long.
//
// A tier without a price is returned as it came, with its Reference: it and the tiers
// that rest on it cannot be used, the others can. See market.Waits.
package treasury

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"chronos.dev/market"
	"chronos.dev/money"
)

// Limits of a Desk, bounds on memory against a feed that invents providers. What has
// ended makes room.
const (
	MaxOffers     = 1024
	MaxReferences = 256
)

// ErrRepeated reports an offer that is not newer than the one that is kept. Nothing
// is to be done; a provider that has lost its numbers withdraws first.
var ErrRepeated = errors.New("treasury: offer is not newer than the one before")

// LimitError reports an offer or a price that there is no room for. The cure is to
// withdraw others, or to wait for their end.
type LimitError struct {
	What  string // "offers" or "reference prices"
	Limit int
}

func (e *LimitError) Error() string { return fmt.Sprintf("treasury: more than %d %s", e.Limit, e.What) }

// Reasons of a ReferenceError.
const (
	Missing = "missing" // nobody has given one
	Expired = "expired" // all that were given have ended
	Unfit   = "unfit"   // with its spread it is no Num above 0
)

// ReferenceError reports that a tier of an offer rests on a price that is not there.
// The offer is kept, and is returned by Reference once the price is.
type ReferenceError struct {
	Key  market.Key // of the offer
	Pair market.Pair
	Why  string
}

func (e *ReferenceError) Error() string {
	return fmt.Sprintf("treasury: offer of %s: reference price of %s: %s", e.Key, e.Pair, e.Why)
}

// Desk keeps the newest offer of each key and the newest price of each source.
type Desk struct {
	offers   map[market.Key]*kept
	prices   map[market.Key]*market.Reference // by source and pair
	repeated int
}

// kept is an offer of which no newer one is known.
type kept struct {
	offer *market.Offer
	made  *market.Offer // as it was returned last
	rests []market.Pair // that it needs prices of
	until int64         // when one of the prices it was made with ends; Forever: none does
}

// Stats are what a Desk holds and has counted.
type Stats struct {
	Offers, References int // kept, ended ones too
	Repeated           int // offers and prices that were not newer, and ignored
}

// New returns a Desk that knows nothing.
func New() *Desk {
	return &Desk{offers: make(map[market.Key]*kept), prices: make(map[market.Key]*market.Reference)}
}

// Stats returns the counts.
func (d *Desk) Stats() Stats { return Stats{len(d.offers), len(d.prices), d.repeated} }

// Admit reports whether there is room for an offer of key now. The error is a
// *LimitError.
func (d *Desk) Admit(key market.Key, now int64) error {
	if d.offers[key] != nil || len(d.offers) < MaxOffers {
		return nil
	}
	for k, o := range d.offers {
		if now >= o.offer.ValidUntil {
			delete(d.offers, k)
		}
	}
	if len(d.offers) >= MaxOffers {
		return &LimitError{"offers", MaxOffers}
	}
	return nil
}

// Offer keeps an offer, which was checked and must not change any more, and returns
// what is to be published: o itself if it rests on no reference, or a copy with
// prices in their place. Its Seq must be above that of the one before. Numbers begin
// anew once that was withdrawn, or has ended: then a later Time is enough.
//
// With a *ReferenceError the offer is to be published too, with a tier that cannot be
// used. With ErrRepeated or a *LimitError there is none.
func (d *Desk) Offer(o *market.Offer, now int64) (*market.Offer, error) {
	if k := d.offers[o.Key]; k != nil && !follows(o, k.offer, now) {
		d.repeated++
		return nil, ErrRepeated
	}
	if err := d.Admit(o.Key, now); err != nil {
		return nil, err
	}
	k := &kept{offer: o, rests: rests(o)}
	d.offers[o.Key] = k
	err := d.make(k, now)
	return k.made, err
}

func follows(o, before *market.Offer, now int64) bool {
	return o.Seq > before.Seq || now >= before.ValidUntil && o.Time > before.Time
}

// Withdraw forgets the offer of key, and reports whether there was one.
func (d *Desk) Withdraw(key market.Key) bool {
	_, ok := d.offers[key]
	delete(d.offers, key)
	return ok
}

// Reference keeps a price in the place of the one of the same source and pair,
// unless it is older, and returns the offers that are others by it, by key. A price
// whose ValidUntil or Price is not above 0 ends the one that is kept. The error is a
// *LimitError; the price is lost then.
func (d *Desk) Reference(r market.Reference, now int64) ([]*market.Offer, error) {
	key := market.Key{Venue: r.Source, Pair: r.Pair}
	before := d.prices[key]
	switch {
	case r.ValidUntil <= 0 || r.Price.Coef <= 0 || r.Price.Scale > money.MaxScale:
		delete(d.prices, key)
	case before != nil && r.Time < before.Time && now < before.ValidUntil:
		d.repeated++
		return nil, nil
	case before == nil && !d.room(now):
		return nil, &LimitError{"reference prices", MaxReferences}
	default:
		d.prices[key] = &r
	}
	return d.again(now, func(k *kept) bool { return slices.Contains(k.rests, r.Pair) }), nil
}

// room makes room for a price.
func (d *Desk) room(now int64) bool {
	if len(d.prices) < MaxReferences {
		return true
	}
	for key, r := range d.prices {
		if now >= r.ValidUntil {
			delete(d.prices, key)
		}
	}
	return len(d.prices) < MaxReferences
}

// Expired returns the offers that are others since a price that they were made with
// has ended, by key. It may be called late: until then they are not used, even if
// there is another price.
func (d *Desk) Expired(now int64) []*market.Offer {
	return d.again(now, func(k *kept) bool { return now >= k.until })
}

// again makes the chosen offers that have not ended anew, and returns those that
// are others than before.
func (d *Desk) again(now int64, chosen func(k *kept) bool) (changed []*market.Offer) {
	for _, k := range d.offers {
		if now >= k.offer.ValidUntil || !chosen(k) {
			continue
		}
		before := k.made
		_ = d.make(k, now) // its tiers say so too
		if !same(before, k.made) {
			changed = append(changed, k.made)
		}
	}
	slices.SortFunc(changed, func(a, b *market.Offer) int { return cmp.Compare(a.Key.String(), b.Key.String()) })
	return changed
}

func same(a, b *market.Offer) bool {
	return a.ValidUntil == b.ValidUntil && a.Origin == b.Origin &&
		slices.Equal(a.Sell, b.Sell) && slices.Equal(a.Buy, b.Buy)
}

// rests returns the pairs that o needs prices of, each once.
func rests(o *market.Offer) (pairs []market.Pair) {
	for _, side := range [2][]market.Tier{o.Sell, o.Buy} {
		for i := range side {
			if p := side[i].Reference; p != (market.Pair{}) && !slices.Contains(pairs, p) {
				pairs = append(pairs, p)
			}
		}
	}
	return pairs
}
