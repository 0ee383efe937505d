// Package admin is the face to operators: metrics, profiles, the state of the
// feeds and the live market as a file, over net/http on a listener of its own.
//
// It has no authentication and shows everything, so the listener belongs on the
// loopback or behind something that knows who asks. Nothing here is on the way
// of a price: counters are read, never written, and books are read as any other
// reader does.
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"chronos.dev/dump"
	"chronos.dev/engine"
	"chronos.dev/market"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Limits of the listener. A profile takes as long as it is asked to, so answers
// have minutes.
const (
	readTimeout  = 5 * time.Second
	writeTimeout = 5 * time.Minute
	idleTimeout  = 60 * time.Second
	maxHeader    = 16 << 10
	maxProfile   = 120 // seconds
)

// Histogram is what a histogram has counted: Buckets[i] values at or below
// Bounds[i] and above the bound before; one bucket more than bounds.
type Histogram = struct {
	Bounds  []float64
	Buckets []uint64
	Sum     float64
}

// Traffic is what the public API has counted. *api.Server is one.
type Traffic interface {
	EachRequest(visit func(route string, code int, n uint64)) // code 0: any other
	EachDuration(visit func(route string, h Histogram))       // seconds
	EachCompute(visit func(kind string, h Histogram))         // seconds
	EachShed(visit func(reason string, n uint64))
	Gaps() Histogram // basis points
	Panics() uint64
}

// Feeds is what the readers of the feed know of themselves.
type Feeds interface {
	// EachPartition calls visit for every partition that is read: records that
	// wait, and how old the last one was when it was read; below 0 if unknown.
	EachPartition(visit func(topic string, partition int, lag int64, age time.Duration))
	Counts() FeedCounts

	// Halt takes the book of a market out, for a reason, until Resume or the end
	// of the process. Both take effect at once as a rule, and within four seconds
	// while the broker is away.
	Halt(key market.Key, reason string) error
	Resume(key market.Key) error
}

// Count is a number of events with a label.
type Count struct {
	Label string
	N     uint64
}

// FeedCounts are counters of the feed since the start.
type FeedCounts struct {
	Refused     []Count // records, by the code of the refusal
	Incidents   []Count // of the connections to the broker, by kind
	DeadLetters []Count // by what became of them
	UnknownKeys uint64  // keys in records that were ignored

	Offers        []Count // records of treasury providers, by what became of them
	OffersRefused []Count // of these, by the code of the refusal

	Published   []Count // by this process, by kind
	Queued      int64   // records that wait to be published
	FrameErrors uint64  // recorded frames that a decoder refused
}

// Options say what is to be shown. Traffic, Feeds and Level may be nil.
type Options struct {
	Engine  *engine.Engine
	Clock   func() time.Time
	Traffic Traffic
	Feeds   Feeds
	Level   *slog.LevelVar // set by PUT /admin/loglevel
	Version string
	Commit  string
	Go      string
}

// Server answers the admin listener.
type Server struct {
	opts Options
	http *http.Server
}

// New returns a server. It fails when Engine or Clock is missing.
func New(opts Options) (*Server, error) {
	if opts.Engine == nil || opts.Clock == nil {
		return nil, errors.New("admin: Options.Engine and Options.Clock must be set")
	}
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		&collector{opts}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("admin: metrics: %w", err)
		}
	}
	s := &Server{opts: opts}
	mux := http.NewServeMux()
	metrics := promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", bounded(pprof.Profile))
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", bounded(pprof.Trace))
	mux.HandleFunc("GET /v1/snapshot", s.snapshot)
	mux.HandleFunc("GET /admin/feeds", s.feeds)
	mux.HandleFunc("POST /admin/halt", s.halt)
	mux.HandleFunc("POST /admin/resume", s.resume)
	mux.HandleFunc("GET /admin/loglevel", s.level)
	mux.HandleFunc("PUT /admin/loglevel", s.setLevel)
	s.http = &http.Server{
		// A page that an operator looks at must not halt markets.
		Handler:           http.NewCrossOriginProtection().Handler(mux),
		ReadHeaderTimeout: readTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
	}
	return s, nil
}

// Serve answers on ln until Shutdown.
func (s *Server) Serve(ln net.Listener) error {
	if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("admin: serve: %w", err)
	}
	return nil
}

// Shutdown stops listening and waits for what is being answered, or the end of
// ctx; then it closes all connections.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
		return fmt.Errorf("admin: shutdown: %w", err)
	}
	return nil
}

// bounded refuses profiles that would outlast the listener's patience.
func bounded(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if v := r.FormValue("seconds"); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 || n > maxProfile {
				why := fmt.Sprintf("seconds: want a whole number from 1 to %d", maxProfile)
				http.Error(w, why, http.StatusBadRequest)
				return
			}
		}
		h(w, r)
	}
}

// snapshot answers GET /v1/snapshot: the usable books as a file for chronos route.
func (s *Server) snapshot(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(dump.Append(nil, s.opts.Engine, s.opts.Clock().UnixNano()))
}

// feedState is one market in GET /admin/feeds.
type feedState struct {
	Venue  string `json:"venue"`
	Market string `json:"market"`
	State  string `json:"state"`
	Reason string `json:"reason"`
	AgeMs  int64  `json:"age_ms"` // -1: never heard of
	Epoch  uint64 `json:"epoch"`
	Seq    uint64 `json:"seq"`
	Bids   int    `json:"bids"`
	Asks   int    `json:"asks"`
}

// partitionState is one partition in GET /admin/feeds.
type partitionState struct {
	Topic     string `json:"topic"`
	Partition int    `json:"partition"`
	Lag       int64  `json:"lag"`
	AgeMs     int64  `json:"age_ms"`
}

// feeds answers GET /admin/feeds.
func (s *Server) feeds(w http.ResponseWriter, _ *http.Request) {
	out := struct {
		Events     uint64           `json:"events"`
		Refused    uint64           `json:"refused"`
		Gaps       uint64           `json:"gaps"`
		Markets    []feedState      `json:"markets"`
		Partitions []partitionState `json:"partitions"`
	}{Markets: []feedState{}, Partitions: []partitionState{}}
	stats := s.opts.Engine.Stats()
	out.Events, out.Refused, out.Gaps = stats.Events, stats.Refused, stats.Gaps
	for _, m := range s.opts.Engine.Markets(s.opts.Clock().UnixNano()) {
		age := int64(-1)
		if m.Usability.Age >= 0 {
			age = m.Usability.Age / 1e6
		}
		out.Markets = append(out.Markets, feedState{
			m.Key.Venue, m.Key.Pair.String(), m.Usability.State.String(), m.Usability.Reason,
			age, m.View.Epoch, m.View.Seq, len(m.View.Bids), len(m.View.Asks),
		})
	}
	if s.opts.Feeds != nil {
		s.opts.Feeds.EachPartition(func(topic string, partition int, lag int64, age time.Duration) {
			p := partitionState{topic, partition, lag, -1}
			if age >= 0 {
				p.AgeMs = age.Milliseconds()
			}
			out.Partitions = append(out.Partitions, p)
		})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}

// level answers GET /admin/loglevel.
func (s *Server) level(w http.ResponseWriter, _ *http.Request) {
	if s.opts.Level == nil {
		http.Error(w, "the log has no level", http.StatusNotFound)
		return
	}
	fmt.Fprintln(w, s.opts.Level.Level())
}

// setLevel answers PUT /admin/loglevel?level=debug.
func (s *Server) setLevel(w http.ResponseWriter, r *http.Request) {
	var l slog.Level
	switch err := l.UnmarshalText([]byte(r.URL.Query().Get("level"))); {
	case s.opts.Level == nil:
		http.Error(w, "the log has no level", http.StatusNotFound)
	case err != nil:
		http.Error(w, "level: want debug, info, warn or error", http.StatusBadRequest)
	default:
		s.opts.Level.Set(l)
		fmt.Fprintln(w, l)
	}
}
