package book

import (
	"cmp"
	"fmt"

	"chronos.dev/market"
	"chronos.dev/money"
)

// GapError reports that messages were lost between a book and its venue. The
// cure is a snapshot.
type GapError struct {
	Want, Got uint64 // sequence the event had to follow, and the one it follows
}

func (e *GapError) Error() string {
	return fmt.Sprintf("book: sequence gap: event follows %d, book is at %d", e.Got, e.Want)
}

// ChecksumError reports that the venue's sum over its book differs from ours.
// The cure is a snapshot.
type ChecksumError struct{ Want, Got uint32 }

func (e *ChecksumError) Error() string {
	return fmt.Sprintf("book: checksum: venue says %d, book gives %d", e.Want, e.Got)
}

// LevelError reports a level that no book can hold. The cure is a snapshot.
type LevelError struct {
	Level market.Level
	Why   string
}

func (e *LevelError) Error() string {
	return fmt.Sprintf("book: %s level %s at %s: %s", e.Level.Side, e.Level.Size, e.Level.Price, e.Why)
}

// VenueGapError reports that the venue's decoder noticed a loss. The cure is a
// snapshot.
type VenueGapError struct{ Reason string }

func (e *VenueGapError) Error() string { return "book: decoder reports a gap: " + e.Reason }

// Apply applies one event. An error means that the book has become Gapped, and
// is one of *GapError, *ChecksumError, *LevelError, *VenueGapError. Events that
// change nothing by rule (duplicates, older epochs, deltas without a snapshot)
// are counted and give no error. Writer only.
func (b *Book) Apply(e *market.Event) error {
	switch {
	case b.state == Halted:
		b.counters.Dropped++
		return nil
	case e.Epoch < b.epoch:
		b.counters.Duplicates++
		return nil
	case e.Kind == market.Snapshot:
		return b.applySnapshot(e)
	}
	begins := e.Epoch > b.epoch
	if begins {
		b.epoch, b.seq = e.Epoch, 0
	}
	switch {
	case e.Kind != market.Delta: // a Gap, or a kind that nobody knows
		return b.gap(&VenueGapError{e.Reason}, e.RecvTime)
	case begins:
		b.counters.Dropped++
		b.enter(Awaiting, fmt.Sprintf("the source began epoch %d; no snapshot of it yet", e.Epoch), e.RecvTime)
		return nil
	}
	return b.applyDelta(e)
}

// applySnapshot replaces the book. A usable book ignores a snapshot of its epoch
// that is not newer, for it may be one that was kept and sent again, and would
// undo what came after it. A book that is not usable takes any snapshot.
func (b *Book) applySnapshot(e *market.Event) error {
	if b.usable() && e.Epoch == b.epoch && !e.Unsequenced && e.Seq <= b.seq {
		b.counters.Duplicates++
		return nil
	}
	for i := range b.sides {
		b.sides[i].reset()
	}
	b.priceScale, b.sizeScale = 0, 0
	b.epoch, b.seq, b.origin = e.Epoch, e.Seq, e.Origin
	b.counters.Snapshots++
	if err := b.setLevels(e); err != nil {
		return b.gap(err, e.RecvTime)
	}
	return b.finish(e)
}

func (b *Book) applyDelta(e *market.Event) error {
	confirms := e.Seq == b.seq && e.PrevSeq == b.seq && len(e.Levels) == 0
	switch {
	case !b.usable():
		b.counters.Dropped++
		return nil
	case e.Unsequenced || confirms:
		// In order by promise, or nothing changed and the source is alive.
	case e.Seq <= b.seq:
		b.counters.Duplicates++
		return nil
	case e.PrevSeq != b.seq:
		return b.gap(&GapError{Want: b.seq, Got: e.PrevSeq}, e.RecvTime)
	}
	if len(e.Levels) > 0 || e.Seq != b.seq {
		b.counters.Updates++
	}
	if err := b.setLevels(e); err != nil {
		return b.gap(err, e.RecvTime)
	}
	b.seq = max(b.seq, e.Seq)
	return b.finish(e)
}

// finish cuts the book to the venue's depth, compares checksums and settles the
// state.
func (b *Book) finish(e *market.Event) error {
	if b.rules.Depth > 0 {
		b.cut(b.bids())
		b.cut(b.asks())
	}
	b.venueTime, b.origin = e.VenueTime, max(b.origin, e.Origin)
	if e.RecvTime != 0 {
		b.recvTime = e.RecvTime
	}
	if e.HasChecksum && b.rules.Checksum != nil {
		if got := b.sum(); got != e.Checksum {
			b.counters.BadSums++
			return b.gap(&ChecksumError{Want: e.Checksum, Got: got}, e.RecvTime)
		}
		b.counters.ChecksumsOK++
	}
	switch {
	case b.isCrossed():
		b.enter(Crossed, "best bid at or above best ask", e.RecvTime)
	case b.state == Live:
		b.version++
	default:
		b.enter(Live, "", e.RecvTime)
	}
	return nil
}

func (b *Book) usable() bool { return b.state == Live || b.state == Crossed }

func (b *Book) isCrossed() bool {
	bid, ask := b.bids().top.Price, b.asks().top.Price
	return bid >= ask && ask != 0
}

func (b *Book) gap(err error, now int64) error {
	b.counters.Gaps++
	b.enter(Gapped, err.Error(), now)
	return err
}

func (b *Book) setLevels(e *market.Event) error {
	for i := range e.Levels {
		if err := b.setLevel(&e.Levels[i], e.Kind); err != nil {
			return err
		}
	}
	return nil
}

func (b *Book) setLevel(l *market.Level, kind market.EventKind) error {
	i := l.Side - market.Bid
	if i >= 2 {
		return &LevelError{*l, "no side"}
	}
	side := &b.sides[i]
	switch {
	case l.Price.Coef <= 0 || l.Size.Coef < 0:
		return &LevelError{*l, "want a price above and a size not below zero"}
	case l.Price.Scale > money.MaxScale || l.Size.Scale > money.MaxScale:
		return &LevelError{*l, fmt.Sprintf("more than %d decimals", money.MaxScale)}
	case l.Size.IsZero():
		b.delete(side, l.Price, kind)
		return nil
	}
	p, errPrice := l.Price.At(b.priceScale)
	s, errSize := l.Size.At(b.sizeScale)
	if errPrice != nil || errSize != nil {
		var err error
		if p, s, err = b.widened(l); err != nil {
			return &LevelError{*l, err.Error()}
		}
	}
	side.set(Level{money.Price(p), money.Size(s), l.Price.Scale, l.Size.Scale})
	if side.len() > MaxLevels {
		return &LevelError{*l, fmt.Sprintf("more than %d levels a side", MaxLevels)}
	}
	return nil
}

// widened raises the scales of the book so that they hold l, which they do not, and
// returns its price and size at them.
func (b *Book) widened(l *market.Level) (price, size int64, err error) {
	if err := b.widen(l); err != nil {
		return 0, 0, err
	}
	price, errPrice := l.Price.At(b.priceScale)
	size, errSize := l.Size.At(b.sizeScale)
	return price, size, cmp.Or(errPrice, errSize)
}

// delete removes a level. A price that the book's scale cannot hold is not held.
func (b *Book) delete(side *ladder, price money.Num, kind market.EventKind) {
	p, err := price.At(b.priceScale)
	held := err == nil && side.delete(money.Price(p))
	if kind != market.Delta {
		return
	}
	b.counters.Deletes++
	if !held {
		b.counters.AbsentDeletes++
	}
}

// widen raises the scales of the book to those of l, or changes nothing. Digits
// that are zero do not count, or a venue that pads its numbers would push far
// levels out of range.
func (b *Book) widen(l *market.Level) error {
	ps := max(l.Price.Trim().Scale, b.priceScale)
	ss := max(l.Size.Trim().Scale, b.sizeScale)
	if ps == b.priceScale && ss == b.sizeScale {
		return nil
	}
	price, size := ps-b.priceScale, ss-b.sizeScale
	if err := cmp.Or(b.bids().fits(price, size), b.asks().fits(price, size)); err != nil {
		return err
	}
	for i := range b.sides {
		b.sides[i].rescale(price, size)
	}
	b.priceScale, b.sizeScale = ps, ss
	return nil
}

// cut drops the worst levels beyond the venue's depth.
func (b *Book) cut(side *ladder) {
	for side.len() > b.rules.Depth {
		side.dropWorst()
		b.counters.DepthDropped++
	}
}

func (b *Book) sum() uint32 {
	n := b.rules.Checksum.Depth
	b.top[0] = b.bids().appendSent(b.top[0][:0], n, b.priceScale, b.sizeScale)
	b.top[1] = b.asks().appendSent(b.top[1][:0], n, b.priceScale, b.sizeScale)
	return b.rules.Checksum.Sum(b.top[0], b.top[1])
}
