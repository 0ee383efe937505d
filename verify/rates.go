package verify

import (
	"math/big"
	"regexp"
	"strings"
)

// span is a number that is only known to lie between two. What a venue keeps at one
// side is known to the unit. Which part of it a leg has is not, where the side has
// several legs: they share it by what it is taken from, each part rounded.
type span struct{ lo, hi *big.Int }

func (s span) plus(o span) span {
	return span{new(big.Int).Add(s.lo, o.lo), new(big.Int).Add(s.hi, o.hi)}
}

func exactly(v *big.Int) span { return span{v, v} }

// fee is what the venue keeps of one leg.
func (f *fill) share(l *leg) span {
	part, whole := l.out, f.out
	if f.side.feeOnIn {
		part, whole = l.in, f.in
	}
	if f.legs == 1 || f.fee.Sign() == 0 {
		return exactly(f.fee)
	}
	if whole.Sign() == 0 {
		return span{new(big.Int), f.fee}
	}
	mean, slack := share(f.fee, part, whole), big.NewInt(f.legs)
	lo, hi := new(big.Int).Sub(mean, slack), new(big.Int).Add(mean, slack)
	return span{most(lo, new(big.Int)), least(hi.Add(hi, big.NewInt(1)), f.fee)}
}

// gross is what a fee leaves of an amount that it is part of, or is added to.
func gross(in, out *big.Int, fee span, feeOnIn bool) (grossIn, grossOut span) {
	if feeOnIn {
		lo, hi := new(big.Int).Sub(in, fee.hi), new(big.Int).Sub(in, fee.lo)
		return span{most(lo, new(big.Int)), hi}, exactly(out)
	}
	return exactly(in), exactly(out).plus(fee)
}

// rates checks what a plan is worth per unit before the fees: of each hop, and of
// the whole beside the middle of the books.
func (c *checker) rates() {
	for _, legs := range c.legs {
		for i := range legs {
			c.avgPrice(&legs[i])
		}
	}
	paths := c.paths()
	lo, hi, known := c.grossRate(paths)
	if !known {
		return
	}
	if lo == nil { // no path carries anything
		c.reads("fee_bps", orNull(c.quote.FeeBps), "")
	} else {
		u := &c.quote.Certificate
		net := perUnit(u.BuyUnits.int(), c.buy, u.SellUnits.int(), c.sell)
		c.between("fee_bps", orNull(c.quote.FeeBps), costBps(lo, net), costBps(hi, net))
	}
	c.checkMid(paths, lo, hi)
}

// avgPrice checks what a leg has paid for a unit of the base before the fee.
func (c *checker) avgPrice(l *leg) {
	f := c.fills[l.side]
	in, out := gross(l.in, l.out, f.share(l), l.side.feeOnIn)
	base, quote, b, q := out, in, c.books.asset(l.side.to), c.books.asset(l.side.from)
	if l.side.Side == "sell" {
		base, quote, b, q = in, out, q, b
	}
	lo := rate(quote.lo, q.engine, base.hi, b.engine, false)
	hi := rate(quote.hi, q.engine, base.lo, b.engine, false)
	if hi == "null" && lo != hi {
		return // of next to nothing, at any price
	}
	c.between("avg_price", orNull(l.doc.AvgPrice), lo, hi)
}

var signedForm = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// between checks a number that is known, or known to lie between two.
func (c *checker) between(what, got, lo, hi string) {
	if lo == hi {
		c.reads(what, got, lo)
		return
	}
	number := func(s string) *big.Rat {
		r, _ := new(big.Rat).SetString(s)
		return r
	}
	if len(got) > 100 || !signedForm.MatchString(got) ||
		number(got).Cmp(number(lo)) < 0 || number(got).Cmp(number(hi)) > 0 {
		c.fail(CodeShown, "%s is shown as %.60q, it is from %s to %s", what, got, lo, hi)
	}
}

// path sums the routes that pass the same assets.
type path struct {
	hops []*pathHop
}

// pathHop is what all legs of a hop of a path do.
type pathHop struct {
	from, to          string
	in, out           *big.Int
	grossIn, grossOut span
}

// paths sums the routes, those apart that bring nothing.
func (c *checker) paths() (all []path) {
	groups := map[string][][]leg{}
	for _, legs := range c.legs {
		var key strings.Builder
		for i := range legs {
			key.WriteString(legs[i].side.to + " ")
		}
		groups[key.String()] = append(groups[key.String()], legs)
	}
	for _, routes := range groups {
		var p path
		for h := range routes[0] {
			p.hops = append(p.hops, c.pathHop(routes, h))
		}
		if p.carries() {
			all = append(all, p)
		}
	}
	return all
}

func (p *path) carries() bool {
	for _, h := range p.hops {
		if h.out.Sign() == 0 || h.grossIn.hi.Sign() == 0 {
			return false
		}
	}
	return true
}

// pathHop sums one hop of routes that pass the same assets. A side whose legs are
// all among them has all of its fee there.
func (c *checker) pathHop(routes [][]leg, at int) *pathHop {
	bySide := map[*side]*fill{} // what of each side is here
	parts := map[*side]span{}
	for _, legs := range routes {
		l := &legs[at]
		f := bySide[l.side]
		if f == nil {
			f = &fill{in: new(big.Int), out: new(big.Int)}
			bySide[l.side], parts[l.side] = f, exactly(new(big.Int))
		}
		f.in.Add(f.in, l.in)
		f.out.Add(f.out, l.out)
		f.legs++
		parts[l.side] = parts[l.side].plus(c.fills[l.side].share(l))
	}
	zero := new(big.Int)
	on := routes[0][at].side
	h := &pathHop{on.from, on.to, zero, zero, exactly(zero), exactly(zero)}
	for s, f := range bySide {
		fee := parts[s]
		if all := c.fills[s]; f.legs == all.legs {
			fee = exactly(all.fee)
		}
		in, out := gross(f.in, f.out, fee, s.feeOnIn)
		h.in, h.out = new(big.Int).Add(h.in, f.in), new(big.Int).Add(h.out, f.out)
		h.grossIn, h.grossOut = h.grossIn.plus(in), h.grossOut.plus(out)
	}
	return h
}

// grossRate is what the plan gets for what it gives before fees: the mean of its
// paths by what they take, each the product of its hops. Not known is one of
// which a hop may take nothing; without a path there is none.
func (c *checker) grossRate(paths []path) (lo, hi *big.Rat, known bool) {
	for _, p := range paths {
		for _, h := range p.hops {
			if h.grossIn.lo.Sign() == 0 {
				return nil, nil, false
			}
		}
	}
	lo = c.mean(paths, func(h *pathHop) *big.Rat {
		return perUnit(h.grossOut.lo, c.books.asset(h.to), h.grossIn.hi, c.books.asset(h.from))
	})
	hi = c.mean(paths, func(h *pathHop) *big.Rat {
		return perUnit(h.grossOut.hi, c.books.asset(h.to), h.grossIn.lo, c.books.asset(h.from))
	})
	return lo, hi, true
}

// mean is nil without paths, or where a hop has no rate.
func (c *checker) mean(paths []path, rate func(*pathHop) *big.Rat) *big.Rat {
	if len(paths) == 0 {
		return nil
	}
	sum := new(big.Rat)
	for _, p := range paths {
		r := big.NewRat(1, 1)
		if len(paths) > 1 {
			r.SetFrac(p.hops[0].in, c.quote.Certificate.SellUnits.int())
		}
		for _, h := range p.hops {
			of := rate(h)
			if of == nil {
				return nil
			}
			r.Mul(r, of)
		}
		sum.Add(sum, r)
	}
	return sum
}

// checkMid checks what the plan would get at the middles of its hops, and how far
// below that it is. It may be unknown because of books that are not in the file.
func (c *checker) checkMid(paths []path, lo, hi *big.Rat) {
	mid, slippage := orNull(c.quote.MidRate), orNull(c.quote.Slippage)
	if mid == "null" && slippage == "null" {
		return
	}
	for _, p := range paths {
		for _, h := range p.hops {
			if c.books.pairs[[2]string{h.from, h.to}] != nil && c.books.pairs[[2]string{h.to, h.from}] != nil {
				return // which of the two is the pair depends on books that are not in the file
			}
		}
	}
	want := c.mean(paths, c.middle)
	if want == nil {
		c.fail(CodeShown, "mid_rate and slippage_bps are not null, but a hop has no middle")
		return
	}
	c.reads("mid_rate", mid, significant(want, false))
	c.between("slippage_bps", slippage, costBps(want, hi), costBps(want, lo))
}

// middle is halfway between the best bid and the best ask of all books of a hop.
func (c *checker) middle(h *pathHop) *big.Rat {
	t, sells := c.books.pairs[[2]string{h.from, h.to}], true
	if t == nil {
		t, sells = c.books.pairs[[2]string{h.to, h.from}], false
	}
	if t == nil || t.bid == nil || t.ask == nil {
		return nil
	}
	mid := new(big.Rat).Add(t.bid, t.ask)
	mid.Quo(mid, big.NewRat(2, 1))
	if !sells {
		mid.Inv(mid)
	}
	return mid
}

// perUnit is what one of an asset becomes.
func perUnit(out *big.Int, get asset, in *big.Int, give asset) *big.Rat {
	return new(big.Rat).SetFrac(new(big.Int).Mul(out, pow(give.engine)), new(big.Int).Mul(in, pow(get.engine)))
}

// costBps is how far below from to lies, in basis points of from, up.
func costBps(from, to *big.Rat) string {
	r := new(big.Rat).Sub(from, to)
	r.Mul(r.Quo(r, from), big.NewRat(1_000_000, 1))
	return fixed(ceil(r), 2)
}
