package sim

import (
	"time"

	"chronos.dev/market"
	"chronos.dev/money"
)

// Rhythm of treasury providers, in virtual nanoseconds. An offer holds no longer than
// a book is believed that falls silent.
const (
	offerEvery = int64(500 * time.Millisecond)
	offerHolds = 2 * int64(time.Second)
)

// refSource is who says the reference prices.
const refSource = "sim"

// step is a tier that a desk offers on both sides.
type step struct {
	name     string
	min, max int64 // of the base, in thousandths
	whole    bool
	off      int64 // of the fair price, against the customer, parts per million
	fee      int64 // hundredths of a basis point
	fixed    money.Num
	in       string // the asset of fixed
	settle   time.Duration
}

// desk is what one provider offers for one asset.
type desk struct {
	provider, base, quote string
	spread                bool // off the reference price, in place of prices
	steps                 []step
}

var (
	usd25  = money.Num{Coef: 2500, Scale: 2}
	usd10  = money.Num{Coef: 1000, Scale: 2}
	eur20  = money.Num{Coef: 2000, Scale: 2}
	btcBit = money.Num{Coef: 1, Scale: 4}
)

// A part of a large order is cheaper here than the far levels of the books, and
// dearer than the near ones.
var desks = []desk{
	{"vault-a", "BTC", "USD", false, []step{
		{"INSTANT", 100, 5_000, true, 500, 200, usd25, "USD", time.Minute},
		{"FAST", 5_000, 25_000, false, 800, 200, money.Num{}, "", 10 * time.Minute},
		{"STANDARD", 25_000, 100_000, false, 1_300, 100, money.Num{}, "", time.Hour},
	}},
	{"vault-a", "ETH", "USD", false, []step{
		{"INSTANT", 1_000, 50_000, true, 700, 300, usd10, "USD", time.Minute},
		{"STANDARD", 50_000, 800_000, false, 1_500, 300, money.Num{}, "", time.Hour},
	}},
	{"vault-b", "BTC", "EUR", false, []step{
		{"INSTANT", 50, 2_000, true, 600, 250, eur20, "EUR", 30 * time.Second},
		{"FAST", 2_000, 20_000, false, 900, 250, money.Num{}, "", 15 * time.Minute},
	}},
	{"vault-c", "BTC", "USD", true, []step{
		{"FAST", 0, 10_000, false, 700, 0, btcBit, "BTC", 5 * time.Minute},
		{"STANDARD", 10_000, 50_000, false, 1_100, 0, money.Num{}, "", 2 * time.Hour},
	}},
}

// refs are the markets of the reference prices.
var refs = []market.Pair{{Base: "BTC", Quote: "USD"}}

// treasury says when providers speak next.
type treasury struct {
	dice     dice
	deskDue  []int64 // by position in desks
	priceDue []int64 // by position in refs
}

// treasuryDice is the stream of numbers of the treasury, far from those of books.
const treasuryDice = 1 << 32

func newTreasury(seed uint64) treasury {
	t := treasury{dice: newDice(seed, treasuryDice), priceDue: make([]int64, len(refs))}
	for range desks {
		t.deskDue = append(t.deskDue, t.dice.below(openWithin))
	}
	return t
}

// Providers returns the names of the treasury providers.
func (m *Market) Providers() []string {
	var out []string
	for i := range desks {
		if name := desks[i].provider; len(out) == 0 || out[len(out)-1] != name {
			out = append(out, name)
		}
	}
	return out
}

// Offers returns what treasury providers offer anew at the present virtual time:
// each asset of each twice a second, and it holds for two. The offers are the
// caller's.
func (m *Market) Offers() (out []*market.Offer) {
	for i := range desks {
		if m.treasury.deskDue[i] <= m.now {
			m.treasury.deskDue[i] = m.now + offerEvery
			out = append(out, m.offer(&desks[i]))
		}
	}
	return out
}

// References returns the reference prices that are renewed at the present virtual
// time.
func (m *Market) References() (out []*market.Reference) {
	for i, pair := range refs {
		if m.treasury.priceDue[i] > m.now {
			continue
		}
		m.treasury.priceDue[i] = m.now + offerEvery
		at := m.opts.Start + m.now
		out = append(out, &market.Reference{
			Source: refSource, Pair: pair, Price: m.cents(m.fair(pair)),
			Time: at, RecvTime: at, ValidUntil: at + offerHolds, Origin: market.Simulated,
		})
	}
	return out
}

// fair returns the fair price of a pair in cents.
func (m *Market) fair(p market.Pair) int64 {
	return ratio(m.world.price[position(p.Base)], 100, m.world.price[position(p.Quote)])
}

func (m *Market) cents(n int64) money.Num { return money.Num{Coef: n, Scale: 2} }

func (m *Market) offer(d *desk) *market.Offer {
	at := m.opts.Start + m.now
	o := &market.Offer{
		Key: market.Key{Venue: d.provider, Pair: market.Pair{Base: d.base, Quote: d.quote}},
		Seq: uint64(at/milli) + 1, Time: at, RecvTime: at, ValidUntil: at + offerHolds,
		Custody: market.Available, Origin: market.Simulated,
	}
	if m.opts.Troubles && m.treasury.dice.percent(3) {
		o.Custody = market.Degraded
	}
	fair, lean := m.fair(o.Key.Pair), m.treasury.dice.within(20)
	for i := range d.steps {
		o.Sell = append(o.Sell, d.tier(i, fair, -1, lean))
		o.Buy = append(o.Buy, d.tier(i, fair, 1, lean))
	}
	return o
}

// tier returns a tier of the side on which the price is fair and off times sign.
func (d *desk) tier(i int, fair, sign, lean int64) market.Tier {
	s := &d.steps[i]
	t := market.Tier{
		Name: s.name, Min: money.Num{Coef: s.min, Scale: 3}, Max: money.Num{Coef: s.max, Scale: 3},
		Whole: s.whole, Settle: s.settle, FixedFee: s.fixed, FixedFeeAsset: s.in,
	}
	if s.fee > 0 {
		t.FeeBps = money.Num{Coef: s.fee, Scale: 2}
	}
	if d.spread {
		t.SpreadBps = money.Num{Coef: s.off, Scale: 2}
		t.Reference = market.Pair{Base: d.base, Quote: d.quote}
		return t
	}
	t.Price = money.Num{Coef: ratio(fair, million+sign*s.off+lean, million), Scale: 2}
	return t
}
