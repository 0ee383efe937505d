package sim_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"
	"time"

	"chronos.dev/book"
	"chronos.dev/market"
	"chronos.dev/sim"
)

const start = int64(1_795_402_507_000_000_000)

// digest sums up everything that n events say.
func digest(opts sim.Options, n int) [32]byte {
	m, h, buf := sim.New(opts), sha256.New(), []byte(nil)
	for range n {
		at, key, e := m.Next()
		buf = append(buf[:0], key.String()+e.Symbol+e.Reason...)
		for _, v := range []uint64{uint64(at), uint64(e.Kind), e.Epoch, e.Seq, e.PrevSeq, uint64(e.VenueTime), uint64(e.RecvTime)} {
			buf = binary.BigEndian.AppendUint64(buf, v)
		}
		for _, l := range e.Levels {
			buf = append(buf, byte(l.Side))
			buf = l.Size.AppendText(append(l.Price.AppendText(buf), ' '))
		}
		h.Write(buf)
	}
	return [32]byte(h.Sum(nil))
}

func TestSameSeedSameBytes(t *testing.T) {
	const n = 100_000 // some minutes, so that troubles have come
	opts := sim.Options{Seed: 7, Troubles: true, Start: start}
	first := digest(opts, n)
	if digest(opts, n) != first {
		t.Error("two runs of one seed differ")
	}
	for name, other := range map[string]sim.Options{
		"another seed": {Seed: 8, Troubles: true, Start: start},
		"another rate": {Seed: 7, Troubles: true, Start: start, Rate: 501},
		"no troubles":  {Seed: 7, Start: start},
	} {
		if digest(other, n) == first {
			t.Errorf("%s gives the same events", name)
		}
	}
}

// watch holds a book for every market and knows the promises of the stream.
type watch struct {
	t     *testing.T
	books map[market.Key]*book.Book
	last  map[market.Key]int64 // virtual time of the last event of each
	seq   map[market.Key]uint64
	at    int64
	gaps  int
}

func newWatch(t *testing.T, m *sim.Market) *watch {
	w := &watch{t: t, books: map[market.Key]*book.Book{}, last: map[market.Key]int64{}, seq: map[market.Key]uint64{}}
	for _, k := range m.Keys() {
		w.books[k] = book.New(m.Rules())
	}
	return w
}

// apply fails the test for anything but events in order and announced gaps.
func (w *watch) apply(at int64, key market.Key, e *market.Event) *book.Book {
	w.t.Helper()
	b := w.books[key]
	if b == nil {
		w.t.Fatalf("%v is none of Keys", key)
	}
	if at < w.at || e.RecvTime != start+at || e.VenueTime >= e.RecvTime || e.Symbol != key.Pair.String() || e.Epoch != 0 {
		w.t.Fatalf("%v at %d after %d: event %+v", key, at, w.at, e)
	}
	if e.Seq < w.seq[key] || e.Seq == w.seq[key] && len(e.Levels) > 0 {
		w.t.Fatalf("%v: sequence %d after %d", key, e.Seq, w.seq[key])
	}
	before := b.Counters()
	err := b.Apply(e)
	if gap := (*book.VenueGapError)(nil); errors.As(err, &gap) {
		w.gaps++
	} else if err != nil {
		w.t.Fatalf("%v at %v: %v", key, time.Duration(at), err)
	}
	after := b.Counters()
	if after.Duplicates != before.Duplicates || after.Dropped != before.Dropped {
		w.t.Fatalf("%v at %v: a useless event: %+v", key, time.Duration(at), e)
	}
	w.at, w.last[key], w.seq[key] = at, at, e.Seq
	return b
}

func TestEveryBookOpensWithin200ms(t *testing.T) {
	m := sim.New(sim.Options{Seed: 1, Start: start})
	w := newWatch(t, m)
	seen := map[market.Key]bool{}
	for len(seen) < len(m.Keys()) {
		at, key, e := m.Next()
		if !seen[key] && e.Kind != market.Snapshot {
			t.Fatalf("%v begins with kind %d", key, e.Kind)
		}
		if seen[key] = true; at > int64(200*time.Millisecond) {
			t.Fatalf("%v opens at %v", key, time.Duration(at))
		}
		w.apply(at, key, e)
	}
}

// TestHealthyMarket follows a market without troubles: all books are live, deep,
// uncrossed and confirmed all the time.
func TestHealthyMarket(t *testing.T) {
	seconds := 60
	if testing.Short() {
		seconds = 10
	}
	for _, rate := range []int{20, sim.DefaultRate, 5000} {
		m := sim.New(sim.Options{Seed: 2, Rate: rate, Start: start})
		w := newWatch(t, m)
		span := int64(seconds) * int64(time.Second)
		changes := 0
		for at := int64(0); at < span; {
			var key market.Key
			var e *market.Event
			at, key, e = m.Next()
			if quiet := at - w.last[key]; quiet > int64(500*time.Millisecond) {
				t.Fatalf("rate %d: %v was quiet for %v", rate, key, time.Duration(quiet))
			}
			if e.Kind == market.Delta && len(e.Levels) > 0 {
				if changes++; len(e.Levels) > 6 {
					t.Fatalf("%v: a delta of %d levels", key, len(e.Levels))
				}
			}
			b := w.apply(at, key, e)
			if s, why := b.State(); s != book.Live {
				t.Fatalf("%v at %v: %v %s", key, time.Duration(at), s, why)
			}
			if bids, asks := b.Len(); min(bids, asks) < 100 || max(bids, asks) > 400 {
				t.Fatalf("%v at %v: %d bids, %d asks", key, time.Duration(at), bids, asks)
			}
			if !m.Alive(key.Venue) {
				t.Fatalf("%s is silent in a market without troubles", key.Venue)
			}
		}
		if got := changes / seconds; got < rate*9/10 || got > rate*5/2 {
			t.Errorf("rate %d: %d changes a second", rate, got)
		}
	}
}

// TestUpdateMix wants modifications, insertions and deletions, most of them near
// the top.
func TestUpdateMix(t *testing.T) {
	m := sim.New(sim.Options{Seed: 3, Start: start})
	w := newWatch(t, m)
	var near, modified, inserted, deleted, all int
	for range 5000 {
		at, key, e := m.Next()
		if e.Kind == market.Delta {
			v := w.books[key].Publish()
			for _, l := range e.Levels {
				rank, held := rankOf(v, l)
				all++
				near += count(rank < 60)
				switch {
				case l.Size.IsZero():
					deleted++
				case held:
					modified++
				default:
					inserted++
				}
			}
		}
		w.apply(at, key, e)
	}
	share := func(n int) int { return 100 * n / all }
	t.Logf("%d changes: %d%% near the top, %d%% modify, %d%% insert, %d%% delete",
		all, share(near), share(modified), share(inserted), share(deleted))
	if share(near) < 55 || share(modified) < 30 || share(inserted) < 10 || share(deleted) < 10 {
		t.Error("this is not how venues speak")
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rankOf returns how many levels of v are better than l, and whether v holds it.
func rankOf(v *book.View, l market.Level) (rank int, held bool) {
	levels, sign := v.Bids, int64(-1)
	if l.Side == market.Ask {
		levels, sign = v.Asks, 1
	}
	p, err := l.Price.At(v.PriceScale)
	if err != nil {
		return len(levels), false
	}
	for rank < len(levels) && int64(levels[rank].Price)*sign < p*sign {
		rank++
	}
	return rank, rank < len(levels) && int64(levels[rank].Price) == p
}

// TestTroubledHour holds that troubles come, pass, and never take all books of
// BTC-USD; that prices stay sane; and that nothing grows.
func TestTroubledHour(t *testing.T) {
	span, rate := int64(time.Hour), sim.DefaultRate
	if testing.Short() {
		span, rate = int64(10*time.Minute), 100
	}
	m := sim.New(sim.Options{Seed: 4, Rate: rate, Troubles: true, Start: start})
	w := newWatch(t, m)
	hub := market.Pair{Base: "BTC", Quote: "USD"}
	var heap uint64
	silent := map[string]bool{}
	next := int64(time.Second)
	for at := int64(0); at < span; {
		var key market.Key
		var e *market.Event
		at, key, e = m.Next()
		w.apply(at, key, e)
		if at < next {
			continue
		}
		next += int64(100 * time.Millisecond)
		usable := 0
		for k, b := range w.books {
			s, why := b.State()
			if s != book.Live && s != book.Gapped {
				t.Fatalf("%v at %v: %v %s", k, time.Duration(at), s, why)
			}
			if quiet := at-w.last[k] > int64(2*time.Second); quiet {
				silent[k.Venue] = true
			} else if k.Pair == hub && s == book.Live {
				usable++
			}
			if !m.Alive(k.Venue) && at-w.last[k] > int64(10*time.Second) {
				t.Fatalf("%v has been silent since %v at %v", k, time.Duration(w.last[k]), time.Duration(at))
			}
		}
		if usable < 2 {
			t.Fatalf("%d usable books of %v at %v", usable, hub, time.Duration(at))
		}
		if heap == 0 && at > int64(time.Minute) {
			heap = heapInUse()
		}
	}
	if after := heapInUse(); after > heap+4<<20 {
		t.Errorf("the heap grew from %d to %d bytes", heap, after)
	}
	minutes := int(span / int64(time.Minute))
	if books := len(w.books); w.gaps < books*minutes/8 || w.gaps > books*minutes/2 {
		t.Errorf("%d gaps of %d books in %d minutes", w.gaps, books, minutes)
	}
	if len(silent) < 2 {
		t.Errorf("silent venues: %v", silent)
	}
	checkPrices(t, w)
}

func heapInUse() uint64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// checkPrices wants each pair within a tenth of where it began.
func checkPrices(t *testing.T, w *watch) {
	t.Helper()
	began := map[string]int64{ // millionths
		"BTC-USD": 68_000e6, "BTC-EUR": 62_551e6, "BTC-GBP": 53_611e6, "BTC-USDT": 68_013e6, "ETH-USD": 2_500e6,
		"ETH-BTC": 36_764, "SOL-BTC": 2_205, "LTC-BTC": 1_250, "USDC-USD": 1e6, "USDT-USD": 999_800,
	}
	for key, b := range w.books {
		v := b.Publish()
		want := began[key.Pair.String()]
		for _, l := range []book.Level{v.Bids[0], v.Asks[0]} {
			got := toMillionths(int64(l.Price), v.PriceScale)
			if got < want*9/10-1 || got > want*11/10+1 {
				t.Errorf("%v: %d millionths, began at %d", key, got, want)
			}
		}
	}
}

func toMillionths(n int64, scale uint8) int64 {
	for ; scale < 6; scale++ {
		n *= 10
	}
	for ; scale > 6; scale-- {
		n /= 10
	}
	return n
}
