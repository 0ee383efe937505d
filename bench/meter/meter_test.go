package meter

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// A quantile is that of the sorted durations, to three digits.
func TestQuantiles(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	one, two, all := NewTimes(), NewTimes(), []time.Duration(nil)
	for i := range 20_000 {
		d := time.Duration(r.ExpFloat64() * float64(time.Millisecond))
		all = append(all, max(d, shortest))
		if i%2 == 0 {
			one.Add(d)
		} else {
			two.Add(d)
		}
	}
	one.Merge(two)
	slices.Sort(all)
	if one.Count() != 20_000 {
		t.Errorf("%d durations", one.Count())
	}
	for _, q := range []float64{0.5, 0.9, 0.99, 0.999, 1} {
		want := all[int(math.Ceil(q*20_000))-1]
		if got := one.Quantile(q); float64(got) < 0.995*float64(want) || float64(got) > 1.005*float64(want) {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
	l := one.Latency()
	if l.P50 != one.Quantile(0.5).Seconds() || l.Max != one.Quantile(1).Seconds() || l.P999 < l.P99 || l.P99 < l.P90 {
		t.Errorf("in short: %+v", l)
	}
	var hgrm bytes.Buffer
	if err := one.WriteHgrm(&hgrm); err != nil || !strings.Contains(hgrm.String(), "Percentile") ||
		!strings.Contains(hgrm.String(), "Total count    =        20000") {
		t.Errorf("%v: %s", err, hgrm.String())
	}
}

func TestDurationsBeyondTheBounds(t *testing.T) {
	t.Parallel()
	a := NewTimes()
	a.Add(-time.Second)
	a.Add(24 * time.Hour)
	if a.Count() != 2 || a.Quantile(1) < longest-longest/1000 || a.Quantile(0.5) > time.Microsecond {
		t.Errorf("%d durations, %v to %v", a.Count(), a.Quantile(0.5), a.Quantile(1))
	}
}

func TestPacerKeepsTheSchedule(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	p := NewPacer(begin, 100)
	for i := range int64(20) {
		due, now := p.Wait(i)
		if want := begin.Add(time.Duration(i) * 10 * time.Millisecond); due.Sub(want).Abs() > time.Microsecond {
			t.Errorf("call %d is due %v after the begin", i, due.Sub(begin))
		}
		if now.Before(due) {
			t.Errorf("call %d was %v early", i, due.Sub(now))
		}
	}
	for at, want := range map[time.Duration]int64{-1: 0, 0: 1, 9e6: 1, 15e6: 2, 1e9: 101} {
		if got := p.Due(begin.Add(at)); got != want {
			t.Errorf("Due after %v = %d, want %d", at, got, want)
		}
	}
}

func TestObjectives(t *testing.T) {
	t.Parallel()
	a := NewTimes()
	for i := range 100 {
		a.Add(time.Duration(i+1) * time.Millisecond)
	}
	tests := []struct {
		text   string
		errors int64
		kept   bool
	}{
		{"", 9, true},
		{"p99=100ms,errors=0", 0, true},
		{"p99=98ms", 0, false},
		{"p50=51ms,p90=91ms,p999=101ms,max=101ms", 0, true},
		{"p50=49ms,p90=91ms", 0, false},
		{"errors=2", 2, true},
		{"errors=2", 3, false},
		{"max=99ms", 0, false},
	}
	for _, tt := range tests {
		all, err := ParseObjectives(tt.text)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
		}
		if got := Judge(all, a, tt.errors); got != tt.kept {
			t.Errorf("%q with %d errors: kept %v, want %v", tt.text, tt.errors, got, tt.kept)
		}
	}
	all, _ := ParseObjectives("p99=1s")
	if Judge(all, NewTimes(), 0) {
		t.Error("a run that measured nothing keeps its objective")
	}
	for _, bad := range []string{"p98=1s", "p99", "p99=", "p99=0s", "p99=-1s", "errors=-1", "errors=1s", "p99=1s,p99=2s", ","} {
		if _, err := ParseObjectives(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestVoid(t *testing.T) {
	t.Parallel()
	of := func(d time.Duration) *Times { a := NewTimes(); a.Add(d); return a }
	if why := Void(of(time.Millisecond), of(90*time.Microsecond)); why != "" {
		t.Errorf("late by less than a tenth: %q", why)
	}
	if why := Void(of(time.Millisecond), of(110*time.Microsecond)); why == "" {
		t.Error("late by more than a tenth: not void")
	}
	if why := Void(NewTimes(), NewTimes()); why == "" {
		t.Error("nothing answered: not void")
	}
}

func TestThisMachine(t *testing.T) {
	t.Parallel()
	m := ThisMachine()
	if m.CPU == "" || m.CPUs < 1 || m.GOMAXPROCS < 1 || !strings.HasPrefix(m.Go, "go") || m.Load < 0 {
		t.Errorf("%+v", m)
	}
	if !strings.Contains(m.String(), m.CPU) {
		t.Error(m.String())
	}
}
