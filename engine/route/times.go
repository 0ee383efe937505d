package route

import (
	"slices"
	"time"

	"chronos.dev/graph"
)

// Times returns how long the books and tiers take that req could use, ascending,
// each once.
func (s *Solver) Times(snap *graph.Snapshot, req Request) []time.Duration {
	req.check()
	s.snap, s.req = snap, req
	s.mark()
	s.build()
	var all []time.Duration
	for i, e := range s.net.edges {
		for _, id := range s.net.markets[i] {
			side := s.side(id, e.From)
			if len(side.Options) == 0 {
				all = append(all, snap.State(id).Settle)
			}
			for k := range side.Options {
				if t := side.Options[k].Settle; s.inTime(t) {
					all = append(all, t)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
