package verify

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
)

// marketDoc is a market file: see package dump for the format. It may hold no
// member that is not named here.
type marketDoc struct {
	AsOf   string `json:"as_of"`
	Assets []struct {
		Symbol      string `json:"symbol"`
		Scale       *int   `json:"scale"`
		EngineScale *int   `json:"engine_scale"`
	} `json:"assets"`
	Markets   []marketEntry   `json:"markets"`
	Providers []providerEntry `json:"providers"`
}

type marketEntry struct {
	Venue   string `json:"venue"`
	Base    string `json:"base"`
	Quote   string `json:"quote"`
	Fee     string `json:"taker_fee_bps"`
	FeeOn   string `json:"fee_on"`
	Version string `json:"version"`
	Origin  string `json:"origin"`
	Settle  int64  `json:"settlement_ms"`
	MinSize string `json:"min_size"`
	Lot     string `json:"lot"`
	// What is taken once of base that is bought, and of quote.
	WithdrawBase  string `json:"withdraw_base"`
	WithdrawQuote string `json:"withdraw_quote"`

	Bids [][]string `json:"bids"`
	Asks [][]string `json:"asks"`
}

// books are all that a market file offers.
type books struct {
	assets map[string]asset
	sides  []*side
	byName map[sideName]*side
	pairs  map[[2]string]*top // by base and quote
}

// top holds the best prices of all books of a pair; nil where nobody bids, or asks.
type top struct{ bid, ask *big.Rat }

var (
	symbolForm = regexp.MustCompile(`^[A-Z0-9]+$`)
	venueForm  = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)
	feeForm    = regexp.MustCompile(`^[0-9]{1,4}(\.[0-9]{1,4})?$`) // below 10,000
)

// newBooks makes sides of a market file.
func newBooks(m *marketDoc) (*books, error) {
	b := &books{assets: map[string]asset{}, byName: map[sideName]*side{}, pairs: map[[2]string]*top{}}
	for _, a := range m.Assets {
		if _, twice := b.assets[a.Symbol]; twice || !symbolForm.MatchString(a.Symbol) || a.Scale == nil {
			return nil, fmt.Errorf("asset %.40q: want a symbol, once, and a scale", a.Symbol)
		}
		s := asset{*a.Scale, *a.Scale}
		if a.EngineScale != nil {
			s.engine = *a.EngineScale
		}
		if s.scale < 0 || s.engine < s.scale || s.engine > 18 {
			return nil, fmt.Errorf("asset %s: scales %d and %d", a.Symbol, s.scale, s.engine)
		}
		b.assets[a.Symbol] = s
	}
	for i := range m.Markets {
		k := &m.Markets[i]
		if err := b.addBook(k); err != nil {
			return nil, fmt.Errorf("market %.40q %.40q-%.40q: %w", k.Venue, k.Base, k.Quote, err)
		}
	}
	for i := range m.Providers {
		p := &m.Providers[i]
		if err := b.addProvider(p); err != nil {
			return nil, fmt.Errorf("provider %.40q %.40q-%.40q: %w", p.Provider, p.Asset, p.Quote, err)
		}
	}
	return b, nil
}

// asset returns how an asset counts: as the file says, or as by default.
func (b *books) asset(symbol string) asset {
	if a, ok := b.assets[symbol]; ok {
		return a
	}
	if slices.Contains([]string{"USD", "EUR", "GBP"}, symbol) {
		return asset{2, 6}
	}
	return asset{8, 8}
}

// list adds a side, none twice.
func (b *books) list(s *side) error {
	if b.byName[s.sideName] != nil {
		return errors.New("listed twice")
	}
	b.sides = append(b.sides, s)
	b.byName[s.sideName] = s
	return nil
}

// pair finds what is known of all markets of a pair.
func (b *books) pair(base, quote string) *top {
	key := [2]string{base, quote}
	if b.pairs[key] == nil {
		b.pairs[key] = &top{}
	}
	return b.pairs[key]
}

// addBook makes two sides of a book. One that is crossed in itself offers nothing.
func (b *books) addBook(k *marketEntry) error {
	if err := names(k.Venue, k.Base, k.Quote, k.Origin); err != nil {
		return err
	}
	if !feeForm.MatchString(k.Fee) || !slices.Contains([]string{"", "received", "quote"}, k.FeeOn) ||
		k.Settle < 0 || k.Settle > maxSettle {
		return fmt.Errorf("taker_fee_bps %.40q, fee_on %.40q, settlement_ms %d", k.Fee, k.FeeOn, k.Settle)
	}
	bids, errBids := readBook(k.Bids, -1)
	asks, errAsks := readBook(k.Asks, 1)
	if err := errors.Join(errBids, errAsks); err != nil {
		return err
	}
	if len(bids) > 0 && len(asks) > 0 && bids[0].price.Cmp(asks[0].price) >= 0 {
		bids, asks = nil, nil
	}
	b.pair(k.Base, k.Quote).show(bids, asks)
	name, fee := k.Base+"-"+k.Quote, basisPoints(k.Fee)
	sell := &side{sideName: sideName{k.Venue, name, "sell"}, from: k.Base, to: k.Quote}
	buy := &side{sideName: sideName{k.Venue, name, "buy"}, from: k.Quote, to: k.Base, feeOnIn: k.FeeOn == "quote"}
	sell.offer(bids, b.asset(k.Base), b.asset(k.Quote), fee)
	buy.offer(asks, b.asset(k.Base), b.asset(k.Quote), fee)
	sell.version, sell.settle, buy.version, buy.settle = k.Version, k.Settle, k.Version, k.Settle
	terms, err := b.terms(k)
	if err != nil {
		return err
	}
	sell.bind(terms)
	buy.bind(terms)
	return errors.Join(b.list(sell), b.list(buy))
}

// show notes the best prices of a book.
func (t *top) show(bids, asks []entry) {
	if len(bids) > 0 && (t.bid == nil || bids[0].price.Cmp(t.bid) > 0) {
		t.bid = bids[0].price
	}
	if len(asks) > 0 && (t.ask == nil || asks[0].price.Cmp(t.ask) < 0) {
		t.ask = asks[0].price
	}
}

// entry is a level as the file has it.
type entry struct{ price, size *big.Rat }

// readBook reads one half of a book and puts it in order: best price first, which
// is the highest for order -1 and the lowest for 1.
func readBook(text [][]string, order int) ([]entry, error) {
	var all []entry
	for _, l := range text {
		if len(l) != 2 {
			return nil, fmt.Errorf("level %.60q", l)
		}
		price, errPrice := decimal(l[0])
		size, errSize := decimal(l[1])
		if err := errors.Join(errPrice, errSize); err != nil {
			return nil, fmt.Errorf("level %.60q: %w", l, err)
		}
		if price.Sign() == 0 || size.Sign() == 0 {
			return nil, fmt.Errorf("level %.60q of nothing", l)
		}
		all = append(all, entry{price, size})
	}
	slices.SortStableFunc(all, func(x, y entry) int { return order * x.price.Cmp(y.price) })
	for i := 1; i < len(all); i++ {
		if all[i-1].price.Cmp(all[i].price) == 0 {
			return nil, errors.New("a price is listed twice")
		}
	}
	return all, nil
}
