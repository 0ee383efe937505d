package branch

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"chronos.dev/engine/flow"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// market draws a small market of books and options around prices that agree.
func market(r *rand.Rand) *flow.Problem {
	assets := 2 + r.IntN(4)
	worth := make([]float64, assets)
	for i := range worth {
		worth[i] = math.Exp(r.NormFloat64() * 2)
	}
	size := math.Exp(17 + r.Float64()*8)
	p := &flow.Problem{Assets: assets, Source: 0, Target: 1, MaxHops: 1 + r.IntN(3)}
	left := 1 + r.IntN(4) // books with options
	for u := range int32(assets) {
		for w := range int32(assets) {
			if u == w || w == 0 || u == 1 || r.IntN(5) == 0 {
				continue
			}
			rate := worth[u] / worth[w] * (1 - 0.002*r.Float64())
			side := flow.Side{From: u, To: w}
			for range 1 + r.IntN(3) {
				b := book(r, rate*(1-0.001*r.Float64()), size/worth[u], 1+r.IntN(5))
				if left > 0 && r.IntN(2) == 0 {
					left--
					b = options(r, rate*(1+0.002*r.Float64()), size/worth[u])
				}
				side.Books = append(side.Books, b)
			}
			p.Sides = append(p.Sides, side)
		}
	}
	amount := money.Amount(1 + size/worth[0]*math.Exp(r.Float64()*4-2))
	if p.In = amount; r.IntN(2) == 0 {
		p.In, p.Out = 0, money.Amount(float64(amount)*worth[0]/worth[1])
	}
	return p
}

func book(r *rand.Rand, rate, size float64, levels int) *graph.Side {
	b := &graph.Side{}
	for range levels {
		in := math.Floor(1e4 + size*r.Float64())
		b.Arcs = append(b.Arcs, graph.Arc{In: money.Amount(in), Out: money.Amount(in * rate)})
		rate *= 1 - 0.001*r.Float64()
	}
	slices.SortStableFunc(b.Arcs, func(x, y graph.Arc) int { return y.Cmp(x) })
	return b
}

// options draws tiers: for all of the size, with a fixed fee, or in slices.
func options(r *rand.Rand, rate, size float64) *graph.Side {
	b := &graph.Side{}
	from := 0.0
	if r.IntN(3) > 0 {
		from = size * r.Float64()
	}
	fee := 0.0
	if r.IntN(2) == 0 {
		fee = size * rate * 0.002 * r.Float64()
	}
	for k := range 1 + r.IntN(3) {
		to := from + size*(0.05+r.Float64())
		out := func(x float64) money.Amount { return money.Amount(max(x*rate-fee, 0)) }
		entry := graph.Arc{In: money.Amount(from), Out: out(from)}
		if entry.Out == 0 && fee > 0 {
			entry.In = money.Amount(fee/rate) + 2
			entry.Out = out(float64(entry.In)) + 1
		}
		if entry.Out == 0 {
			entry = graph.Arc{}
		}
		more := graph.Arc{In: money.Amount(to) - entry.In, Out: out(to) - entry.Out}
		if more.In <= 0 || more.Out <= 0 {
			break
		}
		b.Options = append(b.Options, graph.Option{Tier: k, Entry: entry, More: []graph.Arc{more}, Settle: time.Duration(k) * time.Minute})
		from = to
		rate *= 1 + 0.001*r.NormFloat64()
	}
	return b
}

// feasible checks a plan with big integers: what books and options give, and that
// every node pays out what it has received.
func feasible(p *flow.Problem, r *Result) error {
	node := map[string]*big.Int{}
	move := func(key string, v money.Amount) {
		if node[key] == nil {
			node[key] = new(big.Int)
		}
		node[key].Add(node[key], big.NewInt(int64(v)))
	}
	for _, f := range r.Fills {
		d := &p.Sides[f.Side]
		most := new(big.Int)
		if b := d.Books[f.Book]; len(b.Options) > 0 {
			k := slices.IndexFunc(r.Used, func(c Choice) bool { return c.Side == f.Side && c.Book == f.Book })
			if k < 0 {
				return fmt.Errorf("fill %+v of options without a choice", f)
			}
			most.Set(given(&b.Options[r.Used[k].Option], f.In))
		} else {
			most.Set(along(b.Arcs, f.In))
		}
		if most.Cmp(big.NewInt(int64(f.Out))) < 0 || f.In <= 0 || f.Out < 0 {
			return fmt.Errorf("fill %+v: at most %v", f, most)
		}
		from, to := fmt.Sprint(d.From, 1), fmt.Sprint(d.To, 2)
		switch {
		case d.From == p.Source && d.To == p.Target:
			from, to = "S", "T"
		case d.From == p.Source:
			from, to = "S", fmt.Sprint(d.To, 1)
		case d.To == p.Target:
			from, to = fmt.Sprint(d.From, 2), "T"
		}
		move(from, -f.In)
		move(to, f.Out)
	}
	move("S", r.In)
	move("T", -r.Out)
	for a := range int32(p.Assets) { // (a,1) may pay (a,2)
		if v := node[fmt.Sprint(a, 1)]; v != nil {
			if v.Sign() < 0 {
				return fmt.Errorf("(%d,1) is %v short", a, v)
			}
			move(fmt.Sprint(a, 2), money.Amount(v.Int64()))
			v.SetInt64(0)
		}
	}
	for key, v := range node {
		if v.Sign() != 0 {
			return fmt.Errorf("%v left at %s", v, key)
		}
	}
	return nil
}

// given is what an option gives, by the rules of graph.Option.
func given(o *graph.Option, in money.Amount) *big.Int {
	if in < o.Entry.In {
		return new(big.Int)
	}
	out := along(o.More, in-o.Entry.In)
	return out.Add(out, big.NewInt(int64(o.Entry.Out)))
}

// along is what arcs give for in, and nothing if they do not take it.
func along(arcs []graph.Arc, in money.Amount) *big.Int {
	out, left := new(big.Int), in
	for _, a := range arcs {
		take := min(left, a.In)
		part := new(big.Int).Mul(big.NewInt(int64(take)), big.NewInt(int64(a.Out)))
		out.Add(out, part.Quo(part, big.NewInt(int64(a.In))))
		left -= take
	}
	if left > 0 {
		return new(big.Int)
	}
	return out
}

// everyChoice solves a problem once for each way to choose, and returns the best.
func everyChoice(p *flow.Problem) (best float64, found bool, ways int) {
	var k flow.Solver
	sub := *p
	sub.Sides = slices.Clone(p.Sides)
	var visit func(i, j int)
	visit = func(i, j int) {
		if i == len(p.Sides) {
			ways++
			r := k.Solve(&sub)
			if r.Infeasible || r.Partial || r.Failed {
				return
			}
			v := float64(r.Out)
			if p.Out > 0 {
				v = float64(r.In)
			}
			if !found || p.In > 0 && v > best || p.Out > 0 && v < best {
				best, found = v, true
			}
			return
		}
		if j == 0 {
			sub.Sides[i].Books = slices.Clone(p.Sides[i].Books)
		}
		if j == len(p.Sides[i].Books) {
			visit(i+1, 0)
			return
		}
		b := p.Sides[i].Books[j]
		if len(b.Options) == 0 {
			visit(i, j+1)
			return
		}
		sub.Sides[i].Books[j] = &graph.Side{}
		visit(i, j+1)
		for _, o := range b.Options {
			sub.Sides[i].Books[j] = &graph.Side{Arcs: o.More}
			before := len(sub.Bundles)
			if o.Entry.In > 0 {
				sub.Bundles = append(sub.Bundles, flow.Bundle{Side: i, In: o.Entry.In, Out: o.Entry.Out})
			}
			visit(i, j+1)
			sub.Bundles = sub.Bundles[:before]
		}
	}
	visit(0, 0)
	return best, found, ways
}

// TestEveryChoice: the plan is feasible, as good as the best of all choices, one by
// one, and its bound says so.
func TestEveryChoice(t *testing.T) {
	cases := 6_000
	if testing.Short() {
		cases = 1_000
	}
	var s Solver
	var equal, worse, none, cut, branched, most, loose int
	for i := range cases {
		p := market(rand.New(rand.NewPCG(uint64(i), 41)))
		if !HasOptions(p) {
			continue
		}
		r := s.Solve(p, 0)
		best, found, ways := everyChoice(p)
		if ways > 300 {
			continue
		}
		if r.Partial || r.Failed {
			if none++; found && r.Partial {
				t.Errorf("case %d: nothing found, of %d ways one makes %v\n%+v", i, ways, best, r)
			}
			if found {
				worse++
			}
			continue
		}
		if err := feasible(p, r); err != nil {
			t.Fatalf("case %d: %v\n%+v", i, err, r)
		}
		branched += min(len(r.Leaves), 1)
		most = max(most, r.Cases)
		if r.Cut {
			cut++
		}
		got, bound := float64(r.Out), float64(r.Bound)
		if p.Out > 0 { // as if it were an output
			got, bound, best = -float64(r.In), -float64(r.Bound), -best
		}
		if best > bound+math.Abs(bound)*1e-9+1 {
			t.Errorf("case %d: a choice makes %v, the bound is %v", i, best, bound)
		}
		if gap := bound - got; gap > 40 && gap > math.Abs(got)*1e-6 && !r.Cut {
			loose++
			t.Logf("case %d: a gap of %.2g of %v", i, gap/math.Abs(got), got)
		}
		switch {
		case got > best+math.Abs(best)*1e-6+20: // rounding differs where an entry is posed
			t.Errorf("case %d: %v is better than the best of %d ways, %v", i, got, ways, best)
		case got > best-math.Abs(best)*1e-6-20:
			equal++
		default:
			worse++
			t.Errorf("case %d: %v, the best of %d ways is %v, bound %v, %d cases, cut %v", i, got, ways, best, bound, r.Cases, r.Cut)
		}
	}
	t.Logf("%d equal to the best choice, %d worse, %d cut, %d without a plan; %d needed leaves, at most %d cases", equal, worse, cut, none, branched, most)
	if loose > cases/1000 {
		t.Errorf("%d gaps above 0.01 bps", loose)
	}
	if equal < cases/3 || branched < cases/10 {
		t.Error("the cases have lost their variety")
	}
}

// TestLeavesCover: the leaves are a tree that misses no choice, each bound is what
// its prices give over its case, and the weakest of them is the result's.
func TestLeavesCover(t *testing.T) {
	var s Solver
	trees := 0
	for i := range 1_500 {
		p := market(rand.New(rand.NewPCG(uint64(i), 42)))
		r := s.Solve(p, 0)
		if len(r.Leaves) == 0 {
			continue
		}
		trees++
		paths := make([][]Choice, len(r.Leaves))
		weakest := r.Leaves[0].Bound
		for k := range r.Leaves {
			l := &r.Leaves[k]
			paths[k] = l.Choices
			weakest = max(weakest, l.Bound)
			if p.Out > 0 {
				weakest = min(weakest, l.Bound)
			}
		}
		if p.Out > 0 {
			weakest = r.Leaves[0].Bound
			for k := range r.Leaves {
				weakest = min(weakest, r.Leaves[k].Bound)
			}
		}
		if weakest != r.Bound {
			t.Fatalf("case %d: bound %d, the weakest leaf's is %d", i, r.Bound, weakest)
		}
		if err := cover(p, paths); err != nil {
			t.Fatalf("case %d: %v", i, err)
		}
	}
	if trees < 100 {
		t.Errorf("only %d trees", trees)
	}
}

// cover checks that paths of choices are all the leaves of a tree.
func cover(p *flow.Problem, paths [][]Choice) error {
	if len(paths) == 1 && len(paths[0]) == 0 {
		return nil
	}
	groups := map[int][][]Choice{}
	var at Choice
	for i, path := range paths {
		if len(path) == 0 || i > 0 && (path[0].Side != at.Side || path[0].Book != at.Book) {
			return fmt.Errorf("%v beside others", path)
		}
		at = path[0]
		groups[at.Option] = append(groups[at.Option], path[1:])
	}
	n := len(p.Sides[at.Side].Books[at.Book].Options)
	for k := None; k < n; k++ {
		if groups[k] == nil {
			return fmt.Errorf("option %d of %+v is missing", k, at)
		}
		if err := cover(p, groups[k]); err != nil {
			return err
		}
	}
	if len(groups) != n+1 {
		return fmt.Errorf("%d options of %+v", len(groups), at)
	}
	return nil
}

// TestOnePair: the choices of one pair, worked out by hand.
func TestOnePair(t *testing.T) {
	whole := &graph.Side{Options: []graph.Option{
		{Entry: graph.Arc{In: 100, Out: 1_010}, More: []graph.Arc{{In: 400, Out: 4_040}}, Settle: time.Minute},
		{Entry: graph.Arc{In: 500, Out: 5_060}, More: []graph.Arc{{In: 500, Out: 5_060}}, Settle: time.Hour},
	}}
	fee := &graph.Side{Options: []graph.Option{ // 10.2 less 50
		{Entry: graph.Arc{In: 5, Out: 1}, More: []graph.Arc{{In: 1_000, Out: 10_200}}},
	}}
	books := &graph.Side{Arcs: []graph.Arc{{In: 1_000, Out: 10_000}}}
	tests := []struct {
		name    string
		in, out money.Amount
		limit   time.Duration
		books   []*graph.Side
		wantIn  money.Amount
		wantOut money.Amount
		used    []Choice
	}{
		{name: "below the entry the book is used", in: 99, books: []*graph.Side{books, whole}, wantIn: 99, wantOut: 990},
		{name: "at the entry all goes to the tier", in: 100, books: []*graph.Side{books, whole}, wantIn: 100, wantOut: 1_010, used: []Choice{{0, 1, 0}}},
		{name: "the better tier is worth going up to", in: 500, books: []*graph.Side{books, whole}, wantIn: 500, wantOut: 5_060, used: []Choice{{0, 1, 1}}},
		{name: "one that settles too late is not used", in: 500, limit: time.Minute, books: []*graph.Side{books, whole}, wantIn: 500, wantOut: 5_050, used: []Choice{{0, 1, 0}}},
		{name: "one provider's tiers are never used together", in: 1_600, books: []*graph.Side{books, whole}, wantIn: 1_600, wantOut: 10_120 + 6_000, used: []Choice{{0, 1, 1}}},
		{name: "a small order does not earn the fee", in: 100, books: []*graph.Side{books, fee}, wantIn: 100, wantOut: 1_000},
		{name: "a large one does", in: 505, books: []*graph.Side{books, fee}, wantIn: 505, wantOut: 5_101, used: []Choice{{0, 1, 0}}},
		{name: "an amount to buy, below the entry", out: 1_000, books: []*graph.Side{books, whole}, wantIn: 100, wantOut: 1_000},
		{name: "an amount to buy, by the tier", out: 2_020, books: []*graph.Side{books, whole}, wantIn: 200, wantOut: 2_020, used: []Choice{{0, 1, 0}}},
		{name: "without books the entry is all", in: 100, books: []*graph.Side{whole}, wantIn: 100, wantOut: 1_010, used: []Choice{{0, 0, 0}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Solver
			r := s.Solve(&flow.Problem{
				Assets: 2, Source: 0, Target: 1, MaxHops: 1, In: tt.in, Out: tt.out,
				Sides: []flow.Side{{From: 0, To: 1, Books: tt.books}},
			}, tt.limit)
			if r.In != tt.wantIn || r.Out != tt.wantOut || !slices.Equal(r.Used, tt.used) || r.Failed || r.Partial {
				t.Errorf("got %+v", r)
			}
			if b := r.Bound; tt.in > 0 && b < r.Out || tt.out > 0 && b > r.In {
				t.Errorf("bound %d of %d into %d", b, r.In, r.Out)
			}
		})
	}
	t.Run("below every entry there is no plan", func(t *testing.T) {
		var s Solver
		r := s.Solve(&flow.Problem{
			Assets: 2, Source: 0, Target: 1, MaxHops: 1, In: 99,
			Sides: []flow.Side{{From: 0, To: 1, Books: []*graph.Side{whole}}},
		}, 0)
		if !r.Failed {
			t.Errorf("got %+v", r)
		}
	})
}

// TestEnvelope: it is concave, above every corner, and its own corners are corners.
func TestEnvelope(t *testing.T) {
	for i := range 2_000 {
		r := rand.New(rand.NewPCG(uint64(i), 43))
		b := options(r, math.Exp(r.NormFloat64()), 1e6)
		corners := points(b.Options, math.MaxUint64)
		hull := envelope(corners)
		at, known := graph.Arc{}, map[graph.Arc]bool{}
		for _, c := range corners {
			known[c] = true
		}
		for k, a := range hull {
			if k > 0 && hull[k-1].Cmp(a) < 0 {
				t.Fatalf("case %d: not concave: %v", i, hull)
			}
			if at.In, at.Out = at.In+a.In, at.Out+a.Out; !known[at] {
				t.Fatalf("case %d: %v is no corner of %v", i, at, corners)
			}
		}
		for _, c := range corners {
			left, out := c.In, new(big.Rat)
			for _, a := range hull {
				take := min(left, a.In)
				out.Add(out, new(big.Rat).Mul(big.NewRat(int64(take), int64(a.In)), big.NewRat(int64(a.Out), 1)))
				left -= take
			}
			if out.Cmp(big.NewRat(int64(c.Out), 1)) < 0 {
				t.Fatalf("case %d: corner %v is above the envelope %v", i, c, hull)
			}
		}
	}
}

// TestCut: after MaxCases the bound holds, and says by how much a plan could be
// better.
func TestCut(t *testing.T) {
	cut := 0
	for i := range 1_500 {
		p := market(rand.New(rand.NewPCG(uint64(i), 44)))
		one, all := Solver{MaxCases: 1}, Solver{}
		a, b := one.Solve(p, 0), all.Solve(p, 0)
		if a.Failed || b.Failed || a.Partial {
			continue
		}
		if a.Cut {
			cut++
		}
		if p.In > 0 && (a.Bound < b.Out || a.Out > b.Bound) || p.Out > 0 && (a.Bound > b.In || a.In < b.Bound) {
			t.Errorf("case %d: cut: %d into %d, bound %d; whole: %d into %d", i, a.In, a.Out, a.Bound, b.In, b.Out)
		}
	}
	if cut < 50 {
		t.Errorf("only %d were cut", cut)
	}
}

// TestCostsIsTheLeast: what Costs asks for is enough, and a unit less is not.
func TestCostsIsTheLeast(t *testing.T) {
	checked := 0
	for i := range 500 {
		r := rand.New(rand.NewPCG(uint64(i), 45))
		for _, o := range options(r, math.Exp(r.NormFloat64()), 3_000).Options {
			for range 40 {
				out := 1 + money.Amount(r.Int64N(6_000))
				in := Costs(&o, out)
				switch {
				case in == 0 && out >= o.Entry.Out && Gives(&o, Holds(&o)) >= out:
					t.Fatalf("%d of %+v is not had", out, o)
				case in == 0:
				case Gives(&o, in) < out || in > o.Entry.In && Gives(&o, in-1) >= out:
					t.Fatalf("%d of %+v costs %d, which gives %d, and one less %d", out, o, in, Gives(&o, in), Gives(&o, in-1))
				default:
					checked++
				}
			}
		}
	}
	if checked < 2_000 {
		t.Errorf("only %d cases", checked)
	}
}
