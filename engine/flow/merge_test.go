package flow

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// oneByOne fills levels in order until x of their inputs, or of their outputs if that
// is wanted, is done, and returns the sum of the others; false if they end before.
func oneByOne(levels []graph.Arc, x money.Amount, wanted bool) (sum *big.Int, whole bool) {
	left, sum := big.NewInt(int64(x)), new(big.Int)
	for _, a := range levels {
		this, other := big.NewInt(int64(a.In)), big.NewInt(int64(a.Out))
		if wanted {
			this, other = other, this
		}
		if left.Cmp(this) >= 0 {
			left.Sub(left, this)
			sum.Add(sum, other)
			continue
		}
		share := other.Mul(other, left)
		if wanted { // rounded up
			share.Add(share, new(big.Int).Sub(this, big.NewInt(1)))
		}
		return sum.Add(sum, share.Div(share, this)), true
	}
	return sum, left.Sign() == 0
}

// someBooks are up to three books of up to three levels each, and all levels in order.
func someBooks(r *rand.Rand, unit money.Amount) (books []*graph.Side, all []graph.Arc) {
	better := func(x, y graph.Arc) int { return y.Cmp(x) }
	for range r.IntN(4) {
		b := &graph.Side{}
		for range r.IntN(4) {
			b.Arcs = append(b.Arcs, graph.Arc{In: 1 + money.Amount(r.Int64N(8))*unit, Out: 1 + money.Amount(r.Int64N(8))*unit})
		}
		slices.SortStableFunc(b.Arcs, better)
		books, all = append(books, b), append(all, b.Arcs...)
	}
	slices.SortStableFunc(all, better)
	return books, all
}

// TestMergedSums: what the levels of some books give, cost and take is what they do
// one by one, and nothing where that does not fit.
func TestMergedSums(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	var fits [2]int
	for range 20_000 {
		unit := money.Amount(1) << []int{0, 3, 20, 60}[r.IntN(4)]
		books, all := someBooks(r, unit)
		most := unit * 7
		if unit < 1<<60 {
			most *= 5
		}
		var m Merged
		m.Merge(books)
		for range 4 {
			x := money.Amount(r.Int64N(int64(most)))
			for i, f := range []func(money.Amount) (money.Amount, bool){m.Gives, m.Costs} {
				got, ok := f(x)
				want, can := oneByOne(all, x, i == 1)
				if can = can && want.IsInt64(); ok != can || ok && want.Int64() != int64(got) {
					t.Fatalf("%v: %d: %d %v, not %v %v", all, x, got, ok, want, can)
				}
				if ok {
					fits[i]++
				}
			}
			checkFor(t, &m, all, x)
		}
	}
	if min(fits[0], fits[1]) < 10_000 {
		t.Error("too few amounts fit", fits)
	}
}

// checkFor: the largest input for at most out gives no more, and one unit above it does.
func checkFor(t *testing.T, m *Merged, all []graph.Arc, out money.Amount) {
	t.Helper()
	in := m.For(out)
	if in == math.MaxInt64 {
		return
	}
	if got, _ := oneByOne(all, in, false); got.Cmp(big.NewInt(int64(out))) > 0 {
		t.Fatalf("%v: %d gives %v, more than %d", all, in, got, out)
	}
	if got, whole := oneByOne(all, in+1, false); whole && got.Cmp(big.NewInt(int64(out))) <= 0 {
		t.Fatalf("%v: %d gives %v, so more than %d can go in for %d", all, in+1, got, in, out)
	}
}
