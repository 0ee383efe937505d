package main

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"chronos.dev/api/admin"
	"chronos.dev/broker"
	"chronos.dev/engine"
	"chronos.dev/feed"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/treasury"
)

// vaults take the offers and reference prices that the feed reads to the engine. An
// operator's orders come from other goroutines.
type vaults struct {
	log      *slog.Logger
	consumer *feed.LiquidityConsumer // set before Run

	mu   sync.Mutex
	desk *treasury.Desk
	w    *engine.LiquidityWriter

	told map[string]bool // names of venues that the log said cannot be those of providers

	read atomic.Bool  // both topics, to where they ended
	lost atomic.Int64 // offers and prices that there was no room for after all
}

func newVaults(e *engine.Engine, log *slog.Logger) *vaults {
	return &vaults{log: log, desk: treasury.New(), w: e.Liquidity(), told: map[string]bool{}}
}

// Admit implements feed.LiquiditySink.
func (v *vaults) Admit(o *market.Offer) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	err := v.w.Admit(o)
	if err == nil {
		err = v.desk.Admit(o.Key, time.Now().UnixNano())
	}
	var taken *engine.NameError
	var graphFull *graph.LimitError
	var deskFull *treasury.LimitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &taken):
		if !v.told[taken.Name] { // every record is counted and goes to the dead letters
			v.told[taken.Name] = true
			v.log.Warn("offers refused", "provider", taken.Name, "err", err)
		}
		return &feed.RecordError{Code: feed.CodeNameTaken, Err: err}
	case errors.As(err, &graphFull), errors.As(err, &deskFull):
		return &feed.RecordError{Code: feed.CodeTooMany, Err: err}
	}
	return err
}

// Offer implements feed.LiquiditySink.
func (v *vaults) Offer(o *market.Offer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	made, err := v.desk.Offer(o, time.Now().UnixNano())
	var unpriced *treasury.ReferenceError
	if err != nil && !errors.As(err, &unpriced) {
		v.drop("offer", o.Key.String(), err)
		v.w.Withdraw(o.Key, plain(err.Error()), o.RecvTime)
		return
	}
	v.publish(made)
}

func (v *vaults) publish(o *market.Offer) {
	if err := v.w.Offer(o); err != nil {
		v.drop("offer", o.Key.String(), err)
		v.w.Withdraw(o.Key, plain(err.Error()), o.RecvTime)
	}
}

func (v *vaults) drop(what, name string, err error) {
	v.lost.Add(1)
	v.log.Warn(what+" lost", "of", name, "err", err)
}

// Withdraw implements feed.LiquiditySink.
func (v *vaults) Withdraw(key market.Key, reason string, now int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.desk.Withdraw(key)
	v.w.Withdraw(key, plain(reason), now)
}

// Reference implements feed.LiquiditySink.
func (v *vaults) Reference(r *market.Reference) {
	v.mu.Lock()
	defer v.mu.Unlock()
	changed, err := v.desk.Reference(*r, time.Now().UnixNano())
	if err != nil {
		v.drop("reference price", r.Source+"|"+r.Pair.String(), err)
	}
	for _, o := range changed {
		v.publish(o)
	}
}

// Flush implements feed.LiquiditySink.
func (v *vaults) Flush(now int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, o := range v.desk.Expired(now) {
		v.publish(o)
	}
	v.w.Flush()
}

// order does what an operator has ordered, and reports false if key is not a
// provider's.
func (v *vaults) order(o haltOrder, now int64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	defer v.w.Flush()
	if o.reason == "" {
		return v.w.Resume(o.key)
	}
	return v.w.Halt(o.key, o.reason, now)
}

// waiting names what of both topics was not read to its end yet. Once it was, it is
// for ever: no price waits for a provider.
func (v *vaults) waiting() []string {
	if v.read.Load() || v.consumer.Ready() {
		v.read.Store(true)
		return nil
	}
	return []string{"feed:liquidity"}
}

// counts returns what the admin listener shows of the way of liquidity.
func (v *vaults) counts(c *admin.FeedCounts) {
	st := v.consumer.Stats()
	c.UnknownKeys += uint64(st.UnknownKeys)
	for i, code := range feed.LiquidityCodes {
		c.OffersRefused = append(c.OffersRefused, count(code, st.Refused[i]))
	}
	c.Offers = []admin.Count{
		count("offer", st.Offers), count("reference", st.References), count("withdrawn", st.Withdrawn),
		count("repeated", st.Old), count("lost", v.lost.Load()),
	}
}

// eachPartition calls visit for every partition of both topics.
func (v *vaults) eachPartition(name func(topic string) string, visit func(string, int, int64, time.Duration)) {
	st := v.consumer.Stats()
	for _, p := range st.OfferPartitions {
		visit(name(broker.LiquidityTopic), p.Partition, p.Lag, -1)
	}
	for _, p := range st.ReferencePartitions {
		visit(name(broker.ReferenceTopic), p.Partition, p.Lag, -1)
	}
}
