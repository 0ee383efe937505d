package confidence

import "math"

// betaCDF is the regularized incomplete beta function I_x(a, b) for a, b > 0, by
// its continued fraction (Numerical Recipes, 6.4), evaluated on the side where it
// converges in O(sqrt(max(a, b))) terms.
func betaCDF(x, a, b float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	case x > (a+1)/(a+b+2):
		return 1 - betaCDF(1-x, b, a)
	}
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	return math.Exp(a*math.Log(x)+b*math.Log1p(-x)-la-lb+lab) / a * fraction(x, a, b)
}

// fraction is the continued fraction by Lentz's method.
func fraction(x, a, b float64) float64 {
	const tiny, precision, most = 1e-300, 1e-15, 100_000
	away := func(v float64) float64 { // from zero
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/away(1-(a+b)*x/(a+1))
	h := d
	for i := 1; i <= most; i++ {
		m := float64(i)
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d = 1 / away(1+even*d)
		c = away(1 + even/c)
		h *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d = 1 / away(1+odd*d)
		c = away(1 + odd/c)
		h *= d * c
		if math.Abs(d*c-1) < precision {
			break
		}
	}
	return h
}

// betaQuantile is the x with I_x(a, b) = p, by bisection to the last bits.
func betaQuantile(p, a, b float64) float64 {
	low, high := 0.0, 1.0
	for range 60 {
		if mid := (low + high) / 2; betaCDF(mid, a, b) < p {
			low = mid
		} else {
			high = mid
		}
	}
	return (low + high) / 2
}

// binomialInterval is the interval of Clopper and Pearson (1934) for a rate of
// which k of n were seen: it covers the rate with probability level or more,
// whatever the rate. n must be positive.
func binomialInterval(k, n int, level float64) (low, high float64) {
	low, high = 0, 1
	tail := (1 - level) / 2
	if k > 0 {
		low = betaQuantile(tail, float64(k), float64(n-k+1))
	}
	if k < n {
		high = betaQuantile(1-tail, float64(k+1), float64(n-k))
	}
	return low, high
}
