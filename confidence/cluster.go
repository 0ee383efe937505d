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

// half is half of the interval of the mean: Student's quantile times its
// cluster-robust standard error (Liang and Zeger, Biometrika 1986), as it is if
// the forecasts are right; one with fewer than minStretches. A few stretches that
// happen to agree so do not look certain. The stretches are taken in order, so
// that equal forecasts give equal bits.
func (c cluster) half() float64 {
	b := float64(len(c))
	if len(c) < minStretches {
		return 1
	}
	n, sum := 0.0, 0.0
	for _, at := range slices.Sorted(maps.Keys(c)) {
		n, sum = n+c[at].n, sum+c[at].more*c[at].more
	}
	return student(level, b-1) * math.Sqrt(sum*b/(b-1)) / n
}

// student is the t that a variable of Student's distribution with df degrees of
// freedom stays within, either way, with probability level.
func student(level, df float64) float64 {
	x := betaQuantile(level, 0.5, df/2)
	return math.Sqrt(df * x / (1 - x))
}
