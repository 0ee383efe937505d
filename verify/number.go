package verify

import (
	"math/big"
	"strings"
)

// asset is how many decimals amounts are shown with, and are counted with.
type asset struct{ scale, engine int }

// shown takes engine units to units of the last digit shown.
func (a asset) shown(units *big.Int, up bool) *big.Int {
	r := new(big.Rat).SetFrac(units, pow(a.engine-a.scale))
	if up {
		return ceil(r)
	}
	return floor(r)
}

// text writes units of the last digit shown.
func (a asset) text(v *big.Int) string { return fixed(v, a.scale) }

// fixed writes v / 10^scale, v not below zero, with that many decimals.
func fixed(v *big.Int, scale int) string {
	s := v.String()
	if scale == 0 {
		return s
	}
	s = strings.Repeat("0", max(0, scale+1-len(s))) + s
	return s[:len(s)-scale] + "." + s[len(s)-scale:]
}

// rate is num/den with twelve significant digits, at most 18 decimals; "null" if
// den is nothing.
func rate(num *big.Int, n asset, den *big.Int, d asset, up bool) string {
	if den.Sign() == 0 {
		return "null"
	}
	r := new(big.Rat).SetFrac(new(big.Int).Mul(num, pow(d.scale)), new(big.Int).Mul(den, pow(n.scale)))
	decimals := 0
	for ; floor(r).Cmp(pow(11)) < 0 && decimals < 18; decimals++ {
		r.Mul(r, big.NewRat(10, 1))
	}
	if up {
		return fixed(ceil(r), decimals)
	}
	return fixed(floor(r), decimals)
}

func pow(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// share is x*part/whole, down.
func share(x, part, whole *big.Int) *big.Int {
	p := new(big.Int).Mul(x, part)
	return p.Quo(p, whole)
}

func least(a, b *big.Int) *big.Int {
	if a.Cmp(b) < 0 {
		return a
	}
	return b
}

// floor and ceil round a fraction that is not below zero.
func floor(r *big.Rat) *big.Int { return new(big.Int).Quo(r.Num(), r.Denom()) }

func ceil(r *big.Rat) *big.Int {
	q, rem := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	return q.Add(q, big.NewInt(int64(rem.Sign())))
}
