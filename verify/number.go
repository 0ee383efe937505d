package verify

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
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

// units reads an amount as engine units, none of which may be cut.
func (a asset) units(s string) (*big.Int, error) {
	r, err := decimal(s)
	if err != nil {
		return nil, err
	}
	if r.Mul(r, new(big.Rat).SetInt(pow(a.engine))); !r.IsInt() {
		return nil, fmt.Errorf("%.40q has more than %d decimals", s, a.engine)
	}
	return r.Num(), nil
}

var decimalForm = regexp.MustCompile(`^([0-9]{1,64})(?:\.([0-9]{1,64}))?(?:[eE]([+-]?[0-9]{1,9}))?$`)

// decimal reads what a market file may hold: digits, a point, an exponent, all of
// a size that can be formed at once.
func decimal(s string) (*big.Rat, error) {
	m := decimalForm.FindStringSubmatch(s)
	if m == nil {
		return nil, fmt.Errorf("%.40q is no decimal", s)
	}
	v, _ := new(big.Int).SetString(m[1]+m[2], 10)
	exp, _ := strconv.Atoi(m[3]) // 0 if there is none
	switch exp -= len(m[2]); {
	case exp < -150 || exp > 150:
		return nil, fmt.Errorf("%.40q is too large or too fine", s)
	case exp < 0:
		return new(big.Rat).SetFrac(v, pow(-exp)), nil
	}
	return new(big.Rat).SetInt(v.Mul(v, pow(exp))), nil
}

// basisPoints reads what matches feeForm.
func basisPoints(s string) *big.Rat {
	r, _ := new(big.Rat).SetString(s)
	return r.Quo(r, big.NewRat(10_000, 1))
}

// fixed writes v / 10^scale with that many decimals.
func fixed(v *big.Int, scale int) string {
	s := new(big.Int).Abs(v).String()
	if scale > 0 {
		s = strings.Repeat("0", max(0, scale+1-len(s))) + s
		s = s[:len(s)-scale] + "." + s[len(s)-scale:]
	}
	if v.Sign() < 0 {
		return "-" + s
	}
	return s
}

// rate is num/den, amounts of so many decimals, with twelve significant digits, at
// most 18 decimals; "null" if den is nothing.
func rate(num *big.Int, decimals int, den *big.Int, denDecimals int, up bool) string {
	if den.Sign() == 0 {
		return "null"
	}
	a, b := new(big.Int).Mul(num, pow(denDecimals)), new(big.Int).Mul(den, pow(decimals))
	return significant(new(big.Rat).SetFrac(a, b), up)
}

// significant writes a fraction that is not below zero with twelve digits.
func significant(r *big.Rat, up bool) string {
	r, decimals := new(big.Rat).Set(r), 0
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

func most(a, b *big.Int) *big.Int {
	if a.Cmp(b) > 0 {
		return a
	}
	return b
}

// floor and ceil round a fraction.
func floor(r *big.Rat) *big.Int { return new(big.Int).Div(r.Num(), r.Denom()) } // the denominator is above zero

func ceil(r *big.Rat) *big.Int {
	q, rem := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	return q.Add(q, big.NewInt(int64(rem.Sign())))
}
