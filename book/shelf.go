package book

import (
	"chronos.dev/money"

	"github.com/tidwall/btree"
)

// shelf holds levels by key, in order: those that no window covers. They are few and
// change seldom, so an ordered map of others' making does.
type shelf struct {
	n      int
	levels btree.Map[int64, Level]
}

// set sets a level and reports whether there was one. Load is Set that looks at the
// end first: snapshots come in order.
func (s *shelf) set(key int64, lv *Level) (had bool) {
	_, had = s.levels.Load(key, *lv)
	s.n = s.levels.Len()
	return had
}

// delete removes a level and reports whether there was one.
func (s *shelf) delete(key int64) (had bool) {
	_, had = s.levels.Delete(key)
	s.n = s.levels.Len()
	return had
}

// min returns the level with the least key. There is one.
func (s *shelf) min() *Level {
	_, lv, _ := s.levels.Min()
	return &lv
}

// max returns the level with the largest key. There is one.
func (s *shelf) max() *Level {
	_, lv, _ := s.levels.Max()
	return &lv
}

// ascend calls f for the levels from a key on, in order, until it returns false.
func (s *shelf) ascend(from int64, f func(key int64, lv *Level) bool) {
	s.levels.Ascend(from, func(key int64, lv Level) bool { return f(key, &lv) })
}

// clear forgets all levels.
func (s *shelf) clear() { s.n, s.levels = 0, btree.Map[int64, Level]{} }

// resize multiplies all sizes.
func (s *shelf) resize(by money.Size) {
	var all btree.Map[int64, Level]
	s.levels.Scan(func(key int64, lv Level) bool {
		lv.Size *= by
		all.Load(key, lv)
		return true
	})
	s.levels = all
}
