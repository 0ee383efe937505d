//go:build !race

package book

import "testing"

func TestApplyDoesNotAllocate(t *testing.T) {
	b, e := warm(t, 1000)
	if got := testing.AllocsPerRun(1000, func() {
		if err := b.Apply(e); err != nil {
			t.Fatal(err)
		}
		next(e)
	}); got != 0 {
		t.Errorf("a change of one level allocates %v times", got)
	}
	if b.Counters().Updates < 1000 {
		t.Errorf("only %d updates were applied", b.Counters().Updates)
	}
}
