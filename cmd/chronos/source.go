package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"chronos.dev/api/admin"
	"chronos.dev/book"
	"chronos.dev/broker"
	"chronos.dev/config"
	"chronos.dev/engine"
	"chronos.dev/feed"
	"chronos.dev/market"
	"chronos.dev/sim"
)

// source is what serve publishes itself: the simulator or recorded captures.
type source struct {
	title    string // for people
	origin   market.Origin
	keys     []market.Key
	describe func(*engine.Options)
	rules    func(market.Key) market.BookRules
	play     func(ctx context.Context, to *outlet) error

	frameErrors atomic.Int64 // recorded frames that a decoder refused
	outlet      atomic.Pointer[outlet]
}

// outlet is where a source publishes.
type outlet struct {
	*feed.Publisher
	offers *feed.OfferPublisher // nil: nobody wants any
}

// newSource returns the source that cfg and the flags ask for, nil if others
// publish.
func newSource(cfg *config.Config, r *replayFlags) (*source, error) {
	if r.captures != "" {
		return newReplay(r)
	}
	if cfg.Mode != config.Dev {
		return nil, nil
	}
	return newSimulation(cfg), nil
}

// run publishes until ctx ends.
func (s *source) run(ctx context.Context, c *broker.Cluster, cfg *config.Config, log *slog.Logger) error {
	p := &outlet{
		feed.NewPublisher(c, feed.PublisherOptions{
			Rules: s.rules, Origin: s.origin, Keepalive: cfg.Feed.Keepalive, Log: log,
			Binary: cfg.Feed.Records == "binary",
		}),
		feed.NewOfferPublisher(c),
	}
	s.outlet.Store(p)
	work, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() { p.Run(work) })
	done.Go(func() { p.offers.Run(work) })
	defer func() { stop(); done.Wait() }()
	if err := s.play(ctx, p); err != nil {
		return err
	}
	return p.Drain(ctx)
}

// counts returns what the admin listener shows of a source.
func (s *source) counts() (published []admin.Count, queued int64, frameErrors uint64) {
	var st feed.PublisherStats
	var offers, dropped int64
	if p := s.outlet.Load(); p != nil {
		st, offers, dropped = p.Stats(), p.offers.Written(), p.offers.Dropped()
	}
	return []admin.Count{
		count("written", st.Written), count("snapshot", st.Snapshots), count("confirmation", st.Confirmed),
		count("gap", st.Gaps), count("cut_snapshot", st.Cut), count("refused", st.Refused),
		count("unanswered", st.Unanswered), count("retry", st.Retries),
		count("offer", offers), count("dropped_offer", dropped),
	}, st.Queued, uint64(s.frameErrors.Load())
}

// inventedFee is what a venue that somebody adds to the simulated market takes:
// 10 basis points.
const inventedFee = market.FeeUnit / 1000

func newSimulation(cfg *config.Config) *source {
	opts := sim.Options{Seed: cfg.Sim.Seed, Rate: cfg.Sim.Rate, Troubles: cfg.Sim.Troubles}
	m := sim.New(opts)
	return &source{
		title: "simulated venues", origin: market.Simulated,
		keys:  m.Keys(),
		rules: func(market.Key) market.BookRules { return m.Rules() },
		describe: func(o *engine.Options) {
			o.Rules = func(market.Key) market.BookRules { return m.Rules() }
			o.Fees = append(o.Fees[:len(o.Fees):len(o.Fees)], m.Fees()...)
			o.Assets = addAssets(o.Assets, m.Assets())
			if o.DefaultFee == nil {
				o.DefaultFee = &market.Fee{Rate: inventedFee, On: market.FeeReceived}
			}
		},
		play: func(ctx context.Context, to *outlet) error {
			opts.Start = time.Now().UnixNano()
			return simulate(ctx, sim.New(opts), opts.Start, to)
		},
	}
}

// addAssets appends what have does not describe.
func addAssets(have, more []market.Asset) []market.Asset {
	known := map[string]bool{}
	for _, a := range have {
		known[a.Symbol] = true
	}
	for _, a := range more {
		if !known[a.Symbol] {
			have = append(have, a)
		}
	}
	return have
}

// simulate publishes the stream of m as fast as its virtual time says.
func simulate(ctx context.Context, m *sim.Market, start int64, to *outlet) error {
	carries := map[string][]market.Key{} // a venue has one connection
	for _, key := range m.Keys() {
		carries[key.Venue] = append(carries[key.Venue], key)
	}
	conns := map[string]*feed.Connection{}
	for venue, keys := range carries {
		conns[venue] = to.Connect(keys...)
	}
	for {
		at, key, ev := m.Next()
		now := time.Unix(0, start+at)
		if !sleepUntil(ctx, now) {
			return ctx.Err()
		}
		if err := publish(ctx, to.Publisher, key, ev); err != nil {
			return err
		}
		to.treasury(m)
		for _, v := range m.Venues() {
			if m.Alive(v) {
				conns[v].Heard(now)
			}
		}
	}
}

// treasury publishes what providers say anew. It never waits.
func (to *outlet) treasury(m *sim.Market) {
	if to.offers == nil {
		return
	}
	for _, o := range m.Offers() {
		to.offers.Offer(o)
	}
	for _, r := range m.References() {
		to.offers.Reference(r)
	}
}

// publish publishes an event. That its book lost something is no error here: the
// publisher has told the readers, and the source sends a snapshot in time.
func publish(ctx context.Context, p *feed.Publisher, key market.Key, ev *market.Event) error {
	err := p.Publish(ctx, key.Venue, key.Pair, ev)
	var gap *book.GapError
	var sum *book.ChecksumError
	var level *book.LevelError
	var lost *book.VenueGapError
	var large *feed.RecordError
	switch {
	case err == nil, errors.As(err, &gap), errors.As(err, &sum), errors.As(err, &level),
		errors.As(err, &lost), errors.As(err, &large):
		return nil
	}
	return fmt.Errorf("publish %s: %w", key, err)
}

func sleepUntil(ctx context.Context, t time.Time) bool {
	d := time.Until(t)
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func newCluster(cfg *config.Config, addrs []string, role string) (*broker.Cluster, error) {
	opts := broker.Options{Addrs: addrs, Role: role, Node: hostname(), Prefix: cfg.Kafka.Prefix}
	if cfg.Kafka.TLS {
		opts.TLS = tlsConfig()
	}
	if s := cfg.Kafka.SASL; s.Mechanism != "" {
		opts.SASL = &broker.SASL{Mechanism: s.Mechanism, User: s.Username, Password: string(s.Password)}
	}
	return broker.New(opts)
}
