package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// DefaultPrefix begins the names of all topics.
const DefaultPrefix = "chronos."

// Topics, without the prefix. See Cluster.Name.
const (
	BookTopic         = "book.v1"          // snapshots and deltas of books, in order
	BookSnapshotTopic = "book-snapshot.v1" // the latest whole snapshot of each book
	ReferenceTopic    = "reference.v1"     // reference prices
	LiquidityTopic    = "liquidity.v1"     // tiers of treasury providers
	FeedDLQTopic      = "feed.dlq.v1"      // what could not be decoded
)

// Limits on what is written.
const (
	// MaxRecord is the largest value of a record that this program writes or
	// reads.
	MaxRecord = 1 << 20
	// MaxBatch is the most bytes a Throughput writer puts into one request.
	MaxBatch = 4 << 20
)

// Numbers of partitions.
const (
	// BookPartitions is that of BookTopic and BookSnapshotTopic, so that a book has
	// the same one on both.
	BookPartitions      = 12
	LiquidityPartitions = 6
	ReferencePartitions = 3
)

// Topic is a topic of this program. Its partition count is fixed for life,
// because keys would move; a new count is a new version of the name.
type Topic struct {
	Name       string // without prefix
	Partitions int
	Config     map[string]string
}

// A broker deletes and compacts closed segments only, so short segments are what
// makes short retention work.
var shortSegments = map[string]string{
	"segment.ms":        "600000",
	"segment.bytes":     "67108864",
	"max.message.bytes": "5242880", // MaxBatch and what Kafka adds to it
}

// Topics returns the topics that exist so far.
func Topics() []Topic {
	return []Topic{
		{BookTopic, BookPartitions, with("cleanup.policy", "delete", "retention.ms", "3600000")},
		{BookSnapshotTopic, BookPartitions, with("cleanup.policy", "compact", "retention.ms", "-1")},
		{ReferenceTopic, ReferencePartitions, with("cleanup.policy", "compact,delete", "retention.ms", "86400000")},
		{LiquidityTopic, LiquidityPartitions, with("cleanup.policy", "compact", "retention.ms", "-1")},
		{FeedDLQTopic, 3, with("cleanup.policy", "delete", "retention.ms", "2592000000")},
	}
}

// with returns shortSegments and the pairs of names and values.
func with(pairs ...string) map[string]string {
	m := make(map[string]string, len(shortSegments)+len(pairs)/2)
	for k, v := range shortSegments {
		m[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// TopicError reports a topic that is missing (Got 0) or has another number of
// partitions than this program needs. The cure of the latter is a topic of
// another prefix or version: changing the number would move keys.
type TopicError struct {
	Topic     string // full name
	Want, Got int    // partitions
}

func (e *TopicError) Error() string {
	if e.Got == 0 {
		return fmt.Sprintf("broker: topic %s does not exist", e.Topic)
	}
	return fmt.Sprintf("broker: topic %s has %d partitions, want %d", e.Topic, e.Got, e.Want)
}

// EnsureTopics creates the topics that are missing, all of Topics if none are
// given, and fails with a *TopicError if one that exists has another number of
// partitions. It waits for Kafka to become reachable until ctx ends.
func (c *Cluster) EnsureTopics(ctx context.Context, topics ...Topic) error {
	ctx, cancel := bounded(ctx, callTimeout)
	defer cancel()
	if len(topics) == 0 {
		topics = Topics()
	}
	have, err := c.counts(ctx)
	if err != nil {
		return err
	}
	var missing []kafka.TopicConfig
	for _, t := range topics {
		if have[c.Name(t.Name)] == 0 {
			missing = append(missing, c.config(t))
		}
	}
	if len(missing) > 0 {
		if err := c.create(ctx, missing); err != nil {
			return err
		}
	}
	return c.CheckTopics(ctx, topics...)
}

// CheckTopics fails with a *TopicError unless each topic, or each of Topics if
// none are given, exists with its number of partitions.
func (c *Cluster) CheckTopics(ctx context.Context, topics ...Topic) error {
	ctx, cancel := bounded(ctx, callTimeout)
	defer cancel()
	if len(topics) == 0 {
		topics = Topics()
	}
	have, err := c.counts(ctx)
	if err != nil {
		return err
	}
	for _, t := range topics {
		name := c.Name(t.Name)
		if have[name] != t.Partitions {
			return &TopicError{Topic: name, Want: t.Partitions, Got: have[name]}
		}
	}
	return nil
}

func (c *Cluster) config(t Topic) kafka.TopicConfig {
	tc := kafka.TopicConfig{Topic: c.Name(t.Name), NumPartitions: t.Partitions, ReplicationFactor: -1}
	if c.opt.Replication > 0 {
		tc.ReplicationFactor = c.opt.Replication
	}
	for k, v := range t.Config {
		tc.ConfigEntries = append(tc.ConfigEntries, kafka.ConfigEntry{ConfigName: k, ConfigValue: v})
	}
	return tc
}

// create creates topics; one that another process created meanwhile is fine.
func (c *Cluster) create(ctx context.Context, topics []kafka.TopicConfig) error {
	res, err := c.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: topics})
	if err != nil {
		return fmt.Errorf("broker: create topics: %w", err)
	}
	for name, err := range res.Errors {
		if err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
			return fmt.Errorf("broker: create topic %s: %w", name, err)
		}
	}
	return nil
}

// Await returns when Kafka answers, or with its last error when ctx ends.
func (c *Cluster) Await(ctx context.Context) error {
	ctx, cancel := bounded(ctx, callTimeout)
	defer cancel()
	_, err := c.counts(ctx)
	return err
}

// counts returns the number of partitions of every topic. It asks again until
// Kafka answers or ctx ends.
func (c *Cluster) counts(ctx context.Context) (map[string]int, error) {
	for {
		m, err := c.client.Metadata(ctx, &kafka.MetadataRequest{})
		if err == nil {
			n := make(map[string]int, len(m.Topics))
			for _, t := range m.Topics {
				n[t.Name] = len(t.Partitions)
			}
			return n, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("broker: metadata: %w", err)
		case <-c.life.Done():
			return nil, ErrClosed
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Partition returns the partition of a key among n, as the Java client and all
// writers of this package choose it.
func Partition(key []byte, n int) int {
	return int(murmur2(key)&0x7fffffff) % n
}

// murmur2 is the 32-bit hash of the Java client, seed included.
func murmur2(b []byte) uint32 {
	const m = 0x5bd1e995
	h := uint32(0x9747b28c) ^ uint32(len(b))
	for ; len(b) >= 4; b = b[4:] {
		k := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
		k *= m
		k ^= k >> 24
		h = h*m ^ k*m
	}
	switch len(b) {
	case 3:
		h ^= uint32(b[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(b[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(b[0])) * m
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}
