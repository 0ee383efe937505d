package sim

import (
	"math"
	"time"
)

// How often troubles come and how long they last, in virtual nanoseconds. There
// is at most one silent venue at a time, and outside of its silence at most one
// gapped book of a pair: a pair of more than two venues always has one that can
// be used.
var (
	gapEvery    = [2]int64{int64(2 * time.Minute), int64(6 * time.Minute)}
	gapLasts    = [2]int64{int64(300 * time.Millisecond), int64(1500 * time.Millisecond)}
	outageEvery = [2]int64{int64(1 * time.Minute), int64(4 * time.Minute)}
	outageLasts = [2]int64{int64(4 * time.Second), int64(9 * time.Second)}
)

// outage is a time in which a venue says nothing at all. What it would have said
// is not lost: the messages after it follow those before it.
type outage struct {
	venue       string
	from, until int64
}

func (o outage) covers(venue string, at int64) bool {
	return venue == o.venue && at >= o.from && at < o.until
}

// planOutage returns the next outage. It begins later than anything that is
// scheduled already.
func (m *Market) planOutage() outage {
	if !m.opts.Troubles {
		return outage{until: math.MaxInt64}
	}
	from := m.now + m.dice.span(outageEvery)
	return outage{
		venue: venues[m.dice.below(int64(len(venues)))].name,
		from:  from, until: from + m.dice.span(outageLasts),
	}
}

// pairInTrouble reports whether a book of q's pair at another venue awaits its
// snapshot after a loss.
func (m *Market) pairInTrouble(q *quoter) bool {
	for _, o := range m.quoters {
		if o != q && o.key.Pair == q.key.Pair && (o.act == loseMessage || o.act == recoverBook) {
			return true
		}
	}
	return false
}
