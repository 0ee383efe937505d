package session

import (
	"fmt"
	"time"

	"chronos.dev/feed/venue"
	"chronos.dev/market"
)

// Limits on the diffs that wait for snapshots. A buffer that is full is void: its
// beginning could not be told from a loss.
const (
	maxWaiting       = 10_000    // diffs of one book
	maxWaitingLevels = 250_000   // levels of one book
	maxSessionLevels = 2_000_000 // levels of all books, about 100 MB
)

// MaxBehind is how long the diffs after a snapshot may still be older than it.
// What stays behind for longer is a snapshot of a wrong id, over which every diff
// would pass for old.
const MaxBehind = 5 * time.Second

// Diff is a change of a book that says where it stands in the venue's ids.
type Diff struct {
	First, Last int64 // ids of its first and last update
	Prev        int64 // id of the diff before, where the venue names it
	VenueTime   int64

	levels []market.Level // while it waits
}

// Chain is where a book stands whose stream has no beginning: a snapshot, asked
// for apart, gives it one, and diffs that come before wait for it.
type Chain struct {
	at      int64 // id of the last update in the book
	from    int64 // id of the first update of the last diff in it
	first   bool  // the next diff is the first after a snapshot
	since   int64 // receive time of that snapshot
	waiting []Diff
	levels  int // in waiting
}

// ChainRules are a venue's rules of synchronisation. first is set for the first
// diff after a snapshot, and at is then the snapshot's id.
type ChainRules struct {
	// Stale reports whether a diff is in the book already.
	Stale func(u *Diff, at int64, first bool) bool
	// Follows says why a diff does not follow the book, "" if it does.
	Follows func(u *Diff, at int64, first bool) string

	StaleQuirk string // counted for every stale diff
	FirstQuirk string // counted for every first diff; "" is not
}

// Chained is a session of such books. Events are numbered by the session, since
// at some venues a diff may end at the very id of its snapshot.
type Chained struct {
	*Books[Chain]
	rules  ChainRules
	now    Diff // the one that is being applied: the rules' functions would put it on the heap
	levels int  // that wait, in all books
}

// NewChained returns the empty session of the named venue.
func NewChained(name string, rules ChainRules) *Chained {
	return &Chained{Books: New[Chain](name), rules: rules}
}

// Begin starts a frame as Books.Begin does. A connection that was opened anew
// also voids what waits.
func (c *Chained) Begin(f *venue.Frame, emit func(*market.Event)) (bool, error) {
	ok, err := c.Books.Begin(f, emit)
	if f.Kind == venue.Connect {
		c.Each(f.Conn, c.Void)
	}
	return ok, err
}

// Update applies a diff of bk, whose levels are in Event, or lets it wait. A book
// belongs to the connection of its diffs, not to that of its snapshot.
func (c *Chained) Update(bk *Book[Chain], u Diff) error {
	bk.Conn = c.frame.Conn
	if bk.Live {
		c.now = u
		c.apply(bk, &c.now)
		return nil
	}
	st, n := &bk.State, len(c.Event.Levels)
	if len(st.waiting) == maxWaiting || st.levels+n > maxWaitingLevels || c.levels+n > maxSessionLevels {
		c.Void(bk)
		return c.Fail(venue.ReasonOversize, bk.Symbol+": too many diffs wait for a snapshot")
	}
	u.levels = append([]market.Level(nil), c.Event.Levels...)
	st.waiting = append(st.waiting, u)
	st.levels += n
	c.levels += n
	return nil
}

// Snapshot begins bk anew at id, with the levels in Event, and applies what has
// waited. One that is not newer than a live book changes nothing. When the diffs
// that wait do not reach back to it they go on waiting, for a newer one.
func (c *Chained) Snapshot(bk *Book[Chain], id int64) {
	if bk.Live && id <= bk.State.at {
		return
	}
	waiting, conn := bk.State.waiting, bk.Conn
	c.Void(bk)
	bk.State = Chain{at: id, first: true, since: c.frame.Time}
	c.Emit(bk, market.Snapshot, bk.Seq+1)
	bk.Conn = conn
	for i := range waiting {
		u := &waiting[i]
		c.Event.Levels = append(c.Event.Levels[:0], u.levels...)
		if c.apply(bk, u); bk.Live {
			continue
		}
		bk.State.waiting = waiting[i:]
		for _, w := range bk.State.waiting {
			bk.State.levels += len(w.levels)
		}
		c.levels += bk.State.levels
		return
	}
}

// Void forgets where bk stands, as after a diff that could not be read.
func (c *Chained) Void(bk *Book[Chain]) {
	c.levels -= bk.State.levels
	bk.State = Chain{}
}

// apply emits a diff if it follows the book, else a Gap.
func (c *Chained) apply(bk *Book[Chain], u *Diff) {
	st := &bk.State
	stale, why := c.rules.Stale(u, st.at, st.first), ""
	if stale {
		why = c.neverStale(st, u)
	} else {
		why = c.rules.Follows(u, st.at, st.first)
	}
	switch {
	case why != "":
		c.Gap(bk, why)
		c.Void(bk)
		return
	case stale:
		c.Quirks.Add(bk.Symbol, c.rules.StaleQuirk)
		return
	}
	if st.first && c.rules.FirstQuirk != "" {
		c.Quirks.Add(bk.Symbol, c.rules.FirstQuirk)
	}
	st.at, st.from, st.first = u.Last, u.First, false
	c.Event.VenueTime = u.VenueTime
	c.Emit(bk, market.Delta, bk.Seq+1)
}

// neverStale says why a diff that looks stale cannot be, "" if it can. A diff that
// was heard before begins no later than the last one; one that begins within it
// shows that the last one, or the snapshot, named an id too high.
func (c *Chained) neverStale(st *Chain, u *Diff) string {
	switch {
	case st.first && c.frame.Time-st.since > int64(MaxBehind):
		return fmt.Sprintf("a diff up to id %d, long after the snapshot of id %d", u.Last, st.at)
	case !st.first && u.First > st.from:
		return fmt.Sprintf("a diff of ids %d to %d within that of %d to %d", u.First, u.Last, st.from, st.at)
	}
	return ""
}
