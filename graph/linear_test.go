package graph_test

import (
	"sync"
	"testing"
	"time"

	"chronos.dev/book"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"

	"github.com/anishathalye/porcupine"
)

// shown is the model of a published market: one register. An input above 0 is a
// publication of that version; an output is the version that was read.
var shown = porcupine.Model{
	Init: func() any { return int64(0) },
	Step: func(state, in, out any) (bool, any) {
		if v := in.(int64); v > 0 {
			return true, v
		}
		return out.(int64) == state.(int64), state
	},
}

// edition is a state of which every amount tells the version.
func edition(version int64) *graph.State {
	v := &book.View{State: book.Live, Version: uint64(version)}
	for i := range int64(20) {
		v.Bids = append(v.Bids, book.Level{Price: money.Price(100 - i), Size: money.Size(version)})
	}
	return graph.NewState(v, graph.Scales{}, &market.Fee{})
}

// versionOf is the version of a state, -1 if it is of two.
func versionOf(s *graph.State) int64 {
	for _, a := range s.Sell.Arcs {
		if uint64(a.In) != s.View.Version {
			return -1
		}
	}
	return int64(s.View.Version)
}

// TestPublicationsAreLinearizable: what a writer and several readers of one market
// see is what they could have seen one after the other: nobody who looks after
// somebody sees an older state.
func TestPublicationsAreLinearizable(t *testing.T) {
	const readers, times, rounds = 4, 200, 20
	for range rounds {
		g := newGraph(t, "u|A-B")
		m := &g.Topology().Markets[0]
		began := time.Now()
		history := make([][]porcupine.Operation, readers+1)
		note := func(client int, in int64, do func() int64) {
			from := time.Since(began).Nanoseconds()
			out := do()
			history[client] = append(history[client], porcupine.Operation{
				ClientId: client, Input: in, Output: out, Call: from, Return: time.Since(began).Nanoseconds(),
			})
		}
		var all sync.WaitGroup
		for id := range readers {
			all.Go(func() {
				var s graph.Snapshot
				for range times {
					note(id, 0, func() int64 { g.Load(&s); return versionOf(s.State(0)) })
				}
			})
		}
		for v := int64(1); v <= times; v++ {
			s := edition(v)
			note(readers, v, func() int64 { m.Publish(s); g.Bump(); return 0 })
		}
		all.Wait()
		var told []porcupine.Operation
		for _, h := range history {
			told = append(told, h...)
		}
		if got := porcupine.CheckOperationsTimeout(shown, told, 20*time.Second); got != porcupine.Ok {
			t.Fatalf("%d operations: %v", len(told), got)
		}
	}
}

// TestHalfPublished: what one reader has seen of a publication that is not done, the
// next one sees too, whatever it held before.
func TestHalfPublished(t *testing.T) {
	g := newGraph(t, "u|A-B")
	m := &g.Topology().Markets[0]
	m.Publish(edition(1))
	var holds, fresh graph.Snapshot
	read := func(s *graph.Snapshot) int64 { g.Load(s); return versionOf(s.State(0)) }
	stamp := func(s *graph.Snapshot) uint64 { return s.Stamp(s.Edge(m.Base, m.Quote)) }
	if read(&holds) != 1 {
		t.Fatal("the first state is not seen")
	}
	finish := m.PublishHalf(edition(2))
	if a, b := read(&fresh), read(&holds); a != 2 || b != 2 {
		t.Errorf("read %d, and then %d", a, b)
	}
	finish()
	read(&holds)
	before := stamp(&holds)
	if read(&holds) != 2 || stamp(&holds) != before {
		t.Error("states are taken anew though nothing is under way")
	}
}

// TestStaleReadsAreFound: who sees an older state than somebody did before is found.
func TestStaleReadsAreFound(t *testing.T) {
	op := func(client int, in, out, from, to int64) porcupine.Operation {
		return porcupine.Operation{ClientId: client, Input: in, Output: out, Call: from, Return: to}
	}
	write, seen := op(0, 1, 0, 0, 9), op(1, 0, 1, 1, 2)
	if !porcupine.CheckOperations(shown, []porcupine.Operation{write, seen, op(2, 0, 0, 1, 3)}) {
		t.Error("two at once may see both")
	}
	if porcupine.CheckOperations(shown, []porcupine.Operation{write, seen, op(2, 0, 0, 3, 4)}) {
		t.Error("an older state was seen after a newer one")
	}
}
