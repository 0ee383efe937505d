package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"chronos.dev/broker"
	"chronos.dev/broker/brokertest"
	"chronos.dev/engine"
	"chronos.dev/engine/route"
	"chronos.dev/feed"
	"chronos.dev/feed/capture"
	"chronos.dev/market"
	"chronos.dev/sim"
)

func TestOutageOnKfake(t *testing.T) { outage(t, brokertest.Fake(t)) }

// replica is the quote side of a server: a consumer and its engine.
type replica struct {
	engine   *engine.Engine
	consumer *feed.Consumer
}

func startReplica(t *testing.T, c *broker.Cluster, opts engine.Options) *replica {
	t.Helper()
	e, err := engine.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{engine: e}
	r.consumer = feed.NewConsumer(c, feed.ConsumerOptions{
		Sink: func(int) feed.Sink { return newSink(e.Writer()) },
	})
	background(t, r.consumer.Run)
	return r
}

// background runs f until the test ends, or the returned function is called.
func background(t *testing.T, f func(context.Context)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { f(ctx) })
	stop = func() { cancel(); group.Wait() }
	t.Cleanup(stop)
	return stop
}

func (r *replica) price() error {
	_, err := r.engine.Price(engine.Request{Sell: "BTC", Buy: "USD", In: 1e8}, time.Now().UnixNano())
	return err
}

// books are the hash and number of every book.
func (r *replica) books() map[market.Key]string {
	books := map[market.Key]string{}
	for _, m := range r.engine.Markets(time.Now().UnixNano()) {
		books[m.Key] = capture.Hash(m.View) + " " + m.View.State.String()
	}
	return books
}

func (r *replica) caughtUp() bool {
	for _, p := range r.consumer.Stats().Partitions {
		if p.Lag != 0 {
			return false
		}
	}
	return r.consumer.Ready()
}

// outage kills the broker under a replay of the simulated market and starts it
// again: prices stop within the stale bound, come back by themselves, and in the
// end the books are those of a replica that has seen no outage.
func outage(t *testing.T, b brokertest.Broker) {
	c := brokertest.Connect(t, b, nil)
	if err := c.EnsureTopics(brokertest.Context(t, 30*time.Second)); err != nil {
		t.Fatal(err)
	}
	m := sim.New(sim.Options{Seed: 3})
	p := feed.NewPublisher(c, feed.PublisherOptions{
		Rules: func(market.Key) market.BookRules { return m.Rules() }, Log: slog.New(slog.DiscardHandler),
	})
	background(t, p.Run)
	stopSource := background(t, func(ctx context.Context) {
		now := time.Now().UnixNano()
		_ = simulate(ctx, sim.New(sim.Options{Seed: 3, Start: now}), now, &outlet{Publisher: p}) // ends with ctx
	})
	opts := engine.Options{
		Assets: m.Assets(), Fees: m.Fees(),
		Rules: func(market.Key) market.BookRules { return m.Rules() },
	}
	r := startReplica(t, c, opts)
	eventually(t, "prices begin", func() bool { return r.price() == nil })

	b.Kill()
	killed := time.Now()
	var stale *route.StaleError
	eventually(t, "prices stop", func() bool {
		asked := time.Now()
		err := r.price()
		if d := asked.Sub(killed); err == nil && d > engine.DefaultStaleAfter {
			t.Errorf("a price %v after the last that anybody can have heard", d)
		}
		return errors.As(err, &stale)
	})
	b.Restart()
	eventually(t, "prices come back", func() bool { return r.price() == nil })
	eventually(t, "all books are live again", func() bool {
		live := 0
		for _, m := range r.engine.Markets(time.Now().UnixNano()) {
			if m.Usable {
				live++
			}
		}
		return live == len(m.Keys())
	})
	time.Sleep(time.Second) // some life after the outage
	stopSource()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := p.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replica has read everything", r.caughtUp)
	fromZero := readAll(t, c, opts)
	late := startReplica(t, c, opts) // begins with the retained snapshots
	eventually(t, "the late replica has read everything", late.caughtUp)
	if got, want := priceAt(t, r.engine), priceAt(t, late.engine); got != want {
		t.Errorf("after the outage the price is\n%.300s\nof the late replica\n%.300s", got, want)
	}
	for name, calm := range map[string]map[market.Key]string{"from offset zero": fromZero, "late": late.books()} {
		got := r.books()
		for key, want := range calm {
			if got[key] != want {
				t.Errorf("%s: %s after the outage, %s of the replica %s", key, got[key], want, name)
			}
		}
		if len(got) != len(calm) || len(got) != len(m.Keys()) {
			t.Errorf("%d books after the outage, %d of the replica %s", len(got), len(calm), name)
		}
	}
}

// priceAt prices an order as of the last that any book was heard.
func priceAt(t *testing.T, e *engine.Engine) string {
	t.Helper()
	at := int64(0)
	for _, m := range e.Markets(0) {
		at = max(at, m.View.RecvTime)
	}
	p, err := e.Price(engine.Request{Sell: "BTC", Buy: "EUR", In: 2e8}, at)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%+v", p.Plan)
}

// readAll applies every record of the book topic from offset zero, in order,
// without snapshots, reader or consumer, and returns the books.
func readAll(t *testing.T, c *broker.Cluster, opts engine.Options) map[market.Key]string {
	t.Helper()
	e, err := engine.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx := brokertest.Context(t, 30*time.Second)
	for p := range broker.BookPartitions {
		w, d := e.Writer(), &feed.Decoder{}
		l, err := c.OpenLog(ctx, c.Name(broker.BookTopic), p)
		if err != nil {
			t.Fatal(err)
		}
		first, end, err := l.Bounds()
		if err != nil || first != 0 {
			t.Fatalf("partition %d begins at %d: %v", p, first, err)
		}
		for next := first; next < end; {
			b := l.Fetch(next, time.Second)
			for m, err := b.ReadMessage(); err == nil; m, err = b.ReadMessage() {
				var r feed.Record
				if err := d.Decode(&r, m.Value, 0, m.Time.UnixNano()); err != nil {
					t.Fatal(err)
				}
				if m.Offset >= next {
					_ = w.Apply(r.Key, &r.Event) // duplicates show in no book
					next = m.Offset + 1
				}
			}
			if err := b.Close(); err != nil && ctx.Err() != nil {
				t.Fatal(err)
			}
		}
		w.Flush(time.Now().UnixNano())
		l.Close()
	}
	return (&replica{engine: e}).books()
}
