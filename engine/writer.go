package engine

import (
	"fmt"
	"math"
	"time"

	"chronos.dev/book"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// Writer owns a share of the books. It belongs to one goroutine, and each book
// to one Writer, the first that hears of it: two would publish over each other.
type Writer struct {
	e         *Engine
	books     map[market.Key]*owned
	dirty     []*owned
	feesUntil int64 // when the fee of a book changes next
}

// owned is a book and where it is published.
type owned struct {
	book   *book.Book
	market *graph.Market
	scales graph.Scales
	terms  graph.Terms
	states graph.Builder
	dirty  bool

	fee      *market.Fee
	feeUntil int64 // when fee may be another one; 0: not looked up yet

	version uint64 // of the book, as far as noted
	gaps    int    // of the book, as far as counted
}

// OwnerError reports an event of a book that another Writer owns: the feed has
// the book in two places.
type OwnerError struct{ Key market.Key }

func (e *OwnerError) Error() string {
	return fmt.Sprintf("engine: the book of %s belongs to another writer", e.Key)
}

// Writer returns a new writer.
func (e *Engine) Writer() *Writer {
	return &Writer{e: e, books: make(map[market.Key]*owned), feesUntil: graph.Forever}
}

// Apply applies one event to the book of key, which is made on its first event.
// The result is not visible before Flush. Errors are those of book.Book.Apply
// (the book is gapped now), or *graph.LimitError, *OwnerError or *NameError (the
// event is lost, counted).
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

// Halt takes the book of key out until Resume, for a reason: of a book that has
// not been heard of too. The result is not visible before Flush. It fails as
// Apply does for a book that cannot be had.
func (w *Writer) Halt(key market.Key, reason string, now int64) error {
	o, err := w.own(key)
	if err != nil {
		return err
	}
	o.book.Halt(reason, now)
	w.changed(o)
	return nil
}

// Resume ends a Halt: the book awaits its next snapshot. The result is not
// visible before Flush.
func (w *Writer) Resume(key market.Key, now int64) {
	if o := w.books[key]; o != nil {
		o.book.Resume(now)
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

// Flush publishes every book that changed since the last Flush, or whose fee
// did, at the fee valid at now. A reader uses no fee that has ended, so a Flush
// that comes late costs a market for a while, never a wrong price.
func (w *Writer) Flush(now int64) {
	if now >= w.feesUntil {
		w.renewFees(now)
	}
	if len(w.dirty) == 0 {
		return
	}
	for _, o := range w.dirty {
		o.dirty = false
		if now >= o.feeUntil {
			o.fee, o.feeUntil = w.e.fee(o.market.Key, now)
			w.feesUntil = min(w.feesUntil, o.feeUntil)
		}
		s := o.states.State(o.book.Publish(), o.scales, o.fee)
		s.FeeUntil = o.feeUntil
		s.Bind(o.terms)
		o.market.Publish(s)
	}
	w.dirty = w.dirty[:0]
	w.e.graph.Bump()
}

// renewFees touches the books whose fee has ended.
func (w *Writer) renewFees(now int64) {
	w.feesUntil = graph.Forever
	for _, o := range w.books {
		if now >= o.feeUntil {
			w.touch(o)
		} else {
			w.feesUntil = min(w.feesUntil, o.feeUntil)
		}
	}
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
	m, err := w.e.register(key, w, false)
	if err != nil {
		return nil, err
	}
	var rules market.BookRules
	if w.e.opts.Rules != nil {
		rules = w.e.opts.Rules(key)
	}
	o := &owned{book: book.New(rules), market: m, scales: w.e.scales(m)}
	if w.e.opts.Terms != nil {
		o.terms = o.inUnits(w.e.opts.Terms(key))
	}
	w.books[key] = o
	return o, nil
}

// inUnits puts terms in minor units, rounded up. What does not fit is never met.
func (o *owned) inUnits(t market.Terms) graph.Terms {
	units := func(n money.Num, scale uint8) money.Amount {
		v, err := n.AtRounded(scale, money.Up)
		if err != nil {
			return math.MaxInt64
		}
		return money.Amount(v)
	}
	return graph.Terms{
		Settle: t.Settle, MinBase: units(t.MinSize, o.scales.Base), Lot: units(t.Lot, o.scales.Base),
		FeeBase: units(t.WithdrawBase, o.scales.Base), FeeQuote: units(t.WithdrawQuote, o.scales.Quote),
	}
}

// fee returns the taker fee of a market, nil where no schedule covers it, and
// until when that holds.
func (e *Engine) fee(key market.Key, now int64) (fee *market.Fee, until int64) {
	at := time.Unix(0, now).UTC()
	until = graph.Forever
	if next, ok := e.opts.Fees.NextChange(key, at); ok {
		until = nanos(next)
	}
	if f, ok := e.opts.Fees.At(key, at); ok {
		return &f, until
	}
	return e.opts.DefaultFee, until
}

// nanos returns t in Unix nanoseconds, as far as they reach.
func nanos(t time.Time) int64 {
	if t.Unix() >= math.MaxInt64/int64(time.Second) {
		return graph.Forever
	}
	return t.UnixNano()
}
