package book

import (
	"math/bits"

	"chronos.dev/money"
)

// window holds the levels of a range of prices on a grid, one slot a price. Slots
// are a ring, indexed by the low bits of the grid index, so that moving the range
// moves no level that stays in it. A bit a slot says which are taken, and a bit a
// word of these which words are not zero: the next level is a few instructions
// away, however many there are.
type window struct {
	slots []slot   // a power of two of them
	words []uint64 // by slot
	sums  []uint64 // by word
	base  int64    // least grid index of the range
	n     int
}

// slot is a level without its price.
type slot struct {
	size              money.Size
	priceDec, sizeDec uint8
}

// Sizes of a window, in slots.
const (
	minWindow = 1 << 8
	maxWindow = 1 << 14 // 256 KiB, twice what is needed to hold 5,000 levels a cent apart
)

func newWindow(size int) window {
	words := size / 64
	return window{
		slots: make([]slot, size), words: make([]uint64, words), sums: make([]uint64, (words+63)/64),
	}
}

func (w *window) size() int64 { return int64(len(w.slots)) }

// covers reports whether i is in the range.
func (w *window) covers(i int64) bool { return uint64(i-w.base) < uint64(len(w.slots)) }

func (w *window) at(i int64) int { return int(i & int64(len(w.slots)-1)) }

// put sets the level at i, which the window covers.
func (w *window) put(i int64, s slot) {
	at := w.at(i)
	w.slots[at] = s
	word, bit := at>>6, uint64(1)<<(at&63)
	if w.words[word]&bit == 0 {
		w.words[word] |= bit
		w.sums[word>>6] |= 1 << (word & 63)
		w.n++
	}
}

// take clears the level at i, which the window covers, and reports whether there
// was one.
func (w *window) take(i int64) bool {
	at := w.at(i)
	word, bit := at>>6, uint64(1)<<(at&63)
	if w.words[word]&bit == 0 {
		return false
	}
	if w.words[word] &^= bit; w.words[word] == 0 {
		w.sums[word>>6] &^= 1 << (word & 63)
	}
	w.n--
	return true
}

// up returns the least level at or above i, which the window covers.
func (w *window) up(i int64) (at int64, ok bool) {
	from := w.at(i)
	word := from >> 6
	if m := w.words[word] >> (from & 63); m != 0 {
		at = i + int64(bits.TrailingZeros64(m))
		return at, at < w.base+w.size() // or it has gone around within the word
	}
	if word = w.wordUp(word); word < 0 {
		return 0, false
	}
	to := word<<6 | bits.TrailingZeros64(w.words[word])
	at = i + int64((to-from)&(len(w.slots)-1))
	return at, at > i && at < w.base+w.size()
}

// down returns the largest level at or below i, which the window covers.
func (w *window) down(i int64) (at int64, ok bool) {
	from := w.at(i)
	word := from >> 6
	if m := w.words[word] << (63 - from&63); m != 0 {
		at = i - int64(bits.LeadingZeros64(m))
		return at, at >= w.base
	}
	if word = w.wordDown(word); word < 0 {
		return 0, false
	}
	to := word<<6 | (63 - bits.LeadingZeros64(w.words[word]))
	at = i - int64((from-to)&(len(w.slots)-1))
	return at, at < i && at >= w.base
}

// wordUp returns the next word after one that is not zero, going around, at last the
// one itself; -1 if all are zero.
func (w *window) wordUp(word int) int {
	sum := word >> 6
	m := w.sums[sum] &^ (2<<(word&63) - 1)
	for range len(w.sums) + 1 {
		if m != 0 {
			return sum<<6 | bits.TrailingZeros64(m)
		}
		if sum++; sum == len(w.sums) {
			sum = 0
		}
		m = w.sums[sum]
	}
	return -1
}

// wordDown is wordUp the other way.
func (w *window) wordDown(word int) int {
	sum := word >> 6
	m := w.sums[sum] & (1<<(word&63) - 1)
	for range len(w.sums) + 1 {
		if m != 0 {
			return sum<<6 | (63 - bits.LeadingZeros64(m))
		}
		if sum--; sum < 0 {
			sum = len(w.sums) - 1
		}
		m = w.sums[sum]
	}
	return -1
}

// clear forgets all levels.
func (w *window) clear() {
	clear(w.words)
	clear(w.sums)
	w.n = 0
}
