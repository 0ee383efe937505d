package bench

import (
	"fmt"

	"chronos.dev/engine/flow"
	"chronos.dev/engine/route"
	"chronos.dev/graph"
)

// requests draws orders for so many dollars in a market that stands still.
func (s *simulated) requests(n int, dollars float64) (all []route.Request) {
	for range n {
		all = append(all, s.request(dollars))
	}
	return all
}

// paths measures the best single path of at most three hops between so many assets,
// against the same with every path evaluated.
func paths(k *Kit, assets int) ([]Figure, error) {
	m, err := simulate(k.Rand, Shape{Assets: assets, Venues: 30, Levels: 50, Hubs: assets})
	if err != nil {
		return nil, err
	}
	var snap graph.Snapshot
	m.graph.Load(&snap)
	orders := m.requests(128, 10_000)
	var pruned, all route.Solver
	for _, req := range orders {
		one, every := pruned.Best(&snap, req), all.Paths(&snap, req, 1)
		if (one == nil) != (len(every) == 0) || one != nil && one.Plan.Out != every[0].Plan.Out {
			return nil, fmt.Errorf("bench: the best path is another one where all are evaluated: %+v", req)
		}
	}
	turn := func(do func(route.Request)) func(int) {
		at := 0
		return func(times int) {
			for range times {
				at++
				do(orders[at%len(orders)])
			}
		}
	}
	return []Figure{Duel(fmt.Sprintf("route/3hop/%d", assets), "best single path with its legs", k.Times(400),
		Way{Do: turn(func(r route.Request) { pruned.Best(&snap, r) })},
		Way{"every path evaluated", 1.0 / 8, turn(func(r route.Request) { all.Paths(&snap, r, 1) })})}, nil
}

// certificates measures a whole answer against the kernel with its bound alone: what
// integers, routes and the certificate add.
func certificates(k *Kit) (figures []Figure, err error) {
	m, err := simulate(k.Rand, Shape{Assets: 10, Venues: 30, Levels: 50, Hubs: 5})
	if err != nil {
		return nil, err
	}
	var snap graph.Snapshot
	m.graph.Load(&snap)
	for _, dollars := range []float64{10_000, 1_000_000} {
		var answers, states route.Solver
		var kernel flow.Solver
		var orders []route.Request
		for _, req := range m.requests(64, dollars) {
			if _, err := answers.Solve(&snap, req); err == nil {
				orders = append(orders, req)
			}
		}
		if len(orders) == 0 {
			return nil, fmt.Errorf("bench: no order of $%.0f can be answered", dollars)
		}
		i, j := 0, 0
		target := 0.0
		if dollars >= 1_000_000 {
			target = 1.5
		}
		figures = append(figures, Duel(fmt.Sprintf("route/cert/%.0f", dollars), "answer with routes and certificate",
			k.Times(200),
			Way{Do: func(times int) {
				for range times {
					i++
					if _, err := answers.Solve(&snap, orders[i%len(orders)]); err != nil {
						panic(err) // it was answered before
					}
				}
			}},
			Way{"problem stated and kernel with bound", target, func(times int) {
				for range times {
					j++
					kernel.Solve(states.Problem(&snap, orders[j%len(orders)]))
				}
			}}))
	}
	return figures, nil
}
