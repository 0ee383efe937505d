package load

import (
	"bufio"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"chronos.dev/bench/meter"

	"github.com/valyala/fasthttp"
)

// States of a connection.
const (
	idle    int32 = iota // in run.free
	carries              // the sender has taken it, an answer is owed
	broken               // in run.free, ended by the server while idle
	absent               // taken while broken: its reader puts it back
)

// Samples of bodies: every sampleEvery-th of a connection, and not more than
// maxSamples.
const (
	sampleEvery = 64
	maxSamples  = 64
)

// maxBody is the most bytes of an answer that are read.
const maxBody = 16 << 20

// conn is one connection. The sender has it from take to write, its reader all
// the rest.
type conn struct {
	run       *run
	state     atomic.Int32
	due, sent time.Time // of the request that is on its way

	mu  sync.Mutex // guards net against close
	net net.Conn
	in  *bufio.Reader

	got     int // answers to what was written last
	answers int64
	ok      int64
	latency *meter.Times
	errors  map[string]int64
	samples [][]byte
	early   windows
}

func newConn(r *run) *conn {
	return &conn{run: r, latency: meter.NewTimes(), errors: map[string]int64{}, in: bufio.NewReaderSize(nil, 64<<10)}
}

func (c *conn) dial() error {
	n, err := net.DialTimeout("tcp", c.run.opt.Addr, min(c.run.opt.Timeout, 10*time.Second))
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.net = n
	c.in.Reset(n)
	if c.run.closed.Load() {
		n.Close()
	}
	return nil
}

func (c *conn) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.net.Close()
}

// take reports whether the connection can be written to. If not, its reader puts
// it back once it can.
func (c *conn) take() bool {
	for !c.state.CompareAndSwap(idle, carries) {
		if c.state.CompareAndSwap(broken, absent) {
			return false
		}
	}
	return true
}

// write sends a request. That the connection is broken its reader notices.
func (c *conn) write(request []byte) { _, _ = c.net.Write(request) }

// read reads answers until the run ends.
func (c *conn) read() {
	var answer fasthttp.Response
	for {
		err := answer.ReadLimitBody(c.in, maxBody)
		switch {
		case err == nil && c.state.Load() == carries:
			c.note(&answer)
			if c.got++; c.got < c.run.opt.Together && !answer.ConnectionClose() {
				continue
			}
			c.lose(c.run.opt.Together - c.got)
			if c.got = 0; !answer.ConnectionClose() {
				c.settle()
				continue
			}
			if !c.redial() {
				return
			}
			c.settle()
		case c.state.CompareAndSwap(idle, broken):
			if !c.redial() {
				return
			}
			if !c.state.CompareAndSwap(broken, idle) {
				c.state.Store(idle)
				c.run.free <- c
			}
		default:
			c.lose(c.run.opt.Together - c.got)
			if c.got = 0; !c.redial() {
				return
			}
			c.settle()
		}
	}
}

// settle puts the connection back.
func (c *conn) settle() {
	c.state.Store(idle)
	c.run.busy.Add(-1)
	c.run.free <- c
}

// note notes an answer.
func (c *conn) note(a *fasthttp.Response) {
	now := time.Now()
	code := a.StatusCode()
	c.early.note(now.Sub(c.run.begin), code == fasthttp.StatusOK && now.Sub(c.due) <= target)
	switch {
	case now.Sub(c.sent) > c.run.opt.Timeout:
		c.errors[Timeout]++
		return
	case code != fasthttp.StatusOK:
		c.errors[status(code, len(a.Header.Peek(fasthttp.HeaderRetryAfter)) > 0)]++
		return
	}
	c.ok++
	c.latency.Add(now.Sub(c.due))
	if c.answers++; c.answers%sampleEvery == 1 && len(c.samples) < maxSamples {
		c.samples = append(c.samples, append([]byte(nil), a.Body()...))
	}
}

// lose notes that n answers did not come.
func (c *conn) lose(n int) {
	switch {
	case n == 0:
	case c.run.closed.Load():
		c.errors[Timeout] += int64(n)
	default:
		c.errors[Broken] += int64(n)
	}
}

// redial connects anew, trying until the run ends, and reports whether it has.
func (c *conn) redial() bool {
	c.mu.Lock()
	c.net.Close()
	c.mu.Unlock()
	for !c.run.closed.Load() {
		if c.dial() == nil {
			return !c.run.closed.Load()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}
