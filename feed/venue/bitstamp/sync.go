package bitstamp

import (
	"fmt"

	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/session"
	"chronos.dev/market"
)

type book = session.Book[state]

// state is where a book stands in the venue's microtimestamps.
type state struct {
	last int64 // of the newest diff seen, or of the snapshot if that is newer
	snap int64 // of the snapshot
	need int64 // the oldest snapshot that leaves no hole
	kept kept
}

// lost notes that diffs of a book may have been lost behind the last one seen.
func (d *Decoder) lost(bk *book) {
	d.keeper.forget(&bk.State.kept)
	bk.State.need = bk.State.last + 1
}

// diff applies the diff in Event, or keeps it.
func (d *Decoder) diff(bk *book) {
	st := &bk.State
	switch {
	case bk.Live && d.micros <= st.snap:
		d.books.Quirks.Add(bk.Symbol, venue.QuirkOlderDiff)
	case d.micros == st.last:
		d.books.Quirks.Add(bk.Symbol, venue.QuirkStale)
	case d.micros < st.last:
		d.lost(bk)
		d.books.Gap(bk, fmt.Sprintf("microtimestamp fell from %d to %d", st.last, d.micros))
	case bk.Live:
		st.last = d.micros
		d.books.Emit(bk, market.Delta, bk.Seq+1)
	default:
		st.last = d.micros
		d.keeper.keep(&st.kept, d.micros, d.books.Event.Levels)
		if len(st.kept.diffs) <= 1 {
			st.need = d.micros // what came before is not kept
		}
	}
}

// snapshot begins a book with the snapshot in Event, unless that is too old, and
// applies what was kept.
func (d *Decoder) snapshot(bk *book) {
	st := &bk.State
	if bk.Live && d.micros <= st.last || !bk.Live && d.micros < st.need {
		d.books.Quirks.Add(bk.Symbol, venue.QuirkStale)
		return
	}
	st.snap = d.micros
	st.last = max(st.last, st.snap)
	conn := bk.Conn
	d.books.Emit(bk, market.Snapshot, bk.Seq+1)
	bk.Conn = conn
	d.keeper.replay(&st.kept, func(micro int64, levels []market.Level) {
		if micro <= st.snap {
			d.books.Quirks.Add(bk.Symbol, venue.QuirkOlderDiff)
			return
		}
		e := &d.books.Event
		e.Levels = append(e.Levels, levels...)
		e.VenueTime = micro * 1000
		d.books.Emit(bk, market.Delta, bk.Seq+1)
	})
}
