package jscan

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// frame is a book update in the shapes that venues use.
const frame = `{"channel":"book","type":"update","data":[{"symbol":"BTC/USD",` +
	`"bids":[{"price":45283.5,"qty":0.1},["45283.4","1.00","1534614248"]],"asks":[],` +
	`"checksum":3310070434,"timestamp":"2023-10-06T17:35:55.440295Z","last":null,"ok":true}]}`

// BenchmarkSkip reads one book update of about 250 bytes.
func BenchmarkSkip(b *testing.B) {
	var s Scanner
	in := []byte(frame)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		s.Reset(in)
		if err := s.Skip(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestHostileCost: a byte of the worst frame costs a bounded multiple of a byte
// of a usual one: at most 6 when this was written, 50 without the hash set.
func TestHostileCost(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	const size = 1 << 20
	fill := func(part string) string { return "[" + strings.Repeat(part+",", size/len(part)) + "0]" }
	usual := costPerByte(t, fill(frame))
	shapes := map[string]string{
		"objects of the most keys": fill(keysOf(MaxKeys, "")),
		"objects of few keys":      fill(keysOf(fewKeys, "")),
		"long keys of one prefix":  keysOf(fewKeys, strings.Repeat("x", size/fewKeys)),
		"many long keys":           keysOf(MaxKeys, strings.Repeat("x", size/MaxKeys)),
		"escaped keys":             fill(keysOf(MaxKeys, `\n`)),
		"an escape in every byte":  `"` + strings.Repeat(`\n`, size/2) + `"`,
		"nothing but space":        strings.Repeat(" ", size) + "1",
		"empty containers":         fill("[{}]"),
	}
	for name, in := range shapes {
		t.Run(name, func(t *testing.T) {
			if got := costPerByte(t, in); got > 25*usual {
				t.Errorf("%.1f ns a byte, %.1f for a usual frame", got, usual)
			}
		})
	}
}

// costPerByte returns the nanoseconds a byte of the quickest of three scans.
func costPerByte(t *testing.T, in string) float64 {
	best := math.MaxFloat64
	var s Scanner
	for range 3 {
		start := time.Now()
		s.Reset([]byte(in))
		if err := s.Skip(); err != nil {
			t.Fatalf("%.50s: %v", in, err)
		}
		best = min(best, float64(time.Since(start).Nanoseconds())/float64(len(in)))
	}
	return best
}

// keysOf returns an object of n keys that begin with prefix.
func keysOf(n int, prefix string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%s%x":1`, prefix, i)
	}
	return "{" + b.String()[1:] + "}"
}
