package feed

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"chronos.dev/book"
	"chronos.dev/market"
	"chronos.dev/money"
)

// stream is one book on its way to Kafka.
type stream struct {
	pub   *Publisher
	key   market.Key
	name  []byte // the record key
	queue *queue
	depth int // VerifiedDepth of the rules

	lost atomic.Bool                // Kafka refused a record: readers miss it
	conn atomic.Pointer[Connection] // nil: nobody can say that the venue is heard

	mu         sync.Mutex // guards what follows; held while waiting for the queue
	book       *book.Book
	epoch, seq uint64 // of the last record
	venueTime  int64
	synced     bool  // readers hold a snapshot of this epoch
	broken     bool  // a record was not queued: readers miss it
	told       int64 // latest receive time that readers know of
	sent       time.Time
	renewed    time.Time // when the last snapshot was queued
	levels     []market.Level
}

// publish applies e to the book and writes it.
func (s *stream) publish(ctx context.Context, e *market.Event) error {
	ev := *e
	ev.RecvTime = s.pub.received(e)
	switch {
	case e.Kind == market.Snapshot && s.synced && (e.Unsequenced || e.Seq <= s.seq):
		// The venue counts anew, or sends the same again: either way a reader
		// takes it only as a new epoch.
		s.epoch++
	case e.Kind == market.Delta && !s.synced:
		s.pub.unanswered.Add(1)
		return nil
	}
	if e.Unsequenced {
		ev.Unsequenced, ev.PrevSeq, ev.Seq = false, s.seq, s.seq+1
	}
	ev.Epoch = s.epoch
	before := s.book.Counters()
	if err := s.book.Apply(&ev); err != nil {
		s.synced = true // so that the gap is announced
		return errors.Join(err, s.gap(ctx, err.Error(), ev.RecvTime))
	}
	after := s.book.Counters()
	if after.Duplicates > before.Duplicates || after.Dropped > before.Dropped {
		s.pub.unanswered.Add(1)
		return nil
	}
	_, s.seq = s.book.Seq()
	s.venueTime, s.synced = ev.VenueTime, true
	bids, asks := count(ev.Levels)
	switch {
	case s.broken, s.lost.Load(), ev.Kind == market.Delta && max(bids, asks) > MaxLevels:
		return s.rebase(ctx, ev.RecvTime)
	case max(bids, asks) > MaxLevels:
		return s.whole(ctx, ev.RecvTime)
	}
	return s.write(ctx, &Record{Key: s.key, Event: ev, VerifiedDepth: -1})
}

func count(levels []market.Level) (bids, asks int) {
	for i := range levels {
		if levels[i].Side == market.Bid {
			bids++
		} else {
			asks++
		}
	}
	return bids, asks
}

// gap begins an epoch without a snapshot: every reader takes the book out.
func (s *stream) gap(ctx context.Context, reason string, now int64) error {
	if !s.synced && !s.broken {
		return nil // they already wait
	}
	s.pub.gaps.Add(1)
	s.lost.Store(false)
	s.epoch++
	s.seq, s.synced = 0, false
	ev := market.Event{Kind: market.Gap, Epoch: s.epoch, RecvTime: now, Reason: reason}
	s.book.Apply(&ev) // its error repeats the reason
	return s.write(ctx, &Record{Key: s.key, Event: ev, VerifiedDepth: -1})
}

// rebase begins an epoch with a snapshot of our own book.
func (s *stream) rebase(ctx context.Context, now int64) error {
	if st, _ := s.book.State(); st != book.Live && st != book.Crossed {
		return s.gap(ctx, "a record was not written", now)
	}
	s.lost.Store(false)
	s.epoch++
	ev := s.snapshot(now)
	if err := s.book.Apply(&ev); err != nil {
		return errors.Join(err, s.gap(ctx, err.Error(), now))
	}
	return s.whole(ctx, now)
}

// whole writes the book as a snapshot of its last event.
func (s *stream) whole(ctx context.Context, now int64) error {
	return s.write(ctx, s.wholeRecord(now))
}

func (s *stream) wholeRecord(now int64) *Record {
	r := &Record{Key: s.key, Event: s.snapshot(now), VerifiedDepth: s.depth}
	if bids, asks := s.book.Len(); max(bids, asks) > MaxLevels {
		s.pub.cut.Add(1)
		if r.VerifiedDepth < 0 || r.VerifiedDepth > MaxLevels {
			r.VerifiedDepth = MaxLevels
		}
	}
	return r
}

// snapshot returns our book as an event, at most MaxLevels a side. Its levels
// are valid until the next call.
func (s *stream) snapshot(now int64) market.Event {
	v := s.book.Publish()
	s.levels = appendLevels(s.levels[:0], market.Bid, v.Bids, v)
	s.levels = appendLevels(s.levels, market.Ask, v.Asks, v)
	return market.Event{
		Kind: market.Snapshot, Epoch: s.epoch, Seq: s.seq,
		VenueTime: s.venueTime, RecvTime: now, Levels: s.levels,
	}
}

// appendLevels appends levels with the digits that the venue sent.
func appendLevels(
	dst []market.Level, side market.Side, from []book.Level, v *book.View,
) []market.Level {
	for _, l := range from[:min(len(from), MaxLevels)] {
		dst = append(dst, market.Level{
			Side:  side,
			Price: digits(int64(l.Price), v.PriceScale, l.PriceDec),
			Size:  digits(int64(l.Size), v.SizeScale, l.SizeDec),
		})
	}
	return dst
}

// digits returns v / 10^scale with dec decimals, or with as few as hold it.
func digits(v int64, scale, dec uint8) money.Num {
	n := money.Num{Coef: v, Scale: scale}
	if c, err := n.At(dec); err == nil {
		return money.Num{Coef: c, Scale: dec}
	}
	return n.Trim()
}

// write queues a record. It waits for space; with a nil context it does not, and
// a record that finds none is no loss.
func (s *stream) write(ctx context.Context, r *Record) error {
	r.Event.Origin = s.pub.opt.Origin
	value := s.encode(r)
	if len(value) > s.pub.opt.MaxRecord {
		s.pub.refused.Add(1)
		why := fmt.Errorf("%d bytes", len(value))
		err := error(&RecordError{Code: CodeOversize, Key: s.key, Err: why})
		if ctx != noWait {
			err = errors.Join(err, s.gap(ctx, err.Error(), r.Event.RecvTime))
		}
		return err
	}
	it := item{stream: s, value: value, snapshot: r.Event.Kind == market.Snapshot}
	s.pub.pending.Add(1)
	if err := s.queue.put(ctx, it); err != nil {
		s.pub.pending.Add(-1)
		s.broken = s.broken || ctx != noWait
		return fmt.Errorf("feed: publish %s: %w", s.key, err)
	}
	now := s.pub.opt.Now()
	s.broken, s.sent, s.told = false, now, max(s.told, r.Event.RecvTime)
	if it.snapshot {
		s.renewed = now
	}
	return nil
}

func (s *stream) encode(r *Record) []byte {
	if s.pub.opt.Binary {
		return r.AppendBinary(nil)
	}
	return r.Append(nil)
}

// tick confirms the book or renews its snapshot if that is due, both as of when
// the venue was last heard. It waits for nobody: what does not fit now is tried
// again soon.
func (s *stream) tick(now time.Time) {
	if !s.mu.TryLock() {
		return
	}
	defer s.mu.Unlock()
	st, _ := s.book.State()
	usable := s.synced && (st == book.Live || st == book.Crossed)
	if s.queue.full() || s.broken || !usable {
		return
	}
	heard := s.told
	if c := s.conn.Load(); c != nil {
		heard = max(heard, c.heard.Load())
	}
	switch {
	case now.Sub(s.renewed) >= s.pub.opt.SnapshotEvery:
		s.write(noWait, s.wholeRecord(heard))
	case heard > s.told && now.Sub(s.sent) >= s.pub.opt.Keepalive:
		ev := market.Event{
			Kind: market.Delta, Epoch: s.epoch, Seq: s.seq, PrevSeq: s.seq,
			VenueTime: s.venueTime, RecvTime: heard,
		}
		if s.write(noWait, &Record{Key: s.key, Event: ev, VerifiedDepth: -1}) == nil {
			s.pub.confirmed.Add(1)
		}
	}
}
