package verify

import (
	"crypto/sha256"
	"encoding/hex"
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
	Markets []marketEntry `json:"markets"`
}

type marketEntry struct {
	Venue   string     `json:"venue"`
	Base    string     `json:"base"`
	Quote   string     `json:"quote"`
	Fee     string     `json:"taker_fee_bps"`
	FeeOn   string     `json:"fee_on"`
	Version string     `json:"version"`
	Origin  string     `json:"origin"`
	Bids    [][]string `json:"bids"`
	Asks    [][]string `json:"asks"`
}

// books are all that a market file offers.
type books struct {
	assets map[string]asset
	sides  []*side
	byName map[sideName]*side
}

// sideName names one side of one book. Side says what is done with the base of
// the market: "sell" takes the bids, "buy" the asks.
type sideName struct {
	Venue  string `json:"venue"`
	Market string `json:"market"`
	Side   string `json:"side"`
}

func (n sideName) String() string { return n.Venue + " " + n.Market + " " + n.Side }

// side is what one book offers from one asset into another, best rate first.
type side struct {
	sideName
	from, to string
	version  string
	feeOnIn  bool // the fee is part of what is given; else it is missing in what is got
	levels   []level
}

// level is an offer in engine units, the fee taken already: give in, get out.
// gross is what counts before the fee, on the end that the fee is taken from.
type level struct{ in, out, gross *big.Int }

var (
	symbolForm  = regexp.MustCompile(`^[A-Z0-9]+$`)
	venueForm   = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)
	decimalForm = regexp.MustCompile(`^[0-9]{1,30}(\.[0-9]{1,30})?$`) // no exponent
	feeForm     = regexp.MustCompile(`^[0-9]{1,4}(\.[0-9]{1,4})?$`)   // below 10,000
)

// newBooks makes sides of a market file.
func newBooks(m *marketDoc) (*books, error) {
	b := &books{assets: map[string]asset{}, byName: map[sideName]*side{}}
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
		if err := b.add(k); err != nil {
			return nil, fmt.Errorf("market %.40q %.40q-%.40q: %w", k.Venue, k.Base, k.Quote, err)
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

// add makes two sides of a book. One that is crossed in itself offers nothing.
func (b *books) add(k *marketEntry) error {
	if !venueForm.MatchString(k.Venue) || !symbolForm.MatchString(k.Base) || !symbolForm.MatchString(k.Quote) ||
		k.Base == k.Quote {
		return errors.New("names that are none, or an asset against itself")
	}
	if !feeForm.MatchString(k.Fee) || !slices.Contains([]string{"", "received", "quote"}, k.FeeOn) {
		return fmt.Errorf("taker_fee_bps %.40q, fee_on %.40q", k.Fee, k.FeeOn)
	}
	fee, _ := new(big.Rat).SetString(k.Fee)
	fee.Quo(fee, big.NewRat(10_000, 1))
	bids, errBids := readBook(k.Bids, -1)
	asks, errAsks := readBook(k.Asks, 1)
	if err := errors.Join(errBids, errAsks); err != nil {
		return err
	}
	if len(bids) > 0 && len(asks) > 0 && bids[0].price.Cmp(asks[0].price) >= 0 {
		bids, asks = nil, nil
	}
	name := k.Base + "-" + k.Quote
	sell := &side{sideName: sideName{k.Venue, name, "sell"}, from: k.Base, to: k.Quote, version: k.Version}
	buy := &side{sideName: sideName{k.Venue, name, "buy"}, from: k.Quote, to: k.Base, version: k.Version}
	buy.feeOnIn = k.FeeOn == "quote"
	if b.byName[sell.sideName] != nil {
		return errors.New("listed twice")
	}
	sell.offer(bids, b.asset(k.Base), b.asset(k.Quote), fee)
	buy.offer(asks, b.asset(k.Base), b.asset(k.Quote), fee)
	b.sides = append(b.sides, sell, buy)
	b.byName[sell.sideName], b.byName[buy.sideName] = sell, buy
	return nil
}

// entry is a level as the file has it.
type entry struct{ price, size *big.Rat }

// readBook reads one half of a book and puts it in order: best price first, which
// is the highest for order -1 and the lowest for 1.
func readBook(text [][]string, order int) ([]entry, error) {
	var all []entry
	for _, l := range text {
		if len(l) != 2 || !decimalForm.MatchString(l[0]) || !decimalForm.MatchString(l[1]) {
			return nil, fmt.Errorf("level %.60q", l)
		}
		price, _ := new(big.Rat).SetString(l[0])
		size, _ := new(big.Rat).SetString(l[1])
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

// offer turns half a book into levels. A size counts in whole units of the base;
// a level that rounds to nothing or does not fit 63 bits is not offered.
func (s *side) offer(book []entry, base, quote asset, fee *big.Rat) {
	one := big.NewRat(1, 1)
	less, more := new(big.Rat).Sub(one, fee), new(big.Rat).Add(one, fee)
	units := new(big.Rat).SetInt(pow(base.engine))
	perUnit := new(big.Rat).SetFrac(pow(quote.engine), pow(base.engine))
	for _, e := range book {
		size := new(big.Rat).SetInt(floor(new(big.Rat).Mul(e.size, units)))
		value := new(big.Rat).Mul(e.price, size)
		value.Mul(value, perUnit)
		l := level{size.Num(), floor(new(big.Rat).Mul(value, less)), floor(value)}
		switch {
		case s.feeOnIn:
			l = level{ceil(new(big.Rat).Mul(value, more)), size.Num(), ceil(value)}
		case s.Side == "buy":
			l = level{ceil(value), floor(new(big.Rat).Mul(size, less)), size.Num()}
		}
		if l.in.Sign() > 0 && l.out.Sign() > 0 && l.in.IsInt64() && l.out.IsInt64() && l.gross.IsInt64() {
			s.levels = append(s.levels, l)
		}
	}
	slices.SortStableFunc(s.levels, func(x, y level) int {
		return new(big.Int).Mul(y.out, x.in).Cmp(new(big.Int).Mul(x.out, y.in))
	})
}

// fill gives in to the levels, best first, and returns the most that comes out,
// what is left beyond the last one, and the fee where out is all that is taken:
// in units of what is given, where it is part of that, else of what is got.
func (s *side) fill(in, out *big.Int) (most, left, fee *big.Int) {
	most, left, gross, want := new(big.Int), in, new(big.Int), out
	for _, l := range s.levels {
		take := least(left, l.in)
		gives := share(take, l.out, l.in)
		got := least(want, gives)
		switch {
		case take.Cmp(l.in) == 0 && got.Cmp(l.out) == 0:
			gross.Add(gross, l.gross)
		case s.feeOnIn:
			gross.Add(gross, share(take, l.gross, l.in))
		default:
			gross.Add(gross, share(got, l.gross, l.out))
		}
		most.Add(most, gives)
		left, want = new(big.Int).Sub(left, take), new(big.Int).Sub(want, got)
	}
	if s.feeOnIn {
		return most, left, gross.Sub(in, gross)
	}
	return most, left, gross.Sub(gross, out)
}

// digest is the SHA-256 of what the side offers.
func (s *side) digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "chronos-side-v1\n%s\n%s\n%s\n", s.Venue, s.Market, s.Side)
	var buf [8]byte
	for _, l := range s.levels {
		h.Write(l.in.FillBytes(buf[:]))
		h.Write(l.out.FillBytes(buf[:]))
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
