package verify_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
)

// tierWorld is a market of a few units with providers, made for the tests of tiers:
// what it says of options, fills and bounds is found by trying, size by size, and
// is the measure of the package. Amounts are shown with all the decimals that they
// are counted with.
type tierWorld struct {
	r        *rand.Rand
	market   object
	decimals map[string]int
	sides    []*tierSide
	limit    int64 // of settlement in milliseconds, -1: none
	maxHops  int
	excluded []any
}

type tierSide struct {
	venue, market, action string
	from, to, version     string
	settle                int64
	levels                [][2]int64
	tiers                 []*testTier
	options               []testOption
}

// testTier is a tier as the file has it, in units of the base; the price is in tenths
// of a unit of the quote for one of the base, the fee in basis points.
type testTier struct {
	min, max, price, fee, fixed int64
	whole, fixedBase            bool
	settle                      int64
	name                        string
}

type testOption struct {
	tier        int
	name        string
	settle      int64
	entry, rest [2]int64 // rest is zero if there is none
}

func newTierWorld(r *rand.Rand) *tierWorld {
	w := &tierWorld{r: r, decimals: map[string]int{}, limit: -1, maxHops: 1 + r.IntN(3), excluded: []any{}}
	if r.IntN(3) == 0 {
		w.limit = int64(1000 * r.IntN(4))
	}
	if r.IntN(4) == 0 {
		w.excluded = append(w.excluded, "outbook", "outvault")
	}
	assets := []any{}
	for _, a := range []string{"SS", "TT", "AA", "CC"} {
		w.decimals[a] = r.IntN(3)
		assets = append(assets, object{"symbol": a, "scale": w.decimals[a]})
	}
	w.market = object{"as_of": "2026-11-23T12:00:00Z", "assets": assets}
	var markets, providers []any
	for i, pair := range [][2]string{{"SS", "TT"}, {"TT", "SS"}, {"SS", "AA"}, {"AA", "TT"}, {"TT", "CC"}, {"CC", "SS"},
		{"AA", "CC"}, {"SS", "TT"}} {
		if r.IntN(3) > 0 {
			markets = append(markets, w.book(w.venue("book", i), pair))
		}
		if r.IntN(2) > 0 {
			providers = append(providers, w.provider(w.venue("vault", i), pair))
		}
	}
	w.market["markets"], w.market["providers"] = markets, providers
	return w
}

func (w *tierWorld) venue(kind string, i int) string {
	if i < 7 && w.r.IntN(12) == 0 {
		return "out" + kind
	}
	return fmt.Sprint(kind, i)
}

// text writes units of an asset as a decimal.
func (w *tierWorld) text(v int64, asset string) string {
	if d := w.decimals[asset]; d > 0 {
		s := fmt.Sprintf("%0*d", d+1, v)
		return s[:len(s)-d] + "." + s[len(s)-d:]
	}
	return fmt.Sprint(v)
}

// book has bids that fall, without a fee: one unit of the base is so many tenths of a
// unit of the quote.
func (w *tierWorld) book(venue string, pair [2]string) object {
	s := &tierSide{
		venue: venue, market: pair[0] + "-" + pair[1], action: "sell", from: pair[0], to: pair[1],
		version: "3.4", settle: int64(1000 * w.r.IntN(3)),
	}
	bids, price := []any{}, int64(14)
	for range w.r.IntN(3) {
		size := int64(1 + w.r.IntN(30))
		bids = append(bids, []any{w.priceText(price, pair), w.text(size, pair[0])})
		if size*price >= 10 {
			s.levels = append(s.levels, [2]int64{size, size * price / 10})
		}
		price -= int64(1 + w.r.IntN(3))
	}
	slices.SortStableFunc(s.levels, func(a, b [2]int64) int { return int(b[1]*a[0] - a[1]*b[0]) })
	w.sides = append(w.sides, s)
	return object{
		"venue": venue, "base": pair[0], "quote": pair[1], "taker_fee_bps": "0", "version": s.version,
		"settlement_ms": s.settle, "bids": bids,
	}
}

// priceText is so many tenths of a unit of the quote for a unit of the base.
func (w *tierWorld) priceText(tenths int64, pair [2]string) string {
	return fmt.Sprintf("%de%d", tenths, w.decimals[pair[0]]-w.decimals[pair[1]]-1)
}

func (w *tierWorld) provider(venue string, pair [2]string) object {
	o := object{"provider": venue, "asset": pair[0], "quote": pair[1], "version": fmt.Sprint("1.", w.r.IntN(99))}
	for _, action := range []string{"sell", "buy"} {
		s := &tierSide{venue: venue, market: pair[0] + "-" + pair[1], action: action, version: o["version"].(string)}
		if s.from, s.to = pair[0], pair[1]; action == "buy" {
			s.from, s.to = pair[1], pair[0]
		}
		w.sides = append(w.sides, s)
		list := []any{}
		at := int64(w.r.IntN(3))
		for i := range w.r.IntN(4) {
			t := w.tier(at)
			if at = t.max; t.whole && i > 0 && w.r.IntN(2) == 0 {
				t.min, t.max, at = t.min+2, t.max+2, at+2 // a gap
			}
			s.tiers = append(s.tiers, t)
			list = append(list, w.tierJSON(t, pair))
		}
		for k := range s.tiers {
			if opt, ok := s.option(k); ok {
				s.options = append(s.options, opt)
			}
		}
		o[action] = list
	}
	return o
}

func (w *tierWorld) tier(from int64) *testTier {
	r := w.r
	t := &testTier{
		min: from, max: from + int64(1+r.IntN(40)), whole: r.IntN(2) == 0, price: int64(7 + r.IntN(9)),
		settle: int64(1000 * r.IntN(4)), name: []string{"INSTANT", "FAST", ""}[r.IntN(3)],
		fee: []int64{0, 10, 250}[r.IntN(3)], fixed: []int64{0, 0, 1, 4}[r.IntN(4)], fixedBase: r.IntN(2) == 0,
	}
	if r.IntN(10) == 0 {
		t.max = t.min + 1
	}
	return t
}

func (w *tierWorld) tierJSON(t *testTier, pair [2]string) object {
	o := object{
		"max": w.text(t.max, pair[0]), "price": w.priceText(t.price, pair), "name": t.name, "settlement_ms": t.settle,
		"mode": map[bool]string{true: "whole", false: "slice"}[t.whole],
	}
	if t.min > 0 || w.r.IntN(2) == 0 {
		o["min"] = w.text(t.min, pair[0])
	}
	if t.fee > 0 {
		o["fee_bps"] = fmt.Sprint(t.fee)
	}
	if t.fixed > 0 || w.r.IntN(3) == 0 {
		asset := map[bool]string{true: pair[0], false: pair[1]}[t.fixedBase]
		o["fixed_fee"] = object{"asset": asset, "amount": w.text(t.fixed, asset)}
	}
	return o
}

// value is what x of the base are worth in tier k, as the words of the rule say.
func (s *tierSide) value(k int, x int64) *big.Rat {
	t := s.tiers[k]
	sign := int64(1)
	if s.action == "sell" {
		sign = -1
	}
	price := big.NewRat(t.price*(10_000+sign*t.fee), 100_000)
	if t.whole || k == 0 {
		return price.Mul(price, big.NewRat(x, 1))
	}
	rest := s.value(k-1, t.min)
	return rest.Add(rest, price.Mul(price, big.NewRat(x-t.min, 1)))
}

// fixed are the fixed fees in base and quote that tier k pays.
func (s *tierSide) fixed(k int) (base, quote int64) {
	if t := s.tiers[k]; !t.whole && k > 0 {
		base, quote = s.fixed(k - 1)
	}
	if s.tiers[k].fixedBase {
		return base + s.tiers[k].fixed, quote
	}
	return base, quote + s.tiers[k].fixed
}

func (s *tierSide) arc(k int, x int64) (in, out int64) {
	base, quote := s.fixed(k)
	v := s.value(k, x)
	down := new(big.Int).Div(v.Num(), v.Denom()).Int64()
	if s.action == "sell" {
		return x + base, down - quote
	}
	if !v.IsInt() {
		down++
	}
	return down + quote, x - base
}

// option tries all sizes of a tier.
func (s *tierSide) option(k int) (testOption, bool) {
	t := s.tiers[k]
	o := testOption{tier: k, name: t.name, settle: t.settle}
	base, quote := s.fixed(k)
	for x := t.min; x <= t.max; x++ {
		in, out := s.arc(k, x)
		if out < 1 && (x > 0 || base+quote > 0) {
			continue
		}
		o.entry = [2]int64{in, out}
		in, out = s.arc(k, t.max)
		if in > o.entry[0] && out > o.entry[1] {
			o.rest = [2]int64{in - o.entry[0], out - o.entry[1]}
		}
		return o, true
	}
	return o, false
}

// digest follows the layout in the documents.
func (s *tierSide) digest() string {
	name := "chronos-side-v1\n"
	var words []uint64
	for _, l := range s.levels {
		words = append(words, uint64(l[0]), uint64(l[1]))
	}
	if s.tiers != nil {
		name = "chronos-options-v1\n"
		for _, o := range s.options {
			words = append(words, uint64(o.tier), uint64(o.settle), uint64(o.entry[0]), uint64(o.entry[1]))
			if o.rest == [2]int64{} {
				words = append(words, 0)
			} else {
				words = append(words, 1, uint64(o.rest[0]), uint64(o.rest[1]))
			}
		}
	}
	b := []byte(name + s.venue + "\n" + s.market + "\n" + s.action + "\n")
	for _, v := range words {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(b))
}

// allowed are the options that settle in time.
func (w *tierWorld) allowed(s *tierSide) (all []testOption) {
	for _, o := range s.options {
		if w.limit < 0 || o.settle <= w.limit {
			all = append(all, o)
		}
	}
	return all
}

// counts reports whether a side is in the bound, a path or none.
func (w *tierWorld) counts(s *tierSide) bool {
	return !slices.Contains(w.excluded, any(s.venue)) &&
		(len(s.levels) > 0 && (w.limit < 0 || s.settle <= w.limit) || len(w.allowed(s)) > 0)
}

// onPath are the sides that a path could use.
func (w *tierWorld) onPath() (all []*tierSide) {
	leads := func(from, to string) bool {
		return slices.ContainsFunc(w.sides, func(s *tierSide) bool { return w.counts(s) && s.from == from && s.to == to })
	}
	for _, s := range w.sides {
		first, last := s.from == "SS", s.to == "TT"
		hops := 1
		switch {
		case first && last:
		case first || last:
			hops = 2
		case leads("SS", s.from) && leads(s.to, "TT"):
			hops = 3
		default:
			continue
		}
		if w.counts(s) && s.to != "SS" && s.from != "TT" && hops <= w.maxHops {
			all = append(all, s)
		}
	}
	return all
}
