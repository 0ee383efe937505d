package book

import (
	"sync"
	"testing"

	"chronos.dev/market"
	"chronos.dev/money"
)

// TestReadersSeeWholeBooks: one writer applies and publishes while readers look.
// Every size of a view is its sequence number, so a view of two moments shows.
func TestReadersSeeWholeBooks(t *testing.T) {
	const updates, readers, levels = 3_000, 4, 10
	b := New(market.BookRules{})
	event := func(seq uint64) *market.Event {
		e := &market.Event{Kind: market.Delta, PrevSeq: seq - 1, Seq: seq, RecvTime: int64(seq)}
		for i := range int64(levels) {
			size := money.Num{Coef: int64(seq)}
			e.Levels = append(e.Levels,
				market.Level{Side: market.Bid, Price: money.Num{Coef: 100 - i}, Size: size},
				market.Level{Side: market.Ask, Price: money.Num{Coef: 101 + i}, Size: size})
		}
		return e
	}
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range readers {
		wg.Go(func() {
			last := b.View()
			for {
				v := b.View()
				if v.Version < last.Version || v.Seq < last.Seq {
					t.Errorf("version %d, sequence %d after %d, %d", v.Version, v.Seq, last.Version, last.Seq)
					return
				}
				if why := torn(v, levels); why != "" {
					t.Error(why)
					return
				}
				last = v
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	first := event(1)
	first.Kind = market.Snapshot
	if err := b.Apply(first); err != nil {
		t.Fatal(err)
	}
	for seq := uint64(2); seq <= updates; seq++ {
		if err := b.Apply(event(seq)); err != nil {
			t.Fatal(err)
		}
		b.Publish()
	}
	close(done)
	wg.Wait()
	if v := b.View(); v.Seq != updates || v.RecvTime != updates {
		t.Errorf("the last view is of sequence %d, want %d", v.Seq, updates)
	}
}

func torn(v *View, levels int) string {
	if why := inconsistent(v); why != "" || v.State == Awaiting {
		return why
	}
	if len(v.Bids) != levels || len(v.Asks) != levels {
		return "levels are missing"
	}
	for i := range levels {
		if v.Bids[i].Size != money.Size(v.Seq) || v.Asks[i].Size != money.Size(v.Seq) {
			return "sizes of another sequence"
		}
	}
	return ""
}
