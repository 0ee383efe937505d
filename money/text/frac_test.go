package text

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"chronos.dev/money"
)

// both is a value as a Ratio and as a Frac.
type both struct {
	r Ratio
	f *Frac
}

func drawNum(t *rapid.T, what string, least int64) money.Num {
	most := rapid.SampledFrom([]int64{3, 100_000, 1e12, math.MaxInt64}).Draw(t, what+" below")
	return money.Num{
		Coef:  rapid.Int64Range(least, most).Draw(t, what),
		Scale: uint8(rapid.IntRange(0, money.MaxScale).Draw(t, what+" scale")),
	}
}

// drawBoth makes a value the way an answer does: products of rates and of middles,
// some inverse, weighted and summed.
func drawBoth(t *rapid.T) both {
	sum := both{Per(money.Num{}, money.Num{Coef: 1}), new(Frac)}
	sum.f.SetPer(money.Num{}, money.Num{Coef: 1})
	for range rapid.IntRange(1, 3).Draw(t, "paths") {
		w := drawNum(t, "weight", 1)
		p := both{Per(w, money.Num{Coef: 1}), new(Frac)}
		p.f.SetPer(w, money.Num{Coef: 1})
		for range rapid.IntRange(1, 3).Draw(t, "hops") {
			a, b := drawNum(t, "a", 1), drawNum(t, "b", 0)
			hop, f := Per(a, b), new(Frac)
			f.SetPer(a, b)
			if rapid.Bool().Draw(t, "mean") {
				hop = Per(a, money.Num{Coef: 1}).Mean(Per(b, money.Num{Coef: 1}))
				f.SetMean(a, b)
			}
			if rapid.Bool().Draw(t, "inverse") {
				hop = hop.Inverse()
				f.Invert()
			}
			p.r = p.r.Mul(hop)
			p.f.Mul(f)
		}
		sum.r = sum.r.Add(p.r)
		sum.f.Add(p.f)
	}
	return sum
}

// TestFracIsARatio: whatever is made of numbers, a Frac shows it as the Ratio does.
func TestFracIsARatio(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawBoth(t), drawBoth(t)
		if a.f.Valid() != a.r.Valid() {
			t.Fatalf("valid %v, want %v", a.f.Valid(), a.r.Valid())
		}
		decimals := uint8(rapid.IntRange(0, MaxFraction).Draw(t, "decimals"))
		digits := uint8(rapid.IntRange(1, 18).Draw(t, "digits"))
		var f Frac
		check := func(what, want string, append func() []byte) {
			if got := string(append()); got != want {
				t.Fatalf("%s %q, want %q", what, got, want)
			}
		}
		f.SetLoss(a.f, b.f)
		f.InBps()
		loss := a.r.Sub(b.r).Div(a.r).Bps()
		check("loss", loss.Ceil(decimals), func() []byte { return f.AppendCeil(nil, decimals) })
		f.SetLoss(a.f, b.f)
		f.InBps()
		check("loss down", loss.Floor(decimals), func() []byte { return f.AppendFloor(nil, decimals) })
		f.Set(a.f)
		check("digits", a.r.Significant(digits), func() []byte { return f.AppendSignificant(nil, digits) })
	})
}

// TestFracAllocatesNothing: once it has held numbers as long.
func TestFracAllocatesNothing(t *testing.T) {
	price, in, out := money.Num{Coef: 6_800_012, Scale: 2}, money.Num{Coef: 250_000_000, Scale: 8}, money.Num{Coef: 17_001_234, Scale: 2}
	var mid, rate, loss Frac
	var b [64]byte
	n := testing.AllocsPerRun(100, func() {
		mid.SetMean(price, in)
		rate.SetPer(out, in)
		rate.Mul(&mid)
		rate.Add(&mid)
		loss.SetLoss(&rate, &mid)
		loss.InBps()
		_ = loss.AppendCeil(b[:0], 2)
		_ = mid.AppendSignificant(b[:0], 12)
	})
	if n > 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
