package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"chronos.dev/broker"
	"chronos.dev/market"
)

// LiquiditySink keeps offers of treasury providers and reference prices. Its calls
// come from several goroutines, but never overlap.
type LiquiditySink interface {
	// Admit says whether an offer can be kept. A *RecordError says by its code why
	// not; any other error is CodeBadOffer. What is refused is withdrawn.
	Admit(o *market.Offer) error
	// Offer keeps an admitted offer in place of the one of the same key, whose Seq
	// is lower. After Withdraw numbers begin anew.
	Offer(o *market.Offer)
	// Withdraw ends what was kept for key.
	Withdraw(key market.Key, reason string, now int64)
	// Reference keeps a price in place of the one of the same source and pair. One
	// whose ValidUntil is 0 ends that and has no price.
	Reference(r *market.Reference)
	// Flush publishes what changed and does what is due by the clock. It is called as
	// often as Handler.Flush is.
	Flush(now int64)
}

// LiquidityOptions say where offers and reference prices go.
type LiquidityOptions struct {
	Sink LiquiditySink

	// DeadLetters receives refused records; nil drops them.
	DeadLetters *DeadLetters

	StallAfter, Poll time.Duration // see ReaderOptions
	Log              *slog.Logger
}

// LiquidityStats count since the start.
type LiquidityStats struct {
	Offers      int64                      // that were admitted
	References  int64                      // that were read
	Withdrawn   int64                      // by records without a value
	Old         int64                      // offers behind the one that is kept, and ignored
	Refused     [len(LiquidityCodes)]int64 // by code, as in LiquidityCodes
	UnknownKeys int64                      // keys in records that were ignored

	OfferPartitions, ReferencePartitions []PartitionStats
}

// LiquidityConsumer reads offers and reference prices into a LiquiditySink. What a
// partition holds is handed on once it was read to where it ended at first, so
// that nothing that was replaced since is ever offered.
type LiquidityConsumer struct {
	opt                LiquidityOptions
	offers, references *Reader
	offerTopic         string
	referenceTopic     string

	mu sync.Mutex // held while the sink is called

	taken, prices, withdrawn, old, unknown atomic.Int64
	refused                                [len(LiquidityCodes)]atomic.Int64
}

// maxSlots bounds the offers of a partition, and the prices.
const maxSlots = 4096

// NewLiquidityConsumer returns a LiquidityConsumer of c. Run starts it.
func NewLiquidityConsumer(c *broker.Cluster, o LiquidityOptions) *LiquidityConsumer {
	con := &LiquidityConsumer{
		opt: o, offerTopic: c.Name(broker.LiquidityTopic), referenceTopic: c.Name(broker.ReferenceTopic),
	}
	con.offers = NewReader(c, ReaderOptions{
		Topic: con.offerTopic, StallAfter: o.StallAfter, Poll: o.Poll, Log: o.Log,
		Handler: func(p int) Handler { return newOfferHandler(con, p) },
	})
	con.references = NewReader(c, ReaderOptions{
		Topic: con.referenceTopic, StallAfter: o.StallAfter, Poll: o.Poll, Log: o.Log,
		Handler: func(p int) Handler { return newReferenceHandler(con, p) },
	})
	return con
}

// Run reads until ctx ends, and returns when all its goroutines have.
func (c *LiquidityConsumer) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { c.offers.Run(ctx) })
	wg.Go(func() { c.references.Run(ctx) })
	wg.Wait()
}

// Ready reports whether every partition of both topics has caught up.
func (c *LiquidityConsumer) Ready() bool { return c.offers.Ready() && c.references.Ready() }

// Stats returns what was counted so far. Any goroutine.
func (c *LiquidityConsumer) Stats() LiquidityStats {
	s := LiquidityStats{
		Offers: c.taken.Load(), References: c.prices.Load(), Withdrawn: c.withdrawn.Load(), Old: c.old.Load(),
		UnknownKeys:     c.unknown.Load(),
		OfferPartitions: c.offers.Stats(), ReferencePartitions: c.references.Stats(),
	}
	for i := range c.refused {
		s.Refused[i] = c.refused[i].Load()
	}
	return s
}

func (c *LiquidityConsumer) refuse(l DeadLetter) {
	for i, code := range LiquidityCodes {
		if code == l.Code {
			c.refused[i].Add(1)
		}
	}
	if c.opt.DeadLetters != nil {
		c.opt.DeadLetters.Send(l)
	}
}

// offerHandler is the Handler of one partition of offers.
type offerHandler struct {
	con       *LiquidityConsumer
	partition int
	decoder   LiquidityDecoder
	read      Liquidity

	slots   map[string]*offerSlot // by record key
	changed []*offerSlot
}

// offerSlot is what is known of one provider and asset.
type offerSlot struct {
	key     string        // of the records
	offer   *market.Offer // nil: none
	reason  string        // why none
	at      int64         // since when
	kept    market.Key    // what the sink keeps, zero: nothing
	ended   bool          // what the sink keeps is no more, whatever came then
	changed bool          // the sink has not been told
}

func newOfferHandler(con *LiquidityConsumer, partition int) *offerHandler {
	return &offerHandler{con: con, partition: partition, slots: make(map[string]*offerSlot)}
}

// Record implements Handler.
func (h *offerHandler) Record(r *RawRecord) bool {
	if len(r.Value) == 0 {
		return h.tombstone(r)
	}
	err := h.decode(r)
	if err == nil {
		err = h.admit(h.read.Offer)
	}
	if err == nil {
		h.con.unknown.Add(int64(h.read.Unknown))
		h.keep(r)
		return true
	}
	if err.Key == (market.Key{}) && !r.HasKey {
		return false
	}
	key := r.Key
	if err.Key != (market.Key{}) {
		key = OfferKey(err.Key)
	}
	if err.Code != CodeWrongPlace {
		h.withdraw(key, err.Error(), r.Recv)
	}
	h.con.refuse(DeadLetter{err.Code, key, r.Value, h.con.offerTopic, h.partition, r.Offset})
	return true
}

// tombstone ends the offer that the key of r names.
func (h *offerHandler) tombstone(r *RawRecord) bool {
	if !r.HasKey {
		return false
	}
	if _, ok := parseOfferKey(r.Key); !ok {
		h.con.refuse(DeadLetter{CodeBadKey, r.Key, nil, h.con.offerTopic, h.partition, r.Offset})
		return true
	}
	h.con.withdrawn.Add(1)
	h.withdraw(r.Key, "withdrawn by the provider", r.Recv)
	return true
}

// decode decodes an offer of this partition.
func (h *offerHandler) decode(r *RawRecord) *RecordError {
	if err := h.decoder.Decode(&h.read, r.Value, r.Since, r.Recv); err != nil {
		return refusal(err)
	}
	if key := h.read.Offer.Key; h.read.Home != h.partition {
		return &RecordError{Code: CodeWrongPlace, Key: key, Err: wrongPlace(h.partition, h.read.Home)}
	}
	return nil
}

func wrongPlace(got, want int) error {
	return fmt.Errorf("on partition %d, where its key is of partition %d: "+
		"write with the Murmur2 partitioner", got, want)
}

// admit asks the sink for an offer, which needs a slot too.
func (h *offerHandler) admit(o *market.Offer) *RecordError {
	if len(h.slots) >= maxSlots && h.slots[string(OfferKey(o.Key))] == nil {
		err := fmt.Errorf("more than %d offers on a partition", maxSlots)
		return &RecordError{Code: CodeTooMany, Key: o.Key, Err: err}
	}
	h.con.mu.Lock()
	err := h.con.opt.Sink.Admit(o)
	h.con.mu.Unlock()
	var coded *RecordError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &coded):
		return &RecordError{Code: coded.Code, Key: o.Key, Err: coded.Err}
	}
	return &RecordError{Code: CodeBadOffer, Key: o.Key, Err: err}
}

// keep puts the offer that was read in the place of the one before, unless it is
// older: a writer may repeat what it does not know to be written. The numbers of a
// provider begin anew once its last offer has ended.
func (h *offerHandler) keep(r *RawRecord) {
	o, s := h.read.Offer, h.slot(OfferKey(h.read.Offer.Key))
	before := s.offer
	if !h.read.Numbered {
		o.Seq = uint64(r.Offset) + 1
	}
	if before != nil && o.Seq <= before.Seq {
		switch {
		case !h.read.Numbered && before.Seq < math.MaxUint64:
			o.Seq = before.Seq + 1
		case r.Recv < before.ValidUntil:
			h.con.old.Add(1)
			return
		default:
			h.end(s, "numbers begin anew", r.Recv)
		}
	}
	h.con.taken.Add(1)
	s.offer = o
	h.touch(s)
}

// withdraw ends the offer of a record key.
func (h *offerHandler) withdraw(key []byte, reason string, now int64) {
	if s := h.slots[string(key)]; s != nil {
		s.offer = nil
		h.end(s, reason, now)
	}
}

func (h *offerHandler) end(s *offerSlot, reason string, now int64) {
	s.ended, s.reason, s.at = true, reason, now
	h.touch(s)
}

func (h *offerHandler) slot(key []byte) *offerSlot {
	s := h.slots[string(key)]
	if s == nil {
		s = &offerSlot{key: string(key)}
		h.slots[s.key] = s
	}
	return s
}

func (h *offerHandler) touch(s *offerSlot) {
	if !s.changed {
		s.changed = true
		h.changed = append(h.changed, s)
	}
}

// Skipped implements Handler.
func (h *offerHandler) Skipped(offset int64, key []byte, code string, recv int64) {
	h.withdraw(key, "record skipped: "+code, recv)
	h.con.refuse(DeadLetter{Code: code, Key: key, Topic: h.con.offerTopic, Partition: h.partition, Offset: offset})
}

// Reset implements Handler.
func (h *offerHandler) Reset(reason string, now int64) {
	for key := range h.slots {
		h.withdraw([]byte(key), reason, now)
	}
}

// Flush implements Handler. One partition keeps the sink's clock.
func (h *offerHandler) Flush(now int64) {
	if len(h.changed) == 0 && h.partition != 0 {
		return
	}
	h.con.mu.Lock()
	defer h.con.mu.Unlock()
	for _, s := range h.changed {
		h.tell(s, now)
	}
	h.changed = h.changed[:0]
	h.con.opt.Sink.Flush(now)
}

// tell tells the sink what has become of a slot.
func (h *offerHandler) tell(s *offerSlot, now int64) {
	sink := h.con.opt.Sink
	if s.offer != nil && !s.ended && s.kept != s.offer.Key {
		s.ended, s.reason, s.at = true, "offered against another asset", now
	}
	if s.ended && s.kept != (market.Key{}) {
		sink.Withdraw(s.kept, s.reason, s.at)
	}
	s.changed, s.ended, s.kept = false, false, market.Key{}
	if s.offer == nil {
		delete(h.slots, s.key)
		return
	}
	sink.Offer(s.offer)
	s.kept = s.offer.Key
}

// parseOfferKey reads a record key, "vault-a|BTC".
func parseOfferKey(b []byte) (market.Key, bool) {
	provider, asset, ok := strings.Cut(string(b), "|")
	k := market.Key{Venue: provider, Pair: market.Pair{Base: asset}}
	return k, ok && market.ValidVenue(provider) && market.ValidSymbol(asset)
}
