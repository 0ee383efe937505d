package bench

import (
	"sync"
	"testing"
	"unsafe"
)

// edition is a value that shows if it is of two publications.
type edition [32]int64

func (e *edition) set(n int64) {
	for i := range e {
		e[i] = n
	}
}

func (e *edition) whole() bool {
	for _, n := range e {
		if n != e[0] {
			return false
		}
	}
	return true
}

// TestPoolReadersSeeWholeValues: with all readers at work beside the writer, a value
// is of one publication, no older than the last that the reader saw, and stays as it
// is while it is pinned. The race detector sees a buffer that is filled while it is
// read.
func TestPoolReadersSeeWholeValues(t *testing.T) {
	const readers, times = 4, 20_000
	p := newPool[edition](readers)
	var all sync.WaitGroup
	for id := range readers {
		all.Go(func() {
			for last := int64(0); last < times; {
				e := p.pin(id)
				n := e[0]
				if n < last || !e.whole() || e[0] != n {
					t.Errorf("after %d: %v", last, *e)
					return
				}
				last = n
			}
		})
	}
	for n := int64(1); n <= times; n++ {
		p.fill().set(n)
		p.publish()
	}
	all.Wait()
}

// TestPoolStalledReaders: readers that stop inside a read, each at another value,
// keep these as they were, and neither the writer nor another reader waits.
func TestPoolStalledReaders(t *testing.T) {
	const readers = 3
	p := newPool[edition](readers)
	var stalled [readers - 1]*edition
	for n := int64(1); n <= 1000; n++ {
		p.fill().set(n)
		p.publish()
		if n <= int64(len(stalled)) {
			stalled[n-1] = p.pin(int(n) - 1)
		}
		if e := p.pin(readers - 1); e[0] != n || !e.whole() {
			t.Fatalf("publication %d shows %v", n, *e)
		}
	}
	for i, e := range stalled {
		if e[0] != int64(i)+1 || !e.whole() {
			t.Errorf("what reader %d has pinned became %v", i, *e)
		}
	}
}

// TestPoolAllocations: neither side makes garbage.
func TestPoolAllocations(t *testing.T) {
	p := newPool[edition](2)
	n := int64(0)
	if got := testing.AllocsPerRun(1000, func() {
		n++
		p.fill().set(n)
		p.publish()
		if e := p.pin(1); e[0] != n {
			t.Fatalf("publication %d shows %d", n, e[0])
		}
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
	if size := unsafe.Sizeof(place{}); size != 128 {
		t.Errorf("a place is %d bytes", size)
	}
}
