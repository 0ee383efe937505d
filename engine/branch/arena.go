package branch

// arena is memory for what one Solve keeps, used again by the next.
type arena[T any] struct{ all []T }

// leastArena is room for a few cases of a small market.
const leastArena = 64

// reset takes everything back.
func (a *arena[T]) reset() {
	clear(a.all)
	a.all = a.all[:0]
}

// clone is a copy of v until the next reset. What does not fit goes to new memory;
// the old one is left to its copies.
func (a *arena[T]) clone(v []T) []T {
	if len(a.all)+len(v) > cap(a.all) {
		a.all = make([]T, 0, max(2*cap(a.all), len(v), leastArena))
	}
	from := len(a.all)
	a.all = append(a.all, v...)
	return a.all[from:len(a.all):len(a.all)]
}
