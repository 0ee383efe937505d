package graph

import (
	"crypto/sha256"
	"encoding/binary"
	"sync/atomic"

	"chronos.dev/market"
)

// Digest is the SHA-256 of what a side offers: the text "chronos-side-v1", venue,
// market and "sell" or "buy", each ended by a line feed, then for every arc, best
// rate first, In and Out as eight bytes, big end first.
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
	b = append(append(b, "chronos-side-v1\n"...), key.Venue...)
	b = append(append(append(b, '\n'), key.Pair.String()...), '\n')
	b = append(append(b, name...), '\n')
	for _, a := range side.Arcs {
		b = binary.BigEndian.AppendUint64(b, uint64(a.In))
		b = binary.BigEndian.AppendUint64(b, uint64(a.Out))
	}
	d := Digest(sha256.Sum256(b))
	at.Store(&d)
	return &d
}
