package feed

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"chronos.dev/broker"
	"chronos.dev/market"
)

// Sink owns the books of one partition. All calls come from one goroutine.
//
// A book comes on one partition only: records that somebody wrote with another
// partitioner (kcat does by default) are refused. A hostile writer can name any
// number of books: a Sink bounds them.
type Sink interface {
	// Apply applies one record. r is valid during the call only.
	Apply(r *Record)
	// Lost says that something of a book was lost, or of every book of the
	// partition if key is zero: each must wait for a snapshot.
	Lost(key market.Key, reason string, now int64)
	// Flush publishes what changed. See Handler.Flush for when it is called; it
	// is not while a partition is still catching up.
	Flush(now int64)
}

// ConsumerOptions say where books come from and where they go.
type ConsumerOptions struct {
	Sink func(partition int) Sink // called once a partition

	// Unsequenced reports whether deltas of a book may come without numbers; nil
	// means that none may.
	Unsequenced func(market.Key) bool

	// DeadLetters receives refused records; nil drops them.
	DeadLetters *DeadLetters

	StallAfter, Poll time.Duration // see ReaderOptions
	Log              *slog.Logger
}

// Codes are all codes of refused records, in the order of ConsumerStats.Refused.
var Codes = [...]string{
	CodeBadJSON, CodeUnknownMajor, CodeOversize, CodeRefusedNumber, CodeBadKey,
	CodeBadType, CodeBadTime, CodeUnsequenced, CodeWrongPlace, CodeUnreadable, CodeBadBinary,
}

// ConsumerStats count since the start.
type ConsumerStats struct {
	Applied     int64             // records handed to a Sink
	Refused     [len(Codes)]int64 // by code, as in Codes
	UnknownKeys int64             // keys in records that were ignored
	Partitions  []PartitionStats
}

// Consumer reads the book topic and its snapshots into Sinks.
type Consumer struct {
	reader *Reader
	opt    ConsumerOptions
	topic  string

	applied, unknown atomic.Int64
	refused          [len(Codes)]atomic.Int64
}

// NewConsumer returns a Consumer of the books on c. Run starts it.
func NewConsumer(c *broker.Cluster, o ConsumerOptions) *Consumer {
	con := &Consumer{opt: o, topic: c.Name(broker.BookTopic)}
	con.reader = NewReader(c, ReaderOptions{
		Topic:      con.topic,
		Snapshots:  c.Name(broker.BookSnapshotTopic),
		Handler:    con.handler,
		StallAfter: o.StallAfter, Poll: o.Poll, Log: o.Log,
	})
	return con
}

// Run reads until ctx ends, and returns when all its goroutines have.
func (c *Consumer) Run(ctx context.Context) { c.reader.Run(ctx) }

// Ready reports whether every partition has caught up. Whether a book can be
// used is its Sink's to say.
func (c *Consumer) Ready() bool { return c.reader.Ready() }

// Stats returns what was counted so far. Any goroutine.
func (c *Consumer) Stats() ConsumerStats {
	s := ConsumerStats{
		Applied: c.applied.Load(), UnknownKeys: c.unknown.Load(), Partitions: c.reader.Stats(),
	}
	for i := range c.refused {
		s.Refused[i] = c.refused[i].Load()
	}
	return s
}

func (c *Consumer) handler(partition int) Handler {
	d := &decoding{consumer: c, partition: partition, sink: c.opt.Sink(partition)}
	d.decoder.Unsequenced = c.opt.Unsequenced
	return d
}

// decoding is the Handler of one partition.
type decoding struct {
	consumer  *Consumer
	partition int
	sink      Sink
	decoder   Decoder
	record    Record
}

func (d *decoding) Record(r *RawRecord) bool {
	_, ok := d.apply(d.consumer.topic, r)
	return ok
}

// Snapshot handles a record of the snapshot topic.
func (d *decoding) Snapshot(r *RawRecord) (market.Key, int64, bool) {
	if len(r.Value) == 0 { // a tombstone
		return market.Key{}, -1, true
	}
	switch accepted, ok := d.apply(d.consumer.reader.opt.Snapshots, r); {
	case !accepted:
		return market.Key{}, -1, ok
	case !d.record.HasAt || d.record.At.Partition != d.partition:
		return d.record.Key, -1, true
	}
	return d.record.Key, d.record.At.Offset, true
}

// apply decodes a record into the sink and reports whether it was accepted. It
// is not ok yet when the record is damaged before it names its book: its key may.
func (d *decoding) apply(topic string, r *RawRecord) (accepted, ok bool) {
	refused := d.decode(r)
	if refused == nil {
		d.sink.Apply(&d.record)
		d.consumer.applied.Add(1)
		d.consumer.unknown.Add(int64(d.record.Unknown))
		return true, true
	}
	book, named := refused.Key, refused.Key != market.Key{}
	if !named && !r.HasKey {
		return false, false
	}
	key := keyBytes(book)
	if r.HasKey {
		key = r.Key
	}
	if !named {
		book, named = parseKey(r.Key)
	}
	if named && refused.Code != CodeWrongPlace {
		d.sink.Lost(book, refused.Error(), r.Recv)
	}
	d.refuse(DeadLetter{
		Code: refused.Code, Key: key, Value: r.Value,
		Topic: topic, Partition: d.partition, Offset: r.Offset,
	})
	return false, true
}

// decode decodes a record of this partition. The book of a record that was put
// on another's partition misses nothing there.
func (d *decoding) decode(r *RawRecord) *RecordError {
	if err := d.decoder.Decode(&d.record, r.Value, r.Since, r.Recv); err != nil {
		return refusal(err)
	}
	if d.record.Home != d.partition {
		return &RecordError{Code: CodeWrongPlace, Key: d.record.Key, Err: wrongPlace(d.partition, d.record.Home)}
	}
	return nil
}

// refusal returns the error of a decoder as what it is. It stands apart because
// errors.As allocates, which only a refused record may cost.
func refusal(err error) *RecordError {
	var refused *RecordError
	if !errors.As(err, &refused) {
		panic("feed: a decoder's error is not a *RecordError: " + err.Error())
	}
	return refused
}

func (d *decoding) Skipped(offset int64, key []byte, code string, recv int64) {
	if k, ok := parseKey(key); ok {
		d.sink.Lost(k, "record skipped: "+code, recv)
	}
	d.refuse(DeadLetter{
		Code: code, Key: key, Topic: d.consumer.topic, Partition: d.partition, Offset: offset,
	})
}

func (d *decoding) Reset(reason string, now int64) { d.sink.Lost(market.Key{}, reason, now) }
func (d *decoding) Flush(now int64)                { d.sink.Flush(now) }

func (d *decoding) refuse(l DeadLetter) {
	for i, code := range Codes {
		if code == l.Code {
			d.consumer.refused[i].Add(1)
		}
	}
	if d.consumer.opt.DeadLetters != nil {
		d.consumer.opt.DeadLetters.Send(l)
	}
}

// parseKey reads a record key, "kraken|BTC-USD".
func parseKey(b []byte) (market.Key, bool) {
	venue, pair, ok := strings.Cut(string(b), "|")
	if !ok || !market.ValidVenue(venue) {
		return market.Key{}, false
	}
	p, err := market.ParsePair(pair)
	return market.Key{Venue: venue, Pair: p}, err == nil
}

// keyBytes returns the record key of k, nil for the zero Key.
func keyBytes(k market.Key) []byte {
	if k == (market.Key{}) {
		return nil
	}
	return []byte(k.String())
}
