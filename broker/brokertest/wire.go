package brokertest

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"
)

// Wire is a network between a Cluster and its broker that can fail. Its zero
// value works; it is safe for concurrent use.
type Wire struct {
	mu     sync.Mutex
	conns  map[*wireConn]struct{}
	hung   chan struct{} // non-nil while bytes of the broker do not arrive
	dead   bool          // new connections fail
	losing int           // answers to lose
}

// Dial connects over TCP.
func (w *Wire) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	dead := w.dead
	w.mu.Unlock()
	if dead {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errCut}
	}
	nc, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &wireConn{Conn: nc, wire: w, closed: make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conns == nil {
		w.conns = make(map[*wireConn]struct{})
	}
	w.conns[c] = struct{}{}
	return c, nil
}

// Hang lets no byte of the broker through until Mend.
func (w *Wire) Hang() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hung == nil {
		w.hung = make(chan struct{})
	}
}

// Cut closes all connections and refuses new ones until Mend.
func (w *Wire) Cut() {
	w.mu.Lock()
	w.dead = true
	w.mu.Unlock()
	w.closeAll()
}

// Lose closes the connection instead of passing on what the broker sends next, n
// times: the broker has done its work and its answer is lost.
func (w *Wire) Lose(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.losing = n
}

// Mend ends Hang and Cut.
func (w *Wire) Mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = false
	if w.hung != nil {
		close(w.hung)
		w.hung = nil
	}
}

// Open returns the number of open connections.
func (w *Wire) Open() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.conns)
}

func (w *Wire) closeAll() {
	w.mu.Lock()
	conns := make([]*wireConn, 0, len(w.conns))
	for c := range w.conns {
		conns = append(conns, c)
	}
	w.mu.Unlock()
	for _, c := range conns {
		c.Close()
	}
}

type wireConn struct {
	net.Conn
	wire   *Wire
	once   sync.Once
	closed chan struct{}

	mu       sync.Mutex
	deadline time.Time
}

func (c *wireConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	c.deadline = t
	c.mu.Unlock()
	return c.Conn.SetReadDeadline(t)
}

func (c *wireConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	c.deadline = t
	c.mu.Unlock()
	return c.Conn.SetDeadline(t)
}

func (c *wireConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.wire.mu.Lock()
	hung := c.wire.hung
	lose := err == nil && c.wire.losing > 0
	if lose {
		c.wire.losing--
	}
	c.wire.mu.Unlock()
	if lose {
		c.Close()
		return 0, errCut
	}
	if hung == nil || err != nil {
		return n, err
	}
	return c.wait(n, hung)
}

// wait holds back what was read until the wire is mended, the connection closed
// or its deadline over.
func (c *wireConn) wait(n int, hung chan struct{}) (int, error) {
	c.mu.Lock()
	deadline := c.deadline
	c.mu.Unlock()
	var late <-chan time.Time
	if !deadline.IsZero() {
		t := time.NewTimer(time.Until(deadline))
		defer t.Stop()
		late = t.C
	}
	select {
	case <-hung:
		return n, nil
	case <-c.closed:
		return 0, net.ErrClosed
	case <-late:
		c.Close()
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: context.DeadlineExceeded}
	}
}

func (c *wireConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.wire.mu.Lock()
		delete(c.wire.conns, c)
		c.wire.mu.Unlock()
	})
	return c.Conn.Close()
}

// BlackHole returns the address of a listener that accepts and never answers.
func BlackHole(tb testing.TB) string {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
		}
	}()
	tb.Cleanup(func() {
		ln.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range conns {
			c.Close()
		}
	})
	return ln.Addr().String()
}
