package confidence

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// tail is P(X >= k) of a binomial with n tries at rate p, summed exactly.
func tail(k, n int, p *big.Rat) float64 {
	q := new(big.Rat).Sub(big.NewRat(1, 1), p)
	sum := new(big.Rat)
	for i := k; i <= n; i++ {
		term := new(big.Rat).SetInt(new(big.Int).Binomial(int64(n), int64(i)))
		for range i {
			term.Mul(term, p)
		}
		for range n - i {
			term.Mul(term, q)
		}
		sum.Add(sum, term)
	}
	f, _ := sum.Float64()
	return f
}

// TestBetaIsBinomialTail: I_x(k, n-k+1) is P(X >= k), for all k of small n.
func TestBetaIsBinomialTail(t *testing.T) {
	for _, n := range []int{1, 2, 7, 23, 40} {
		for k := 1; k <= n; k++ {
			for _, x := range []int64{1, 37, 50, 80, 99} {
				got := betaCDF(float64(x)/100, float64(k), float64(n-k+1))
				if want := tail(k, n, big.NewRat(x, 100)); math.Abs(got-want) > 1e-12 {
					t.Fatalf("I_%d%%(%d, %d) = %g, want %g", x, k, n-k+1, got, want)
				}
			}
		}
	}
}

// TestBetaOfMany: the same against sums in 200 bits where the counts are those
// of a table.
func TestBetaOfMany(t *testing.T) {
	for _, c := range []struct {
		k, n int
		x    float64
	}{{950, 1000, 0.94}, {1900, 2000, 0.96}, {10, 5000, 0.003}, {5000, 10_000, 0.5}, {9990, 10_000, 0.9985}} {
		x := new(big.Float).SetPrec(200).SetFloat64(c.x)
		q := new(big.Float).SetPrec(200).Sub(big.NewFloat(1).SetPrec(200), x)
		ratio := new(big.Float).SetPrec(200).Quo(x, q)
		term := big.NewFloat(1).SetPrec(200)
		for range c.n {
			term.Mul(term, q)
		}
		sum := new(big.Float).SetPrec(200)
		for i := 0; i <= c.n; i++ {
			if i >= c.k {
				sum.Add(sum, term)
			}
			term.Mul(term, ratio)
			term.Mul(term, big.NewFloat(float64(c.n-i)))
			term.Quo(term, big.NewFloat(float64(i+1)))
		}
		want, _ := sum.Float64()
		if got := betaCDF(c.x, float64(c.k), float64(c.n-c.k+1)); math.Abs(got-want) > 1e-10 {
			t.Errorf("I_%g(%d of %d) = %.15f, want %.15f", c.x, c.k, c.n, got, want)
		}
	}
}

// TestBinomialInterval: each end is where the exact tail is half of what is left.
func TestBinomialInterval(t *testing.T) {
	for n := 1; n <= 20; n++ {
		for k := 0; k <= n; k++ {
			low, high := binomialInterval(k, n, 0.95)
			rate := float64(k) / float64(n)
			if low > rate || high < rate {
				t.Fatalf("%d of %d: [%g, %g]", k, n, low, high)
			}
			if k > 0 && math.Abs(tail(k, n, rational(low))-0.025) > 1e-9 {
				t.Fatalf("%d of %d: low %g has tail %g", k, n, low, tail(k, n, rational(low)))
			}
			if k < n && math.Abs(1-tail(k+1, n, rational(high))-0.025) > 1e-9 {
				t.Fatalf("%d of %d: high %g", k, n, high)
			}
			if k == 0 && low != 0 || k == n && high != 1 {
				t.Fatalf("%d of %d: [%g, %g]", k, n, low, high)
			}
		}
	}
}

// rational is x with 40 bits, so that exact sums stay short.
func rational(x float64) *big.Rat { return big.NewRat(int64(math.Round(x*(1<<40))), 1<<40) }

// TestPosterior: mean and interval against Simpson's rule over the density.
func TestPosterior(t *testing.T) {
	for _, a := range []Accepts{{1, 1}, {19, 1}, {180, 20}, {990, 10}} {
		p := a.Posterior()
		norm, mean := 0.0, 0.0
		low, high := p.Interval(0.9)
		below, above := 0.0, 0.0
		const n = 400_000
		for i := range n {
			x := (float64(i) + 0.5) / n
			d := math.Exp(float64(a.Accepted)*math.Log(x) + float64(a.Refused)*math.Log1p(-x) - 0.5*math.Log(x) -
				0.5*math.Log1p(-x) + 0.5*float64(a.Accepted+a.Refused))
			norm, mean = norm+d, mean+d*x
			if x < low {
				below += d
			}
			if x > high {
				above += d
			}
		}
		if math.Abs(mean/norm-p.Mean()) > 1e-5 || math.Abs(below/norm-0.05) > 1e-4 || math.Abs(above/norm-0.05) > 1e-4 {
			t.Errorf("%+v: mean %g want %g, tails %g and %g want 0.05", a, p.Mean(), mean/norm, below/norm, above/norm)
		}
	}
}

func TestFirm(t *testing.T) {
	table := newTable(t, Options{})
	if a := table.Publish().Firm("bank", "FAST"); a.Reason != NoBucket {
		t.Errorf("nobody asked: %+v", a)
	}
	for i := range MinSamples {
		if a := table.Publish().Firm("bank", "FAST"); a.Reason == 0 || a.Samples != i {
			t.Fatalf("after %d answers: %+v", i, a)
		}
		if err := table.Answered("bank", "FAST", i%10 != 0); err != nil {
			t.Fatal(err)
		}
	}
	// 180 of 200: (180 + 1/2) / 201 = 0.898009...
	if a := table.Publish().Firm("bank", "FAST"); a.Reason != 0 || a.P != 898_009 || a.Held != 180 {
		t.Errorf("180 of 200: %+v", a)
	}
	if a := table.Load().Firm("bank", "SLOW"); a.Reason != NoBucket {
		t.Errorf("another tier: %+v", a)
	}
}

// TestAcceptsFade: counts stay within MaxAttempts, and halving never helps the
// provider.
func TestAcceptsFade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, MaxAttempts).Draw(t, "accepted")
		a := Accepts{n, MaxAttempts - n}
		a.add(false)
		if sum := a.Accepted + a.Refused; sum > MaxAttempts/2+1 || sum < MaxAttempts/2 {
			t.Fatalf("%d answers are left", sum)
		}
		if 2*(a.Refused-1) < MaxAttempts-n || 2*a.Accepted > n {
			t.Fatalf("%+v from %d accepted", a, n)
		}
	})
}

func TestAnsweredRefuses(t *testing.T) {
	table := newTable(t, Options{})
	var typed *ObservationError
	for _, bad := range []string{"", "a b", `a"b`, "ä", strings.Repeat("a", 65)} {
		if err := table.Answered(bad, "FAST", true); !errors.As(err, &typed) {
			t.Errorf("provider %q: %v", bad, err)
		}
		if err := table.Answered("bank", bad, true); !errors.As(err, &typed) {
			t.Errorf("tier %q: %v", bad, err)
		}
	}
	for i := range MaxTiers {
		if err := table.Answered("bank", fmt.Sprint(i), true); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Answered("bank", "more", true); !errors.Is(err, ErrFull) {
		t.Errorf("one tier too many: %v", err)
	}
	if err := table.Answered("bank", "7", true); err != nil {
		t.Errorf("a known tier when full: %v", err)
	}
}
