package api

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"sync/atomic"
)

// maxRequestID is the longest id that is taken from a caller.
const maxRequestID = 64

// requestIDs makes ids: rq_, 12 digits drawn when the process began, and a
// count, so that ids sort within a process and do not meet across processes.
type requestIDs struct {
	process [12]byte
	n       atomic.Uint64
}

func (ids *requestIDs) seed() {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	hex.Encode(ids.process[:], b[:])
}

// choose appends the caller's id if it can be one, else a new one.
func (ids *requestIDs) choose(dst, asked []byte) []byte {
	if validRequestID(asked) {
		return append(dst, asked...)
	}
	dst = append(dst, "rq_"...)
	dst = append(dst, ids.process[:]...)
	n := ids.n.Add(1)
	for digit := uint64(1e9); digit > n && digit > 1; digit /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendUint(dst, n, 10)
}

// validRequestID keeps what could break a log line or a header out of both.
func validRequestID(id []byte) bool {
	for _, c := range id {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '-', c == '_', c == '.', c == ':', c == '+', c == '/', c == '=':
		default:
			return false
		}
	}
	return len(id) > 0 && len(id) <= maxRequestID
}
