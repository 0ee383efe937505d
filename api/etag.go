package api

import (
	"bytes"
	"strconv"

	"chronos.dev/engine"
	"chronos.dev/engine/plan"
)

// A price is the same as one that a caller has, if it is of the same amounts, has the
// same bound and confidence, and every side that it uses is at the same version:
// whatever else has moved in the market, there is nothing to tell. So its tag is weak:
// the body also says when it was computed.

// tag appends the entity tag of a plan, and of what is said beside it.
func tag(dst []byte, pl *plan.Plan, said []byte) []byte {
	const prime = 1099511628211 // FNV-1a, 64 bits
	h := uint64(14695981039346656037)
	mix := func(v uint64) {
		for range 8 {
			h = (h ^ v&0xff) * prime
			v >>= 8
		}
	}
	for _, c := range said {
		h = (h ^ uint64(c)) * prime
	}
	mix(uint64(pl.In))
	mix(uint64(pl.Out))
	mix(uint64(pl.Bound.Amount))
	for i := range pl.Bound.Sides {
		d := &pl.Bound.Sides[i]
		for j := range len(d.Key.Venue) {
			h = (h ^ uint64(d.Key.Venue[j])) * prime
		}
		mix(d.Epoch)
		mix(d.Seq)
	}
	for i := range pl.Routes {
		for j := range pl.Routes[i].Legs {
			mix(uint64(pl.Routes[i].Legs[j].In))
		}
	}
	dst = append(dst, `W/"`...)
	dst = strconv.AppendUint(dst, h, 36)
	return append(dst, '"')
}

// unchanged notes the tag of a price, and answers 304 if the caller has it.
func (r *request) unchanged(p *engine.Price) bool {
	r.said = r.said[:0]
	if c := r.pricer.confidence; c != nil {
		r.said, _ = c.AppendConfidence(r.said, p)
	}
	r.etag = tag(r.etag[:0], &p.Plan, r.said)
	if !bytes.Contains(r.ifNoneMatch, r.etag) {
		return false
	}
	r.status, r.cache = 304, cachePrice
	r.out.Reset(r.out.B[:0])
	return true
}
