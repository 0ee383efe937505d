package api

import (
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// gate is a listener that holds no more connections than it should, in all and
// of one address. fasthttp can count too, but turns callers away in plain text.
type gate struct {
	net.Listener
	s *Server

	mu    sync.Mutex
	total int
	each  map[netip.Addr]int
}

func newGate(s *Server, ln net.Listener) *gate {
	return &gate{Listener: ln, s: s, each: map[netip.Addr]int{}}
}

// Accept returns the next connection that there is room for.
func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err // fasthttp knows these by their text
		}
		addr := addressOf(c.RemoteAddr())
		if slug := g.admit(addr); slug != "" {
			g.s.turnConnAway(c, slug)
			continue
		}
		return &gatedConn{Conn: c, gate: g, addr: addr}, nil
	}
}

// admit counts a connection, or says why there is no room for it.
func (g *gate) admit(addr netip.Addr) (slug string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.total >= g.s.opts.Concurrency:
		return "overloaded"
	case g.each[addr] >= g.s.opts.ConnsPerIP:
		return "rate-limited"
	}
	g.total++
	g.each[addr]++
	return ""
}

func (g *gate) release(addr netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total--
	if g.each[addr]--; g.each[addr] == 0 {
		delete(g.each, addr)
	}
}

// gatedConn gives its place back when it is closed.
type gatedConn struct {
	net.Conn
	gate *gate
	addr netip.Addr
	once sync.Once
}

// Close closes the connection.
func (c *gatedConn) Close() error {
	c.once.Do(func() { c.gate.release(c.addr) })
	return c.Conn.Close()
}

// turnConnAway answers before anything was asked. The answer fits the buffer of
// any fresh connection; one that does not take it at once gets none.
func (s *Server) turnConnAway(c net.Conn, slug string) {
	s.metrics.turnedAway.Add(1)
	p := newProblem(slug)
	p.RequestID = string(s.ids.choose(nil, nil))
	body := p.Append(nil)
	head := "HTTP/1.1 " + strconv.Itoa(p.Status) + " " + p.Title +
		"\r\nContent-Type: " + mediaProblem +
		"\r\nX-Content-Type-Options: nosniff" +
		"\r\nCache-Control: no-store" +
		"\r\nRetry-After: 1" +
		"\r\nConnection: close" +
		"\r\nX-Request-Id: " + p.RequestID +
		"\r\nServer-Timing: route;dur=0.000" +
		"\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"
	giveUp := time.AfterFunc(turnAwayPatience, func() { _ = c.Close() })
	defer giveUp.Stop()
	_, _ = c.Write(append([]byte(head), body...))
	_ = c.Close()
}

// turnAwayPatience is how long one caller may hold up the next.
const turnAwayPatience = 100 * time.Millisecond
