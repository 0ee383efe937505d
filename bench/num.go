package bench

import (
	"fmt"
	"math/rand/v2"

	"chronos.dev/money"
	"chronos.dev/money/text"

	"github.com/shopspring/decimal"
)

// numbers are amounts of 8 decimals, in both forms and as text.
type numbers struct {
	units []money.Amount
	exact []decimal.Decimal
	texts []string
}

const numbersDrawn = 1024

// unitScale is the decimals of amounts that are multiplied and parsed.
const unitScale = 8

func drawNumbers(r *rand.Rand) (n numbers) {
	for range numbersDrawn {
		v := 1 + r.Int64N(1e14)
		n.units = append(n.units, money.Amount(v))
		n.exact = append(n.exact, decimal.New(v, -unitScale))
		n.texts = append(n.texts, string(money.AppendFixed(nil, v, unitScale)))
	}
	return n
}

// arithmetic measures what an amount goes through, against arbitrary precision.
// Results are rounded to the unit both ways.
func arithmetic(k *Kit) (figures []Figure, err error) {
	n := drawNumbers(k.Rand)
	price, one := money.Amount(6_812_345_000_000), money.Amount(money.Pow10(unitScale))
	exact := decimal.New(int64(price), -unitScale)
	var sink money.Amount
	var far decimal.Decimal
	var buf []byte
	var text8 string
	times := k.Times(20_000)
	duel := func(name string, target float64, ours, plain func(i int)) {
		each := func(do func(int)) func(int) {
			return func(times int) {
				for i := range times {
					do(i % numbersDrawn)
				}
			}
		}
		figures = append(figures, Duel("num/"+name, "amount of 8 decimals", times,
			Way{Do: each(ours)}, Way{"shopspring", target, each(plain)}))
	}
	mul := func(i int) { sink, err = money.MulDiv(n.units[i], price, one, money.Down) }
	div := func(i int) { sink, err = money.MulDiv(n.units[i], one, price, money.Down) }
	for i := range numbersDrawn {
		mul(i)
		a, b := sink, n.exact[i].Mul(exact).Truncate(unitScale).Shift(unitScale)
		div(i)
		c, d := sink, n.exact[i].DivRound(exact, 2*unitScale).Truncate(unitScale).Shift(unitScale)
		p, failed := text.ParseAmount(n.texts[i], unitScale)
		if err != nil || failed != nil || p != n.units[i] || n.exact[i].StringFixed(unitScale) != n.texts[i] ||
			int64(a) != b.IntPart() || int64(c) != d.IntPart() {
			return nil, fmt.Errorf("bench: %s is not the same both ways", n.texts[i])
		}
	}
	duel("mul", 1.0/30, mul, func(i int) { far = n.exact[i].Mul(exact).Truncate(unitScale) })
	duel("div", 1.0/80, div, func(i int) { far = n.exact[i].DivRound(exact, unitScale) })
	duel("parse", 1.0/7, func(i int) { sink, err = text.ParseAmount(n.texts[i], unitScale) },
		func(i int) { far, err = decimal.NewFromString(n.texts[i]) })
	duel("format", 1.0/6, func(i int) { buf = money.AppendFixed(buf[:0], int64(n.units[i]), unitScale) },
		func(i int) { text8 = n.exact[i].StringFixed(unitScale) })
	_, _ = far, text8
	return figures, err
}
