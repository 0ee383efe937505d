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

// simplex returns the largest c*x with a*x <= b and x >= 0, where b >= 0, in exact
// fractions, by Bland's rule. It is plain and slow.
func simplex(a [][]*big.Rat, b, c []*big.Rat) *big.Rat {
	m, n := len(a), len(c)
	tab := make([][]*big.Rat, m+1) // a | slack | b, and -c below
	for i := range tab {
		tab[i] = make([]*big.Rat, n+m+1)
		for j := range tab[i] {
			tab[i][j] = new(big.Rat)
		}
		if i == m {
			for j := range c {
				tab[i][j].Neg(c[j])
			}
			continue
		}
		for j := range a[i] {
			tab[i][j].Set(a[i][j])
		}
		tab[i][n+i].SetInt64(1)
		tab[i][n+m].Set(b[i])
	}
	basis := make([]int, m)
	for i := range basis {
		basis[i] = n + i
	}
	for {
		enter := slices.IndexFunc(tab[m][:n+m], func(x *big.Rat) bool { return x.Sign() < 0 })
		if enter < 0 {
			return tab[m][n+m]
		}
		leave, least := -1, new(big.Rat)
		for i := range m {
			if tab[i][enter].Sign() <= 0 {
				continue
			}
			ratio := new(big.Rat).Quo(tab[i][n+m], tab[i][enter])
			if cmp := ratio.Cmp(least); leave < 0 || cmp < 0 || cmp == 0 && basis[i] < basis[leave] {
				leave, least = i, ratio
			}
		}
		pivot(tab, leave, enter)
		basis[leave] = enter
	}
}

func pivot(tab [][]*big.Rat, row, col int) {
	by := new(big.Rat).Set(tab[row][col])
	for _, x := range tab[row] {
		x.Quo(x, by)
	}
	for i := range tab {
		if f := new(big.Rat).Set(tab[i][col]); i != row && f.Sign() != 0 {
			for j, x := range tab[i] {
				if y := tab[row][j]; y.Sign() != 0 {
					x.Sub(x, new(big.Rat).Mul(f, y))
				}
			}
		}
	}
}

// optimum is V(x) of a problem, as a linear program over its raw levels.
func optimum(p *Problem, x *big.Rat) *big.Rat {
	type column struct {
		from, to int // rows; -1: T
		rate     *big.Rat
		most     *big.Rat // nil: any
	}
	one := func(a int32) int { return 1 + 2*int(a) }
	two := func(a int32) int { return 2 + 2*int(a) }
	var cols []column
	for i := range p.Sides {
		d := &p.Sides[i]
		from, to := 0, -1
		switch {
		case d.To == p.Source || d.From == p.Target:
			continue
		case d.From == p.Source && d.To == p.Target:
		case p.MaxHops < 2 || p.MaxHops < 3 && d.From != p.Source && d.To != p.Target:
			continue
		case d.From == p.Source:
			to = one(d.To)
		case d.To == p.Target:
			from = two(d.From)
		default:
			from, to = one(d.From), two(d.To)
		}
		for _, b := range d.Books {
			for _, a := range b.Arcs {
				cols = append(cols, column{from, to, big.NewRat(int64(a.Out), int64(a.In)), big.NewRat(int64(a.In), 1)})
			}
		}
	}
	for a := range int32(p.Assets) {
		if a != p.Source && a != p.Target {
			cols = append(cols, column{one(a), two(a), big.NewRat(1, 1), nil})
		}
	}
	rows, limits := 1+2*p.Assets, 0
	for _, c := range cols {
		if c.most != nil {
			limits++
		}
	}
	a, b, c := make([][]*big.Rat, rows+limits), make([]*big.Rat, rows+limits), make([]*big.Rat, len(cols))
	for i := range a {
		b[i], a[i] = new(big.Rat), make([]*big.Rat, len(cols))
		for j := range a[i] {
			a[i][j] = new(big.Rat)
		}
	}
	b[0].Set(x)
	next := rows
	for j, col := range cols {
		c[j] = new(big.Rat)
		if a[col.from][j].SetInt64(1); col.to < 0 {
			c[j].Set(col.rate)
		} else {
			a[col.to][j].Neg(col.rate)
		}
		if col.most != nil {
			a[next][j].SetInt64(1)
			b[next].Set(col.most)
			next++
		}
	}
	return simplex(a, b, c)
}

// tiny is a market of few levels of small numbers.
func tiny(r *rand.Rand, most int64) *Problem {
	p := &Problem{Assets: 2 + r.IntN(3), Source: 0, Target: 1, MaxHops: 1 + r.IntN(3)}
	for u := range int32(p.Assets) {
		for w := range int32(p.Assets) {
			if u == w || w == 0 || u == 1 || r.IntN(5) == 0 {
				continue
			}
			d := Side{From: u, To: w}
			for range 1 + r.IntN(2) {
				b := &graph.Side{}
				for range r.IntN(4) {
					in := 1 + r.Int64N(most)
					b.Arcs = append(b.Arcs, graph.Arc{
						In: money.Amount(in), Out: money.Amount(1 + r.Int64N(2*in)),
					})
				}
				slices.SortStableFunc(b.Arcs, func(x, y graph.Arc) int { return y.Cmp(x) })
				d.Books = append(d.Books, b)
			}
			p.Sides = append(p.Sides, d)
		}
	}
	if amount := money.Amount(1 + r.Int64N(2*most)); r.IntN(2) == 0 {
		p.In = amount
	} else {
		p.Out = amount
	}
	return p
}

// TestEqualsSimplex compares the kernel with exact fractions on tiny markets. What
// an amount wanted costs must bring that amount, and a little less must not.
func TestEqualsSimplex(t *testing.T) {
	var s Solver
	whole, partial, wanted := 0, 0, 0
	for i := range 400 {
		p := tiny(rand.New(rand.NewPCG(uint64(i), 41)), 1000)
		r := s.Solve(p)
		x := new(big.Rat).SetInt64(int64(p.In))
		want, got := float64(0), r.Value
		switch {
		case p.In > 0:
			want, _ = optimum(p, x).Float64()
			if got != 0 && r.Partial {
				partial++
			} else if got != 0 {
				whole++
			}
		case r.Partial:
			// The market holds less than is wanted, or rounding has left no way.
			want, _ = optimum(p, new(big.Rat).SetFloat64(1e9)).Float64()
			if got = min(want, float64(p.Out)+4); want < float64(p.Out)+4 {
				partial++
			}
		default:
			wanted++
			x.SetFloat64(r.Value)
			want, got = float64(p.Out), 0
			got, _ = optimum(p, x).Float64()
			less, _ := optimum(p, x.Mul(x, big.NewRat(1e6-1, 1e6))).Float64()
			if less >= want {
				t.Errorf("case %d: %d costs %v, and less would do", i, p.Out, r.Value)
			}
		}
		if math.Abs(got-want) > 1e-9*max(want, 1) {
			t.Errorf("case %d: %v, exactly %v; %+v", i, got, want, *r)
		}
	}
	if whole < 50 || partial < 50 || wanted < 50 {
		t.Errorf("%d whole, %d partial, %d wanted: the cases have lost their variety", whole, partial, wanted)
	}
}

// fillBook is what a book gives for x, false if it cannot take it.
func fillBook(b *graph.Side, x money.Amount) (out money.Amount, ok bool) {
	for _, a := range b.Arcs {
		take := min(x, a.In)
		out += take * a.Out / a.In
		if x -= take; x == 0 {
			return out, true
		}
	}
	return out, x == 0
}

// sweeps returns, for every x up to most, the most that any split of x over the
// books of a side gives; -1 where they cannot take it.
func sweeps(d *Side, most money.Amount) []money.Amount {
	best := make([]money.Amount, most+1)
	for x := range best {
		best[x] = -1
		for y := range money.Amount(x) + 1 {
			out, ok := fillBook(d.Books[0], y)
			rest, fits := money.Amount(0), y == money.Amount(x)
			if len(d.Books) > 1 {
				rest, fits = fillBook(d.Books[1], money.Amount(x)-y)
			}
			if ok && fits {
				best[x] = max(best[x], out+rest)
			}
		}
	}
	return best
}

// TestEverySplit tries every split in whole units of an order over two venues, and
// over the direct way and one asset between: no plan gives more, and over one pair
// none gives a unit more than the kernel's, but for the last level's rounding.
func TestEverySplit(t *testing.T) {
	var s Solver
	pairs, paths := 0, 0
	for i := range 1_500 {
		r := rand.New(rand.NewPCG(uint64(i), 42))
		p := tiny(r, 60)
		p.In, p.Out = 1+money.Amount(r.Int64N(120)), 0
		p.Assets, p.MaxHops = 3, 1+r.IntN(2)
		p.Sides = slices.DeleteFunc(p.Sides, func(d Side) bool { return d.From > 2 || d.To > 2 })
		sides := map[pair]*Side{}
		for k := range p.Sides {
			sides[pair{p.Sides[k].From, p.Sides[k].To}] = &p.Sides[k]
		}
		direct, first, last := sides[pair{0, 1}], sides[pair{0, 2}], sides[pair{2, 1}]
		if direct == nil || p.MaxHops > 1 && (first == nil || last == nil) {
			continue
		}
		best := sweeps(direct, p.In)[p.In]
		if p.MaxHops == 2 {
			best = max(best, bestSplit(direct, first, last, p.In))
		}
		res := s.Solve(p)
		if best < 0 || res.Partial {
			if best >= 0 != !res.Partial && p.MaxHops == 1 {
				t.Errorf("case %d: partial %v, every split: %d", i, res.Partial, best)
			}
			continue
		}
		if res.Out > best || res.Bound < best || p.MaxHops == 1 && res.Out < best-1 {
			t.Errorf("case %d: %d out, bound %d, every split: %d", i, res.Out, res.Bound, best)
		}
		if pairs++; p.MaxHops == 2 {
			paths++
		}
	}
	if pairs < 300 || paths < 100 {
		t.Errorf("only %d cases, %d of them over an asset between", pairs, paths)
	}
}

// bestSplit tries every amount over an asset between; of what arrives there, any
// part may go on.
func bestSplit(direct, first, last *Side, x money.Amount) money.Amount {
	straight, there := sweeps(direct, x), sweeps(first, x)
	most := slices.Max(there)
	on := sweeps(last, max(most, 0))
	for y := range on { // units may be left behind
		if y > 0 {
			on[y] = max(on[y], on[y-1])
		}
	}
	best := money.Amount(-1)
	for y := range x + 1 {
		if straight[x-y] >= 0 && there[y] >= 0 {
			best = max(best, straight[x-y]+on[there[y]])
		}
	}
	return best
}

// TestLargestAmounts: with levels up to the largest amounts there are, what is
// filled can be, within its bound, or the result says that it does not fit.
func TestLargestAmounts(t *testing.T) {
	var s Solver
	done, failed := 0, 0
	worst := 0.0
	for i := range 5_000 {
		r := rand.New(rand.NewPCG(uint64(i), 43))
		p := tiny(r, 1<<(50+r.IntN(12)))
		if r.IntN(3) == 0 {
			p.In, p.Out = money.Amount(float64(p.In)*1.9), money.Amount(float64(p.Out)*1.9)
		}
		res := s.Solve(p)
		if res.Failed {
			failed++
			continue
		}
		if err := feasible(p, res); err != nil {
			t.Fatalf("case %d: %v\n%+v", i, err, res)
		}
		if res.In == 0 || res.Out == 0 {
			continue
		}
		done++
		q := asked(p, res)
		if b := Bound(q, &res.Nu); b != res.Bound || beats(q, res.In, res.Out, b) {
			t.Fatalf("case %d: %d -> %d, bound %d, over every level %d", i, res.In, res.Out, res.Bound, b)
		}
		gap := float64(res.Bound)/float64(res.Out) - 1
		if q.Out > 0 {
			gap = float64(res.In)/float64(res.Bound) - 1
		}
		if worst = max(worst, gap); gap > 1e-9 && res.Bound < math.MaxInt64 {
			t.Errorf("case %d: %d -> %d, bound %d: a gap of %.3g", i, res.In, res.Out, res.Bound, gap)
		}
	}
	t.Logf("%d done, %d do not fit, worst gap %.2g", done, failed, worst)
	if done < 1_000 {
		t.Error("too few fit")
	}
}

// TestBetweenDoesNotFit: 24e18 units of an asset between are more than an amount
// holds, though no side carries more than fits.
func TestBetweenDoesNotFit(t *testing.T) {
	hop := func(from, to int32, arcs ...graph.Arc) Side {
		return Side{From: from, To: to, Books: []*graph.Side{book(arcs...)}}
	}
	big := graph.Arc{In: 8e18, Out: 10}
	cheap := graph.Arc{In: 1, Out: 8e18}
	p := &Problem{Assets: 6, Target: 1, MaxHops: 3, In: 3, Sides: []Side{
		hop(0, 2, cheap, cheap, cheap), hop(2, 3, big), hop(2, 4, big), hop(2, 5, big),
		hop(3, 1, graph.Arc{In: 10, Out: 10}), hop(4, 1, graph.Arc{In: 10, Out: 10}), hop(5, 1, graph.Arc{In: 10, Out: 10}),
	}}
	if r := new(Solver).Solve(p); !r.Failed {
		t.Errorf("%+v", r)
	}
	p.In, p.Out = 0, 30
	if r := new(Solver).Solve(p); !r.Failed {
		t.Errorf("%+v", r)
	}
}

// TestLastUnits: what a float takes for done, the last units of a large order, is
// filled all the same, by the next level that is best.
func TestLastUnits(t *testing.T) {
	hop := func(from, to int32, arcs ...graph.Arc) Side {
		return Side{From: from, To: to, Books: []*graph.Side{book(arcs...)}}
	}
	large, next, poor := graph.Arc{In: 1e14, Out: 2e14}, graph.Arc{In: 1e6, Out: 1e6}, graph.Arc{In: 2e6, Out: 1e6}
	tests := []struct {
		name    string
		sides   []Side
		in, out money.Amount // ordered
		wantIn  money.Amount
		wantOut money.Amount
	}{
		{"sold, one pair", []Side{hop(0, 1, large, next)}, 1e14 + 3, 0, 1e14 + 3, 2e14 + 3},
		{"bought, one pair", []Side{hop(0, 1, large, next)}, 0, 2e14 + 7, 1e14 + 7, 2e14 + 7},
		{"sold, on the better of two ways", []Side{hop(0, 1, large, poor), hop(0, 2, next), hop(2, 1, next)},
			1e14 + 4, 0, 1e14 + 4, 2e14 + 4},
		{"bought, on the better of two ways", []Side{hop(0, 1, large, poor), hop(0, 2, next), hop(2, 1, next)},
			0, 2e14 + 4, 1e14 + 4, 2e14 + 4},
		{"sold, of two assets", []Side{hop(0, 2, large), hop(2, 1, graph.Arc{In: 2e14, Out: 1e14}), hop(0, 1, poor)},
			1e14 + 4, 0, 1e14 + 4, 1e14 + 2},
		{"bought, of two assets", []Side{hop(0, 2, large), hop(2, 1, graph.Arc{In: 2e14, Out: 1e14}), hop(0, 1, poor)},
			0, 1e14 + 4, 1e14 + 8, 1e14 + 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &Problem{Assets: 3, Target: 1, MaxHops: 3, Sides: tt.sides, In: tt.in, Out: tt.out}
			r := new(Solver).Solve(p)
			if err := feasible(p, r); r.In != tt.wantIn || r.Out != tt.wantOut || r.Partial || r.Failed || err != nil {
				t.Errorf("%d -> %d, want %d -> %d: %v, %+v", r.In, r.Out, tt.wantIn, tt.wantOut, err, r)
			}
		})
	}
}
