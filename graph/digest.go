package graph

import (
	"crypto/sha256"
	"encoding/binary"
	"sync/atomic"

	"chronos.dev/market"
)

// Digest is the SHA-256 of what a side offers: the text "chronos-side-v1", venue,
// market and "sell" or "buy", each ended by a line feed, then for every arc, best
// rate first, In and Out as eight bytes, big end first. Of a side with options it is
// of the text "chronos-options-v1", the same names, and for every option its tier,
// settlement in milliseconds, the In and Out of its entry, the number of arcs that
// follow, and these.
type Digest [sha256.Size]byte

// digests keeps what was computed for a state, which never changes.
type digests [2]atomic.Pointer[Digest]

// Digest returns the digest of what the market of key offers in state s out of
// its base (sell) or quote. It is computed once.
func (s *State) Digest(key market.Key, sell bool) *Digest {
	at, side, name := &s.digests[0], &s.Sell, "sell"
	if !sell {
		at, side, name = &s.digests[1], &s.Buy, "buy"
	}
	if d := at.Load(); d != nil {
		return d
	}
	b := make([]byte, 0, 128+16*len(side.Arcs))
	kind := "chronos-side-v1\n"
	if len(side.Options) > 0 {
		kind = "chronos-options-v1\n"
	}
	b = append(append(b, kind...), key.Venue...)
	b = append(append(append(b, '\n'), key.Pair.String()...), '\n')
	b = append(append(b, name...), '\n')
	b = appendArcs(b, side.Arcs)
	for i := range side.Options {
		o := &side.Options[i]
		b = binary.BigEndian.AppendUint64(b, uint64(o.Tier))
		b = binary.BigEndian.AppendUint64(b, uint64(o.Settle.Milliseconds()))
		b = appendArcs(b, []Arc{o.Entry})
		b = appendArcs(binary.BigEndian.AppendUint64(b, uint64(len(o.More))), o.More)
	}
	d := Digest(sha256.Sum256(b))
	at.Store(&d)
	return &d
}

func appendArcs(b []byte, arcs []Arc) []byte {
	for _, a := range arcs {
		b = binary.BigEndian.AppendUint64(b, uint64(a.In))
		b = binary.BigEndian.AppendUint64(b, uint64(a.Out))
	}
	return b
}
