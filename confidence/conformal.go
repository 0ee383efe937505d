package confidence

import "slices"

// alpha is the state of the adaptive conformal update of one bucket and target,
// in units of 1e-12, so that a step (two numbers in parts per million) is exact.
//
// Gibbs and Candès, arXiv 2106.00170, section 2: alpha' = alpha + gamma (miss -
// err), where miss = 1 - target and err is 1 if the outcome was below the
// margin's promise. The margin is the quantile of the window at alpha.
//
// Two things differ from the paper. A margin is never negative (a quote above
// what can be had now is not offered), and alpha is held at one at most, or a
// market that only rises would store up the right to miss later. What is left of
// their Proposition 4.1 is the side that matters: in any n consecutive outcomes
//
//	misses <= n miss + (alpha at the first + (d+1) gamma target) / gamma
//
// with at most d outcomes outstanding at a time, because at alpha <= 0 the margin
// is Whole, which nothing misses, so alpha falls below zero by what was already
// under way and no further.
type alpha int64

const (
	one alpha = 1e12
	// lowest is where alpha cannot get: each of maxPending outstanding outcomes
	// takes off a tenth at most.
	lowest alpha = -maxPending * one
)

// start is alpha before any outcome: the target's own miss rate.
func start(target PPM) alpha { return alpha(Certain-target) * alpha(Certain) }

// next is the update.
func (a alpha) next(target, step PPM, missed bool) alpha {
	a += alpha(step) * alpha(Certain-target)
	if missed {
		a -= alpha(step) * alpha(Certain)
	}
	return max(lowest, min(a, one))
}

// margin is the least margin that alpha allows over the sorted window: the
// conformal quantile, the sample of rank floor(alpha (n+1)), at most n.
func (a alpha) margin(sorted []Change) Change {
	if a <= 0 {
		return Whole
	}
	n := int64(len(sorted))
	k := min(int64(a)*(n+1)/int64(one), n)
	if k == 0 {
		return Whole
	}
	return max(0, -sorted[k-1])
}

// MostMisses is the bound above for a target in parts per million and a step:
// the most misses among any n consecutive outcomes of one bucket, with at most
// outstanding outcomes not yet known when a margin is chosen. It holds for every
// series. n is at most 1e8.
func MostMisses(n, outstanding int, target, step PPM) int {
	miss := int64(Certain - target)
	room := int64(one) + int64(outstanding+1)*int64(step)*int64(target)
	return int((int64(n)*miss*int64(step) + room) / (int64(step) * int64(Certain)))
}

// MarginAnswer is a margin, or the reason why there is none.
type MarginAnswer struct {
	Reason  Reason // not zero: there is no margin
	Margin  Change // with NoMarginFits it is Whole
	Samples int
	Bucket  Bucket // whose samples and whose state: Resolve wants it back
	Source  Source
}

// Margin returns what to take off an output so that the target's share of quotes
// of this bucket holds over time. coarserSteps is that of Lookup. With
// NoMarginFits the engine should refuse, and still Resolve with the Margin of
// the answer once the outcome is known, or the state would stand still.
func (s *Snapshot) Margin(b Bucket, target PPM, coarserSteps int) MarginAnswer {
	i := slices.Index(s.opts.Targets, target)
	v, a := s.find(b, coarserSteps)
	m := MarginAnswer{Reason: a.Reason, Samples: a.Samples, Bucket: a.Bucket, Source: a.Source}
	switch {
	case i < 0:
		m.Reason = NoTarget
	case m.Reason != 0:
	default:
		if m.Margin = v.margins[i]; m.Margin == Whole {
			m.Reason = NoMarginFits
		}
	}
	return m
}

// Resolve tells the adaptive update what became of a margin: of the bucket and
// target that Margin answered with, and the change that followed. It reports
// whether the margin was a miss. A bucket or target that t does not have is not
// updated. Resolve has the writer's right only; the new margin shows after
// Publish.
func (t *Table) Resolve(b Bucket, target PPM, margin, z Change) (missed bool) {
	missed = z < -margin
	if i, w := slices.Index(t.opts.Targets, target), t.windows[b]; i >= 0 && w != nil {
		w.alphas[i] = w.alphas[i].next(target, t.opts.Step, missed)
		w.changed = true
	}
	return missed
}
