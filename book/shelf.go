package book

import "slices"

// shelf holds levels by key, in order, in blocks of at most blockLen: those that no
// window covers. It keeps the blocks that it needs no more, so that a book that is
// sent anew finds them.
type shelf struct {
	n      int
	firsts []int64  // least key of each block
	blocks []*block // none is empty
	spare  []*block
}

// block is a part of a shelf.
type block struct {
	n      int
	keys   [blockLen]int64
	levels [blockLen]Level
}

const (
	blockLen  = 64
	mostSpare = 128 // blocks, of two KiB each
)

// find returns the block that holds a key, if any does.
func (s *shelf) find(key int64) int {
	last := len(s.firsts) - 1
	if last < 0 || key >= s.firsts[last] {
		return max(last, 0)
	}
	low, high := 0, last // the block is in this range, high left out
	for high-low > 1 {
		if mid := int(uint(low+high) / 2); s.firsts[mid] <= key {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// find returns where a key is in the block or would be.
func (b *block) find(key int64) int {
	low, n := 0, b.n
	if n > 0 && key > b.keys[(n-1)%blockLen] {
		return n
	}
	for n > 0 {
		half := n / 2
		if b.keys[(low+half)%blockLen] < key {
			low, n = low+half+1, n-half-1
		} else {
			n = half
		}
	}
	return low
}

// set sets a level and reports whether there was one.
func (s *shelf) set(key int64, lv *Level) (had bool) {
	if s.n == 0 {
		s.insert(0)
	}
	i := s.find(key)
	at := s.blocks[i].find(key)
	if b := s.blocks[i]; at < b.n && b.keys[at] == key {
		b.levels[at] = *lv
		return true
	}
	if s.blocks[i].n == blockLen {
		i, at = s.split(i, at)
	}
	b := s.blocks[i]
	copy(b.keys[at+1:], b.keys[at:b.n])
	copy(b.levels[at+1:], b.levels[at:b.n])
	b.keys[at], b.levels[at] = key, *lv
	b.n++
	s.n++
	s.firsts[i] = b.keys[0]
	return false
}

// split makes room in the full block i for a level at a place in it, and returns the
// block and the place where the level goes. Levels that come in order fill their blocks.
func (s *shelf) split(i, at int) (int, int) {
	switch {
	case i == len(s.blocks)-1 && at == blockLen:
		s.insert(i + 1)
		return i + 1, 0
	case i == 0 && at == 0:
		s.insert(0)
		return 0, 0
	}
	s.insert(i + 1)
	const half = blockLen / 2
	s.blocks[i].pour(s.blocks[i+1], half)
	s.firsts[i+1] = s.blocks[i+1].keys[0]
	if at > half {
		return i + 1, at - half
	}
	return i, at
}

// pour appends what is behind the first n levels to another block.
func (b *block) pour(to *block, n int) {
	copy(to.keys[to.n:], b.keys[n:b.n])
	copy(to.levels[to.n:], b.levels[n:b.n])
	to.n += b.n - n
	b.n = n
}

// insert makes an empty block the i-th.
func (s *shelf) insert(i int) {
	var b *block
	if last := len(s.spare) - 1; last >= 0 {
		b, s.spare = s.spare[last], s.spare[:last]
	} else {
		b = new(block)
	}
	s.blocks = slices.Insert(s.blocks, i, b)
	s.firsts = slices.Insert(s.firsts, i, 0)
}

// remove takes the i-th block away.
func (s *shelf) remove(i int) {
	s.keep(s.blocks[i])
	s.blocks = slices.Delete(s.blocks, i, i+1)
	s.firsts = slices.Delete(s.firsts, i, i+1)
}

func (s *shelf) keep(b *block) {
	if b.n = 0; len(s.spare) < mostSpare {
		s.spare = append(s.spare, b)
	}
}

// delete removes a level and reports whether there was one. It leaves no two blocks
// side by side that fit into three quarters of one, of which one is nearly empty.
func (s *shelf) delete(key int64) (had bool) {
	if s.n == 0 {
		return false
	}
	i := s.find(key)
	b := s.blocks[i]
	at := b.find(key)
	if at == b.n || b.keys[at] != key {
		return false
	}
	copy(b.keys[at:], b.keys[at+1:b.n])
	copy(b.levels[at:], b.levels[at+1:b.n])
	b.n--
	s.n--
	if b.n == 0 {
		s.remove(i)
		return true
	}
	s.firsts[i] = b.keys[0]
	if b.n < blockLen/4 {
		s.join(i)
		s.join(i - 1)
	}
	return true
}

// join makes one block of the i-th and the next one if there is ample room.
func (s *shelf) join(i int) {
	if i < 0 || i+1 >= len(s.blocks) || s.blocks[i].n+s.blocks[i+1].n > blockLen*3/4 {
		return
	}
	s.blocks[i+1].pour(s.blocks[i], 0)
	s.remove(i + 1)
}

// min returns the level with the least key. There is one.
func (s *shelf) min() *Level { return &s.blocks[0].levels[0] }

// max returns the level with the largest key. There is one.
func (s *shelf) max() *Level {
	b := s.blocks[len(s.blocks)-1]
	return &b.levels[b.n-1]
}

// ascend calls f for the levels from a key on, in order, until it returns false.
func (s *shelf) ascend(from int64, f func(key int64, lv *Level) bool) {
	if s.n == 0 {
		return
	}
	i := s.find(from)
	at := s.blocks[i].find(from)
	for _, b := range s.blocks[i:] {
		for ; at < b.n; at++ {
			if !f(b.keys[at], &b.levels[at]) {
				return
			}
		}
		at = 0
	}
}

// clear forgets all levels.
func (s *shelf) clear() {
	for _, b := range s.blocks {
		s.keep(b)
	}
	clear(s.blocks) // or the spare ones beyond the most would live on
	s.n, s.blocks, s.firsts = 0, s.blocks[:0], s.firsts[:0]
}
