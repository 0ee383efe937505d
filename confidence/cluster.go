package confidence

import (
	"maps"
	"math"
	"slices"
	"time"
)

// Forecasts that lie close together share their market: at one moment one move
// breaks many quotes, and outcomes of a long horizon overlap. As if they were
// independent, their number would promise more than they can show. So forecasts
// are taken together by stretches of time, each as long as the longest horizon,
// and only stretches count as independent of each other.
const (
	stretch      = int64(time.Minute)
	minStretches = 10 // fewer say too little about how stretches differ
)

// cluster is forecasts by stretch.
type cluster map[int64]tally

// tally is how many forecasts there were, and how many more of them came true
// than was predicted.
type tally struct{ n, more float64 }

func (c cluster) add(at int64, held bool, predicted float64) {
	t := c[at/stretch]
	t.n, t.more = t.n+1, t.more-predicted
	if held {
		t.more++
	}
	c[at/stretch] = t
}

// half is half of the interval of the mean, one with fewer than minStretches:
// Student's quantile times the cluster-robust standard error that leaves out one
// stretch at a time (CR3, Bell and McCaffrey 2002), with as many degrees of
// freedom as stretches of equal size would have (Kish's number, as Carter, Schnepel
// and Steigerwald 2017 use it). The plain error calls what is right off up to ten
// times too often where stretches are few and unequal. The stretches are taken in
// order, so that equal forecasts give equal bits.
func (c cluster) half() float64 {
	if len(c) < minStretches {
		return 1
	}
	order := slices.Sorted(maps.Keys(c))
	n, more, squares := 0.0, 0.0, 0.0
	for _, at := range order {
		n, more, squares = n+c[at].n, more+c[at].more, squares+c[at].n*c[at].n
	}
	sum := 0.0
	for _, at := range order {
		off := (c[at].more - c[at].n*more/n) / (1 - c[at].n/n)
		sum += off * off
	}
	b, equal := float64(len(c)), max(n*n/squares, 2)
	return min(1, student(level, equal-1)*math.Sqrt(sum*(b-1)/b)/n)
}

// student is the t that a variable of Student's distribution with df degrees of
// freedom stays within, either way, with probability level.
func student(level, df float64) float64 {
	x := betaQuantile(level, 0.5, df/2)
	return math.Sqrt(df * x / (1 - x))
}
