package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// marketDoc is a market file: see package dump for the format.
type marketDoc struct {
	Assets []struct {
		Symbol      string `json:"symbol"`
		Scale       int    `json:"scale"`
		EngineScale *int   `json:"engine_scale"`
	} `json:"assets"`
	Markets []struct {
		Venue   string      `json:"venue"`
		Base    string      `json:"base"`
		Quote   string      `json:"quote"`
		Fee     string      `json:"taker_fee_bps"`
		FeeOn   string      `json:"fee_on"`
		Version string      `json:"version"`
		Bids    [][2]string `json:"bids"`
		Asks    [][2]string `json:"asks"`
	} `json:"markets"`

	sides []*side
}

// side is what one book offers from one asset into another, best rate first.
type side struct {
	venue, market, name string // name is "sell" or "buy" the base
	from, to            string
	version             string
	levels              []level
}

// level is an offer: give in, get out, in engine units, the fee taken already.
type level struct{ in, out *big.Int }

// asset is how amounts are shown and counted.
type asset struct{ scale, engine int }

var fiat = []string{"USD", "EUR", "GBP"}

// asset returns how an asset counts: as the file says, or as by default.
func (m *marketDoc) asset(symbol string) asset {
	for _, a := range m.Assets {
		if a.Symbol == symbol {
			if a.EngineScale == nil {
				return asset{a.Scale, a.Scale}
			}
			return asset{a.Scale, *a.EngineScale}
		}
	}
	if slices.Contains(fiat, symbol) {
		return asset{2, 6}
	}
	return asset{8, 8}
}

// shown takes engine units to units of the last digit shown.
func (a asset) shown(units *big.Int, up bool) *big.Int {
	per := pow(a.engine - a.scale)
	if up {
		return ceil(units, per)
	}
	return new(big.Int).Quo(units, per)
}

// text writes a whole number with the decimals of the asset.
func (a asset) text(v *big.Int) string {
	s := v.String()
	if a.scale == 0 {
		return s
	}
	s = strings.Repeat("0", max(0, a.scale+1-len(s))) + s
	return s[:len(s)-a.scale] + "." + s[len(s)-a.scale:]
}

func (m *marketDoc) find(venue, market, name string) *side {
	for _, s := range m.sides {
		if s.venue == venue && s.market == market && s.name == name {
			return s
		}
	}
	return nil
}

// compile makes sides of the books. A book that is crossed in itself is not used.
func (m *marketDoc) compile() error {
	for _, a := range m.Assets {
		if b := m.asset(a.Symbol); b.scale < 0 || b.engine < b.scale || b.engine > 18 {
			return fmt.Errorf("asset %s: scales %d and %d", a.Symbol, b.scale, b.engine)
		}
	}
	for _, k := range m.Markets {
		fee, ok := decimal(k.Fee)
		if !ok || fee.Cmp(big.NewRat(10_000, 1)) >= 0 {
			return fmt.Errorf("market %s %s-%s: taker_fee_bps %q", k.Venue, k.Base, k.Quote, k.Fee)
		}
		fee.Quo(fee, big.NewRat(10_000, 1))
		name := k.Base + "-" + k.Quote
		if m.find(k.Venue, name, "sell") != nil || k.Base == k.Quote {
			return fmt.Errorf("market %s %s is listed twice, or trades an asset against itself", k.Venue, name)
		}
		bids, errBids := readBook(k.Bids, -1)
		asks, errAsks := readBook(k.Asks, 1)
		if err := errors.Join(errBids, errAsks); err != nil {
			return fmt.Errorf("market %s %s: %w", k.Venue, name, err)
		}
		if len(bids) > 0 && len(asks) > 0 && bids[0].price.Cmp(asks[0].price) >= 0 {
			bids, asks = nil, nil // crossed in itself
		}
		sold := m.levels(bids, k.Base, k.Quote, sells(fee))
		bought := m.levels(asks, k.Base, k.Quote, buys(fee, k.FeeOn == "quote"))
		m.sides = append(m.sides,
			&side{k.Venue, name, "sell", k.Base, k.Quote, k.Version, sold},
			&side{k.Venue, name, "buy", k.Quote, k.Base, k.Version, bought})
	}
	return nil
}

// offer says what is given and got for a size and its value, before rounding.
type offer func(size, value *big.Rat) (in, out *big.Rat)

// sells gives size for size x price less the fee, down; buys gives size x price,
// up, for size less the fee, down, or with the fee on the price for size.
func sells(fee *big.Rat) offer {
	keep := new(big.Rat).Sub(big.NewRat(1, 1), fee)
	return func(size, value *big.Rat) (*big.Rat, *big.Rat) { return size, value.Mul(value, keep) }
}

func buys(fee *big.Rat, onQuote bool) offer {
	keep, more := new(big.Rat).Sub(big.NewRat(1, 1), fee), new(big.Rat).Add(big.NewRat(1, 1), fee)
	return func(size, value *big.Rat) (*big.Rat, *big.Rat) {
		if onQuote {
			return value.Mul(value, more), size
		}
		return value, new(big.Rat).Mul(size, keep)
	}
}

// entry is a level as the file has it.
type entry struct{ price, size *big.Rat }

// readBook reads one half of a book and puts it in order: best price first, which
// is the highest for order -1 and the lowest for 1.
func readBook(text [][2]string, order int) ([]entry, error) {
	var all []entry
	for _, l := range text {
		price, okPrice := decimal(l[0])
		size, okSize := decimal(l[1])
		if !okPrice || !okSize || price.Sign() == 0 || size.Sign() == 0 {
			return nil, fmt.Errorf("level %.60q", l)
		}
		all = append(all, entry{price, size})
	}
	slices.SortStableFunc(all, func(x, y entry) int { return order * x.price.Cmp(y.price) })
	return all, nil
}

// levels turns prices and sizes into offers. A size counts in whole units of the
// base; what rounds to nothing or does not fit 63 bits is not offered.
func (m *marketDoc) levels(book []entry, base, quote string, as offer) []level {
	b, q := m.asset(base), m.asset(quote)
	var all []level
	for _, e := range book {
		units := floor(new(big.Rat).Mul(e.size, new(big.Rat).SetInt(pow(b.engine))))
		whole := new(big.Rat).SetInt(units)
		value := new(big.Rat).Mul(whole, e.price)
		value.Mul(value, new(big.Rat).SetFrac(pow(q.engine), pow(b.engine)))
		in, out := as(whole, value)
		o := level{ceil(in.Num(), in.Denom()), floor(out)}
		if o.in.Sign() > 0 && o.out.Sign() > 0 && units.IsInt64() && o.in.IsInt64() && o.out.IsInt64() {
			all = append(all, o)
		}
	}
	slices.SortStableFunc(all, func(x, y level) int {
		return new(big.Int).Mul(y.out, x.in).Cmp(new(big.Int).Mul(x.out, y.in))
	})
	return all
}

// digest is the SHA-256 of what the side offers.
func (s *side) digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "chronos-side-v1\n%s\n%s\n%s\n", s.venue, s.market, s.name)
	var buf [8]byte
	for _, l := range s.levels {
		h.Write(l.in.FillBytes(buf[:]))
		h.Write(l.out.FillBytes(buf[:]))
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// decimal reads a plain decimal: digits and a point, no exponent of any kind.
func decimal(s string) (*big.Rat, bool) {
	if len(s) == 0 || len(s) > 60 || strings.Trim(s, "0123456789.") != "" {
		return nil, false
	}
	r, ok := new(big.Rat).SetString(s)
	return r, ok
}

func pow(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func floor(r *big.Rat) *big.Int { return new(big.Int).Quo(r.Num(), r.Denom()) }

// ceil is a/b rounded up, for a >= 0.
func ceil(a, b *big.Int) *big.Int {
	q, rem := new(big.Int).QuoRem(a, b, new(big.Int))
	if rem.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return q
}
