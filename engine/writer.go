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
	e     *Engine
	books map[market.Key]*owned
	dirty []*owned
}

// owned is a book and where it is published.
type owned struct {
	book   *book.Book
	market *graph.Market
	scales graph.Scales
	dirty  bool
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
	before := o.book.Version()
	err = o.book.Apply(ev)
	if err != nil {
		w.e.stats.gaps.Add(1)
	}
	if o.book.Version() != before {
		w.touch(o)
	}
	return err
}

// Invalidate makes the book of key unusable until its next snapshot.
func (w *Writer) Invalidate(key market.Key, reason string, now int64) {
	if o := w.books[key]; o != nil {
		w.invalidate(o, reason, now)
	}
}

// InvalidateAll makes all books of this writer unusable until their next
// snapshots, as after records were lost.
func (w *Writer) InvalidateAll(reason string, now int64) {
	for _, o := range w.books {
		w.invalidate(o, reason, now)
	}
}

func (w *Writer) invalidate(o *owned, reason string, now int64) {
	w.e.stats.gaps.Add(1)
	o.book.MarkGapped(reason, now)
	w.touch(o)
}

func (w *Writer) touch(o *owned) {
	if !o.dirty {
		o.dirty = true
		w.dirty = append(w.dirty, o)
	}
}

// Flush publishes every book that changed since the last Flush, at fees valid
// at now.
func (w *Writer) Flush(now int64) {
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

// fee returns the taker fee of a market, nil where no schedule covers it.
func (e *Engine) fee(key market.Key, now int64) *market.Fee {
	if fee, ok := e.opts.Fees.At(key, time.Unix(0, now).UTC()); ok {
		return &fee
	}
	return e.opts.DefaultFee
}
