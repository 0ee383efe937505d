package api

import (
	"net"
	"net/netip"
	"strconv"
	"sync"
)

// The limiter is a GCRA: per address one time, the theoretical arrival of the
// next request if all came evenly. A request is allowed while that time is at
// most one window ahead of now. So a burst of a whole window passes at once, and
// no more than rate requests a window go on passing.
const (
	window      = int64(1e9) // nanoseconds
	shardCount  = 64
	shardLimit  = 2048 // addresses a shard; with all full the rest share one bucket a shard
	sweepPeriod = window
)

type limiter struct {
	rate     int
	interval int64 // nanoseconds between requests that come evenly
	policy   string
	shards   [shardCount]limitShard
}

type limitShard struct {
	mu      sync.Mutex
	next    map[netip.Addr]int64 // theoretical arrival, Unix nanoseconds
	shared  int64                // of addresses that found no place
	sweptAt int64
	_       [64]byte // keep neighbours off the cache line
}

func newLimiter(rate int) *limiter {
	l := &limiter{rate: rate, interval: max(window/int64(rate), 1)}
	l.policy = `"quotes";q=` + strconv.Itoa(rate) + ";w=1"
	for i := range l.shards {
		l.shards[i].next = make(map[netip.Addr]int64)
	}
	return l
}

// limitState is what the limiter says of one request.
type limitState struct {
	on, ok    bool
	remaining int
	wait      int // seconds until there is room for one
}

// append appends the value of the RateLimit field.
func (st limitState) append(dst []byte) []byte {
	dst = append(dst, `"quotes";r=`...)
	dst = strconv.AppendInt(dst, int64(st.remaining), 10)
	return append(dst, ";t=1"...)
}

// take counts one request of an address at now, Unix nanoseconds.
func (l *limiter) take(addr netip.Addr, now int64) limitState { return l.takeMany(addr, now, 1) }

// takeMany counts n requests of an address, all or none. More than a window holds
// are never allowed.
func (l *limiter) takeMany(addr netip.Addr, now int64, n int) limitState {
	sh := &l.shards[shardOf(addr)]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	next, known := sh.next[addr]
	place := known || sh.room(now)
	if !place {
		next = sh.shared
	}
	next = max(next, now)
	after := next + int64(n)*l.interval
	if after > now+window {
		return limitState{on: true, wait: int((after - now - 1) / window)}
	}
	if place {
		sh.next[addr] = after
	} else {
		sh.shared = after
	}
	return limitState{on: true, ok: true, remaining: int((now + window - after) / l.interval)}
}

// room reports whether one more address fits, after forgetting those that are
// back at their full allowance. It looks at most once a period.
func (sh *limitShard) room(now int64) bool {
	if len(sh.next) < shardLimit {
		return true
	}
	if now-sh.sweptAt < sweepPeriod {
		return false
	}
	sh.sweptAt = now
	for a, next := range sh.next {
		if next <= now {
			delete(sh.next, a)
		}
	}
	return len(sh.next) < shardLimit
}

// shardOf mixes the bytes of an address, FNV-1a.
func shardOf(addr netip.Addr) uint32 {
	b := addr.As16()
	h := uint32(2166136261)
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return (h ^ h>>16) % shardCount
}

// addressOf is who a request counts against: an IPv4 address, or the /64 of an
// IPv6 one, since whoever has one address of it has all. Forwarded-for fields
// are not looked at: anybody can write them.
func addressOf(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.IPv6Unspecified()
	}
	addr, ok := netip.AddrFromSlice(tcp.IP)
	if !ok {
		return netip.IPv6Unspecified()
	}
	if addr = addr.Unmap(); addr.Is6() {
		p, _ := addr.Prefix(64)
		addr = p.Addr()
	}
	return addr
}
