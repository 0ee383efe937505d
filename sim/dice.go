package sim

import "math/rand/v2"

// dice is a stream of numbers fixed by its seed. It draws from the generator
// itself, whose output is specified, and not from a rand.Rand, whose methods may
// come to draw differently.
type dice struct{ pcg *rand.PCG }

func newDice(seed, stream uint64) dice { return dice{rand.NewPCG(seed, stream)} }

// below returns 0 to n-1; n is positive.
func (d dice) below(n int64) int64 { return int64(d.pcg.Uint64() % uint64(n)) }

// within returns -n to n; n is not negative.
func (d dice) within(n int64) int64 { return d.below(2*n+1) - n }

// span returns a number from s[0] to s[1].
func (d dice) span(s [2]int64) int64 { return s[0] + d.below(s[1]-s[0]+1) }

// percent is true in p of 100 cases.
func (d dice) percent(p int64) bool { return d.below(100) < p }
