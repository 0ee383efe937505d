package bench

import "sync/atomic"

// pool publishes values without garbage: one writer, and readers who each have a
// place of their own. The writer never waits for a reader, nor a reader for the
// writer: with two buffers more than readers one is always free, for a reader holds
// one at most and one is shown. A value must not be used beyond the reader's next
// pin: that tells it from a value behind an atomic pointer, which anybody may keep.
type pool[T any] struct {
	buffers []T
	places  []place
	shown   place
	held    []bool // scratch of the writer's
	next    int32  // what the writer fills
}

// place names a buffer, 0 none, on two cache lines of its own: they are fetched in
// pairs.
type place struct {
	buffer atomic.Int32 // its index, and one
	_      [124]byte
}

func newPool[T any](readers int) *pool[T] {
	p := &pool[T]{
		buffers: make([]T, readers+2), places: make([]place, readers), held: make([]bool, readers+2), next: 1,
	}
	p.shown.buffer.Store(1)
	return p
}

// fill returns what publish will show. It holds an older value. Writer only.
func (p *pool[T]) fill() *T { return &p.buffers[p.next] }

// publish shows what was filled and finds a free buffer for the next value: a
// reader who names it from now on will see that something else is shown. Writer
// only.
func (p *pool[T]) publish() {
	shown := p.next
	p.shown.buffer.Store(shown + 1)
	clear(p.held)
	p.held[shown] = true
	for i := range p.places {
		if b := p.places[i].buffer.Load(); b != 0 {
			p.held[b-1] = true
		}
	}
	for p.next = 0; p.held[p.next]; p.next++ {
	}
}

// pin returns what is shown, which stays as it is until the reader's next pin, for
// the reader's place names it until then. It tries again only where the writer
// published meanwhile, and costs two loads where it has not.
func (p *pool[T]) pin(reader int) *T {
	at := &p.places[reader].buffer
	for mine := at.Load(); ; {
		b := p.shown.buffer.Load()
		if b == mine { // named before it was looked at, or ever since
			return &p.buffers[b-1]
		}
		at.Store(b)
		mine = b
	}
}
