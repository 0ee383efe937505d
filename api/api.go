// Package api is the public face of Chronos: prices, books and what is known of
// them, over HTTP with fasthttp.
//
// One file is one resource. A request goes through serve.go (the way in and out),
// harden.go (what is refused before anybody looks at it), routes.go (which
// resource), and that resource's file, which sees no fasthttp type: it gets a
// *request and writes its answer there. Everything that is not 2xx is a problem,
// RFC 9457, made from the table in problems.go.
//
// AppendPrice and ProblemOf are exported, so that the offline command gives the
// same bytes as the server.
//
// The package reads the clock through Options.Clock only.
package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"chronos.dev/api/wire"
	"chronos.dev/engine"
	"chronos.dev/market"

	"github.com/valyala/fasthttp"
)

// Defaults of Options. Each bounds what a stranger can make us hold.
const (
	DefaultRate         = 1000 // requests a second and address
	DefaultInFlight     = 256  // prices and books being computed; more is 503
	DefaultQueueWait    = 25 * time.Millisecond
	DefaultConcurrency  = 20_000
	DefaultConnsPerIP   = 256
	DefaultReadTimeout  = 5 * time.Second // whole request
	DefaultWriteTimeout = 5 * time.Second
	DefaultIdleTimeout  = 60 * time.Second
)

// Fixed limits of a request.
const (
	maxBody   = 64 << 10
	maxHeader = 8 << 10
	maxWrite  = 16 << 10 // answers written at once; a price with its proof has some 4 KiB
)

// Options say what a server is to know. Zero means the default of a field.
type Options struct {
	Engine *engine.Engine
	Clock  func() time.Time

	// Required are the books without which the server is not ready.
	Required []market.Key
	// Waiting names what must happen once, after that, before the server is ready;
	// nil: nothing.
	Waiting func() []string
	// Source names where books come from that are a venue's own, such as "kafka".
	// It stands in every answer of such books; of others, what they are.
	Source  string
	Version wire.Version
	// Confidence says how sure prices are; nil: there is nothing to say it from.
	Confidence Confidence

	Rate        int // requests a second and client address; below zero: no limit
	InFlight    int
	QueueWait   time.Duration // for a processor; longer for long is 503; below zero: no limit
	Concurrency int           // connections
	ConnsPerIP  int

	ReadTimeout, WriteTimeout, IdleTimeout time.Duration

	// Log gets what fasthttp and the panic guard have to say; nil: nobody.
	Log func(format string, args ...any)
}

func (o *Options) defaults() {
	setDefault(&o.Rate, DefaultRate)
	setDefault(&o.InFlight, DefaultInFlight)
	setDefault(&o.QueueWait, DefaultQueueWait)
	setDefault(&o.Concurrency, DefaultConcurrency)
	setDefault(&o.ConnsPerIP, DefaultConnsPerIP)
	setDefault(&o.ReadTimeout, DefaultReadTimeout)
	setDefault(&o.WriteTimeout, DefaultWriteTimeout)
	setDefault(&o.IdleTimeout, DefaultIdleTimeout)
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

// Server answers the public API.
type Server struct {
	opts     Options
	http     fasthttp.Server
	requests sync.Pool    // of *request
	limiter  *limiter     // nil: none
	busy     atomic.Int64 // requests that have entered
	queue    queue
	ids      requestIDs
	metrics  metrics

	wasReady atomic.Bool // all required books have been live once
	draining atomic.Bool

	mu        sync.Mutex
	stopped   bool
	listeners []net.Listener
}

// New returns a server. It fails when Engine or Clock is missing.
func New(opts Options) (*Server, error) {
	if opts.Engine == nil || opts.Clock == nil {
		return nil, errors.New("api: Options.Engine and Options.Clock must be set")
	}
	if opts.InFlight < 0 || opts.Concurrency < 0 || opts.ConnsPerIP < 0 {
		return nil, errors.New("api: a limit in Options is negative")
	}
	opts.defaults()
	s := &Server{opts: opts, queue: queue{limit: opts.QueueWait.Seconds()}}
	s.requests.New = func() any {
		return &request{
			pricer: &pricer{confidence: opts.Confidence}, memory: new(engine.Memory), told: new(wire.Problem),
		}
	}
	if opts.Rate > 0 {
		s.limiter = newLimiter(opts.Rate)
	}
	s.ids.seed()
	s.http = fasthttp.Server{
		Handler:               s.handle,
		ErrorHandler:          s.refuse,
		Logger:                logger(opts.Log),
		SecureErrorLogMessage: true,
		NoDefaultServerHeader: true,
		NoDefaultContentType:  true,
		CloseOnShutdown:       true,
		ReadTimeout:           opts.ReadTimeout,
		WriteTimeout:          opts.WriteTimeout,
		IdleTimeout:           opts.IdleTimeout,
		MaxRequestBodySize:    maxBody,
		ReadBufferSize:        maxHeader,
		WriteBufferSize:       maxWrite,
		Concurrency:           opts.Concurrency + 1, // the gate counts; see gate.go
		// A form is no input of ours, so it is never parsed.
		DisablePreParseMultipartForm: true,
	}
	return s, nil
}

// Serve answers on ln until Shutdown, which closes it.
func (s *Server) Serve(ln net.Listener) error {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return ln.Close()
	}
	s.listeners = append(s.listeners, ln)
	s.mu.Unlock()
	if err := s.http.Serve(newGate(s, ln)); err != nil {
		return fmt.Errorf("api: serve: %w", err)
	}
	return nil
}

// Drain makes /readyz say that the server is going away. Requests are answered
// as before; it is for telling a load balancer in time.
func (s *Server) Drain() { s.draining.Store(true) }

// Shutdown drains, stops listening, and waits for the requests in flight or the
// end of ctx, whichever is first.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Drain()
	err := s.http.ShutdownWithContext(ctx)
	// fasthttp does not know a listener that Serve has only just been given.
	s.mu.Lock()
	s.stopped = true
	for _, ln := range s.listeners {
		_ = ln.Close()
	}
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("api: shutdown: %w", err)
	}
	return nil
}

// logger makes a function a fasthttp.Logger.
type logger func(format string, args ...any)

// Printf implements fasthttp.Logger. What fasthttp says of a connection's errors
// quotes the request, keys included, even with SecureErrorLogMessage; such errors
// are the caller's, he has been answered, and they are counted by status.
func (l logger) Printf(format string, args ...any) {
	if !strings.HasPrefix(format, "error when serving connection") {
		l(format, args...)
	}
}
