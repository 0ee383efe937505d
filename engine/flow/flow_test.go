package flow

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// randomProblem is a market of a few assets around prices that agree, with books
// that may cross, plateaus, gaps and levels of one unit.
func randomProblem(r *rand.Rand) *Problem {
	assets := 2 + r.IntN(6)
	worth := make([]float64, assets)
	for i := range worth {
		worth[i] = math.Exp(r.NormFloat64() * 3)
	}
	spread := 0.001 * r.Float64()
	if r.IntN(3) == 0 {
		spread = -0.002 * r.Float64() // crossed
	}
	venues := 1 + r.IntN(6)
	levels := 1 + r.IntN(12)
	size := math.Exp(3 + r.Float64()*22)
	p := &Problem{Assets: assets, Source: 0, Target: 1, MaxHops: 1 + r.IntN(3)}
	for u := range int32(assets) {
		for w := range int32(assets) {
			if u == w || r.IntN(4) == 0 {
				continue
			}
			side := Side{From: u, To: w}
			for range 1 + r.IntN(venues) {
				side.Books = append(side.Books, randomBook(r, worth[u]/worth[w]*(1-spread+0.001*r.NormFloat64()), size/worth[u], levels))
			}
			p.Sides = append(p.Sides, side)
		}
	}
	r.Shuffle(len(p.Sides), func(i, j int) { p.Sides[i], p.Sides[j] = p.Sides[j], p.Sides[i] })
	amount := money.Amount(1 + size/worth[0]*math.Exp(r.Float64()*6-3))
	if r.IntN(2) == 0 {
		p.In = amount
	} else {
		p.Out = max(money.Amount(float64(amount)*worth[0]/worth[1]), 1)
	}
	return p
}

func randomBook(r *rand.Rand, rate, size float64, levels int) *graph.Side {
	b := &graph.Side{}
	step := math.Exp(-0.0005 * r.Float64())
	for range r.IntN(levels + 1) {
		in := max(1, math.Floor(size*r.Float64()))
		if r.IntN(10) == 0 {
			in = 1
		}
		out := math.Floor(in * rate)
		if out >= 1 && out < 1e18 && in < 1e18 {
			b.Arcs = append(b.Arcs, graph.Arc{In: money.Amount(in), Out: money.Amount(out)})
		}
		if r.IntN(3) > 0 {
			rate *= step
		}
	}
	slices.SortStableFunc(b.Arcs, func(x, y graph.Arc) int { return y.Cmp(x) })
	return b
}

// bound is B(nu) of weak duality, exactly, for the prices of a result.
func bound(p *Problem, nu *Prices) *big.Rat {
	rat := func(f float64) *big.Rat { return new(big.Rat).SetFloat64(f) }
	sum := new(big.Rat)
	reached := map[int32]bool{} // assets that the source turns into directly
	for i := range p.Sides {
		if d := &p.Sides[i]; d.From == p.Source && slices.ContainsFunc(d.Books, func(b *graph.Side) bool { return len(b.Arcs) > 0 }) {
			reached[d.To] = true
		}
	}
	for i := range p.Sides {
		d := &p.Sides[i]
		var from, to float64
		switch {
		case d.To == p.Source || d.From == p.Target:
			continue
		case d.From == p.Source && d.To == p.Target:
			from, to = nu.Source, nu.Target
		case p.MaxHops < 2:
			continue
		case d.From == p.Source:
			from, to = nu.Source, nu.One[d.To]
		case d.To == p.Target:
			from, to = nu.Two[d.From], nu.Target
		case p.MaxHops < 3 || !reached[d.From]:
			continue
		default:
			from, to = nu.One[d.From], nu.Two[d.To]
		}
		for _, b := range d.Books {
			for _, a := range b.Arcs {
				gain := new(big.Rat).Mul(big.NewRat(int64(a.Out), 1), rat(to))
				gain.Sub(gain, new(big.Rat).Mul(big.NewRat(int64(a.In), 1), rat(from)))
				if gain.Sign() > 0 {
					sum.Add(sum, gain)
				}
			}
		}
	}
	for _, b := range p.Bundles {
		var from, to float64
		switch d := &p.Sides[b.Side]; {
		case d.From == p.Source && d.To == p.Target:
			from, to = nu.Source, nu.Target
		case d.From == p.Source:
			from, to = nu.Source, nu.One[d.To]
		case d.To == p.Target:
			from, to = nu.Two[d.From], nu.Target
		default:
			from, to = nu.One[d.From], nu.Two[d.To]
		}
		sum.Add(sum, new(big.Rat).Mul(big.NewRat(int64(b.Out), 1), rat(to)))
		sum.Sub(sum, new(big.Rat).Mul(big.NewRat(int64(b.In), 1), rat(from)))
	}
	if p.In > 0 {
		sum.Add(sum, new(big.Rat).Mul(big.NewRat(int64(p.In), 1), rat(nu.Source)))
		return sum.Quo(sum, rat(nu.Target))
	}
	need := new(big.Rat).Mul(big.NewRat(int64(p.Out), 1), rat(nu.Target))
	return need.Sub(need, sum).Quo(need, rat(nu.Source))
}

// feasible checks a plan without knowing how it was made: no book gives more
// than its levels do, and every node pays out what it has received.
func feasible(p *Problem, r *Result) error {
	in, out := new(big.Int), new(big.Int) // out of the source, into the target
	one, two := make([]*big.Int, p.Assets), make([]*big.Int, p.Assets)
	for a := range one {
		one[a], two[a] = new(big.Int), new(big.Int)
	}
	move := func(d *Side, x, y *big.Int) {
		switch {
		case d.From == p.Source && d.To == p.Target:
			in.Add(in, x)
			out.Add(out, y)
		case d.From == p.Source:
			in.Add(in, x)
			one[d.To].Add(one[d.To], y)
		case d.To == p.Target:
			two[d.From].Sub(two[d.From], x)
			out.Add(out, y)
		default:
			one[d.From].Sub(one[d.From], x)
			two[d.To].Add(two[d.To], y)
		}
	}
	for _, b := range p.Bundles {
		move(&p.Sides[b.Side], big.NewInt(int64(b.In)), big.NewInt(int64(b.Out)))
	}
	for _, f := range r.Fills {
		d := &p.Sides[f.Side]
		left, got := f.In, new(big.Int)
		for _, a := range d.Books[f.Book].Arcs {
			take := min(left, a.In)
			part := new(big.Int).Mul(big.NewInt(int64(take)), big.NewInt(int64(a.Out)))
			got.Add(got, part.Quo(part, big.NewInt(int64(a.In))))
			left -= take
		}
		if left > 0 || got.Cmp(big.NewInt(int64(f.Out))) < 0 || f.In <= 0 || f.Out < 0 {
			return fmt.Errorf("book %d of side %d: %d gives %v, not %d, and %d are beyond it", f.Book, f.Side, f.In, got, f.Out, left)
		}
		move(d, big.NewInt(int64(f.In)), big.NewInt(int64(f.Out)))
	}
	for a := range one {
		if one[a].Sign() < 0 || new(big.Int).Add(one[a], two[a]).Sign() != 0 {
			return fmt.Errorf("asset %d: %v left of layer one, %v of layer two", a, one[a], two[a])
		}
	}
	if out.Sub(out, big.NewInt(int64(r.Over))); r.Over != 0 && (r.Over < 0 || p.Out == 0 || len(p.Bundles) == 0) {
		return fmt.Errorf("%d are forgone", r.Over)
	}
	if in.Cmp(big.NewInt(int64(r.In))) != 0 || out.Cmp(big.NewInt(int64(r.Out))) != 0 {
		return fmt.Errorf("fills turn %v into %v, the plan says %d into %d", in, out, r.In, r.Out)
	}
	return nil
}

// TestOptimal: the plan is feasible, and the bound of its own prices, exactly
// evaluated over every level, is the plan's value: no plan is better.
func TestOptimal(t *testing.T) {
	cases := 20_000
	if testing.Short() {
		cases = 3_000
	}
	var s Solver
	var whole, partial, failed, steps int
	worst, worstWhole := 0.0, 0.0
	for i := range cases {
		r := rand.New(rand.NewPCG(uint64(i), 1))
		p := randomProblem(r)
		res := s.Solve(p)
		if res.Failed {
			failed++
			continue
		}
		if err := feasible(p, res); err != nil {
			t.Fatalf("case %d: %v\n%+v", i, err, res)
		}
		steps += res.BackSteps
		if res.Partial {
			partial++
			continue
		}
		whole++
		b, _ := bound(p, &res.Prices).Float64()
		gap := math.Abs(b/res.Value - 1)
		if worst = max(worst, gap); gap > 1e-9 {
			t.Errorf("case %d: value %v, bound %v: a gap of %.2g", i, res.Value, b, gap)
		}
		amount, ends := float64(res.Out), float64(p.In)
		if p.Out > 0 {
			amount, ends = float64(res.In), float64(p.Out)
		}
		if amount > 1e9 && ends > 1e9 {
			worstWhole = max(worstWhole, math.Abs(b/amount-1))
		}
	}
	t.Logf("%d whole, %d partial, %d failed; %d back steps; worst gap %.2g, in whole units of large orders %.2g", whole, partial, failed, steps, worst, worstWhole)
	if whole < cases/4 || partial < cases/20 || steps == 0 || failed > cases/20 {
		t.Error("the cases have lost their variety")
	}
}
