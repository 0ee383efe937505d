package facts

// Follows counts what is followed.
func (w *Watch) Follows() (pairs, assets int) { return len(w.followed), len(w.valued) }
