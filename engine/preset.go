package engine

import (
	"fmt"
	"math/bits"
	"slices"
	"time"

	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/money"
)

// Preset says what counts in an answer beside the amount.
type Preset uint8

// Cheapest is the zero Preset: money only. Fast is the earliest plan that loses at
// most FastTolerance against it, Balanced the best when BalancedRate is taken off
// for the time that a plan takes.
const (
	Cheapest Preset = iota
	Balanced
	Fast
)

// What the presets mean.
const (
	FastTolerance = 20 // bps of the amount
	BalancedRate  = 10 // bps of the amount for an hour
)

var presets = [...]string{"cheapest", "balanced", "fast"}

// String returns "cheapest", "balanced" or "fast".
func (p Preset) String() string { return presets[p] }

// ParsePreset reads what String writes.
func ParsePreset(s string) (Preset, error) {
	i := slices.Index(presets[:], s)
	if i < 0 {
		return 0, fmt.Errorf("engine: no strategy %q: want cheapest, balanced or fast", s)
	}
	return Preset(i), nil
}

// solve answers a request by its preset, in m if that is Cheapest.
func (s *scratch) solve(m *route.Memory, req route.Request, p Preset) (*route.Answer, error) {
	if p == Cheapest {
		return s.solver.SolveIn(m, &s.snap, req)
	}
	all, err := s.tradeoffs(req)
	if err != nil {
		return nil, err
	}
	best := all[0]
	for _, a := range all[1:] {
		if p == Fast && tolerable(&a.Plan, &all[0].Plan) || p == Balanced && outweighs(&a.Plan, &best.Plan) {
			best = a
		}
	}
	return best, nil
}

// maxTradeoffs is the most deadlines that are tried for one request. What lies
// beyond are the shortest of more than that many times.
const maxTradeoffs = 16

// tradeoffs finds plans by limiting what a leg may take, again and again below the
// slowest of the plan before, and returns those of them that no other equals or beats
// in both amount and time, the best amount first. Each is the best of those that use
// nothing slower than it does.
func (s *scratch) tradeoffs(req route.Request) ([]*route.Answer, error) {
	var all []*route.Answer
	times := s.solver.Times(&s.snap, req)
	for range maxTradeoffs {
		a, err := s.solver.Solve(&s.snap, req)
		if err != nil {
			if len(all) == 0 {
				return nil, err
			}
			break
		}
		if n := len(all); n == 0 || a.Plan.Settle < all[n-1].Plan.Settle {
			all = append(all, a)
		}
		i, _ := slices.BinarySearch(times, slowest(&a.Plan))
		if i == 0 || times[i-1] == 0 && slowest(&a.Plan) <= instant {
			break
		}
		req.MaxSettle = max(times[i-1], instant)
	}
	return undominated(all), nil
}

// undominated keeps of answers, which take less and less time, those that bring more
// than all that are faster. By rounding, less to choose from can bring a unit more.
func undominated(all []*route.Answer) []*route.Answer {
	at := len(all) - 1 // of the best so far, from behind
	for i := at - 1; i >= 0; i-- {
		if p, q := &all[i].Plan, &all[at].Plan; p.ExactOut && p.In < q.In || !p.ExactOut && p.Out > q.Out {
			at--
			all[at] = all[i]
		}
	}
	return all[at:]
}

// instant is the shortest limit, since 0 is none.
const instant = time.Nanosecond

// slowest is the longest that any leg takes.
func slowest(p *plan.Plan) (longest time.Duration) {
	for i := range p.Routes {
		for j := range p.Routes[i].Legs {
			longest = max(longest, p.Routes[i].Legs[j].Settle)
		}
	}
	return longest
}

// tolerable reports whether p loses at most FastTolerance against the cheapest.
func tolerable(p, cheapest *plan.Plan) bool {
	if p.ExactOut {
		return !more(p.In, 10_000, cheapest.In, 10_000+FastTolerance)
	}
	return !more(cheapest.Out, 10_000-FastTolerance, p.Out, 10_000)
}

// outweighs reports whether p is better than q at BalancedRate.
func outweighs(p, q *plan.Plan) bool {
	const hour = 10_000 * int64(time.Hour/time.Millisecond)
	off := func(p *plan.Plan) int64 { return min(BalancedRate*p.Settle.Milliseconds(), hour) }
	if p.ExactOut {
		return more(q.In, hour+off(q), p.In, hour+off(p))
	}
	return more(p.Out, hour-off(p), q.Out, hour-off(q))
}

// more reports a*b > c*d.
func more(a money.Amount, b int64, c money.Amount, d int64) bool {
	h1, l1 := bits.Mul64(uint64(a), uint64(b))
	h2, l2 := bits.Mul64(uint64(c), uint64(d))
	return h1 > h2 || h1 == h2 && l1 > l2
}

// Tradeoffs answers r as Price does, and beside it with what is faster, the best
// amount first: of the plans found by limiting what each leg may take, those that no
// other equals or beats in both amount and time, each with the proof that nothing is
// better among what is as fast a leg. It fails as Price does.
func (e *Engine) Tradeoffs(r Request, now int64) ([]*Price, error) {
	s := e.solvers.Get().(*scratch)
	defer e.solvers.Put(s)
	req, err := e.request(s, &r, now)
	if err != nil {
		return nil, err
	}
	return e.tradeoffs(s, req, now)
}

func (e *Engine) tradeoffs(s *scratch, req route.Request, now int64) ([]*Price, error) {
	answers, err := s.tradeoffs(req)
	if err != nil {
		return nil, err
	}
	prices := make([]*Price, len(answers))
	for i, a := range answers {
		prices[i] = e.price(s, a, now)
	}
	return prices, nil
}
