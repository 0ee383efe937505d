// Package dump keeps a market in a file: books, what treasury providers offer,
// assets and fees at one moment.
//
// Read takes a file from anybody and refuses what it does not understand, with
// the place. Engine turns it into an engine that answers as the live one would
// have at that moment. Append writes the usable books and offers of a live engine.
//
// A newcomer would guess that the books in a file never age: they are as old as
// the moment the engine is asked for, so ask for AsOf.
package dump

import (
	"fmt"
	"time"

	"chronos.dev/book"
	"chronos.dev/engine"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Limits on a file. What exceeds one is refused.
const (
	MaxBytes  = 64 << 20
	MaxLevels = 2_000_000 // in all books together
)

// Dump is a market at one moment.
type Dump struct {
	AsOf    time.Time
	Assets  []market.Asset // also those that the file leaves to the defaults
	Markets []Market
	// Offers are those of treasury providers, with spreads only where a price was
	// missing. They have no times of their own: they hold at AsOf.
	Offers []market.Offer
}

// Market is one book and its taker fee.
type Market struct {
	Key        market.Key
	Fee        market.Fee
	Origin     market.Origin
	Epoch, Seq uint64         // of the book in the feed it was taken from; 1 and 1 where Epoch is 0
	Bids, Asks []market.Level // in any order
	Terms      market.Terms
}

// fiat are the assets that are not described by DefaultScale.
var fiat = map[string]bool{"USD": true, "EUR": true, "GBP": true}

// Describe returns the asset of a symbol that nobody has described: eight
// decimals, and for US dollar, euro and pound two outside and six inside.
func Describe(symbol string) market.Asset {
	a := market.Asset{
		Symbol: symbol, Scale: engine.DefaultScale, EngineScale: engine.DefaultScale,
		Hub: symbol == "BTC",
	}
	if fiat[symbol] {
		a.Scale, a.EngineScale = 2, 6
	}
	return a
}

// Engine returns an engine that holds the books and offers of d, all heard of at AsOf. A
// book that is crossed in itself is in it, but not used. It fails when d has
// more assets, venues or markets than an engine takes, or a level that no book
// can hold.
func (d *Dump) Engine() (*engine.Engine, error) {
	fees := make(market.Fees, len(d.Markets))
	terms := make(map[market.Key]market.Terms, len(d.Markets))
	for i := range d.Markets {
		m := &d.Markets[i]
		terms[m.Key] = m.Terms
		fees[i] = market.FeeSchedule{
			Venue: m.Key.Venue, Pair: &m.Key.Pair, Fee: m.Fee, Source: "dump",
		}
	}
	e, err := engine.New(engine.Options{
		Assets: d.Assets, Fees: fees, Terms: func(key market.Key) market.Terms { return terms[key] },
	})
	if err != nil {
		return nil, fmt.Errorf("dump: %w", err)
	}
	now := d.AsOf.UnixNano()
	w := e.Writer()
	for i := range d.Markets {
		m := &d.Markets[i]
		ev := market.Event{
			Kind: market.Snapshot, Epoch: m.Epoch, Seq: m.Seq, RecvTime: now, VenueTime: now, Origin: m.Origin,
		}
		ev.Levels = append(append(make([]market.Level, 0, len(m.Bids)+len(m.Asks)), m.Bids...), m.Asks...)
		if m.Epoch == 0 {
			ev.Epoch, ev.Seq = 1, 1
		}
		if err := w.Apply(m.Key, &ev); err != nil {
			return nil, fmt.Errorf("dump: market %s: %w", m.Key, err)
		}
	}
	w.Flush(now)
	if err := d.bring(e, now); err != nil {
		return nil, err
	}
	return e, nil
}

// Append appends the file of the books of e that may be used at now, Unix
// nanoseconds.
func Append(dst []byte, e *engine.Engine, now int64) []byte {
	dst = append(dst, `{"as_of":"`...)
	dst = time.Unix(0, now).UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","assets":[`...)
	for i, a := range e.Assets() {
		dst = appendAsset(comma(dst, i), a)
	}
	dst = append(dst, `],"markets":[`...)
	n := 0
	for _, m := range e.Markets(now) {
		if m.Usable {
			dst = appendMarket(comma(dst, n), &m, e.Terms(m.Key))
			n++
		}
	}
	n = 0
	for _, o := range e.Offers(now) {
		if !o.Usable {
			continue
		}
		if n == 0 {
			dst = append(dst, "\n],\"providers\":["...)
		}
		dst = appendOffer(comma(dst, n), o.Offer)
		n++
	}
	return append(dst, "\n]}\n"...)
}

func comma(dst []byte, i int) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	return append(dst, '\n')
}

// appendAsset and appendMarket need no escapes: symbols and venue names are
// letters, digits, '_' and '-'.
func appendAsset(dst []byte, a market.Asset) []byte {
	return fmt.Appendf(dst, `{"symbol":"%s","scale":%d,"engine_scale":%d}`,
		a.Symbol, a.Scale, a.EngineScale)
}

func appendMarket(dst []byte, m *engine.MarketStatus, t market.Terms) []byte {
	bps := money.Num{Coef: m.Fee.Rate, Scale: 4}
	dst = fmt.Appendf(dst, `{"venue":"%s","base":"%s","quote":"%s",`,
		m.Key.Venue, m.Key.Pair.Base, m.Key.Pair.Quote)
	dst = fmt.Appendf(dst, `"taker_fee_bps":"%s","fee_on":"%s",`, bps.Trim(), m.Fee.On)
	dst = fmt.Appendf(dst, `"version":"%d.%d",`, m.View.Epoch, m.View.Seq)
	if m.View.Origin != market.Venue {
		dst = fmt.Appendf(dst, `"origin":"%s",`, m.View.Origin)
	}
	dst = appendSettle(dst, t.Settle)
	dst = appendNum(dst, `"min_size":`, t.MinSize)
	dst = appendNum(dst, `"lot":`, t.Lot)
	dst = appendNum(dst, `"withdraw_base":`, t.WithdrawBase)
	dst = appendNum(dst, `"withdraw_quote":`, t.WithdrawQuote)
	dst = append(dst, `"bids":[`...)
	dst = appendLevels(dst, m.View, m.View.Bids)
	dst = append(dst, `],"asks":[`...)
	dst = appendLevels(dst, m.View, m.View.Asks)
	return append(dst, `]}`...)
}

func appendLevels(dst []byte, v *book.View, levels []book.Level) []byte {
	for i, l := range levels {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `["`...)
		dst = money.AppendFixed(dst, int64(l.Price), v.PriceScale)
		dst = append(dst, `","`...)
		dst = money.AppendFixed(dst, int64(l.Size), v.SizeScale)
		dst = append(dst, `"]`...)
	}
	return dst
}

// limits that a file shares with the graph that it becomes.
const (
	maxAssets  = graph.MaxAssets
	maxMarkets = graph.MaxMarkets
)
