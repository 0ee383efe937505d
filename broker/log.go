package broker

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/segmentio/kafka-go"
)

// fetchSlack is how much longer than the broker's own wait a fetch may take
// until the broker counts as hung.
const fetchSlack = 2 * time.Second

// FetchBytes is about the most bytes of one Fetch. The broker sends one batch in
// any case, however large.
const FetchBytes = 4 << 20

// Log is a connection to the leader of one partition, for reading. It has one
// user at a time, except that any goroutine may Close it, which ends a read that
// is under way.
type Log struct {
	conn *kafka.Conn
}

// OpenLog connects to the leader of a partition of a topic, given by its full
// name. It fails with kafka.UnknownTopicOrPartition, with
// kafka.LeaderNotAvailable, or with what the network says.
func (c *Cluster) OpenLog(ctx context.Context, topic string, partition int) (*Log, error) {
	ctx, cancel := bounded(ctx, callTimeout)
	defer cancel()
	parts, err := c.Partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		if p.ID == partition {
			return c.openAt(ctx, p)
		}
	}
	return nil, fmt.Errorf("broker: open %s/%d: %w", topic, partition, kafka.UnknownTopicOrPartition)
}

func (c *Cluster) openAt(ctx context.Context, p kafka.Partition) (*Log, error) {
	if p.Leader.Host == "" {
		return nil, fmt.Errorf("broker: open %s/%d: %w", p.Topic, p.ID, kafka.LeaderNotAvailable)
	}
	// kafka-go authenticates without a deadline, so until the connection is open
	// it dies with ctx.
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	stop := func() bool { return true }
	d := kafka.Dialer{
		ClientID:      c.clientID,
		TLS:           c.opt.TLS,
		SASLMechanism: c.mechanism,
		DialFunc: func(ctx context.Context, network, address string) (net.Conn, error) {
			nc, err := c.dial(ctx, network, address)
			if err == nil {
				stop = context.AfterFunc(ctx, func() { nc.Close() })
			}
			return nc, err
		},
	}
	conn, err := d.DialPartition(ctx, "tcp", "", p)
	stop()
	if err != nil {
		return nil, fmt.Errorf("broker: open %s/%d: %w", p.Topic, p.ID, err)
	}
	return &Log{conn: conn}, nil
}

// Bounds returns the first retained offset and the end: the offset that the
// next record will get.
func (l *Log) Bounds() (first, end int64, err error) {
	l.conn.SetDeadline(time.Now().Add(dialTimeout))
	if first, end, err = l.conn.ReadOffsets(); err != nil {
		return 0, 0, fmt.Errorf("broker: read offsets: %w", err)
	}
	return first, end, nil
}

// Fetch asks for records from offset on. The broker answers at once if there
// are any, else after wait (at least a millisecond). The caller reads the Batch
// to its end and closes it. Two things about it surprise: it may begin with
// records below offset, and at the end of the partition it reads as
// kafka.RequestTimedOut.
func (l *Log) Fetch(offset int64, wait time.Duration) *kafka.Batch {
	l.conn.SetDeadline(time.Now().Add(wait + fetchSlack))
	l.conn.Seek(offset, kafka.SeekAbsolute|kafka.SeekDontCheck)
	return l.conn.ReadBatchWith(kafka.ReadBatchConfig{
		MinBytes:       1,
		MaxBytes:       FetchBytes,
		MaxWait:        max(wait, time.Millisecond),
		IsolationLevel: kafka.ReadUncommitted,
	})
}

// Close closes the connection and ends a read that is under way.
func (l *Log) Close() error { return l.conn.Close() }
