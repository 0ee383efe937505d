package graph

// Snapshot is what one reader knows: a topology, and states that never change. It
// takes the state of a market from the graph when it is first asked for one of
// that pair, and stays with it until the next Load: an answer costs what its
// markets cost, not what the graph holds. A Snapshot belongs to one goroutine.
type Snapshot struct {
	*Topology
	Version uint64 // of the graph, read before any state

	loads  uint64
	states []*State // by MarketID
	pins   []pin    // by PairID
}

// pin is what a Snapshot holds of a pair.
type pin struct {
	load  uint64 // the Load that the states were found good for
	count uint64 // of publications, and one, before the states were taken; 0: one was under way
	stamp uint64 // the Load that has taken them
}

// Load makes s a snapshot of what is published now, reusing its memory. Each state
// is whole; states of different markets may be of slightly different moments, as
// the venues' messages are.
func (g *Graph) Load(s *Snapshot) {
	s.Version = g.version.Load()
	s.loads++
	t := g.topo.Load()
	if t == s.Topology {
		return
	}
	s.Topology = t
	s.states, s.pins = emptied(s.states, len(t.Markets)), emptied(s.pins, len(t.tallies))
}

// emptied returns n zeros, in the memory of s if that is enough.
func emptied[T any](s []T, n int) []T {
	clear(s)
	if cap(s) < n {
		return make([]T, n, n+n/8)
	}
	return s[:n]
}

// State returns the state of a market.
func (s *Snapshot) State(id MarketID) *State {
	if m := &s.Markets[id]; s.pins[m.Pair].load != s.loads {
		s.pin(m.Pair, m.Base, m.Quote)
	}
	return s.states[id]
}

// Stamp returns a number that is another one whenever the states of a pair may be
// others. It is never 0, and it means nothing to another Snapshot.
func (s *Snapshot) Stamp(e *Edge) uint64 {
	if s.pins[e.Pair].load != s.loads {
		s.pin(e.Pair, e.From, e.To)
	}
	return s.pins[e.Pair].stamp
}

// pin takes the states of a pair, unless nothing was published since they were taken
// last. What another reader may have seen of a publication that is not done yet is
// seen here too: while there is one, states are taken anew at every Load.
func (s *Snapshot) pin(id PairID, a, b AssetID) {
	p, t := &s.pins[id], s.tallies[id]
	p.load = s.loads
	done := t.done.Load() // first: if as many are begun later, none is under way between
	begun := t.begun.Load()
	if done == begun && p.count == begun+1 {
		return
	}
	if p.count = 0; done == begun {
		p.count = begun + 1
	}
	p.stamp = s.loads
	for _, m := range s.Edge(a, b).Markets {
		s.states[m] = s.slots[m].state.Load()
	}
}

// Pinned is State of a market of a pair whose Stamp was asked for since the Load.
func (s *Snapshot) Pinned(id MarketID) *State { return s.states[id] }
