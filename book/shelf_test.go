package book

import (
	"math"
	"math/rand/v2"
	"testing"

	"chronos.dev/money"

	"github.com/tidwall/btree"
)

// TestShelfEqualsMap changes a shelf and an ordered map alike: keys that come in order,
// against it, and at random; then most of them go.
func TestShelfEqualsMap(t *testing.T) {
	for round := range 60 {
		r := rand.New(rand.NewPCG(uint64(round), 63))
		var s shelf
		var want btree.Map[int64, Level]
		span := int64(1) << (2 + r.IntN(14))
		at := r.Int64N(span)
		for i := range 6_000 {
			key := []int64{at + int64(i), at - int64(i), r.Int64N(span), r.Int64N(span) - span/2}[(round+i/2_000)%4]
			lv := Level{Price: money.Price(key), Size: money.Size(i)}
			if r.IntN(8) < []int{1, 4, 7}[i/2_000] {
				if i%3 == 0 && s.n > 0 { // one that there is
					key = int64(s.blocks[r.IntN(len(s.blocks))].levels[0].Price)
				}
				_, had := want.Delete(key)
				if s.delete(key) != had {
					t.Fatalf("round %d, change %d: delete of %d: %v", round, i, key, !had)
				}
			} else if _, had := want.Set(key, lv); s.set(key, &lv) != had {
				t.Fatalf("round %d, change %d: set of %d: %v", round, i, key, !had)
			}
			if i%211 == 0 || i == 5_999 {
				sameShelf(t, &s, &want, r.Int64N(span))
			}
		}
		if s.clear(); s.n != 0 || len(s.spare) > mostSpare {
			t.Errorf("%d levels and %d spare blocks after all", s.n, len(s.spare))
		}
	}
}

func sameShelf(t *testing.T, s *shelf, want *btree.Map[int64, Level], from int64) {
	t.Helper()
	if s.n != want.Len() {
		t.Fatalf("%d levels, want %d", s.n, want.Len())
	}
	for _, from := range []int64{math.MinInt64, from} {
		var got, all []Level
		s.ascend(from, func(_ int64, lv *Level) bool { got = append(got, *lv); return len(got) < 3_000 })
		want.Ascend(from, func(_ int64, lv Level) bool { all = append(all, lv); return len(all) < 3_000 })
		if len(got) != len(all) {
			t.Fatalf("%d levels from %d, want %d", len(got), from, len(all))
		}
		for i := range got {
			if got[i] != all[i] {
				t.Fatalf("level %d from %d: %v, want %v", i, from, got[i], all[i])
			}
		}
	}
	if s.n == 0 {
		return
	}
	_, low, _ := want.Min()
	_, high, _ := want.Max()
	if *s.min() != low || *s.max() != high {
		t.Fatalf("from %v to %v, want %v to %v", *s.min(), *s.max(), low, high)
	}
	if most := 2 + s.n/12; len(s.blocks) > most {
		t.Fatalf("%d blocks for %d levels", len(s.blocks), s.n)
	}
}
