package graph

import (
	"math"

	"chronos.dev/book"
)

// Span returns the times at which Usable lets a market be used in state s: from
// one to the other, both included. There is none where until < from.
func (s *State) Span(staleAfter int64) (from, until int64) {
	if s.Offer != nil {
		return s.spanOffer()
	}
	v := s.View
	if v.State != book.Live || v.RecvTime == 0 || !s.HasFee || staleAfter < 0 {
		return math.MaxInt64, math.MinInt64
	}
	from, until = v.RecvTime-clockSlack, v.RecvTime+staleAfter
	if from > v.RecvTime {
		from = math.MinInt64
	}
	if until < v.RecvTime {
		until = math.MaxInt64
	}
	if s.FeeUntil <= until {
		until = s.FeeUntil - 1
	}
	return from, until
}
