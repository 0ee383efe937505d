package bench

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"chronos.dev/engine"
	"chronos.dev/market"

	"github.com/tidwall/btree"
)

// shown is a book as a plain reader would have it.
type shown struct{ bids, asks []pair }

// publications measures one change of a book of so many levels and that readers can
// see it: by the engine, which turns levels into what they give after fees as well,
// and by a tree that is copied behind a pointer, and under a lock without a copy.
func publications(r *rand.Rand, levels, times int) (Figure, error) {
	const drawn = 4096
	first, then := changes(r, levels, drawn)
	e, err := engine.New(engine.Options{
		DefaultFee: &market.Fee{Rate: market.FeeUnit / 1000}, Rules: noChecks,
	})
	if err != nil {
		return Figure{}, err
	}
	key := market.Key{Venue: "v", Pair: market.Pair{Base: "A", Quote: "B"}}
	writer, o := e.Writer(), newOurs(first)
	snapshot := market.Event{Kind: market.Snapshot, Seq: 1, RecvTime: now}
	for _, c := range first {
		snapshot.Levels = append(snapshot.Levels, level(c))
	}
	if err := writer.Apply(key, &snapshot); err != nil {
		return Figure{}, err
	}
	copied, guarded := &trees{}, &trees{}
	for _, c := range first {
		copied.set(c)
		guarded.set(c)
	}
	var view atomic.Pointer[shown]
	var lock sync.RWMutex
	at := [3]int{}
	next := func(i int) change { at[i]++; return then[at[i]%drawn] }
	f := Duel(fmt.Sprintf("publish/%d", levels), "change of one level, seen by readers", times,
		Way{Do: func(times int) {
			for range times {
				o.event.PrevSeq, o.event.Seq, o.event.RecvTime = o.event.Seq, o.event.Seq+1, now
				o.event.Levels[0] = level(next(0))
				if err := writer.Apply(key, &o.event); err != nil {
					panic(err) // the changes never cross a book
				}
				writer.Flush(now)
			}
		}},
		Way{"tidwall Map copied behind atomic.Pointer", 1.0 / 8, func(times int) {
			for range times {
				copied.set(next(1))
				view.Store(&shown{copyTree(&copied.sides[0]), copyTree(&copied.sides[1])})
			}
		}},
		Way{"tidwall Map under RWMutex", 0, func(times int) {
			for range times {
				lock.Lock()
				guarded.set(next(2))
				lock.Unlock()
			}
		}})
	if usable := slices.ContainsFunc(e.Markets(now), func(m engine.MarketStatus) bool { return m.Usable }); !usable {
		return f, fmt.Errorf("bench: the published book cannot be used")
	}
	return f, nil
}

func noChecks(market.Key) market.BookRules { return market.BookRules{VerifiedDepth: -1} }

func copyTree(t *btree.Map[int64, int64]) []pair {
	all := make([]pair, 0, t.Len())
	t.Scan(func(key, size int64) bool { all = append(all, pair{key, size}); return true })
	return all
}
