package session

import "chronos.dev/market"

// Limits on what is kept of books that wait for their snapshots.
const (
	MaxKept       = 10_000    // events of one book
	MaxKeptLevels = 400_000   // events and levels of one book, about 16 MiB
	MaxKeptTotal  = 1_600_000 // events and levels of all books, about 64 MiB
)

// Span says which numbers of its book an event covers, and when the venue sent it.
type Span struct {
	First, Last int64
	Time        int64 // Unix nanoseconds, 0 if unknown
}

// Kept are the events of one book that wait for its snapshot, oldest first. The
// zero Kept is empty.
type Kept struct {
	spans  []keptSpan
	levels []market.Level
}

type keptSpan struct {
	Span
	levels int
}

func (k *Kept) cost() int { return len(k.spans) + len(k.levels) }

// Len returns the number of events.
func (k *Kept) Len() int { return len(k.spans) }

// Bounds returns the first and the last event; both are zero when there is none.
func (k *Kept) Bounds() (first, last Span) {
	if len(k.spans) == 0 {
		return Span{}, Span{}
	}
	return k.spans[0].Span, k.spans[len(k.spans)-1].Span
}

// Keeper bounds what all books of a session keep. The zero Keeper is ready.
type Keeper struct{ total int }

// Keep copies an event to the end of k. When the limit of the book is reached it
// forgets what was kept before; when that of the session is reached it forgets
// this event as well, and k is empty.
func (kp *Keeper) Keep(k *Kept, at Span, levels []market.Level) {
	more := 1 + len(levels)
	if k.Len() == MaxKept || k.cost()+more > MaxKeptLevels || kp.total+more > MaxKeptTotal {
		kp.Forget(k)
	}
	if kp.total+more > MaxKeptTotal {
		return
	}
	k.spans = append(k.spans, keptSpan{at, len(levels)})
	k.levels = append(k.levels, levels...)
	kp.total += more
}

// Forget empties k and gives its memory back.
func (kp *Keeper) Forget(k *Kept) {
	kp.total -= k.cost()
	*k = Kept{}
}

// Replay empties k and calls f for each event that was in it, oldest first. The
// levels are valid during the call; f may keep events in k anew.
func (kp *Keeper) Replay(k *Kept, f func(at Span, levels []market.Level)) {
	old := *k
	kp.Forget(k)
	for _, s := range old.spans {
		f(s.Span, old.levels[:s.levels])
		old.levels = old.levels[s.levels:]
	}
}
