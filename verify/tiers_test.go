package verify_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"chronos.dev/verify"
)

// testPlan is a plan in a tierWorld, by trying.
type testPlan struct {
	routes [][]*tierSide
	units  [][]int64
	chosen map[*tierSide]testOption
	taken  map[*tierSide][2]int64
}

// plan sends parts along random paths; nil if that comes to nothing, or to less than
// an option that was chosen wants.
func (w *tierWorld) plan() *testPlan {
	p := &testPlan{chosen: map[*tierSide]testOption{}, taken: map[*tierSide][2]int64{}}
	sides := w.onPath()
	for _, s := range sides {
		if o := w.allowed(s); len(o) > 0 {
			p.chosen[s] = o[w.r.IntN(len(o))]
		}
	}
	bought, ways := int64(0), map[string]int64{} // by assets passed
	for range 1 + w.r.IntN(3) {
		at, been, part := "SS", []string{"SS"}, int64(1+w.r.IntN(40))
		route, units := []*tierSide{}, []int64{part}
		for range w.maxHops {
			var on []*tierSide
			for _, s := range sides {
				if s.from == at && !slices.Contains(been, s.to) && (s.to == "TT" || len(route)+1 < w.maxHops) {
					on = append(on, s)
				}
			}
			if len(on) == 0 || at == "TT" {
				break
			}
			s := on[w.r.IntN(len(on))]
			given := part
			if part = p.take(s, part); part < 0 || given == 0 && part > 0 { // too much, or something for nothing
				return nil
			}
			route, units = append(route, s), append(units, part)
			at, been = s.to, append(been, s.to)
		}
		if at != "TT" {
			return nil
		}
		p.routes, p.units, bought = append(p.routes, route), append(p.units, units), bought+part
		ways[strings.Join(been, " ")] += part
	}
	for _, part := range ways {
		if part == 0 { // fees are reckoned without what is lost altogether
			return nil
		}
	}
	for s, t := range p.taken {
		if o, ok := p.chosen[s]; ok && t[0] < o.entry[0] {
			return nil
		}
	}
	if bought == 0 {
		return nil
	}
	return p
}

// settles is how long the slowest route takes.
func (p *testPlan) settles() (longest int64) {
	for _, route := range p.routes {
		sum := int64(0)
		for _, s := range route {
			sum += s.settle + p.chosen[s].settle // one of the two is zero
		}
		longest = max(longest, sum)
	}
	return longest
}

// take gives a side more, and returns what that brings; -1 if it is too much.
func (p *testPlan) take(s *tierSide, more int64) int64 {
	had := p.taken[s]
	in, out := had[0]+more, int64(0)
	left, arcs := in, s.levels
	if o, ok := p.chosen[s]; ok {
		if in < o.entry[0] {
			p.taken[s] = [2]int64{in, 0}
			return 0
		}
		left, out, arcs = in-o.entry[0], o.entry[1], [][2]int64{o.rest}
	}
	for _, a := range arcs {
		if take := min(left, a[0]); take > 0 {
			out, left = out+take*a[1]/a[0], left-take
		}
	}
	if left > 0 {
		return -1
	}
	p.taken[s] = [2]int64{in, out}
	return out - had[1]
}

// testLeaf is a case with prices of its own.
type testLeaf struct {
	sides  []*tierSide
	tiers  []int // -1: none
	prices map[string][2]int64
	source int64
	target int64
}

// leaves tells choices apart at random, some of them.
func (w *tierWorld) leaves(l testLeaf, depth int) []*testLeaf {
	var open []*tierSide
	for _, s := range w.sides {
		if w.counts(s) && len(s.options) > 0 && !slices.Contains(l.sides, s) {
			open = append(open, s)
		}
	}
	if len(open) == 0 || depth > 2 || depth > 0 && w.r.IntN(3) == 0 {
		w.priced(&l)
		return []*testLeaf{&l}
	}
	s := open[w.r.IntN(len(open))]
	tiers := []int{-1}
	for _, o := range w.allowed(s) {
		tiers = append(tiers, o.tier)
	}
	w.r.Shuffle(len(tiers), func(i, j int) { tiers[i], tiers[j] = tiers[j], tiers[i] })
	var all []*testLeaf
	for _, t := range tiers {
		c := testLeaf{sides: append(slices.Clip(l.sides), s), tiers: append(slices.Clip(l.tiers), t)}
		all = append(all, w.leaves(c, depth+1)...)
	}
	return all
}

// priced gives a leaf prices around those of the market.
func (w *tierWorld) priced(l *testLeaf) {
	around := func(v int64) int64 { return v * int64(80+w.r.IntN(41)) / 100 }
	l.target = 1000
	l.source = around(1200)
	l.prices = map[string][2]int64{}
	for _, a := range []string{"AA", "CC"} {
		two := around(1100)
		if w.r.IntN(5) > 0 {
			l.prices[a] = [2]int64{two + int64(w.r.IntN(100)), two}
		}
	}
}

// bound is the rule of the documents, read for one leaf.
func (w *tierWorld) bound(l *testLeaf, in, out int64, exactOut bool) int64 {
	sum := int64(0)
	for _, s := range w.onPath() {
		from, to := l.prices[s.from][1], l.prices[s.to][0] // into the target, out of the source
		if s.from != "SS" && s.to != "TT" {
			from, to = l.prices[s.from][0], l.prices[s.to][1]
		}
		if s.from == "SS" {
			from = l.source
		}
		if s.to == "TT" {
			to = l.target
		}
		gain := func(a [2]int64) int64 { return a[1]*to - a[0]*from }
		for _, a := range s.levels {
			sum += max(0, gain(a))
		}
		best := int64(0)
		for _, o := range w.allowed(s) {
			v := gain(o.entry) + max(0, gain(o.rest))
			if best = max(best, v); slices.Contains(l.sides, s) && l.tiers[slices.Index(l.sides, s)] == o.tier {
				best = v
				break
			}
		}
		if i := slices.Index(l.sides, s); i >= 0 && l.tiers[i] < 0 {
			best = 0
		}
		sum += best
	}
	if exactOut {
		return max(0, floorDiv(l.target*out-sum, l.source))
	}
	return max(0, -floorDiv(-(l.source*in+sum), l.target))
}

func floorDiv(a, b int64) int64 {
	return new(big.Int).Div(big.NewInt(a), big.NewInt(b)).Int64()
}

// quote writes a plan down, with a bound of these leaves.
func (w *tierWorld) quote(p *testPlan, leaves []*testLeaf) object {
	in, out, exactOut := int64(0), int64(0), w.r.IntN(2) == 0
	for _, u := range p.units {
		in, out = in+u[0], out+u[len(u)-1]
	}
	bound := w.bound(leaves[0], in, out, exactOut)
	for _, l := range leaves {
		if b := w.bound(l, in, out, exactOut); exactOut {
			bound = min(bound, b)
		} else {
			bound = max(bound, b)
		}
	}
	cert := object{
		"exact_out": exactOut, "max_hops": w.maxHops, "max_settlement_ms": nil,
		"sell_units": fmt.Sprint(in), "buy_units": fmt.Sprint(out), "bound_units": fmt.Sprint(bound),
		"sides_considered": len(w.onPath()), "venues_excluded": w.excluded,
	}
	if w.limit >= 0 {
		cert["max_settlement_ms"] = w.limit
	}
	over, base := bound-out, out
	if exactOut {
		over, base = in-bound, bound
		cert["lower_bound_sell_amount"] = w.text(bound, "SS")
	} else {
		cert["upper_bound_buy_amount"] = w.text(bound, "TT")
	}
	if base > 0 {
		cert["gap_bps"] = decimals(big.NewRat(over*10_000, base), 4, true)
	}
	w.proof(cert, leaves)
	w.sidesOf(cert, p)
	return object{
		"kind": "indicative", "status": map[bool]string{true: "exact", false: "bounded"}[over == 0],
		"sell_asset": "SS", "buy_asset": "TT", "sell_amount": w.text(in, "SS"), "buy_amount": w.text(out, "TT"),
		"rate": w.perUnit(out, "TT", in, "SS", false), "inverse_rate": w.perUnit(in, "SS", out, "TT", true),
		"mid_rate": nil, "slippage_bps": nil, "fee_bps": "0.00", "fees": []any{},
		"est_time_ms": nullIfZero(p.settles()),
		"routes":      w.routes(p, in, cert), "certificate": cert,
	}
}

func (w *tierWorld) proof(cert object, leaves []*testLeaf) {
	list := []any{}
	for _, l := range leaves {
		assets, decisions := []any{}, []any{}
		for _, a := range []string{"AA", "CC"} {
			if v, ok := l.prices[a]; ok {
				assets = append(assets, object{"asset": a, "one": fmt.Sprint(v[0]), "two": fmt.Sprint(v[1])})
			}
		}
		for i, s := range l.sides {
			d := object{"venue": s.venue, "market": s.market, "side": s.action, "tier": l.tiers[i]}
			if l.tiers[i] < 0 {
				d["tier"] = nil
			}
			decisions = append(decisions, d)
		}
		nodes := object{"sell": fmt.Sprint(l.source), "buy": fmt.Sprint(l.target), "assets": assets}
		list = append(list, object{"decisions": decisions, "node_prices": nodes})
	}
	if len(leaves) == 1 && len(leaves[0].sides) == 0 && w.r.IntN(2) == 0 {
		cert["node_prices"] = list[0].(object)["node_prices"]
		return
	}
	cert["leaves"] = list
}

func (w *tierWorld) sidesOf(cert object, p *testPlan) {
	used := []any{}
	for _, s := range w.sides {
		if _, ok := p.taken[s]; ok {
			used = append(used, object{
				"venue": s.venue, "market": s.market, "side": s.action, "version": s.version, "digest": s.digest(),
			})
		}
	}
	cert["sides"] = used
}

func (w *tierWorld) routes(p *testPlan, in int64, cert object) []any {
	all, units, before := []any{}, []any{}, int64(0)
	for i, sides := range p.routes {
		u := p.units[i]
		along, hops := []any{fmt.Sprint(u[0])}, []any{}
		for j, s := range sides {
			along = append(along, fmt.Sprint(u[j+1]))
			h := object{
				"venue": s.venue, "market": s.market, "side": s.action, "sell_asset": s.from, "buy_asset": s.to,
				"sell_amount": w.text(u[j], s.from), "buy_amount": w.text(u[j+1], s.to),
			}
			if o, ok := p.chosen[s]; ok {
				h["tier"], h["tier_index"] = o.name, o.tier
			}
			if h["avg_price"] = w.perUnit(u[j+1], s.to, u[j], s.from, false); s.action == "buy" {
				h["avg_price"] = w.perUnit(u[j], s.from, u[j+1], s.to, false)
			}
			hops = append(hops, h)
		}
		share := (before+u[0])*1e8/in - before*1e8/in
		before += u[0]
		all = append(all, object{
			"share": decimals(big.NewRat(share, 1e8), 8, false), "hops": hops,
			"sell_amount": w.text(u[0], "SS"), "buy_amount": w.text(u[len(u)-1], "TT"),
		})
		units = append(units, along)
	}
	cert["route_units"] = units
	return all
}

// perUnit is a rate of twelve digits; nil for one of nothing.
func (w *tierWorld) perUnit(num int64, n string, den int64, d string, up bool) any {
	if den == 0 {
		return nil
	}
	ten := func(a string) *big.Rat {
		r := big.NewRat(1, 1)
		for range w.decimals[a] {
			r.Mul(r, big.NewRat(10, 1))
		}
		return r
	}
	r := big.NewRat(num, den)
	r.Quo(r.Mul(r, ten(d)), ten(n))
	for k := range 18 {
		s := decimals(r, k, false)
		if digits := strings.TrimLeft(strings.Replace(s, ".", "", 1), "0"); len(digits) >= 12 {
			return decimals(r, k, up)
		}
	}
	return decimals(r, 18, up)
}

// decimals writes r with that many decimals, down or up.
func decimals(r *big.Rat, n int, up bool) string {
	s := new(big.Rat).Set(r)
	for range n {
		s.Mul(s, big.NewRat(10, 1))
	}
	v := new(big.Int).Div(s.Num(), s.Denom())
	if up && !s.IsInt() {
		v.Add(v, big.NewInt(1))
	}
	t := fmt.Sprintf("%0*d", n+1, v)
	if n == 0 {
		return t
	}
	return t[:len(t)-n] + "." + t[len(t)-n:]
}

// TestTiers: plans over tiers and books with any honest proof are accepted, and none
// beats its bound; whatever is changed of what is new about them is refused.
func TestTiers(t *testing.T) {
	honest, proofs, tight, all := 0, 0, 0, tampered{}
	for i := 0; honest < quotes(); i++ {
		w := newTierWorld(rand.New(rand.NewPCG(uint64(i), 80)))
		p := w.plan()
		if p == nil {
			continue
		}
		leaves := w.leaves(testLeaf{}, w.r.IntN(2))
		doc := w.quote(p, leaves)
		market, q := marshal(t, w.market), marshal(t, doc)
		honest++
		if f := verify.Verify(market, q); len(f) > 0 {
			t.Fatalf("case %d: an honest quote is refused: %v\n%s\n%s", i, f, market, q)
		}
		if len(leaves) > 1 {
			proofs++
		}
		if near(doc["certificate"].(object)) {
			tight++
		}
		all.tamper(t, i, w, p, market, q)
	}
	for _, k := range tierMutations {
		if all[k.name] == 0 && !testing.Short() {
			t.Errorf("%s was never tried", k.name)
		}
	}
	t.Logf("%d honest quotes accepted, %d with several leaves, %d near their bound; %v", honest, proofs, tight, all)
}

// tampered counts the changes that were refused, by their kind.
type tampered map[string]int

func (all tampered) String() string {
	n := 0
	for _, k := range all {
		n += k
	}
	return fmt.Sprintf("%d mutated ones of %d kinds refused", n, len(all))
}

// tamper changes an honest quote, or its market file, in some ways.
func (all tampered) tamper(t *testing.T, i int, w *tierWorld, p *testPlan, market, quote []byte) {
	t.Helper()
	for range 6 {
		k := tierMutations[w.r.IntN(len(tierMutations))]
		m := &tierTamper{w, p, parse(t, market), parse(t, quote)}
		if !k.apply(m) {
			continue
		}
		all[k.name]++
		m2, q2 := marshal(t, m.market), marshal(t, m.quote)
		if f := verify.Verify(m2, q2); !refusedFor(f, k.code) {
			t.Fatalf("case %d: after %s: %v, want %s\n%s\n%s", i, k.name, f, k.code, m2, q2)
		}
	}
}

// near reports whether a plan is within two units of its bound.
func near(cert object) bool {
	end := "buy_units"
	if cert["exact_out"].(bool) {
		end = "sell_units"
	}
	x, _ := new(big.Int).SetString(cert["bound_units"].(string), 10)
	y, _ := new(big.Int).SetString(cert[end].(string), 10)
	return x.Sub(x, y).CmpAbs(big.NewInt(2)) <= 0
}

// nullIfZero is how times are shown.
func nullIfZero[T int | int64](n T) any {
	if n == 0 {
		return nil
	}
	return n
}
