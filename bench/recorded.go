package bench

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"chronos.dev/book"
	"chronos.dev/feed/capture"
	"chronos.dev/feed/venue/all"
	"chronos.dev/market"
	"chronos.dev/money"

	"github.com/tidwall/btree"
)

// ErrNotHere says that this machine lacks what a part measures on: the part is left
// out, and named.
var ErrNotHere = errors.New("not on this machine")

// mostRecorded bounds the levels of one measurement.
const mostRecorded = 300_000

// recorded is what was recorded of one book: events that the book took, and the
// same as a tree takes them, prices at one scale.
type recorded struct {
	rules  market.BookRules
	events []market.Event
	steps  []step
	book   *book.Book // that lives on from pass to pass, as one does from day to day
}

// step is an event for trees.
type step struct {
	fresh   bool // a snapshot
	changes []change
}

// Scales of recorded levels in trees.
const recordedPrice, recordedSize = 10, 10

// captures is the folder of recorded sessions.
func captures() (*capture.Folder, error) {
	dir := cmp.Or(os.Getenv("CHRONOS_CAPTURES"), filepath.Join("..", "shared", "data"))
	if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err != nil {
		return nil, fmt.Errorf("%w: recorded captures in %s; CHRONOS_CAPTURES names another folder", ErrNotHere, dir)
	}
	return capture.Open(dir)
}

// record reads all captures into books, as many levels as are allowed.
func record() (books []*recorded, levels int, err error) {
	folder, err := captures()
	if err != nil {
		return nil, 0, err
	}
	defer folder.Close()
	for i := range folder.Entries {
		spec, ok := capture.Match(all.Specs, &folder.Entries[i])
		if !ok || levels > mostRecorded {
			continue
		}
		frames, err := folder.Load(&folder.Entries[i])
		if err != nil {
			return nil, 0, err
		}
		bySymbol := map[string]*recorded{}
		s := capture.NewSession(spec)
		s.OnEvent = func(e *market.Event, err error) {
			if err != nil || e.Kind != market.Snapshot && e.Kind != market.Delta {
				return
			}
			b := bySymbol[e.Symbol]
			if b == nil {
				rules := spec.Rules(e.Symbol)
				rules.Checksum = nil // trees have none
				b = &recorded{rules: rules}
				bySymbol[e.Symbol], books = b, append(books, b)
			}
			if b.add(e) {
				levels += len(e.Levels)
			}
		}
		for f := range frames {
			_ = s.Play(&frames[f]) // what a decoder refuses is no event
		}
	}
	return books, levels, nil
}

// add keeps a copy of an event if trees can hold it.
func (r *recorded) add(e *market.Event) bool {
	st := step{fresh: e.Kind == market.Snapshot}
	for _, l := range e.Levels {
		price, err1 := l.Price.At(recordedPrice)
		size, err2 := l.Size.At(recordedSize)
		if err1 != nil || err2 != nil {
			return false
		}
		st.changes = append(st.changes, change{l.Side, price, size})
	}
	kept := *e
	kept.Levels = slices.Clone(e.Levels)
	r.events, r.steps = append(r.events, kept), append(r.steps, st)
	return true
}

// later is how many epochs a pass comes after the one before.
const later = 1 << 20

// play gives the events to a book of ours, each pass in later epochs.
func (r *recorded) play() *book.Book {
	if r.book == nil {
		r.book = book.New(r.rules)
	}
	for i := range r.events {
		e := &r.events[i]
		e.Epoch += later
		_ = r.book.Apply(e) // an event that was refused then is refused now
	}
	return r.book
}

// playTree gives them to trees, which hold as many levels as the venue keeps.
func (r *recorded) playTree() *trees {
	t := &trees{}
	for i := range r.steps {
		s := &r.steps[i]
		if s.fresh {
			t.sides = [2]btree.Map[int64, int64]{}
		}
		for _, c := range s.changes {
			t.set(c)
		}
		for k := range t.sides {
			for r.rules.Depth > 0 && t.sides[k].Len() > r.rules.Depth {
				t.sides[k].PopMax()
			}
		}
	}
	return t
}

// same reports whether both ways end a pass with the same book.
func (r *recorded) same() bool {
	v := r.play().Publish()
	var got []int64
	for _, l := range slices.Concat(v.Bids, v.Asks) {
		price, err1 := money.Num{Coef: int64(l.Price), Scale: v.PriceScale}.At(recordedPrice)
		size, err2 := money.Num{Coef: int64(l.Size), Scale: v.SizeScale}.At(recordedSize)
		if err1 != nil || err2 != nil {
			return false
		}
		got = append(got, price, size)
	}
	return slices.Equal(got, r.playTree().levels(nil))
}

// recordedUpdates measures all that was recorded, from the first snapshot of every
// book to its end.
func recordedUpdates(k *Kit) ([]Figure, error) {
	books, _, err := record()
	if err != nil {
		return nil, err
	}
	levels := 0
	held := books[:0]
	for _, b := range books {
		if b.same() {
			held = append(held, b)
			for _, s := range b.steps {
				levels += len(s.changes)
			}
		}
	}
	if len(held) == 0 || len(held)*10 < len(books)*9 {
		return nil, fmt.Errorf("bench: %d of %d recorded books end as the tree does", len(held), len(books))
	}
	if k.Quick {
		held = held[:1]
	}
	what := fmt.Sprintf("recorded level, of %d in %d books of captures", levels, len(held))
	return []Figure{Duel("book/recorded", what, levels,
		Way{Do: func(int) {
			for _, b := range held {
				b.play()
			}
		}},
		Way{"tidwall Map", 1.0 / 4, func(int) {
			for _, b := range held {
				b.playTree()
			}
		}})}, nil
}

// top measures a reader's walk over the 50 best levels a side of books of 1,000.
func top(k *Kit) ([]Figure, error) {
	const best, drawn = 50, 4096
	var views [books]*book.View
	var maps [books]*trees
	for i := range books {
		first, then := changes(k.Rand, 1000, drawn)
		o, t := newOurs(first), &trees{}
		for _, c := range slices.Concat(first, then) {
			t.set(c)
		}
		for _, c := range then {
			o.set(c)
		}
		views[i], maps[i] = o.book.Publish(), t
	}
	walk := func(i int) (sum int64) {
		v := views[i]
		for _, side := range [2][]book.Level{v.Bids, v.Asks} {
			for j := range side[:best] {
				sum += int64(side[j].Price) ^ int64(side[j].Size)
			}
		}
		return sum
	}
	scan := func(i int) (sum int64) {
		for s := range maps[i].sides {
			n := 0
			maps[i].sides[s].Scan(func(key, size int64) bool {
				sum += max(key, -key) ^ size
				n++
				return n < best
			})
		}
		return sum
	}
	for i := range books {
		if walk(i) != scan(i) {
			return nil, fmt.Errorf("bench: the best levels of book %d are others in a tree", i)
		}
	}
	sink := int64(0)
	do := func(f func(int) int64) func(int) {
		return func(times int) {
			for n := range times {
				sink += f(n % books)
			}
		}
	}
	return []Figure{Duel("book/top50", "walk over 50 levels a side, published", k.Times(20_000),
		Way{Do: do(walk)}, Way{"tidwall Map Scan", 0.7, do(scan)})}, nil
}
