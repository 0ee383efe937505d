package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chronos.dev/market"

	"github.com/segmentio/kafka-go"
)

// prime sets where a partition begins. first and end are the bounds of the book
// partition; end was read before any snapshot, so what the snapshots say and
// what follows them meet without a hole. The partition counts as live once it
// has reached end.
func (t *tail) prime(ctx context.Context, first, end int64) error {
	opt, start := &t.reader.opt, first
	switch {
	case opt.Snapshots != "":
		at, err := t.snapshots(ctx)
		if err != nil {
			return err
		}
		start = startAt(at, first, end)
	case opt.AtEnd:
		start = end
	}
	t.fetch.next, t.fetch.since, t.target, t.primed = start, 0, end, true
	return nil
}

// startAt returns the earliest place from which every snapshot can be continued.
// A snapshot whose place is no longer retained, or is beyond the end because the
// topic is another one, counts for nothing: its book will notice the gap. If no
// snapshot counts, everything retained is read.
func startAt(at map[market.Key]int64, first, end int64) int64 {
	start, any := end, false
	for _, offset := range at {
		if offset >= first && offset <= end {
			start, any = min(start, offset), true
		}
	}
	if !any {
		return first
	}
	return start
}

// snapshots reads the snapshot partition to its end and returns where in the
// book partition the latest snapshot of each book stands.
func (t *tail) snapshots(ctx context.Context) (map[market.Key]int64, error) {
	opt := &t.reader.opt
	log, err := t.reader.cluster.OpenLog(ctx, opt.Snapshots, t.partition)
	if err != nil {
		return nil, fmt.Errorf("feed: snapshots: %w", err)
	}
	defer log.Close()
	defer context.AfterFunc(ctx, func() { log.Close() })()
	first, end, err := log.Bounds()
	if err != nil {
		return nil, err
	}
	p := &primer{handler: t.handler.(SnapshotHandler), at: make(map[market.Key]int64)}
	f := fetcher{next: first}
	for last := time.Now(); f.next < end; {
		before := f.next
		err := f.batch(log, p)
		if errors.Is(err, kafka.OffsetOutOfRange) {
			return nil, errors.New("feed: snapshots were compacted while being read")
		}
		if err != nil {
			return nil, fmt.Errorf("feed: snapshots: %w", err)
		}
		switch {
		case f.next != before:
			last = time.Now()
		case time.Since(last) > opt.StallAfter:
			return nil, errStalled
		}
	}
	return p.at, nil
}

// primer is the Handler of a snapshot partition.
type primer struct {
	handler SnapshotHandler
	at      map[market.Key]int64
}

func (p *primer) Record(r *RawRecord) bool {
	key, at, ok := p.handler.Snapshot(r)
	if key != (market.Key{}) {
		p.at[key] = at
	}
	return ok
}

// A snapshot that cannot be read is one book that waits for its next one.
func (p *primer) Skipped(int64, []byte, string, int64) {}
func (p *primer) Reset(string, int64)                  {}
func (p *primer) Flush(int64)                          {}
