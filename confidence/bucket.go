package confidence

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Facts describe an order and its market in plain numbers. Every value has a
// class: what is out of range or not known falls into the class "unknown", which
// is sampled like the others.
type Facts struct {
	Hubs    int           // how many of the two assets are hubs, 0 to 2
	Dollars int64         // worth of the order in whole US dollars; negative: not known
	Hops    int           // most legs of a route of the answer, 1 to 3
	Horizon time.Duration // from quote to expiry

	// Spread is the difference of best ask and best bid over their middle, of the
	// widest hop; negative where the pair is crossed.
	Spread      Change
	SpreadKnown bool
	// Volatility is the root of the sum of squared changes of the middle over the
	// last minutes, for one minute (RealisedVolatility), of the wildest hop.
	Volatility      Change
	VolatilityKnown bool
}

// dimension is one part of a bucket: value v falls into the first class whose
// limit is at least v, or into the one after the last limit.
type dimension struct {
	name    string
	limits  []int64
	classes []string // one more than limits, or as many where above the last is unknown
}

// The dimensions in the order of a bucket's text.
const (
	pairDim = iota
	sizeDim
	hopsDim
	spreadDim
	volDim
	horizonDim
	dims
)

// Classes before those of a dimension's own.
const (
	anyClass     = iota // in coarser buckets only
	unknownClass        // not known or out of range
	firstClass
)

const ms = int64(time.Millisecond)

// dimensions hold the limits, each inclusive. Sizes are the decades of the
// routing figures; spreads and volatilities split a liquid market from a
// disturbed one: a yearly volatility of 50 % is 6.9 bps a minute. Horizons are
// the usual lives of a quote: a horizon in between counts as the next longer
// one, whose changes are larger.
var dimensions = [dims]dimension{
	{"pair", []int64{0, 1, 2}, []string{"spokes", "hub-spoke", "hubs"}},
	{
		"size", []int64{1_000, 10_000, 100_000, 1_000_000, 10_000_000},
		[]string{"to-1k", "to-10k", "to-100k", "to-1m", "to-10m", "over-10m"},
	},
	{"hops", []int64{1, 2, 3}, []string{"1", "2", "3"}},
	{
		"spread", []int64{-1, int64(BP), 5 * int64(BP), 20 * int64(BP)},
		[]string{"crossed", "to-1bp", "to-5bp", "to-20bp", "over-20bp"},
	},
	{
		"vol", []int64{2 * int64(BP), 5 * int64(BP), 10 * int64(BP), 25 * int64(BP)},
		[]string{"to-2bp", "to-5bp", "to-10bp", "to-25bp", "over-25bp"},
	},
	{
		"horizon", []int64{250 * ms, 500 * ms, 1000 * ms, 2000 * ms, 5000 * ms, 10_000 * ms, 30_000 * ms, 60_000 * ms},
		[]string{"250ms", "500ms", "1s", "2s", "5s", "10s", "30s", "60s"},
	},
}

// Bucket is a class of orders in a class of markets. Two buckets are compared
// with ==. The zero Bucket is never sampled.
type Bucket struct{ c [dims]uint8 }

// Classify returns the bucket of f. It is defined for every value.
func Classify(f Facts) Bucket {
	var b Bucket
	b.c[pairDim] = class(pairDim, int64(f.Hubs), f.Hubs >= 0)
	b.c[sizeDim] = class(sizeDim, f.Dollars, f.Dollars >= 0)
	b.c[hopsDim] = class(hopsDim, int64(f.Hops), f.Hops >= 1)
	b.c[spreadDim] = class(spreadDim, int64(f.Spread), f.SpreadKnown)
	b.c[volDim] = class(volDim, int64(f.Volatility), f.VolatilityKnown && f.Volatility >= 0)
	b.c[horizonDim] = class(horizonDim, int64(f.Horizon), f.Horizon > 0)
	return b
}

func class(dim int, v int64, known bool) uint8 {
	d := &dimensions[dim]
	i := 0
	for i < len(d.limits) && v > d.limits[i] {
		i++
	}
	if !known || i == len(d.classes) {
		return unknownClass
	}
	return uint8(firstClass + i)
}

// Horizon is how long after the first answer the outcome of a sample of b is
// taken, 0 where b has no sampled horizon.
func (b Bucket) Horizon() time.Duration {
	if b.c[horizonDim] < firstClass {
		return 0
	}
	return time.Duration(dimensions[horizonDim].limits[b.c[horizonDim]-firstClass])
}

// Horizons returns the horizons that are sampled, the shortest first.
func Horizons() []time.Duration {
	var hs []time.Duration
	for _, l := range dimensions[horizonDim].limits {
		hs = append(hs, time.Duration(l))
	}
	return hs
}

// The ladder of coarser buckets: what the samples of a step are mixed over, step
// by step. Size, hops and horizon are never mixed.
var coarser = [...]int{volDim, spreadDim, pairDim}

// steps is the number of buckets a sample is in.
const steps = 1 + len(coarser)

// Coarser returns b mixed over volatilities (step 1), also over spreads (2),
// also over pairs (3); b itself for step 0. A step above 3 counts as 3.
func (b Bucket) Coarser(step int) Bucket {
	for _, dim := range coarser[:max(0, min(step, len(coarser)))] {
		b.c[dim] = anyClass
	}
	return b
}

// Step says how coarse b is: 0 for a bucket of Classify, 1 to 3 for one of
// Coarser, -1 for any other.
func (b Bucket) Step() int {
	n := 0
	for _, c := range b.c {
		if c == anyClass {
			n++
		}
	}
	if n > len(coarser) {
		return -1
	}
	for _, dim := range coarser[:n] {
		if b.c[dim] != anyClass {
			return -1
		}
	}
	return n
}

// AppendText appends the one text form of b, such as
// "pair:hubs/size:to-10k/hops:1/spread:to-1bp/vol:to-2bp/horizon:5s".
func (b Bucket) AppendText(dst []byte) []byte {
	for dim, c := range b.c {
		if dim > 0 {
			dst = append(dst, '/')
		}
		d := &dimensions[dim]
		dst = append(append(dst, d.name...), ':')
		switch c {
		case anyClass:
			dst = append(dst, "any"...)
		case unknownClass:
			dst = append(dst, "unknown"...)
		default:
			dst = append(dst, d.classes[c-firstClass]...)
		}
	}
	return dst
}

// String is the text of AppendText.
func (b Bucket) String() string { return string(b.AppendText(nil)) }

// ParseBucket reads the text form of a bucket, and no other form.
func ParseBucket(text string) (Bucket, error) {
	var b Bucket
	parts := strings.SplitN(text, "/", dims+1)
	if len(parts) != dims {
		return b, fmt.Errorf("confidence: bucket %.80q: want %d parts", text, dims)
	}
	for dim := range dims {
		d := &dimensions[dim]
		name, value, _ := strings.Cut(parts[dim], ":")
		c := d.named(value)
		if name != d.name || c < 0 {
			return Bucket{}, fmt.Errorf("confidence: bucket %.80q: want a class of %s", text, d.name)
		}
		b.c[dim] = uint8(c)
	}
	if b.Step() < 0 {
		return Bucket{}, fmt.Errorf("confidence: bucket %.80q is no step of the ladder", text)
	}
	return b, nil
}

// named returns the class of a name, negative if there is none.
func (d *dimension) named(value string) int {
	switch value {
	case "any":
		return anyClass
	case "unknown":
		return unknownClass
	}
	for i, n := range d.classes {
		if n == value {
			return firstClass + i
		}
	}
	return -1
}

// compare orders buckets by their classes, for files and reports.
func compare(a, b Bucket) int {
	for dim := range a.c {
		if a.c[dim] != b.c[dim] {
			return int(a.c[dim]) - int(b.c[dim])
		}
	}
	return 0
}

// RealisedVolatility is the root of the sum of the squared changes over span,
// for one minute, and whether there was anything to compute it from. A sum
// beyond the range counts as MaxChange.
func RealisedVolatility(changes []Change, span time.Duration) (Change, bool) {
	if len(changes) == 0 || span <= 0 {
		return 0, false
	}
	sum := 0.0
	for _, c := range changes {
		sum += float64(c) * float64(c)
	}
	return Change(min(math.Sqrt(sum*float64(time.Minute)/float64(span)), float64(MaxChange))), true
}
