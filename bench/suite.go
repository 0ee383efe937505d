package bench

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
)

// Part is one line of the suite: it measures one or more figures whose names begin
// with its own. It must fail where the ways that it measures do not give the same.
type Part struct {
	Name string
	Run  func(k *Kit) ([]Figure, error)
}

// Kit is what a part is given. Its dice depend on seed and part alone, so that a part
// measured by itself does what it does among all.
type Kit struct {
	Rand  *rand.Rand
	Seed  uint64
	Quick bool // to see that it works: measure little
}

// Times is n, or little of it where that is enough.
func (k *Kit) Times(n int) int {
	if k.Quick {
		return max(n/100, 1)
	}
	return n
}

// Suite is what chronos bench engine measures, in this order. A new part is a line
// here.
var Suite = []Part{
	{"book/update/100", func(k *Kit) ([]Figure, error) { return updates(k.Rand, 100, k.Times(50_000)) }},
	{"book/update/1000", func(k *Kit) ([]Figure, error) { return updates(k.Rand, 1000, k.Times(50_000)) }},
	{"book/update/5000", func(k *Kit) ([]Figure, error) { return updates(k.Rand, 5000, k.Times(50_000)) }},
	{"book/consolidated", func(k *Kit) ([]Figure, error) { return one(consolidated(k.Rand, 1000, k.Times(50_000))) }},
	{"book/recorded", recordedUpdates},
	{"book/top50", top},
	{"publish", func(k *Kit) ([]Figure, error) { return one(publications(k.Rand, 100, k.Times(2000))) }},
	{"publish/ways", func(k *Kit) ([]Figure, error) { return publishers(k.Times(2000)) }},
	{"quote/levels", depths},
	{"quote/pair/0.05", func(k *Kit) ([]Figure, error) { return quotes(k.Rand, 0.0005, 1.0/5, k.Times(2000)) }},
	{"quote/pair/2", func(k *Kit) ([]Figure, error) { return quotes(k.Rand, 0.02, 1.0/10, k.Times(2000)) }},
	{"quote/pair/25", func(k *Kit) ([]Figure, error) { return quotes(k.Rand, 0.25, 1.0/40, k.Times(2000)) }},
	{"quote/feed", func(k *Kit) ([]Figure, error) { return one(underFeed(k.Seed, k.Times(20_000))) }},
	{"route/3hop/10", func(k *Kit) ([]Figure, error) { return paths(k, 10) }},
	{"route/3hop/30", func(k *Kit) ([]Figure, error) { return paths(k, 30) }},
	{"route/cert", certificates},
	{"num", arithmetic},
	{"growth/venues", growVenues},
	{"growth/levels", growLevels},
	{"growth/assets", growAssets},
}

func one(f Figure, err error) ([]Figure, error) { return []Figure{f}, err }

// Measure runs parts one after the other, and tells which it begins. What this
// machine has no data for is named in notRun.
func Measure(parts []Part, seed uint64, quick bool, told func(name string)) (all []Figure, notRun []string, err error) {
	for _, p := range parts {
		told(p.Name)
		h := fnv.New64a()
		_, _ = h.Write([]byte(p.Name))
		f, err := p.Run(&Kit{rand.New(rand.NewPCG(seed, h.Sum64())), seed, quick})
		if errors.Is(err, ErrNotHere) {
			notRun = append(notRun, fmt.Sprintf("%s: %v", p.Name, err))
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		all = append(all, f...)
	}
	return all, notRun, nil
}
