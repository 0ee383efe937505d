package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"chronos.dev/api"
	"chronos.dev/api/admin"
	"chronos.dev/api/wire"
	"chronos.dev/broker"
	"chronos.dev/confidence/facts"
	"chronos.dev/config"
	"chronos.dev/dump"
	"chronos.dev/engine"
	"chronos.dev/feed"
	"chronos.dev/feed/venue/all"
	"chronos.dev/market"

	"github.com/spf13/cobra"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	configFlags
	dev, insecure bool
	replay        replayFlags
}

func newServe(g *globals) *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve prices over HTTP from the books on Kafka",
		Long: "Serve reads the books on Kafka and answers the HTTP API.\n\n" +
			"With --dev it needs nothing: a Kafka is embedded, on disk in .chronos/kafka, and a simulated\n" +
			"market is published through it. With --captures recorded sessions are published instead.\n" +
			"SIGTERM or SIGINT ends it once the requests in flight are answered; a second one at once.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.dev {
				f.set["mode"] = config.Dev
			}
			cfg, err := f.load()
			if err != nil {
				return err
			}
			return serve(c.Context(), cfg, &f, g.quiet, c.ErrOrStderr())
		},
	}
	f.flags(c)
	f.replay.flags(c)
	fl := c.Flags()
	fl.BoolVar(&f.dev, "dev", false, "development mode: embedded Kafka, simulated market")
	fl.BoolVar(&f.insecure, "i-know", false, "allow --dev on an address that others can reach")
	return c
}

// server is everything that serve starts. Fields are set in the order of start.
type server struct {
	cfg   *config.Config
	log   *slog.Logger
	level slog.LevelVar
	began time.Time

	public, private net.Listener
	embedded        *broker.Embedded
	cluster         *broker.Cluster
	source          *source // nil: others publish
	engine          *engine.Engine
	watch           *facts.Watch  // nil: no table
	teller          *facts.Teller // nil: no table
	sinks           *sinks
	consumer        *feed.Consumer
	letters         *feed.DeadLetters
	api             *api.Server
	admin           *admin.Server
}

func serve(ctx context.Context, cfg *config.Config, f *serveFlags, quiet bool, talk io.Writer) error {
	s := &server{cfg: cfg, began: time.Now()}
	s.log = newLog(cfg, talk, &s.level)
	if cfg.Mode == config.Dev && !f.insecure {
		if err := onlyLoopback(cfg.HTTP.Addr, cfg.Admin.Addr); err != nil {
			return exit(exitUsage, err)
		}
	}
	defer s.close()
	if err := s.open(ctx, f); err != nil {
		return err
	}
	if quiet || cfg.Log.Format == "json" {
		talk = io.Discard
	}
	fmt.Fprint(talk, s.banner())
	return s.run(ctx, talk)
}

// open takes what can be refused: ports, directory, broker, captures.
func (s *server) open(ctx context.Context, f *serveFlags) error {
	err := s.openConfidence()
	if err != nil {
		return err
	}
	if s.public, err = listen(s.cfg.HTTP.Addr, "http.addr"); err != nil {
		return err
	}
	if s.private, err = listen(s.cfg.Admin.Addr, "admin.addr"); err != nil {
		return err
	}
	if s.source, err = newSource(s.cfg, &f.replay); err != nil {
		return err
	}
	if s.source != nil && s.source.origin == market.Replay {
		forgetDevRequired(s.cfg)
		// Recorded books must not meet simulated ones that the same topics retain.
		s.cfg.Kafka.Embedded.Dir += "-replay"
	}
	addrs := s.cfg.Kafka.Brokers
	if s.source != nil && len(addrs) > 0 && s.cfg.Kafka.Prefix == broker.DefaultPrefix {
		return exit(exitUsage, fmt.Errorf("this would publish %s among the books of others, in the topics %s* of %s; "+
			"choose topics of their own with --set kafka.prefix=NAME", s.source.title, broker.DefaultPrefix, addrs[0]))
	}
	if len(addrs) == 0 {
		if s.embedded, err = startEmbedded(s.cfg); err != nil {
			return err
		}
		addrs = s.embedded.Addrs()
	}
	if s.cluster, err = newCluster(s.cfg, addrs, "serve"); err != nil {
		return exit(exitUsage, err)
	}
	if err := ensureTopics(ctx, s.cluster); err != nil {
		return err
	}
	if err := s.openEngine(); err != nil {
		return exit(exitUsage, err)
	}
	return s.openAPI()
}

func (s *server) openEngine() error {
	opts := engine.Options{
		Assets: s.cfg.Assets, Fees: s.cfg.Fees, DefaultFee: s.cfg.DefaultFee,
		StaleAfter: s.cfg.Feed.StaleAfter, MaxHops: s.cfg.Routing.MaxHops,
		Rules: all.Rules, Describe: dump.Describe, Terms: s.cfg.Terms.Of,
	}
	if s.source != nil {
		s.source.describe(&opts)
	}
	var err error
	if s.engine, err = engine.New(opts); err != nil {
		return err
	}
	for _, key := range s.known() {
		if err := s.engine.Register(key); err != nil {
			return err
		}
	}
	s.letters = feed.NewDeadLetters(s.cluster)
	s.sinks = &sinks{
		engine: s.engine, name: s.cluster.Name, letters: s.letters, source: s.source,
		vaults: newVaults(s.engine, s.log),
	}
	s.consumer = feed.NewConsumer(s.cluster, feed.ConsumerOptions{
		Sink: s.sinks.add, DeadLetters: s.letters, Log: s.log,
	})
	s.sinks.consumer = s.consumer
	s.sinks.vaults.consumer = feed.NewLiquidityConsumer(s.cluster, feed.LiquidityOptions{
		Sink: s.sinks.vaults, DeadLetters: s.letters, Log: s.log,
	})
	return nil
}

// forgetDevRequired drops the market that development mode requires, for it is
// the simulator's: a replay has the markets that were recorded.
func forgetDevRequired(cfg *config.Config) {
	for _, set := range cfg.Effective() {
		if set.Key == "feed.required_markets" && set.Source == "default of dev" {
			cfg.Feed.RequiredMarkets = nil
		}
	}
}

// known are the markets that are expected before anything is heard of them.
func (s *server) known() []market.Key {
	keys := append([]market.Key(nil), s.cfg.Feed.RequiredMarkets...)
	if s.source != nil {
		keys = append(keys, s.source.keys...)
	}
	return keys
}

func (s *server) openAPI() error {
	b := build()
	v := wire.Version{Version: b.Version, Commit: b.Commit, Go: b.Go}
	rate := s.cfg.HTTP.RateLimit
	if rate == 0 {
		rate = -1 // the API's word for no limit
	}
	var sure api.Confidence
	if s.teller != nil {
		sure = s.teller
	}
	var err error
	s.api, err = api.New(api.Options{
		Confidence: sure,
		Engine:     s.engine, Clock: time.Now,
		Required: s.cfg.Feed.RequiredMarkets, Waiting: s.sinks.vaults.waiting, Source: "kafka", Version: v,
		Rate: rate, Concurrency: s.cfg.HTTP.Concurrency, ConnsPerIP: s.cfg.HTTP.MaxConnsPerIP,
		ReadTimeout: s.cfg.HTTP.ReadTimeout, WriteTimeout: s.cfg.HTTP.WriteTimeout,
		IdleTimeout: s.cfg.HTTP.IdleTimeout,
		Log:         func(format string, args ...any) { s.log.Warn(fmt.Sprintf(format, args...)) },
	})
	if err != nil {
		return err
	}
	s.admin, err = admin.New(admin.Options{
		Engine: s.engine, Traffic: s.api, Feeds: s.sinks,
		Clock: time.Now, Level: &s.level, Version: b.Version, Commit: b.Commit, Go: b.Go,
	})
	return err
}

// run works until ctx ends, then ends in the order that loses nothing: say that
// we are going, answer what is in flight, then stop reading and publishing.
func (s *server) run(ctx context.Context, talk io.Writer) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	failed := make(chan error, 4)
	defer group.Wait()
	defer stop()
	group.Go(func() { s.letters.Run(work) })
	group.Go(func() { s.consumer.Run(work) })
	group.Go(func() { s.sinks.vaults.consumer.Run(work) })
	if s.watch != nil {
		group.Go(func() { s.watchBooks(work) })
	}
	if s.source != nil {
		group.Go(func() {
			if err := s.source.run(work, s.cluster, s.cfg, s.log); err != nil && work.Err() == nil {
				failed <- exit(exitFailed, fmt.Errorf("source: %w", err))
			}
		})
	}
	group.Go(func() {
		if err := s.api.Serve(s.public); err != nil {
			failed <- exit(exitFailed, fmt.Errorf("api: %w", err))
		}
	})
	group.Go(func() {
		if err := s.admin.Serve(s.private); err != nil && !errors.Is(err, http.ErrServerClosed) {
			failed <- exit(exitFailed, fmt.Errorf("admin: %w", err))
		}
	})
	group.Go(func() { s.sayReady(work, talk) })

	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		s.api.Drain()
		time.Sleep(drainFor)
	}
	grace, cancel := context.WithTimeout(context.Background(), s.cfg.Shutdown.Grace)
	defer cancel()
	err = errors.Join(err, s.api.Shutdown(grace), s.admin.Shutdown(grace))
	if err != nil {
		err = exit(exitFailed, err)
	}
	return err
}

// drainFor is how long /readyz says that we are going before connections are
// refused, so that whoever sends requests here can hear of it.
const drainFor = 500 * time.Millisecond

// sayReady prints one line when every required market is live.
func (s *server) sayReady(ctx context.Context, talk io.Writer) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if !s.ready(now) {
				continue
			}
			markets := s.engine.Markets(now.UnixNano())
			venues := map[string]bool{}
			for _, m := range markets {
				venues[m.Key.Venue] = true
			}
			fmt.Fprintf(talk, "ready in %.2fs: %d venues, %d assets, %d markets\n",
				time.Since(s.began).Seconds(), len(venues), len(s.engine.Assets()), len(markets))
			return
		}
	}
}

func (s *server) ready(now time.Time) bool {
	required := map[market.Key]bool{}
	for _, key := range s.cfg.Feed.RequiredMarkets {
		required[key] = true
	}
	usable := 0
	for _, m := range s.engine.Markets(now.UnixNano()) {
		if m.Usable {
			usable++
			delete(required, m.Key)
		}
	}
	return s.consumer.Ready() && len(s.sinks.vaults.waiting()) == 0 && usable > 0 && len(required) == 0
}

func (s *server) close() {
	for _, ln := range []net.Listener{s.public, s.private} {
		if ln != nil {
			ln.Close()
		}
	}
	if s.cluster != nil {
		s.cluster.Close()
	}
	if s.embedded != nil {
		s.embedded.Close()
	}
}

// banner says what was started. It names only what exists.
func (s *server) banner() string {
	var b strings.Builder
	fmt.Fprintf(&b, "chronos %s  %s\n", version, s.title())
	base := "http://" + s.public.Addr().String()
	fmt.Fprintf(&b, "  api        %s/v1       reference %s/openapi.yaml\n", base, base)
	fmt.Fprintf(&b, "  metrics    http://%s/metrics\n", s.private.Addr())
	fmt.Fprintf(&b, "  kafka      %s\n", strings.Join(s.cluster.Addrs(), ","))
	if s.source != nil && s.source.origin == market.Replay && len(s.cfg.Fees) == 0 && s.cfg.DefaultFee == nil {
		b.WriteString("  note       no taker fees are configured, so no book can be used: give fees in a file, or\n" +
			"             --set default_taker_bps=25\n")
	}
	fmt.Fprintf(&b, "try: curl '%s/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=2.5'\n", base)
	return b.String()
}

func (s *server) title() string {
	parts := []string{}
	if s.embedded != nil {
		where := "in memory"
		if s.cfg.Kafka.Embedded.Sync {
			where = "on disk in " + s.cfg.Kafka.Embedded.Dir
		}
		parts = append(parts, "embedded Kafka (one node, "+where+")")
	}
	if s.source != nil {
		parts = append(parts, s.source.title)
	}
	title := strings.Join(parts, ", ")
	if s.cfg.Mode == config.Dev {
		return "DEV MODE: " + title + ". Not for production."
	}
	return title
}

// listen opens a port, or says which flag and variable choose another.
func listen(addr, key string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, exit(exitStart, fmt.Errorf("cannot listen on %s: %w; choose another with --set %s=HOST:PORT or %s",
			addr, err, key, (config.Key{Name: key}).Env()))
	}
	return ln, nil
}

func startEmbedded(cfg *config.Config) (*broker.Embedded, error) {
	k := cfg.Kafka.Embedded
	dir := k.Dir
	if !k.Sync {
		dir = ""
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, exit(exitStart, fmt.Errorf("embedded Kafka: %w", err))
	}
	start := broker.StartEmbedded
	if cfg.Mode == config.Dev { // an invented market is not worth a wait for the disk at every batch
		start = broker.StartUnsynced
	}
	e, err := start(k.Port, dir)
	var port *broker.PortError
	switch {
	case errors.As(err, &port):
		return nil, exit(exitStart, fmt.Errorf(
			"%w; choose another with --set kafka.embedded.port=N or CHRONOS_KAFKA_EMBEDDED_PORT", err))
	case err != nil:
		return nil, exit(exitStart, err)
	}
	return e, nil
}

func onlyLoopback(addrs ...string) error {
	for _, a := range addrs {
		host, _, err := net.SplitHostPort(a)
		if err != nil {
			return err
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("--dev listens on %s, which others can reach; --i-know allows it", a)
		}
	}
	return nil
}

// newLog returns the log that cfg asks for. Its level can be changed later.
func newLog(cfg *config.Config, w io.Writer, level *slog.LevelVar) *slog.Logger {
	if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		level.Set(slog.LevelInfo)
	}
	opts := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
