package feed

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"chronos.dev/broker"

	"github.com/segmentio/kafka-go"
)

const (
	firstBuffer = 64 << 10
	// maxStrikes is how often a batch may fail to parse until its first record
	// is stepped over: a batch cut off by a dying connection looks the same.
	maxStrikes = 4
)

// PartitionStats is the state of one partition. Counters count since the start.
type PartitionStats struct {
	Partition int
	Next      int64 // offset of the next record
	End       int64 // end of the partition when last heard of
	Lag       int64 // End - Next
	Live      bool  // caught up with where it ended when it was first read

	Records      int64 // handed to the Handler
	Skipped      int64 // stepped over: too large or unreadable
	ShortBuffers int64 // fetches repeated with a larger buffer
	Redials      int64
	Stalls       int64 // of these, because nothing came although there was more
	Resyncs      int64 // times that offsets were lost
}

type partitionStats struct {
	live                                                                atomic.Bool
	next, end, records, skipped, shortBuffers, redials, stalls, resyncs atomic.Int64
}

func (s *partitionStats) load(partition int) PartitionStats {
	p := PartitionStats{
		Partition: partition, Live: s.live.Load(),
		Next: s.next.Load(), End: s.end.Load(),
		Records: s.records.Load(), Skipped: s.skipped.Load(), ShortBuffers: s.shortBuffers.Load(),
		Redials: s.redials.Load(), Stalls: s.stalls.Load(), Resyncs: s.resyncs.Load(),
	}
	p.Lag = max(p.End-p.Next, 0)
	return p
}

// fetcher reads the batches of one partition into one buffer.
type fetcher struct {
	next  int64 // offset of the next record to hand on
	end   int64 // end of the partition in the last answer
	since int64 // when next was last known to be the end, Unix nanoseconds; 0 never

	buf     []byte
	raw     RawRecord
	single  bool // read the record at next by itself: it is too large, or its key is wanted
	strikes int  // times in a row that the batch at next could not be parsed

	records, skipped, shortBuffers int64
}

// batch fetches once and hands on what came. An error means that the connection
// is of no more use, or is a *lostError.
func (f *fetcher) batch(log *broker.Log, h Handler) error {
	if f.buf == nil {
		f.buf = make([]byte, firstBuffer)
	}
	asked := time.Now().UnixNano()
	b := log.Fetch(f.next, fetchWait)
	got := answer{begun: f.next, asked: asked, recv: time.Now().UnixNano()}
	if end := b.HighWaterMark(); b.Err() == nil || end > 0 {
		f.end = end
	}
	var err error
	if f.single && b.Err() == nil {
		err = f.alone(b, h, got)
	}
	for err == nil {
		var n int
		if n, err = readOne(b, f.buf); err != nil {
			break
		}
		got.read++
		// The broker sends whole batches, so some may be known already.
		if offset := b.Offset() - 1; offset >= f.next {
			f.raw = RawRecord{Offset: offset, Value: f.buf[:n], Since: f.since, Recv: got.recv}
			if f.next = offset; !h.Record(&f.raw) {
				f.single = true
				b.Close()
				return nil
			}
			f.next++
			f.records++
		}
	}
	if f.next > got.begun {
		f.strikes = 0
	}
	if bad := (*malformedError)(nil); errors.As(err, &bad) {
		f.strike(h, got.recv)
		return err // the batch is locked for ever; it dies with its connection
	}
	got.after = b.Offset()
	b.Close()
	return f.settle(err, got, h)
}

// answer is what one fetch brought.
type answer struct {
	begun int64 // offset that was asked for
	read  int   // records, known ones included
	after int64 // offset that kafka-go would ask for next

	asked, recv int64 // when, Unix nanoseconds
}

// settle decides what the end of a batch means.
func (f *fetcher) settle(err error, got answer, h Handler) error {
	var code kafka.Error
	switch {
	case errors.Is(err, io.EOF):
		if f.skipCompacted(got); f.next == got.begun && f.end > f.next {
			f.strike(h, got.recv) // records, but none that is whole
		}
		f.noteEnd(got)
		return nil
	case errors.Is(err, kafka.RequestTimedOut): // nothing new
		f.noteEnd(got)
		return nil
	case errors.Is(err, io.ErrShortBuffer):
		f.shortBuffers++
		if len(f.buf) < MaxRecord {
			f.buf = make([]byte, min(4*len(f.buf), MaxRecord))
		} else {
			f.single = true
		}
		return nil
	case errors.Is(err, kafka.OffsetOutOfRange):
		return &lostError{fmt.Sprintf("offset %d is out of range", f.next)}
	case errors.As(err, &code):
		return err
	}
	if f.end > f.next {
		f.strike(h, got.recv)
	}
	return err
}

// noteEnd notes that the partition was read to where it ended when asked.
func (f *fetcher) noteEnd(got answer) {
	if f.next >= f.end {
		f.since = got.asked
	}
}

// skipCompacted moves on when compaction removed the records between. A batch
// that compaction left without any record reads as ending at offset 1, whatever
// its place: it is walked through one offset at a time.
func (f *fetcher) skipCompacted(got answer) {
	switch {
	case got.after > f.next:
		f.next = got.after
	case got.read == 0 && f.end > f.next && got.after < f.next:
		f.next++
	}
}

// alone reads one record with its key, whatever its size. A record above
// MaxRecord is skipped.
func (f *fetcher) alone(b *kafka.Batch, h Handler, got answer) error {
	m, err := readMessage(b)
	for err == nil && m.Offset < f.next { // the broker sends whole batches
		m, err = readMessage(b)
	}
	if err != nil {
		return err
	}
	f.single = false
	f.next = m.Offset + 1
	if len(m.Value) > MaxRecord {
		f.skipped++
		h.Skipped(m.Offset, m.Key, CodeOversize, got.recv)
		return nil
	}
	f.records++
	h.Record(&RawRecord{m.Offset, m.Key, true, m.Value, f.since, got.recv})
	return nil
}

// strike counts a batch that could not be parsed, and steps over its first
// record when that is not the connection's fault.
func (f *fetcher) strike(h Handler, recv int64) {
	if f.strikes++; f.strikes < maxStrikes {
		return
	}
	f.skipped++
	h.Skipped(f.next, nil, CodeUnreadable, recv)
	f.next++
}

// malformedError reports a batch on which kafka-go panicked.
type malformedError struct{ why any }

func (e *malformedError) Error() string { return fmt.Sprintf("feed: malformed batch: %v", e.why) }

// BUG(feed): kafka-go allocates as many headers as a record claims to have, so a
// record that claims billions ends the process. Apache Kafka refuses to store
// such a record; an embedded broker, which only this machine can reach, does not.

// readOne reads one value. kafka-go panics on some malformed batches.
func readOne(b *kafka.Batch, buf []byte) (n int, err error) {
	defer unpanic(&err)
	return b.Read(buf)
}

func readMessage(b *kafka.Batch) (m kafka.Message, err error) {
	defer unpanic(&err)
	return b.ReadMessage()
}

func unpanic(err *error) {
	if why := recover(); why != nil {
		*err = &malformedError{why}
	}
}
