package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"chronos.dev/engine/flow"
	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/graph"
	blocked "chronos.dev/graph/ladder"
	"chronos.dev/money"
)

// quotes measures prices of one pair over 30 venues of 50 levels that stand still,
// for a share of the depth: the kernel with its bound, given the problem, and a
// whole answer, against a merge of the venues' levels by a tree of losers that ends
// with the amount and proves nothing.
func quotes(r *rand.Rand, share, target float64, times int) ([]Figure, error) {
	m, err := simulate(r, Shape{Assets: 2, Venues: 30, Levels: 50, Hubs: 2})
	if err != nil {
		return nil, err
	}
	var snap graph.Snapshot
	m.graph.Load(&snap)
	q := &quoting{snap: &snap, from: snap.Topology.Markets[0].Base}
	depth := money.Amount(0)
	for i := range snap.Topology.Markets {
		if s := snap.State(graph.MarketID(i)).Side(&snap.Topology.Markets[i], q.from); len(s.Arcs) > 0 {
			q.sides = append(q.sides, s.Arcs)
			depth += s.SumIn
		}
	}
	for range 512 {
		q.amounts = append(q.amounts, money.Amount(float64(depth)*share*(0.8+0.4*r.Float64())))
	}
	if err := q.check(); err != nil {
		return nil, err
	}
	name, at := fmt.Sprintf("%g", share*100), 0
	amount := func() money.Amount { at++; return q.amounts[at%len(q.amounts)] }
	merge := Way{"tree of losers", target, func(times int) {
		for range times {
			q.sink += q.merge(amount())
		}
	}}
	kernel := Duel("quote/pair/kernel/"+name, "amount and bound at "+name+" % of depth", times,
		Way{Do: func(times int) {
			for range times {
				q.problem.In = amount()
				q.sink += q.kernel.Solve(q.problem).Out
			}
		}}, merge)
	merge.Target = 0
	answer := Duel("quote/pair/answer/"+name, "routes and certificate at "+name+" % of depth", times,
		Way{Do: func(times int) {
			for range times {
				a, err := q.solver.Solve(q.snap, q.request(amount()))
				if err != nil {
					panic(err) // checked before
				}
				q.sink += a.Plan.Out
			}
		}}, merge)
	merge.Target = target
	return append([]Figure{kernel, answer}, q.ladders(name, amount, merge, times)...), nil
}

// quoting is a pair that stands still.
type quoting struct {
	snap    *graph.Snapshot
	from    graph.AssetID
	sides   [][]graph.Arc
	amounts []money.Amount
	solver  route.Solver
	stated  route.Solver
	kernel  flow.Solver
	problem *flow.Problem
	tree    losers
	ladder  *blocked.Writer
	sink    money.Amount // so that nothing is left out as unused
}

func (q *quoting) request(in money.Amount) route.Request {
	return route.Request{
		Sell: q.from, Buy: 1 - q.from, In: in, MaxHops: plan.MaxHops, Now: now, StaleAfter: int64(time.Second),
	}
}

// merge returns what comes out for an amount, whole levels best first and the part
// of the last rounded down.
func (q *quoting) merge(in money.Amount) (out money.Amount) {
	for q.tree.reset(q.sides); in > 0; {
		a, ok := q.tree.next()
		if !ok {
			return 0
		}
		if a.In > in {
			part, err := money.MulDiv(in, a.Out, a.In, money.Down)
			if err != nil {
				panic(err) // a part of what fits
			}
			return out + part
		}
		in, out = in-a.In, out+a.Out
	}
	return out
}

// check holds all ways against a sort of all levels.
func (q *quoting) check() error {
	all := slices.Concat(q.sides...)
	slices.SortStableFunc(all, func(a, b graph.Arc) int { return -a.Cmp(b) })
	q.ladder = newLadder(q.sides)
	q.problem = q.stated.Problem(q.snap, q.request(q.amounts[0]))
	for _, amount := range q.amounts {
		want, left := 0.0, float64(amount)
		for _, a := range all {
			take := min(left, float64(a.In))
			want += take * float64(a.Out) / float64(a.In)
			left -= take
		}
		answer, err := q.solver.Solve(q.snap, q.request(amount))
		if err != nil {
			return fmt.Errorf("bench: %d of a pair: %w", amount, err)
		}
		q.problem.In = amount
		stepped, _ := q.ladder.Load().Out(amount)
		if kernel := q.kernel.Solve(q.problem).Out; stepped != kernel {
			return fmt.Errorf("bench: %d of a pair gives %d by the kernel, %d by the ladder", amount, kernel, stepped)
		}
		for name, got := range map[string]money.Amount{
			"answer": answer.Plan.Out, "kernel": q.kernel.Solve(q.problem).Out, "tree of losers": q.merge(amount),
		} {
			if math.Abs(float64(got)-want) > 100+1e-9*want {
				return fmt.Errorf("bench: %d of a pair gives %d by %s, %.0f by sorting", amount, got, name, want)
			}
		}
	}
	return nil
}

// losers is a tournament over sorted lists: at each inner node stands the list that
// lost there, at the root the one that won.
type losers struct {
	lists [][]graph.Arc
	at    []int
	node  []int
	n     int
}

func (t *losers) reset(lists [][]graph.Arc) {
	if t.lists, t.n = lists, len(lists); cap(t.at) < t.n {
		t.at, t.node = make([]int, t.n), make([]int, t.n)
	}
	clear(t.at)
	for i := range t.node {
		t.node[i] = -1
	}
	for i := range t.n {
		t.play(i)
	}
}

// beats reports whether the next level of list i comes before that of list j.
func (t *losers) beats(i, j int) bool {
	switch {
	case t.at[i] == len(t.lists[i]):
		return false
	case t.at[j] == len(t.lists[j]):
		return true
	}
	return t.lists[i][t.at[i]].Cmp(t.lists[j][t.at[j]]) > 0
}

// play has a list play up from its leaf until it stands where nobody was yet.
func (t *losers) play(list int) {
	for k := (list + t.n) / 2; k > 0; k /= 2 {
		if t.node[k] < 0 {
			t.node[k] = list
			return
		}
		if t.beats(t.node[k], list) {
			t.node[k], list = list, t.node[k]
		}
	}
	t.node[0] = list
}

// next returns the best level that is left.
func (t *losers) next() (a graph.Arc, ok bool) {
	w := t.node[0]
	if t.at[w] == len(t.lists[w]) {
		return a, false
	}
	a = t.lists[w][t.at[w]]
	t.at[w]++
	t.play(w)
	return a, true
}
