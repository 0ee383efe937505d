package bitstamp

import "chronos.dev/market"

// Limits on what is kept of books that wait for their snapshots. An event counts
// as a level.
const (
	maxKept       = 10_000    // events of one book
	maxKeptLevels = 400_000   // of one book, about 16 MiB
	maxKeptTotal  = 1_600_000 // of all books, about 64 MiB
)

// kept are the diffs of one book that wait for its snapshot, oldest first.
type kept struct {
	diffs  []keptDiff
	levels []market.Level
}

type keptDiff struct {
	micro  int64
	levels int
}

func (k *kept) size() int { return len(k.diffs) + len(k.levels) }

// keeper bounds what all books of a session keep.
type keeper struct{ total int }

// keep copies a diff to the end of k. When the limit of the book is reached it
// forgets what was kept before; when that of the session is reached it forgets
// this diff as well, and k is empty.
func (kp *keeper) keep(k *kept, micro int64, levels []market.Level) {
	more := 1 + len(levels)
	if len(k.diffs) == maxKept || k.size()+more > maxKeptLevels || kp.total+more > maxKeptTotal {
		kp.forget(k)
	}
	if kp.total+more > maxKeptTotal {
		return
	}
	k.diffs = append(k.diffs, keptDiff{micro, len(levels)})
	k.levels = append(k.levels, levels...)
	kp.total += more
}

// forget empties k and gives its memory back.
func (kp *keeper) forget(k *kept) {
	kp.total -= k.size()
	*k = kept{}
}

// replay empties k and calls f for each diff that was in it, oldest first.
func (kp *keeper) replay(k *kept, f func(micro int64, levels []market.Level)) {
	old := *k
	kp.forget(k)
	for _, d := range old.diffs {
		f(d.micro, old.levels[:d.levels])
		old.levels = old.levels[d.levels:]
	}
}
