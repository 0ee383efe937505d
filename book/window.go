package book

import (
	"math/bits"

	"chronos.dev/money"
)

// window holds the levels of a range of keys, one slot a key. Slots are a ring,
// indexed by the low bits of the key, so that moving the range moves no level that
// stays in it. A bit a slot says which are taken, and a bit a word of these which
// words are not zero: the next level is a few instructions away, however many there
// are. The zero window covers nothing.
type window struct {
	slots []slot   // a power of two of them
	words []uint64 // by slot
	base  int64    // least key of the range, a multiple of 64
	n     int
	sums  [maxWindow / 64 / 64]uint64 // by word
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
	return window{slots: make([]slot, size), words: make([]uint64, size/64)}
}

func (w *window) size() int64 { return int64(len(w.slots)) }

// covers reports whether k is in the range.
func (w *window) covers(k int64) bool { return uint64(k-w.base) < uint64(len(w.slots)) }

func (w *window) at(k int64) uint { return uint(k) & uint(len(w.slots)-1) }

// put sets the level at k, which the window covers.
func (w *window) put(k int64, s slot) {
	at := w.at(k)
	w.slots[at] = s
	word := at >> 6
	old := w.words[word]
	w.words[word] = old | 1<<(at&63)
	w.sums[word>>6%uint(len(w.sums))] |= 1 << (word & 63)
	w.n += int(^old >> (at & 63) & 1) // no branch: new levels and new sizes come mixed
}

// take clears the level at k, which the window covers, and reports whether there
// was one.
func (w *window) take(k int64) bool {
	at := w.at(k)
	word, bit := at>>6, uint64(1)<<(at&63)
	if w.words[word]&bit == 0 {
		return false
	}
	if w.words[word] &^= bit; w.words[word] == 0 {
		w.sums[word>>6%uint(len(w.sums))] &^= 1 << (word & 63)
	}
	w.n--
	return true
}

// first returns the least key that is taken.
func (w *window) first() (k int64, ok bool) {
	if w.n == 0 {
		return 0, false
	}
	return w.up(w.base)
}

// after returns the least key above k that is taken. The window covers k.
func (w *window) after(k int64) (int64, bool) {
	if k++; !w.covers(k) {
		return 0, false
	}
	return w.up(k)
}

// up returns the least key at or above k that is taken. The window covers k.
func (w *window) up(k int64) (at int64, ok bool) {
	from := w.at(k)
	word := from >> 6
	if m := w.words[word] >> (from & 63); m != 0 {
		return k + int64(bits.TrailingZeros64(m)), true
	}
	word, ok = w.wordUp(word)
	if !ok {
		return 0, false
	}
	to := word<<6 | uint(bits.TrailingZeros64(w.words[word]))
	at = k + int64((to-from)&uint(len(w.slots)-1))
	return at, w.covers(at) // or it has gone around
}

// wordUp returns the next word after one that is not zero, going around, at last the
// one itself.
func (w *window) wordUp(word uint) (next uint, ok bool) {
	sum := word >> 6 % uint(len(w.sums))
	m := w.sums[sum] &^ (2<<(word&63) - 1)
	for range len(w.sums) + 1 {
		if m != 0 {
			return sum<<6 | uint(bits.TrailingZeros64(m)), true
		}
		sum = (sum + 1) % uint(len(w.sums))
		m = w.sums[sum]
	}
	return 0, false
}

// last returns the largest key that is taken.
func (w *window) last() (k int64, ok bool) {
	if w.n == 0 {
		return 0, false
	}
	end := w.at(w.base) >> 6 // the word behind the last one
	sum := end >> 6 % uint(len(w.sums))
	m := w.sums[sum] & (1<<(end&63) - 1)
	for m == 0 {
		sum = (sum - 1) % uint(len(w.sums))
		m = w.sums[sum]
	}
	word := sum<<6 | uint(bits.Len64(m)-1)
	at := word<<6 | uint(bits.Len64(w.words[word])-1)
	return w.base + int64((at-end<<6)&uint(len(w.slots)-1)), true
}

// clear forgets all levels.
func (w *window) clear() {
	if w.n > 0 {
		clear(w.words)
		w.sums = [len(w.sums)]uint64{}
		w.n = 0
	}
}
