package verify

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestNoPlanBeatsTheBound: whatever the node prices, no plan turns X into more
// than B. Plans are found by filling random routes, greedily, on tiny books, and
// are checked by nothing but the levels.
func TestNoPlanBeatsTheBound(t *testing.T) {
	tight := 0
	for i := range 20_000 {
		r := rand.New(rand.NewPCG(uint64(i), 79))
		c := tinyChecker(r)
		x := int64(1 + r.IntN(60))
		p := tinyPrices(r, c)
		b := new(big.Int).Mul(p.source, big.NewInt(x))
		b = ceil(new(big.Rat).SetFrac(b.Add(b, c.surplus(p, c.considered(), nil)), p.target))
		for range 20 {
			out := randomPlan(r, c, x)
			switch {
			case out > b.Int64():
				t.Fatalf("case %d: %d of S gives %d of T, above the bound %v of %v", i, x, out, b, p)
			case out > 0 && out >= b.Int64()-1:
				tight++
			}
		}
	}
	if tight < 1000 {
		t.Errorf("only %d plans came near their bound", tight)
	}
}

// TestBoundStopsAtTheLargestAmount: as the engine's does, which counts in 63 bits.
func TestBoundStopsAtTheLargestAmount(t *testing.T) {
	huge := new(big.Int).Lsh(big.NewInt(1), 100)
	for _, exactOut := range []bool{false, true} {
		c := &checker{quote: &quoteDoc{}}
		c.quote.Certificate.ExactOut = exactOut
		c.quote.Certificate.SellUnits.v.SetInt64(math.MaxInt64)
		c.quote.Certificate.BuyUnits.v.SetInt64(math.MaxInt64)
		p := prices{source: big.NewInt(3), target: big.NewInt(2)}
		if exactOut {
			p = prices{source: big.NewInt(2), target: big.NewInt(3)}
		}
		if got := c.boundOf(new(big.Int), p); !got.IsInt64() || got.Int64() != math.MaxInt64 {
			t.Errorf("exact out %v: half as much again as there is: %v", exactOut, got)
		}
		if got := c.boundOf(huge, p); exactOut && got.Sign() != 0 || !exactOut && got.Int64() != math.MaxInt64 {
			t.Errorf("exact out %v: a sum of 2^100 gives %v", exactOut, got)
		}
	}
}

// tinyChecker holds books between S, T, A and C with levels of a few units.
func tinyChecker(r *rand.Rand) *checker {
	c := &checker{books: &books{}, quote: &quoteDoc{SellAsset: "S", BuyAsset: "T"}}
	c.quote.Certificate.MaxHops = 1 + r.IntN(3)
	assets := []string{"S", "T", "A", "C"}
	for _, from := range assets {
		for _, to := range assets {
			if from == to || r.IntN(4) == 0 {
				continue
			}
			s := &side{from: from, to: to}
			rate := 1 + 2*r.Float64()
			for range r.IntN(3) {
				in := int64(1 + r.IntN(20))
				out := max(1, int64(rate*float64(in)))
				s.levels = append(s.levels, level{in: big.NewInt(in), out: big.NewInt(out)})
				rate *= 0.7
			}
			s.sort()
			c.books.sides = append(c.books.sides, s)
		}
	}
	return c
}

// tinyPrices are near what the best levels say, which is where a bound is tight.
func tinyPrices(r *rand.Rand, c *checker) prices {
	p := prices{big.NewInt(1), big.NewInt(1000), map[string]*big.Int{}, map[string]*big.Int{}}
	worth := func(from, to string, price *big.Int) int64 {
		best := int64(0)
		for _, s := range c.books.sides {
			if s.from == from && s.to == to && len(s.levels) > 0 && price != nil {
				l := s.levels[r.IntN(len(s.levels))]
				best = max(best, share(price, l.out, l.in).Int64())
			}
		}
		return best * int64(95+r.IntN(8)) / 100
	}
	for _, a := range []string{"A", "C"} {
		p.two[a] = big.NewInt(worth(a, "T", p.target))
	}
	p.one["A"] = big.NewInt(max(p.two["A"].Int64(), worth("A", "C", p.two["C"])))
	p.one["C"] = big.NewInt(max(p.two["C"].Int64(), worth("C", "A", p.two["A"])))
	p.source = big.NewInt(max(1, worth("S", "T", p.target), worth("S", "A", p.one["A"]), worth("S", "C", p.one["C"])))
	return p
}

// randomPlan sends parts of x along random routes that fill what is left of the
// levels, and returns what arrives.
func randomPlan(r *rand.Rand, c *checker, x int64) (got int64) {
	left := map[*side][2]int64{} // taken of a side so far: in, out
	for x > 0 {
		part := min(x, int64(1+r.IntN(int(x))))
		x -= part
		at, been := "S", map[string]bool{"S": true}
		for range c.quote.Certificate.MaxHops {
			var on []*side
			for _, s := range c.books.sides {
				if s.from == at && !been[s.to] {
					on = append(on, s)
				}
			}
			if len(on) == 0 {
				break
			}
			s := on[r.IntN(len(on))]
			had := left[s]
			in := had[0] + part
			most, beyond := give(s, in)
			in -= beyond
			part = most - had[1]
			left[s] = [2]int64{in, most}
			at, been[s.to] = s.to, true
			if at == "T" {
				got += part
				break
			}
		}
	}
	return got
}

// give is what in gets of a side, and what is beyond its depth.
func give(s *side, in int64) (out, beyond int64) {
	for _, l := range s.levels {
		take := min(in, l.in.Int64())
		out += take * l.out.Int64() / l.in.Int64()
		in -= take
	}
	return out, in
}
