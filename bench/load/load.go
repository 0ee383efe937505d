// Package load sends requests to an HTTP server at a constant rate and says how
// long the answers took.
//
// It is an open loop: requests are sent when the schedule says so, whether or not
// those before were answered, and latencies count from the scheduled time. A server
// that stands still is charged for every request that it kept from being sent.
// Each connection carries one request at a time, or as many as are sent together.
//
// One goroutine, which spins, writes all requests, so that none waits for a
// goroutine to be woken; each connection has a goroutine that reads its answers.
package load

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"chronos.dev/bench/meter"
)

// Bounds of Options.
const (
	MaxRequests    = 100_000_000
	MaxConnections = 4096
	MaxTogether    = 64
)

// Names of errors that are no status.
const (
	Unsent    = "unsent"     // no connection was free until it was too late
	Timeout   = "timeout"    // answered after Options.Timeout, or not at all
	Broken    = "connection" // the connection ended in place of an answer
	WrongBody = "wrong body" // Options.Check refused it
	NoRetry   = "503 without Retry-After"
)

// fullRate is above what any server answers.
const fullRate = 1e6

// Options say what to send where.
type Options struct {
	Addr        string   // host:port
	Host        string   // of the Host header
	Paths       []string // GET, one after the other and again from the first
	Requests    [][]byte // whole requests, in place of Paths
	Together    int      // that are written at once to a connection, all the same; 0: 1
	Rate        float64  // of writes a second, above 0
	Duration    time.Duration
	Connections int           // 1 to MaxConnections, opened before the first request
	Timeout     time.Duration // longest time from sending a request to its answer
	// Full sends as fast as connections come free, whatever Rate says. Drop does not
	// wait for one: what is due while none is free is not sent and counts as Unsent.
	Full, Drop bool

	// Check is asked about a sample of the bodies of answers with status 200, after
	// the run; nil accepts all.
	Check func(body []byte) error
	// Progress is told some times a second how many requests were sent; nil: nobody is.
	Progress func(sent int64)
}

// Result is what came of a run. Latencies are of answers with status 200 in time;
// all else is an error and none of them.
type Result struct {
	Sent, OK int64
	Errors   map[string]int64 // by status or name
	Checked  int              // bodies
	BodyErr  error            // what Check first said, nil if nothing
	Rate     float64          // at which requests were sent, a second
	Waited   int64            // requests that were due and found no free connection
	Latency  *meter.Times     // from the scheduled time to the whole answer
	Lateness *meter.Times     // of the sender itself, where a connection was free
	Took     time.Duration    // from the first request to the last
	begin    time.Time
	early    windows
}

// Failed returns how many requests were answered wrongly or not at all.
func (r *Result) Failed() (n int64) {
	for _, k := range r.Errors {
		n += k
	}
	return n
}

// run is a run under way.
type run struct {
	opt      Options
	total    int64
	requests [][]byte
	conns    []*conn
	free     chan *conn // that can take a request
	sent     atomic.Int64
	busy     atomic.Int64
	closed   atomic.Bool
	begin    time.Time
	result   Result
}

// Run sends, waits for the answers and sums them up. If ctx ends it fails.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Full {
		o.Rate = fullRate
	}
	r := &run{opt: o, total: int64(math.Round(min(o.Rate*o.Duration.Seconds(), 2*MaxRequests)))}
	if r.total < 1 || r.total > MaxRequests || o.Connections < 1 || o.Connections > MaxConnections ||
		len(o.Paths)+len(o.Requests) == 0 || o.Together < 0 || o.Together > MaxTogether {
		return nil, fmt.Errorf("load: want 1 to %d requests over 1 to %d connections; rate x duration is %d",
			MaxRequests, MaxConnections, r.total)
	}
	r.opt.Together = max(o.Together, 1)
	r.requests = requests(&r.opt)
	r.free = make(chan *conn, o.Connections)
	r.result = Result{Errors: map[string]int64{}, Latency: meter.NewTimes(), Lateness: meter.NewTimes()}
	var group sync.WaitGroup
	defer group.Wait()
	defer r.close()
	for range o.Connections {
		c := newConn(r)
		if err := c.dial(); err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
		r.conns = append(r.conns, c)
	}
	r.begin = time.Now().Add(10 * time.Millisecond)
	for _, c := range r.conns {
		r.free <- c
		group.Go(c.read)
	}
	stop := r.watch()
	r.send(ctx)
	r.await(ctx)
	stop()
	r.close()
	group.Wait()
	r.sum()
	return &r.result, ctx.Err()
}

// requests are what is written, one after the other.
func requests(o *Options) [][]byte {
	all := slices.Clone(o.Requests)
	if len(all) == 0 {
		for _, path := range o.Paths {
			all = append(all, []byte("GET "+path+" HTTP/1.1\r\nHost: "+o.Host+"\r\n\r\n"))
		}
	}
	for i := range all {
		all[i] = bytes.Repeat(all[i], o.Together)
	}
	return all
}

// send keeps the schedule.
func (r *run) send(ctx context.Context) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pace := meter.NewPacer(r.begin, r.opt.Rate)
	end := pace.At(r.total).Add(r.opt.Timeout)
	var first, last, freed time.Time
	for i := range r.total {
		due, now := pace.Wait(i)
		if r.opt.Full && !first.IsZero() && now.Sub(first) > r.opt.Duration {
			break
		}
		c, waited := r.take(ctx, end)
		if c == nil && r.opt.Drop && ctx.Err() == nil {
			r.result.Errors[Unsent] += int64(r.opt.Together)
			continue
		}
		if c == nil {
			r.result.Errors[Unsent] = (r.total - i) * int64(r.opt.Together)
			break
		}
		if waited {
			r.result.Waited++
			now = time.Now()
			freed = now
		}
		if first.IsZero() {
			first = now
		}
		last = now
		if freed.After(due) {
			due, c.due = freed, due
		} else {
			c.due = due
		}
		r.result.Lateness.Add(now.Sub(due))
		c.sent = now
		r.sent.Add(int64(r.opt.Together))
		c.write(r.requests[i%int64(len(r.requests))])
	}
	if n := r.sent.Load(); n > 1 {
		r.result.Took = last.Sub(first)
		r.result.Rate = float64(n-1) / r.result.Took.Seconds()
	}
}

// take takes a connection that can be written to, nil if there is none until end.
func (r *run) take(ctx context.Context, end time.Time) (c *conn, waited bool) {
	for spins := 0; ; spins++ {
		select {
		case c := <-r.free:
			if c.take() {
				r.busy.Add(1)
				return c, waited
			}
			continue
		default:
		}
		if waited = true; r.opt.Drop {
			return nil, true
		}
		if spins%64 == 0 && (ctx.Err() != nil || time.Now().After(end)) {
			return nil, true
		}
	}
}

// await waits for the last answers.
func (r *run) await(ctx context.Context) {
	for end := time.Now().Add(r.opt.Timeout); r.busy.Load() > 0 && time.Now().Before(end) && ctx.Err() == nil; {
		time.Sleep(time.Millisecond)
	}
}

// watch tells of the progress until the returned function is called.
func (r *run) watch() (stop func()) {
	if r.opt.Progress == nil {
		return func() {}
	}
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				r.opt.Progress(r.sent.Load())
			}
		}
	})
	return func() { close(done); group.Wait() }
}

// close ends all connections.
func (r *run) close() {
	if r.closed.Swap(true) {
		return
	}
	for _, c := range r.conns {
		c.close()
	}
}

// sum sums the connections up and has their samples checked.
func (r *run) sum() {
	s := &r.result
	s.Sent, s.begin = r.sent.Load(), r.begin
	for _, c := range r.conns {
		s.OK += c.ok
		s.Latency.Merge(c.latency)
		s.early.add(&c.early)
		for name, n := range c.errors {
			s.Errors[name] += n
		}
		for _, body := range c.samples {
			s.Checked++
			if r.opt.Check == nil {
				continue
			}
			if err := r.opt.Check(body); err != nil {
				s.OK--
				s.Errors[WrongBody]++
				if s.BodyErr == nil {
					s.BodyErr = err
				}
			}
		}
	}
}

// status names an answer that is not 200.
func status(code int, retry bool) string {
	if code == 503 && !retry {
		return NoRetry
	}
	return strconv.Itoa(code)
}
