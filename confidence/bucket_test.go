package confidence

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// calm are facts of which every one is known.
func calm() Facts {
	return Facts{
		Hubs: 2, Dollars: 5000, Hops: 1, Horizon: 5 * time.Second,
		Spread: BP / 2, SpreadKnown: true, Volatility: BP, VolatilityKnown: true,
	}
}

func TestClassify(t *testing.T) {
	tests := []struct {
		name string
		edit func(*Facts)
		want string // a part of the text
	}{
		{"two hubs", func(f *Facts) {}, "pair:hubs/"},
		{"no hub", func(f *Facts) { f.Hubs = 0 }, "pair:spokes/"},
		{"three hubs cannot be", func(f *Facts) { f.Hubs = 3 }, "pair:unknown/"},
		{"hubs not known", func(f *Facts) { f.Hubs = -1 }, "pair:unknown/"},
		{"a limit belongs to the class below", func(f *Facts) { f.Dollars = 1000 }, "/size:to-1k/"},
		{"one above the limit", func(f *Facts) { f.Dollars = 1001 }, "/size:to-10k/"},
		{"nothing is small", func(f *Facts) { f.Dollars = 0 }, "/size:to-1k/"},
		{"worth not known", func(f *Facts) { f.Dollars = -1 }, "/size:unknown/"},
		{"the largest", func(f *Facts) { f.Dollars = math.MaxInt64 }, "/size:over-10m/"},
		{"no hops", func(f *Facts) { f.Hops = 0 }, "/hops:unknown/"},
		{"four hops", func(f *Facts) { f.Hops = 4 }, "/hops:unknown/"},
		{"locked is not crossed", func(f *Facts) { f.Spread = 0 }, "/spread:to-1bp/"},
		{"crossed", func(f *Facts) { f.Spread = -1 }, "/spread:crossed/"},
		{"wide", func(f *Facts) { f.Spread = 20*BP + 1 }, "/spread:over-20bp/"},
		{"spread not known", func(f *Facts) { f.SpreadKnown = false }, "/spread:unknown/"},
		{"wild", func(f *Facts) { f.Volatility = MaxChange }, "/vol:over-25bp/"},
		{"negative volatility", func(f *Facts) { f.Volatility = -1 }, "/vol:unknown/"},
		{"volatility not known", func(f *Facts) { f.VolatilityKnown = false }, "/vol:unknown/"},
		{"horizon in between is the next longer", func(f *Facts) { f.Horizon = 5*time.Second + 1 }, "/horizon:10s"},
		{"longest horizon", func(f *Facts) { f.Horizon = time.Minute }, "/horizon:60s"},
		{"beyond it", func(f *Facts) { f.Horizon = time.Minute + 1 }, "/horizon:unknown"},
		{"no horizon", func(f *Facts) { f.Horizon = 0 }, "/horizon:unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := calm()
			tt.edit(&f)
			if got := Classify(f).String(); !strings.Contains(got, tt.want) {
				t.Errorf("Classify = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestBucketText(t *testing.T) {
	const want = "pair:hubs/size:to-10k/hops:1/spread:to-1bp/vol:to-2bp/horizon:5s"
	if got := Classify(calm()).String(); got != want {
		t.Errorf("String = %s, want %s", got, want)
	}
	for _, bad := range []string{
		"", "/////", want + "/", want + "/x:y", strings.ToUpper(want), " " + want,
		strings.Replace(want, "pair:", "pear:", 1),
		strings.Replace(want, "hubs", "", 1),
		strings.Replace(want, "to-2bp", "to-3bp", 1),
		strings.Replace(want, "to-1bp", "any", 1), // spread is mixed after volatility only
		strings.Replace(want, "to-10k", "any", 1), // size is never mixed
		"pair:any/size:any/hops:any/spread:any/vol:any/horizon:any",
	} {
		if b, err := ParseBucket(bad); err == nil || b != (Bucket{}) {
			t.Errorf("ParseBucket(%q) = %v, %v; want an error", bad, b, err)
		}
	}
}

// TestClassifyIsTotal: every facts has a bucket, whose text leads back to it, as
// do its coarser ones.
func TestClassifyIsTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64()
		b := Classify(Facts{
			Hubs: rapid.Int().Draw(t, "hubs"), Dollars: n.Draw(t, "dollars"), Hops: rapid.Int().Draw(t, "hops"),
			Horizon: time.Duration(n.Draw(t, "horizon")),
			Spread:  Change(n.Draw(t, "spread")), SpreadKnown: rapid.Bool().Draw(t, "spread known"),
			Volatility: Change(n.Draw(t, "vol")), VolatilityKnown: rapid.Bool().Draw(t, "vol known"),
		})
		for step := range steps {
			c := b.Coarser(step)
			back, err := ParseBucket(c.String())
			if err != nil || back != c || c.Step() != step || c.Horizon() != b.Horizon() {
				t.Fatalf("step %d of %s: %s, back %s, step %d, %v", step, b, c, back, c.Step(), err)
			}
		}
		if b.Coarser(-1) != b || b.Coarser(9) != b.Coarser(3) {
			t.Fatal("steps beyond the ladder are its ends")
		}
	})
}

// TestClassesAreMonotone: a larger value never falls into an earlier class.
func TestClassesAreMonotone(t *testing.T) {
	for dim, d := range dimensions {
		for i, l := range d.limits {
			at, above := class(dim, l, true), class(dim, l+1, true)
			if at != uint8(firstClass+i) || above != at+1 && !(above == unknownClass && i == len(d.classes)-1) {
				t.Errorf("%s: %d is class %d and %d is class %d", d.name, l, at, l+1, above)
			}
		}
		if n := len(d.classes) - len(d.limits); n != 0 && n != 1 {
			t.Errorf("%s: %d limits, %d classes", d.name, len(d.limits), len(d.classes))
		}
	}
}

func TestRealisedVolatility(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zs := rapid.SliceOfN(rapid.Int64Range(-int64(Whole), int64(Whole)), 1, 40).Draw(t, "changes")
		span := rapid.Int64Range(1e6, 1e13).Draw(t, "span")
		sum, changes := new(big.Int), []Change{}
		for _, z := range zs {
			sum.Add(sum, new(big.Int).Mul(big.NewInt(z), big.NewInt(z)))
			changes = append(changes, Change(z))
		}
		sum.Div(sum.Mul(sum, big.NewInt(int64(time.Minute))), big.NewInt(span))
		want := sum.Sqrt(sum)
		if want.Cmp(big.NewInt(int64(MaxChange))) > 0 {
			want.SetInt64(int64(MaxChange))
		}
		got, ok := RealisedVolatility(changes, time.Duration(span))
		if d := int64(got) - want.Int64(); !ok || d < -1 || d > 1 {
			t.Fatalf("RealisedVolatility = %d, %t; want %d", got, ok, want)
		}
	})
	if _, ok := RealisedVolatility(nil, time.Minute); ok {
		t.Error("no changes have no volatility")
	}
	if _, ok := RealisedVolatility([]Change{1}, 0); ok {
		t.Error("no time has no volatility")
	}
}
