package feed

import (
	"errors"
	"fmt"

	"chronos.dev/market"
)

// referenceHandler is the Handler of one partition of reference prices.
type referenceHandler struct {
	con       *LiquidityConsumer
	partition int
	decoder   ReferenceDecoder
	read      Reference

	kept    map[market.Key]bool // by source and pair: seen, and not ended
	changed map[market.Key]*market.Reference
}

func newReferenceHandler(con *LiquidityConsumer, partition int) *referenceHandler {
	return &referenceHandler{
		con: con, partition: partition,
		kept: make(map[market.Key]bool), changed: make(map[market.Key]*market.Reference),
	}
}

// Record implements Handler.
func (h *referenceHandler) Record(r *RawRecord) bool {
	if len(r.Value) == 0 && !r.HasKey {
		return false
	}
	if key, ok := parseKey(r.Key); len(r.Value) == 0 && ok {
		h.con.withdrawn.Add(1)
		h.end(key, r.Recv)
		return true
	}
	refused := h.decode(r)
	if refused == nil {
		h.con.prices.Add(1)
		h.con.unknown.Add(int64(h.read.Unknown))
		price := h.read.Price
		key := market.Key{Venue: price.Source, Pair: price.Pair}
		h.kept[key], h.changed[key] = true, &price
		return true
	}
	key, named := refused.Key, refused.Key != market.Key{}
	if !named && !r.HasKey {
		return false
	}
	raw := keyBytes(key)
	if !named {
		key, _ = parseKey(r.Key)
		raw = r.Key
	}
	if refused.Code != CodeWrongPlace {
		h.end(key, r.Recv)
	}
	h.con.refuse(DeadLetter{refused.Code, raw, r.Value, h.con.referenceTopic, h.partition, r.Offset})
	return true
}

// decode decodes a price of this partition.
func (h *referenceHandler) decode(r *RawRecord) *RecordError {
	var refused *RecordError
	if err := h.decoder.Decode(&h.read, r.Value, r.Since, r.Recv); errors.As(err, &refused) {
		return refused
	}
	key := market.Key{Venue: h.read.Price.Source, Pair: h.read.Price.Pair}
	switch {
	case h.read.Home != h.partition:
		return &RecordError{Code: CodeWrongPlace, Key: key, Err: wrongPlace(h.partition, h.read.Home)}
	case max(len(h.kept), len(h.changed)) >= maxSlots && !h.kept[key]:
		err := fmt.Errorf("more than %d prices on a partition", maxSlots)
		return &RecordError{Code: CodeTooMany, Key: key, Err: err}
	}
	return nil
}

// end ends the price of a source, if there is one.
func (h *referenceHandler) end(key market.Key, now int64) {
	if h.kept[key] {
		delete(h.kept, key)
		h.changed[key] = &market.Reference{Source: key.Venue, Pair: key.Pair, RecvTime: now}
	}
}

// Skipped implements Handler.
func (h *referenceHandler) Skipped(offset int64, key []byte, code string, recv int64) {
	if k, ok := parseKey(key); ok {
		h.end(k, recv)
	}
	h.con.refuse(DeadLetter{Code: code, Key: key, Topic: h.con.referenceTopic, Partition: h.partition, Offset: offset})
}

// Reset implements Handler.
func (h *referenceHandler) Reset(_ string, now int64) {
	for key := range h.kept {
		h.end(key, now)
	}
}

// Flush implements Handler.
func (h *referenceHandler) Flush(now int64) {
	if len(h.changed) == 0 {
		return
	}
	h.con.mu.Lock()
	defer h.con.mu.Unlock()
	for _, r := range h.changed {
		h.con.opt.Sink.Reference(r)
	}
	clear(h.changed)
	h.con.opt.Sink.Flush(now)
}
