package engine

import (
	"time"

	"chronos.dev/book"
	"chronos.dev/graph"
	"chronos.dev/market"
)

// Writer owns a share of the books. It belongs to one goroutine, and each book
// to one Writer: two Writers that apply events of the same market would publish
// over each other.
type Writer struct {
	e         *Engine
	books     map[market.Key]*owned
	dirty     []*owned
	feesUntil time.Time // when a line of the fee table begins or ends next
}

// owned is a book and where it is published.
type owned struct {
	book   *book.Book
	market *graph.Market
	scales graph.Scales
	dirty  bool

	version uint64 // of the book, as far as noted
	gaps    int    // of the book, as far as counted
}

// Writer returns a new writer.
func (e *Engine) Writer() *Writer {
	return &Writer{e: e, books: make(map[market.Key]*owned)}
}

// Apply applies one event to the book of key, which is made on its first event.
// The result is not visible before Flush. Errors are those of book.Book.Apply
// (the book is gapped now) or *graph.LimitError (the event is lost, counted).
func (w *Writer) Apply(key market.Key, ev *market.Event) error {
	o, err := w.own(key)
	if err != nil {
		w.e.stats.refused.Add(1)
		return err
	}
	w.e.stats.events.Add(1)
	err = o.book.Apply(ev)
	w.changed(o)
	return err
}

// Invalidate makes the book of key unusable until its next snapshot. The result
// is not visible before Flush.
func (w *Writer) Invalidate(key market.Key, reason string, now int64) {
	if o := w.books[key]; o != nil {
		o.book.MarkGapped(reason, now)
		w.changed(o)
	}
}

// InvalidateAll makes all books of this writer unusable until their next
// snapshots, as after records were lost. The result is not visible before Flush.
func (w *Writer) InvalidateAll(reason string, now int64) {
	for _, o := range w.books {
		o.book.MarkGapped(reason, now)
		w.changed(o)
	}
}

// changed counts what happened to a book and notes if it must be published.
func (w *Writer) changed(o *owned) {
	if n := o.book.Counters().Gaps; n != o.gaps {
		w.e.stats.gaps.Add(uint64(n - o.gaps))
		o.gaps = n
	}
	if v := o.book.Version(); v != o.version {
		o.version = v
		w.touch(o)
	}
}

func (w *Writer) touch(o *owned) {
	if !o.dirty {
		o.dirty = true
		w.dirty = append(w.dirty, o)
	}
}

// Flush publishes every book that changed since the last Flush, at fees valid
// at now; and all books, when a line of the fee table began or ended meanwhile.
func (w *Writer) Flush(now int64) {
	if at := time.Unix(0, now); !at.Before(w.feesUntil) {
		w.feesUntil = nextChange(w.e.opts.Fees, at)
		for _, o := range w.books {
			w.touch(o)
		}
	}
	if len(w.dirty) == 0 {
		return
	}
	for _, o := range w.dirty {
		o.dirty = false
		o.market.Publish(graph.NewState(o.book.Publish(), o.scales, w.e.fee(o.market.Key, now)))
	}
	w.dirty = w.dirty[:0]
	w.e.graph.Bump()
}

// Seq returns the epoch and sequence of the book of key, zeros if there is none.
func (w *Writer) Seq(key market.Key) (epoch, seq uint64) {
	if o := w.books[key]; o != nil {
		return o.book.Seq()
	}
	return 0, 0
}

func (w *Writer) own(key market.Key) (*owned, error) {
	if o := w.books[key]; o != nil {
		return o, nil
	}
	m, err := w.e.graph.Register(key, w.e.describe)
	if err != nil {
		return nil, err
	}
	var rules market.BookRules
	if w.e.opts.Rules != nil {
		rules = w.e.opts.Rules(key)
	}
	t := w.e.graph.Topology()
	o := &owned{
		book: book.New(rules), market: m,
		scales: graph.Scales{
			Base:  t.Assets[m.Base].EngineScale,
			Quote: t.Assets[m.Quote].EngineScale,
		},
	}
	w.books[key] = o
	return o, nil
}

// never is later than any time that a nanosecond clock can say.
var never = time.Unix(1<<40, 0)

// nextChange returns when a line of the table begins or ends next after at.
func nextChange(fees market.Fees, at time.Time) time.Time {
	next := never
	for i := range fees {
		for _, t := range [2]time.Time{fees[i].From, fees[i].Until} {
			if t.After(at) && t.Before(next) {
				next = t
			}
		}
	}
	return next
}

// fee returns the taker fee of a market, nil where no schedule covers it.
func (e *Engine) fee(key market.Key, now int64) *market.Fee {
	if fee, ok := e.opts.Fees.At(key, time.Unix(0, now).UTC()); ok {
		return &fee
	}
	return e.opts.DefaultFee
}
