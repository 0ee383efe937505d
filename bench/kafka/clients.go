package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"chronos.dev/broker"
	"chronos.dev/feed"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
)

// contender reads n records and returns the sum of their seq if it decodes them.
type contender struct {
	name    string
	against int // which of ours it is held against, -1: it is ours
	decodes bool
	read    func(ctx context.Context, c *broker.Cluster, n int) (uint64, error)
}

const (
	oursBare = iota
	oursJSON
	oursBinary
)

var contenders = []contender{
	{"feed, bare", -1, false, ours("json", false)},
	{"feed, JSON", -1, true, ours("json", true)},
	{"feed, binary", -1, true, ours("binary", true)},
	{"kafka-go Conn, bare", oursBare, false, conn},
	{"kafka-go Reader, bare", oursBare, false, reader(false)},
	{"kafka-go Reader + encoding/json", oursJSON, true, reader(true)},
	{"franz-go, bare", oursBare, false, franz("json", false)},
	{"franz-go + our JSON", oursJSON, true, franz("json", true)},
	{"franz-go + our binary", oursBinary, true, franz("binary", true)},
}

// decoder sums up what it decodes.
type decoder struct {
	feed.Decoder
	rec feed.Record
	sum uint64
	err error
}

func (d *decoder) read(value []byte) {
	if err := d.Decode(&d.rec, value, 0, 1<<62); err != nil {
		d.err = err
	}
	d.sum += d.rec.Event.Seq
}

// handler is a Handler that ends its reader after n records.
type handler struct {
	decoder
	decode bool
	left   int
	end    context.CancelFunc
}

func (h *handler) Record(r *feed.RawRecord) bool {
	if h.decode {
		h.decoder.read(r.Value)
	}
	if h.left--; h.left == 0 {
		h.end()
	}
	return true
}

func (h *handler) Skipped(int64, []byte, string, int64) { h.err = errors.New("a record was skipped") }
func (h *handler) Reset(reason string, _ int64)         { h.err = errors.New(reason) }
func (h *handler) Flush(int64)                          {}

func ours(topic string, decode bool) func(context.Context, *broker.Cluster, int) (uint64, error) {
	return func(ctx context.Context, c *broker.Cluster, n int) (uint64, error) {
		ctx, end := context.WithCancel(ctx)
		defer end()
		h := &handler{decode: decode, left: n, end: end}
		feed.NewReader(c, feed.ReaderOptions{
			Topic: c.Name(topic), Handler: func(int) feed.Handler { return h },
		}).Run(ctx)
		if h.left > 0 && h.err == nil {
			h.err = context.DeadlineExceeded
		}
		return h.sum, h.err
	}
}

func conn(ctx context.Context, c *broker.Cluster, n int) (uint64, error) {
	log, err := c.OpenLog(ctx, c.Name("json"), 0)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	buf := make([]byte, 64<<10)
	for next := int64(0); next < int64(n); {
		b := log.Fetch(next, 100*time.Millisecond)
		for err == nil {
			_, err = b.Read(buf)
		}
		next = b.Offset()
		b.Close()
		if !errors.Is(err, io.EOF) {
			return 0, err
		}
		err = nil
	}
	return 0, nil
}

// message is a record as encoding/json reads it.
type message struct {
	Venue, Market, Type string
	Epoch, Seq          uint64
	PrevSeq             uint64    `json:"prev_seq"`
	TsVenue             time.Time `json:"ts_venue"`
	TsIngest            time.Time `json:"ts_ingest"`
	Bids, Asks          [][2]string
	Checksum            uint32
}

func reader(decode bool) func(context.Context, *broker.Cluster, int) (uint64, error) {
	return func(ctx context.Context, c *broker.Cluster, n int) (sum uint64, err error) {
		r := kafka.NewReader(kafka.ReaderConfig{
			Brokers: c.Addrs(), Topic: c.Name("json"), MinBytes: 1, MaxBytes: broker.FetchBytes,
			MaxWait: 100 * time.Millisecond, QueueCapacity: 1000,
		})
		defer r.Close()
		for range n {
			m, err := r.ReadMessage(ctx)
			if err != nil {
				return 0, err
			}
			if !decode {
				continue
			}
			var v message
			if err := json.Unmarshal(m.Value, &v); err != nil {
				return 0, err
			}
			sum += v.Seq
		}
		return sum, nil
	}
}

func franz(topic string, decode bool) func(context.Context, *broker.Cluster, int) (uint64, error) {
	return func(ctx context.Context, c *broker.Cluster, n int) (uint64, error) {
		cl, err := kgo.NewClient(kgo.SeedBrokers(c.Addrs()...), kgo.FetchMinBytes(1),
			kgo.FetchMaxPartitionBytes(broker.FetchBytes), kgo.FetchMaxWait(100*time.Millisecond),
			kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
				c.Name(topic): {0: kgo.NewOffset().AtStart()},
			}))
		if err != nil {
			return 0, err
		}
		defer cl.Close()
		var d decoder
		for left := n; left > 0 && d.err == nil; {
			f := cl.PollFetches(ctx)
			if err := f.Err(); err != nil {
				return 0, err
			}
			f.EachRecord(func(r *kgo.Record) {
				if left--; decode {
					d.read(r.Value)
				}
			})
		}
		return d.sum, d.err
	}
}
