package session

// Each calls f with every book of a connection, in the order in which they were
// first seen.
func (b *Books[S]) Each(conn int, f func(*Book[S])) {
	for _, bk := range b.list {
		if bk.Conn == conn {
			f(bk)
		}
	}
}

// Only returns the book of a session that has one, else nil.
func (b *Books[S]) Only() *Book[S] {
	if len(b.list) != 1 {
		return nil
	}
	return b.list[0]
}
