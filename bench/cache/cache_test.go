// Package cache measures what a cache in front of prices would cost. It is a module
// of its own, so that the product does not link what it does not use. From this
// folder: go test -bench .
package cache

import (
	"testing"

	"github.com/dgraph-io/ristretto/v2"
)

// body is as long as a price.
const body = 2400

func newCache(b *testing.B, held int) *ristretto.Cache[uint64, []byte] {
	c, err := ristretto.NewCache(&ristretto.Config[uint64, []byte]{NumCounters: 1e6, MaxCost: 64 << 20, BufferItems: 64})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	for i := range held {
		c.Set(uint64(i), make([]byte, body), body)
	}
	c.Wait()
	return c
}

// BenchmarkGet finds a body and copies it into an answer.
func BenchmarkGet(b *testing.B) {
	c, answer, found := newCache(b, 1000), make([]byte, 0, body), 0
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		if v, ok := c.Get(i % 1000); ok {
			answer = append(answer[:0], v...)
			found++
		}
	}
	if found == 0 {
		b.Error("nothing was found")
	}
}

// BenchmarkMiss asks for what is not there.
func BenchmarkMiss(b *testing.B) {
	c := newCache(b, 1000)
	b.ReportAllocs()
	for i := uint64(1000); b.Loop(); i++ {
		if _, ok := c.Get(i); ok {
			b.Fatal("found what was never set")
		}
	}
}

// BenchmarkSet keeps a copy of a fresh body under a fresh key.
func BenchmarkSet(b *testing.B) {
	c := newCache(b, 0)
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		c.Set(i, make([]byte, body), body)
	}
}
