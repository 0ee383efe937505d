package api

import (
	"math"
	goruntime "runtime/metrics"
	"testing"
	"time"

	"chronos.dev/internal/race"
)

// TestShareOfTheQueue: while a queue stands ever more are turned away, but never all,
// for who is answered shows that it still stands; without one, soon nobody is.
func TestShareOfTheQueue(t *testing.T) {
	share := uint32(0)
	for i := range 20 {
		next := nextShare(share, true)
		if next < share || next > shareMost || i < 4 && next == share {
			t.Fatalf("period %d of a queue: %d after %d", i, next, share)
		}
		share = next
	}
	if share != shareMost {
		t.Errorf("at last %d, want %d", share, shareMost)
	}
	periods := 0
	for ; share > 0; periods++ {
		share = nextShare(share, false)
	}
	if wait := time.Duration(periods) * queuePeriod; wait > time.Second {
		t.Errorf("someone is turned away %v after the queue is gone", wait)
	}
}

// TestSharesAreSpread: of any 64 requests in a row the share is turned away, give or
// take a few.
func TestSharesAreSpread(t *testing.T) {
	for _, share := range []uint32{0, 1, shareOne / 4, shareOne / 2, shareMost} {
		var q queue
		q.due.Store(math.MaxInt64)
		q.share.Store(share)
		shed := 0
		for i := 1; i <= shareOne; i++ {
			if q.sheds(time.Unix(0, 1)) {
				shed++
			}
			if want := i * int(share) / shareOne; shed < want-4 || shed > want+4 {
				t.Fatalf("share %d: %d of %d, want %d", share, shed, i, want)
			}
		}
		if shed != int(share) {
			t.Errorf("%d of %d, want %d", shed, shareOne, share)
		}
	}
}

// TestMedianOfWaits: it is of what came since the last look.
func TestMedianOfWaits(t *testing.T) {
	buckets := []float64{math.Inf(-1), 0, 0.01, 0.02, 0.04, math.Inf(1)}
	for _, tt := range []struct {
		before, counts []uint64
		want           float64
	}{
		{[]uint64{0, 0, 0, 0, 0}, []uint64{0, 0, 0, 0, 0}, 0},
		{[]uint64{0, 0, 0, 0, 0}, []uint64{0, 2, 1, 0, 0}, 0},
		{[]uint64{0, 0, 0, 0, 0}, []uint64{0, 1, 1, 0, 3}, 0.04},
		{[]uint64{0, 90, 0, 0, 0}, []uint64{0, 91, 0, 2, 0}, 0.02},
		{[]uint64{0, 90, 0, 9, 9}, []uint64{7, 90, 0, 9, 9}, 0},
	} {
		h := &goruntime.Float64Histogram{Counts: tt.counts, Buckets: buckets}
		if got := median(h, tt.before); got != tt.want {
			t.Errorf("%v after %v: %v, want %v", tt.counts, tt.before, got, tt.want)
		}
	}
}

// TestQueueIsForgotten: what was once seen of a queue does not turn away who comes
// when all is quiet, and this Go says how long goroutines wait.
func TestQueueIsForgotten(t *testing.T) {
	q := queue{limit: DefaultQueueWait.Seconds()}
	now := time.Now()
	q.sheds(now)
	if len(q.before) == 0 {
		t.Fatalf("this Go does not know %s", waitsMetric)
	}
	q.share.Store(shareMost)
	if q.sheds(now.Add(queuePeriod + queueForget + time.Millisecond)) {
		t.Error("turned away after a long quiet")
	}
	q.look(false)
	if !race.On {
		if n := testing.AllocsPerRun(20, func() { q.look(false) }); n > 0 {
			t.Errorf("a look at the queue allocates %v times", n)
		}
	}
}

// TestQueueTurnsAway: a request that the queue turns away is told when to come back,
// and counted.
func TestQueueTurnsAway(t *testing.T) {
	s := small(t, nil)
	s.queue.due.Store(math.MaxInt64)
	s.queue.share.Store(shareOne)
	ctx := newCtx(pricePath)
	s.handle(ctx)
	if ctx.Response.StatusCode() != 503 || string(ctx.Response.Header.Peek("Retry-After")) != "1" {
		t.Errorf("%d %s", ctx.Response.StatusCode(), ctx.Response.Body())
	}
	s.EachShed(func(reason string, n uint64) {
		if (reason == "queue") != (n == 1) {
			t.Errorf("shed %s %d", reason, n)
		}
	})
	if s.busy.Load() != 0 {
		t.Errorf("%d places are taken", s.busy.Load())
	}
}
