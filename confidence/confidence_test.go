package confidence

import (
	"math"
	"math/big"
	"testing"

	"chronos.dev/money"
	"pgregory.net/rapid"
)

// TestBetween holds a change against the exact quotient.
func TestBetween(t *testing.T) {
	amount := rapid.OneOf(rapid.Int64Range(0, 1000), rapid.Int64Range(0, math.MaxInt64))
	rapid.Check(t, func(t *rapid.T) {
		before := max(1, amount.Draw(t, "before"))
		after := amount.Draw(t, "after")
		want := new(big.Int).Mul(big.NewInt(after), big.NewInt(int64(Whole)))
		want.Sub(want.Div(want, big.NewInt(before)), big.NewInt(int64(Whole)))
		if want.Cmp(big.NewInt(int64(MaxChange))) > 0 {
			want.SetInt64(int64(MaxChange))
		}
		got := Between(money.Amount(before), money.Amount(after))
		if int64(got) != want.Int64() {
			t.Fatalf("Between(%d, %d) = %d, want %s", before, after, got, want)
		}
		if held := got >= 0; held != (after >= before) {
			t.Fatalf("without a margin, held = %t with %d of %d", held, after, before)
		}
		margin := Change(rapid.Int64Range(0, int64(Whole)).Draw(t, "margin"))
		quoted := Less(money.Amount(before), margin)
		if got >= -margin && money.Amount(after) < quoted {
			t.Fatalf("change %s survives margin %s, yet %d is below %d", got, margin, after, quoted)
		}
	})
}

func TestLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		out := rapid.Int64Range(0, math.MaxInt64).Draw(t, "out")
		margin := rapid.Int64Range(0, int64(Whole)).Draw(t, "margin")
		want := new(big.Int).Mul(big.NewInt(out), big.NewInt(int64(Whole)-margin))
		want.Div(want, big.NewInt(int64(Whole)))
		if got := Less(money.Amount(out), Change(margin)); int64(got) != want.Int64() {
			t.Fatalf("Less(%d, %d) = %d, want %s", out, margin, got, want)
		}
	})
	defer func() {
		if recover() == nil {
			t.Error("a negative margin does not panic")
		}
	}()
	Less(math.MaxInt64, -1)
}

func TestAllLegs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var legs []Answer
		want := big.NewRat(1, 1)
		fewest := math.MaxInt
		for range rapid.IntRange(1, 5).Draw(t, "legs") {
			n := rapid.IntRange(MinSamples, 5000).Draw(t, "samples")
			a := Answer{Samples: n}.held(rapid.IntRange(n/2, n).Draw(t, "held"))
			legs, fewest = append(legs, a), min(fewest, n)
			want.Sub(want, big.NewRat(int64(n-a.Held), int64(n)))
		}
		if want.Sign() < 0 {
			want.SetInt64(0)
		}
		got := AllLegs(legs...)
		// Each leg is rounded down by less than one part per million.
		low := new(big.Rat).Sub(want, big.NewRat(int64(len(legs)), 1e6))
		p := big.NewRat(int64(got.P), 1e6)
		if got.Reason != 0 || got.Samples != fewest || p.Cmp(want) > 0 || p.Cmp(low) < 0 || got.P < 0 {
			t.Fatalf("AllLegs = %+v, want %s of %d", got, want.FloatString(8), fewest)
		}
		legs = append(legs, Answer{Reason: TooFew, Samples: 7})
		if got := AllLegs(legs...); got.Reason != Unknown || got.P != 0 {
			t.Fatalf("one leg without a number: %+v", got)
		}
	})
	if got := AllLegs(); got.Reason == 0 {
		t.Errorf("no legs: %+v", got)
	}
	mixed := AllLegs(Answer{P: Certain, Samples: 200, Source: Replay}, Answer{P: Certain, Samples: 200, Source: Simulated})
	if mixed.Source != Simulated {
		t.Errorf("one invented leg makes the answer invented, got %s", mixed.Source)
	}
}

func TestTexts(t *testing.T) {
	tests := []struct{ name, got, want string }{
		{"a loss", Change(-12_500).String(), "-1.2500 bps"},
		{"a probability", PPM(950_000).String(), "0.950000"},
		{"never rounded up to certain", string(PPM(999_999).AppendText(nil)), "0.99"},
		{"certain", string(Certain.AppendText(nil)), "1.00"},
		{"replay", Replay.String(), "replay"},
		{"simulated", Simulated.String(), "simulated"},
		{"a source that is none", Source(9).String(), ""},
		{"a reason that is none", Reason(99).String(), "unknown reason"},
		{"few", (&Answer{Reason: TooFew, Samples: 37}).Null(), "too few samples: 37 of 200"},
		{"a number", (&Answer{}).Null(), ""},
		{"horizon", (&Answer{Reason: NoHorizon}).Null(), "horizon not sampled"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
	for r := NoBucket; r <= Unknown; r++ {
		if r.String() == "" || r.String() == "unknown reason" {
			t.Errorf("reason %d has no text", r)
		}
	}
}
