package bench

import (
	"errors"
	"fmt"

	"chronos.dev/engine/route"
	"chronos.dev/graph"
)

// grown measures whole answers to small orders in markets of several shapes, the
// last ones by the first: what grows with the market though the order does not.
// targets are of each shape by the first.
func grown(k *Kit, axis string, sizes []int, shape func(n int) Shape, targets map[int]float64) ([]Figure, error) {
	var figures []Figure
	var ways []Way
	for _, n := range sizes {
		do, err := small(k, shape(n))
		if err != nil {
			return nil, err
		}
		ways = append(ways, Way{Name: fmt.Sprintf("%s %d", axis, sizes[0]), Do: do})
		if n == sizes[0] {
			continue
		}
		first := ways[0]
		first.Target = targets[n]
		name := fmt.Sprintf("growth/%s/%d", axis, n)
		figures = append(figures, Duel(name, "answer to an order of $1,000", k.Times(2000), ways[len(ways)-1], first))
	}
	return figures, nil
}

// small draws orders in a market that stands still, and returns how to answer them
// in turn.
func small(k *Kit, shape Shape) (func(times int), error) {
	m, err := simulate(k.Rand, shape)
	if err != nil {
		return nil, err
	}
	var snap graph.Snapshot
	m.graph.Load(&snap)
	s := new(route.Solver)
	orders := m.requests(256, 1000)
	for _, req := range orders {
		if _, err := s.Solve(&snap, req); err != nil {
			return nil, errors.Join(errors.New("bench: a small order"), err)
		}
	}
	at := 0
	return func(times int) {
		for range times {
			at++
			if _, err := s.Solve(&snap, orders[at*7%len(orders)]); err != nil {
				panic(err) // it was answered before
			}
		}
	}, nil
}

func growVenues(k *Kit) ([]Figure, error) {
	return grown(k, "venues", []int{5, 10, 25, 50}, func(n int) Shape {
		return Shape{Assets: 10, Venues: n, Levels: 50, Hubs: 5}
	}, map[int]float64{50: 1.5})
}

func growLevels(k *Kit) ([]Figure, error) {
	return grown(k, "levels", []int{20, 200, 2000}, func(n int) Shape {
		return Shape{Assets: 10, Venues: 5, Levels: n, Hubs: 5}
	}, map[int]float64{2000: 1.2})
}

func growAssets(k *Kit) ([]Figure, error) {
	return grown(k, "assets", []int{10, 50, 200}, func(n int) Shape {
		return Shape{Assets: n, Venues: 5, Levels: 50, Hubs: 5, Spokes: true}
	}, nil)
}
